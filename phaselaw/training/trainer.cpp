// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/training/batches.h"
#include "phaselaw/training/learning_rate.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/optimizer.h"
#include "phaselaw/training/schedule.h"

namespace phaselaw::training {

base::EnumNames<Outcome> enum_names(Outcome) {
  static constexpr std::array<std::pair<std::string_view, Outcome>, 2> names{
      {{"finished", Outcome::finished}, {"diverged", Outcome::diverged}}};
  return names;
}

namespace {

template <class T>
class Run {
 public:
  Run(const model::Transformer<T>& model, std::vector<T> theta_0, const data::Split& data,
      const TrainingOptions& options, std::uint64_t seed, std::span<Observer<T>* const> observers,
      const Continuation<T>& continuation, int threads)
      : model_(model),
        options_(options),
        observers_(observers),
        continuation_(continuation),
        train_count_(std::min(data.train.n, kTrainLossSequences)),
        test_count_(data.test.n),
        batches_(seed, data.train.n, options.optimizer == OptimizerKind::gd ? data.train.n : options.batch),
        team_(
            static_cast<int>(std::clamp<std::int64_t>(threads, 1, gradient_shards(model.options(), batches_.size())))),
        objective_(model, data, theta_0, batches_.size(), options.microbatch.is_word() ? 0 : options.microbatch.value,
                   options.precision, &team_),
        optimizer_(options, model.table()),
        gradient_(theta_0.size()),
        flop_per_step_(model::sequence_cost(model.options()).training_flop() * static_cast<double>(batches_.size())) {
    result_.theta = std::move(theta_0);
    result_.batch = batches_.size();
    result_.microbatch = objective_.microbatch();
    result_.n_params = model.table().n_trainable();
    result_.n_params_non_embedding = model.table().n_non_embedding();
    if (continuation.from != nullptr) restore(*continuation.from);
  }

  TrainingResult<T> carry_out() {
    try {
      take_steps();
    } catch (const base::Interrupted&) {
      // Only update() changes the state, and nothing interrupts it. Before the first update there is nothing to keep.
      if (result_.steps > 0) keep();
      throw;
    }
    result_.compute_flop = flop_per_step_ * static_cast<double>(result_.steps);
    result_.compute_6nd = model::six_nd(model_.options(), true) * static_cast<double>(result_.steps * result_.batch);
    return std::move(result_);
  }

 private:
  void take_steps() {
    const auto measure_at = measurement_steps(options_.steps, options_.measurements_per_doubling);
    result_.curve.reserve(measure_at.size());
    if (continuation_.from == nullptr)
      result_.learning_rate =
          options_.learning_rate.is_word()
              ? automatic_learning_rate<T>(model_, objective_, result_.theta, result_.batch, options_)
              : options_.learning_rate.value;
    auto next = result_.curve.empty()
                    ? measure_at.begin()
                    : std::upper_bound(measure_at.begin(), measure_at.end(), result_.curve.back().step);
    for (;; ++result_.steps) {
      if (result_.steps == *next) {
        measure();
        ++next;
      }
      if (stopped_ || result_.steps == options_.steps) return;
      step();
      if (stopped_) return;
    }
  }

  void stop(Outcome outcome, const std::string& reason) {
    result_.outcome = outcome;
    result_.reason = reason;
    stopped_ = true;
  }

  void restore(const TrainingState<T>& state) {
    PHASELAW_CHECK_EQ(state.theta.size(), result_.theta.size());
    PHASELAW_CHECK(state.steps <= options_.steps && !state.curve.empty());
    result_.steps = state.steps;
    result_.theta = state.theta;
    result_.curve = state.curve;
    result_.learning_rate = state.learning_rate;
    time_ = state.time;
    loss_limit_ = state.loss_limit;
    batches_.skip_to(state.steps);
    optimizer_.restore(state.steps, state.first_moment, state.second_moment);
  }

  void keep() const {
    if (!continuation_.keep) return;
    const auto first = optimizer_.first_moment(), second = optimizer_.second_moment();
    continuation_.keep({result_.steps,
                        time_,
                        loss_limit_,
                        result_.learning_rate,
                        result_.curve,
                        result_.theta,
                        {first.begin(), first.end()},
                        {second.begin(), second.end()}});
  }

  void step() {
    base::throw_if_interrupted();
    if (continuation_.due && continuation_.due(result_.steps)) keep();
    const double loss = objective_.gradient(result_.theta, batches_.next(), gradient_);
    if (!(loss <= loss_limit_))
      return stop(Outcome::diverged, fmt::format("the batch loss at step {} is {}", base::format_count(result_.steps),
                                                 base::format_number(loss)));
    const double norm = gradient_norm<T>(model_.table(), gradient_);
    if (!std::isfinite(norm))
      return stop(Outcome::diverged, fmt::format("the gradient at step {} is not finite", result_.steps));
    for (auto* observer : observers_) observer->on_step(result_.steps, result_.theta, gradient_, loss);
    const bool clip = options_.gradient_clip > 0 && norm > options_.gradient_clip;
    const double rate = result_.learning_rate * rate_fraction(options_, result_.steps);
    optimizer_.update(result_.theta, gradient_, rate, clip ? options_.gradient_clip / norm : 1.0, &team_);
    time_ += rate;
  }

  void measure() {
    using Set = typename Objective<T>::Set;
    const auto train = objective_.evaluate(result_.theta, Set::train, train_count_);
    const auto test = objective_.evaluate(result_.theta, Set::test, test_count_);
    Measurement m;
    m.step = result_.steps;
    m.time = time_;
    m.tokens = static_cast<double>(result_.steps * result_.batch * model_.options().seq_len);
    m.compute_flop = flop_per_step_ * static_cast<double>(result_.steps);
    m.train_loss = train.loss;
    m.test_loss = test.loss;
    m.excess_risk = test.excess_risk;
    if (m.step == 0) {
      loss_limit_ = kDivergenceFactor * std::max(m.train_loss, objective_.trivial_loss());
      result_.curve.push_back(m);
    }
    if (!(m.train_loss <= loss_limit_) || !std::isfinite(m.test_loss))
      return stop(Outcome::diverged,
                  fmt::format("the losses after step {} are {} (train) and {} (test)", base::format_count(m.step),
                              base::format_number(m.train_loss), base::format_number(m.test_loss)));
    if (m.step != 0) result_.curve.push_back(m);
    for (auto* observer : observers_) observer->on_measurement(m, result_.theta);
  }

  const model::Transformer<T>& model_;
  const TrainingOptions& options_;
  std::span<Observer<T>* const> observers_;
  const Continuation<T>& continuation_;
  std::int64_t train_count_, test_count_;
  Batches batches_;
  base::Team team_;
  Objective<T> objective_;
  Optimizer<T> optimizer_;
  std::vector<T> gradient_;
  double flop_per_step_;
  double time_ = 0, loss_limit_ = 0;
  bool stopped_ = false;
  TrainingResult<T> result_;
};

}  // namespace

template <class T>
TrainingResult<T> train(const model::Transformer<T>& model, std::vector<T> theta_0, const data::Split& data,
                        const TrainingOptions& options, std::uint64_t seed,
                        std::type_identity_t<std::span<Observer<T>* const>> observers,
                        const std::type_identity_t<Continuation<T>>& continuation, int threads) {
  validate(options);
  const numerics::OneBlasThread one;  // sequences are shared between threads, not products
  return Run<T>(model, std::move(theta_0), data, options, seed, observers, continuation, threads).carry_out();
}

template TrainingResult<float> train<float>(const model::Transformer<float>&, std::vector<float>, const data::Split&,
                                            const TrainingOptions&, std::uint64_t, std::span<Observer<float>* const>,
                                            const Continuation<float>&, int);
template TrainingResult<double> train<double>(const model::Transformer<double>&, std::vector<double>,
                                              const data::Split&, const TrainingOptions&, std::uint64_t,
                                              std::span<Observer<double>* const>, const Continuation<double>&, int);

}  // namespace phaselaw::training
