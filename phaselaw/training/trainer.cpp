// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/trainer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/training/batches.h"
#include "phaselaw/training/learning_rate.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/optimizer.h"
#include "phaselaw/training/schedule.h"

namespace phaselaw::training {

base::EnumNames<Outcome> enum_names(Outcome) {
  static constexpr std::array<std::pair<std::string_view, Outcome>, 3> names{
      {{"finished", Outcome::finished}, {"diverged", Outcome::diverged}, {"interrupted", Outcome::interrupted}}};
  return names;
}

namespace {

template <class T>
class Run {
 public:
  Run(const model::Transformer<T>& model, std::vector<T> theta_0, const data::Split& data,
      const TrainingOptions& options, std::uint64_t seed, std::span<Observer<T>* const> observers)
      : model_(model),
        options_(options),
        observers_(observers),
        train_count_(std::min(data.train.n, kTrainLossSequences)),
        test_count_(data.test.n),
        batches_(seed, data.train.n, options.optimizer == OptimizerKind::gd ? data.train.n : options.batch),
        objective_(model, data, theta_0, batches_.size(), options.microbatch.is_word() ? 0 : options.microbatch.value),
        optimizer_(options, model.table()),
        gradient_(theta_0.size()),
        flop_per_step_(model::sequence_cost(model.options()).training_flop() * static_cast<double>(batches_.size())) {
    result_.theta = std::move(theta_0);
    result_.batch = batches_.size();
    result_.microbatch = objective_.microbatch();
    result_.n_params = model.table().n_trainable();
    result_.n_params_non_embedding = model.table().n_non_embedding();
  }

  TrainingResult<T> carry_out() {
    const auto measure_at = measurement_steps(options_.steps, options_.measurements_per_doubling);
    result_.curve.reserve(measure_at.size());
    result_.learning_rate = options_.learning_rate.is_word()
                                ? automatic_learning_rate<T>(model_, objective_, result_.theta, result_.batch, options_)
                                : options_.learning_rate.value;
    for (auto next = measure_at.begin();; ++result_.steps) {
      if (result_.steps == *next) {
        measure();
        ++next;
      }
      if (stopped_ || result_.steps == options_.steps) break;
      step();
      if (stopped_) break;
    }
    result_.compute_flop = flop_per_step_ * static_cast<double>(result_.steps);
    result_.compute_6nd = model::six_nd(model_.options(), true) * static_cast<double>(result_.steps * result_.batch);
    return std::move(result_);
  }

 private:
  void stop(Outcome outcome, const std::string& reason) {
    result_.outcome = outcome;
    result_.reason = reason;
    stopped_ = true;
  }

  void step() {
    if (base::interrupted()) return stop(Outcome::interrupted, fmt::format("before step {}", result_.steps));
    const double loss = objective_.gradient(result_.theta, batches_.next(), gradient_);
    if (!(loss <= loss_limit_))
      return stop(Outcome::diverged, fmt::format("the batch loss at step {} is {:.3g}", result_.steps, loss));
    const double norm = gradient_norm<T>(model_.table(), gradient_);
    if (!std::isfinite(norm))
      return stop(Outcome::diverged, fmt::format("the gradient at step {} is not finite", result_.steps));
    for (auto* observer : observers_) observer->on_step(result_.steps, result_.theta, gradient_, loss);
    const bool clip = options_.gradient_clip > 0 && norm > options_.gradient_clip;
    const double rate = result_.learning_rate * rate_fraction(options_, result_.steps);
    optimizer_.update(result_.theta, gradient_, rate, clip ? options_.gradient_clip / norm : 1.0);
    time_ += rate;
  }

  void measure() {
    using Set = typename Objective<T>::Set;
    const auto train = objective_.evaluate(result_.theta, Set::train, train_count_);
    const auto test = objective_.evaluate(result_.theta, Set::test, test_count_);
    Measurement m;
    m.step = result_.steps;
    m.time = time_;
    m.tokens = result_.steps * result_.batch * model_.options().seq_len;
    m.compute_flop = flop_per_step_ * static_cast<double>(result_.steps);
    m.train_loss = train.loss;
    m.test_loss = test.loss;
    m.excess_risk = test.excess_risk;
    if (m.step == 0) {
      loss_limit_ = kDivergenceFactor * std::max(m.train_loss, objective_.trivial_loss());
      result_.curve.push_back(m);
    }
    if (!(m.train_loss <= loss_limit_) || !std::isfinite(m.test_loss))
      return stop(Outcome::diverged, fmt::format("the losses after step {} are {:.3g} (train) and {:.3g} (test)",
                                                 m.step, m.train_loss, m.test_loss));
    if (m.step != 0) result_.curve.push_back(m);
    for (auto* observer : observers_) observer->on_measurement(m, result_.theta);
  }

  const model::Transformer<T>& model_;
  const TrainingOptions& options_;
  std::span<Observer<T>* const> observers_;
  std::int64_t train_count_, test_count_;
  Batches batches_;
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
                        std::type_identity_t<std::span<Observer<T>* const>> observers) {
  validate(options);
  return Run<T>(model, std::move(theta_0), data, options, seed, observers).carry_out();
}

template TrainingResult<float> train<float>(const model::Transformer<float>&, std::vector<float>, const data::Split&,
                                            const TrainingOptions&, std::uint64_t, std::span<Observer<float>* const>);
template TrainingResult<double> train<double>(const model::Transformer<double>&, std::vector<double>,
                                              const data::Split&, const TrainingOptions&, std::uint64_t,
                                              std::span<Observer<double>* const>);

}  // namespace phaselaw::training
