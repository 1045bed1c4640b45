// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_names.h"

#include <algorithm>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/catalogue.h"
#include "phaselaw/laws/expression.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::laws {

namespace {

bool is_usual_parameter(const std::string& name) {
  static const std::set<std::string> published = [] {
    std::set<std::string> names;
    for (const Law& law : all_laws())
      for (const Parameter& parameter : law.parameters) names.insert(parameter.name);
    return names;
  }();
  return published.contains(name) || is_floor_name(name);
}

// Whether a power of the expression has this parameter, and no column, in its base, and a parameter in its exponent.
bool raised_to_a_fitted_power(const Expression& expression, std::size_t parameter) {
  const std::vector<Node>& nodes = expression.nodes();
  std::vector<bool> is_it(nodes.size()), any_parameter(nodes.size()), any_column(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    is_it[i] = node.op == Op::parameter && node.index == parameter;
    any_parameter[i] = node.op == Op::parameter;
    any_column[i] = node.op == Op::column;
    for (const int child : {node.left, node.right}) {
      if (child < 0) continue;
      const auto c = static_cast<std::size_t>(child);
      is_it[i] = is_it[i] || is_it[c];
      any_parameter[i] = any_parameter[i] || any_parameter[c];
      any_column[i] = any_column[i] || any_column[c];
    }
    if (node.op != Op::power) continue;
    const auto base = static_cast<std::size_t>(node.left), exponent = static_cast<std::size_t>(node.right);
    if (is_it[base] && !any_column[base] && any_parameter[exponent]) return true;
  }
  return false;
}

}  // namespace

bool is_floor_name(std::string_view name) {
  for (const std::string_view floor : {"E", "E0", "L0", "L_0", "L_inf", "Linf"})
    if (name == floor) return true;
  return name.starts_with("E_") || name.starts_with("floor");
}

std::vector<std::string> input_columns(std::string_view text, const std::vector<std::string>& table_columns,
                                       const std::vector<std::string>& told) {
  std::vector<std::string> inputs;
  std::copy_if(table_columns.begin(), table_columns.end(), std::back_inserter(inputs), [&](const std::string& name) {
    return tables::canonical_column(name) != name || !is_usual_parameter(name) ||
           std::find(told.begin(), told.end(), name) != told.end();
  });
  if (inputs.size() == table_columns.size()) return inputs;
  const Expression expression = Expression::parse_quantity(text, inputs, "--law");
  const auto& parameters = expression.parameters();
  for (const std::string& name : table_columns) {
    const auto at = std::find(parameters.begin(), parameters.end(), name);
    if (at != parameters.end() &&
        raised_to_a_fitted_power(expression, static_cast<std::size_t>(at - parameters.begin())))
      inputs.push_back(name);
  }
  return Expression::parse_quantity(text, inputs, "--law").columns().empty() ? table_columns : inputs;
}

namespace {

bool begins_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_word(char c) { return begins_word(c) || (c >= '0' && c <= '9') || c == '.'; }

// Visits the text in pieces: words, and what is between them. The e of 1e6 is no word.
template <class Visit>
void each_piece(std::string_view text, const Visit& visit) {
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && in_word(text[end])) ++end;
    end = std::max(end, i + 1);
    visit(text.substr(i, end - i), begins_word(text[i]));
    i = end;
  }
}

}  // namespace

std::vector<std::string> words_of(std::string_view law) {
  std::vector<std::string> words;
  each_piece(law, [&](std::string_view piece, bool is_name) {
    if (is_name) words.emplace_back(piece);
  });
  return words;
}

std::string with_other_names(std::string_view law, const std::vector<std::string>& names,
                             const std::vector<std::string>& taken) {
  const std::vector<std::string> words = words_of(law);
  const std::set<std::string> used(words.begin(), words.end()), reserved(taken.begin(), taken.end());
  std::string out;
  each_piece(law, [&](std::string_view piece, bool is_name) {
    std::string name(piece);
    if (is_name && std::find(names.begin(), names.end(), name) != names.end()) {
      int number = 0;
      const auto numbered = [&] { return fmt::format("{}_{}", piece, number); };
      while (used.contains(numbered()) || reserved.contains(numbered())) ++number;
      name = numbered();
    }
    out += name;
  });
  return out;
}

}  // namespace phaselaw::laws
