// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/cost.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/optimizer.h"
#include "phaselaw/training/schedule.h"

namespace phaselaw::sweep {

namespace {

using base::Clock;
using base::seconds_since;

// Runs per thread up to which it may matter how many threads each run gets.
constexpr std::size_t kFewRuns = 4;

data::Dataset random_dataset(const model::ModelOptions& model, std::int64_t n) {
  data::Dataset set;
  set.n = n;
  set.seq_len = model.seq_len;
  set.d_in = model.d_model;
  set.d_out = model.outputs();
  numerics::RandomStream stream(0, "calibrate", 0);
  if (model.reads_tokens()) {
    const auto draw = [&] { return static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(model.vocab))); };
    for (std::int64_t i = 0; i < n * model.input_len(); ++i) set.tokens.push_back(draw());
    for (std::int64_t i = 0; i < n * model.seq_len; ++i) set.next_tokens.push_back(draw());
  } else {
    for (std::int64_t i = 0; i < n * model.input_len() * set.d_in; ++i) set.x.push_back(stream.normal());
    for (std::int64_t i = 0; i < n * model.seq_len * set.d_out; ++i) set.y.push_back(stream.normal());
  }
  return set;
}

// The shortest time of one call, over as many calls as fit the budget and at least two, because disturbances only add
// time.
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

// Number of sequences in the timed forward pass: about as much work as a step.
std::int64_t forward_sequences(const Experiment& e) {
  constexpr std::int64_t kMeasured = 64;
  const auto cost = model::sequence_cost(e.model);
  const double as_step = static_cast<double>(batch_of(e)) * cost.training_flop() / cost.forward_flop;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(as_step), 1, std::min(measured_sequences(e), kMeasured));
}

// Shrinks the work of a step to at most `flop`, and the model to kMostParametersTimed, in the order in which this changes
// the speed per FLOP least: smaller batches, fewer layers, shorter sequences, a smaller vocabulary, a narrower MLP, fewer
// heads. Returns whether anything had to be changed.
bool shrink(Experiment& e, double flop) {
  constexpr double kMostParametersTimed = 1.6e7;
  constexpr std::int64_t kTokens = 1024, kLength = 128, kVocab = 512, kHidden = 64;
  model::ModelOptions& m = e.model;
  const auto too_large = [&] {
    return static_cast<double>(batch_of(e)) * model::sequence_cost(m).training_flop() > flop ||
           model::parameter_count(m) > kMostParametersTimed;
  };
  if (!too_large()) return false;
  const auto halve = [&](std::int64_t& size, std::int64_t least) {
    while (too_large() && size > least) size = std::max(least, size / 2);
  };
  e.training.batch = batch_of(e);  // of any optimiser
  e.training.optimizer = training::OptimizerKind::sgd;
  halve(e.training.batch, std::max<std::int64_t>(1, kTokens / m.seq_len));
  m.n_encoder_layers = std::min<std::int64_t>(m.n_encoder_layers, 1);
  halve(m.n_layers, 1);
  m.source_len = std::min(m.source_len, std::max<std::int64_t>(kLength, 1));
  halve(m.seq_len, kLength);
  halve(e.training.batch, 1);
  if (m.reads_tokens()) {
    m.d_out = 0;
    halve(m.vocab, kVocab);
  } else if (m.d_out > 0) {
    halve(m.d_out, kVocab);
  }
  halve(m.d_hidden, kHidden);
  m.n_kv_heads = 0;
  halve(m.n_heads, 1);
  halve(m.d_model, kHidden);
  return true;
}

// The model of one experiment, ready to take steps on random data.
class Bench {
 public:
  Bench(const Experiment& e, int threads)
      : experiment_(e),
        batch_(batch_of(e)),
        split_(random_split()),
        model_(e.model),
        theta_(model::initialise<float>(model_.table(), 0)),
        team_(threads),
        objective_(model_, split_, theta_, batch_, e.training.microbatch.is_word() ? 0 : e.training.microbatch.value,
                   e.training.precision, &team_),
        optimizer_(e.training, model_.table()),
        gradient_(theta_.size()),
        sequences_(static_cast<std::size_t>(batch_)) {
    std::iota(sequences_.begin(), sequences_.end(), std::int64_t{0});
  }

  double step_s(double budget_s) {
    return shortest(budget_s, [&] {
      (void)objective_.gradient(theta_, sequences_, gradient_);
      (void)training::gradient_norm<float>(model_.table(), gradient_);
      optimizer_.update(theta_, gradient_, 1e-9, 1.0, &team_);  // the weights do not change; the work is the same
    });
  }
  double forward_s(double budget_s) {
    using Set = training::Objective<float>::Set;
    return shortest(budget_s, [&] { (void)objective_.evaluate(theta_, Set::test, forward_count()); });
  }
  [[nodiscard]] std::int64_t batch() const { return batch_; }
  [[nodiscard]] std::int64_t forward_count() const { return forward_sequences(experiment_); }

 private:
  [[nodiscard]] data::Split random_split() const {
    data::Split split;
    split.train = random_dataset(experiment_.model, std::max(batch_, std::int64_t{1}));
    split.test = random_dataset(experiment_.model, forward_count());
    return split;
  }

  const Experiment& experiment_;
  std::int64_t batch_;
  data::Split split_;
  model::Transformer<float> model_;
  std::vector<float> theta_;
  base::Team team_;
  training::Objective<float> objective_;
  training::Optimizer<float> optimizer_;
  std::vector<float> gradient_;
  std::vector<std::int64_t> sequences_;
};

// Work that takes one call the share of a second that it has, on a core of modest speed.
double flop_of_call(double budget_s) {
  constexpr double kNominalRate = 2e10, kCalls = 5;
  return kNominalRate * budget_s / kCalls;
}

CostModel::Sample measure(const Experiment& e, double budget_s) {
  Experiment timed = e;
  (void)shrink(timed, flop_of_call(budget_s));
  Bench bench(timed, 1);
  const auto cost = model::sequence_cost(timed.model);
  const double step_s = bench.step_s(budget_s / 2), forward_s = bench.forward_s(budget_s / 2);
  return {model::sequence_cost(e.model).training_flop(),
          step_s / (static_cast<double>(bench.batch()) * cost.training_flop()),
          forward_s / (static_cast<double>(bench.forward_count()) * cost.forward_flop)};
}

// Uses a number of threads that divides the shards evenly, so that the cost of threads is measured and not the idle
// time of a remainder.
double measure_efficiency(const Experiment& e, int threads, double budget_s) {
  const std::int64_t shards = training::gradient_shards(e.model, batch_of(e));
  while (threads > 1 && shards % threads != 0) --threads;
  if (threads <= 1) return 1;
  const double alone = Bench(e, 1).step_s(budget_s / 2), together = Bench(e, threads).step_s(budget_s / 2);
  return std::min(1.0, alone / (threads * together));
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

CostModel::CostModel(std::vector<Sample> samples, double efficiency)
    : samples_(std::move(samples)), efficiency_(efficiency) {
  PHASELAW_CHECK(!samples_.empty());
  std::sort(samples_.begin(), samples_.end(),
            [](const Sample& a, const Sample& b) { return a.sequence_flop < b.sequence_flop; });
}

double CostModel::seconds(const Experiment& e) const {
  const auto cost = model::sequence_cost(e.model);
  const double flop = cost.training_flop();
  const auto measurements = training::measurement_steps(e.training.steps, e.training.measurements_per_doubling).size();
  return static_cast<double>(e.training.steps) * static_cast<double>(batch_of(e)) * flop *
             interpolate(samples_, flop, &Sample::step_s_flop) +
         static_cast<double>(measurements) * static_cast<double>(measured_sequences(e)) * cost.forward_flop *
             interpolate(samples_, flop, &Sample::measure_s_flop);
}

double CostModel::seconds(const Experiment& e, int threads) const {
  const std::int64_t shards = training::gradient_shards(e.model, batch_of(e));
  if (threads <= 1 || shards <= 1) return seconds(e);
  const std::int64_t turns = (shards + threads - 1) / threads;
  return seconds(e) * static_cast<double>(turns) / (static_cast<double>(shards) * efficiency_);
}

CostModel calibrate(const std::vector<const Point*>& points, int threads, double budget_s, int shapes) {
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
  if (threads <= 1 || points.size() > kFewRuns * static_cast<std::size_t>(threads))
    return CostModel(std::move(samples));
  // A model that is too large to be timed as it is keeps the usual efficiency.
  if (Experiment last = *all.back(); shrink(last, flop_of_call(budget_s))) return CostModel(std::move(samples));
  return CostModel(std::move(samples), measure_efficiency(*all.back(), threads, budget_s / 2));
}

namespace {

std::vector<Job> jobs_of(const std::vector<const Point*>& runs, const CostModel& model) {
  std::vector<Job> jobs;
  for (const Point* point : runs) jobs.push_back({model.seconds(point->experiment), 1});
  return jobs;
}

}  // namespace

double makespan(const std::vector<Job>& jobs, int threads) {
  std::vector<double> free(static_cast<std::size_t>(std::max(threads, 1)),
                           0.0);  // time at which each thread is free, ascending
  double end = 0;
  for (const Job& job : jobs) {
    const auto wanted = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(job.threads, 1)), 1, free.size());
    const double done = free[wanted - 1] + job.seconds;
    std::fill_n(free.begin(), wanted, done);
    std::sort(free.begin(), free.end());
    end = std::max(end, done);
  }
  return end;
}

std::string ThreadPlan::in_words() const {
  if (shared == 0) return "one model each on one thread, longest first";
  return fmt::format("longest first, the first {} with {} threads{}, then one model each on one thread",
                     shared == 1 ? "run" : fmt::format("{} runs", shared), threads_each, shared == 1 ? "" : " each");
}

ThreadPlan one_thread_each(const std::vector<const Point*>& runs, const CostModel& model, int threads) {
  return {0, 1, makespan(jobs_of(runs, model), threads)};
}

ThreadPlan plan_threads(const std::vector<const Point*>& runs, const CostModel& model, int threads) {
  constexpr double kWorthIt = 0.97;
  const std::vector<Job> jobs = jobs_of(runs, model);
  ThreadPlan best{0, 1, makespan(jobs, threads)};
  double limit = kWorthIt * best.seconds;
  for (int each = threads; each > 1; each /= 2) {
    auto trial = jobs;
    const std::size_t few = std::min(runs.size(), kFewRuns * static_cast<std::size_t>(threads));
    for (std::size_t i = 0; i < few; ++i) {
      const auto& e = runs[i]->experiment;
      if (training::gradient_shards(e.model, batch_of(e)) < 2) break;
      trial[i] = {model.seconds(e, each), each};
      const double seconds = makespan(trial, threads);
      if (seconds >= limit) continue;
      best = {i + 1, each, seconds};
      limit = seconds;
    }
  }
  return best;
}

}  // namespace phaselaw::sweep
