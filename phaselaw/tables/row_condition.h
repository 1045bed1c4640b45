// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "phaselaw/tables/table.h"

// A condition for rows as text, parsed once:
//
//   condition   { "not" } part { ("and" | "or") { "not" } part }     "and" binds more than "or"
//   part        "(" condition ")" | comparison
//   comparison  column ("=" | "!=" | "<" | "<=" | ">" | ">=") value
//               column ("~" | "!~") pattern                   * stands for any characters, ? for one
//               column [ "not" ] "in" "(" value { "," value } ")"
//
// Columns and values may be in double quotes, single quotes or backticks. Without quotes a column is the text before the
// operator, and a value the text up to the next "and" or "or" after which a comparison follows: "name=Tom and Jerry" is
// one comparison. A value may be empty: "loss!=" holds where the cell is not empty.
// Comparisons are of numbers if the cell and the value are numbers (70M is one), otherwise of text; a cell that is no
// number satisfies no inequality.
//
// Errors: InputError at "FLAG:1:position". Cost: linear in the text; about 50 ns for each comparison and row.
namespace phaselaw::tables {

inline constexpr std::size_t kLongestCondition = std::size_t{1} << 14U;

// The column of a comparison. `factor`: by which its numbers are multiplied, for a column named by its meaning.
struct ComparedColumn {
  std::size_t column = 0;
  double factor = 1;
};
using ColumnOfName = std::function<ComparedColumn(const std::string&)>;

enum class Relation { equal, not_equal, less, at_most, more, at_least, like, not_like, in, not_in };

struct Comparison {
  ComparedColumn at;
  Relation relation = Relation::equal;
  std::string value;                       // or pattern
  std::optional<double> number;            // the value as a number
  std::unordered_set<std::string> values;  // of a list
  std::vector<double> numbers;             // those that are numbers, sorted
  [[nodiscard]] bool holds(const Table& table, std::size_t row) const;
};

class RowCondition {
 public:
  // `flag`: the place that messages name.
  RowCondition(std::string_view text, const Table& table, const ColumnOfName& column_of,
               std::string_view flag = "--where");
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Comparison>& comparisons() const { return comparisons_; }
  [[nodiscard]] bool holds(const Table& table, std::size_t row) const;

 private:
  friend class RowConditionParser;
  enum class Join { comparison, negate, both, either };
  struct Step {
    Join join = Join::comparison;
    std::size_t comparison = 0;
  };
  std::string text_;
  std::vector<Comparison> comparisons_;
  std::vector<Step> steps_;  // on a stack
};

// Whether a text has the form of a pattern. Cost: the product of their lengths at most.
[[nodiscard]] bool matches_pattern(std::string_view text, std::string_view pattern);

}  // namespace phaselaw::tables
