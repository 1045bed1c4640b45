// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/fitting/envelope.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/study_curves.h"
#include "phaselaw/theory/two_stage.h"

// Lower bound, measured envelope and upper bound of the excess risk in one figure: the matching bounds of the two-stage
// law (docs/theory/two-stage-law.md, docs/theory/lower-bounds.md, theory/matching_band.h) on the runs of E1.teacher.
//
// Unit: excess risk per sequence, the unit of Loss and of the two-point bound: L o times that per output coordinate.
// The law is stated for R0 = 1; with the measured R0 it reads
//   upper(C) = c R0 (s^2/n(C)),  s^2 = xi^2/R0,  C = a n^p log(n/s^2)/s^2,   lower(C) = upper(C)/16
// xi is known, R0 is measured at the start; a (in FLOP) and c = c_xi d_eff are 1 as stated, or fitted: they minimise
// the largest distance of ln(measured) from the middle of the band, at computes evenly spaced in the logarithm. An
// envelope outside the fitted band is therefore outside for every choice of a and c, so a fitted band can fail only by
// its shape. Intervals: runs are resampled with replacement within each data size, the envelope is recomputed, and
// constants are refitted; percentiles.
namespace phaselaw::reproduce {

struct BandInput {
  StudyCurves curves;
  double noise = 0, initial_risk = 0;  // xi per coordinate; R0 per sequence
  std::int64_t coordinates = 1;        // L o
};

struct BandConstants {
  double a = 1, c = 1;
  bool a_identified = true;  // false: the best a is at an end of its range, where only a^(1/p) c matters
};

// Distances in powers of ten; positive: outside.
struct Excursion {
  double above = 0, below = 0;  // largest over the computes of measured/upper and of lower/measured
  [[nodiscard]] double worst() const { return above > below ? above : below; }
};

struct Statistic {
  double value = 0, lo = 0, hi = 0;
};

struct EditionBand {
  theory::Edition edition;
  BandConstants fitted;
  Excursion stated_excursion, fitted_excursion, with_measured_c;  // the last: a = 1, c = c_measured
  Statistic stated, fit;                                          // of worst()
};

struct MatchingBandStudy {
  BandInput input;
  std::vector<double> compute, measured;  // the envelope at computes evenly spaced in the logarithm
  std::vector<double> n_data;             // of the run that is lowest there
  double c_measured = 1;                  // median of n Delta R/xi^2 over the runs that passed their minimum
  Statistic two_point;  // largest over the computes of log10 (xi^2/(16 n))/measured, with the n of the run
  std::vector<EditionBand> editions;  // v1, v3
};

// ln of the upper bound per sequence at a compute.
[[nodiscard]] double log_upper_bound(const theory::Edition& edition, const BandConstants& constants,
                                     const BandInput& input, double compute);

[[nodiscard]] MatchingBandStudy analyse_band(BandInput input, int resamples, std::uint64_t seed);

// LB.band.two_point, .v1_stated, .v1_fitted, .v3_stated, .v3_fitted
[[nodiscard]] std::vector<report::Claim> claims_of(const MatchingBandStudy& study);
[[nodiscard]] std::vector<report::Figure> figures_of(const MatchingBandStudy& study);
[[nodiscard]] report::Table table_of(const MatchingBandStudy& study);

[[nodiscard]] Finding matching_band(const Context& context);

}  // namespace phaselaw::reproduce
