// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/base/fields.h"

// Conventions for counting training compute in FLOP per token, and conversion between them.
//
//   6nd                  6 N                               N: all parameters              [T: Kaplan et al. 2020,
//   sec. 2.1]
//   without-embeddings   6 (N - N_embed)                   N_embed = vocab d_model        [T: Kaplan et al. 2020]
//   with-attention       6 N + 12 n_layers d_model seq_len scores and mixing, without savings for the causal mask
//                                                          [T: Chowdhery et al. 2022, arXiv 2204.02311, app. B]
//   exact                flop_per_param N                  measured compute/(N tokens)
// A forward pass alone, as in inference, costs a third. N always includes the embeddings.
// Errors: InputError for a convention that needs a number (vocab, seq_len, ...) that is missing or not positive.
namespace phaselaw::advice {

enum class FlopConvention { six_nd, without_embeddings, with_attention, exact };
[[nodiscard]] base::EnumNames<FlopConvention> enum_names(FlopConvention);

struct ModelShape {
  double n_params = 0, n_layers = 0, d_model = 0, seq_len = 0, vocab = 0;  // 0 if unknown
  double flop_per_param = 0;                                               // for `exact`
};
[[nodiscard]] double flop_per_token(FlopConvention convention, const ModelShape& shape);

// The compute of the same run in another convention is multiplied by flop_per_token(to)/flop_per_token(from).
[[nodiscard]] double convert_flop(double flop, FlopConvention from, FlopConvention to, const ModelShape& shape);

// Ratio of with-attention to 6nd: 1 + 2 n_layers d_model seq_len/N. 1.15 for 12 layers of width 768, seq_len 1024 and
// 124e6 parameters.
[[nodiscard]] double attention_multiple(const ModelShape& shape);

// Shapes for all sizes: N = 12 n_layers d_model^2 + vocab d_model with d_model = aspect_ratio n_layers [T].
struct ShapeFamily {
  double aspect_ratio = 64;  // d_model/n_layers
  std::optional<double> vocab, seq_len, flop_per_param;
};
[[nodiscard]] ModelShape shape_of(const ShapeFamily& family, double n_params);

// Training FLOP per token of the family's model with N parameters.
struct FlopCost {
  FlopConvention convention = FlopConvention::six_nd;
  ShapeFamily family;
  [[nodiscard]] double per_token(double n_params) const;
};

}  // namespace phaselaw::advice
