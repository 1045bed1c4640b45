// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/numerics/line.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/study_curves.h"

// Experiment 4 of the paper: Definition 5.2 is relaxed step by step (docs/theory/good-class.md, docs/reproduce.md).
// Each step is measured twice: by exact gradient flows on few sequences (convergence, drift) and by SGD on growing data
// (the law).
namespace phaselaw::reproduce {

// The two-stage law in the runs of one step.
struct StepLaw {
  std::size_t runs = 0, finished = 0, past_minimum = 0;
  numerics::Line slope;                      // ln lowest excess risk on ln n_data over the runs past their minimum
  std::size_t sizes = 0;                     // distinct n_data among them
  std::string early_form = "inconclusive";   // "exponential" | "power" | "inconclusive" (fitting/selection.h)
  std::vector<double> n_data, best, lo, hi;  // by n_data: geometric mean and range over all finished runs
};

// early_form: of the falling part of the run with the most data (the first of its replicates).
[[nodiscard]] StepLaw law_of(const StudyCurves& curves);

struct RelaxationStep {
  std::string id, what;  // "omega_0.7"; a description
  double branch_scale = 0;
  double edge_share = 0;          // learning rate of the runs, in units of n/lambda_max
  std::vector<FlowPoint> points;  // empty: the step has no flow of its own (learning rate)
  StepLaw law;
};

// E4.converges_outside_the_good_class, .kernel_stays_at_the_good_scale, .data_still_help
//
// data_still_help: at each step with three sizes past their minimum, the interval of the slope of ln(lowest excess
// risk) on ln n_data is compared with 0. Not supported if one interval lies above, supported if all lie below; steps
// with fewer sizes are not used. The early form of each step is given in the table.
[[nodiscard]] std::vector<report::Claim> claims_of(const std::vector<RelaxationStep>& steps);
[[nodiscard]] std::vector<report::Figure> figures_of(const std::vector<RelaxationStep>& steps);
[[nodiscard]] report::Table table_of(const std::vector<RelaxationStep>& steps);

[[nodiscard]] Finding relaxation(const Context& context);

}  // namespace phaselaw::reproduce
