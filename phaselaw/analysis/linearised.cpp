// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/linearised.h"

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/krylov.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/model/loss.h"
#include "phaselaw/numerics/ode.h"

namespace phaselaw::analysis {

namespace {

using base::kNaN;

kernel::TangentOperator<double> tangent(const Setting& s, const dynamics::FlowData& data, int threads) {
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

}  // namespace

ViewCurve krylov_view(const Setting& s, const std::vector<double>& times, int threads) {
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

ViewCurve linearised_cross_entropy(const Setting& s, const std::vector<double>& times, int threads) {
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
  if (solution.status == numerics::OdeStatus::interrupted) throw base::Interrupted("interrupted during the flow");
  curve.status = base::enum_name(solution.status);
  curve.reason = solution.reason;
  curve.seconds = solution.seconds;
  return curve;
}

}  // namespace phaselaw::analysis
