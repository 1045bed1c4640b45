// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/kernel_view.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/data/noise.h"
#include "phaselaw/dynamics/krylov.h"
#include "phaselaw/dynamics/sgd_moments.h"
#include "phaselaw/dynamics/shuffled_sgd.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/model/loss.h"
#include "phaselaw/numerics/ode.h"

namespace phaselaw::analysis {

namespace {

using base::kInfinity;
using base::kNaN;

// A kernel with its eigensystem, its test rows and its targets, shared by all curves.
struct Dense {
  const PreparedExperiment& s;
  std::vector<double> start, test_start;
  dynamics::ClosedForm closed;
  dynamics::TestOutputs test;

  explicit Dense(const PreparedExperiment& prepared)
      : s(prepared),
        start(s.outputs(s.split.train, s.theta_0)),
        test_start(s.outputs(s.split.test, s.theta_0)),
        closed(s.kernel(), s.split.train.n, s.split.train.y, start),
        test(closed, s.kernel(s.split.test), test_start) {}

  [[nodiscard]] std::vector<double> train_losses(const dynamics::SpectralPath& path) const {
    return per_number_of(closed.losses(path));
  }
  [[nodiscard]] std::vector<double> test_losses(const dynamics::SpectralPath& path,
                                                const std::vector<double>& targets) const {
    return per_number_of(test.losses(path, targets, s.split.test.n));
  }
  [[nodiscard]] std::vector<double> per_number_of(std::vector<double> losses) const {
    for (double& loss : losses) loss = per_number(s, loss);
    return losses;
  }
  [[nodiscard]] ViewCurve curve(std::string view, std::string what, std::vector<double> time,
                                const dynamics::SpectralPath& path) const {
    ViewCurve curve{std::move(view), std::move(what)};
    curve.train_loss = train_losses(path);
    curve.test_loss = test_losses(path, s.split.test.y);
    curve.excess_risk =
        s.split.target_known ? test_losses(path, s.split.test.clean) : std::vector<double>(time.size(), kNaN);
    curve.time = std::move(time);
    return curve;
  }
};

// Iteration counts nearest to the times, each once, at most `most`.
std::vector<std::int64_t> counts_at(const std::vector<double>& times, double step, std::int64_t most) {
  std::vector<std::int64_t> counts;
  for (const double t : times) {
    const double exact = std::round(t / step);
    if (exact < 1 || exact > static_cast<double>(most)) continue;
    const auto k = static_cast<std::int64_t>(exact);
    if (counts.empty() || k > counts.back()) counts.push_back(k);
  }
  return counts;
}

std::vector<double> times_of(const std::vector<std::int64_t>& counts, double step) {
  std::vector<double> times;
  for (const auto k : counts) times.push_back(static_cast<double>(k) * step);
  return times;
}

// Gradient descent with the training's step.
void add_descent(const Dense& dense, FlowViews& views) {
  const double step = views.learning_rate;
  const auto& training = dense.s.experiment.training;
  if (training.optimizer == training::OptimizerKind::adamw) return;
  if (!(step < views.step_limit)) {
    views.warnings.push_back(fmt::format(
        "gradient descent on this kernel is stable below a learning rate of {} = n/lambda_max, "
        "but the training uses {}, so there are no curves `gd`, `sgd` and `sgd_epochs`; reduce training.learning_rate",
        base::format_number(views.step_limit, 4), base::format_number(step, 4)));
    return;
  }
  const auto counts = counts_at(views.times, step, std::numeric_limits<std::int64_t>::max() / 4);
  if (counts.empty()) return;
  views.curves.push_back(dense.curve("gd", "gradient descent on the kernel", times_of(counts, step),
                                     dynamics::gradient_descent(dense.closed, step, counts)));
}

// Whether the training is SGD as the recursions below describe it, and they are affordable.
bool is_plain_sgd(const Dense& dense, FlowViews& views) {
  const auto& s = dense.s;
  const auto& training = s.experiment.training;
  const bool plain = training.optimizer == training::OptimizerKind::sgd && training.batch < s.split.train.n &&
                     training.schedule == training::Schedule::constant && training.warmup == 0 &&
                     training.weight_decay == 0 && training.gradient_clip == 0;
  if (!plain || !(views.learning_rate < views.step_limit)) return false;
  if (views.n_rows <= s.experiment.flow.max_moment_rows) return true;
  views.warnings.push_back(
      fmt::format("{} rows exceed flow.max_moment_rows = {}, so there are no curves `sgd` and `sgd_epochs` (the former "
                  "costs 4 rows^3 flop per step)",
                  views.n_rows, s.experiment.flow.max_moment_rows));
  return false;
}

// The expected loss of minibatch SGD with the training's step and batch, if the batches were independent.
void add_moments(const Dense& dense, FlowViews& views) {
  const auto& s = dense.s;
  const auto& training = s.experiment.training;
  const double step = views.learning_rate;
  try {
    dynamics::SgdMoments moments(dense.closed, {.step = step, .batch = training.batch});
    ViewCurve curve{"sgd", "expected loss of SGD on the kernel, if batches were independent"};
    for (const auto count : counts_at(views.times, step, training.steps)) {
      moments.advance(count - moments.steps());
      curve.time.push_back(static_cast<double>(count) * step);
      curve.train_loss.push_back(per_number(s, moments.expected_loss()));
      curve.test_loss.push_back(per_number(s, moments.expected_test_loss(dense.test, s.split.test.y, s.split.test.n)));
      curve.excess_risk.push_back(
          s.split.target_known
              ? per_number(s, moments.expected_test_loss(dense.test, s.split.test.clean, s.split.test.n))
              : kNaN);
    }
    views.curves.push_back(std::move(curve));
  } catch (const base::InputError& error) {
    views.warnings.push_back(fmt::format("there is no curve `sgd`: {}", error.what()));
  }
}

// The number of simulated runs: standard errors of a few per cent. More than the fewest cost at most about ten seconds.
std::int64_t replicates_for(const Dense& dense) {
  constexpr double kFlop = 2e10, kMost = 256, kFewest = 32;
  const auto& training = dense.s.experiment.training;
  const auto rows = static_cast<double>(dense.closed.rows());
  const double epochs = static_cast<double>(training.steps) * static_cast<double>(training.batch) /
                        static_cast<double>(dense.closed.n_data());
  return static_cast<std::int64_t>(std::clamp(kFlop / (2 * rows * rows * epochs), kFewest, kMost));
}

// The curve of these runs. It ends where the loss is no number.
ViewCurve shuffled_curve(const PreparedExperiment& s, const dynamics::TestOutputs& on_test,
                         const std::vector<std::int64_t>& counts, double step, dynamics::ShuffledSgd& sgd) {
  ViewCurve curve{"sgd_epochs", fmt::format("expected loss of SGD on the kernel with shuffled epochs, as in training: "
                                            "mean of {} runs",
                                            sgd.replicates())};
  for (const auto count : counts) {
    base::throw_if_interrupted();
    sgd.advance(count - sgd.steps());
    const auto train = sgd.expected_loss(), test = sgd.expected_test_loss(on_test, s.split.test.y, s.split.test.n);
    if (!std::isfinite(train.mean) || !std::isfinite(test.mean)) {
      curve.status = "diverged";
      curve.reason = fmt::format("the loss is infinite at step {}", count);
      break;
    }
    curve.time.push_back(static_cast<double>(count) * step);
    curve.train_loss.push_back(per_number(s, train.mean));
    curve.test_loss.push_back(per_number(s, test.mean));
    curve.train_loss_error.push_back(per_number(s, train.standard_error));
    curve.test_loss_error.push_back(per_number(s, test.standard_error));
    curve.excess_risk.push_back(
        s.split.target_known ? per_number(s, sgd.expected_test_loss(on_test, s.split.test.clean, s.split.test.n).mean)
                             : kNaN);
  }
  return curve;
}

// The same with the batches of shuffled epochs, as the trainer draws them.
void add_shuffled(const Dense& dense, int threads, FlowViews& views) {
  const auto& s = dense.s;
  const auto& training = s.experiment.training;
  const double step = views.learning_rate;
  try {
    dynamics::ShuffledSgd sgd(dense.closed, {.step = step,
                                             .batch = training.batch,
                                             .replicates = replicates_for(dense),
                                             .seed = static_cast<std::uint64_t>(s.experiment.seed),
                                             .threads = threads});
    views.curves.push_back(shuffled_curve(s, dense.test, counts_at(views.times, step, training.steps), step, sgd));
  } catch (const base::InputError& error) {
    views.warnings.push_back(fmt::format("there is no curve `sgd_epochs`: {}", error.what()));
  }
}

// Loss against iterations: the gain from better first-order methods on the same kernel.
void add_methods(const Dense& dense, FlowViews& views) {
  views.rates = dynamics::first_order_rates(dense.closed);
  if (dense.closed.rank() == 0) return;
  constexpr std::int64_t kMost = 2000;
  std::vector<std::int64_t> counts = {0};
  for (std::int64_t k = 1; k <= kMost; k += std::max<std::int64_t>(1, k / 8)) counts.push_back(k);
  const auto add = [&](const char* method, const dynamics::SpectralPath& path) {
    views.methods.push_back({method, counts, dense.train_losses(path)});
  };
  add("gradient descent, best step",
      dynamics::gradient_descent(dense.closed, dynamics::best_step(dense.closed), counts));
  add("heavy ball", dynamics::heavy_ball(dense.closed, dynamics::optimal_heavy_ball(dense.closed), counts));
  add("Chebyshev", dynamics::chebyshev(dense.closed, counts));
  add("conjugate gradient", dynamics::conjugate_gradient(dense.closed, counts));
}

void add_dense(const PreparedExperiment& s, int threads, FlowViews& views) {
  const Dense dense(s);
  views.dense = true;
  views.spectrum = dense.closed.spectrum();
  for (const double c : dense.closed.start()) views.coefficients.push_back(c * c);
  views.step_limit = dynamics::step_limit(dense.closed);
  views.null_loss = per_number(s, dense.closed.null_loss());
  if (dense.closed.rank() < dense.closed.rows())
    views.warnings.push_back(fmt::format(
        "the kernel is singular: {} of {} directions cannot be learned, so {} of the training loss remains at all times",
        dense.closed.rows() - dense.closed.rank(), dense.closed.rows(), base::format_number(views.null_loss)));
  views.curves.push_back(dense.curve("kernel", "closed form of the kernel at initialisation", views.times,
                                     dense.closed.flow(views.times)));
  const double forever[] = {kInfinity};
  const auto end = dense.closed.flow(forever);
  views.train_loss_at_infinity = dense.train_losses(end).front();
  views.test_loss_at_infinity = dense.test_losses(end, s.split.test.y).front();
  if (s.split.target_known)
    views.in_sample = dense.closed.excess_risks(views.times, s.split.train.clean, data::noise_level(s.experiment.data));
  add_descent(dense, views);
  if (is_plain_sgd(dense, views)) {
    add_moments(dense, views);
    add_shuffled(dense, threads, views);
  }
  add_methods(dense, views);
}

kernel::TangentOperator<double> tangent(const PreparedExperiment& s, const dynamics::FlowData& data, int threads) {
  kernel::TangentOptions options;
  options.threads = threads;
  return {s.experiment.model, s.theta_0, data.inputs, options};
}

double nats(const data::Dataset& set, std::span<const double> logits, double* cotangent) {
  const auto tokens = set.n * set.seq_len;
  const auto vocab = static_cast<std::int64_t>(logits.size()) / tokens;
  const double scale = 1.0 / static_cast<double>(tokens);
  return scale * model::cross_entropy<double>(tokens, vocab, logits.data(), set.next_tokens.data(), scale, cotangent);
}

// The curve `kernel` without a kernel matrix, from products with J(theta_0). Memory: activations of both sets. Squared
// loss: f(t) and the coefficients a(t) from one Lanczos run, f(x, t) = f0(x) - J_x (J^T a(t)).
ViewCurve krylov_view(const PreparedExperiment& s, const std::vector<double>& times, int threads) {
  auto train = tangent(s, s.train(), threads), test = tangent(s, s.test(), threads);
  const auto start = s.outputs(s.split.train, s.theta_0), test_start = s.outputs(s.split.test, s.theta_0);
  ViewCurve curve{"kernel", "the kernel at initialisation, by one Krylov space"};
  const auto flow = dynamics::krylov_flow(train.kernel(), s.split.train.n, s.split.train.y, start, times,
                                          {.tolerance = s.experiment.flow.rtol});
  curve.status = flow.status == dynamics::KrylovStatus::converged ? "finished" : "not converged";
  curve.reason = flow.reason;
  std::vector<double> weights(static_cast<std::size_t>(train.parameters())), f(test_start.size());
  for (numerics::Index k = 0; k < flow.outputs.rows(); ++k) {
    const double* a = flow.coefficients.row(k).data();
    train.apply_adjoint({a, start.size()}, weights);
    test.apply_jacobian(weights, f);
    for (std::size_t i = 0; i < f.size(); ++i) f[i] = test_start[i] - f[i];
    curve.time.push_back(times[static_cast<std::size_t>(k)]);
    curve.train_loss.push_back(per_number(s, flow.losses[static_cast<std::size_t>(k)]));
    curve.test_loss.push_back(mean_squared(f.data(), s.split.test.y.data(), f.size()));
    curve.excess_risk.push_back(s.split.target_known ? mean_squared(f.data(), s.split.test.clean.data(), f.size())
                                                     : kNaN);
  }
  return curve;
}

// Cross-entropy: d delta/dt = -J^T residual(f), f = f0 + J delta on both sets, integrated with flow.rtol and flow.atol.
ViewCurve linearised_cross_entropy(const PreparedExperiment& s, const std::vector<double>& times, int threads) {
  auto train = tangent(s, s.train(), threads), test = tangent(s, s.test(), threads);
  const auto start = s.outputs(s.split.train, s.theta_0), test_start = s.outputs(s.split.test, s.theta_0);
  std::vector<double> f(start.size()), test_f(test_start.size()), residual(start.size());
  const auto outputs = [](kernel::TangentOperator<double>& op, std::span<const double> delta,
                          const std::vector<double>& from, std::vector<double>& to) {
    op.apply_jacobian(delta, to);
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  const std::vector<double> zero(static_cast<std::size_t>(train.parameters()));
  numerics::OdeProblem problem;
  problem.initial = zero;
  problem.rhs = [&](double, std::span<const double> delta, std::span<double> out) {
    outputs(train, delta, start, f);
    (void)nats(s.split.train, f, residual.data());
    train.apply_adjoint(residual, out);
    for (double& x : out) x = -x;
  };
  numerics::OdeOptions options;
  options.relative_tolerance = s.experiment.flow.rtol;
  options.absolute_tolerance = s.experiment.flow.atol;
  options.budget.max_seconds = s.experiment.flow.budget;
  options.keep_values = false;
  ViewCurve curve{"kernel", "the model linearised at initialisation, integrated"};
  const auto solution = numerics::integrate(problem, times, options, [&](double t, std::span<const double> delta) {
    outputs(train, delta, start, f);
    outputs(test, delta, test_start, test_f);
    curve.time.push_back(t);
    curve.train_loss.push_back(nats(s.split.train, f, nullptr));
    curve.test_loss.push_back(nats(s.split.test, test_f, nullptr));
    curve.excess_risk.push_back(kNaN);
    return true;
  });
  curve.status = base::enum_name(solution.status);
  curve.reason = solution.reason;
  curve.seconds = solution.seconds;
  return curve;
}

}  // namespace

void add_kernel_views(const PreparedExperiment& s, int threads, FlowViews& views) {
  if (s.cross_entropy()) {
    views.curves.push_back(linearised_cross_entropy(s, views.times, threads));
  } else if (views.n_rows <= s.experiment.flow.max_rows) {
    add_dense(s, threads, views);
  } else {
    views.curves.push_back(krylov_view(s, views.times, threads));
    views.warnings.push_back(
        fmt::format("{} rows exceed flow.max_rows = {}, so the kernel is used matrix-free, without its whole spectrum",
                    views.n_rows, s.experiment.flow.max_rows));
  }
  const ViewCurve& kernel = *views.find("kernel");
  if (kernel.status != "finished")
    views.warnings.push_back(fmt::format("the kernel's curve is {}: {}", kernel.status, kernel.reason));
}

}  // namespace phaselaw::analysis
