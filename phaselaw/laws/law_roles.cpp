// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_roles.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace phaselaw::laws {

namespace {

constexpr double kLowExponent = 0.04, kHighExponent = 2;
constexpr double kLowRatio = 0.3, kHighRatio = 300;  // range of a scale without a unit
constexpr double kLowOther = 1e-2, kHighOther = 1e2;
constexpr double kBelowColumn = 1e-2, kAboveColumn = 1e3;  // distance of scales from the column's range

class RoleReader {
 public:
  RoleReader(const Expression& expression, const tables::Columns& columns) : nodes_(expression.nodes()) {
    for (const std::string& name : expression.columns()) {
      double low = std::numeric_limits<double>::infinity(), high = 0;
      for (const double x : columns.get(name)) {
        if (x > 0) low = std::min(low, x);
        high = std::max(high, x);
      }
      if (!(high > 0)) low = high = 1;
      range_.push_back({RoleKind::scale, low, high});
    }
  }

  Role read(std::size_t parameter) const {
    Role role{RoleKind::other, kLowOther, kHighOther};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      if (node.right < 0) continue;
      const auto l = static_cast<std::size_t>(node.left), r = static_cast<std::size_t>(node.right);
      const bool left = is(l, parameter), right = is(r, parameter);
      if (node.op == Op::divide && (left || right)) {
        const std::size_t other = left ? r : l;
        if (nodes_[other].op == Op::column) return around(range_[nodes_[other].index]);
        if (right && uses_column(other)) return {RoleKind::scale, kLowRatio, kHighRatio};
      }
      if (node.op == Op::multiply && (left || right)) {
        const std::size_t other = left ? r : l;
        if (nodes_[other].op == Op::column) {
          const Role& range = range_[nodes_[other].index];
          role = {RoleKind::rate, 0.1 / range.high, 10 / range.low};
        }
      }
      if (node.op == Op::power && contains(r, parameter) && role.kind == RoleKind::other)
        role = {RoleKind::exponent, kLowExponent, kHighExponent};
    }
    return role;
  }

 private:
  static Role around(const Role& range) {
    return {RoleKind::scale, range.low * kBelowColumn, range.high * kAboveColumn};
  }
  bool is(std::size_t node, std::size_t parameter) const {
    return nodes_[node].op == Op::parameter && nodes_[node].index == parameter;
  }
  template <class Test>
  bool any_below(std::size_t node, const Test& test) const {
    std::vector<bool> seen(node + 1, false);
    seen[node] = true;
    for (std::size_t i = node + 1; i-- > 0;) {
      if (!seen[i]) continue;
      if (test(nodes_[i])) return true;
      for (const int child : {nodes_[i].left, nodes_[i].right})
        if (child >= 0) seen[static_cast<std::size_t>(child)] = true;
    }
    return false;
  }
  bool contains(std::size_t node, std::size_t parameter) const {
    return any_below(node, [&](const Node& n) { return n.op == Op::parameter && n.index == parameter; });
  }
  bool uses_column(std::size_t node) const {
    return any_below(node, [](const Node& n) { return n.op == Op::column; });
  }

  const std::vector<Node>& nodes_;
  std::vector<Role> range_;  // of the columns
};

}  // namespace

bool is_floor(const Law& law, std::size_t parameter) {
  if (law.parameters[parameter].domain == ParameterDomain::real) return false;
  const std::vector<Node>& nodes = law.expression.nodes();
  // Of each node, from those of its operands: never negative; contains the parameter; is the parameter plus terms that
  // are never negative; contains another parameter. A law without another parameter, such as a mean, has no floor.
  std::vector<bool> sign(nodes.size()), contains(nodes.size()), adds(nodes.size()), others(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const Node& node = nodes[i];
    const auto l = static_cast<std::size_t>(node.left), r = static_cast<std::size_t>(node.right);
    const bool left = node.left >= 0 && sign[l], right = node.right >= 0 && sign[r];
    switch (node.op) {
      case Op::number:
        sign[i] = node.number >= 0;
        break;
      case Op::parameter:
        sign[i] = law.parameters[node.index].domain != ParameterDomain::real;
        break;
      case Op::column:
      case Op::exp:
      case Op::sqrt:
      case Op::lambert_w:
        sign[i] = true;
        break;  // a column is >= 0, and so is the argument of lambert_w
      case Op::power:
        sign[i] = left;
        break;
      case Op::max:
        sign[i] = left || right;
        break;
      case Op::add:
      case Op::multiply:
      case Op::divide:
      case Op::min:
        sign[i] = left && right;
        break;
      case Op::subtract:
      case Op::negate:
      case Op::log:
        break;
    }
    adds[i] = contains[i] = node.op == Op::parameter && node.index == parameter;
    others[i] =
        (node.op == Op::parameter && !adds[i]) || (node.left >= 0 && others[l]) || (node.right >= 0 && others[r]);
    if (adds[i]) continue;
    const bool in_left = node.left >= 0 && contains[l], in_right = node.right >= 0 && contains[r];
    contains[i] = in_left || in_right;
    adds[i] = node.op == Op::add && ((adds[l] && right && !in_right) || (adds[r] && left && !in_left));
  }
  return adds[law.expression.root()] && others[law.expression.root()];
}

std::vector<Role> roles_of(const Law& law, const tables::Columns& columns, const std::vector<bool>& held) {
  const std::vector<bool> affine = law.expression.affine_parameters(held);
  const RoleReader reader(law.expression, columns);
  std::vector<Role> roles(law.parameters.size());
  for (std::size_t p = 0; p < roles.size(); ++p) {
    if (!held.empty() && held[p]) continue;
    roles[p] = reader.read(p);
    if (affine[p]) roles[p].kind = RoleKind::amplitude;
    if (law.parameters[p].low < law.parameters[p].high) {
      roles[p].low = law.parameters[p].low;
      roles[p].high = law.parameters[p].high;
    }
  }
  return roles;
}

}  // namespace phaselaw::laws
