// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/study_curves.h"
#include "phaselaw/reproduce/teacher_slopes.h"

// Experiment 4 of the paper: Definition 5.2 is relaxed step by step (docs/theory/good-class.md, docs/reproduce.md).
// Each step is measured twice: by exact gradient flows on few sequences (convergence, drift) and by SGD on growing data
// (the law).
namespace phaselaw::reproduce {

// The two-stage law in the runs of one step.
struct StepLaw {
  std::size_t runs = 0, finished = 0, past_minimum = 0;
  // Lowest excess risk within the steps of the run against n_data, for each teacher, over all finished runs. A run that
  // is still falling at its end has more data than it can use in its time, so that its slope errs towards 0.
  TeacherSlopes slope;
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
// data_still_help: at every step the slope of ln(lowest excess risk) on ln n_data is below 0 (p_values_of_all()). Steps
// at which too few teachers finished all their runs are named and not tested.
[[nodiscard]] std::vector<report::Claim> claims_of(const std::vector<RelaxationStep>& steps);
[[nodiscard]] std::vector<report::Figure> figures_of(const std::vector<RelaxationStep>& steps);
[[nodiscard]] report::Table table_of(const std::vector<RelaxationStep>& steps);

[[nodiscard]] Finding relaxation(const Context& context);

}  // namespace phaselaw::reproduce
