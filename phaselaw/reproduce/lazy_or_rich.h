// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/analysis/laziness_study.h"
#include "phaselaw/reproduce/experiment.h"

// Experiment 5 of the paper: the drift of the kernel along the exact gradient flow, against width and scale
// (docs/theory/convergence.md, docs/reproduce.md).
//
// According to the theory's perturbation bound K omega sqrt(R/delta) with R ~ m^-1/2, the drift falls at least as
// m^-1/4.
namespace phaselaw::reproduce {

struct LazyOrRich {
  analysis::LazinessStudy one_layer, two_layers, scale;
};

// E5.one_layer_width, .two_layers_width, .output_scale
[[nodiscard]] std::vector<report::Claim> claims_of(const LazyOrRich& experiment);

[[nodiscard]] Finding lazy_or_rich(const Context& context);

}  // namespace phaselaw::reproduce
