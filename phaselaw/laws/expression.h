// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// A law as text, parsed once into a list of operations, each of which needs only earlier ones.
//
//   law       { name "=" sum ";" } [ name "=" ] sum      local definitions, then the law; "L =" may precede it
//   sum       product { ("+" | "-") product }
//   product   signed { ("*" | "/") signed }
//   signed    { "-" | "+" } power
//   power     atom [ ("^" | "**") signed ]                right-associative; -N^a is -(N^a), N^-a is N^(-a)
//   atom      number | name | function "(" sum [ "," sum ] ")" | "(" sum ")"
//   function  exp, log, ln, sqrt, pow(x, y), min(x, y), max(x, y), lambert_w
//   name      a letter or "_", then letters, digits, "_" or "."
//
// A name is a column if it is a known column (columns.h), its letter in expressions (N, D, C, U, n, t, S1, S2), or one
// of `table_columns`; any other name is a parameter (law_names.h chooses the table's columns for a user's law). lambert_w is the principal branch, for x >= 0.
//
// Errors: InputError at "<where>:1:column" with what was expected and found; for an unknown function or a misspelt
// column, with the nearest known name; for a law without a column or a parameter, an unused definition, more than
// kMaxExpressionParameters parameters, kMaxExpressionLength characters or kMaxExpressionDepth levels. Never crashes on
// any text (fuzzed). Cost: O(length^2), at most 10 ms.
namespace phaselaw::laws {

inline constexpr std::size_t kMaxExpressionLength = 4096;
inline constexpr int kMaxExpressionDepth = 64;
inline constexpr std::size_t kMaxExpressionParameters = 14;

enum class Op {
  number,
  column,
  parameter,
  add,
  subtract,
  multiply,
  divide,
  power,
  negate,
  exp,
  log,
  sqrt,
  min,
  max,
  lambert_w
};

struct Node {
  Op op = Op::number;
  int left = -1, right = -1;  // earlier nodes; -1: none
  std::size_t index = 0;      // index of the column or the parameter
  double number = 0;
  bool operator==(const Node&) const = default;
};

class Expression {
 public:
  // `table_columns`: the table's own column names, known in addition to the usual ones. `where`: the name of the text
  // in errors.
  [[nodiscard]] static Expression parse(std::string_view text, const std::vector<std::string>& table_columns = {},
                                        const std::string& where = "--law");

  // A number derived from a law's parameters: the same grammar, but columns are not required.
  [[nodiscard]] static Expression parse_quantity(std::string_view text, const std::vector<std::string>& table_columns,
                                                 const std::string& where);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }  // equal subexpressions share a node
  [[nodiscard]] std::size_t root() const { return root_; }                 // the node of the value
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }        // canonical, by first use
  [[nodiscard]] const std::vector<std::string>& parameters() const { return parameters_; }  // by first use

  // The largest set, taken greedily in their order, of parameters in which the value is jointly affine: amplitudes and
  // floors. `excluded` parameters are skipped.
  [[nodiscard]] std::vector<bool> affine_parameters(const std::vector<bool>& excluded = {}) const;

 private:
  friend class ExpressionParser;
  std::string text_;
  std::vector<Node> nodes_;
  std::size_t root_ = 0;
  std::vector<std::string> columns_, parameters_;
};

}  // namespace phaselaw::laws
