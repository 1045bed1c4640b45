// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/log_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/hash.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kUnset = static_cast<std::size_t>(-1);
constexpr const char* kReasonTexts[] = {"lines that are no record",
                                        "lines with a counter but no value",
                                        "states of progress bars without a value",
                                        "earlier states of progress bars",
                                        "lines that repeat a line of another rank",
                                        "lines that repeat the line before",
                                        "records that are cut off or have more than 200,000 values",
                                        "summaries of a whole run",
                                        "lines about an earlier step"};

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  return (std::rotl(hash, 23) ^ more) * 0x9e3779b97f4a7c15U;
}

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>()(text); }

// The length of a bar; bars of different lengths show different things.
std::string_view bar_total(const LogLine& line) {
  for (const LogPair& pair : line.pairs)
    if (pair.name.empty()) return pair.total;
  return {};
}

}  // namespace

LogRows::LogRows(LogGrammar& grammar, const Document& document) : grammar_(grammar) {
  reading_.table = Table(document.source, document.text);
  reading_.shape = "training log";
  reading_.compression = document.compression;
  reading_.encoding = document.encoding;
  columns_.assign(grammar.names.size(), kUnset);
  counter_columns_.assign(grammar.counters.size(), kUnset);
  context_.resize(grammar.counters.size());
  last_counts_.resize(grammar.counters.size());
  for (std::size_t r = 0; r < kReasons; ++r) skipped_[r].reason = kReasonTexts[r];
}

bool LogRows::resets() const {
  if (grammar_.axis < 0) return false;
  const LogCounterUse& axis = grammar_.counters[static_cast<std::size_t>(grammar_.axis)];
  return axis.resets > axis.falls;
}

void LogRows::add(const LogLine& line, std::string_view text, long number) {
  if (line.blank) return;
  const LogRecord& record = grammar_.record(line);
  if (skip_special(line, record, text, number)) return;
  const bool header = record.counts.size() > 0 && record.cells.empty();
  if (header) return take_header(record, text, number);
  const bool under = std::any_of(context_.begin(), context_.end(), [](const Context& c) { return c.set; });
  const bool each = grammar_.counting() == LogCounting::each_line;
  if (!grammar_.accepts(record, line) || (record.counts.empty() && !under && !each))
    return skip(kNoRecord, number, text);
  bracket_pair_ = bracket_pair_ || line.bracket_pair;
  groups_left_out_ = groups_left_out_ || line.groups_left_out;
  if (record.repeated_names) ++repeated_names_;
  header_line_ = 0;
  place_counts(record);
  if (!each && (looks_back(record, text, number) || repeats(record, text, number))) return;
  const bool bar = line.percent_bar || record.counts.empty();
  if (last_.open && replaces(line, record)) {
    skip(kEarlierState, last_.line, last_.text);
    write(record, true);
  } else if (last_.open && goes_on(record)) {
    write(record, false);
  } else {
    reading_.table.add_row(number);
    rows_.push_back({record.stream, record.rank});
    write(record, false);
  }
  last_.open = true;
  last_.bar = bar && (line.percent_bar || line.leading_fraction);
  last_.total = bar_total(line);
  last_.stream = record.stream;
  last_.rank = record.rank;
  last_.text = text;
  last_.line = number;
}

// Lines that are left out for reasons of their own.
bool LogRows::skip_special(const LogLine& line, const LogRecord& record, std::string_view text, long number) {
  Reason reason = kReasons;
  if (line.cut)
    reason = kCut;
  else if (record.unfinished_bar)
    reason = record.cells.empty() ? kEmptyBar : kEarlierState;
  else if (line.percent_bar && record.cells.empty())
    reason = kEmptyBar;
  else if (std::any_of(record.cells.begin(), record.cells.end(),
                       [&](const LogRecord::Cell& cell) { return grammar_.names[cell.name].text == "train_runtime"; }))
    reason = kSummary;
  if (reason == kReasons) return false;
  skip(reason, number, text);
  return true;
}

// A line with a counter and no value: the values may follow on the next lines.
void LogRows::take_header(const LogRecord& record, std::string_view text, long number) {
  if (header_line_ != 0) skip(kOnlyCounter, header_line_, header_text_);
  header_line_ = number;
  header_text_ = text;
  for (const LogRecord::Count& count : record.counts)
    context_[count.key] = {count.written, count.total, count.value, true};
  // Values under a header of another step begin a row.
  for (const LogRecord::Count& count : record.counts)
    if (!last_counts_[count.key].set || last_counts_[count.key].value != count.value) last_.open = false;
}

// The counters of a row: those of the line, and those that it takes from the lines before it.
void LogRows::place_counts(const LogRecord& record) {
  now_.assign(context_.size(), {});
  bool has_axis = false;
  for (const LogRecord::Count& count : record.counts) {
    if (grammar_.counters[count.key].name.empty() && !is_axis(count.key)) continue;  // a bar of another length
    now_[count.key] = context_[count.key] = {count.written, count.total, count.value, true};
    has_axis = has_axis || is_axis(count.key);
  }
  const bool restarts = resets();
  for (std::size_t key = 0; key < context_.size(); ++key) {
    if (!context_[key].set || now_[key].set) continue;
    const bool epoch = grammar_.counters[key].kind == LogCounter::epoch;
    const bool wanted = epoch ? restarts || record.counts.empty() : is_axis(key) && !has_axis;
    if (!wanted) continue;
    now_[key] = context_[key];
    if (is_axis(key)) has_axis = true;
    if (!record.counts.empty() && is_axis(key)) ++inherited_;
  }
  // Of the united counters only the last one that a line had is current.
  for (std::size_t key = 0; key < context_.size(); ++key)
    if (is_axis(key) && !now_[key].set && has_axis) context_[key].set = false;
}

// "best loss 3.1 at step 500" after step 900: a line about an earlier step, which is no restart.
bool LogRows::looks_back(const LogRecord& record, std::string_view text, long number) {
  if (!last_.open) return false;
  bool falls = false;
  for (const LogRecord::Count& count : record.counts)
    if (is_axis(count.key))
      for (std::size_t key = 0; key < last_counts_.size(); ++key)
        falls = falls || (is_axis(key) && last_counts_[key].set && count.value < last_counts_[key].value);
  if (!falls) return false;
  const bool special = std::all_of(record.cells.begin(), record.cells.end(), [&](const LogRecord::Cell& cell) {
    const LogName& name = grammar_.names[cell.name];
    return name.counted < 2 || name.text.starts_with("best") || name.text.starts_with("Best");
  });
  if (!special) return false;
  skip(kLooksBack, number, text);
  for (std::size_t key = 0; key < context_.size(); ++key)
    if (last_counts_[key].set) context_[key] = last_counts_[key];
  return true;
}

// Whether another rank, or the line before, has written the same.
bool LogRows::repeats(const LogRecord& record, std::string_view text, long number) {
  std::uint64_t hash = hash_of(record.stream);
  for (std::size_t key = 0; key < now_.size(); ++key)
    if (now_[key].set) hash = mixed(mixed(hash, key), std::bit_cast<std::uint64_t>(now_[key].value));
  for (const LogRecord::Cell& cell : record.cells) hash = mixed(mixed(hash, cell.name), hash_of(cell.pair->written));
  if (!record.rank.empty()) {
    const auto [at, fresh] = seen_.emplace(hash, record.rank);
    if (!fresh && at->second != record.rank) {
      skip(kOtherRank, number, text);
      return true;
    }
  }
  if (last_.open && last_.hash == hash && last_.rank == record.rank) {
    skip(kRepeated, number, text);
    return true;
  }
  last_.hash = hash;
  return false;
}

// Whether a line belongs to the row before it: equal counters, no name in common.
bool LogRows::goes_on(const LogRecord& record) const {
  if (record.rank != last_.rank && !record.rank.empty() && !last_.rank.empty()) return false;
  if (grammar_.streams_matter && record.stream != last_.stream) return false;
  bool common = false;
  std::size_t axis_now = kUnset, axis_last = kUnset;
  for (std::size_t key = 0; key < now_.size(); ++key) {
    if (is_axis(key)) {
      if (now_[key].set) axis_now = key;
      if (last_counts_[key].set) axis_last = key;
    } else if (now_[key].set && last_counts_[key].set) {
      if (now_[key].value != last_counts_[key].value) return false;
      common = true;
    }
  }
  if (axis_now != kUnset && axis_last != kUnset) {
    if (now_[axis_now].value != last_counts_[axis_last].value) return false;
    common = true;
  }
  if (!common) return false;
  const std::size_t row = reading_.table.n_rows();
  return std::none_of(record.cells.begin(), record.cells.end(), [&](const LogRecord::Cell& cell) {
    const std::size_t column = columns_[cell.name];
    return column != kUnset && stamps_[column] == row;
  });
}

// Whether a line is a later state of the bar in the row before it.
bool LogRows::replaces(const LogLine& line, const LogRecord& record) const {
  if (!last_.bar || !(line.percent_bar || line.leading_fraction) || record.rank != last_.rank) return false;
  if (bar_total(line) != last_.total) return false;
  for (std::size_t key = 0; key < now_.size(); ++key)
    if (now_[key].set != last_counts_[key].set || now_[key].value != last_counts_[key].value) return false;
  return true;
}

// Sets the cells of the last row. `clear`: the cells that it has are of an earlier state.
void LogRows::write(const LogRecord& record, bool clear) {
  Table& table = reading_.table;
  const std::size_t row = table.n_rows() - 1;
  if (clear)
    for (std::size_t column = 0; column < stamps_.size(); ++column)
      if (stamps_[column] == row + 1) table.set_empty(row, column);
  totals_.resize(table.n_rows(), 0);
  for (std::size_t key = 0; key < now_.size(); ++key) {
    if (!now_[key].set) continue;
    const std::size_t column = column_of_counter(key);
    if (is_axis(key) && !now_[key].total.empty()) totals_[row] = log_count(now_[key].total);
    if (!clear && stamps_[column] == row + 1) continue;
    stamps_[column] = row + 1;
    table.set(row, column, now_[key].written);
  }
  for (const LogRecord::Cell& cell : record.cells) {
    const std::size_t column = column_of(cell.name);
    stamps_[column] = row + 1;
    const bool whole = grammar_.names[cell.name].mixed_units || !cell.pair->number || !cell.pair->total.empty();
    table.set(row, column, cell.pair->value.empty() || !whole ? cell.pair->value : cell.pair->written);
  }
  last_counts_ = now_;
}

std::size_t LogRows::new_column(std::string name) {
  std::string distinct = name;
  for (std::size_t n = 2; !taken_.emplace(distinct, reading_.table.n_columns()).second; ++n)
    distinct = fmt::format("{} ({})", name, n);
  stamps_.push_back(0);
  return reading_.table.add_column(std::move(distinct));
}

std::size_t LogRows::column_of(std::uint32_t name) {
  if (columns_[name] == kUnset) columns_[name] = new_column(grammar_.heading_of(grammar_.names[name]));
  return columns_[name];
}

// A counter of steps that never begins again, as it would in every epoch, under a name that is not one of steps elsewhere, where a batch is a size.
bool LogRows::counts_steps_by_other_word(std::size_t key) const {
  const LogCounterUse& use = grammar_.counters[key];
  if (use.kind != LogCounter::step || use.begins_again > 0 || use.name.empty()) return false;
  const std::string name = base::lower(use.name);
  constexpr std::string_view kKnown[] = {"step", "iter", "iteration", "global_step", "global step", "globalstep"};
  return std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown);
}

std::size_t LogRows::column_of_counter(std::size_t key) {
  if (counter_columns_[key] != kUnset) return counter_columns_[key];
  const bool several = is_axis(key) && std::popcount(grammar_.united) > 1;
  const std::string& written = grammar_.counters[key].name;
  if (is_axis(key) && written.empty() && !several) axis_unnamed_ = true;
  const bool other_word = is_axis(key) && !several && counts_steps_by_other_word(key);
  if (other_word) other_step_word_ = written;
  const std::size_t column = new_column(several || written.empty() || other_word ? "step" : written);
  counter_columns_[key] = column;
  if (several)
    for (std::size_t other = 0; other < counter_columns_.size(); ++other)
      if (is_axis(other)) counter_columns_[other] = column;
  return column;
}

// Steps per epoch by the totals of the counter (10/500), or else by the largest value and the distance of values.
LogRows::EpochLength LogRows::epoch_length(std::size_t epochs, std::size_t counter) const {
  const Table& table = reading_.table;
  EpochLength out;
  double largest = 0, smallest = HUGE_VAL, distance = HUGE_VAL, last = 0;
  bool known = true;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (totals_[row] > 0 && out.steps == 0) out.steps = totals_[row];
    known = known && (totals_[row] == out.steps || totals_[row] == 0);
    if (!table.is_empty(row, epochs)) out.first = std::min(out.first, std::floor(log_count(table.view(row, epochs))));
    if (table.is_empty(row, counter)) continue;
    const double value = log_count(table.view(row, counter));
    if (value > last) distance = std::min(distance, value - last);
    largest = std::max(largest, value);
    smallest = std::min(smallest, value);
    last = value;
  }
  if (known && out.steps > 0) return out;
  out.known = false;
  out.steps = largest + (smallest == 0 && distance < HUGE_VAL ? distance : 0);
  return out;
}

// A counter that begins again in every epoch: the step counted over all epochs.
void LogRows::add_global_step() {
  if (!resets()) return;
  std::size_t epochs = kUnset;
  for (std::size_t key = 0; key < grammar_.counters.size(); ++key)
    if (grammar_.counters[key].kind == LogCounter::epoch && counter_columns_[key] != kUnset)
      epochs = counter_columns_[key];
  Table& table = reading_.table;
  const std::size_t counter = counter_columns_[static_cast<std::size_t>(grammar_.axis)];
  if (epochs == kUnset || counter == kUnset) return;
  const EpochLength length = epoch_length(epochs, counter);
  if (const std::string name = table.header[counter]; name == "step" || name == "Step") {
    taken_.erase(name);
    table.header[counter] = taken_.emplace("batch", counter).second ? "batch" : "step in the epoch";
  }
  const std::size_t step = new_column("step");
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (table.is_empty(row, epochs) || table.is_empty(row, counter)) continue;
    const double value =
        (log_count(table.view(row, epochs)) - length.first) * length.steps + log_count(table.view(row, counter));
    table.set(row, step, fmt::format("{}", value));
  }
  reading_.notes.push_back(fmt::format(
      "{0} begins again in every epoch of {5}{1} steps; the column {2} counts over all epochs: ({3} - {4}) * "
      "{1} + {0}{6}",
      table.header[counter], length.steps, table.header[step], table.header[epochs], length.first,
      length.known ? "" : "about ",
      length.known ? ""
                   : "; the log does not tell the length of an epoch, so it was taken from the largest "
                     "value of the counter"));
}

void LogRows::add_column_of(std::string name, std::string_view Row::*part) {
  const std::size_t column = new_column(std::move(name));
  for (std::size_t row = 0; row < rows_.size(); ++row) reading_.table.set(row, column, rows_[row].*part);
}

Reading LogRows::finish() {
  if (header_line_ != 0) skip(kOnlyCounter, header_line_, header_text_);
  if (reading_.table.n_rows() > 0) add_global_step();
  std::string_view first_rank;
  bool ranks = false;
  for (const Row& row : rows_) {
    if (first_rank.empty()) first_rank = row.rank;
    ranks = ranks || (!row.rank.empty() && row.rank != first_rank);
  }
  if (grammar_.streams_matter) add_column_of("stream", &Row::stream);
  if (ranks) add_column_of("rank", &Row::rank);
  write_notes();
  for (Skipped& skipped : skipped_)
    if (skipped.count > 0) reading_.skipped.push_back(std::move(skipped));
  return std::move(reading_);
}

void LogRows::write_notes() {
  std::vector<std::string>& notes = reading_.notes;
  if (std::popcount(grammar_.united) > 1) {
    std::vector<std::string> names;
    for (std::size_t key = 0; key < grammar_.counters.size(); ++key)
      if (is_axis(key))
        names.push_back(grammar_.counters[key].name.empty() ? "a number without a name" : grammar_.counters[key].name);
    notes.push_back(fmt::format("{} count the same thing in different kinds of lines, so they are one column, {}",
                                fmt::join(names, " and "),
                                reading_.table.header[counter_columns_[static_cast<std::size_t>(grammar_.axis)]]));
  }
  if (axis_unnamed_)
    notes.push_back(fmt::format("the counter has no name in the log; its column is called {}",
                                reading_.table.header[counter_columns_[static_cast<std::size_t>(grammar_.axis)]]));
  if (!other_step_word_.empty())
    notes.push_back(fmt::format("{} counts the steps, so its column is called {}", other_step_word_,
                                reading_.table.header[counter_columns_[static_cast<std::size_t>(grammar_.axis)]]));
  if (bracket_pair_) notes.push_back("two numbers in brackets at the beginning of a line are the epoch and the batch");
  if (inherited_ > 0)
    notes.push_back(fmt::format("{} line{} without a counter of steps took the one of the line before", inherited_,
                                inherited_ == 1 ? "" : "s"));
  std::vector<std::string> units, kept;
  constexpr std::size_t kListed = 8;
  for (std::size_t id = 0; id < columns_.size(); ++id) {
    const LogName& name = grammar_.names[static_cast<std::uint32_t>(id)];
    if (columns_[id] == kUnset) continue;
    if (name.mixed_units && kept.size() < kListed) kept.push_back(name.text);
    if (!name.mixed_units && !name.unit.empty() && name.unit != name.text && units.size() < kListed)
      units.push_back(fmt::format("{} ({})", name.text, name.unit));
  }
  if (!units.empty())
    notes.push_back(fmt::format("units after the numbers are not part of the cells: {}", fmt::join(units, ", ")));
  if (!kept.empty())
    notes.push_back(fmt::format("the unit after the number differs from line to line, so it is kept in the cells: {}",
                                fmt::join(kept, ", ")));
  if (groups_left_out_)
    notes.push_back("numbers in parentheses after a value, such as an average or a share, were left out");
  if (repeated_names_ > 0)
    notes.push_back(fmt::format("{} line{} several values of one name; the first was taken", repeated_names_,
                                repeated_names_ == 1 ? " has" : "s have"));
  if (grammar_.streams_matter)
    notes.push_back("lines for different parts of the data use the same names; the column stream tells them apart");
}

}  // namespace phaselaw::documents
