// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/sgd_moments.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <Eigen/Eigenvalues>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

using base::testing::contains;
using base::testing::message_of;
using numerics::Matrix;
using numerics::Vector;
using testing::Doubles;
using testing::fixed_kernel;
using testing::FixedKernel;
using testing::solved;
using testing::view;
using Counts = std::vector<std::int64_t>;

// I - c H P_S for the batch of the sequences with a set bit.
Matrix<double> step_matrix(const Matrix<double>& h, std::int64_t n, unsigned batch, double c) {
  Matrix<double> step = -c * h;
  const Eigen::Index width = h.rows() / n;
  for (Eigen::Index s = 0; s < n; ++s)
    if ((batch >> s & 1U) == 0) step.middleCols(s * width, width).setZero();
  step.diagonal().array() += 1;
  return step;
}

// The mean of `of(S)` over all batches of b of n sequences: the definition of the expectation.
template <class Of>
auto over_batches(std::int64_t n, std::int64_t b, Of&& of) {
  auto sum = of(0U);
  sum.setZero();
  int count = 0;
  for (unsigned s = 0; s < 1U << n; ++s) {
    if (std::popcount(s) != b) continue;
    sum += of(s);
    ++count;
  }
  sum /= count;
  return sum;
}

TEST(SgdMoments, OneStepIsTheMeanOverAllBatches) {
  for (const std::int64_t parameters : {40, 7}) {
    const FixedKernel k = fixed_kernel(5, 3, parameters);
    const ClosedForm closed = solved(k);
    for (std::int64_t batch = 1; batch <= 5; ++batch) {
      SgdOptions options;
      options.batch = batch;
      options.step = 0.6 * sgd_step_limit(closed, batch).step;
      const double c = 2 * options.step / static_cast<double>(batch);
      SgdMoments sgd(closed, options);
      Vector<double> mean = k.initial - k.targets;
      Matrix<double> moment = mean * mean.transpose();
      const Matrix<double>& v = closed.vectors();
      for (int step = 0; step < 6; ++step) {
        EXPECT_LE((v.transpose() * sgd.mean() - mean).norm(), 1e-12 * closed.start().norm());
        EXPECT_LE((v.transpose() * sgd.second_moment() * v - moment).norm(), 1e-12 * closed.start().squaredNorm());
        EXPECT_NEAR(sgd.expected_loss(), moment.trace() / 5, 1e-12 * closed.start().squaredNorm());
        mean = over_batches(5, batch, [&](unsigned s) { return (step_matrix(k.train, 5, s, c) * mean).eval(); });
        moment = over_batches(5, batch, [&](unsigned s) {
          const Matrix<double> a = step_matrix(k.train, 5, s, c);
          return (a * moment * a.transpose()).eval();
        });
        sgd.advance(1);
      }
    }
  }
}

TEST(SgdMoments, TenThousandRunsAgreeWithinThreeStandardErrors) {
  const FixedKernel k = fixed_kernel(8, 3, 30, 5);
  const ClosedForm closed = solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  SgdOptions options;
  options.batch = 3;
  options.step = 0.5 * sgd_step_limit(closed, 3).step;
  const double c = 2 * options.step / 3;
  const Counts counts{1, 5, 20};
  constexpr std::uint64_t kRuns = 10000;
  std::vector<Doubles> losses(counts.size()), tests(counts.size());
  Vector<double> r, on_test, batch_residual(9);
  Matrix<double> columns(24 + 5, 24);
  columns << k.train, k.test;
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    numerics::RandomStream stream(2, "test/sgd", run);
    r = k.initial - k.targets;
    on_test = k.test_initial - k.test_targets;
    std::int64_t done = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      for (; done < counts[i]; ++done) {
        const auto order = stream.permutation(8);
        Vector<double> move = Vector<double>::Zero(29);
        for (std::size_t s = 0; s < 3; ++s) move += columns.middleCols(3 * order[s], 3) * r.segment(3 * order[s], 3);
        r -= c * move.head(24);
        on_test -= c * move.tail(5);
      }
      losses[i].push_back(r.squaredNorm() / 8);
      tests[i].push_back(on_test.squaredNorm() / 5);
    }
  }
  SgdMoments sgd(closed, options);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sgd.advance(counts[i] - sgd.steps());
    const auto error = [&](const Doubles& sample) { return numerics::standard_deviation(sample) / std::sqrt(kRuns); };
    EXPECT_NEAR(numerics::mean(losses[i]), sgd.expected_loss(), 3 * error(losses[i])) << counts[i];
    EXPECT_NEAR(numerics::mean(tests[i]), sgd.expected_test_loss(test, view(k.test_targets), 5), 3 * error(tests[i]))
        << counts[i];
    EXPECT_GT(sgd.expected_loss(), 1.05 * sgd.loss_of_mean()) << "the test must be able to see the noise";
  }
}

TEST(SgdMoments, TheFullBatchIsGradientDescent) {
  const FixedKernel k = fixed_kernel(4, 3, 30);
  const ClosedForm closed = solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  SgdOptions options;
  options.batch = 4;
  options.step = 0.9 * step_limit(closed);
  SgdMoments sgd(closed, options);
  sgd.advance(37);
  const SpectralPath path = gradient_descent(closed, options.step, Counts{37});
  const double start = closed.losses(Doubles{0})[0];
  EXPECT_NEAR(sgd.expected_loss(), closed.losses(path)[0], 1e-13 * start);
  EXPECT_NEAR(sgd.loss_of_mean(), closed.losses(path)[0], 1e-13 * start);
  EXPECT_NEAR(sgd.expected_test_loss(test, view(k.test_targets), 5), test.losses(path, view(k.test_targets), 5)[0],
              1e-11);
  EXPECT_EQ(sgd.floor().loss, closed.null_loss());
}

// The map Sigma -> E (I - c H P_S) Sigma (I - c P_S H) as an M^2 x M^2 matrix, over the range of H.
double spectral_radius(const Matrix<double>& h, std::int64_t n, std::int64_t b, double step) {
  const Eigen::Index size = h.rows();
  const Matrix<double> map = over_batches(n, b, [&](unsigned s) {
    const Matrix<double> a = step_matrix(h, n, s, 2 * step / static_cast<double>(b));
    Matrix<double> both(size * size, size * size);
    for (Eigen::Index i = 0; i < size; ++i)
      for (Eigen::Index j = 0; j < size; ++j) both.block(i * size, j * size, size, size) = a(i, j) * a;
    return both;
  });
  return Eigen::EigenSolver<Eigen::MatrixXd>(map, false).eigenvalues().cwiseAbs().maxCoeff();
}

TEST(SgdMoments, TheStepLimitIsWhereTheMapStopsShrinking) {
  const FixedKernel k = fixed_kernel(4, 2, 24, 7);
  const ClosedForm closed = solved(k);
  double last = 0;
  for (std::int64_t batch = 1; batch <= 4; ++batch) {
    const SgdStepLimit limit = sgd_step_limit(closed, batch);
    ASSERT_TRUE(limit.converged);
    EXPECT_LT(spectral_radius(k.train, 4, batch, limit.step * (1 - 1e-4)), 1);
    EXPECT_GT(spectral_radius(k.train, 4, batch, limit.step * (1 + 1e-4)), 1);
    EXPECT_GT(limit.step, last) << "larger batches bear larger steps";
    last = limit.step;
  }
  EXPECT_NEAR(last, step_limit(closed), 1e-12 * last);
}

TEST(SgdMoments, NoFloorForAPositiveDefiniteKernel) {
  const FixedKernel k = fixed_kernel(5, 3, 60);
  const ClosedForm closed = solved(k);
  SgdOptions options;
  options.batch = 1;
  options.step = 0.5 * sgd_step_limit(closed, 1).step;
  SgdMoments sgd(closed, options);
  EXPECT_EQ(sgd.floor().loss, 0);
  EXPECT_TRUE(sgd.floor().converged);
  const double start = sgd.expected_loss();
  sgd.advance(3000);
  EXPECT_LT(sgd.expected_loss(), 1e-12 * start);
}

TEST(SgdMoments, ASingularKernelLevelsOffAtItsFloor) {
  const FixedKernel k = fixed_kernel(6, 3, 7, 9);  // rank 7 of 18
  const ClosedForm closed = solved(k);
  double shaken_before = 0;
  for (const double share : {0.25, 0.5}) {
    SgdOptions options;
    options.batch = 2;
    options.step = share * sgd_step_limit(closed, 2).step;
    SgdMoments sgd(closed, options);
    const SgdFloor floor = sgd.floor();
    ASSERT_TRUE(floor.converged) << floor.reason;
    EXPECT_EQ(floor.null_loss, closed.null_loss());
    sgd.advance(4000);
    EXPECT_NEAR(sgd.expected_loss(), floor.loss, 1e-10 * floor.loss);
    const double shaken = floor.loss - floor.null_loss;
    EXPECT_GT(shaken, 2 * shaken_before) << "the floor grows faster than the step";
    shaken_before = shaken;
  }
}

TEST(SgdMoments, BadInputIsOneClearLine) {
  const FixedKernel k = fixed_kernel(4, 2, 24);
  const ClosedForm closed = solved(k);
  const auto says = [&](const SgdOptions& options) {
    return message_of<base::InputError>([&] { SgdMoments(closed, options); });
  };
  const double mean_limit = step_limit(closed), limit = sgd_step_limit(closed, 1).step;
  EXPECT_TRUE(contains(says({mean_limit, 1}), fmt::format("n/lambda_max = {:.6g}", mean_limit)));
  EXPECT_TRUE(contains(says({limit * 1.01, 1}), fmt::format("needs step < {:.6g}", limit)));
  EXPECT_TRUE(contains(says({limit / 2, 0}), "expected 1 to 4"));
  EXPECT_TRUE(contains(says({limit / 2, 5}), "found 5"));
  EXPECT_TRUE(contains(says({std::nan(""), 1}), "found nan"));
  EXPECT_TRUE(contains(says({limit / 2, 1, true, 100}), "8 rows"));
  // Beyond the limit on demand: it grows, and no floor is claimed.
  SgdMoments beyond(closed, {0.99 * mean_limit, 1, false});
  const double start = beyond.expected_loss();
  beyond.advance(200);
  EXPECT_GT(beyond.expected_loss(), start);
  EXPECT_THROW(beyond.advance(-1), base::InputError);
}

TEST(SgdMoments, OneRowScaleAndZero) {
  const ClosedForm one(Matrix<double>::Constant(1, 1, 2.0), 1, Doubles{3});
  SgdMoments sgd(one, {0.1, 1});
  sgd.advance(2);  // r (1 - 2 * 0.1 * 2)^2
  EXPECT_NEAR(sgd.expected_loss(), 9 * std::pow(0.6, 4), 1e-14);
  FixedKernel k = fixed_kernel(4, 2, 24);
  const ClosedForm plain = solved(k);
  SgdMoments reference(plain, {0.4 * sgd_step_limit(plain, 2).step, 2});
  reference.advance(9);
  for (const double scale : {0x1p900, 0x1p-900}) {
    FixedKernel scaled = k;
    scaled.train *= scale;
    const ClosedForm closed = solved(scaled);
    const double limit = sgd_step_limit(closed, 2).step;
    EXPECT_NEAR(limit * scale, sgd_step_limit(plain, 2).step, 1e-7 * limit * scale);
    SgdMoments moments(closed, {0.4 * sgd_step_limit(plain, 2).step / scale, 2});
    moments.advance(9);
    EXPECT_NEAR(moments.expected_loss(), reference.expected_loss(), 1e-11);
  }
  const ClosedForm zero(Matrix<double>::Zero(4, 4), 2, Doubles{1, 2, 3, 4});
  SgdMoments still(zero, {5, 1});
  still.advance(3);
  EXPECT_NEAR(still.expected_loss(), 15, 1e-13);
  EXPECT_NEAR(still.floor().loss, 15, 1e-13);
}

TEST(OnlineSgd, TenThousandRunsAgreeWithinThreeStandardErrors) {
  OnlineSgd problem;
  problem.eigenvalues = {1, 0.3, 0.1};
  problem.squared_coefficients = {1, 4, 0.25};
  problem.noise = 0.5;
  problem.batch = 2;
  problem.step = 0.3 * online_step_limit(problem.eigenvalues, 2);
  const Counts counts{0, 1, 4, 15, 60};
  const OnlineSgdCurve curve = online_sgd(problem, counts);
  constexpr std::uint64_t kRuns = 10000;
  std::vector<Doubles> risks(counts.size());
  for (std::uint64_t run = 0; run < kRuns; ++run) {
    numerics::RandomStream stream(3, "test/online", run);
    Doubles error{1, -2, 0.5};  // w - w*
    std::int64_t done = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      for (; done < counts[i]; ++done) {
        Doubles gradient(3, 0.0);
        for (int sample = 0; sample < 2; ++sample) {
          Doubles x(3);
          double residual = -problem.noise * stream.normal();
          for (std::size_t j = 0; j < 3; ++j) {
            x[j] = std::sqrt(problem.eigenvalues[j]) * stream.normal();
            residual += error[j] * x[j];
          }
          for (std::size_t j = 0; j < 3; ++j) gradient[j] += 2 * residual * x[j] / 2;  // of the mean squared error
        }
        for (std::size_t j = 0; j < 3; ++j) error[j] -= problem.step * gradient[j];
      }
      double risk = 0;
      for (std::size_t j = 0; j < 3; ++j) risk += problem.eigenvalues[j] * error[j] * error[j];
      risks[i].push_back(risk);
    }
  }
  for (std::size_t i = 0; i < counts.size(); ++i)
    EXPECT_NEAR(numerics::mean(risks[i]), curve.excess_risk[i],
                3 * numerics::standard_deviation(risks[i]) / std::sqrt(kRuns) + 1e-14)
        << counts[i];
}

TEST(OnlineSgd, TheFloorIsReachedAndGrowsLikeTheStep) {
  OnlineSgd problem;
  for (int i = 1; i <= 30; ++i) {
    problem.eigenvalues.push_back(std::pow(i, -1.5));
    problem.squared_coefficients.push_back(1.0 / i);
  }
  problem.noise = 0.3;
  problem.batch = 4;
  const double trace = numerics::sum(problem.eigenvalues);
  problem.step = 0.5 * online_step_limit(problem.eigenvalues, 4);
  const OnlineSgdCurve curve = online_sgd(problem, Counts{100000});
  EXPECT_NEAR(curve.excess_risk[0], curve.floor, 1e-10 * curve.floor);
  problem.step = 1e-6 * problem.step;
  const double expected = 0.09 * problem.step * trace / 4;  // leading order in the step
  EXPECT_NEAR(online_sgd(problem, Counts{0}).floor, expected, 1e-5 * expected);
  problem.noise = 0;
  EXPECT_EQ(online_sgd(problem, Counts{0}).floor, 0);
}

TEST(OnlineSgd, TheStepLimitIsWhereTheRecursionStopsShrinking) {
  for (const std::int64_t batch : {1, 3, 100}) {
    const Doubles h{2, 0.7, 0.1, 0.01};
    const double limit = online_step_limit(h, batch), b = static_cast<double>(batch);
    for (const double share : {1 - 1e-9, 1 + 1e-9}) {
      const double eta = 2 * limit * share;
      Eigen::Matrix4d map;
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j) {
          const double hi = h[static_cast<std::size_t>(i)], hj = h[static_cast<std::size_t>(j)];
          map(i, j) = eta * eta / b * hi * hj + (i == j ? 1 - 2 * eta * hi + eta * eta * hi * hi * (1 + 1 / b) : 0);
        }
      const double radius = Eigen::EigenSolver<Eigen::Matrix4d>(map, false).eigenvalues().cwiseAbs().maxCoeff();
      EXPECT_EQ(radius < 1, share < 1) << batch;
    }
  }
  EXPECT_TRUE(std::isinf(online_step_limit(Doubles{0, 0}, 1)));
  EXPECT_NEAR(online_step_limit(Doubles{1e200}, 1) * 1e200, 1.0 / 3, 1e-15);  // one mode: eta h < 2/3, eta = 2 step
}

TEST(OnlineSgd, BadInputIsOneClearLine) {
  OnlineSgd problem;
  problem.eigenvalues = {1, 0.5};
  problem.squared_coefficients = {1, 1};
  problem.step = 0.1;
  const auto says = [](const OnlineSgd& p, const Counts& counts) {
    return message_of<base::InputError>([&] { static_cast<void>(online_sgd(p, counts)); });
  };
  const auto with = [&](auto&& change) {
    OnlineSgd p = problem;
    change(p);
    return says(p, Counts{1});
  };
  EXPECT_TRUE(contains(with([](auto& p) { p.step = 10; }), "found 10"));
  EXPECT_TRUE(contains(with([](auto& p) { p.batch = 0; }), "batch"));
  EXPECT_TRUE(contains(with([](auto& p) { p.noise = -1; }), "noise"));
  EXPECT_TRUE(contains(with([](auto& p) { p.eigenvalues = {1, -1}; }), "found -1"));
  EXPECT_TRUE(contains(with([](auto& p) { p.eigenvalues.clear(); }), "at least one"));
  EXPECT_TRUE(contains(with([](auto& p) { p.squared_coefficients = {1}; }), "expected 2"));
  EXPECT_TRUE(contains(with([](auto& p) { p.squared_coefficients = {1, std::nan("")}; }), "found nan"));
  EXPECT_TRUE(contains(says(problem, Counts{2, 1}), "1 after 2"));
}

}  // namespace
}  // namespace phaselaw::dynamics
