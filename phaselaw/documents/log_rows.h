// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "phaselaw/documents/log_grammar.h"
#include "phaselaw/documents/reading.h"

// The rows of a training log, once its grammar is known. A row is one line, or a block: a line with a counter and the
// lines with values under it. Consecutive lines with equal counters and no name in common are one row.
namespace phaselaw::documents {

class LogRows {
 public:
  LogRows(LogGrammar& grammar, const Document& document);
  // The next line of the document.
  void add(const LogLine& line, std::string_view text, long number);
  // After the last line: the columns that the lines need as a whole, the notes, the lines that were left out.
  [[nodiscard]] Reading finish();

 private:
  enum Reason {
    kNoRecord,
    kOnlyCounter,
    kEmptyBar,
    kEarlierState,
    kOtherRank,
    kRepeated,
    kCut,
    kSummary,
    kLooksBack,
    kReasons
  };
  struct Context {
    std::string_view written = {}, total = {};
    double value = 0;
    bool set = false;
  };
  struct Row {
    std::string_view stream, rank;
  };
  struct Last {  // the row that may still grow
    bool open = false, bar = false, epoch_bar = false;
    std::uint64_t hash = 0;
    std::string_view stream, rank, text;
    std::string_view total;
    long line = 0;
  };

  void skip(Reason reason, long line, std::string_view text) { skipped_[reason].add(line, text); }
  bool skip_special(const LogLine& line, const LogRecord& record, std::string_view text, long number);
  void take_header(const LogRecord& record, std::string_view text, long number);
  void place_counts(const LogRecord& record);
  bool looks_back(const LogRecord& record, std::string_view text, long number);
  bool repeats(const LogRecord& record, std::string_view text, long number);
  bool goes_on(const LogRecord& record) const;
  bool replaces(const LogLine& line, const LogRecord& record) const;
  void write(const LogRecord& record, bool clear);
  std::size_t column_of(std::uint32_t name);
  std::size_t column_of_counter(std::size_t key);
  [[nodiscard]] bool counts_steps_by_other_word(std::size_t key) const;
  std::size_t new_column(std::string name);
  [[nodiscard]] bool is_axis(std::size_t key) const { return (grammar_.united >> key & 1) != 0; }
  [[nodiscard]] bool resets() const;
  struct EpochLength {
    double steps = 0, first = 1;  // the number of the first epoch: 0 or 1
    bool known = true;
  };
  [[nodiscard]] EpochLength epoch_length(std::size_t epochs, std::size_t counter) const;
  void add_global_step();
  void add_column_of(std::string name, std::string_view Row::*part);
  void write_notes();

  LogGrammar& grammar_;
  Reading reading_;
  std::array<Skipped, kReasons> skipped_;
  std::vector<std::size_t> columns_, counter_columns_;
  std::unordered_map<std::string, std::size_t> taken_;
  std::vector<std::size_t> stamps_;  // by column: the row in which it was last set, plus one
  std::vector<Context> context_, now_;
  std::vector<Context> last_counts_;
  std::vector<Row> rows_;
  std::vector<double> totals_;  // of the axis, by row; 0 if unknown
  Last last_;
  std::unordered_map<std::uint64_t, std::string_view> seen_;  // rows of logs with ranks: the rank that wrote it first
  long header_line_ = 0;
  std::string_view header_text_;
  std::string other_step_word_;
  std::size_t inherited_ = 0, repeated_names_ = 0;
  bool groups_left_out_ = false, axis_unnamed_ = false, bracket_pair_ = false;
};

}  // namespace phaselaw::documents
