// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/analysis/laziness_study.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/lazy_text.h"
#include "phaselaw/reproduce/teacher_slopes.h"

// Experiment 5 of the paper: the drift of the kernel along the exact gradient flow, against width and scale
// (docs/theory/convergence.md, docs/reproduce.md).
//
// According to the theory's perturbation bound K omega sqrt(R/delta) with R ~ m^-1/2, the drift falls at least as
// m^-1/4. Stability and laziness of a training on text are in lazy_text.h.
namespace phaselaw::reproduce {

struct LazyOrRich {
  analysis::LazinessStudy one_layer, two_layers, scale;
  LazyText text;
};

// The drift against the axis of the study; a replicate has its own teacher, so `seed` identifies the teacher. Flows that
// did not finish are missing.
[[nodiscard]] std::vector<Observation> drift_against_axis(const analysis::LazinessStudy& study);

// E5.one_layer_width, .two_layers_width, .output_scale, and those of lazy_text.h
[[nodiscard]] std::vector<report::Claim> claims_of(const LazyOrRich& experiment);

[[nodiscard]] Finding lazy_or_rich(const Context& context);

}  // namespace phaselaw::reproduce
