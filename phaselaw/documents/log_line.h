// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/log_tokens.h"

// One line of a training log as pairs of a name and a value:
//   iter 10: loss 3.2, time 12ms        name, blank, value
//   lm loss: 5.9E+00 | lr=1e-4          names of several words; = and :
//   {'loss': 3.1, "eval": {"loss": 3}}  records of Python and JSON; nested names are joined by a dot
//   [10/900], 120/1000 [00:10<01:12]    a fraction without a name is a counter; its name is empty
// Times, dates, levels (INFO), places in source code (train.py:88) and bars are left out.
namespace phaselaw::documents {

struct LogPair {
  std::string_view name = {};   // words joined by single blanks; empty for a fraction without a name
  std::string_view value = {};  // as written, without unit; empty for None and null
  std::string_view unit = {};
  std::string_view total = {};    // of a fraction
  std::string_view label = {};    // the word for a part of the data (train, val) that stands before the pair
  std::string_view written = {};  // value with its unit
  bool number = false;            // otherwise text, or nothing
  bool whole = false;             // only digits
  bool joined = false;            // by : or =, or the value stands in a record
};

struct LogLine {
  std::vector<LogPair> pairs;
  std::string_view lead = {};        // a whole number without a name at the beginning: "0: ", "[10] "
  bool lead_colon = false;           // a colon follows it
  std::string_view stream = {};      // the last word outside of names that stands for a part of the data: train, valid
  std::string_view rank = {};        // digits of rank3, [default3], rank=3
  std::size_t free_words = 0;        // words that belong to no pair
  bool percent_bar = false;          // 12%|
  bool drawn_bar = false;            // [====>...], or signs that draw a bar
  bool leading_fraction = false;     // the line begins with a fraction without a name
  bool dash_after_fraction = false;  // 938/938 - 3s
  bool bracket_pair = false;         // [1,  2000] was read as an epoch and a batch
  bool cut = false;                  // a record without its end, or with too many values
  bool groups_left_out = false;      // a number in parentheses after a value
  bool blank = true;
};

class LogScanner {
 public:
  // The result is valid until the next call. Cost: about 5 ns per byte.
  const LogLine& scan(std::string_view line);

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kDeepest = 16, kLongestName = 200, kMostWords = 6, kGroup = 24, kMostPairs = 200'000,
                               kTimestamp = 10;

  void step();
  void take_word(std::size_t end);
  void take_number();
  void take_quoted(char quote);
  void take_joiner(char sign);
  void take_open(char sign);
  bool take_epoch_and_batch(std::size_t inside);
  void take_close(char sign);
  bool take_special_word(std::string_view word, std::size_t end);
  bool take_value_word(std::string_view word, std::size_t end);
  void take_bar();
  void forget_prefix();
  void take_nameless(const LogToken& token, std::size_t begin);
  bool skip_date(std::string_view word, std::size_t end);
  void count_bar(char c, std::size_t bytes);
  void emit(LogPair pair);
  void emit_trailing();
  void forget_name();
  void note_free(std::string_view words);
  void hard_break();
  [[nodiscard]] bool has_name() const { return name_begin_ != kNone; }
  [[nodiscard]] std::string_view name() const { return s_.substr(name_begin_, name_end_ - name_begin_); }
  [[nodiscard]] bool nan_is_value(std::size_t end) const;
  [[nodiscard]] std::string_view clean(std::string_view name);

  std::string_view s_;
  std::size_t i_ = 0, first_ = 0;
  std::size_t name_begin_ = kNone, name_end_ = 0, words_ = 0;
  char join_ = '\0';
  bool soft_ = false, quoted_ = false, after_value_ = false, used_joins_ = false, has_fraction_ = false;
  bool field_start_ = false;
  std::size_t drawn_ = 0;
  LogPair trailing_;  // a value at the start of a field that waits for the words after it
  bool has_trailing_ = false;
  bool unclosed_[2] = {};
  std::string prefix_;
  std::vector<std::size_t> depth_;
  std::deque<std::string> scratch_;
  std::size_t scratch_used_ = 0;
  LogLine out_;
};

}  // namespace phaselaw::documents
