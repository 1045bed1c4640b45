// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/fields.h"

// The model class of the theory (docs/model.md): a causal, RMS-normalised transformer with scaled residual branches.
//
//   h      = rms(x_l) = x_l / sqrt(||x_l||^2 / d + rms_eps)
//   z_l    = x_l + omega W_O concat_h sum_{j<=l} softmax_j(<q_l, k_j> / sqrt(d_h)) v_j,   q, k, v = W_Q h, W_K h, W_V h
//   x'_l   = z_l + omega W_down phi(W_up rms(z_l))
//   G      = x^(N)  |  W_out x^(N)  |  W_out rms(x^(N))
//   F(X)   = kappa [ G(theta; X) - (1 - epsilon) G(theta_0; X) ]
//
// Source: architecture [S], block in detail [R].
namespace phaselaw::model {

enum class Activation { relu, gelu, silu, tanh, identity };
enum class Parametrisation { ntk, standard, mup };
enum class Readout { identity, linear, tokens };
enum class Mask { causal, bidirectional };
enum class DownInit { normal, sign };

[[nodiscard]] base::EnumNames<Activation> enum_names(Activation);
[[nodiscard]] base::EnumNames<Parametrisation> enum_names(Parametrisation);
[[nodiscard]] base::EnumNames<Readout> enum_names(Readout);
[[nodiscard]] base::EnumNames<Mask> enum_names(Mask);
[[nodiscard]] base::EnumNames<DownInit> enum_names(DownInit);

struct ModelOptions {
  std::int64_t n_layers = 2;
  std::int64_t seq_len = 8;
  std::int64_t d_model = 16;
  std::int64_t d_hidden = 64;
  std::int64_t n_heads = 2;
  std::int64_t d_head = 8;
  std::int64_t d_out = 0;    // 0: d_model (identity, linear); the vocabulary (tokens)
  std::int64_t vocab = 256;  // token readout only
  Activation activation = Activation::relu;
  Parametrisation parametrisation = Parametrisation::ntk;
  Readout readout = Readout::identity;
  Mask mask = Mask::causal;
  DownInit mlp_down_init = DownInit::normal;
  double branch_scale = 0.7;
  double output_scale = 1.0;
  double init_scale = 1.0;
  double rms_eps = 1e-6;
  std::vector<std::string> trainable = {"all"};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::positive;
    visit("n_layers", self.n_layers, at_least(1), "depth: attention + MLP layers");
    visit("seq_len", self.seq_len, at_least(1), "tokens in a sequence, L");
    visit("d_model", self.d_model, at_least(1), "width of the residual stream, d");
    visit("d_hidden", self.d_hidden, at_least(1), "hidden width of the MLP, m");
    visit("n_heads", self.n_heads, at_least(1), "attention heads");
    visit("d_head", self.d_head, at_least(1), "size of a head; n_heads * d_head need not equal d_model");
    visit("d_out", self.d_out, at_least(0), "output coordinates per token; 0: d_model, or vocab for tokens");
    visit("vocab", self.vocab, at_least(2), "vocabulary of the token readout");
    visit("activation", self.activation, anything(), "phi: relu, gelu (tanh form), silu, tanh or identity");
    visit("parametrisation", self.parametrisation, anything(), "ntk, standard or mup");
    visit("readout", self.readout, anything(), "identity, linear or tokens");
    visit("mask", self.mask, anything(), "causal (decoder) or bidirectional (encoder)");
    visit("mlp_down_init", self.mlp_down_init, anything(), "normal, or sign: entries +-1 (the paper's fixed W_down)");
    visit("branch_scale", self.branch_scale, at_least(0), "omega: scale of every residual branch");
    visit("output_scale", self.output_scale, positive(), "kappa: scale of the output");
    visit("init_scale", self.init_scale, anything(),
          "epsilon: scale of the output at initialisation; 0 starts from F = 0");
    visit("rms_eps", self.rms_eps, at_least(0), "added to the mean square in the RMS normalisation");
    visit("trainable", self.trainable, anything(),
          "any of attn.q attn.k attn.v attn.o mlp.up mlp.down embed out; or all, alone");
  }

  // Output coordinates per token after the default is applied.
  [[nodiscard]] std::int64_t outputs() const {
    if (readout == Readout::tokens) return vocab;
    return d_out == 0 ? d_model : d_out;
  }
  [[nodiscard]] bool reads_tokens() const { return readout == Readout::tokens; }
};

// Every domain, and what fields alone cannot say (identity needs d_out = d_model; unknown names in `trainable`).
void validate(const ModelOptions& options, const base::Location& where = {});

}  // namespace phaselaw::model
