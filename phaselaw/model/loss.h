// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// The two losses, on n sequences of L tokens with o output coordinates.
//
//   squared        Loss = (1/n) ||F - Y||_F^2                     cotangent (2/n)(F - Y)                 [S]
//   cross-entropy  Loss = -(1/(n L)) sum_l log softmax(F_l)[y_l]  cotangent (softmax(F_l) - e_y)/(n L)   [T]
//                  in nats per token
//
// The sums are returned un-normalised and in double so that batches add up: squared: ||F - Y||_F^2; cross-entropy:
// nats. `cotangent` (may be null) receives scale * d(sum)/dF: pass scale = 1/n for the paper's loss, 1/(n L) for nats
// per token.
namespace phaselaw::model {

template <class T>
double squared_error(std::int64_t count, const T* outputs, const T* targets, T scale, T* cotangent);

template <class T>
double cross_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets, T scale,
                     T* cotangent);

}  // namespace phaselaw::model
