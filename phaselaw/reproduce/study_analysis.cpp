// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/study_analysis.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

namespace {

constexpr int kBandPoints = 60;

fitting::FitOptions options_of(const StudyCurves& curves, int resamples, std::uint64_t seed) {
  fitting::FitOptions options;
  options.objective = fitting::Objective::l2;  // the envelope of many curves has no outliers; l2 uses all of it
  options.interval = resamples > 0 ? fitting::IntervalMethod::bootstrap : fitting::IntervalMethod::none;
  options.resamples = std::max(resamples, 2);
  options.seed = static_cast<std::int64_t>(seed);
  // An excess risk tends to 0, a loss to an unknown floor.
  if (curves.quantity == Quantity::excess_risk) options.fix["E"] = 0;
  return options;
}

fitting::EnvelopeFit fit_two_stage(const StudyCurves& curves, const fitting::FitOptions& options) {
  std::vector<std::string> run;
  const tables::Measurements data = curves.flat(run);
  return fitting::fit_envelope(laws::law_from("two-stage"), data, run, options);
}

// The law over the compute of all runs, for drawing.
void add_band(const StudyCurves& curves, const fitting::EnvelopeFit& found, const fitting::FitOptions& options,
              StudyAnalysis& study) {
  std::vector<std::string> run;
  const tables::Measurements data = curves.flat(run);
  const std::vector<double> compute = data.columns.get("compute");
  const auto [first, last] = std::minmax_element(compute.begin(), compute.end());
  study.band_compute = numerics::log_spaced(*first, *last, kBandPoints);
  tables::Columns at;
  at.add("compute", study.band_compute);
  fitting::FitOptions clustered = options;
  clustered.cluster = tables::picked(run, found.rows);
  if (!found.fit.value.empty()) study.band = fitting::predict(found.fit, data.rows(found.rows), clustered, at);
}

std::vector<BestOfSize> best_of_sizes(const StudyCurves& curves) {
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

bool passed_its_minimum(const RunCurve& run) {
  return std::min_element(run.value.begin(), run.value.end()) != run.value.end() - 1;
}

fitting::Ranking rank_forms(std::span<const double> compute, std::span<const double> value, bool floor_is_zero) {
  tables::Measurements data;
  data.columns.add("compute", {compute.begin(), compute.end()});
  data.output.assign(value.begin(), value.end());
  fitting::FitOptions options;
  options.objective = fitting::Objective::l2;
  options.interval = fitting::IntervalMethod::none;
  if (floor_is_zero) options.fix["E"] = 0;
  std::vector<laws::Law> forms;
  for (const char* name : {"two-stage", "shifted-power@compute", "exponential@compute", "power"})
    forms.push_back(laws::law_from(name));
  return fitting::rank_laws(forms, data, options, 0);
}

StudyAnalysis analyse(StudyCurves curves, int resamples, std::uint64_t seed) {
  StudyAnalysis study;
  study.curves = std::move(curves);
  study.envelope = study.curves.envelope();
  const fitting::FitOptions options = options_of(study.curves, resamples, seed);
  const fitting::EnvelopeFit found = fit_two_stage(study.curves, options);
  study.law = found.fit;
  if (resamples > 0) add_band(study.curves, found, options, study);

  const auto& longest =
      *std::max_element(study.curves.runs.begin(), study.curves.runs.end(), [](const RunCurve& a, const RunCurve& b) {
        return std::pair(a.n_data, a.compute.back()) < std::pair(b.n_data, b.compute.back());
      });
  study.longest_run = longest.run;
  study.longest = rank_forms(longest.compute, longest.value, study.curves.quantity == Quantity::excess_risk);

  study.best = best_of_sizes(study.curves);
  std::vector<double> sizes, values;
  for (const auto& run : study.curves.runs) {
    if (!passed_its_minimum(run)) continue;
    sizes.push_back(static_cast<double>(run.n_data));
    values.push_back(*std::min_element(run.value.begin(), run.value.end()));
  }
  study.runs_at_minimum = sizes.size();
  const auto distinct = std::set<double>(sizes.begin(), sizes.end()).size();
  study.has_data_law = study.curves.quantity == Quantity::excess_risk && distinct >= 3 && sizes.size() >= 5;
  if (study.has_data_law) {
    tables::Measurements data;
    data.columns.add("n_data", sizes);
    data.output = values;
    fitting::FitOptions profile;
    profile.objective = fitting::Objective::l2;
    profile.interval = fitting::IntervalMethod::profile;
    study.data_law = fitting::fit_law(laws::law_from("A*n^-q"), data, profile);
  }
  return study;
}

std::string answer_of(const StudyAnalysis& study) {
  const auto* q = study.law.find("q");
  const char* what = study.curves.quantity == Quantity::excess_risk ? "excess risk" : "reducible loss";
  if (!q->identified || !study.law.convergence.certified)
    return fmt::format("These {} runs do not say how the {} of their envelope falls in its second stage.",
                       study.curves.runs.size(), what);
  return fmt::format("The {} on the envelope of {} runs falls as compute^-q in its second stage, with q = {}.", what,
                     study.curves.runs.size(),
                     base::format_value(q->value, q->lo.value_or(base::kNaN), q->hi.value_or(base::kNaN)));
}

}  // namespace phaselaw::reproduce
