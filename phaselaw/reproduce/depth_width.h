// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"

// Experiment 3 of the paper: depth against width (docs/theory/convergence.md, docs/reproduce.md).
//
// Flows of models of several depths on one task, once with d_hidden ~ n_layers^-2 (required by Definition 5.2 at a
// fixed branch scale) and once with d_hidden fixed. The rate alpha is interpreted in two ways: alpha ~ N, and alpha ~
// sum over layers of (1 + c)^(2 (N - nu)).
namespace phaselaw::reproduce {

struct DepthWidth {
  std::vector<FlowPoint> kept, fixed;  // d_hidden ~ n_layers^-2; d_hidden fixed
};

// E3.linear.<rule>, .exponential.<rule> for both rules; E3.bound, .drift
[[nodiscard]] std::vector<report::Claim> claims_of(const DepthWidth& experiment);

// Rate against depth with both readings and the bound; drift against depth for both rules.
[[nodiscard]] std::vector<report::Figure> figures_of(const DepthWidth& experiment);
[[nodiscard]] report::Table table_of(const DepthWidth& experiment);

[[nodiscard]] Finding depth_width(const Context& context);

}  // namespace phaselaw::reproduce
