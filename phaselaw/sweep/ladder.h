// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/base/fields.h"
#include "phaselaw/model/options.h"

// Model shapes of given sizes. A size is the number of trainable parameters, embeddings included: the column n_params
// of the export.
//
// vary = "shape": n_heads heads of size d_head, d_model = n_heads d_head. For every n_heads and n_layers, the d_hidden
// nearest to the requested size is used, within a factor 4 of mlp_ratio d_model. Among the shapes within `tolerance` of
// the size, the one with the smallest
//
//     | ln( (d_model / n_layers) / aspect ) |  +  | ln( d_hidden / (mlp_ratio d_model) ) |
//
// is chosen; ties go to the narrower, then to the shallower shape. vary = "d_hidden": only d_hidden changes, so that
// sequences and teacher remain the same task. The size is affine in n_layers and in n_layers d_hidden, so three
// parameter tables per width determine it exactly. Deterministic; depends only on its arguments.
namespace phaselaw::sweep {

enum class LadderVary { automatic, shape, d_hidden };
[[nodiscard]] base::EnumNames<LadderVary> enum_names(LadderVary);

struct LadderOptions {
  LadderVary vary = LadderVary::automatic;
  double aspect = 32, mlp_ratio = 4, tolerance = 0.02, tokens_per_param = 0;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::positive, base::strictly_between;
    visit("vary", self.vary, anything(),
          "what is varied: shape (n_layers, d_model, n_heads, d_hidden), d_hidden alone, or auto: "
          "shape for text, otherwise d_hidden, which keeps the task unchanged");
    visit("aspect", self.aspect, positive(), "with shape: preferred d_model / n_layers");
    visit("mlp_ratio", self.mlp_ratio, positive(), "with shape: preferred d_hidden / d_model");
    visit("tolerance", self.tolerance, strictly_between(0, 1),
          "largest relative difference between the actual and the requested size");
    visit("tokens_per_param", self.tokens_per_param, at_least(0),
          "training tokens per parameter, which determines training.steps; 0: steps as in [training]");
  }
};

[[nodiscard]] std::int64_t trainable_params(const model::ModelOptions& model);

// `model` with a shape of about n_params. `vary` must not be automatic. InputError at `where`, with the nearest size,
// if no shape is within the tolerance.
[[nodiscard]] model::ModelOptions solve_shape(const model::ModelOptions& model, const LadderOptions& ladder,
                                              double n_params, const base::Location& where = {});

// Number of steps of `batch` sequences for tokens_per_param n_params tokens; at least 1. InputError at `where` for more
// steps than training.steps may be.
[[nodiscard]] std::int64_t ladder_steps(const LadderOptions& ladder, std::int64_t n_params, std::int64_t batch,
                                        std::int64_t seq_len, const base::Location& where = {});

}  // namespace phaselaw::sweep
