// SPDX-License-Identifier: Apache-2.0
//
// How often does the 95 % interval of a speed-up hold the truth, and how wide is it? The table of docs/compare.md.
//
//   bench_laws_study_compare [--draws 300] [--seed 1]
//
// Each draw is a pair of recipes with known laws (tests/advice/compare_designs.h) at 2, 3, 4, 6 or 12 budgets over three
// decades, two seeds at two budgets and one otherwise, with 0.4 % noise. The floor is known, fitted (common), separate, or
// taken as known and wrong by 0.2. For every row:
//
//   s, s100   share of the intervals of the speed-up that hold the truth, at the largest budget and at 100 times it, in %
//   slope     the same for the difference of the exponents
//   table     share of the tables of floors that hold the truth: the union over the plausible floors
//   width     median of ln(hi/lo) of s; oracle: the same of the interval by the true covariance, the floor known
//   open      share with an open end; decided: share with the outcome "better" (every candidate is)
//
// Then the same for pairs of equal recipes (wrong: share with an outcome), and for runs in which the two smallest budgets
// bend away from the laws (cut: share in which budgets were left out).
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/advice/compare/compare.h"
#include "phaselaw/numerics/statistics.h"
#include "tests/advice/compare_designs.h"

namespace {

using namespace phaselaw;
using namespace phaselaw::advice;
using testing::Design;
using testing::holds;

// ln(hi/lo) of the interval from the true noise and the linearised laws with a known floor.
double oracle_width(const Design& design) {
  double sum[2] = {0, 0}, mean[2] = {0, 0}, square[2] = {0, 0};
  const auto pair = testing::draw(design, 0);
  const double place = std::log(design.last());
  const auto weight_of = [&](double loss) { return std::pow((loss - design.floor) / loss / design.noise, 2); };
  for (const int r : {0, 1}) {
    const RecipePoints& points = r == 0 ? pair.baseline : pair.candidate;
    for (const double x : points.resource) {
      const double w = weight_of(r == 0 ? design.baseline_loss(x) : design.candidate_loss(x));
      sum[r] += w;
      mean[r] += w * std::log(x);
    }
    mean[r] /= sum[r];
    for (const double x : points.resource) {
      const double w = weight_of(r == 0 ? design.baseline_loss(x) : design.candidate_loss(x));
      square[r] += w * std::pow(std::log(x) - mean[r], 2);
    }
  }
  // The baseline at s x and the candidate at x.
  const double at[2] = {place + std::log(design.speedup(design.last())), place};
  double variance = 0;
  for (const int r : {0, 1}) variance += 1 / sum[r] + std::pow(at[r] - mean[r], 2) / square[r];
  return 2 * numerics::normal_quantile(0.975) * std::sqrt(variance) / design.baseline_exponent;
}

struct Tally {
  int draws = 0, s = 0, s100 = 0, slope = 0, table = 0, open = 0, decided = 0, cut = 0, miss = 0;
  std::vector<double> widths;
  double seconds = 0;  // of the processor
  [[nodiscard]] double percent(int count) const { return 100.0 * count / std::max(1, draws); }
};

void add(const Design& design, const testing::RecipePair& pair, const CompareOptions& options, Tally& tally) {
  const std::clock_t start = std::clock();
  const ResourceComparison c = compare_points(pair.baseline, pair.candidate, "compute", options);
  tally.seconds += static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  ++tally.draws;
  if (!c.fitted || c.lead() == nullptr) return;
  const fitting::Estimate& s = c.lead()->speedup;
  tally.s += holds(s, design.speedup(c.lead()->resource));
  tally.s100 += holds(c.places.back().speedup, design.speedup(c.places.back().resource));
  tally.slope += holds(c.difference, design.candidate_exponent - design.baseline_exponent);
  tally.table += holds(c.plausible_speedup, design.speedup(c.lead()->resource));
  tally.open += !s.lo || !s.hi;
  tally.decided += c.outcome == Outcome::better || c.outcome == Outcome::worse;
  tally.cut += c.law_from > 0;
  tally.miss += c.laws_miss();
  tally.widths.push_back(s.lo && s.hi ? std::log(*s.hi / *s.lo) : base::kInfinity);
}

void print(const std::string& name, const Tally& t, double oracle) {
  if (t.widths.empty()) {
    fmt::print("| {} | no laws: the runs leave no degree of freedom |\n", name);
    return;
  }
  fmt::print("| {} | {:.1f} | {:.1f} | {:.1f} | {:.1f} | {:.3f} | {:.3f} | {:.1f} | {:.1f} | {:.1f} |\n", name,
             t.percent(t.s), t.percent(t.s100), t.percent(t.slope), t.percent(t.table), numerics::median(t.widths),
             oracle, t.percent(t.open), t.percent(t.decided), 1e3 * t.seconds / t.draws);
  std::fflush(stdout);
}

void study_floors(int draws, std::uint64_t seed) {
  fmt::print("| budgets, floor | s % | s100 % | slope % | table % | width | oracle | open % | decided % | ms |\n");
  fmt::print("|---|---|---|---|---|---|---|---|---|---|\n");
  for (const int budgets : {2, 3, 4, 6, 12})
    for (const char* floor : {"known", "fitted", "separate", "wrong by 0.2"}) {
      const Design design{.budgets = budgets, .seeds = budgets == 2 ? 2 : 1};
      CompareOptions options;
      const std::string kind = floor;
      if (kind == "known") options.floor = design.floor;
      if (kind == "wrong by 0.2") options.floor = design.floor + 0.2;
      options.separate_floors = kind == "separate";
      Tally tally;
      for (int d = 0; d < draws; ++d)
        add(design, testing::draw(design, static_cast<std::uint64_t>(d), seed), options, tally);
      print(fmt::format("{}, {}", budgets, floor), tally, oracle_width(design));
    }
}

void study_equal(int draws, std::uint64_t seed) {
  fmt::print("\nEqual recipes, floor fitted: share with an outcome, in %\n");
  for (const int budgets : {3, 4, 6, 12}) {
    const Design design{.budgets = budgets, .candidate_exponent = 0.15, .gain = 1};
    Tally tally;
    for (int d = 0; d < draws; ++d) add(design, testing::draw(design, static_cast<std::uint64_t>(d), seed), {}, tally);
    fmt::print("{} budgets: {:.1f}\n", budgets, tally.percent(tally.decided));
  }
}

void study_bent(int draws, std::uint64_t seed) {
  fmt::print("\nNine budgets, gain 2, the losses of the smallest two raised by BEND and 0.4 BEND\n");
  for (const double bend : {0.0, 0.02, 0.05, 0.1, 0.3}) {
    const Design design{.budgets = 9, .gain = 2, .noise = 0.002};
    Tally tally;
    for (int d = 0; d < draws; ++d) {
      testing::RecipePair pair = testing::draw(design, static_cast<std::uint64_t>(d), seed);
      for (RecipePoints* points : {&pair.baseline, &pair.candidate}) {
        points->loss[0] *= 1 + bend;
        points->loss[1] *= 1 + 0.4 * bend;
      }
      add(design, pair, {}, tally);
    }
    fmt::print("bend {}: s {:.1f} %, s100 {:.1f} %, cut {:.1f} %, laws called wrong {:.1f} %\n", bend,
               tally.percent(tally.s), tally.percent(tally.s100), tally.percent(tally.cut), tally.percent(tally.miss));
  }
}

}  // namespace

int main(int argc, char** argv) {
  int draws = 300;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--draws") draws = std::atoi(argv[i + 1]);
    if (flag == "--seed") seed = static_cast<std::uint64_t>(std::atoll(argv[i + 1]));
  }
  study_floors(draws, seed);
  study_equal(draws, seed);
  study_bent(draws, seed);
}
