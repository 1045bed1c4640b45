// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"

// The loss of a model on a data set as a function of theta, with its gradient. See training/trainer.h for the
// definitions.
namespace phaselaw::training {

// Workspace, gathered batch, outputs and cotangents of a microbatch stay below this: three quarters of a 2 MB L2 cache,
// the rest is for the weights of one layer. A constant, so that the result does not depend on the machine.
inline constexpr std::size_t kMicrobatchBytes = 3 << 19;

// Data converted to T once, workspace and buffers made once; the member functions allocate nothing. One thread at a
// time.
template <class T>
class Objective {
 public:
  enum class Set { train, test };
  struct Losses {
    double loss = 0;                                                // per number, or nats per token
    double excess_risk = std::numeric_limits<double>::quiet_NaN();  // per number; NaN when F* is unknown
  };

  // theta_0 defines F's offset when init_scale != 1. Batches have at most `batch` sequences; microbatch 0: chosen.
  Objective(const model::Transformer<T>& model, const data::Split& data, std::span<const T> theta_0, std::int64_t batch,
            std::int64_t microbatch);

  // gradient = that of the batch's objective; returns the batch's loss per number, or nats per token.
  double gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, std::span<T> gradient);

  // Over the first `count` sequences of the set.
  [[nodiscard]] Losses evaluate(std::span<const T> theta, Set set, std::int64_t count);

  [[nodiscard]] std::int64_t microbatch() const { return workspace_.capacity(); }
  // Loss of the trivial answer: mean y^2 over train (zero output), or ln vocab (uniform).
  [[nodiscard]] double trivial_loss() const { return trivial_loss_; }

 private:
  using Workspace = typename model::Transformer<T>::Workspace;
  struct Sequences {
    std::int64_t n = 0;
    std::vector<T> x, y, clean, offset;
    std::vector<std::int32_t> tokens, next;
    [[nodiscard]] model::Inputs<T> inputs(std::int64_t from, std::int64_t count,
                                          const model::ModelOptions& options) const;
  };
  [[nodiscard]] Sequences convert(const data::Dataset& set, std::span<const T> theta_0);
  void gather(std::span<const std::int64_t> sequences);
  // Outputs of sequences from, from + 1, ... of the set, with the offset, into outputs_.
  void forward(std::span<const T> theta, const Sequences& set, std::int64_t from, std::int64_t count);
  // Un-normalised loss of outputs_ against those sequences' targets; cotangent may be null.
  double loss(const Sequences& set, std::int64_t from, std::int64_t count, T scale, T* cotangent) const;

  const model::Transformer<T>& model_;
  Workspace workspace_;
  Sequences train_, test_, part_;  // part_: the gathered microbatch
  std::vector<T> outputs_, cotangent_;
  double trivial_loss_ = 0;
};

extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace phaselaw::training
