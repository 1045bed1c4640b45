// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/compare/paired_law.h"
#include "phaselaw/advice/compare/seeds.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// Two recipes by their finished runs: whether the candidate is better than the baseline, by what factor in a resource,
// and whether the gain lasts.
//
//   places       the budgets of both recipes (rows within `tolerance` of each other are one budget) inside the range that
//                both measured, then 10 and 100 times the largest of them, and those of `at`. A recipe without rows at a
//                place is interpolated there by its law, or extrapolated
//   laws         those of paired_law.h. If the runs bend away from them (kMissLevel), the smallest budgets are left out
//                one by one while both recipes keep kBentBudgets, until the laws hold at kHoldLevel: `law_from`
//   speed-up     s(x): L_baseline(s x) = L_candidate(x), by the two laws
//   seeds        the means of the runs at one budget (seeds.h)
//   floors       the same question at floors from 0 to below the smallest loss. A floor is plausible if the rows do not
//                refute it at the level of the intervals, against laws with a free common floor. The answer hinges on the
//                floor if it differs between plausible floors
//   outcome      better or worse if the interval of the speed-up at the largest common budget excludes 1. Without laws, or
//                with laws that miss the runs: if the interval of the difference of the means excludes 0
//   trend        grows or shrinks if the interval of alpha_candidate - alpha_baseline excludes 0
//
// Needs three budgets of each recipe, or two seeds at a budget, for a noise; with less, `why` says what is missing.
// Cost: about 20 ms for 20 rows.
namespace phaselaw::advice {

struct CompareOptions {
  std::optional<double> floor;
  bool separate_floors = false;
  double level = 0.95, tolerance = 0.02;
  std::vector<double> at;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("floor", self.floor, base::at_least(0),
          "irreducible loss, if it is known for both recipes; default: fitted, and common to both");
    visit("separate_floors", self.separate_floors, base::anything(),
          "fit a floor to each recipe, for recipes with different data or tokenisers");
    visit("level", self.level, base::strictly_between(0, 1), "confidence level of the intervals");
    visit("tolerance", self.tolerance, base::half_open(0, 1), "budgets within this relative distance count as one");
    visit("at", self.at, base::positive(),
          "further values of the resource at which the recipes are compared by their laws; may be repeated");
  }
  void validate() const;  // InputError
};

inline constexpr double kMissLevel = 0.01, kHoldLevel = 0.1;
inline constexpr std::size_t kBentBudgets = 4;

enum class Outcome { better, worse, inconclusive, unknown };  // unknown: not tested
[[nodiscard]] base::EnumNames<Outcome> enum_names(Outcome);
enum class Trend { grows, shrinks, inconclusive, unknown };
[[nodiscard]] base::EnumNames<Trend> enum_names(Trend);

struct ComparedPlace {
  double resource = 0;
  bool extrapolated = false;  // beyond the range that both recipes measured
  bool baseline_measured = false, candidate_measured = false;
  bool has_laws = false;                            // the laws hold here
  fitting::Estimate baseline_loss, candidate_loss;  // by the laws
  fitting::Estimate speedup;
  double p = base::kNaN;          // of equal losses, by the laws
  bool beyond_baseline = false;   // s x lies outside the budgets of the baseline
  std::optional<SeedTest> seeds;  // where both are measured
  std::optional<std::size_t>
      more;  // seeds of each recipe that would decide, by the seeds or the scatter about the laws
};

struct FloorRow {
  double floor = 0;
  double p = base::kNaN;  // of this floor
  bool plausible = true;
  fitting::Estimate speedup, far_speedup, difference;  // at the leading place, and at the farthest one
  Outcome outcome = Outcome::unknown;
  Trend trend = Trend::unknown;
};

// The comparison along one resource.
struct ResourceComparison {
  std::string resource, unit;
  RecipePoints baseline, candidate;          // all
  RecipePoints law_baseline, law_candidate;  // that the laws are fitted to
  double law_from = 0;                       // smallest budget of the laws; 0: no budget is left out
  bool fitted = false;
  std::string why;  // without laws: what is missing
  double noise = base::kNaN, dof = 0;
  fitting::Estimate baseline_exponent, candidate_exponent, difference, growth;
  fitting::Estimate baseline_floor, candidate_floor;
  std::vector<ComparedPlace> places;   // ascending
  std::optional<std::size_t> leading;  // the place that the answer quotes
  bool common_range = false;
  std::vector<FloorRow> floors;
  fitting::Estimate plausible_speedup;  // the union over the plausible floors, at the leading place
  bool outcome_hinges = false, trend_hinges = false;
  Outcome outcome = Outcome::unknown;
  Trend trend = Trend::unknown;
  double p = base::kNaN;  // of the outcome
  double p_lack_of_fit = base::kNaN, p_curved = base::kNaN, p_uneven_noise = base::kNaN, p_separate_floors = base::kNaN;
  std::optional<PairedLaw> law;
  // The laws miss the runs, at kMissLevel: by the means of seeds, or by a curvature in ln x.
  [[nodiscard]] bool laws_miss() const { return p_lack_of_fit < kMissLevel || p_curved < kMissLevel; }
  [[nodiscard]] const ComparedPlace* lead() const { return leading ? &places[*leading] : nullptr; }
};

[[nodiscard]] ResourceComparison compare_points(const RecipePoints& baseline, const RecipePoints& candidate,
                                                const std::string& resource, const CompareOptions& options);

[[nodiscard]] Outcome outcome_of(const fitting::Estimate& estimate, double neutral);
[[nodiscard]] Trend trend_of(const fitting::Estimate& difference);

// What limits the comparison, by its names.
[[nodiscard]] std::vector<Limit> comparison_limits(const ResourceComparison& comparison, const std::string& baseline,
                                                   const std::string& candidate, const CompareOptions& options);

}  // namespace phaselaw::advice
