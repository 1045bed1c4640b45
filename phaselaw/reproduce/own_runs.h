// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/floor_exponent.h"
#include "phaselaw/reproduce/random_effect.h"

// Experiment 8: the paper's claims that loss curves can decide, judged on the user's own training logs of any size.
//
// Curves are read, prepared and fitted as by `diagnose` (advice/diagnose): a few dozen block means with their noise and
// the correlation of neighbouring residuals, on the clock of the record: the summed learning rate if it varies and is
// known, otherwise compute, tokens or steps.
//
//   first stage   QAICc of the best form with a power start minus that of the best with an exponential start: gain
//   bend          QAICc of the best form without a bend minus that of the best with one
//   late exponent of the last factor 10 of the clock, after the bend and before any decay of the learning rate:
//                 E + A x^-q for every floor E that these blocks allow (fitting/floor_range.h); n/c blocks are
//                 independent, c from the lag-1 correlation of the residuals
//   agreement     tau, the standard deviation of ln q between runs, with its Q-profile interval [T: Viechtbauer 2007];
//                 over runs with a floor that is bounded on both sides
//   frontier      the last losses of runs of at least three sizes, against compute (6 N D if only parameters N and tokens
//                 D are recorded), as the ladder of E1.text
//
// Several runs are a random effect (random_effect.h): the gains' mean; the exponents' means with the floor of every run
// at its lower and at its upper end, and the union of the two intervals. The evidence of one run is its Akaike odds: p =
// 1/(1 + exp(gain/2)) [T: Burnham and Anderson 2002].
//
// Within one run of fixed size and batch, compute is proportional to steps, so the accounting of the theory predicts
// 1/p_T = 1/2 there (M and data charged once), and 1/6 and 1/7 only for the best over sizes [R]. E8.exponent_steps is
// this claim; E8.exponent_v1 and _v3 stand beside it.
// Cost: linear in the rows to read, and about 0.4 s per run of any length.
namespace phaselaw::reproduce {

struct OwnRun {
  advice::Diagnosis diagnosis;
  double start_gain = base::kNaN, bend_gain = base::kNaN;  // QAICc in favour of an exponential start, and of a bend
  std::string no_start, no_bend;                           // why this run cannot decide; "" = it can
  std::optional<FloorMeasurement> late;
  std::string no_late;
  double from = base::kNaN;  // clock at which the late part begins
};

// All curves; the order is kept.
[[nodiscard]] std::vector<OwnRun> judged_runs(std::span<const tables::Curve> curves,
                                              const advice::DiagnoseOptions& options);

// The standard deviation of effects with known standard errors around their common mean: DerSimonian and Laird's value
// with the Q-profile interval. NaN for fewer than two.
[[nodiscard]] Effect between_runs(std::span<const double> values, std::span<const double> errors);

// E8.first_stage, .bend, .exponent_steps, .exponent_v1, .exponent_v3, .agreement
[[nodiscard]] std::vector<report::Claim> claims_of(const std::vector<OwnRun>& runs);

// Reads the files of the context. InputError: files as tables/rows.h, or no curve with a loss.
[[nodiscard]] Finding own_runs(const Context& context);

}  // namespace phaselaw::reproduce
