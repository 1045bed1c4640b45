// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/fitting/envelope.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/study_curves.h"

// Any study seen through the two-stage law: all runs against the compute that the study's accounting charges, their
// envelope with the fitted law, and the best value against the data.
//
// The page judges no claim of the paper, because the exponent of an envelope depends on how a study scales its model and
// its steps with the data and on what it charges (docs/theory/implied-exponents.md): 1/6 belongs to M ~ n^3 charged
// M n T. A total loss is fitted with a free floor, and its exponent is that of the reducible loss; the two are never
// mixed.
namespace phaselaw::reproduce {

// Whether a run passed its best stopping time; a run that is still falling at its end has not.
[[nodiscard]] bool passed_its_minimum(const RunCurve& run);

// The best value at any time of a run with n_data sequences, over the replicates.
struct BestOfSize {
  std::int64_t n_data = 0;
  double value = 0, lo = 0, hi = 0;  // median, smallest and largest of the replicates
};

struct StudyAnalysis {
  StudyCurves curves;
  std::vector<EnvelopePoint> envelope;
  fitting::Fit law;                  // two-stage, exponent free, on the envelope; intervals resample runs
  std::vector<double> band_compute;  // range over which the law is drawn
  fitting::Prediction band;          // the law there, with the interval of its value
  std::string longest_run;           // run with the most data and compute
  fitting::Ranking longest;          // laws of compute fitted to it, by AICc
  std::vector<BestOfSize> best;
  // Best value against n_data over the runs that passed their minimum: a power law without floor (excess risk only).
  fitting::Fit data_law;
  bool has_data_law = false;
  std::size_t runs_at_minimum = 0;
};

[[nodiscard]] StudyAnalysis analyse(StudyCurves curves, int resamples, std::uint64_t seed);

// The laws of compute that describe how a curve begins, by AICc, without intervals (fitting::early_form judges them).
[[nodiscard]] fitting::Ranking rank_forms(std::span<const double> compute, std::span<const double> value,
                                          bool floor_is_zero);

// One sentence: how the envelope falls in its second stage, or that the runs do not say.
[[nodiscard]] std::string answer_of(const StudyAnalysis& study);

// Loss against compute with envelope, law and bend; reducible part; best value against data.
[[nodiscard]] std::vector<report::Figure> figures_of(const StudyAnalysis& study);
[[nodiscard]] std::vector<report::Table> tables_of(const StudyAnalysis& study);

// Notes on runs that were skipped, and on the fit.
[[nodiscard]] std::vector<std::string> notes_of(const StudyAnalysis& study);

}  // namespace phaselaw::reproduce
