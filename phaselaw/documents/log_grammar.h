// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "phaselaw/documents/log_line.h"
#include "phaselaw/documents/log_names.h"

// The grammar of a training log, learnt from all its lines before the first row is made: which names occur, which of
// them count, which counters of different kinds of lines count the same thing.
namespace phaselaw::documents {

// A line as numbers of names and of counters.
struct LogRecord {
  struct Count {
    std::uint8_t key = 0;  // of LogGrammar::counters
    std::string_view written = {}, total = {};
    double value = 0;
  };
  struct Cell {
    std::uint32_t name = 0;
    const LogPair* pair = nullptr;
  };
  std::vector<Count> counts;
  std::vector<Cell> cells;  // all other pairs
  std::string_view stream = {};
  std::string_view rank = {};
  bool repeated_names = false;  // a name stands twice in the line; the first counts
  bool unfinished_bar = false;  // a state of a bar of one epoch, before its end
};

struct LogCounterUse {
  std::string name;  // as written; empty for a fraction
  LogCounter kind = LogCounter::none;
  std::size_t lines = 0, changes = 0, falls = 0;
  std::size_t resets = 0;        // falls while the epoch rises
  std::size_t begins_again = 0;  // falls to the first value or below
  double first = 0;
  std::string total = {};  // of the first value: 900 of 10/900; a value of another total is of a loop within
  double last = 0, epoch = 0;
  bool whole = true;
  std::uint64_t together = 0;                            // counters of the same line, as bits
  std::size_t after_others = 0, falls_after_others = 0;  // lines after a line of another counter of steps
};

// Which numbers count: steps and epochs; also tokens and samples; also the number at the beginning of a line without a
// step; none, because each line is a row of its own.
enum class LogCounting { named, other_names, leading_number, each_line };

class LogGrammar {
 public:
  explicit LogGrammar(std::string source, LogCounting counting) : source_(std::move(source)), counting_(counting) {}

  // Learns from one line. InputError if the log has more than LogNames::kMost names.
  void learn(const LogLine& line, long number);
  // Chooses the axis after all lines were learnt.
  void conclude();
  // A line in terms of this grammar; new names are added only if `learning`.
  const LogRecord& record(const LogLine& line, bool learning = false);
  // Whether a record belongs to the log: with a counter, or as a line that goes on under one.
  [[nodiscard]] bool accepts(const LogRecord& record, const LogLine& line) const;

  LogNames names;
  // Whether the numbers at the beginning of lines count, of the lines that no step is named in.
  [[nodiscard]] bool lead_counts() const;
  [[nodiscard]] LogCounting counting() const { return counting_; }

  std::vector<LogCounterUse> counters;
  std::size_t lines = 0;           // that are not blank
  std::size_t records = 0;         // with a counter and a value
  std::size_t joined_records = 0;  // of these, with : or = or a loss
  std::size_t valued = 0;          // without a counter, with a value after : or =
  int axis = -1;                   // the finest counter, or -1
  std::uint64_t united = 0;        // counters that are one column with the axis, as bits
  bool streams_matter = false;     // lines of several streams have a name in common
  bool losses_elsewhere = false;   // a loss stands in lines that are not of held-out data
  // The heading of its column: with the part of the data in front, if the name is a loss of held-out data that does not
  // say so, beside other losses: "validation/lm loss value" beside "lm loss".
  [[nodiscard]] std::string heading_of(const LogName& name) const;

 private:
  static constexpr std::size_t kMostCounters = 60;
  static constexpr std::uint8_t kNoKey = 0xff;
  bool add_count(const LogPair& pair, std::uint32_t id, bool bar, bool learning);
  std::uint8_t key_of(const std::string& written, const LogName& name);
  [[nodiscard]] bool may_count(const LogName& name) const;
  [[nodiscard]] bool has_count(const LogLine& line);
  void rename_repeated(const LogLine& line, bool learning);
  void take_lead(const LogLine& line, bool learning);
  void learn_counts(const LogRecord& record);
  void learn_cells(const LogRecord& record, bool counted);

  std::string source_;
  LogCounting counting_;
  std::unordered_map<std::string, std::uint8_t> keys_;
  std::vector<std::uint32_t> ids_, guesses_, stamps_;
  std::uint32_t serial_ = 0;
  struct Lead {
    std::size_t lines = 0, changes = 0, falls = 0;
    double last = 0, largest = 0;
  } lead_;
  std::string last_total_ = "none";
  std::uint8_t last_bar_key_ = kNoKey;
  int last_step_ = -1;
  double last_step_value_ = 0, epoch_ = 0;
  LogRecord record_;
};

// The value of a counter; separators of thousands are ignored.
[[nodiscard]] double log_count(std::string_view text);

}  // namespace phaselaw::documents
