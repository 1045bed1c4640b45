// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/compare.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/isoflop/budgets.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::advice {

namespace {

using base::kInfinity;

constexpr double kFarFactors[] = {10, 100};

// One budget of both recipes.
struct CommonBudget {
  double resource = 0, least = 0;           // geometric mean and smallest of the rows
  std::vector<double> baseline, candidate;  // losses
};

std::vector<CommonBudget> common_budgets(const RecipePoints& baseline, const RecipePoints& candidate,
                                         double tolerance) {
  std::vector<double> all = baseline.resource;
  all.insert(all.end(), candidate.resource.begin(), candidate.resource.end());
  std::vector<CommonBudget> out;
  for (const IsoflopBudget& budget : budgets_of(all, all, tolerance)) {
    CommonBudget one;
    one.resource = budget.compute;
    one.least = all[budget.rows.front()];
    for (const std::size_t row : budget.rows) {
      if (row < baseline.loss.size())
        one.baseline.push_back(baseline.loss[row]);
      else
        one.candidate.push_back(candidate.loss[row - baseline.loss.size()]);
    }
    out.push_back(std::move(one));
  }
  return out;
}

struct ResourceRange {
  double lo = kInfinity, hi = 0;
  [[nodiscard]] bool holds(double x, double tolerance) const {
    return x >= lo / (1 + tolerance) && x <= hi * (1 + tolerance);
  }
};
ResourceRange resource_range(std::span<const double> x) {
  const auto [lo, hi] = std::minmax_element(x.begin(), x.end());
  return {*lo, *hi};
}

void add_places(const std::vector<CommonBudget>& budgets, const CompareOptions& options, ResourceComparison& out) {
  const ResourceRange a = resource_range(out.baseline.resource), b = resource_range(out.candidate.resource);
  const ResourceRange both = {std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
  out.common_range = both.lo <= both.hi * (1 + options.tolerance);
  for (const CommonBudget& budget : budgets) {
    const bool inside = both.holds(budget.resource, options.tolerance);
    // Without a common range the recipes meet between the end of one and the start of the other.
    const bool between = !out.common_range && budget.resource >= both.hi / (1 + options.tolerance) &&
                         budget.resource <= both.lo * (1 + options.tolerance);
    if (!inside && !between) continue;
    ComparedPlace place;
    place.resource = budget.resource;
    place.extrapolated = !inside;
    place.baseline_measured = !budget.baseline.empty();
    place.candidate_measured = !budget.candidate.empty();
    if (place.baseline_measured && place.candidate_measured)
      place.seeds = compare_seeds(budget.baseline, budget.candidate, options.level);
    out.places.push_back(std::move(place));
  }
  const double largest = out.places.empty() ? both.hi : out.places.back().resource;
  std::vector<double> further = options.at;
  for (const double factor : kFarFactors) further.push_back(factor * largest);
  for (const double x : further) {
    ComparedPlace place;
    place.resource = x;
    place.extrapolated = !both.holds(x, options.tolerance);
    const bool known = std::any_of(out.places.begin(), out.places.end(), [&](const ComparedPlace& p) {
      return std::abs(std::log(p.resource / x)) <= std::log1p(options.tolerance);
    });
    if (!known) out.places.push_back(std::move(place));
  }
  std::sort(out.places.begin(), out.places.end(),
            [](const ComparedPlace& p, const ComparedPlace& q) { return p.resource < q.resource; });
}

// The largest budget that both recipes measured, otherwise the largest place in their common range, otherwise the first.
void choose_leading(ResourceComparison& out) {
  const auto rank = [](const ComparedPlace& p) {
    return p.extrapolated ? 0 : p.baseline_measured && p.candidate_measured ? 2 : 1;
  };
  for (std::size_t i = 0; i < out.places.size(); ++i) {
    if (!out.leading) {
      out.leading = i;
      continue;
    }
    const int best = rank(out.places[*out.leading]), own = rank(out.places[i]);
    if (own > best || (own == best && own > 0)) out.leading = i;
  }
}

// Sums of squares about the means of the budgets of each recipe: the noise that no law explains.
struct PureError {
  double squares = 0;
  double dof = 0;
};
PureError pure_error(const std::vector<CommonBudget>& budgets) {
  PureError out;
  for (const CommonBudget& budget : budgets)
    for (const auto* losses : {&budget.baseline, &budget.candidate}) {
      if (losses->size() < 2) continue;
      std::vector<double> logs;
      for (const double loss : *losses) logs.push_back(std::log(loss));
      const double mean = numerics::mean(logs);
      for (const double value : logs) out.squares += (value - mean) * (value - mean);
      out.dof += static_cast<double>(logs.size() - 1);
    }
  return out;
}

double upper_tail(double f, double dof1, double dof2) {
  if (!(f > 0)) return 1;
  return std::isfinite(f) ? numerics::f_cdf(1 / f, dof2, dof1) : 0;
}

// How well the laws of `out` describe the runs that they are fitted to.
void test_laws(const std::vector<CommonBudget>& budgets, ResourceComparison& out) {
  const PairedLaw& law = *out.law;
  std::vector<CommonBudget> used = budgets;
  std::erase_if(used, [&](const CommonBudget& budget) { return budget.least < out.law_from; });
  const PureError pure = pure_error(used);
  out.p_lack_of_fit = base::kNaN;
  if (pure.dof >= 1 && law.dof() - pure.dof >= 1 && pure.squares > 0)
    out.p_lack_of_fit = upper_tail((law.squares() - pure.squares) / (law.dof() - pure.dof) / (pure.squares / pure.dof),
                                   law.dof() - pure.dof, pure.dof);
  out.p_curved = law.p_curved();
}

// Whether the runs of both recipes scatter alike.
void test_noise(ResourceComparison& out) {
  const PairedLaw& law = *out.law;
  const std::vector<double> residuals = law.residuals();
  double squares[2] = {0, 0};
  for (std::size_t i = 0; i < residuals.size(); ++i)
    squares[i < out.law_baseline.loss.size() ? 0 : 1] += residuals[i] * residuals[i];
  const double shared = static_cast<double>(law.rank()) / 2;
  const double dof_a = static_cast<double>(out.law_baseline.loss.size()) - shared;
  const double dof_b = static_cast<double>(out.law_candidate.loss.size()) - shared;
  if (dof_a >= 1 && dof_b >= 1 && squares[0] > 0 && squares[1] > 0) {
    const double f = squares[0] / dof_a / (squares[1] / dof_b);
    out.p_uneven_noise = std::min(1.0, 2 * std::min(upper_tail(f, dof_a, dof_b), upper_tail(1 / f, dof_b, dof_a)));
  }
}

// Whether each recipe wants a floor of its own; true if laws with separate floors hold for the runs.
bool test_floors(const CompareOptions& options, ResourceComparison& out) {
  if (options.floor || options.separate_floors) return false;
  const PairedLaw separate(
      out.law_baseline, out.law_candidate,
      {.floor = std::nullopt, .separate_floors = true, .level = options.level, .tolerance = options.tolerance});
  if (separate.rank() != out.law->rank() + 1) return false;
  out.p_separate_floors = separate.p_value(out.law->squares());
  return separate.p_curved() >= kHoldLevel;
}

void fill_place(const PairedLaw& law, const CompareOptions& options, const ResourceRange& baseline,
                ComparedPlace& place) {
  place.has_laws = true;
  place.speedup = law.speedup_interval(place.resource);
  place.baseline_loss = law.loss_interval(PairedLaw::baseline, place.resource);
  place.candidate_loss = law.loss_interval(PairedLaw::candidate, place.resource);
  place.p = law.p_equal(place.resource);
  place.beyond_baseline =
      std::isfinite(place.speedup.value) && !baseline.holds(place.resource * place.speedup.value, options.tolerance);
  if (place.extrapolated) return;
  // The laws show the noise where a budget has single runs.
  const bool own = place.seeds && !std::isnan(place.seeds->p);
  const double a = place.baseline_loss.value, b = place.candidate_loss.value;
  place.more = own ? place.seeds->seeds : seeds_needed(a - b, law.noise() * a, law.noise() * b, options.level);
}

RecipePoints points_from(const RecipePoints& points, double least) {
  RecipePoints out;
  for (std::size_t i = 0; i < points.loss.size(); ++i) {
    if (points.resource[i] < least) continue;
    out.resource.push_back(points.resource[i]);
    out.loss.push_back(points.loss[i]);
  }
  return out;
}

// Laws that hold: without the smallest budgets, if the runs bend away from laws of all. The laws of all stay if none do.
void leave_out_bent(const std::vector<CommonBudget>& budgets, const PairedLawOptions& pair, ResourceComparison& out) {
  const auto count = [&](const RecipePoints& points) {
    return budgets_of(points.resource, points.resource, pair.tolerance).size();
  };
  for (std::size_t first = 1; first < budgets.size(); ++first) {
    ResourceComparison shorter;
    shorter.law_from = budgets[first].least;
    shorter.law_baseline = points_from(out.baseline, shorter.law_from);
    shorter.law_candidate = points_from(out.candidate, shorter.law_from);
    if (shorter.law_baseline.loss.empty() || shorter.law_candidate.loss.empty()) return;
    if (std::min(count(shorter.law_baseline), count(shorter.law_candidate)) < kBentBudgets) return;
    shorter.law.emplace(shorter.law_baseline, shorter.law_candidate, pair);
    if (shorter.law->dof() < 1) return;
    test_laws(budgets, shorter);
    if (shorter.p_lack_of_fit < kHoldLevel || shorter.p_curved < kHoldLevel) continue;
    out.law = std::move(shorter.law);
    out.law_from = shorter.law_from;
    out.law_baseline = std::move(shorter.law_baseline);
    out.law_candidate = std::move(shorter.law_candidate);
    out.p_lack_of_fit = shorter.p_lack_of_fit;
    out.p_curved = shorter.p_curved;
    return;
  }
}

// What is missing for laws; "" if nothing is.
std::string missing_for_laws(const ResourceComparison& out) {
  const PairedLaw& law = *out.law;
  if (!law.has_slope(PairedLaw::baseline))
    return "the baseline has one budget, which shows no law; a second budget of the baseline gives the factor";
  if (law.dof() >= 1) return "";
  return fmt::format(
      "{} runs leave nothing to estimate the noise from, because the laws have {} parameters; add a second seed at one "
      "budget, or a third budget to each recipe",
      out.baseline.loss.size() + out.candidate.loss.size(), law.rank());
}

void fit_pair(const std::vector<CommonBudget>& budgets, const CompareOptions& options, ResourceComparison& out) {
  const PairedLawOptions pair = {.floor = options.floor,
                                 .separate_floors = options.separate_floors,
                                 .level = options.level,
                                 .tolerance = options.tolerance};
  out.law_baseline = out.baseline;
  out.law_candidate = out.candidate;
  out.law.emplace(out.baseline, out.candidate, pair);
  out.dof = out.law->dof();
  out.why = missing_for_laws(out);
  if (!out.why.empty()) return;
  test_laws(budgets, out);
  // Laws that miss the runs because their floors differ are not mended by fewer budgets.
  const bool floors_differ = test_floors(options, out) && out.p_separate_floors < kMissLevel;
  if (out.laws_miss() && !floors_differ) {
    leave_out_bent(budgets, pair, out);
    if (out.law_from > 0) (void)test_floors(options, out);
  }
  test_noise(out);
  const PairedLaw& law = *out.law;
  out.fitted = true;
  out.dof = law.dof();
  out.noise = law.noise();
  out.baseline_exponent = law.exponent_interval(PairedLaw::baseline);
  out.candidate_exponent = law.exponent_interval(PairedLaw::candidate);
  out.difference = law.difference_interval();
  out.growth = law.growth_interval();
  out.baseline_floor = law.floor_interval(PairedLaw::baseline);
  out.candidate_floor = law.floor_interval(PairedLaw::candidate);
  const ResourceRange baseline = resource_range(out.law_baseline.resource);
  // A candidate with one budget has a loss only there.
  if (!law.has_slope(PairedLaw::candidate))
    std::erase_if(out.places, [](const ComparedPlace& place) { return !place.candidate_measured; });
  for (ComparedPlace& place : out.places)
    if (place.resource >= out.law_from) fill_place(law, options, baseline, place);
}

std::vector<double> floors_to_try(const ResourceComparison& out, const CompareOptions& options, double smallest) {
  std::vector<double> floors;
  for (const double share : {0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95}) floors.push_back(share * smallest);
  if (options.floor)
    floors.push_back(*options.floor);
  else
    for (const std::optional<double>& floor :
         {std::optional(out.baseline_floor.value), out.baseline_floor.lo, out.baseline_floor.hi})
      if (floor && *floor < 0.999 * smallest) floors.push_back(*floor);
  std::sort(floors.begin(), floors.end());
  constexpr double kSame = 0.005;  // of the smallest loss
  std::vector<double> kept;
  for (const double floor : floors) {
    const bool important = options.floor && floor == *options.floor;
    if (!kept.empty() && floor - kept.back() < kSame * smallest) {
      if (important) kept.back() = floor;
      continue;
    }
    kept.push_back(floor);
  }
  return kept;
}

template <class Value, class Of>
bool differs(const std::vector<FloorRow>& rows, Of&& of, Value own) {
  return std::any_of(rows.begin(), rows.end(), [&](const FloorRow& row) { return row.plausible && of(row) != own; });
}

void add_floors(const CompareOptions& options, ResourceComparison& out) {
  double smallest = kInfinity;
  for (const auto* losses : {&out.law_baseline.loss, &out.law_candidate.loss})
    smallest = std::min(smallest, *std::min_element(losses->begin(), losses->end()));
  const PairedLaw free(out.law_baseline, out.law_candidate,
                       {.floor = std::nullopt, .level = options.level, .tolerance = options.tolerance});
  fitting::Estimate all;
  all.name = "speedup";
  all.value = out.lead()->speedup.value;
  bool open_lo = false, open_hi = false;
  for (const double floor : floors_to_try(out, options, smallest)) {
    const PairedLaw law(out.law_baseline, out.law_candidate,
                        {.floor = floor, .level = options.level, .tolerance = options.tolerance});
    if (law.dof() < 1) continue;
    FloorRow row;
    row.floor = floor;
    row.p = free.rank() > law.rank() ? free.p_value(law.squares()) : 1;  // the budgets do not determine a floor
    row.plausible = std::isnan(row.p) || row.p >= 1 - options.level;
    row.speedup = law.speedup_interval(out.lead()->resource);
    row.far_speedup = law.speedup_interval(out.places.back().resource);
    row.difference = law.difference_interval();
    row.outcome = outcome_of(row.speedup, 1);
    row.trend = trend_of(row.difference);
    if (row.plausible) {
      open_lo = open_lo || !row.speedup.lo;
      open_hi = open_hi || !row.speedup.hi;
      if (row.speedup.lo) all.lo = std::min(all.lo.value_or(kInfinity), *row.speedup.lo);
      if (row.speedup.hi) all.hi = std::max(all.hi.value_or(0), *row.speedup.hi);
    }
    out.floors.push_back(std::move(row));
  }
  if (open_lo) all.lo.reset();
  if (open_hi) all.hi.reset();
  out.plausible_speedup = all;
  out.outcome_hinges = differs(
      out.floors, [](const FloorRow& row) { return row.outcome; }, out.outcome);
  out.trend_hinges = differs(
      out.floors, [](const FloorRow& row) { return row.trend; }, out.trend);
}

void judge(ResourceComparison& out) {
  const ComparedPlace* lead = out.lead();
  if (lead == nullptr) return;
  const bool means = lead->seeds && !std::isnan(lead->seeds->p);
  if (out.fitted && !out.laws_miss()) {
    out.outcome = outcome_of(lead->speedup, 1);
    out.trend = trend_of(out.difference);
    out.p = lead->p;
    return;
  }
  if (out.fitted) out.trend = Trend::inconclusive;
  if (means) {
    out.outcome = outcome_of(lead->seeds->difference, 0);
    out.p = lead->seeds->p;
  } else if (out.fitted) {
    out.outcome = Outcome::inconclusive;
  }
}

}  // namespace

base::EnumNames<Outcome> enum_names(Outcome) {
  static constexpr std::pair<std::string_view, Outcome> kNames[] = {{"better", Outcome::better},
                                                                    {"worse", Outcome::worse},
                                                                    {"inconclusive", Outcome::inconclusive},
                                                                    {"unknown", Outcome::unknown}};
  return kNames;
}

base::EnumNames<Trend> enum_names(Trend) {
  static constexpr std::pair<std::string_view, Trend> kNames[] = {{"grows", Trend::grows},
                                                                  {"shrinks", Trend::shrinks},
                                                                  {"inconclusive", Trend::inconclusive},
                                                                  {"unknown", Trend::unknown}};
  return kNames;
}

void CompareOptions::validate() const {
  base::check_fields(*this);
  if (floor && separate_floors)
    throw base::InputError({"--floor"},
                           "gives one floor to all recipes, but --separate-floors fits one to each; omit "
                           "one of them");
}

Outcome outcome_of(const fitting::Estimate& estimate, double neutral) {
  if (estimate.lo && *estimate.lo > neutral) return Outcome::better;
  if (estimate.hi && *estimate.hi < neutral) return Outcome::worse;
  return Outcome::inconclusive;
}

Trend trend_of(const fitting::Estimate& difference) {
  if (std::isnan(difference.value)) return Trend::unknown;
  if (difference.lo && *difference.lo > 0) return Trend::grows;
  if (difference.hi && *difference.hi < 0) return Trend::shrinks;
  return Trend::inconclusive;
}

ResourceComparison compare_points(const RecipePoints& baseline, const RecipePoints& candidate,
                                  const std::string& resource, const CompareOptions& options) {
  options.validate();
  ResourceComparison out;
  out.resource = resource;
  out.unit = tables::unit_of(resource);
  out.baseline = baseline;
  out.candidate = candidate;
  const std::vector<CommonBudget> budgets = common_budgets(baseline, candidate, options.tolerance);
  add_places(budgets, options, out);
  fit_pair(budgets, options, out);
  // Without laws only measured budgets can be compared.
  if (!out.fitted)
    std::erase_if(out.places,
                  [](const ComparedPlace& place) { return !place.baseline_measured || !place.candidate_measured; });
  choose_leading(out);
  judge(out);
  if (out.fitted && out.leading) add_floors(options, out);
  return out;
}

}  // namespace phaselaw::advice
