// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"

// Experiment 7: encoder-only models, the paper's open question 3. Only the mask differs.
namespace phaselaw::reproduce {

struct MaskStudy {
  std::vector<FlowPoint> causal, bidirectional;  // paired: the same n_data and seed at the same place
};

// The exponents of the data law count as equal if they differ by less than this: a fifth of the theory's exponent.
inline constexpr double kMaskMargin = 0.2;
// Rates and eigenvalues count as equal within this factor.
inline constexpr double kRatioMargin = 1.5;

// E7.exponent, .rate, .lambda, .bound
[[nodiscard]] std::vector<report::Claim> claims_of(const MaskStudy& study);
// Lowest excess risk against n_data, both masks in one figure.
[[nodiscard]] std::vector<report::Figure> figures_of(const MaskStudy& study);
[[nodiscard]] report::Table table_of(const MaskStudy& study);

[[nodiscard]] Finding mask(const Context& context);

}  // namespace phaselaw::reproduce
