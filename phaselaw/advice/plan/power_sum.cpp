// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/power_sum.h"

#include <cmath>
#include <utility>
#include <vector>

#include "phaselaw/base/constants.h"

namespace phaselaw::advice {

namespace {

using laws::Node;
using laws::Op;

// amplitude * column^-exponent, by the places of the two parameters and of the column.
struct PowerTerm {
  std::size_t amplitude = 0, exponent = 0, column = 0;
};

class Terms {
 public:
  explicit Terms(const laws::Expression& expression) : nodes_(expression.nodes()) {
    collect(static_cast<int>(expression.root()));
  }
  [[nodiscard]] const std::vector<int>& all() const { return terms_; }

  [[nodiscard]] const Node& node(int i) const { return nodes_[static_cast<std::size_t>(i)]; }

  [[nodiscard]] std::optional<PowerTerm> power(int term) const {
    const Node& top = node(term);
    if (top.op == Op::divide && node(top.left).op == Op::parameter)
      return scaled(top.left, power_of_column(top.right, false));
    if (top.op != Op::multiply) return std::nullopt;
    if (node(top.left).op == Op::parameter) return scaled(top.left, power_of_column(top.right, true));
    return node(top.right).op == Op::parameter ? scaled(top.right, power_of_column(top.left, true)) : std::nullopt;
  }

 private:
  using ColumnPower = std::optional<std::pair<std::size_t, std::size_t>>;  // column, exponent

  void collect(int i) {
    if (node(i).op == Op::add) {
      collect(node(i).left);
      collect(node(i).right);
    } else {
      terms_.push_back(i);
    }
  }

  // column^-parameter if `negative`, column^parameter otherwise.
  [[nodiscard]] ColumnPower power_of_column(int i, bool negative) const {
    const Node& top = node(i);
    if (top.op != Op::power || node(top.left).op != Op::column) return std::nullopt;
    int exponent = top.right;
    if (negative) {
      if (node(exponent).op != Op::negate) return std::nullopt;
      exponent = node(exponent).left;
    }
    if (node(exponent).op != Op::parameter) return std::nullopt;
    return std::pair{node(top.left).index, node(exponent).index};
  }

  [[nodiscard]] std::optional<PowerTerm> scaled(int amplitude, const ColumnPower& power) const {
    if (!power) return std::nullopt;
    return PowerTerm{node(amplitude).index, power->second, power->first};
  }

  const std::vector<Node>& nodes_;
  std::vector<int> terms_;
};

}  // namespace

std::optional<PowerSum> power_sum_of(const laws::Law& law) {
  const Terms terms(law.expression);
  PowerSum sum;
  bool model = false, data = false;
  for (const int term : terms.all()) {
    if (terms.node(term).op == Op::parameter && !sum.floor) {
      sum.floor = terms.node(term).index;
      continue;
    }
    const std::optional<PowerTerm> power = terms.power(term);
    if (!power) return std::nullopt;
    const std::string& column = law.columns()[power->column];
    if (column == "n_params" && !std::exchange(model, true)) {
      sum.a = power->amplitude;
      sum.alpha = power->exponent;
    } else if (column == "tokens" && !std::exchange(data, true)) {
      sum.b = power->amplitude;
      sum.beta = power->exponent;
    } else {
      return std::nullopt;
    }
  }
  return model && data ? std::optional<PowerSum>(sum) : std::nullopt;
}

PowerSum::Values PowerSum::at(std::span<const double> p) const {
  return {floor ? p[*floor] : 0, p[a], p[alpha], p[b], p[beta]};
}

bool PowerSum::Values::has_minimum() const {
  for (const double x : {a, alpha, b, beta})
    if (!(x > 0) || std::isinf(x)) return false;
  return std::isfinite(floor);
}

// In logarithms, because A and B span many orders of magnitude.
double PowerSum::Values::n_params(double nd) const {
  return std::exp((std::log(alpha * a / (beta * b)) + beta * std::log(nd)) / (alpha + beta));
}

double PowerSum::Values::excess(double nd) const {
  const double log_n = std::log(n_params(nd));
  return std::exp(std::log(a) - alpha * log_n) + std::exp(std::log(b) - beta * (std::log(nd) - log_n));
}

double PowerSum::Values::product(double loss) const {
  if (!(loss > floor)) return base::kInfinity;
  return std::exp(std::log(excess(1) / (loss - floor)) * (alpha + beta) / (alpha * beta));
}

}  // namespace phaselaw::advice
