// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/log_line.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/ascii.h"
#include "phaselaw/documents/log_names.h"

namespace phaselaw::documents {

namespace {

// Types that print themselves around a number: tensor(3.1, device='cuda:0'), np.float64(3.1).
bool is_wrapper(std::string_view word) {
  constexpr auto kWrappers =
      std::to_array<std::string_view>({"tensor", "Tensor", "array", "Array", "DeviceArray", "float", "np.float64",
                                       "np.float32", "numpy.float64", "numpy.float32", "jnp.float32", "np.int64"});
  return is_listed_word(word, kWrappers);
}

bool is_only_signs(std::string_view word) {
  return std::none_of(word.begin(), word.end(),
                      [](char c) { return base::is_letter(c) || base::is_digit(c) || (c & 0x80) != 0; });
}

// "improved from 3.2", "took it to 3.1": a sentence, not a name.
bool ends_in_preposition(std::string_view name) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"a",  "after", "an", "and", "are",  "at",  "by", "for", "from", "in",
                                       "is", "of",    "on", "or",  "than", "the", "to", "was", "were", "with"});
  const auto blank = name.rfind(' ');
  const std::string_view last = name.substr(blank == name.npos ? 0 : blank + 1);
  return is_listed_word(last, kWords);
}

// The end of a place in source code that begins with a word: train.py:88, engine.py:12:train, and olmo.train:967 if a
// level such as INFO comes next. `end`, where the word ends, if it is none.
std::size_t after_source_place(std::string_view s, std::string_view word, std::size_t end) {
  constexpr auto kSources =
      std::to_array<std::string_view>({"py", "cc", "cpp", "cu", "c", "h", "rs", "jl", "go", "js"});
  const auto is_digit = [&](std::size_t i) { return i < s.size() && s[i] >= '0' && s[i] <= '9'; };
  const auto dot = word.rfind('.');
  if (dot == word.npos || end >= s.size() || s[end] != ':' || !is_digit(end + 1)) return end;
  std::size_t digits = end + 1;
  while (is_digit(digits)) ++digits;
  if (digits < s.size() && std::string_view(" \t]):").find(s[digits]) == std::string_view::npos) return end;
  if (is_listed_word(word.substr(dot + 1), kSources))
    return digits < s.size() && s[digits] == ':' ? after_log_word(s, digits + 1) : digits;
  const std::size_t next = after_log_blanks(s, digits);
  return is_level_word(s.substr(next, after_log_word(s, next) - next)) ? digits : end;
}

}  // namespace

const LogLine& LogScanner::scan(std::string_view line) {
  s_ = line;
  i_ = 0;
  out_.pairs.clear();
  auto pairs = std::move(out_.pairs);
  out_ = {};
  out_.pairs = std::move(pairs);
  name_begin_ = kNone;
  words_ = drawn_ = scratch_used_ = 0;
  join_ = '\0';
  soft_ = quoted_ = after_value_ = used_joins_ = has_fraction_ = has_trailing_ = field_start_ = false;
  unclosed_[0] = unclosed_[1] = false;
  prefix_.clear();
  depth_.clear();
  first_ = after_log_blanks(s_, 0);
  while (true) {
    const std::size_t before = i_;
    i_ = after_log_blanks(s_, i_);
    if (out_.pairs.size() > kMostPairs) out_.cut = true;
    if (i_ >= s_.size() || out_.cut) break;
    if (i_ > before + 1 || (i_ > before && s_[before] == '\t')) {
      const auto blanks = std::count(s_.begin() + static_cast<long>(before), s_.begin() + static_cast<long>(i_), ' ');
      if (blanks > 1 || s_[before] == '\t') soft_ = true;
    }
    out_.blank = false;
    step();
  }
  hard_break();
  if (!depth_.empty() && !out_.pairs.empty()) out_.cut = true;
  return out_;
}

void LogScanner::step() {
  const char c = s_[i_];
  if (begins_log_number(s_, i_)) return take_number();
  if (c == '"' || c == '\'') return take_quoted(c);
  if (c == ':' || c == '=') return take_joiner(c);
  if (c == '(' || c == '[' || c == '{') return take_open(c);
  if (c == ')' || c == ']' || c == '}') return take_close(c);
  if (const std::size_t bytes = log_drawing(s_, i_)) {
    count_bar('=', bytes);
    hard_break();
    i_ += bytes;
    return;
  }
  if (const std::size_t end = after_log_word(s_, i_); end != i_) return take_word(end);
  hard_break();
  field_start_ = c == '|';
  ++i_;
}

void LogScanner::count_bar(char c, std::size_t bytes) {
  if (c != '=' && c != '.' && c != '>') return;
  drawn_ += bytes;
  if (drawn_ >= 3) out_.drawn_bar = true;
}

// A word: the name that is being built goes on, or ends with it.
void LogScanner::take_word(std::size_t end) {
  const std::string_view word = s_.substr(i_, end - i_);
  if (take_special_word(word, end) || take_value_word(word, end)) return;
  if (join_ != '\0' || soft_ || quoted_) forget_name();  // a label before it, or words in a column of their own
  if (!has_name()) name_begin_ = i_;
  name_end_ = i_ = end;
  ++words_;
  soft_ = after_value_ = false;
}

// Words that are not part of a name: signs, levels, dates, places in source code.
bool LogScanner::take_special_word(std::string_view word, std::size_t end) {
  if (is_only_signs(word) && !(join_ != '\0' && is_absent_value(word))) {
    if (after_value_ && has_fraction_ && out_.pairs.size() == 1 && word == "-") out_.dash_after_fraction = true;
    if (word.size() > 2 && word.front() == '.') count_bar('.', word.size());
    hard_break();
    i_ = end;
    return true;
  }
  if (const std::size_t place = after_source_place(s_, word, end); place != end) {
    forget_prefix();
    i_ = place;
    return true;
  }
  if (join_ == '\0' && is_level_word(word)) {
    forget_prefix();
    i_ = end;
    return true;
  }
  return skip_date(word, end);
}

// "Jan  5 12:00:01": a month, a day and a time.
bool LogScanner::skip_date(std::string_view word, std::size_t end) {
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (word.size() != 3 || kMonths.find(word) == kMonths.npos) return false;
  const LogToken day = log_number(s_, after_log_blanks(s_, end));
  if (day.kind != LogNumber::value || !day.whole) return false;
  const LogToken time = log_number(s_, after_log_blanks(s_, day.end));
  if (time.kind != LogNumber::time) return false;
  hard_break();
  i_ = time.end;
  return true;
}

// What stands before a level or a place in source code, such as node1:0, is no value of the log.
void LogScanner::forget_prefix() {
  constexpr std::size_t kMostInPrefix = 4;
  hard_break();
  if (out_.pairs.empty() || out_.pairs.size() > kMostInPrefix) return;
  const auto counts = [](const LogPair& pair) { return log_name(pair.name).counter != LogCounter::none; };
  if (std::any_of(out_.pairs.begin(), out_.pairs.end(), counts)) return;
  std::erase_if(out_.pairs, [&](const LogPair& pair) {
    const bool glued = pair.value.data() > s_.data() && pair.value.data()[-1] == ':';
    return pair.whole && glued;
  });
}

// A word that is the value of a name.
bool LogScanner::take_value_word(std::string_view word, std::size_t end) {
  if (!has_name()) return false;
  const bool joined = join_ != '\0';
  if (is_not_finite_word(word) && (joined || nan_is_value(end))) {
    i_ = end;
    emit({.value = word, .written = word, .number = true});
    return true;
  }
  if (is_wrapper(word) && end < s_.size() && s_[end] == '(' && begins_log_number(s_, end + 1)) {
    i_ = end + 1;
    take_number();
    long depth = 1;
    for (; i_ < s_.size() && depth > 0; ++i_) depth += s_[i_] == '(' ? 1 : s_[i_] == ')' ? -1 : 0;
    return true;
  }
  if (!joined || (join_ == ':' && !quoted_ && !is_absent_value(word) && !is_identity_name(name()))) return false;
  i_ = end;
  emit({.value = is_absent_value(word) ? std::string_view() : word, .written = word});
  return true;
}

// "loss nan, lr" but not "number of nan iterations: 0".
bool LogScanner::nan_is_value(std::size_t end) const {
  const std::size_t next = after_log_blanks(s_, end);
  if (next >= s_.size() || next > end + 1 || is_only_signs(s_.substr(next, after_log_word(s_, next) - next)))
    return true;
  if (s_[end] == '\t') return true;
  if (used_joins_) return false;
  std::size_t at = next;
  for (std::size_t words = 0; words < kMostWords; ++words) {
    const std::size_t word_end = after_log_word(s_, at);
    if (word_end == at) return false;
    if (is_not_finite_word(s_.substr(at, word_end - at))) return true;
    at = after_log_blanks(s_, word_end);
    if (begins_log_number(s_, at)) return true;
  }
  return false;
}

void LogScanner::take_number() {
  const std::size_t begin = i_;
  const LogToken token = log_number(s_, begin);
  if (token.kind == LogNumber::word) {
    const std::string_view word = s_.substr(begin, token.end - begin);
    const std::size_t digits = word.find_first_not_of("0123456789");
    if (has_fraction_ || digits == word.npos || word.substr(digits) != "it" || !s_.substr(token.end).starts_with(" ["))
      return take_word(token.end);
    take_bar();  // 120it [00:10, 12.1it/s]: a bar without a total
    has_fraction_ = true;
    out_.pairs.push_back({.value = word.substr(0, digits), .written = word, .number = true, .whole = true});
    i_ = token.end;
    return;
  }
  i_ = token.end;
  if (token.kind == LogNumber::time) {
    hard_break();
    return;
  }
  if (token.value.back() == '%' && i_ < s_.size() && s_[i_] == '|') {
    take_bar();
    return;
  }
  if (has_name() && join_ == '\0' && words_ > kMostWords) forget_name();
  if (!has_name()) return take_nameless(token, begin);
  emit({.value = token.value,
        .unit = token.unit,
        .total = token.total,
        .written = s_.substr(begin, i_ - begin),
        .number = true,
        .whole = token.whole});
}

// "Validation 0: 12%|": the whole numbers in the description of a bar are values only if they count.
void LogScanner::take_bar() {
  hard_break();
  if (out_.percent_bar) return;
  out_.percent_bar = true;
  std::erase_if(out_.pairs, [](const LogPair& pair) {
    return pair.whole && !pair.joined && !pair.name.empty() && log_name(pair.name).counter == LogCounter::none;
  });
}

void LogScanner::take_nameless(const LogToken& token, std::size_t begin) {
  after_value_ = true;
  const LogPair pair = {.value = token.value,
                        .unit = token.unit,
                        .total = token.total,
                        .label = out_.stream,
                        .written = s_.substr(begin, i_ - begin),
                        .number = true,
                        .whole = token.whole};
  if (token.kind == LogNumber::fraction) {
    if (!has_fraction_) out_.pairs.push_back(pair);
    if (begin == first_) out_.leading_fraction = true;
    has_fraction_ = true;
  } else if (token.whole && token.unit.empty() && token.value.size() < kTimestamp && out_.pairs.empty() &&
             out_.lead.empty() && (begin == first_ || (begin == first_ + 1 && s_[first_] == '['))) {
    out_.lead = token.value;
    out_.lead_colon = i_ < s_.size() && s_[i_] == ':';
  } else if (field_start_ && !out_.pairs.empty()) {
    trailing_ = pair;
    has_trailing_ = true;
  }
  field_start_ = false;
}

// "| 99.1 ms | 45% bf16 MFU |": the words after a value at the start of a field are its name.
void LogScanner::emit_trailing() {
  has_trailing_ = false;
  LogPair pair = trailing_;
  if (has_name() && join_ == '\0' && words_ <= kMostWords) {
    pair.name = clean(name());
    name_begin_ = kNone;
    words_ = 0;
  } else {
    pair.name = pair.unit;
  }
  if (!pair.name.empty()) out_.pairs.push_back(pair);
}

void LogScanner::emit(LogPair pair) {
  std::string_view name = this->name();
  pair.joined = join_ != '\0';
  name_begin_ = kNone;
  words_ = 0;
  join_ = '\0';
  soft_ = quoted_ = field_start_ = false;
  after_value_ = true;
  if (name.size() > kLongestName) return;
  name = clean(name);
  if (is_rank_name(name) && pair.whole) {
    out_.rank = pair.value;
    return;
  }
  if (name.ends_with("pid") || (!pair.joined && ends_in_preposition(name))) return;
  if (!prefix_.empty()) {
    if (prefix_.size() > kLongestName) return;
    if (scratch_used_ == scratch_.size()) scratch_.emplace_back();
    name = (scratch_[scratch_used_++] = prefix_).append(name);
  }
  pair.name = name;
  pair.label = out_.stream;
  out_.pairs.push_back(pair);
}

// The name with single blanks and without escape sequences.
std::string_view LogScanner::clean(std::string_view name) {
  bool plain = !name.starts_with(' ') && !name.ends_with(' ');
  for (std::size_t i = 0; i < name.size() && plain; ++i)
    plain = static_cast<unsigned char>(name[i]) > ' ' || (name[i] == ' ' && name[i - 1] != ' ');
  if (plain) return name;
  if (scratch_used_ == scratch_.size()) scratch_.emplace_back();
  std::string& out = scratch_[scratch_used_++];
  out.clear();
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t next = after_log_blanks(name, i);
    if (next >= name.size()) break;
    if (next != i && !out.empty()) out.push_back(' ');
    out.push_back(name[next]);
    i = next + 1;
  }
  return out;
}

// The words so far are no name.
void LogScanner::forget_name() {
  if (has_name()) {
    note_free(name());
    out_.free_words += words_;
  }
  name_begin_ = kNone;
  words_ = 0;
  join_ = '\0';
  soft_ = quoted_ = false;
}

void LogScanner::note_free(std::string_view words) {
  if (const std::string_view stream = stream_word_in(words); !stream.empty()) out_.stream = stream;
  if (const std::string_view rank = rank_of_word(words); !rank.empty()) out_.rank = rank;
}

void LogScanner::hard_break() {
  if (has_trailing_) emit_trailing();
  forget_name();
  after_value_ = field_start_ = false;
}

}  // namespace phaselaw::documents
