// SPDX-License-Identifier: Apache-2.0
//
// How often does the 95 % interval of the exponent a hold what the method finds without noise?
//
//   bench_laws_study_isoflop [--draws D] [--resamples B] [--noise X] [--first DRAW]
//
// Simulated IsoFLOP tables (tests/advice/isoflop_designs.h): 3, 4, 5 and 7 budgets of 4 to 9 sizes within a factor 4 of
// the optimum, equal and uneven, log-normal noise of 0.2 to 1 %. One line for each design and method: tables with three
// usable budgets, share held, share that holds the law's own exponent (bias included), intervals with an open end, median
// width, and bias. The last lines add a scatter of the best sizes over budgets, with reference to the law's exponent. A
// share of 95 % over D draws has a standard error of 22/sqrt(D) points. Time with 400 draws: about one minute of one core.
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "tests/advice/isoflop_designs.h"

namespace {

using namespace phaselaw;
using advice::BowlShape;
using advice::testing::IsoflopCoverage;
using advice::testing::IsoflopDesign;

void study(const IsoflopDesign& design, int draws, int resamples, int first) {
  for (const BowlShape shape : {BowlShape::parabola, BowlShape::akima}) {
    IsoflopCoverage counts;
    for (int d = 0; d < draws; ++d) look_at(shape, design, resamples, static_cast<std::uint64_t>(first + d), counts);
    fmt::print("| {} x {}{} | {} % | {} | {} | {} of {} | {:.1f} | {:.1f} | {:.1f} | {:.3f} | {:.4f} |\n",
               design.budgets, design.sizes, design.uneven ? " uneven" : "", 100 * design.noise, design.scatter,
               shape == BowlShape::parabola ? "parabola" : "akima", counts.exponents, counts.tables,
               counts.percent(counts.held), counts.percent(counts.held_truth), counts.percent(counts.open),
               counts.widths.empty() ? 0.0 : numerics::median(counts.widths),
               counts.bias / std::max(1, counts.exponents));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int draws = 400, resamples = 400, first = 0;
  double only_noise = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--draws") draws = std::max(1, std::atoi(argv[i + 1]));
    if (flag == "--resamples") resamples = std::max(2, std::atoi(argv[i + 1]));
    if (flag == "--first") first = std::max(0, std::atoi(argv[i + 1]));
    if (flag == "--noise") only_noise = std::atof(argv[i + 1]);
  }
  fmt::print(
      "| budgets x sizes | noise | scatter | method | exponents | held (%) | law's a held (%) | open end (%) | median width | bias |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n");
  for (const double noise : {0.002, 0.005, 0.01}) {
    if (only_noise > 0 && noise != only_noise) continue;
    for (const std::size_t budgets : {3U, 4U, 5U, 7U}) {
      for (const std::size_t sizes : {4U, 5U, 6U, 9U}) study({budgets, sizes, false, noise}, draws, resamples, first);
      study({budgets, 9, true, noise}, draws, resamples, first);
    }
  }
  for (const std::size_t budgets : {4U, 7U}) study({budgets, 6, false, 0.002, 0.1}, draws, resamples, first);
  return 0;
}
