// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/laws/expression.h"
#include "phaselaw/tables/columns.h"

// Laws by name: an expression in named columns and named parameters, with information from their authors.
//
// Every law is an expression (expression.h), whether published or the user's own; its derivatives are exact
// (evaluator.h). The value must be positive, because fits use its logarithm.
namespace phaselaw::laws {

enum class ParameterDomain {
  positive,      // amplitudes, exponents, scales: fitted as their logarithm
  non_negative,  // floors: fitted as themselves; 0 is allowed and reported as "no floor"
  real,          // fitted as themselves
};
[[nodiscard]] base::EnumNames<ParameterDomain> enum_names(ParameterDomain);

struct Parameter {
  std::string name;
  ParameterDomain domain = ParameterDomain::positive;
  std::string unit, meaning;
  double low = 0, high = 0;  // range of the starts; if equal, derived from the expression (law_roles.h)
};

// A number derived from the parameters, such as the position of a bend. If its expression contains columns, its value
// is that at the row with the largest input.
struct DerivedQuantity {
  std::string name, unit, meaning;
  bool positive = true;  // spans orders of magnitude: intervals and identification use its logarithm
  Expression expression;
};

struct Law {
  std::string name;             // "chinchilla"; the text of the expression for a user's law
  std::string help;             // one line
  std::string source;           // ends in [S], [R] or [T]; "user" for a user's law
  std::string output = "loss";  // the output that it predicts, by the name of its column
  Expression expression;
  std::vector<Parameter> parameters;  // in the expression's order
  std::string nested;                 // a simpler law with an optimum that is a good start; empty if there is none
  std::vector<DerivedQuantity> derived;

  [[nodiscard]] const std::vector<std::string>& columns() const { return expression.columns(); }
  [[nodiscard]] std::size_t find(std::string_view parameter) const;  // InputError with the nearest name
};

// A law by name; "broken-power-K" with K = 1 .. 3 breaks; "NAME@COLUMN": a law of one column, with another column
// ("power@tokens"); an expression if the text contains an operator. InputError with the nearest known name.
[[nodiscard]] Law law_from(std::string_view text, const std::vector<std::string>& table_columns = {},
                           const std::vector<std::string>& told = {});

// A law from an expression; law_names.h says which names are columns of the table. Domains are guessed, and Parameter::meaning says so: E, E0, L0, L_inf and names that begin
// with "E_" or "floor" are non-negative if the law is affine in them; every other parameter is positive.
[[nodiscard]] Law law_from_expression(std::string_view text, const std::vector<std::string>& table_columns = {},
                                      const std::vector<std::string>& told = {});

// A law with what is known of its parameters, given in any order. PHASELAW_CHECK: they are the expression's.
[[nodiscard]] Law make_law(std::string name, std::string help, std::string source, const std::string& expression,
                           std::vector<Parameter> parameters, std::string nested = {}, std::string output = "loss",
                           std::vector<DerivedQuantity> quantities = {});

// Of a parameter or a derived quantity; "" for another name.
[[nodiscard]] std::string unit_of(const Law& law, std::string_view name);

// The law at each row, at all parameters in the law's order. InputError for a column that is missing.
[[nodiscard]] std::vector<double> evaluate(const Law& law, const tables::Columns& columns,
                                           std::span<const double> parameters);

}  // namespace phaselaw::laws
