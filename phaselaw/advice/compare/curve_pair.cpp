// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/curve_pair.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::advice {

namespace {

using base::kInfinity;

constexpr double kShares[] = {0.1, 0.2, 0.35, 0.6, 1};  // of the range at which the curves are compared, in x
constexpr double kDecayed = 0.9;                        // of the highest learning rate

std::vector<RunLevel> run_levels(const std::vector<tables::Curve>& curves, const std::string& resource) {
  std::vector<RunLevel> out;
  for (const tables::Curve& curve : curves) {
    // A clock of steps that starts at 0 has no logarithm there.
    RunLevel run(curve.name, axis_of(curve, resource), curve.loss);
    if (run.usable()) out.push_back(std::move(run));
  }
  return out;
}

// Values of several runs with the errors within each: Welch's test over the runs, or the errors within single runs.
struct Averaged {
  SeedTest test;
  fitting::Estimate difference;
};
Averaged averaged(const std::vector<LevelAt>& baseline, const std::vector<LevelAt>& candidate, double level) {
  std::vector<double> a, b;
  for (const LevelAt& at : baseline) a.push_back(at.value);
  for (const LevelAt& at : candidate) b.push_back(at.value);
  Averaged out{.test = compare_seeds(a, b, level), .difference = {}};
  out.difference = out.test.difference;
  if (a.size() > 1 || b.size() > 1) return out;
  const double half =
      numerics::normal_quantile((1 + level) / 2) * std::hypot(baseline.front().error, candidate.front().error);
  if (!std::isfinite(half)) return out;
  out.difference.lo = out.difference.value - half;
  out.difference.hi = out.difference.value + half;
  return out;
}

template <class At>
std::optional<std::vector<LevelAt>> all_at(const std::vector<RunLevel>& runs, At&& at) {
  std::vector<LevelAt> out;
  for (const RunLevel& run : runs) {
    out.push_back(at(run));
    if (std::isnan(out.back().value)) return std::nullopt;
  }
  return out;
}

std::optional<EqualLoss> equal_loss_at(double loss, const CurvePair& pair, double level) {
  const auto reach = [&](const RunLevel& run) { return run.reaches(loss); };
  const auto a = all_at(pair.baseline, reach), b = all_at(pair.candidate, reach);
  if (!a || !b) return std::nullopt;
  Averaged found = averaged(*a, *b, level);
  EqualLoss out;
  out.loss = loss;
  out.baseline = std::exp(found.test.mean_baseline);
  out.candidate = std::exp(found.test.mean_candidate);
  out.test = found.test;
  out.speedup.name = "speedup";
  out.speedup.value = std::exp(found.difference.value);
  if (found.difference.lo) out.speedup.lo = std::exp(*found.difference.lo);
  if (found.difference.hi) out.speedup.hi = std::exp(*found.difference.hi);
  out.speedup.identified = out.speedup.lo && out.speedup.hi;
  return out;
}

std::optional<EqualResource> equal_resource_at(double x, const CurvePair& pair, double level) {
  const auto look = [&](const RunLevel& run) { return run.level(x); };
  const auto a = all_at(pair.baseline, look), b = all_at(pair.candidate, look);
  if (!a || !b) return std::nullopt;
  Averaged found = averaged(*a, *b, level);
  EqualResource out;
  out.resource = x;
  out.baseline = std::exp(found.test.mean_baseline);
  out.candidate = std::exp(found.test.mean_candidate);
  out.difference = found.difference;
  out.test = found.test;
  double slope = 0;
  for (std::size_t i = 0; i < a->size(); ++i)
    slope += (pair.falls_late ? std::max((*a)[i].slope, pair.baseline[i].slope_before()) : (*a)[i].slope) /
             static_cast<double>(a->size());
  if (slope < 0) out.worth = std::exp(found.difference.value / -slope);
  return out;
}

void add_equal_places(double level, CurvePair& pair) {
  double start = 0, end = kInfinity, lowest = 0, highest = kInfinity;
  for (const auto* runs : {&pair.baseline, &pair.candidate})
    for (const RunLevel& run : *runs) {
      start = std::max(start, run.first());
      end = std::min(end, run.last());
      lowest = std::max(lowest, run.lowest());
      highest = std::min(highest, run.highest());
    }
  if (start < end)
    for (const double share : kShares)
      if (share * end >= start)
        if (const auto at = equal_resource_at(share * end, pair, level)) pair.equal_resource.push_back(*at);
  // The losses that the slower recipe has at these shares of its own way; the last is the lowest that all reach.
  std::vector<double> losses;
  for (const double share : kShares) {
    double loss = 0;
    for (const auto* runs : {&pair.baseline, &pair.candidate})
      for (const RunLevel& run : *runs) {
        const LevelAt at = run.level(share * run.last());
        if (!std::isnan(at.value)) loss = std::max(loss, std::exp(at.value));
      }
    if (share == 1) loss = std::max(loss, lowest);
    if (loss >= lowest && loss <= highest) losses.push_back(loss);
  }
  std::sort(losses.rbegin(), losses.rend());
  losses.erase(std::unique(losses.begin(), losses.end()), losses.end());
  for (const double loss : losses)
    if (const auto at = equal_loss_at(loss, pair, level)) pair.equal_loss.push_back(*at);
}

void look_at_schedules(const std::vector<tables::Curve>& curves, CurvePair& pair) {
  for (const tables::Curve& curve : curves) {
    pair.schedules_known = pair.schedules_known && curve.rates.known();
    if (!curve.rates.known()) continue;
    const double peak = *std::max_element(curve.rates.lr.begin(), curve.rates.lr.end());
    pair.decays = pair.decays || curve.rates.lr.back() < kDecayed * peak;
  }
}

}  // namespace

const std::vector<double>& axis_of(const tables::Curve& curve, const std::string& resource) {
  return resource == "compute" ? curve.compute : resource == "tokens" ? curve.tokens : curve.step;
}

CurvePair compare_curves(const std::vector<tables::Curve>& baseline, const std::vector<tables::Curve>& candidate,
                         const std::string& resource, double level) {
  CurvePair pair;
  pair.resource = resource;
  pair.unit = tables::unit_of(resource);
  pair.baseline = run_levels(baseline, resource);
  pair.candidate = run_levels(candidate, resource);
  look_at_schedules(baseline, pair);
  look_at_schedules(candidate, pair);
  if (pair.baseline.empty() || pair.candidate.empty()) {
    pair.why = fmt::format("a curve needs {} positive losses, and no run of one recipe has them", kLevelBlocks);
    return pair;
  }
  pair.between_seeds = pair.baseline.size() > 1 || pair.candidate.size() > 1;
  double shortest = kInfinity, longest = 0;
  for (const auto* runs : {&pair.baseline, &pair.candidate})
    for (const RunLevel& run : *runs) {
      shortest = std::min(shortest, run.last());
      longest = std::max(longest, run.last());
    }
  pair.same_length = longest <= kLevelFactor * shortest;
  for (const auto* runs : {&pair.baseline, &pair.candidate})
    for (const RunLevel& run : *runs) pair.falls_late = pair.falls_late || run.falls_late();
  add_equal_places(level, pair);
  if (pair.equal_loss.empty()) {
    pair.why = "no loss is reached by every run where the curves still fall";
    return pair;
  }
  if (!pair.between_seeds || (pair.falls_late && !pair.same_length)) return pair;
  if (pair.falls_late) {
    if (pair.equal_resource.empty()) return pair;
    pair.outcome = outcome_of(pair.equal_resource.back().difference, 0);
    pair.p = pair.equal_resource.back().test.p;
    return pair;
  }
  pair.outcome = outcome_of(pair.equal_loss.back().speedup, 1);
  pair.p = pair.equal_loss.back().test.p;
  return pair;
}

std::vector<Limit> curve_limits(const CurvePair& pair, const std::string& baseline, const std::string& candidate) {
  std::vector<Limit> limits;
  if (!pair.why.empty()) limits.push_back({Harm::undetermined, pair.why});
  if (!pair.between_seeds && pair.why.empty())
    limits.push_back(
        {Harm::undetermined,
         fmt::format("{} and {} have one run each, so that the noise between seeds is unknown; the intervals "
                     "contain only the noise within the runs. Train a second seed of {}",
                     baseline, candidate, baseline)});
  if (pair.between_seeds && (pair.baseline.size() < 2 || pair.candidate.size() < 2))
    limits.push_back(
        {Harm::remark, fmt::format("{} has one run; the noise between the seeds of the other recipe is used for both",
                                   pair.baseline.size() < 2 ? baseline : candidate)});
  if (pair.falls_late)
    limits.push_back(
        {Harm::wrong,
         "the runs fall faster at their end than before, as under a decaying learning rate; there every loss is "
         "reached within few steps, so the factors at the lowest losses are too near 1. The factor of the answer "
         "is by the slope before"});
  if (!pair.same_length)
    limits.push_back(
        {pair.decays ? Harm::wrong : Harm::undetermined,
         fmt::format("the runs have different lengths{}; a loss in the middle of a schedule is not that of a "
                     "run that ends there, so compare runs of one length, or the ends of runs of several "
                     "lengths (--kind runs)",
                     pair.decays ? " and their learning rates decay" : "")});
  else if (!pair.schedules_known)
    limits.push_back({Harm::remark,
                      "the learning rate is not recorded; before the end of the runs the comparison is one "
                      "of unfinished runs under their schedules"});
  return limits;
}

}  // namespace phaselaw::advice
