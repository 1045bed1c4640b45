// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"

// Experiment 7: the paper's open question 3. A decoder (causal attention), an encoder (bidirectional attention) and an
// encoder-decoder with the same number of trainable parameters and of layers learn by the exact gradient flow, each from
// a teacher of its own kind. A seed is one draw of teacher, data and weights, and is compared with itself.
namespace phaselaw::reproduce {

struct Architecture {
  std::string name;  // "causal", "bidirectional", "encoder_decoder"
  std::int64_t n_params = 0;
  std::vector<FlowPoint> points;  // the same n_data and seed at the same place in all architectures
};
using Architectures = std::vector<Architecture>;  // the first is causal

// The exponent that the theory states for the data, of which kExponentMargin (verdict.h) is a share.
inline constexpr double kDataExponent = 1;
// Rates and eigenvalues count as equal within this factor.
inline constexpr double kRatioMargin = 1.5;

// The study of each architecture, by name.
[[nodiscard]] std::vector<std::pair<std::string, base::Value>> architecture_studies(const Context& context);

// Of each architecture but the causal one: E7.<name>.exponent, .rate, .lambda, differences to the causal one over seeds.
// And E7.bound, of all. decide() has not judged them.
[[nodiscard]] std::vector<report::Claim> claims_of(const Architectures& all);
// Lowest excess risk against n_data.
[[nodiscard]] std::vector<report::Figure> figures_of(const Architectures& all);
[[nodiscard]] report::Table table_of(const Architectures& all);

[[nodiscard]] Finding architectures(const Context& context);

}  // namespace phaselaw::reproduce
