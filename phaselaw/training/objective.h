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

// The loss of a model on a data set as a function of theta, with its gradient. The definitions are in
// training/trainer.h.
namespace phaselaw::training {

// Workspace, gathered batch, outputs and cotangents of a microbatch stay below this size: three quarters of a 2 MB L2
// cache; the rest is for the weights of one layer. A microbatch has at least this many tokens, because products of
// fewer rows are slower. These are constants, so that the result does not depend on the machine.
inline constexpr std::size_t kMicrobatchBytes = 3 << 19;
inline constexpr std::int64_t kMicrobatchTokens = 128;

// The number of shards of a batch: contiguous ranges of sequences, each with its own gradient, added pairwise ((0 + 1)
// + (2 + 3)) + ... It depends only on the configuration, so the gradient is the same for any number of threads. It is 1
// if a shard would be less than a few milliseconds of work, or its gradient would cost more than a few per cent of it.
inline constexpr std::int64_t kMaxShards = 8, kShardTokens = 512;
inline constexpr double kShardFlop = 2e8;
[[nodiscard]] std::int64_t gradient_shards(const model::ModelOptions& options, std::int64_t batch);

// Converts the data to T and allocates workspaces, buffers and the shards' gradients once; the member functions
// allocate nothing. They share their work among the team, if there is one; results do not depend on it. For one caller
// at a time. Memory: parameters times shards, and a workspace for each member of the team.
template <class T>
class Objective {
 public:
  enum class Set { train, test };
  struct Losses {
    double loss = 0;  // per number, or nats per scored token
    // Per number; tokens: KL(p* || p_theta) in nats per scored token. NaN if F* or p* is unknown.
    double excess_risk = base::kNaN;
  };

  // theta_0 defines the offset of F if init_scale != 1. Batches have at most `batch` sequences; microbatch 0:
  // automatic. The team must outlive this object. InputError for a precision that this processor does not support, and
  // for any but float32 if T is double. p* is not copied: `data` must outlive this object.
  Objective(const model::Transformer<T>& model, const data::Split& data, std::span<const T> theta_0, std::int64_t batch,
            std::int64_t microbatch, Precision precision = Precision::float32, base::Team* team = nullptr);

  // Sets `gradient` to that of the batch's objective; returns the batch's loss per number, or nats per token.
  // base::Interrupted on request; the gradient is then incomplete.
  double gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, std::span<T> gradient);

  // Over the first `count` sequences of the set. base::Interrupted on request.
  [[nodiscard]] Losses evaluate(std::span<const T> theta, Set set, std::int64_t count);

  [[nodiscard]] std::int64_t microbatch() const { return members_.front().workspace.capacity(); }
  // Loss of the trivial prediction: mean y^2 over train (zero output), or ln vocab (uniform).
  [[nodiscard]] double trivial_loss() const { return trivial_loss_; }

 private:
  using Workspace = typename model::Transformer<T>::Workspace;
  struct Sequences {
    std::int64_t n = 0;
    std::vector<T> x, y, clean, offset;
    std::vector<std::int32_t> tokens, next;
    std::vector<std::int64_t> scored;       // of tokens: the scored positions of all sequences before each, n + 1 sums
    std::span<const double> probabilities;  // p*; empty if unknown
    std::vector<double> entropies;          // of p* at each position
    [[nodiscard]] model::Inputs<T> inputs(std::int64_t from, std::int64_t count,
                                          const model::ModelOptions& options) const;
  };
  // Buffers of one member of the team.
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
  // Unnormalised excess risk of the member's outputs, where F* or p* is known.
  double excess(const Sequences& set, std::int64_t from, std::int64_t count, const Member& member) const;
  // Unnormalised loss of the member's outputs against those sequences' targets; cotangent may be null.
  double loss(const Sequences& set, std::int64_t from, std::int64_t count, const Member& member, T scale,
              T* cotangent) const;
  // The gradient of some sequences, in microbatches; returns their unnormalised loss.
  double shard_gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, T scale,
                        std::span<T> gradient, Member& member) const;
  // gradient += the gradients of all shards but the first, which it already holds.
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
