// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/laws/evaluator.h"
#include "phaselaw/laws/law_names.h"

namespace phaselaw::laws {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

// The text with every name for `column` replaced.
std::string with_column(const std::string& text, const std::string& column, const std::string& replacement) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == i) {
      out += text[i++];
      continue;
    }
    const std::string word = text.substr(i, end - i);
    out += tables::canonical_column(word) == column ? replacement : word;
    i = end;
  }
  return out;
}

Law of_other_column(Law law, std::string_view column, const std::vector<std::string>& table_columns) {
  if (law.columns().size() != 1)
    throw base::InputError(fmt::format("--law: expected a law of one column before '@', but {} depends on {}", law.name,
                                       fmt::join(law.columns(), ", ")));
  for (const Parameter& parameter : law.parameters)
    if (parameter.name == column)
      throw base::InputError(fmt::format(
          "--law: expected after '@' a column with a name that is no parameter of {}, found {}; rename the column",
          law.name, column));
  std::vector<std::string> known = table_columns;
  known.emplace_back(column);
  const std::string source = law.columns().front();
  const std::string text = with_column(law.expression.text(), source, std::string(column));
  law.expression = Expression::parse(text, known);
  for (DerivedQuantity& quantity : law.derived)
    quantity.expression = Expression::parse_quantity(
        with_column(quantity.expression.text(), source, std::string(column)), known, quantity.name);
  law.name = fmt::format("{}@{}", law.name, column);
  if (!law.nested.empty()) law.nested = fmt::format("{}@{}", law.nested, column);
  return law;
}

std::vector<std::string> law_names() {
  std::vector<std::string> names;
  for (const Law& law : all_laws()) names.push_back(law.name);
  return names;
}

}  // namespace

base::EnumNames<ParameterDomain> enum_names(ParameterDomain) {
  static constexpr std::pair<std::string_view, ParameterDomain> kNames[] = {
      {"positive", ParameterDomain::positive},
      {"non-negative", ParameterDomain::non_negative},
      {"real", ParameterDomain::real}};
  return kNames;
}

std::size_t Law::find(std::string_view parameter) const {
  std::vector<std::string> names;
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    if (parameters[p].name == parameter) return p;
    names.push_back(parameters[p].name);
  }
  throw base::InputError(base::unknown_name("parameter", parameter, names));
}

std::string unit_of(const Law& law, std::string_view name) {
  for (const Parameter& parameter : law.parameters)
    if (parameter.name == name) return parameter.unit;
  for (const DerivedQuantity& quantity : law.derived)
    if (quantity.name == name) return quantity.unit;
  return "";
}

Law law_from(std::string_view text, const std::vector<std::string>& table_columns,
             const std::vector<std::string>& told) {
  for (const Law& law : all_laws())
    if (law.name == text) return law;
  if (const std::size_t at = text.find('@'); at != std::string_view::npos) {
    const std::string column = tables::canonical_column(text.substr(at + 1));
    if (column.empty() || !std::all_of(column.begin(), column.end(), is_word))
      throw base::InputError("--law: expected a column's name after '@', as in power@tokens");
    return of_other_column(law_from(text.substr(0, at), table_columns, told), column, table_columns);
  }
  // A name has '-' only between letters; an expression has other characters too.
  if (text.find_first_of("+*/^()= ") == std::string_view::npos)
    throw base::InputError(fmt::format("--law: {}, or an expression such as 'E + A*N^-alpha'",
                                       base::unknown_name("law", text, law_names())));
  return law_from_expression(text, table_columns, told);
}

Law law_from_expression(std::string_view text, const std::vector<std::string>& table_columns,
                        const std::vector<std::string>& told) {
  Law law;
  law.expression = Expression::parse(text, input_columns(text, table_columns, told));
  law.name = law.expression.text();
  law.help = "the user's expression";
  law.source = "user";
  const std::vector<bool> affine = law.expression.affine_parameters();
  for (std::size_t p = 0; p < affine.size(); ++p) {
    Parameter parameter;
    parameter.name = law.expression.parameters()[p];
    const bool floor = affine[p] && is_floor_name(parameter.name);
    parameter.domain = floor ? ParameterDomain::non_negative : ParameterDomain::positive;
    parameter.meaning = floor ? "assumed to be a floor: non-negative" : "assumed to be positive";
    law.parameters.push_back(std::move(parameter));
  }
  return law;
}

Law make_law(std::string name, std::string help, std::string source, const std::string& expression,
             std::vector<Parameter> parameters, std::string nested, std::string output,
             std::vector<DerivedQuantity> quantities) {
  Law law;
  law.name = std::move(name);
  law.help = std::move(help);
  law.source = std::move(source);
  law.output = std::move(output);
  law.nested = std::move(nested);
  law.expression = Expression::parse(expression, {}, law.name);
  PHASELAW_CHECK_EQ(parameters.size(), law.expression.parameters().size());
  for (const std::string& parameter : law.expression.parameters()) {
    const auto at = std::find_if(parameters.begin(), parameters.end(),
                                 [&](const Parameter& described) { return described.name == parameter; });
    PHASELAW_CHECK(at != parameters.end());
    law.parameters.push_back(*at);
  }
  law.derived = std::move(quantities);
  return law;
}

std::vector<double> evaluate(const Law& law, const tables::Columns& columns, std::span<const double> parameters) {
  const Evaluator evaluator(law.expression, columns);
  std::vector<double> value(columns.n_rows());
  EvaluatorWorkspace workspace;
  evaluator.evaluate({}, parameters, value, {}, workspace);
  return value;
}

}  // namespace phaselaw::laws
