// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/base/fields.h"
#include "phaselaw/model/options.h"

// Model shapes of given sizes. Sizes are trainable parameters, embeddings included: the column n_params of the export.
//
// vary = "shape": n_heads heads of size d_head, d_model = n_heads d_head. For every n_heads and n_layers the d_hidden
// that comes nearest to the wanted size is taken, within a factor 4 of mlp_ratio d_model. Of the shapes within
// `tolerance` of the size, the one with the least
//
//     | ln( (d_model / n_layers) / aspect ) |  +  | ln( d_hidden / (mlp_ratio d_model) ) |
//
// wins; of equals the narrower, then the shallower. vary = "d_hidden": only d_hidden moves, so sequences and teacher
// stay the same task. The size is affine in n_layers and in n_layers d_hidden, so three parameter tables a width give
// it exactly. Deterministic; a function of its arguments alone.
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
          "shape (n_layers, d_model, n_heads, d_hidden), d_hidden alone, or auto: "
          "shape for text, else d_hidden, which keeps the task the same");
    visit("aspect", self.aspect, positive(), "shape: wanted d_model / n_layers");
    visit("mlp_ratio", self.mlp_ratio, positive(), "shape: wanted d_hidden / d_model");
    visit("tolerance", self.tolerance, strictly_between(0, 1),
          "largest relative difference between the size and the wanted size");
    visit("tokens_per_param", self.tokens_per_param, at_least(0),
          "training tokens a parameter, which sets training.steps; 0: as in [training]");
  }
};

[[nodiscard]] std::int64_t trainable_params(const model::ModelOptions& model);

// `model` with a shape of about n_params. `vary` is not automatic. InputError at `where`, with the nearest size, when
// no shape is within the tolerance.
[[nodiscard]] model::ModelOptions solve_shape(const model::ModelOptions& model, const LadderOptions& ladder,
                                              double n_params, const base::Location& where = {});

// Steps of `batch` sequences that make tokens_per_param n_params tokens; at least 1.
[[nodiscard]] std::int64_t ladder_steps(const LadderOptions& ladder, std::int64_t n_params, std::int64_t batch,
                                        std::int64_t seq_len);

}  // namespace phaselaw::sweep
