// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/log_grammar.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/base/number.h"

namespace phaselaw::documents {

namespace {

// A bar that runs through one epoch: its fraction is a place in the epoch, and its values are means up to there.
bool is_epoch_bar(const LogLine& line) {
  return line.leading_fraction && !line.percent_bar && (line.drawn_bar || line.dash_after_fraction);
}

}  // namespace

double log_count(std::string_view text) {
  if (text.find(',') == text.npos) return base::parse_count(text).value;
  std::string digits(text.substr(0, 40));
  std::erase(digits, ',');
  return base::parse_count(digits).value;
}

bool LogGrammar::may_count(const LogName& name) const {
  if (name.counter == LogCounter::none || counting_ == LogCounting::each_line) return false;
  return name.counter != LogCounter::other || counting_ == LogCounting::other_names;
}

std::uint8_t LogGrammar::key_of(const std::string& written, const LogName& name) {
  const std::string core = base::lower(written);
  if (const auto at = keys_.find(core); at != keys_.end()) return at->second;
  if (counters.size() == kMostCounters) return kNoKey;
  counters.push_back({.name = name.core, .kind = name.counter});
  return keys_[core] = static_cast<std::uint8_t>(counters.size() - 1);
}

// A counter has no unit: "step 12ms" is a time.
bool LogGrammar::add_count(const LogPair& pair, std::uint32_t id, bool bar, bool learning) {
  if (!pair.number || !pair.unit.empty() || pair.value.empty()) return false;
  if (pair.value.back() == '%' || pair.value.back() > 'z') return false;
  if (const char first = pair.value.front(); first != '-' && first != '.' && (first < '0' || first > '9')) return false;
  LogName& name = names[id];
  if (!may_count(name)) return false;
  if (name.key == kNoKey && learning) name.key = key_of(name.core, name);
  std::uint8_t key = name.key;
  if (bar && pair.name.empty() && pair.total != last_total_) {
    // Bars of different lengths do not count the same thing.
    last_total_ = std::string(pair.total);
    const std::string core = "/" + last_total_;
    const auto known = keys_.find(core);
    last_bar_key_ = learning ? key_of(core, name) : known == keys_.end() ? kNoKey : known->second;
  }
  if (bar && pair.name.empty()) key = last_bar_key_;
  if (key == kNoKey) return false;
  for (const LogRecord::Count& count : record_.counts)
    if (count.key == key) return true;
  record_.counts.push_back({key, pair.value, pair.total, log_count(pair.value)});
  // The text of the name outlives the line, unlike a name that was put together from the parts of a line.
  if (name.has_stream)
    if (const auto stream = stream_word_in(name.text); !stream.empty()) record_.stream = stream;
  return true;
}

bool LogGrammar::has_count(const LogLine& line) {
  if (counting_ == LogCounting::leading_number && !line.lead.empty()) return true;
  for (std::size_t i = 0; i < line.pairs.size(); ++i) {
    if (ids_[i] != LogNames::kFull ? may_count(names[ids_[i]]) : may_count(log_name(line.pairs[i].name))) return true;
  }
  return false;
}

const LogRecord& LogGrammar::record(const LogLine& line, bool learning) {
  record_.counts.clear();
  record_.cells.clear();
  record_.stream = line.stream;
  record_.rank = line.rank;
  record_.repeated_names = record_.unfinished_bar = false;
  const std::size_t n = line.pairs.size();
  ids_.resize(n);
  if (guesses_.size() < n) guesses_.resize(n, 0);
  bool known = true;
  for (std::size_t i = 0; i < n; ++i) {
    ids_[i] = names.find(line.pairs[i].name, guesses_[i]);
    if (ids_[i] == LogNames::kFull)
      known = false;
    else
      guesses_[i] = ids_[i];
  }
  if (!known && learning) {
    const std::size_t most = has_count(line) ? LogNames::kMost + 1 : LogNames::kMost / 4;
    for (std::size_t i = 0; i < n; ++i)
      if (ids_[i] == LogNames::kFull) ids_[i] = names.add(line.pairs[i].name, most);
  }
  rename_repeated(line, learning);
  const bool bar = is_epoch_bar(line);
  for (std::size_t i = 0; i < n; ++i) {
    const LogPair& pair = line.pairs[i];
    if (ids_[i] == LogNames::kFull) continue;
    if (pair.name.empty() && bar) {
      record_.unfinished_bar = log_count(pair.value) != log_count(pair.total);
      continue;
    }
    if (add_count(pair, ids_[i], line.percent_bar, learning) || pair.name.empty()) continue;
    if (stamps_.size() <= ids_[i]) stamps_.resize(names.size(), 0);
    if (stamps_[ids_[i]] == serial_)
      record_.repeated_names = true;
    else
      record_.cells.push_back({ids_[i], &pair});
    stamps_[ids_[i]] = serial_;
  }
  take_lead(line, learning);
  return record_;
}

// The number at the beginning of a line: the counter of a line without another one, or the rank.
void LogGrammar::take_lead(const LogLine& line, bool learning) {
  if (line.lead.empty()) return;
  const bool stepped = std::any_of(record_.counts.begin(), record_.counts.end(), [&](const LogRecord::Count& count) {
    return counters[count.key].kind != LogCounter::epoch;
  });
  if (counting_ == LogCounting::leading_number && !stepped) {
    const std::uint32_t id = learning ? names.add("") : names.find("", 0);
    if (id != LogNames::kFull) add_count({.value = line.lead, .number = true, .whole = true}, id, false, learning);
  } else if (record_.rank.empty() && line.lead_colon && !record_.counts.empty()) {
    record_.rank = line.lead;
  }
  if (!learning || stepped || record_.cells.empty()) return;
  const double value = log_count(line.lead);
  if (lead_.lines++ > 0) ++(value < lead_.last ? lead_.falls : lead_.changes);
  lead_.last = value;
  lead_.largest = std::max(lead_.largest, value);
}

// Numbers that rise through the lines; the numbers of ranks are small and fall often.
bool LogGrammar::lead_counts() const {
  return lead_.lines >= 2 && lead_.falls * 8 <= lead_.lines && lead_.largest * 2 >= static_cast<double>(lead_.lines);
}

// "train: loss 3.1, val: loss 3.2": a name that stands twice in a line takes the word before it.
void LogGrammar::rename_repeated(const LogLine& line, bool learning) {
  bool repeated = false;
  stamps_.resize(std::max(stamps_.size(), names.size()), 0);
  ++serial_;
  for (const std::uint32_t id : ids_) {
    if (id == LogNames::kFull) continue;
    repeated = repeated || stamps_[id] == serial_;
    stamps_[id] = serial_;
  }
  ++serial_;
  if (!repeated) return;
  std::unordered_map<std::uint32_t, std::size_t> times;
  for (const std::uint32_t id : ids_) ++times[id];
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    const LogPair& pair = line.pairs[i];
    if (ids_[i] == LogNames::kFull || times[ids_[i]] < 2 || pair.label.empty() || may_count(names[ids_[i]])) continue;
    const std::string name = fmt::format("{} {}", pair.label, pair.name);
    ids_[i] = learning ? names.add(name) : names.find(name, 0);
    record_.stream = {};
  }
}

void LogGrammar::learn(const LogLine& line, long number) {
  if (line.blank) return;
  ++lines;
  if (line.cut || line.pairs.empty()) {
    if (line.cut || counting_ != LogCounting::leading_number) return;
  }
  const LogRecord& now = record(line, true);
  const bool counted = !now.counts.empty();
  if (names.size() > LogNames::kMost)
    throw base::InputError({source_, number},
                           fmt::format("the lines before have {} different names of values, which is more than the {} "
                                       "that are allowed; remove the lines that do not belong to the log",
                                       names.size(), LogNames::kMost));
  if (now.unfinished_bar) return;
  if (counted) learn_counts(now);
  if (now.cells.empty()) return;
  learn_cells(now, counted);
  if (counted) ++records;
  const bool joined = std::any_of(now.cells.begin(), now.cells.end(), [&](const auto& cell) {
    return cell.pair->number && (cell.pair->joined || (counted && names[cell.name].loss_like));
  });
  if (counted && joined) ++joined_records;
  if (!counted && joined) ++valued;
}

void LogGrammar::learn_counts(const LogRecord& record) {
  std::uint64_t mask = 0;
  for (const LogRecord::Count& count : record.counts) mask |= std::uint64_t{1} << count.key;
  for (const LogRecord::Count& count : record.counts)
    if (counters[count.key].kind == LogCounter::epoch) epoch_ = count.value;
  for (const LogRecord::Count& count : record.counts) {
    LogCounterUse& use = counters[count.key];
    use.together |= mask;
    if (count.written.find('.') != count.written.npos) use.whole = false;
    if (use.lines == 0) {
      use.first = count.value;
      use.total = count.total;
    }
    if (count.total == use.total && count.value < use.last && count.value <= use.first) ++use.begins_again;
    if (use.lines++ > 0) {
      if (count.value != use.last) ++use.changes;
      if (count.value < use.last) ++(epoch_ > use.epoch && use.kind != LogCounter::epoch ? use.resets : use.falls);
    }
    use.last = count.value;
    use.epoch = epoch_;
    if (use.kind == LogCounter::epoch || record.cells.empty()) continue;
    if (last_step_ >= 0 && last_step_ != count.key && (use.together >> static_cast<unsigned>(last_step_) & 1) == 0) {
      for (const int key : {last_step_, static_cast<int>(count.key)}) {
        LogCounterUse& other = counters[static_cast<std::size_t>(key)];
        ++other.after_others;
        if (count.value < last_step_value_) ++other.falls_after_others;
      }
    }
    last_step_ = count.key;
    last_step_value_ = count.value;
  }
}

void LogGrammar::learn_cells(const LogRecord& record, bool counted) {
  const std::uint64_t stream = record.stream.empty() ? 1 : base::hash_bytes(record.stream) | 2U;
  for (const LogRecord::Cell& cell : record.cells) {
    LogName& name = names[cell.name];
    ++(counted ? name.counted : name.alone);
    if (!cell.pair->number) continue;
    if (cell.pair->unit.empty() && is_not_finite_word(cell.pair->value)) {
      // nan has no unit
    } else if (!name.has_unit) {
      name.has_unit = true;
      name.unit = cell.pair->unit;
    } else if (name.unit != cell.pair->unit) {
      name.mixed_units = true;
    }
    if (name.stream == 0) {
      name.stream = stream;
      if (is_held_out_word(record.stream)) name.stream_word = record.stream;
      if (name.loss_like && name.stream_word.empty()) losses_elsewhere = true;
    }
    if (name.stream != stream) {
      name.shared = true;
      streams_matter = true;
    }
  }
}

void LogGrammar::conclude() {
  const auto finer = [&](const LogCounterUse& a, const LogCounterUse& b) {
    if ((a.kind == LogCounter::epoch) != (b.kind == LogCounter::epoch)) return b.kind == LogCounter::epoch;
    if (a.changes * 10 >= b.changes * 9 && b.changes * 10 >= a.changes * 9 && (a.resets == 0) != (b.resets == 0))
      return a.resets == 0;  // of two that move equally often, the one that does not begin again
    return a.changes * 2 + (a.whole ? 1 : 0) > b.changes * 2 + (b.whole ? 1 : 0);
  };
  for (std::size_t k = 0; k < counters.size(); ++k) {
    const LogCounterUse& use = counters[k];
    const bool rare = use.kind != LogCounter::epoch && use.lines * 20 < records;
    if (use.changes == 0 || rare) continue;
    if (axis < 0 || finer(use, counters[static_cast<std::size_t>(axis)])) axis = static_cast<int>(k);
  }
  if (axis < 0) return;
  const LogCounterUse& main = counters[static_cast<std::size_t>(axis)];
  united = std::uint64_t{1} << static_cast<unsigned>(axis);
  if (main.kind == LogCounter::epoch) return;
  for (std::size_t k = 0; k < counters.size(); ++k) {
    const LogCounterUse& use = counters[k];
    if (use.kind == LogCounter::epoch || (use.together & united) != 0) continue;
    if (use.after_others == 0 || use.falls_after_others * 4 > use.after_others) continue;
    united |= std::uint64_t{1} << k;
  }
}

std::string LogGrammar::heading_of(const LogName& name) const {
  const bool plain = streams_matter || !losses_elsewhere || !name.loss_like || name.stream_word.empty();
  if (plain || !stream_word_in(name.text).empty()) return name.text;
  return fmt::format("{}/{}", name.stream_word, name.text);
}

bool LogGrammar::accepts(const LogRecord& record, const LogLine& line) const {
  constexpr std::size_t kMostFreeWords = 8;
  if (counting_ == LogCounting::each_line)
    return std::any_of(record.cells.begin(), record.cells.end(),
                       [&](const LogRecord::Cell& cell) { return cell.pair->joined && names[cell.name].alone >= 2; });
  if (!record.counts.empty())
    return std::any_of(record.cells.begin(), record.cells.end(), [&](const LogRecord::Cell& cell) {
      return cell.pair->number && (names[cell.name].counted >= 2 || names[cell.name].loss_like);
    });
  if (line.free_words > kMostFreeWords) return false;
  return std::any_of(record.cells.begin(), record.cells.end(), [&](const LogRecord::Cell& cell) {
    const LogName& name = names[cell.name];
    return cell.pair->number && (cell.pair->joined || name.loss_like) &&
           (name.alone >= 2 || name.counted >= 2 || name.loss_like);
  });
}

}  // namespace phaselaw::documents
