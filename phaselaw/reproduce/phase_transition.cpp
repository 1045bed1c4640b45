// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/phase_transition.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/laws/envelope_fit.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::reproduce {

namespace {

constexpr int kBandPoints = 60;

laws::Fit fit_envelope(const verbs::StudyCurves& curves, const laws::Known& known, int resamples, std::uint64_t seed) {
  laws::TwoStageOptions options;
  options.known = known;
  options.fit.objective = laws::Objective::l2;  // the envelope of many curves has no outliers; l2 uses all of it
  options.fit.interval = resamples > 0 ? laws::IntervalMethod::bootstrap : laws::IntervalMethod::none;
  options.fit.resamples = std::max(resamples, 2);
  options.fit.seed = seed;
  const laws::Curves flat = curves.flat();
  const auto [first, last] = std::minmax_element(flat.compute.begin(), flat.compute.end());
  if (resamples > 0) options.band_compute = numerics::log_spaced(*first, *last, kBandPoints);
  return laws::fit_two_stage_envelope(flat, options);
}

std::vector<BestOfSize> best_of_sizes(const verbs::StudyCurves& curves) {
  std::map<std::int64_t, std::vector<double>> by_size;
  for (const auto& run : curves.runs)
    by_size[run.n_data].push_back(*std::min_element(run.value.begin(), run.value.end()));
  std::vector<BestOfSize> best;
  for (auto& [n, values] : by_size) {
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    const double median = values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
    best.push_back({n, median, values.front(), values.back()});
  }
  return best;
}

}  // namespace

bool passed_its_minimum(const verbs::RunCurve& run) {
  return std::min_element(run.value.begin(), run.value.end()) != run.value.end() - 1;
}

laws::Fit envelope_law(const verbs::StudyCurves& curves, int resamples, std::uint64_t seed) {
  laws::Known known;
  if (curves.quantity == verbs::Quantity::test_loss) known.floor.reset();
  return fit_envelope(curves, known, resamples, seed);
}

PhaseTransition analyse(std::string name, verbs::StudyCurves curves, int resamples, std::uint64_t seed) {
  PhaseTransition study;
  study.name = std::move(name);
  study.curves = std::move(curves);
  study.envelope = laws::staircase(study.curves.flat());
  laws::Known known;
  if (study.curves.quantity == verbs::Quantity::test_loss) known.floor.reset();
  study.law = envelope_law(study.curves, resamples, seed);
  known.exponent = theory::edition_v1().exponent();
  study.law_v1 = fit_envelope(study.curves, known, 0, seed);
  known.exponent = theory::edition_v3().exponent();
  study.law_v3 = fit_envelope(study.curves, known, 0, seed);

  const auto& longest = *std::max_element(
      study.curves.runs.begin(), study.curves.runs.end(), [](const verbs::RunCurve& a, const verbs::RunCurve& b) {
        return std::pair(a.n_data, a.compute.back()) < std::pair(b.n_data, b.compute.back());
      });
  study.longest_run = longest.run;
  known.exponent.reset();
  laws::FitOptions options;
  options.objective = laws::Objective::l2;
  options.interval = laws::IntervalMethod::none;
  study.longest = laws::compare_forms(longest.compute, longest.value, known, options);

  study.best = best_of_sizes(study.curves);
  std::vector<double> sizes, values;
  for (const auto& run : study.curves.runs) {
    if (!passed_its_minimum(run)) continue;
    sizes.push_back(static_cast<double>(run.n_data));
    values.push_back(*std::min_element(run.value.begin(), run.value.end()));
  }
  study.runs_at_minimum = sizes.size();
  const auto distinct = std::set<double>(sizes.begin(), sizes.end()).size();
  study.has_data_law = study.curves.quantity == verbs::Quantity::excess_risk && distinct >= 3 && sizes.size() >= 5;
  if (study.has_data_law) {
    const auto data = laws::log_data(sizes, values);
    options.interval = laws::IntervalMethod::profile;
    study.data_law = laws::fit_form(*laws::power_form(data, {}), data, options);
  }
  return study;
}

}  // namespace phaselaw::reproduce
