// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/compare/compare.h"
#include "phaselaw/advice/compare/run_level.h"

// Two recipes by the loss curves of their runs, at equal loss and at equal resource.
//
//   equal loss      for a loss that every run reaches: s = x_baseline/x_candidate, geometric means over the runs
//   equal resource  for a place inside every run: the mean smoothed loss of the baseline minus that of the candidate, and
//                   what it is worth on the baseline's curve, exp(difference of ln loss/-slope of the baseline)
//   late fall       where runs fall faster at their end than before, as under a decaying learning rate, all losses of the end
//                   are reached within few steps, whatever the recipes are. The answer is then the difference at the end of
//                   runs of one length, worth what the slope before the late fall makes of it; runs of different lengths
//                   have no verdict
//   intervals       with two seeds of one recipe or more, Welch's test over the runs (seeds.h). With one run of each, the
//                   noise within the runs; the noise between seeds is then not known, `between_seeds` is false, and there
//                   is no verdict
// The losses at equal resource are those of unfinished runs, except at the end: they depend on the schedules.
namespace phaselaw::advice {

struct EqualLoss {
  double loss = 0;
  double baseline = 0, candidate = 0;  // geometric means of the places
  fitting::Estimate speedup;
  SeedTest test;  // of ln x
};

struct EqualResource {
  double resource = 0;
  double baseline = 0, candidate = 0;  // geometric means of the losses
  fitting::Estimate difference;        // relative: ln of the baseline's loss minus ln of the candidate's
  double worth = base::kNaN;  // factor in the resource on the baseline's curve, by its slope before a late fall
  SeedTest test;              // of ln loss
};

struct CurvePair {
  std::string resource, unit;
  std::vector<RunLevel> baseline, candidate;
  std::vector<EqualLoss> equal_loss;          // falling losses; the last is the lowest that every run reaches
  std::vector<EqualResource> equal_resource;  // ascending; the last is the end of the shortest run
  bool between_seeds = false;
  bool same_length = true;      // runs end within kLevelFactor of each other
  bool schedules_known = true;  // every run has a recorded learning rate
  bool falls_late = false;      // some run falls faster at its end than before
  bool decays = false;          // some learning rate is lower at the end than before
  Outcome outcome = Outcome::unknown;
  double p = base::kNaN;
  std::string why;  // without equal losses: what is missing
};

// The curves have the axis `resource`: step, tokens or compute.
[[nodiscard]] CurvePair compare_curves(const std::vector<tables::Curve>& baseline,
                                       const std::vector<tables::Curve>& candidate, const std::string& resource,
                                       double level);
// The values of the axis along a curve; empty if it is not recorded.
[[nodiscard]] const std::vector<double>& axis_of(const tables::Curve& curve, const std::string& resource);

[[nodiscard]] std::vector<Limit> curve_limits(const CurvePair& pair, const std::string& baseline,
                                              const std::string& candidate);

}  // namespace phaselaw::advice
