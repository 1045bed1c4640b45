// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/own_runs.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_stage.h"

// The claims of experiment 8 (own_runs.h).
namespace phaselaw::reproduce {

namespace {

using fitting::FloorRange;

constexpr double kStepsExponent = 0.5;  // 1/p_T of the accounting with p_T = 2

// "run 3 (its record begins late)" and so on, of the runs that cannot decide; at most three.
std::string left_out(const std::vector<OwnRun>& runs, std::string OwnRun::*reason) {
  std::vector<std::string> list;
  for (const OwnRun& run : runs)
    if (!(run.*reason).empty()) list.push_back(fmt::format("{} ({})", run.diagnosis.curve.name, run.*reason));
  if (list.empty()) return {};
  const std::size_t more = list.size() > 3 ? list.size() - 3 : 0;
  list.resize(list.size() - more);
  return fmt::format(" Left out: {}{}.", fmt::join(list, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
}

// A claim decided by differences of QAICc: their mean over the runs, and the odds of their sum.
report::Claim evidence_claim(const std::vector<OwnRun>& runs, double OwnRun::*gain, std::string OwnRun::*reason,
                             const std::string& winner, const std::string& loser) {
  std::vector<double> gains;
  for (const OwnRun& run : runs)
    if ((run.*reason).empty() && std::isfinite(run.*gain)) gains.push_back(run.*gain);
  report::Claim claim;
  claim.standing = report::Standing::kStated;
  claim_at_least(0, claim);
  claim.predicted_text = "> 0";
  claim.unit = "QAICc per run";
  if (gains.empty()) {
    claim.undecidable = "No run can decide this." + left_out(runs, reason);
    claim.reading = claim.undecidable;
    return claim;
  }
  set_measured(effect_of(gains), claim);
  double sum = 0;
  for (const double g : gains) sum += g;
  claim.p_supporting = 1 / (1 + std::exp(sum / 2));
  claim.p_refuting = 1 / (1 + std::exp(-sum / 2));
  if (gains.size() > 1) {
    const PValues between = p_values(claim);
    if (std::isfinite(between.supporting)) claim.p_supporting = std::max(claim.p_supporting, between.supporting);
    if (std::isfinite(between.refuting)) claim.p_refuting = std::max(claim.p_refuting, between.refuting);
  }
  const auto favour = std::count_if(gains.begin(), gains.end(), [](double g) { return g > 0; });
  claim.reading = fmt::format(
      "{} of {} run{} favour {} over {}, by {} of QAICc on average; neighbouring residuals are correlated, "
      "and only independent blocks count.{}",
      favour, gains.size(), gains.size() == 1 ? "" : "s", winner, loser, base::format_number(claim.measured, 2),
      left_out(runs, reason));
  claim.finding = fmt::format("Of {} of your runs, {} favour {} over {}.", gains.size(), favour, winner, loser);
  return claim;
}

std::vector<const OwnRun*> with_late_part(const std::vector<OwnRun>& runs) {
  std::vector<const OwnRun*> list;
  for (const OwnRun& run : runs)
    if (run.late && run.no_late.empty()) list.push_back(&run);
  return list;
}

// The exponent of this run at one of its grid's floors.
const fitting::ExponentAtFloor& at_floor(const FloorRange& range, double floor) {
  return *std::min_element(range.at.begin(), range.at.end(), [&](const auto& a, const auto& b) {
    return std::abs(a.floor - floor) < std::abs(b.floor - floor);
  });
}

// One run: its range. Several: the union of the intervals of the mean with every floor at its lower and upper end.
Effect late_exponent(const std::vector<const OwnRun*>& list) {
  if (list.empty()) return {};
  if (list.size() == 1) {
    const FloorRange& range = list.front()->late->range;
    return {range.exponent, range.lo, range.hi, range.dof};
  }
  std::vector<double> low, best, high;
  for (const OwnRun* run : list) {
    const FloorRange& range = run->late->range;
    low.push_back(at_floor(range, range.floor_lo).exponent);
    best.push_back(range.exponent);
    high.push_back(at_floor(range, range.floor_hi).exponent);
  }
  Effect effect = effect_of(best);
  const Effect below = effect_of(low), above = effect_of(high);
  effect.lo = std::min({effect.lo, below.lo, above.lo});
  effect.hi = std::max({effect.hi, below.hi, above.hi});
  return effect;
}

report::Claim late_claim(const std::vector<OwnRun>& runs, double exponent, const std::string& name) {
  const auto list = with_late_part(runs);
  report::Claim claim;
  claim_exponent(exponent, claim);
  claim.predicted_text = name;
  if (list.empty()) {
    claim.undecidable = "No run has a late part." + left_out(runs, &OwnRun::no_late);
    claim.reading = claim.undecidable;
    return claim;
  }
  set_measured(late_exponent(list), claim);
  const auto without_floor = [](const OwnRun* run) { return run->late->range.at.front().exponent; };
  const auto bounded =
      std::count_if(list.begin(), list.end(), [](const auto* run) { return run->late->range.bounded; });
  if (list.size() == 1)
    claim.reading = floor_sentence(*list.front()->late, exponent, name);
  else
    claim.reading = fmt::format(
        "Mean over {} runs, with every floor between the ends that its run allows; {} of the runs bound "
        "their floor on both sides. Without any floor the exponents are {} to {}.",
        list.size(), bounded, base::format_number(without_floor(std::ranges::min(list, {}, without_floor))),
        base::format_number(without_floor(std::ranges::max(list, {}, without_floor))));
  claim.reading += left_out(runs, &OwnRun::no_late);
  claim.finding = fmt::format("The late exponent of {} in your runs is {} over all floors that they allow, beside {}.",
                              list.front()->late->axis, base::format_value(claim.measured, claim.lo, claim.hi), name);
  claim.would_change = "Longer runs at a constant learning rate, which bound the floor, or a floor that is known.";
  return claim;
}

report::Claim agreement_claim(const std::vector<OwnRun>& runs) {
  std::vector<double> values, errors;
  std::vector<std::string> names;
  for (const OwnRun* run : with_late_part(runs)) {
    const FloorRange& range = run->late->range;
    if (!range.bounded || !(range.lo > 0)) continue;
    values.push_back(std::log(range.exponent));
    errors.push_back(std::log(range.hi / range.lo) / (2 * numerics::student_t_quantile(0.975, range.dof)));
    names.push_back(run->diagnosis.curve.name);
  }
  report::Claim claim;
  claim.id = "E8.agreement";
  claim.statement = fmt::format("The late exponents of the runs differ by less than {} (standard deviation of ln q).",
                                base::format_percent(kExponentMargin));
  claim.source = "two-stage law: one exponent for every size and seed [S]";
  claim.standing = report::Standing::kStated;
  claim_at_most(kExponentMargin, claim);
  claim.predicted_text = fmt::format("< {}", kExponentMargin);
  set_measured(between_runs(values, errors), claim);
  if (values.size() < 2)
    claim.undecidable = fmt::format("Only {} of {} runs bound their floor on both sides, and a comparison needs two.",
                                    values.size(), runs.size());
  claim.reading = values.size() < 2
                      ? claim.undecidable
                      : fmt::format(
                            "Between {}: standard deviation of ln q beyond the runs' own intervals, with its Q-profile "
                            "interval.",
                            fmt::join(names, ", "));
  claim.would_change = "More and longer runs, which bound their floors.";
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const std::vector<OwnRun>& runs) {
  std::vector<report::Claim> claims;
  claims.push_back(
      evidence_claim(runs, &OwnRun::start_gain, &OwnRun::no_start, "an exponential start", "a power start"));
  claims.back().id = "E8.first_stage";
  claims.back().statement = "The loss falls exponentially before it falls as a power.";
  claims.back().source = "docs/theory/two-stage-law.md, exponential first stage [S]";
  claims.back().would_change = "Logs of every step from the first one, with the learning rate.";
  claims.push_back(evidence_claim(runs, &OwnRun::bend_gain, &OwnRun::no_bend, "a bend inside the record", "no bend"));
  claims.back().id = "E8.bend";
  claims.back().statement = "The loss bends from one stage into another inside the record.";
  claims.back().source = "docs/theory/two-stage-law.md: bend at W0 = 1 [R]";
  claims.back().would_change = "Longer logs, on both sides of the bend.";

  const auto late = [&](const char* id, double exponent, const char* name, report::Standing standing) {
    claims.push_back(late_claim(runs, exponent, name));
    claims.back().id = id;
    claims.back().standing = standing;
  };
  late("E8.exponent_steps", kStepsExponent, "1/2", report::Standing::kImplied);
  claims.back().statement =
      "Within one run, of fixed size and batch, the reducible loss falls as steps to the power -1/2.";
  claims.back().source = "accounting of the two-stage law with only the time charged, 1/p_T, p_T = 2 [R]";
  for (const auto& [edition, name] : {std::pair(theory::edition_v1(), "1/6"), std::pair(theory::edition_v3(), "1/7")}) {
    const std::string id = fmt::format("E8.exponent_{}", edition.name);
    late(id.c_str(), edition.exponent(), name, report::Standing::kStated);
    claims.back().statement =
        fmt::format("Within one run the reducible loss falls late as compute to the power -{}.", name);
    claims.back().source = fmt::format(
        "two-stage law, edition {} [S]; its accounting states it for the best over sizes and implies 1/2 within one run [R]",
        edition.name);
  }
  claims.push_back(agreement_claim(runs));
  return claims;
}

}  // namespace phaselaw::reproduce
