// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/kernel/trace.h"

// Local derivatives of one layer at one sequence. With J_u the derivative of the layer's *output* stream with respect
// to a parameter block W, every block has the form
//
//   d r''_t = F_t dW g_t   (t: token; dW taken as depth x feature)   =>   C_ts = (g_t . g_s) F_t F_s^T
//
//   block (c its multiplier)    feature g_t            factor F_t (d x depth)                          depth
//   mlp.down                    phi(u_t)               omega c I                                       d, diagonal
//   mlp.up                      x'_t                   U_t = omega c c_down W_down diag phi'(u_t)      m
//   attn.o                      z_t                    omega c T_t                                     d
//   attn.v, head h              xbar_t = sum A_tu x_u  omega c c_o T_t W_O^h                           d_h
//   attn.q                      x_t                    c s [sum_u e'_tu k_u^T] over heads              H d_h
//   attn.k, head h              q_t                    c s sum_u e'_tu x_u^T                           d
//
// T_t = I + U_t W_up R'_t is the MLP's token Jacobian, R the Jacobian of the RMS normalisation, s the score scale, and
// e'_tu = omega c_o A_tu T_t (o_u - sum_j A_tj o_j), o_u = W_O^h v_u, the softmax-centred values after the MLP.
// The last two are sums over source tokens, so their C has a second form with inner depth L instead of H d_h and d:
//
//   C_ts = sum_h e'_t [ (x_t . x_s) (k_u . k_v)_uv + (q_t . q_s) (x_u . x_v)_uv ] e'_s^T       (FactorForm::source)
//
// The layer's Jacobian is T_tu = delta_tu T_t + [sum_h A_tu omega c_v c_o T_t W_O^h W_V^h + delta_tu F^q_t W_Q
// + e'_tu (c_k s W_K^T q_t)^T] R_u, zero where u is masked. Source: docs/kernel.md, Local kernels.
namespace phaselaw::kernel {

enum class FactorForm { diagonal, rows, source };

struct Term {
  model::BlockKind kind{};
  FactorForm form{};
  Index head = -1;  // -1: all heads at once, or none
  Index depth = 0;
  Index feature = 0;         // length of g
  Index source = 0;          // length of the vectors of the inner Gram (source form)
  Index row_offset = 0;      // first factor row: of the L x n_rows x d array (rows), of the H x L source rows (source)
  Index feature_offset = 0;  // first number of its L x feature block
  Index source_offset = 0;   // of its L x source block
};

struct TermList {
  std::vector<Term> terms;
  Index n_rows = 0;      // factor rows of a token, rows form
  Index n_sources = 0;   // H L if any term has source form, otherwise 0
  Index n_features = 0;  // numbers in all features of a sequence
};

// The form of the query and key blocks: source if its inner depth is smaller.
struct SourceForms {
  bool query = false, key = false;
};
[[nodiscard]] SourceForms source_forms(const Setting& s);

// The trainable blocks of a layer, in the order of the parameter table.
[[nodiscard]] TermList layer_terms(const Setting& s, Index layer, SourceForms forms);

template <class T>
struct LayerFactors {
  Index width = 0;            // columns of a factor row: d, or o once the read-out is pushed in
  AlignedVector<T> rows;      // L x n_rows x width: F_t^T
  AlignedVector<T> sources;   // L x (H L) x width: e'_t^T
  AlignedVector<T> features;  // by Term::feature_offset and source_offset
};

// Factors of all terms, and (jacobian != null) the (L d) x (L d) layer Jacobian, row-major. Flop: factor_flop().
template <class T>
void layer_factors(const Setting& s, std::span<const T> theta, const LayerTrace<T>& trace, Index layer,
                   const TermList& list, LayerFactors<T>& factors, T* jacobian, double& flop);
[[nodiscard]] double factor_flop(const Setting& s, const TermList& list, bool jacobian);

// F_t <- W_t F_t with the read-out Jacobian W_t (o x d): for the top layer, where B is block diagonal.
// The diagonal term becomes one of rows form with depth d (unless the read-out is the identity times kappa).
[[nodiscard]] TermList readout_terms(const Setting& s, TermList list);
template <class T>
void push_readout(const Setting& s, std::span<const T> theta, const SequenceTrace<T>& trace, const TermList& list,
                  const TermList& pushed, LayerFactors<T>& factors, double& flop);
[[nodiscard]] double readout_flop(const Setting& s, const TermList& list);

}  // namespace phaselaw::kernel
