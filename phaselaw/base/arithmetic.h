// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"

// Arithmetic over named quantities that the user types: columns of a table (--col loss=1-acc) and keys of a study
// (d_hidden = "4 * d_model").
//
//   sum       product { ("+" | "-") product }
//   product   signed { ("*" | "/") signed }
//   signed    { "-" | "+" } power
//   power     atom [ ("^" | "**") signed ]     right-associative; -x^2 is -(x^2)
//   atom      number | name | function "(" sum ")" | "(" sum ")"
//   name      a letter, "_" or a byte beyond ASCII, then these, digits and "."; or any text in double quotes or
//             backticks: 1-"Top 1"
//   function  ln and log (natural), log2, log10, exp, sqrt; round (halves away from zero), floor, ceil
//
// The text becomes a list of operations on a stack, without recursion. Cost: linear in the text; about 5 ns for each
// operation and evaluation.
// Errors: InputError at the place in the text, with what was expected and found.
namespace phaselaw::base {

inline constexpr std::size_t kLongestArithmetic = 4096;

// Whether the text has a sign, a bracket or a quotation mark of an expression, and so is more than a name.
[[nodiscard]] bool looks_like_expression(std::string_view text);

class Arithmetic {
 public:
  // Where the text begins, and what messages call its names. Without a line, errors name the source alone.
  struct Source {
    Location start;
    std::string noun = "name";              // "expected a number, a column or '('"
    std::string known_as = "a known name";  // "expected a column of the table, found only numbers"
    std::string quoting = {};  // what to do about a name that is not one word; empty if names are never quoted
  };
  // `position_of` gives the position of a name, or throws.
  Arithmetic(std::string_view text, const Source& source,
             const std::function<std::size_t(const std::string&)>& position_of);

  enum class Op {
    number,
    name,
    negate,
    add,
    subtract,
    multiply,
    divide,
    power,
    log,
    log2,
    log10,
    exp,
    sqrt,
    round,
    floor,
    ceil
  };
  struct Step {
    Op op = Op::number;
    double number = 0;
    std::size_t index = 0;  // into names()
  };
  [[nodiscard]] static bool is_binary(Op op);

  // Positions of the names that the expression reads, each once, in the order of their first use; at least one.
  [[nodiscard]] const std::vector<std::size_t>& names() const { return names_; }
  // The value for one number of each of these names. `stack`: of stack_size() numbers.
  [[nodiscard]] double value(std::span<const double> inputs, std::span<double> stack) const;
  [[nodiscard]] std::size_t stack_size() const { return stack_size_; }
  // The operations, each of which takes its operands from a stack and leaves its value there.
  [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
  // The value of one operation; `y` is used by binary ones.
  [[nodiscard]] static double apply(Op op, double x, double y);

 private:
  friend class ArithmeticParser;
  std::vector<Step> steps_;
  std::vector<std::size_t> names_;
  std::size_t stack_size_ = 0;
};

}  // namespace phaselaw::base
