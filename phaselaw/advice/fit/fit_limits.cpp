// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_limits.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/laws/law_roles.h"

namespace phaselaw::advice {

namespace {

// "E, A and B"
std::string listed(const std::vector<std::string>& names) {
  if (names.size() < 2) return names.empty() ? "" : names.front();
  return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

// The larger factor between a positive value and an end of its interval.
double factor_to_end(const fitting::Estimate& e) { return std::max(*e.hi / e.value, e.value / *e.lo); }

std::string precision_of(const fitting::Estimate& e) {
  if (!(e.value > 0) || !(*e.lo > 0)) return "";
  const double factor = factor_to_end(e);
  return factor < 2 ? fmt::format(" within {}", base::format_percent(factor - 1))
                    : fmt::format(" within a factor {}", base::format_number(factor, 2));
}

// Whether the parameter stands in an exponent of the law.
bool is_exponent(const laws::Law& law, std::size_t parameter) {
  const std::vector<laws::Node>& nodes = law.expression.nodes();
  std::vector<bool> contains(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto in = [&](int child) { return child >= 0 && contains[static_cast<std::size_t>(child)]; };
    contains[i] =
        (nodes[i].op == laws::Op::parameter && nodes[i].index == parameter) || in(nodes[i].left) || in(nodes[i].right);
    if (nodes[i].op == laws::Op::power && in(nodes[i].right)) return true;
  }
  return false;
}

// Exponents first, because they are asked for, then floors, then the others.
std::vector<std::size_t> by_interest(const fitting::Fit& fit) {
  std::vector<std::size_t> order;
  const auto rank = [&](std::size_t i) {
    const std::size_t p = fit.law.find(fit.parameters[i].name);
    return is_exponent(fit.law, p) ? 0 : laws::is_floor(fit.law, p) ? 1 : 2;
  };
  for (std::size_t i = 0; i < fit.parameters.size(); ++i)
    if (!fit.parameters[i].fixed) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  return order;
}

// Whether a warning of the fit is about one of its parameters: its first word is the name.
bool is_about_parameter(const fitting::Fit& fit, const std::string& warning) {
  const std::string first = warning.substr(0, warning.find(' '));
  return std::any_of(fit.parameters.begin(), fit.parameters.end(),
                     [&](const fitting::Estimate& e) { return e.name == first; });
}

std::string uncertified(const fitting::Fit& fit) {
  return fmt::format(
      "no certified optimum was found ({}), so the parameters are unreliable; hold a parameter with "
      "--fix, or measure a wider range",
      fit.convergence.status);
}

void add_identification(const fitting::Fit& fit, std::vector<Limit>& limits) {
  std::vector<std::string> open;
  for (const fitting::Estimate& e : fit.parameters)
    if (!e.identified && !e.fixed) open.push_back(e.name);
  std::vector<std::string> about;
  for (const std::string& warning : fit.warnings)
    if (is_about_parameter(fit, warning)) about.push_back(warning);
  const bool explained = open.size() == 1 && !about.empty();
  if (!open.empty() && !explained)
    limits.push_back(
        {Harm::undetermined,
         fmt::format("the rows do not identify {}: {}; hold one with --fix, or measure a wider range", listed(open),
                     open.size() == 1 ? "its interval is open or very wide, or it ends at a bound"
                                      : "their intervals are open or very wide, or they end at a bound")});
  // "X is poorly constrained" says no more of one of several parameters than the sentence about all of them.
  for (const std::string& warning : about)
    if (explained)
      limits.push_back({warning == about.front() ? Harm::undetermined : Harm::remark, warning});
    else if (warning.find(" is poorly constrained") == std::string::npos)
      limits.push_back({Harm::remark, warning});
}

// The largest error with which fits to the cheaper rows predicted dearer ones.
void add_extrapolation(const fitting::RankedLaw& best, std::vector<Limit>& limits) {
  std::vector<fitting::Holdout> past = best.backtest;
  if (best.holdout) past.push_back(*best.holdout);
  std::erase_if(
      past, [](const fitting::Holdout& h) { return !(h.compute_factor > 1) || !std::isfinite(h.mean_abs_rel_error); });
  if (past.empty()) return;
  const auto worst = std::max_element(past.begin(), past.end(), [](const auto& a, const auto& b) {
    return a.mean_abs_rel_error < b.mean_abs_rel_error;
  });
  constexpr double kShownFactor = 1.05;  // a smaller one would be printed as 1
  const std::string at = worst->compute_factor < kShownFactor
                             ? ""
                             : fmt::format(", at {} times the size", base::format_number(worst->compute_factor, 2));
  limits.push_back({Harm::extrapolated,
                    fmt::format("fits to the smaller rows missed the larger ones by up to {}{}; expect at least this "
                                "error beyond the largest row, which no interval includes",
                                base::format_percent(worst->mean_abs_rel_error), at)});
}

}  // namespace

std::string fit_summary(const fitting::Fit& fit, const RowFacts& facts) {
  const std::string scatter = fmt::format("scatter by {} about the law", base::format_percent(fit.residual_scale));
  if (!fit.convergence.certified)
    return fmt::format("The parameters must not be used: no certified optimum was found. The rows {}.", scatter);
  if (fit.method == fitting::IntervalMethod::none)
    return fmt::format("The rows {}; without intervals, nothing is known of the errors of its parameters.", scatter);
  std::vector<std::string> known, open;
  for (const std::size_t i : by_interest(fit)) {
    const fitting::Estimate& e = fit.parameters[i];
    if (e.identified && e.lo && e.hi)
      known.push_back(e.name + precision_of(e));
    else
      open.push_back(e.name);
  }
  const std::string begin = facts.lack_of_fit ? "The law misses these rows by more than their noise. If it held, they "
                                                "would determine"
                                              : "The rows determine";
  const std::string determined =
      known.empty()
          ? " none of the parameters"
          : fmt::format(" {}{}", listed(known), open.empty() ? "" : fmt::format(", but not {}", listed(open)));
  return fmt::format("{}{}; they {}.", begin, determined, scatter);
}

std::vector<Limit> fit_limits(const fitting::RankedLaw& best, const RowFacts& facts) {
  const fitting::Fit& fit = best.fit;
  std::vector<Limit> limits;
  if (!fit.convergence.certified) limits.push_back({Harm::wrong, uncertified(fit)});
  if (facts.lack_of_fit) limits.push_back({Harm::wrong, *facts.lack_of_fit});
  limits.insert(limits.end(), facts.limits.begin(), facts.limits.end());
  for (const std::string& warning : fit.warnings)
    if (!is_about_parameter(fit, warning) && !warning.starts_with("the fit is not certified"))
      limits.push_back({Harm::undetermined, warning});
  add_identification(fit, limits);
  add_extrapolation(best, limits);
  return limits;
}

}  // namespace phaselaw::advice
