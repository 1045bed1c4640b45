// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/compare/compare.h"
#include "phaselaw/base/format.h"

// What limits a comparison of finished runs.
namespace phaselaw::advice {

namespace {

constexpr double kSeparateLevel = 0.05, kUnevenNoiseLevel = 0.01;
constexpr double kBeyond = 1.5;  // factor beyond the baseline's runs that is worth a sentence

std::string shown_p(double p) { return p < 1e-4 ? "p < 0.0001" : fmt::format("p = {}", base::format_number(p, 2)); }

void add_missing(const ResourceComparison& c, const std::string& baseline, const std::string& candidate,
                 std::vector<Limit>& limits) {
  if (!c.fitted && !c.places.empty()) limits.push_back({Harm::undetermined, c.why});
  if (c.places.empty())
    limits.push_back(
        {Harm::undetermined,
         fmt::format("{} and {} have no budget in common and no laws, so they cannot be compared; run {} at "
                     "a budget of {}",
                     baseline, candidate, candidate, baseline)});
  const ComparedPlace* lead = c.lead();
  if (lead != nullptr && lead->extrapolated)
    limits.push_back(
        {Harm::extrapolated,
         fmt::format("the budgets of {} and {} do not overlap: the comparison at {} extrapolates a law to where "
                     "that recipe was not measured; run both at one budget",
                     baseline, candidate, base::format_number(lead->resource, 3, base::Notation::power))});
  else if (lead != nullptr && (!lead->baseline_measured || !lead->candidate_measured))
    limits.push_back({Harm::remark, fmt::format("at {} {} was not measured; its loss is interpolated on its fitted law",
                                                base::format_number(lead->resource, 3, base::Notation::power),
                                                lead->baseline_measured ? candidate : baseline)});
}

void add_tests(const ResourceComparison& c, const CompareOptions& options, std::vector<Limit>& limits) {
  if (c.law_from > 0)
    limits.push_back(
        {Harm::remark, fmt::format("the runs below {} bend away from the power laws and are left out of them",
                                   base::format_number(c.law_from, 3, base::notation_of(c.unit)))});
  if (c.p_lack_of_fit < kMissLevel)
    limits.push_back(
        {Harm::wrong,
         fmt::format("the power laws miss the means of the seeds ({}), so the factors and their intervals are not "
                     "reliable; compare at measured budgets, and check that the runs are tuned alike",
                     shown_p(c.p_lack_of_fit))});
  else if (c.p_curved < kMissLevel)
    limits.push_back(
        {Harm::wrong,
         fmt::format("the runs bend away from the power laws ({}), so the factors and their intervals are not "
                     "reliable; check that the runs are tuned alike, or keep only budgets in one regime (--where)",
                     shown_p(c.p_curved))});
  if (c.p_separate_floors < kSeparateLevel)
    limits.push_back(
        {Harm::wrong, fmt::format("the recipes seem to have different floors ({}); use --separate-floors if "
                                  "their data or tokenisers differ",
                                  shown_p(c.p_separate_floors))});
  if (c.p_uneven_noise < kUnevenNoiseLevel)
    limits.push_back(
        {Harm::wrong, fmt::format("the runs of one recipe scatter more than those of the other ({}), and the "
                                  "intervals take their noise as equal; trust the means of the seeds",
                                  shown_p(c.p_uneven_noise))});
  if (options.separate_floors && c.fitted)
    limits.push_back({Harm::remark,
                      "with separate floors the lower floor decides at large compute, whatever the "
                      "exponents are"});
}

void add_floor(const ResourceComparison& c, const CompareOptions& options, std::vector<Limit>& limits) {
  if (!c.fitted) return;
  if (c.law && !c.law->determines_floor())
    limits.push_back({Harm::undetermined,
                      "two budgets do not determine a floor, so the intervals include all floors; give "
                      "--floor if it is known, or add a third budget"});
  else if (c.outcome_hinges)
    limits.push_back({Harm::undetermined,
                      "whether the recipe is better hinges on the floor: the table of floors has other "
                      "answers at floors that the runs allow"});
  else if (c.trend_hinges && c.trend != Trend::inconclusive)
    limits.push_back({Harm::undetermined,
                      "whether the gain lasts hinges on the floor: the table of floors has other "
                      "answers at floors that the runs allow"});
  if (!options.floor) return;
  for (const FloorRow& row : c.floors)
    if (row.floor == *options.floor && !row.plausible)
      limits.push_back({Harm::wrong, fmt::format("the runs refute the floor {} that was given ({})",
                                                 base::format_number(row.floor, 4), shown_p(row.p))});
}

}  // namespace

std::vector<Limit> comparison_limits(const ResourceComparison& c, const std::string& baseline,
                                     const std::string& candidate, const CompareOptions& options) {
  std::vector<Limit> limits;
  add_missing(c, baseline, candidate, limits);
  add_tests(c, options, limits);
  add_floor(c, options, limits);
  const ComparedPlace* lead = c.lead();
  if (c.fitted && lead != nullptr && lead->beyond_baseline) {
    const auto [lo, hi] = std::minmax_element(c.baseline.resource.begin(), c.baseline.resource.end());
    const double wanted = lead->resource * lead->speedup.value;
    const double beyond = wanted > *hi ? wanted / *hi : *lo / wanted;
    if (beyond > kBeyond)
      limits.push_back(
          {Harm::extrapolated, fmt::format("the factor rests on the law of {} {} times {} its runs", baseline,
                                           base::format_number(beyond, 2), wanted > *hi ? "beyond" : "below")});
  }
  if (c.fitted && lead != nullptr && (!lead->seeds || std::isnan(lead->seeds->p)))
    limits.push_back({Harm::remark,
                      "no budget has two seeds of a recipe at the quoted place: the noise is the scatter of "
                      "the runs about the laws, which takes the laws as true"});
  return limits;
}

}  // namespace phaselaw::advice
