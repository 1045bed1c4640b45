// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/store/measurement.h"
#include "phaselaw/training/options.h"

// Training of one model, on one thread or a few.
//
// Objective of a batch of b sequences: squared (1/b) ||F - Y||_F^2, the paper's Loss [S]; tokens: mean nats per scored
// token of the batch [T]. Recorded losses are per number: squared loss = mean over sequences, tokens and output
// coordinates, that is the paper's Loss / (L o), comparable with the noise xi^2 per coordinate; tokens: nats per scored
// token. The excess risk is the mean of (F - F*)^2 per number, or KL(p* || p_theta) in nats per scored token.
//
// Batches: sequences without replacement, epoch e in the order of stream (seed, "batch", e); a batch may end one epoch
// and begin the next. gd, and any batch >= n_data, uses the whole training set in its order. Microbatches: a batch is
// processed in equal parts with workspaces that fit the L2 cache. Gradients are added in a fixed order
// (training/objective.h), so the result is the same for any number of threads and depends on the microbatch only by
// rounding. Cost: steps * batch * sequence_cost().training_flop(), plus the measurements, which are not counted in
// compute_flop. Memory: the data once more in T, the parameters, gradient and optimiser state. Steps allocate nothing
// after the first.
namespace phaselaw::training {

// The train loss is measured on the first sequences of the training set, at most this many.
inline constexpr std::int64_t kTrainLossSequences = 1024;
// A training diverges if a batch loss exceeds this multiple of the larger of the first train loss and the loss of the
// trivial prediction (zero output: mean y^2; uniform over the vocabulary: ln vocab).
inline constexpr double kDivergenceFactor = 1e3;

using store::Measurement;

// Sees every step; never changes it.
template <class T>
class Observer {
 public:
  virtual ~Observer() = default;
  // Before update `step` (0, 1, ...): the parameters, the gradient of the batch's objective there (before clipping),
  // and the batch's loss as recorded (per number, or nats per token).
  virtual void on_step(std::int64_t /*step*/, std::span<const T> /*theta*/, std::span<const T> /*gradient*/,
                       double /*batch_loss*/) {}
  virtual void on_measurement(const Measurement& /*measurement*/, std::span<const T> /*theta*/) {}
};

enum class [[nodiscard]] Outcome{finished, diverged};
[[nodiscard]] base::EnumNames<Outcome> enum_names(Outcome);

template <class T>
struct [[nodiscard]] TrainingResult {
  Outcome outcome = Outcome::finished;
  std::string reason;              // a sentence, e.g. "the batch loss at step 12 is not finite"
  std::int64_t steps = 0;          // updates made
  std::vector<Measurement> curve;  // never empty; finite except excess_risk, unless the start itself is not finite
  std::vector<T> theta;            // the last parameters
  double learning_rate = 0;        // the peak that was used, also if chosen by "auto"
  std::int64_t batch = 0;          // sequences per step, limited to n_data
  std::int64_t microbatch = 0;     // sequences per pass
  std::int64_t n_params = 0;       // trainable parameters
  std::int64_t n_params_non_embedding = 0;
  double compute_flop = 0;  // of the updates made, exact
  double compute_6nd = 0;   // 6 n_params tokens, embeddings included
};

// The state of a training after `steps` updates. Continuing from it gives the same bits as the uninterrupted training
// (same program, same machine).
template <class T>
struct TrainingState {
  std::int64_t steps = 0;
  double time = 0, loss_limit = 0, learning_rate = 0;
  // Measured up to and at `steps`; the last is missing if an interrupt came during it, and is then measured first.
  std::vector<Measurement> curve;
  std::vector<T> theta, first_moment, second_moment;
};

// How a training is kept and continued. `due` is called before each update and should be cheap; if it returns true, and
// if an interrupt or an observer ends the training after its first update, `keep` receives the state, which is created
// for this call.
template <class T>
struct Continuation {
  const TrainingState<T>* from = nullptr;             // null: from the start
  std::function<bool(std::int64_t step)> due;         // empty: never
  std::function<void(const TrainingState<T>&)> keep;  // empty: nothing is kept
};

// Minimises the objective from theta_0 (the initialisation of the model; with init_scale != 1 it defines the offset of
// F). An interrupt, or an observer that throws base::Interrupted, ends the training with base::Interrupted after `keep`;
// it is noticed within the time of one microbatch. InputError only for options outside their domain. PHASELAW_CHECK: shapes of data, model and continuation agree. A continued training shows its
// observers only the remaining steps. `threads`: maximum number of threads; at most one per shard of the batch is used.
template <class T>
[[nodiscard]] TrainingResult<T> train(const model::Transformer<T>& model, std::vector<T> theta_0,
                                      const data::Split& data, const TrainingOptions& options, std::uint64_t seed,
                                      std::type_identity_t<std::span<Observer<T>* const>> observers = {},
                                      const std::type_identity_t<Continuation<T>>& continuation = {}, int threads = 1);

extern template TrainingResult<float> train<float>(const model::Transformer<float>&, std::vector<float>,
                                                   const data::Split&, const TrainingOptions&, std::uint64_t,
                                                   std::span<Observer<float>* const>, const Continuation<float>&, int);
extern template TrainingResult<double> train<double>(const model::Transformer<double>&, std::vector<double>,
                                                     const data::Split&, const TrainingOptions&, std::uint64_t,
                                                     std::span<Observer<double>* const>, const Continuation<double>&,
                                                     int);

}  // namespace phaselaw::training
