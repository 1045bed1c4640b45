// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/cost.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <queue>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/optimizer.h"
#include "phaselaw/training/schedule.h"

namespace phaselaw::sweep {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

data::Dataset random_dataset(const model::ModelOptions& model, std::int64_t n) {
  data::Dataset set;
  set.n = n;
  set.seq_len = model.seq_len;
  set.d_in = model.d_model;
  set.d_out = model.outputs();
  numerics::RandomStream stream(0, "calibrate", 0);
  if (model.reads_tokens()) {
    for (std::int64_t i = 0; i < n * model.seq_len; ++i) {
      set.tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(model.vocab))));
      set.next_tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(model.vocab))));
    }
  } else {
    for (std::int64_t i = 0; i < n * model.seq_len * set.d_in; ++i) set.x.push_back(stream.normal());
    for (std::int64_t i = 0; i < n * model.seq_len * set.d_out; ++i) set.y.push_back(stream.normal());
  }
  return set;
}

// The shortest time of one call, of as many as fit the budget and at least two: what disturbs only ever adds.
double shortest(double budget_s, const std::function<void()>& call) {
  call();  // first touch of the memory
  double best = std::numeric_limits<double>::infinity();
  const auto start = Clock::now();
  do {
    base::throw_if_interrupted();
    const auto before = Clock::now();
    call();
    best = std::min(best, seconds_since(before));
  } while (seconds_since(start) < budget_s);
  return best;
}

CostModel::Sample measure(const Experiment& e, double budget_s) {
  const std::int64_t batch = batch_of(e);
  constexpr std::int64_t kMeasured = 64;  // sequences of the forward pass that is timed
  const std::int64_t forward = std::min(measured_sequences(e), kMeasured);
  data::Split split;
  split.train = random_dataset(e.model, std::max(batch, std::int64_t{1}));
  split.test = random_dataset(e.model, forward);
  const model::Transformer<float> model(e.model);
  auto theta = model::initialise<float>(model.table(), 0);
  training::Objective<float> objective(model, split, theta, batch,
                                       e.training.microbatch.is_word() ? 0 : e.training.microbatch.value,
                                       e.training.precision);
  training::Optimizer<float> optimizer(e.training, model.table());
  std::vector<float> gradient(theta.size());
  std::vector<std::int64_t> sequences(static_cast<std::size_t>(batch));
  std::iota(sequences.begin(), sequences.end(), std::int64_t{0});
  const double step_s = shortest(budget_s / 2, [&] {
    (void)objective.gradient(theta, sequences, gradient);
    (void)training::gradient_norm<float>(model.table(), gradient);
    optimizer.update(theta, gradient, 1e-9);  // the weights stay what they are, the work is the same
  });
  const double forward_s =
      shortest(budget_s / 2, [&] { (void)objective.evaluate(theta, training::Objective<float>::Set::test, forward); });
  const auto cost = model::sequence_cost(e.model);
  return {cost.training_flop(), step_s / (static_cast<double>(batch) * cost.training_flop()),
          forward_s / (static_cast<double>(forward) * cost.forward_flop)};
}

double interpolate(const std::vector<CostModel::Sample>& samples, double flop, double CostModel::Sample::*field) {
  if (flop <= samples.front().sequence_flop) return samples.front().*field;
  for (std::size_t i = 1; i < samples.size(); ++i)
    if (flop <= samples[i].sequence_flop) {
      const auto &a = samples[i - 1], &b = samples[i];
      const double u = std::log(flop / a.sequence_flop) / std::log(b.sequence_flop / a.sequence_flop);
      return std::exp((1 - u) * std::log(a.*field) + u * std::log(b.*field));
    }
  return samples.back().*field;
}

}  // namespace

CostModel::CostModel(std::vector<Sample> samples) : samples_(std::move(samples)) {
  PHASELAW_CHECK(!samples_.empty());
  std::sort(samples_.begin(), samples_.end(),
            [](const Sample& a, const Sample& b) { return a.sequence_flop < b.sequence_flop; });
}

double CostModel::seconds(const Experiment& e) const {
  const auto cost = model::sequence_cost(e.model);
  const double flop = cost.training_flop();
  const auto measurements = training::measurement_steps(e.training.steps, e.training.measurements_per_doubling).size();
  return static_cast<double>(e.training.steps * batch_of(e)) * flop *
             interpolate(samples_, flop, &Sample::step_s_flop) +
         static_cast<double>(measurements) * static_cast<double>(measured_sequences(e)) * cost.forward_flop *
             interpolate(samples_, flop, &Sample::measure_s_flop);
}

CostModel calibrate(const std::vector<const Point*>& points, double budget_s, int shapes) {
  PHASELAW_CHECK(!points.empty());
  const numerics::OneBlasThread one;
  std::map<double, const Experiment*> distinct;  // by the FLOP of a sequence
  for (const Point* point : points)
    distinct.try_emplace(model::sequence_cost(point->experiment.model).training_flop(), &point->experiment);
  std::vector<const Experiment*> all;
  for (const auto& [flop, experiment] : distinct) all.push_back(experiment);
  const std::size_t count = std::min(all.size(), static_cast<std::size_t>(shapes));
  std::vector<CostModel::Sample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = count == 1 ? 0 : i * (all.size() - 1) / (count - 1);
    samples.push_back(measure(*all[at], budget_s / static_cast<double>(count)));
  }
  return CostModel(std::move(samples));
}

double makespan(const std::vector<double>& seconds, int workers) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;  // when each worker is free
  for (int i = 0; i < std::max(workers, 1); ++i) free.push(0);
  double end = 0;
  for (const double job : seconds) {
    const double done = free.top() + job;
    free.pop();
    free.push(done);
    end = std::max(end, done);
  }
  return end;
}

}  // namespace phaselaw::sweep
