// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/free_sign.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "phaselaw/base/format.h"
#include "phaselaw/laws/law_roles.h"

namespace phaselaw::fitting {

namespace {

constexpr double kNearBound = 1e-6;  // share of the range of a logarithm that counts as the bound
constexpr double kStep = 1.01;       // factor of a column by which the direction of the law is found

// The positive parameters that end at their lower bound.
std::vector<std::string> at_lower_bound(const Fit& fit) {
  std::vector<std::string> names;
  for (std::size_t j = 0; j < fit.theta.size(); ++j) {
    const Coordinate& c = fit.coordinates[j];
    if (c.logarithmic && fit.theta[j] <= c.lower + kNearBound * std::max(1.0, c.upper - c.lower))
      names.push_back(c.name);
  }
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The law with free signs of `names`, and of its amplitudes and floors with `affine_too`.
laws::Law with_free_signs(const Fit& fit, const tables::Columns& columns, const std::vector<std::string>& names,
                          bool affine_too) {
  laws::Law law = fit.law;
  std::vector<bool> held;
  for (const laws::Parameter& parameter : law.parameters) held.push_back(fit.fixed.contains(parameter.name));
  const std::vector<laws::Role> roles = laws::roles_of(law, columns, held);
  for (std::size_t p = 0; p < roles.size(); ++p) {
    if (held[p]) continue;
    const bool affine = roles[p].kind == laws::RoleKind::amplitude;
    if (!contains(names, law.parameters[p].name) && !(affine && affine_too)) continue;
    law.parameters[p].domain = laws::ParameterDomain::real;
    law.parameters[p].meaning = "of either sign";
    if (affine) continue;  // its start follows from a linear problem
    law.parameters[p].low = -roles[p].high;
    law.parameters[p].high = roles[p].high;
  }
  return law;
}

std::size_t rows_with_weight(const FitOptions& options, std::size_t n) {
  if (options.weights.empty()) return n;
  return static_cast<std::size_t>(
      std::count_if(options.weights.begin(), options.weights.end(), [](double w) { return w > 0; }));
}

// ", so the loss rises with width", or "" if the law has several columns or no one direction.
std::string direction(const Fit& fit, const tables::Columns& columns) {
  const std::vector<std::string>& used = fit.law.columns();
  if (used.size() != 1) return "";
  tables::Columns at, beyond;
  std::vector<double> x = columns.get(used.front());
  at.add(used.front(), x);
  for (double& value : x) value *= kStep;
  beyond.add(used.front(), x);
  const std::vector<double> before = evaluate(fit.law, at, fit.value), after = evaluate(fit.law, beyond, fit.value);
  bool rises = true, falls = true;
  for (std::size_t i = 0; i < x.size(); ++i) {
    rises = rises && after[i] >= before[i];
    falls = falls && after[i] <= before[i];
  }
  if (rises == falls) return "";
  return fmt::format(", so the {} {} with {}", fit.law.output, rises ? "rises" : "falls", used.front());
}

std::string sentence_of(const Fit& fit, const tables::Columns& columns) {
  std::vector<std::string> negative;
  for (std::size_t p = 0; p < fit.value.size(); ++p)
    if (fit.law.parameters[p].domain == laws::ParameterDomain::real && fit.value[p] < 0)
      negative.push_back(fmt::format("{} ({})", fit.law.parameters[p].name, base::format_number(fit.value[p])));
  if (negative.empty()) return "";
  return fmt::format("{} {} negative{}; {} assumed to be positive and ended at a bound", fmt::join(negative, " and "),
                     negative.size() == 1 ? "is" : "are", direction(fit, columns),
                     negative.size() == 1 ? "it was" : "they were");
}

}  // namespace

std::optional<FreedLaw> freed(const Fit& fit, const tables::Measurements& data, const FitOptions& options) {
  if (fit.law.source != "user" || fit.theta.empty()) return std::nullopt;
  const std::vector<std::string> names = at_lower_bound(fit);
  if (names.empty()) return std::nullopt;
  FitOptions quick = options;
  quick.interval = IntervalMethod::none;
  quick.starts.clear();
  const double n = static_cast<double>(rows_with_weight(options, data.output.size()));
  for (const bool affine_too : {false, true}) {
    laws::Law law = with_free_signs(fit, data.columns, names, affine_too);
    law.source = "user, with free signs";  // it is not freed again
    const Fit free = fit_law(law, data, quick);
    if (!free.convergence.certified || free.theta.empty()) continue;
    if (!(n * std::log(fit.objective_value / free.objective_value) > kClearly)) continue;
    std::string sentence = sentence_of(free, data.columns);
    if (sentence.empty()) continue;  // it is elsewhere lower, and not because of a sign
    return FreedLaw{std::move(law), std::move(sentence)};
  }
  return std::nullopt;
}

}  // namespace phaselaw::fitting
