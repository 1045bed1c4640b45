// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The two losses, on n sequences of L tokens with o output coordinates.
//
//   squared        Loss = (1/n) ||F - Y||_F^2                     cotangent (2/n)(F - Y)                 [S]
//   cross-entropy  Loss = -(1/S) sum_l log softmax(F_l)[y_l]      cotangent (softmax(F_l) - e_y)/S         [T]
//                  in nats per token; the sum is over the S positions that are scored: those with y_l >= 0. The others
//                  have no target and cotangent 0. S = n L if every position has a target.
//
// The sums are returned un-normalised and in double so that batches add up: squared: ||F - Y||_F^2; cross-entropy:
// nats. `cotangent` (may be null) receives scale * d(sum)/dF: pass scale = 1/n for the paper's loss, 1/S for nats per
// token.
//
// The excess risk of predictions of tokens is the relative entropy, summed over the vocabulary and the scored positions:
//
//   KL = sum_l sum_v p*_lv (ln p*_lv - ln softmax(F_l)_v)                                                   [T]
//
// in nats, with p ln p = 0 for p = 0. It is evaluated as sum_l (sum_v p*_lv (ln Z_l - F_lv) - H_l) in double, with the
// entropies H_l of p*_l given, so that no logarithm of p* is taken again. Error per position: a few eps(double) times
// (ln V + max_v |F_lv - max F_l|), below 1e-13 for logits within 100 of the largest; so a KL of 0 may come out as
// +-1e-15. Plain twins: model/reference/loss.h.
namespace phaselaw::model {

template <class T>
double squared_error(std::int64_t count, const T* outputs, const T* targets, T scale, T* cotangent);

template <class T>
double cross_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets, T scale,
                     T* cotangent);

// `probabilities`: rows x vocab; `entropies`: one per row. Rows with targets < 0 are skipped.
template <class T>
double relative_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets,
                        const double* probabilities, const double* entropies);

}  // namespace phaselaw::model
