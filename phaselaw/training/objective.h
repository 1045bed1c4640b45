// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/team.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/training/options.h"

// The loss of a model on a data set as a function of theta, with its gradient. See training/trainer.h for the
// definitions.
namespace phaselaw::training {

// Workspace, gathered batch, outputs and cotangents of a microbatch stay below this: three quarters of a 2 MB L2 cache,
// the rest is for the weights of one layer; but a microbatch has this many tokens, since products of fewer rows are
// slower. Constants, so that the result does not depend on the machine.
inline constexpr std::size_t kMicrobatchBytes = 3 << 19;
inline constexpr std::int64_t kMicrobatchTokens = 128;

// Into how many shards a batch is cut: contiguous ranges of sequences, each with a gradient of its own, added pairwise
// ((0 + 1) + (2 + 3)) + ... A function of the configuration only, so that the gradient is the same bytes for any number
// of threads. 1 where a shard would be less than a few milliseconds of work or its gradient would cost more than a few
// per cent of it.
inline constexpr std::int64_t kMaxShards = 8, kShardTokens = 512;
inline constexpr double kShardFlop = 2e8;
[[nodiscard]] std::int64_t gradient_shards(const model::ModelOptions& options, std::int64_t batch);

// Data converted to T once; workspaces, buffers and the shards' gradients made once; the member functions allocate
// nothing. They share their work among the team, if there is one; results do not depend on it. One caller at a time.
// Memory: parameters times shards, and a workspace for each member of the team.
template <class T>
class Objective {
 public:
  enum class Set { train, test };
  struct Losses {
    double loss = 0;                  // per number, or nats per token
    double excess_risk = base::kNaN;  // per number; NaN when F* is unknown
  };

  // theta_0 defines F's offset when init_scale != 1. Batches have at most `batch` sequences; microbatch 0: chosen.
  // The team must outlive it. InputError for a precision that this processor lacks, and for another than float32 where
  // T is double.
  Objective(const model::Transformer<T>& model, const data::Split& data, std::span<const T> theta_0, std::int64_t batch,
            std::int64_t microbatch, Precision precision = Precision::float32, base::Team* team = nullptr);

  // gradient = that of the batch's objective; returns the batch's loss per number, or nats per token.
  double gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, std::span<T> gradient);

  // Over the first `count` sequences of the set.
  [[nodiscard]] Losses evaluate(std::span<const T> theta, Set set, std::int64_t count);

  [[nodiscard]] std::int64_t microbatch() const { return members_.front().workspace.capacity(); }
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
  // What one member of the team works with.
  struct Member {
    Workspace workspace;
    Sequences part;  // the gathered microbatch
    std::vector<T> outputs, cotangent;
  };
  [[nodiscard]] Sequences convert(const data::Dataset& set, std::span<const T> theta_0);
  [[nodiscard]] Member make_member(std::int64_t capacity) const;
  template <class Turn>
  void run(std::int64_t count, const Turn& turn);
  void gather(std::span<const std::int64_t> sequences, Sequences& part) const;
  // Outputs of sequences from, from + 1, ... of the set, with the offset, into the member's outputs.
  void forward(std::span<const T> theta, const Sequences& set, std::int64_t from, std::int64_t count,
               Member& member) const;
  // Un-normalised loss of the member's outputs against those sequences' targets; cotangent may be null.
  double loss(const Sequences& set, std::int64_t from, std::int64_t count, const Member& member, T scale,
              T* cotangent) const;
  // The gradient of some sequences, in microbatches; returns their un-normalised loss.
  double shard_gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, T scale,
                        std::span<T> gradient, Member& member) const;
  // gradient += the gradients of the shards but the first, which it holds.
  void add_shards(std::span<T> gradient);

  const model::Transformer<T>& model_;
  base::Team* team_;
  numerics::ProductPrecision precision_;
  std::vector<Member> members_;
  Sequences train_, test_;
  std::vector<std::vector<T>> shards_;  // gradients of all shards but the first
  struct Sums {
    double loss = 0, excess = 0;
  };
  std::vector<Sums> sums_;  // of a shard, or of a part that is evaluated
  double trivial_loss_ = 0;
};

extern template class Objective<float>;
extern template class Objective<double>;

}  // namespace phaselaw::training
