// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/predict.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/data/noise.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/kernel/lanczos.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/training/learning_rate.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::analysis {

namespace {

using dynamics::Estimator;

constexpr double kPredictedSpan = 1e3;  // from the first time to the last

double learning_rate_of(const PreparedExperiment& s) {
  const auto& training = s.experiment.training;
  if (!training.learning_rate.is_word()) return training.learning_rate.value;
  const auto batch =
      training.optimizer == training::OptimizerKind::gd ? s.split.train.n : std::min(training.batch, s.split.train.n);
  training::Objective<double> objective(s.model, s.split, s.theta_0, batch, 0);
  return training::automatic_learning_rate<double>(s.model, objective, s.theta_0, batch, training);
}

// The smallest over the sizes of n/h_max, the stability limit of gradient descent on the first n sequences.
std::pair<double, std::int64_t> step_limit(const numerics::Matrix<double>& kernel, std::int64_t rows,
                                           const std::vector<std::int64_t>& sizes) {
  std::pair<double, std::int64_t> limit = {std::numeric_limits<double>::infinity(), 0};
  for (const auto n : sizes) {
    const numerics::Matrix<double> part = kernel.topLeftCorner(n * rows, n * rows);
    const auto largest = kernel::largest_eigenvalues(kernel::symmetric_operator(part), {.count = 1, .tolerance = 1e-4});
    if (largest.values.empty() || largest.status == kernel::LanczosStatus::iteration_limit)
      throw base::RunError(
          fmt::format("the largest eigenvalue of the kernel of {} sequences was not found: {}", n, largest.reason));
    const double at_n = static_cast<double>(n) / largest.values.front();
    if (at_n < limit.first) limit = {at_n, n};
  }
  return limit;
}

void require_closed_form(const PreparedExperiment& s) {
  if (s.cross_entropy())
    throw base::InputError(
        "predict needs the squared loss, because only its flow has a closed form; "
        "for text set data.target = \"regression\" and model.readout = \"linear\"");
  if (s.experiment.data.noise > 0 && s.experiment.data.noise_exponent != 0)
    throw base::InputError(
        "predict draws all sizes of the data from one pool, so the noise must not depend on the size; "
        "set data.noise_exponent to 0");
}

// The training's learning rate. Gradient descent at it is stable on the data of every size, or a warning says not.
void choose_learning_rate(const PreparedExperiment& s, const numerics::Matrix<double>& kernel,
                          const std::vector<std::int64_t>& sizes, Prediction& p) {
  const auto [limit, at_n] = step_limit(kernel, s.rows_per_sequence(), sizes);
  p.learning_rate = learning_rate_of(s);
  if (s.experiment.training.learning_rate.is_word())
    p.learning_rate = std::min(p.learning_rate, limit / 2);
  else if (p.learning_rate >= limit)
    p.warnings.push_back(
        fmt::format("training.learning_rate is {}, but gradient descent on {} sequences is stable only below {}; "
                    "a training at this rate does not follow the flow, so reduce it",
                    base::format_number(p.learning_rate), at_n, base::format_number(limit)));
}

dynamics::SurfaceOptions surface_options(const PreparedExperiment& s, const PredictOptions& options,
                                         const std::vector<std::int64_t>& sizes, const std::vector<double>& times) {
  dynamics::SurfaceOptions surface;
  surface.times = times;
  surface.subsets = options.subsets;
  surface.folds = options.folds;
  surface.seed = static_cast<std::uint64_t>(s.experiment.seed);
  surface.resamples = static_cast<int>(options.resamples);
  surface.n_data = sizes;
  return surface;
}

// The estimators that are shown beside the default.
void add_other_surfaces(const dynamics::Pool& pool, dynamics::SurfaceOptions surface, std::int64_t pool_size,
                        base::Progress& progress, Prediction& p) {
  for (const Estimator estimator : {Estimator::omniscient, Estimator::two_point, Estimator::gcv}) {
    p.surfaces.push_back(dynamics::risk_surface(pool, estimator, surface));
    progress.advance(1);
  }
  // Sub-sampling is tested on the rest of the pool: half of it at least.
  std::erase_if(surface.n_data, [&](std::int64_t n) { return 2 * n > pool_size; });
  if (!surface.n_data.empty()) p.surfaces.push_back(dynamics::risk_surface(pool, Estimator::sub_sampling, surface));
  progress.advance(1);
}

}  // namespace

std::vector<std::int64_t> predicted_sizes(std::int64_t pool, std::vector<std::int64_t> wanted) {
  if (pool < 2) throw base::InputError("predict needs at least 2 training sequences; raise data.n_data");
  if (wanted.empty())
    for (std::int64_t n = std::clamp<std::int64_t>(pool / 2, 2, 4); n <= pool; n *= 2) wanted.push_back(n);
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  if (wanted.back() > pool)
    throw base::InputError(
        {"--n-data"},
        fmt::format(
            "{} is more than the {} training sequences of the experiment; raise data.n_data or use smaller sizes",
            wanted.back(), pool));
  return wanted;
}

namespace {

// The training set with the chosen sequences only.
data::Dataset part_of(const data::Dataset& set, std::span<const std::int64_t> sequences) {
  data::Dataset part = set;
  part.n = static_cast<std::int64_t>(sequences.size());
  const auto pick = [&](auto& to, const auto& from) {
    const auto each = static_cast<std::ptrdiff_t>(from.size()) / set.n;
    to.clear();
    for (const auto a : sequences) to.insert(to.end(), from.begin() + a * each, from.begin() + (a + 1) * each);
  };
  pick(part.x, set.x);
  pick(part.y, set.y);
  pick(part.clean, set.clean);
  return part;
}

// Trains models on random subsets of n sequences and compares their mean with the prediction.
CheckedRun train_some(const PreparedExperiment& s, const data::Split& all, std::int64_t n, const Prediction& p,
                      std::int64_t replicates, std::vector<double>& theta) {
  sweep::Experiment e = s.experiment;
  e.training.learning_rate = p.learning_rate;
  const auto seed = static_cast<std::uint64_t>(e.seed);
  const model::Transformer<float> model(e.model);
  const auto& surface = p.surfaces.front();
  const auto row = std::find(surface.n_data.begin(), surface.n_data.end(), n) - surface.n_data.begin();
  CheckedRun run;
  run.n_data = n;
  run.replicates = n == all.train.n ? 1 : replicates;
  std::vector<double> sum(p.times.size());
  for (std::int64_t k = 0; k < run.replicates; ++k) {
    auto order = numerics::RandomStream(seed, "predict/check", static_cast<std::uint64_t>(k)).permutation(all.train.n);
    order.resize(static_cast<std::size_t>(n));
    data::Split split = all;
    split.train = part_of(all.train, order);
    const auto result =
        training::train<float>(model, model::initialise<float>(model.table(), seed), split, e.training, seed);
    if (result.outcome != training::Outcome::finished) run.outcome = base::enum_to_text(result.outcome);
    std::vector<double> time, loss;
    for (const auto& m : result.curve) time.push_back(m.time), loss.push_back(m.test_loss);
    const auto values = log_interpolated(time, loss, p.times);
    for (std::size_t t = 0; t < sum.size(); ++t) sum[t] += values[t] / static_cast<double>(run.replicates);
    theta.assign(result.theta.begin(), result.theta.end());
  }
  for (std::size_t t = 0; t < sum.size(); ++t) {
    if (std::isnan(sum[t])) continue;
    run.time.push_back(p.times[t]);
    run.measured.push_back(sum[t]);
    run.predicted.push_back(surface.risk(row, static_cast<numerics::Index>(t)));
    run.compute.push_back(p.compute.compute(static_cast<double>(n), p.times[t]));
  }
  return run;
}

Check check(const PreparedExperiment& s, const Prediction& prediction, const PredictOptions& options) {
  Check check;
  // The whole test set: flow.n_test limits only the set on which the dense views are compared.
  const auto all =
      data::make_split(s.experiment.data, s.experiment.model, static_cast<std::uint64_t>(s.experiment.seed));
  const auto& sizes = prediction.surfaces.front().n_data;
  base::Progress progress("training the models", static_cast<double>(sizes.size()));
  std::vector<double> theta, errors;
  const numerics::OneBlasThread one;  // small products: a second BLAS thread would only wait
  const auto start = base::Clock::now();
  for (const auto n : sizes) {
    check.runs.push_back(train_some(s, all, n, prediction, options.replicates, theta));
    base::throw_if_interrupted();
    progress.advance(1);
  }
  check.seconds = base::seconds_since(start);
  for (const auto& run : check.runs)
    for (std::size_t i = 0; i < run.time.size(); ++i)
      errors.push_back(std::abs(run.predicted[i] - run.measured[i]) / run.measured[i]);
  if (errors.empty()) throw base::InputError("no trained point lies inside the predicted times; raise training.steps");
  check.median_error = numerics::median(errors);
  check.worst_error = *std::max_element(errors.begin(), errors.end());
  dynamics::LazyOptions lazy;
  lazy.drift_norm = false;
  lazy.threads = options.threads;
  lazy.dense_rows = 0;  // random probes suffice for an estimate of the drift
  dynamics::LazyRecorder recorder(s.experiment.model, s.theta_0, s.train(), std::nullopt, lazy);
  check.kernel_drift = recorder.record(prediction.times.back(), theta).total.drift;
  return check;
}

dynamics::PredictedEnvelope envelope_of(const Prediction& p, const PredictOptions& options, std::uint64_t seed) {
  const auto& surface = p.surfaces.front();
  dynamics::PredictedEnvelopeOptions o;
  o.compute = numerics::log_spaced(p.compute.compute(static_cast<double>(surface.n_data.front()), p.times.front()),
                                   p.compute.compute(static_cast<double>(surface.n_data.back()), p.times.back()), 41);
  o.floor = p.floor;
  o.early_stopping = true;
  o.seed = seed;
  o.resamples = 0;
  // The slope is taken where the choice of n is free; at either end of the grid the grid determines it.
  const auto whole = dynamics::predicted_envelope(surface, p.compute, o);
  std::vector<double> inside;
  for (const auto& point : whole.points)
    if (point.n_data > surface.n_data.front() && point.n_data < surface.n_data.back()) inside.push_back(point.compute);
  constexpr std::size_t kLeastPoints = 4;
  if (inside.size() >= kLeastPoints) {
    o.window_lo = inside.front();
    o.window_hi = inside.back();
  }
  o.resamples = static_cast<int>(options.resamples);
  return dynamics::predicted_envelope(surface, p.compute, o);
}

}  // namespace

Prediction predict(const PreparedExperiment& s, const PredictOptions& options) {
  base::check_fields(options);
  if (options.folds == 1)
    throw base::InputError({"--folds"}, "expected 0, for one sequence at a time, or at least 2 folds; found 1");
  if (options.resamples == 1)
    throw base::InputError({"--resamples"},
                           "expected 0, for no intervals, or at least 2 resamples; found 1, which has "
                           "no spread");
  require_closed_form(s);
  const auto sizes = predicted_sizes(s.split.train.n, options.n_data);
  const auto start = base::Clock::now();
  Prediction p;
  const auto& e = s.experiment;
  const auto kernel = s.kernel();
  choose_learning_rate(s, kernel, sizes, p);
  const double last = s.flow_time(p.learning_rate);
  p.times = numerics::log_spaced(last / kPredictedSpan, last, static_cast<std::size_t>(e.flow.points));
  p.compute = {p.learning_rate, model::sequence_cost(e.model).training_flop()};
  p.floor = s.split.target_known ? std::pow(data::noise_level(e.data), 2) : 0;

  const auto initial = s.outputs(s.split.train, s.theta_0);
  const dynamics::Pool pool{
      dynamics::sequence_kernel({kernel.data(), kernel.rows(), kernel.cols()}, s.rows_per_sequence()),
      s.split.train.y,
      initial,
      {}};
  const dynamics::SurfaceOptions surface = surface_options(s, options, sizes, p.times);
  base::Progress progress("predicting", 5);
  p.surfaces.push_back(dynamics::risk_surface(pool, Estimator::leave_one_out, surface));
  p.envelope = envelope_of(p, options, surface.seed);
  p.seconds = base::seconds_since(start);
  progress.advance(1);
  add_other_surfaces(pool, surface, s.split.train.n, progress, p);
  p.seconds_beside = base::seconds_since(start) - p.seconds;
  if (e.training.optimizer == training::OptimizerKind::adamw)
    p.warnings.push_back("adamw does not follow the predicted gradient flow; use gd or sgd for a comparison");
  if (const auto warning = s.target_warning(); !warning.empty()) p.warnings.push_back(warning);
  if (options.check) p.check = check(s, p, options);
  return p;
}

}  // namespace phaselaw::analysis
