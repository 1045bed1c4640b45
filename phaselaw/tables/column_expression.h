// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Arithmetic over the columns of a table, as --col defines a column: "1-acc", "size*1e6", "ln(ppl)".
//
//   sum       product { ("+" | "-") product }
//   product   signed { ("*" | "/") signed }
//   signed    { "-" | "+" } power
//   power     atom [ ("^" | "**") signed ]     right-associative; -x^2 is -(x^2)
//   atom      number | column | function "(" sum ")" | "(" sum ")"
//   column    a letter, "_" or a byte beyond ASCII, then these, digits and "."; or any heading in double quotes or
//             backticks: 1-"Top 1"
//   function  ln and log (natural), log2, log10, exp, sqrt
//
// The text becomes a list of operations on a stack, without recursion. Cost: linear in the text; about 5 ns for each
// operation and row.
// Errors: InputError at "--col:1:position" with what was expected and found.
namespace phaselaw::tables {

inline constexpr std::size_t kLongestColumnExpression = 4096;

// Whether the text has a sign, a bracket or a quotation mark of an expression, and so is more than a name.
[[nodiscard]] bool looks_like_expression(std::string_view text);

class ColumnExpression {
 public:
  // `column_at` gives the position of a column, or throws.
  ColumnExpression(std::string_view text, const std::function<std::size_t(const std::string&)>& column_at);

  // Positions of the columns that the expression reads, each once, in the order of their first use; at least one.
  [[nodiscard]] const std::vector<std::size_t>& columns() const { return columns_; }
  // The value for one number of each of these columns. `stack`: of stack_size() numbers.
  [[nodiscard]] double value(std::span<const double> inputs, std::span<double> stack) const;
  [[nodiscard]] std::size_t stack_size() const { return stack_size_; }

  enum class Op { number, column, negate, add, subtract, multiply, divide, power, log, log2, log10, exp, sqrt };

 private:
  friend class ColumnExpressionParser;
  struct Step {
    Op op = Op::number;
    double number = 0;
    std::size_t index = 0;  // into columns_
  };
  std::vector<Step> steps_;
  std::vector<std::size_t> columns_;
  std::size_t stack_size_ = 0;
};

}  // namespace phaselaw::tables
