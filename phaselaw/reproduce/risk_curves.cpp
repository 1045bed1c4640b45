// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/risk_curves.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

namespace phaselaw::reproduce {

namespace {

struct Key {
  std::int64_t n_data, teacher;
  auto operator<=>(const Key&) const = default;
};

std::size_t place(const std::vector<std::int64_t>& sorted, std::int64_t value) {
  return static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), value) - sorted.begin());
}

}  // namespace

RiskCurves risk_curves(const std::vector<store::RunRecord>& runs, const std::string& source) {
  RiskCurves curves;
  std::map<Key, const store::RunRecord*> by_key;
  std::set<std::int64_t> sizes, teachers;
  for (const auto& run : runs) {
    const base::Value configuration = base::parse_json(run.configuration, source);
    const Key key{configuration.at("data").at("n_data").integer(), configuration.at("seed").integer()};
    sizes.insert(key.n_data);
    teachers.insert(key.teacher);
    if (run.status == store::Status::kFinished)
      by_key[key] = &run;
    else
      ++curves.diverged;
  }
  curves.sizes.assign(sizes.begin(), sizes.end());
  curves.teachers.assign(teachers.begin(), teachers.end());
  curves.risk.assign(sizes.size(), std::vector<std::vector<double>>(teachers.size()));
  for (const auto& [key, run] : by_key) {
    std::vector<double> times, risk;
    for (const auto& m : run->measurements) {
      times.push_back(m.time);
      risk.push_back(m.excess_risk);
      if (!std::isfinite(m.excess_risk))
        throw base::InputError({source},
                               "expected runs with an excess risk at each measurement; found one without. "
                               "Use a source with a known target");
    }
    if (curves.times.empty()) curves.times = times;
    if (times != curves.times)
      throw base::InputError({source},
                             "expected runs that are measured at the same times; use one number of steps and "
                             "one learning rate");
    curves.risk[place(curves.sizes, key.n_data)][place(curves.teachers, key.teacher)] = std::move(risk);
  }
  return curves;
}

std::vector<std::size_t> complete_teachers(std::span<const RiskCurves* const> curves) {
  PHASELAW_CHECK(!curves.empty());
  std::vector<std::size_t> complete;
  for (std::size_t teacher = 0; teacher < curves.front()->teachers.size(); ++teacher) {
    bool all = true;
    for (const RiskCurves* each : curves)
      for (const auto& of_size : each->risk) all = all && teacher < of_size.size() && !of_size[teacher].empty();
    if (all) complete.push_back(teacher);
  }
  return complete;
}

std::vector<double> mean_curve(const std::vector<std::vector<double>>& curves, std::span<const std::size_t> teachers) {
  PHASELAW_CHECK(!teachers.empty());
  std::vector<double> mean(curves[teachers.front()].size(), 0.0);
  for (const std::size_t teacher : teachers) {
    PHASELAW_CHECK_EQ(curves[teacher].size(), mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += curves[teacher][i] / static_cast<double>(teachers.size());
  }
  return mean;
}

Best best_of(std::span<const double> curve) {
  const auto at = std::min_element(curve.begin(), curve.end());
  return {static_cast<std::size_t>(at - curve.begin()), *at};
}

}  // namespace phaselaw::reproduce
