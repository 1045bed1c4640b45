// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/model/activation.h"

// The model class of the theory (docs/model.md): a causal, RMS-normalised transformer with scaled residual branches.
//
//   h      = rms(x_l) = x_l / sqrt(||x_l||^2 / d + rms_eps)
//   z_l    = x_l + omega W_O concat_h sum_{j<=l} softmax_j(<q_l, k_j> / sqrt(d_h)) v_j,   q, k, v = W_Q h, W_K h, W_V h
//   x'_l   = z_l + omega W_down phi(W_up rms(z_l))
//   G      = x^(N)  |  W_out x^(N)  |  W_out rms(x^(N))
//   F(X)   = kappa [ G(theta; X) - (1 - epsilon) G(theta_0; X) ]
//
// Source: architecture [S], block in detail [R].
//
// The same class holds the blocks that people train [T]. Each part has its own key; the defaults give the block above.
//
//   norm            rms | layernorm:  h = (x - mean x) / sqrt(var x + rms_eps), var the mean square deviation
//   norm_gain       h <- g * h, entry by entry, in both norms of a layer and in the last one
//   norm_bias       h <- h + b, in the same norms; layernorm only
//   linear_bias     W h + b in every linear map of a layer; not in W_out
//   mlp             plain | gated:  W_down (phi(W_gate h) * W_up h)
//   positions       learned (added to token embeddings) | rotary (heads.h) | none
//   tied_embedding  W_out = embed
//   n_kv_heads      head i reads key and value head floor(i n_kv_heads / n_heads)
//
//   n_encoder_layers  an encoder-decoder: before x enters layer 1, n_encoder_layers blocks of the same kind, with
//                   bidirectional attention, turn the source s (source_len rows) into s^(E), and every layer attends to
//                   it between its self-attention and its MLP:
//
//   y_l    = z_l + omega W_O concat_h sum_{j <= source_len} softmax_j(<q_l, k_j> / sqrt(d_h)) v_j,
//            q = W_Q norm(z_l),   k, v = W_K norm(s^(E)_j), W_V norm(s^(E)_j)          with matrices of its own
//
// An input is the source followed by the decoder's seq_len rows (vectors or tokens). The output at row l depends on the
// whole source and, with a causal mask, on the decoder's rows <= l; so the source is a part of each of the n L samples
// of the theory. Rotary positions turn queries and keys of self-attention only; learned positions have a table for the
// source and one for the decoder, and both share the embedding.
//
// GPT-2: layernorm, gain, both biases, gelu, learned positions, tied. Llama: rms, gain, gated silu, rotary, n_kv_heads.
// Sources: Radford et al. 2019; Touvron et al. 2023; Ba et al. 2016 (layernorm); Shazeer 2020 (gated); Su et al. 2021
// (rotary); Ainslie et al. 2023 (shared key and value heads); Vaswani et al. 2017 (encoder and decoder, here with
// normalised inputs of branches).
namespace phaselaw::model {

enum class Parametrisation { ntk, standard, mup };
enum class Readout { identity, linear, tokens };
enum class Mask { causal, bidirectional };
enum class DownInit { normal, sign };
enum class Norm { rms, layernorm };
enum class Mlp { plain, gated };
enum class Positions { learned, rotary, none };

[[nodiscard]] base::EnumNames<Activation> enum_names(Activation);
[[nodiscard]] base::EnumNames<Parametrisation> enum_names(Parametrisation);
[[nodiscard]] base::EnumNames<Readout> enum_names(Readout);
[[nodiscard]] base::EnumNames<Mask> enum_names(Mask);
[[nodiscard]] base::EnumNames<DownInit> enum_names(DownInit);
[[nodiscard]] base::EnumNames<Norm> enum_names(Norm);
[[nodiscard]] base::EnumNames<Mlp> enum_names(Mlp);
[[nodiscard]] base::EnumNames<Positions> enum_names(Positions);

// Largest sizes. The number of parameters is limited too (kMostParameters), so that the product of the sizes of one
// pass fits into 64 bits. [R]
inline constexpr double kMostLayers = 1e4, kMostTokens = 1e7, kMostWidth = 1e6, kMostHidden = 1e9, kMostHeads = 1e4,
                        kMostOutputs = 1e8, kMostParameters = 1e10;

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
  Norm norm = Norm::rms;
  bool norm_gain = false;
  bool norm_bias = false;
  bool linear_bias = false;
  Mlp mlp = Mlp::plain;
  Positions positions = Positions::learned;
  double rotary_base = 10000;
  bool tied_embedding = false;
  std::int64_t n_kv_heads = 0;        // 0: n_heads
  std::int64_t n_encoder_layers = 0;  // 0: a decoder alone
  std::int64_t source_len = 0;        // 0: seq_len

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::at_least, base::positive;
    visit("n_layers", self.n_layers, base::at_least(1).up_to(kMostLayers),
          "number of layers, each of attention and an MLP");
    visit("seq_len", self.seq_len, base::at_least(1).up_to(kMostTokens), "number of tokens in a sequence, L");
    visit("d_model", self.d_model, base::at_least(1).up_to(kMostWidth), "width of the residual stream, d");
    visit("d_hidden", self.d_hidden, base::at_least(1).up_to(kMostHidden), "hidden width of the MLP, m");
    visit("n_heads", self.n_heads, base::at_least(1).up_to(kMostHeads), "number of attention heads");
    visit("d_head", self.d_head, base::at_least(1).up_to(kMostWidth),
          "width of a head; n_heads * d_head may differ from d_model");
    visit("d_out", self.d_out, base::at_least(0).up_to(kMostOutputs),
          "number of outputs per token; 0: d_model, or vocab for the token readout");
    visit("vocab", self.vocab, base::at_least(2).up_to(kMostOutputs), "number of different tokens; token readout only");
    visit("activation", self.activation, anything(), "phi, the activation of the MLP; gelu is the tanh form");
    visit("parametrisation", self.parametrisation, anything(),
          "how initial values, multipliers and step sizes scale with the width");
    visit("readout", self.readout, anything(),
          "what is done with the last stream: nothing, an output matrix, or a norm and logits of tokens");
    visit("mask", self.mask, anything(),
          "causal: a token sees itself and those before it; bidirectional: it sees all; an encoder always sees all");
    visit("mlp_down_init", self.mlp_down_init, anything(),
          "initial entries of W_down: normal, or sign for +-1 (the paper's fixed W_down)");
    visit("branch_scale", self.branch_scale, at_least(0), "omega: scale of every residual branch");
    visit("output_scale", self.output_scale, positive(), "kappa: scale of the output");
    visit("init_scale", self.init_scale, anything(),
          "epsilon: scale of the output at initialisation; 0 starts from F = 0");
    visit("rms_eps", self.rms_eps, at_least(0),
          "added to the mean square (layernorm: to the variance) before its square root is taken");
    visit(
        "trainable", self.trainable, anything(),
        "blocks to train: any of attn.q attn.k attn.v attn.o mlp.up mlp.down embed out and the others of docs/model.md, or all, alone");
    visit("norm", self.norm, anything(), "rms divides by the root mean square; layernorm subtracts the mean first");
    visit("norm_gain", self.norm_gain, anything(), "multiply by a gain per coordinate after every normalisation");
    visit("norm_bias", self.norm_bias, anything(),
          "add a bias per coordinate after every normalisation; layernorm only");
    visit("linear_bias", self.linear_bias, anything(), "add a bias in every linear map of attention and MLP");
    visit("mlp", self.mlp, anything(), "plain, or gated: W_down (phi(W_gate h) * W_up h)");
    visit("positions", self.positions, anything(),
          "learned: added to token embeddings; rotary: queries and keys are rotated by their position; or none");
    visit("rotary_base", self.rotary_base, base::above(1),
          "rotary: base of the angles; the slowest pair of coordinates turns about 1 / base per token");
    visit("tied_embedding", self.tied_embedding, anything(),
          "use the embedding as the output matrix; token readout only");
    visit("n_kv_heads", self.n_kv_heads, base::at_least(0).up_to(kMostHeads),
          "number of heads of keys and values, each shared by n_heads / n_kv_heads queries; 0: n_heads");
    visit("n_encoder_layers", self.n_encoder_layers, base::at_least(0).up_to(kMostLayers),
          "number of layers of an encoder; every layer attends to its outputs; 0: no encoder");
    visit("source_len", self.source_len, base::at_least(0).up_to(kMostTokens),
          "number of source tokens, which the encoder reads before the seq_len tokens of the decoder; 0: seq_len");
  }

  // Output coordinates per token after the default is applied.
  [[nodiscard]] std::int64_t outputs() const {
    if (readout == Readout::tokens) return vocab;
    return d_out == 0 ? d_model : d_out;
  }
  [[nodiscard]] bool reads_tokens() const { return readout == Readout::tokens; }
  [[nodiscard]] std::int64_t kv_heads() const { return n_kv_heads == 0 ? n_heads : n_kv_heads; }
  [[nodiscard]] bool learns_positions() const { return reads_tokens() && positions == Positions::learned; }
  [[nodiscard]] bool has_encoder() const { return n_encoder_layers > 0; }
  // Rows of the source; 0 without an encoder.
  [[nodiscard]] std::int64_t source_rows() const { return !has_encoder() ? 0 : source_len == 0 ? seq_len : source_len; }
  // Rows of one input: the source, then the decoder's.
  [[nodiscard]] std::int64_t input_len() const { return source_rows() + seq_len; }
  // Layers with a tangent kernel of their own: those of the decoder and of the encoder.
  [[nodiscard]] std::int64_t all_layers() const { return n_layers + n_encoder_layers; }
  // True for the block of the equations at the top, without any of the parts below them.
  [[nodiscard]] bool is_plain_block() const {
    return norm == Norm::rms && !norm_gain && !norm_bias && !linear_bias && mlp == Mlp::plain &&
           positions == Positions::learned && !tied_embedding && kv_heads() == n_heads && !has_encoder();
  }
};

// The encoder as a model of this class: n_encoder_layers bidirectional layers on sequences of source_len tokens. What
// lies beyond its stream (readout, trainable) is that of `options`.
[[nodiscard]] ModelOptions encoder_of(const ModelOptions& options);

// The options as a [model] section. Keys of block parts (norm .. source_len) appear only where they differ from their
// defaults, so that configurations, run keys and weights of the plain block keep the bytes that they had before those
// keys existed.
[[nodiscard]] base::Value to_section(const ModelOptions& options);

// Checks every domain, and the rules that involve several fields (identity needs d_out = d_model, the names in
// `trainable` must be known, ...). Throws InputError.
void validate(const ModelOptions& options, const base::Location& where = {});

// Only that the model has at most kMostParameters parameters, as part of validate(). `prefix`: of the names of its keys,
// such as "teacher_".
void require_parameters(const ModelOptions& options, const base::Location& where, std::string_view prefix = "");

}  // namespace phaselaw::model
