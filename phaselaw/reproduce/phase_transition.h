// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/envelope.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/study_curves.h"

// Experiment 1 of the paper: growing compute at fixed data, and the envelope over data (docs/theory/two-stage-law.md,
// docs/reproduce.md).
//
// Every number comes from the measured curves; the verdicts follow from intervals by the rules of verdict.h. A total
// loss is fitted with a free floor, and its exponent is that of the reducible loss; the two are never mixed.
namespace phaselaw::reproduce {

// Whether a run passed its best stopping time; a run that is still falling at its end has not.
[[nodiscard]] bool passed_its_minimum(const RunCurve& run);

// The best value at any time of a run with n_data sequences, over the replicates.
struct BestOfSize {
  std::int64_t n_data = 0;
  double value = 0, lo = 0, hi = 0;  // median, smallest and largest of the replicates
};

struct PhaseTransition {
  std::string name;  // "text"
  StudyCurves curves;
  std::vector<EnvelopePoint> envelope;
  fitting::Fit law;                  // two-stage, exponent free, on the envelope; intervals resample runs
  std::vector<double> band_compute;  // range over which the law is drawn
  fitting::Prediction band;          // the law there, with the interval of its value
  fitting::Fit law_v1, law_v3;       // exponent fixed at 1/6 and 1/7
  std::string longest_run;           // run with the most data and compute
  fitting::Ranking longest;          // laws of compute fitted to it, by AICc
  std::vector<BestOfSize> best;
  // Best value against n_data over the runs that passed their minimum: a power law without floor (excess risk only).
  fitting::Fit data_law;
  bool has_data_law = false;
  std::size_t runs_at_minimum = 0;
};

[[nodiscard]] PhaseTransition analyse(std::string name, StudyCurves curves, int resamples, std::uint64_t seed);

// The laws of compute that describe how a curve begins, by AICc, without intervals (fitting::early_form judges them).
[[nodiscard]] fitting::Ranking rank_forms(std::span<const double> compute, std::span<const double> value,
                                          bool floor_is_zero);

// The law of analyse() alone, without the other fits.
[[nodiscard]] fitting::Fit envelope_law(const StudyCurves& curves, int resamples, std::uint64_t seed);

// E1.<name>.first_stage, .bend, .exponent_v1, .exponent_v3, .data_exponent
[[nodiscard]] std::vector<report::Claim> claims_of(const PhaseTransition& study);

// Loss against compute with envelope, law, slopes and bend; reducible part; best value against data.
[[nodiscard]] std::vector<report::Figure> figures_of(const PhaseTransition& study);
[[nodiscard]] std::vector<report::Table> tables_of(const PhaseTransition& study);

// Notes on runs that were skipped, and on the fit.
[[nodiscard]] std::vector<std::string> notes_of(const PhaseTransition& study);


}  // namespace phaselaw::reproduce
