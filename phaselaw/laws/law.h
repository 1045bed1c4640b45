// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/laws/expression.h"
#include "phaselaw/tables/columns.h"

// Laws by name: an expression in named columns and named parameters, with what its authors say of them.
//
// Every law is an expression (expression.h), the published ones and the user's alike; its derivatives are exact
// (evaluator.h). The value must be positive, because fits work with its logarithm.
namespace phaselaw::laws {

enum class ParameterDomain {
  positive,      // amplitudes, exponents, scales: fitted as their logarithm
  non_negative,  // floors: fitted as themselves; 0 is legal, and said to be "no floor"
  real,          // fitted as themselves
};
[[nodiscard]] base::EnumNames<ParameterDomain> enum_names(ParameterDomain);

struct Parameter {
  std::string name;
  ParameterDomain domain = ParameterDomain::positive;
  std::string unit, meaning;
  double low = 0, high = 0;  // where starts look for it; equal: read off the expression (law_roles.h)
};

// A number that follows from the parameters, such as where a curve bends. Where its expression holds columns it is the
// value at the row with the largest input.
struct DerivedQuantity {
  std::string name, unit, meaning;
  bool positive = true;  // it spans orders of magnitude: intervals and identification work with its logarithm
  Expression expression;
};

struct Law {
  std::string name;             // "chinchilla"; the text of the expression for a user's law
  std::string help;             // one line
  std::string source;           // ends in [S], [R] or [T]; "user" for a user's law
  std::string output = "loss";  // what it predicts: a column's name
  Expression expression;
  std::vector<Parameter> parameters;  // in the expression's order
  std::string nested;                 // a simpler law whose optimum gives a good start; empty: none
  std::vector<DerivedQuantity> derived;

  [[nodiscard]] const std::vector<std::string>& columns() const { return expression.columns(); }
  [[nodiscard]] std::size_t find(std::string_view parameter) const;  // InputError with the nearest name
};

// By name; "broken-power-K" with K = 1 .. 3 breaks; "NAME@COLUMN": a law of one column, of another column instead
// ("power@tokens"); else as an expression, when the text holds an operator. InputError with the nearest known name.
[[nodiscard]] Law law_from(std::string_view text, const std::vector<std::string>& table_columns = {});

// A law from an expression. Domains are guessed and the guess is in Parameter::meaning: E, E0, L0, L_inf and names that
// begin with "E_" or "floor" are non-negative where the law is affine in them, every other parameter is positive.
[[nodiscard]] Law law_from_expression(std::string_view text, const std::vector<std::string>& table_columns = {});

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
