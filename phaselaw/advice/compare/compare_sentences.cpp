// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/compare/compare_text.h"
#include "phaselaw/base/format.h"

// The answer in sentences with their numbers.
namespace phaselaw::advice {

namespace {

using base::format_number;

constexpr double kFarthestCrossing = 1e6;  // factor of the resource within which a crossing is worth a number

std::string what(const std::string& resource) {
  if (resource == "step") return "steps";
  if (resource == "n_params") return "parameters";
  return resource;
}

std::string verdict(const std::string& name, const std::string& baseline, Outcome outcome) {
  switch (outcome) {
    case Outcome::better:
      return fmt::format("{} is better than {}", name, baseline);
    case Outcome::worse:
      return fmt::format("{} is worse than {}", name, baseline);
    case Outcome::inconclusive:
      return fmt::format("whether {} is better than {} is not decided", name, baseline);
    case Outcome::unknown:
      break;
  }
  return fmt::format("whether {} is better than {} is not known", name, baseline);
}

std::string seeds_text(const std::optional<std::size_t>& more) {
  return more ? fmt::format("{} seeds of each recipe there would decide a difference of this size with 80 % power",
                            *more)
              : fmt::format("more than {} seeds of each recipe would be needed to decide a difference of this size",
                            base::format_count(kMostSeeds));
}

std::string capital(std::string text) {
  // A name of a recipe keeps its case.
  if (text.starts_with("whether")) text[0] = 'W';
  return text;
}

// "lower by 0.021 [0.012, 0.030]", or "higher by" the opposite of a negative difference.
std::string lower_by(fitting::Estimate difference, const std::string& unit = "") {
  const bool higher = difference.value < 0;
  if (higher) {
    difference.value = -difference.value;
    std::swap(difference.lo, difference.hi);
    if (difference.lo) difference.lo = -*difference.lo;
    if (difference.hi) difference.hi = -*difference.hi;
  }
  return fmt::format("{} by {}{}", higher ? "higher" : "lower", with_interval(difference), unit);
}

std::string runs_sentence(const CompareAnswer& answer, const RecipeComparison& one, const ResourceComparison& c) {
  const std::string& a = answer.baseline;
  const ComparedPlace* lead = c.lead();
  if (lead == nullptr)
    return fmt::format("{} and {} cannot be compared: they have no budget in common, and {}.", one.name, a, c.why);
  const std::string place = place_text(lead->resource, c.resource, c.unit);
  std::string text = verdict(one.name, a, one.outcome);
  if (c.fitted) {
    text = fmt::format("{}: at {}, {} needs {} times the {} of {} for the same {}", text, place, a,
                       factor_text(lead->speedup), what(c.resource), one.name, answer.noun);
    if (lead->extrapolated) text = "By extrapolated laws, " + text;
    if (one.outcome == Outcome::inconclusive && !lead->extrapolated && !c.laws_miss())
      text += "; " + seeds_text(lead->more);
  } else if (lead->seeds) {
    const SeedTest& t = *lead->seeds;
    text = fmt::format("{}: at {} the {} of {} is {} ({} and {} runs)", text, place, answer.noun, one.name,
                       lower_by(t.difference), t.n_baseline, t.n_candidate);
    if (std::isnan(t.p)) text += "; with one seed of each the noise is unknown, so this may be chance";
    if (one.outcome == Outcome::inconclusive) text += "; " + seeds_text(lead->more ? lead->more : t.seeds);
  }
  text = one.doubt.empty() ? capital(text) : fmt::format("{}: {}", one.doubt, text);
  return text + fmt::format(" ({} intervals).", base::format_percent(answer.level));
}

// "A needs 1.2 [1.1, 1.3] times the steps of B to reach the loss 3.28 (step 5,100 and step 4,250)".
std::string equal_loss_text(const CompareAnswer& answer, const RecipeComparison& one, const CurvePair& c) {
  const EqualLoss& last = c.equal_loss.back();
  return fmt::format("{} needs {} times the {} of {} to reach the {} {} ({} and {})", answer.baseline,
                     factor_text(last.speedup), what(c.resource), one.name, answer.noun, format_number(last.loss, 4),
                     place_text(last.baseline, c.resource, c.unit), place_text(last.candidate, c.resource, c.unit));
}

// "at step 5,100 the loss of B is lower by 0.33 % [0.23, 0.43], worth about 1.06 times the steps".
std::string equal_resource_text(const CompareAnswer& answer, const RecipeComparison& one, const CurvePair& c) {
  const EqualResource& end = c.equal_resource.back();
  constexpr double kPercent = 100;
  fitting::Estimate percent = end.difference;
  percent.value *= kPercent;
  if (percent.lo) percent.lo = *percent.lo * kPercent;
  if (percent.hi) percent.hi = *percent.hi * kPercent;
  std::string text = fmt::format("at {} the {} of {} is {}", place_text(end.resource, c.resource, c.unit), answer.noun,
                                 one.name, lower_by(percent, " %"));
  if (std::isfinite(end.worth))
    text += fmt::format(", worth a factor of about {} in {}", format_number(end.worth), what(c.resource));
  return text;
}

std::string curves_sentence(const CompareAnswer& answer, const RecipeComparison& one, const CurvePair& c) {
  const bool at_end = c.falls_late && !c.equal_resource.empty();
  if (c.equal_loss.empty() && !at_end)
    return fmt::format("{} and {} cannot be compared at equal {}: {}.", one.name, answer.baseline, answer.noun, c.why);
  const std::string numbers = at_end ? equal_resource_text(answer, one, c) : equal_loss_text(answer, one, c);
  std::string text = verdict(one.name, answer.baseline, one.outcome);
  if (!c.between_seeds)
    text += ", because each has one run and the noise between seeds is unknown; in these runs " + numbers;
  else if (c.falls_late && !c.same_length)
    text += ", because the runs have different lengths and fall late, as under a decaying learning rate; " + numbers;
  else
    text += ": " + numbers;
  const SeedTest& test = at_end ? c.equal_resource.back().test : c.equal_loss.back().test;
  if (one.outcome == Outcome::inconclusive && test.seeds) text += "; " + seeds_text(test.seeds);
  return capital(text) + fmt::format(" ({} intervals).", base::format_percent(answer.level));
}

std::string crossing_text(const ResourceComparison& c) {
  // With a common floor s grows as a power of the resource.
  const ComparedPlace* lead = c.lead();
  if (lead == nullptr || !(c.growth.value != 0) || !std::isfinite(c.growth.value) ||
      !std::isfinite(lead->speedup.value))
    return "";
  const double factor = std::pow(lead->speedup.value, -1 / c.growth.value);
  if (!(factor > 1) || factor > kFarthestCrossing) return "";
  return fmt::format("; by the fitted laws the recipes are equal at about {}",
                     place_text(lead->resource * factor, c.resource, c.unit));
}

std::string lasting(const RecipeComparison& one, const ResourceComparison& c) {
  if (c.trend == Trend::unknown) {
    return fmt::format("Will it last: not known, because {}.",
                       c.fitted ? "one of the recipes has a single budget, or the floor is not determined" : c.why);
  }
  const bool better = one.outcome == Outcome::better, worse = one.outcome == Outcome::worse;
  std::string text;
  if (c.laws_miss()) return "Will it last: not known, because the fitted laws miss the runs.";
  if (c.trend == Trend::inconclusive)
    text = fmt::format("not decided: the difference of the exponents, {}, does not exclude 0",
                       with_interval(c.difference));
  else
    text = fmt::format("the {} with {}: the exponents differ by {}",
                       c.trend == Trend::grows ? (better  ? "gain grows"
                                                  : worse ? "loss shrinks"
                                                          : "comparison improves")
                                               : (better  ? "gain shrinks"
                                                  : worse ? "loss grows"
                                                          : "comparison worsens"),
                       what(c.resource), with_interval(c.difference));
  if (c.trend != Trend::inconclusive) text += crossing_text(c);
  if (!c.places.empty() && c.places.back().extrapolated)
    text += fmt::format("; extrapolated to {}, the factor is {}",
                        place_text(c.places.back().resource, c.resource, c.unit), factor_text(c.places.back().speedup));
  if (c.trend_hinges) text += "; this hinges on the floor (see the table of floors)";
  return "Will it last: " + text + ".";
}

}  // namespace

std::string factor_text(const fitting::Estimate& e) {
  if (!std::isnan(e.value)) return e.lo || e.hi ? with_interval(e) : fmt::format("{} (no interval)", with_interval(e));
  if (e.lo && e.hi) return fmt::format("{} to {}", format_number(*e.lo), format_number(*e.hi));
  if (e.lo) return fmt::format("at least {}", format_number(*e.lo));
  if (e.hi) return fmt::format("at most {}", format_number(*e.hi));
  return "an unknown number of";
}

std::string place_text(double value, const std::string& resource, const std::string& unit) {
  if (resource == "compute") return base::format_flop(value);
  if (resource == "step") return fmt::format("step {}", base::format_number(value, 4));
  return base::format_number(value, 3, base::notation_of(unit)) + (unit.empty() ? "" : " " + unit);
}

std::string comparison_answer(const CompareAnswer& answer) {
  if (answer.comparisons.size() == 1) return answer.comparisons.front().sentence;
  std::vector<std::string> parts;
  for (const Outcome outcome : {Outcome::better, Outcome::worse, Outcome::inconclusive, Outcome::unknown}) {
    std::vector<std::string> names;
    for (const RecipeComparison& one : answer.comparisons)
      if (one.outcome == outcome) names.push_back(one.name);
    if (names.empty()) continue;
    constexpr std::size_t kNamed = 3;
    const std::string who = names.size() <= kNamed ? fmt::format("{}", fmt::join(names, ", ")) : "";
    const char* verb = outcome == Outcome::better  ? "better"
                       : outcome == Outcome::worse ? "worse"
                       : outcome == Outcome::inconclusive
                           ? "not decided"
                           : "not known, because the noise or a common budget is missing";
    parts.push_back(fmt::format("{} {}{}", names.size(), verb, who.empty() ? "" : fmt::format(" ({})", who)));
  }
  const auto doubtful = std::count_if(answer.comparisons.begin(), answer.comparisons.end(),
                                      [](const RecipeComparison& one) { return !one.doubt.empty(); });
  const std::string doubt = doubtful > 0 ? fmt::format(" The factors of {} are doubtful.", doubtful) : "";
  return fmt::format("Of {} recipes compared with {}: {}.{}", answer.comparisons.size(), answer.baseline,
                     fmt::join(parts, "; "), doubt);
}

void say_comparison(const CompareAnswer& answer, RecipeComparison& one) {
  if (one.curves_lead) {
    one.sentence = curves_sentence(answer, one, *one.curves);
    return;
  }
  one.sentence = runs_sentence(answer, one, one.runs.front());
  one.will_it_last = lasting(one, one.runs.front());
}

}  // namespace phaselaw::advice
