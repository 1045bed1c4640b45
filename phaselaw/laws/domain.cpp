// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/domain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "phaselaw/laws/law_roles.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::laws {

namespace {

constexpr double kLowAmplitude = 1e-3, kHighAmplitude = 1e3;

double applied(Op op, double a, double b) {
  switch (op) {
    case Op::add:
      return a + b;
    case Op::subtract:
      return a - b;
    case Op::multiply:
      return a * b;
    case Op::divide:
      return a / b;
    case Op::power:
      return std::pow(a, b);
    case Op::negate:
      return -a;
    case Op::exp:
      return std::exp(a);
    case Op::log:
      return std::log(a);
    case Op::sqrt:
      return std::sqrt(a);
    case Op::min:
      return std::min(a, b);
    case Op::max:
      return std::max(a, b);
    case Op::lambert_w:
      return a >= 0 ? numerics::lambert_w0(a) : std::numeric_limits<double>::quiet_NaN();
    case Op::number:
    case Op::column:
    case Op::parameter:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

// The value of every operation at one row.
void evaluate_nodes(const std::vector<Node>& nodes, const std::vector<std::vector<double>>& columns, std::size_t row,
                    const std::vector<double>& parameters, std::vector<double>& value) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const auto at = [&](int child) { return child >= 0 ? value[static_cast<std::size_t>(child)] : 0.0; };
    value[i] = node.op == Op::number      ? node.number
               : node.op == Op::column    ? columns[node.index][row]
               : node.op == Op::parameter ? parameters[node.index]
                                          : applied(node.op, at(node.left), at(node.right));
  }
}

// Parameters at one of the points: a share of each range that differs from parameter to parameter (multiples of the
// golden ratio, which fill an interval evenly).
std::vector<double> parameters_at(const Law& law, const std::vector<Role>& roles,
                                  const std::vector<std::optional<double>>& held, std::size_t point) {
  constexpr double kGolden = 0.6180339887498949;
  std::vector<double> out(law.parameters.size());
  for (std::size_t p = 0; p < out.size(); ++p) {
    const double turn = static_cast<double>((point + 1) * (p + 1)) * kGolden, share = turn - std::floor(turn);
    const bool amplitude = roles[p].kind == RoleKind::amplitude;
    const double low = amplitude ? kLowAmplitude : roles[p].low, high = amplitude ? kHighAmplitude : roles[p].high;
    const double sign = law.parameters[p].domain == ParameterDomain::real && point % 2 == 1 ? -1 : 1;
    out[p] = p < held.size() && held[p] ? *held[p] : sign * low * std::pow(high / low, share);
  }
  return out;
}

// Columns below an operation.
std::vector<std::size_t> columns_below(const std::vector<Node>& nodes, std::size_t top) {
  std::vector<bool> below(top + 1, false);
  std::vector<std::size_t> found;
  below[top] = true;
  for (std::size_t i = top + 1; i-- > 0;) {
    if (!below[i]) continue;
    if (nodes[i].op == Op::column && std::find(found.begin(), found.end(), nodes[i].index) == found.end())
      found.push_back(nodes[i].index);
    for (const int child : {nodes[i].left, nodes[i].right})
      if (child >= 0) below[static_cast<std::size_t>(child)] = true;
  }
  return found;
}

// Names the first operation without a value.
void explain(const Law& law, const std::vector<std::vector<double>>& columns, const std::vector<double>& value,
             std::size_t row, OutsideDomain& out) {
  const auto& nodes = law.expression.nodes();
  std::size_t culprit = law.expression.root();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (!std::isfinite(value[i])) {
      culprit = i;
      break;
    }
  const double v = value[culprit];
  out.part = text_of(law.expression, culprit);
  out.value = std::isinf(v) ? "infinite" : std::isnan(v) ? "not a number" : v == 0 ? "zero" : "negative";
  const std::vector<std::size_t> below = columns_below(nodes, culprit);
  if (below.size() == 1) out.column = law.columns()[below.front()];
  for (const std::size_t c : below)
    if (columns[c][row] == 0) out.column = law.columns()[c];
}

int precedence(Op op) {
  switch (op) {
    case Op::add:
    case Op::subtract:
      return 1;
    case Op::multiply:
    case Op::divide:
      return 2;
    case Op::negate:
      return 3;
    case Op::power:
      return 4;
    default:
      return 5;
  }
}

const char* symbol(Op op) {
  switch (op) {
    case Op::add:
      return " + ";
    case Op::subtract:
      return " - ";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    case Op::power:
      return "^";
    case Op::exp:
      return "exp";
    case Op::log:
      return "log";
    case Op::sqrt:
      return "sqrt";
    case Op::min:
      return "min";
    case Op::max:
      return "max";
    case Op::lambert_w:
      return "lambert_w";
    default:
      return "";
  }
}

}  // namespace

std::string text_of(const Expression& expression, std::size_t at) {
  const Node& node = expression.nodes()[at];
  const auto child = [&](int index, int least) {
    const auto i = static_cast<std::size_t>(index);
    const std::string text = text_of(expression, i);
    return precedence(expression.nodes()[i].op) < least ? "(" + text + ")" : text;
  };
  switch (node.op) {
    case Op::number:
      return fmt::format("{}", node.number);
    case Op::column:
      return expression.columns()[node.index];
    case Op::parameter:
      return expression.parameters()[node.index];
    case Op::negate:
      return "-" + child(node.left, 3);
    case Op::add:
    case Op::multiply:
      return child(node.left, precedence(node.op)) + symbol(node.op) + child(node.right, precedence(node.op));
    case Op::subtract:
    case Op::divide:
      return child(node.left, precedence(node.op)) + symbol(node.op) + child(node.right, precedence(node.op) + 1);
    case Op::power:  // -a needs no brackets as an exponent: N^-a
      return child(node.left, 5) + "^" + child(node.right, 3);
    case Op::min:
    case Op::max:
      return fmt::format("{}({}, {})", symbol(node.op), child(node.left, 0), child(node.right, 0));
    default:
      return fmt::format("{}({})", symbol(node.op), child(node.left, 0));
  }
}

std::optional<OutsideDomain> outside_domain(const Law& law, const tables::Columns& columns,
                                            const std::vector<std::optional<double>>& held, bool must_be_positive) {
  std::vector<std::vector<double>> values;
  for (const std::string& name : law.columns()) values.push_back(columns.get(name));
  std::vector<bool> is_held(law.parameters.size());
  for (std::size_t p = 0; p < is_held.size(); ++p) is_held[p] = p < held.size() && held[p].has_value();
  std::vector<Role> roles = roles_of(law, columns, is_held);
  std::vector<std::vector<double>> points;
  for (std::size_t k = 0; k < kDomainPoints; ++k) points.push_back(parameters_at(law, roles, held, k));
  const auto& nodes = law.expression.nodes();
  std::vector<double> value(nodes.size());
  const auto inside = [&](std::size_t row, const std::vector<double>& parameters) {
    evaluate_nodes(nodes, values, row, parameters, value);
    const double v = value[law.expression.root()];
    return std::isfinite(v) && (!must_be_positive || v > 0);
  };
  OutsideDomain out;
  for (std::size_t row = 0; row < columns.n_rows(); ++row)
    if (std::none_of(points.begin(), points.end(), [&](const auto& at) { return inside(row, at); }))
      out.rows.push_back(row);
  if (out.rows.empty()) return std::nullopt;
  (void)inside(out.rows.front(), points.front());
  explain(law, values, value, out.rows.front(), out);
  return out;
}

}  // namespace phaselaw::laws
