// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/shuffled_sgd.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "dynamics/fixed_kernel.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/dynamics/sgd_moments.h"

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
using Sequences = std::vector<std::int64_t>;

// r - c H P_S r on the training rows, and the same move on the test rows.
void plain_step(const FixedKernel& k, double c, const std::int64_t* batch, std::int64_t b, Vector<double>& r,
                Vector<double>& on_test) {
  const Eigen::Index width = k.train.rows() / k.n;
  const Vector<double> before = r;
  for (std::int64_t i = 0; i < b; ++i) {
    const auto part = before.segment(batch[i] * width, width);
    r -= c * k.train.middleCols(batch[i] * width, width) * part;
    on_test -= c * k.test.middleCols(batch[i] * width, width) * part;
  }
}

struct Losses {
  double train = 0, test = 0;
};

// The mean over all orders of `epochs` epochs, one after the other: (n!)^epochs runs.
Losses over_all_orders(const FixedKernel& k, double step, std::int64_t b, std::int64_t steps, int epochs) {
  std::vector<Sequences> orders;
  Sequences order(static_cast<std::size_t>(k.n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  do orders.push_back(order);
  while (std::next_permutation(order.begin(), order.end()));
  Losses sum;
  std::size_t runs = 1;
  for (int e = 0; e < epochs; ++e) runs *= orders.size();
  for (std::size_t run = 0; run < runs; ++run) {
    Sequences all;
    for (std::size_t e = 0, rest = run; e < static_cast<std::size_t>(epochs); ++e, rest /= orders.size())
      all.insert(all.end(), orders[rest % orders.size()].begin(), orders[rest % orders.size()].end());
    Vector<double> r = k.initial - k.targets, on_test = k.test_initial - k.test_targets;
    for (std::int64_t s = 0; s < steps; ++s)
      plain_step(k, 2 * step / static_cast<double>(b), &all[static_cast<std::size_t>(s * b)], b, r, on_test);
    sum.train += r.squaredNorm() / static_cast<double>(k.n);
    sum.test += on_test.squaredNorm() / 5;
  }
  return {sum.train / static_cast<double>(runs), sum.test / static_cast<double>(runs)};
}

// The exact second moment after one epoch, for b = 1: a state for each set of sequences already seen,
//   Sigma(S) = (1/|S|) sum_{i in S} A_i Sigma(S without i) A_i^T,   A_i = I - c H P_i.
Matrix<double> epoch_moment(const FixedKernel& k, double step, const Matrix<double>& before) {
  const auto n = static_cast<unsigned>(k.n);
  const Eigen::Index width = k.train.rows() / k.n;
  std::vector<Matrix<double>> moment(1U << n);
  moment[0] = before;
  for (unsigned set = 1; set < 1U << n; ++set) {
    moment[set] = Matrix<double>::Zero(before.rows(), before.cols());
    for (unsigned i = 0; i < n; ++i) {
      if ((set >> i & 1U) == 0) continue;
      Matrix<double> a = Matrix<double>::Identity(before.rows(), before.cols());
      a.middleCols(i * width, width) -= 2 * step * k.train.middleCols(i * width, width);
      moment[set] += a * moment[set & ~(1U << i)] * a.transpose() / std::popcount(set);
    }
  }
  return moment.back();
}

double exact_loss(const FixedKernel& k, double step, int epochs) {
  const Vector<double> r = k.initial - k.targets;
  Matrix<double> moment = r * r.transpose();
  for (int e = 0; e < epochs; ++e) moment = epoch_moment(k, step, moment);
  return moment.trace() / static_cast<double>(k.n);
}

TEST(ShuffledSgd, AllOrdersHaveThisMean) {
  struct Case {
    std::int64_t n, batch, steps;
    int epochs;
  };
  // A part of an epoch, two epochs, and batches that end one epoch and begin the next (n = 3, b = 2).
  for (const Case& c : {Case{4, 1, 3, 1}, Case{4, 1, 4, 1}, Case{4, 2, 4, 2}, Case{3, 2, 3, 2}, Case{3, 1, 9, 3}}) {
    const FixedKernel k = fixed_kernel(c.n, 2, 6, 3);
    const ClosedForm closed = solved(k);
    const TestOutputs test(closed, k.test, view(k.test_initial));
    const double step = 0.4 * step_limit(closed);
    ShuffledSgd sgd(closed, {.step = step, .batch = c.batch, .replicates = 20000, .seed = 9});
    sgd.advance(c.steps);
    const Losses exact = over_all_orders(k, step, c.batch, c.steps, c.epochs);
    const RunMean train = sgd.expected_loss(), on_test = sgd.expected_test_loss(test, view(k.test_targets), 5);
    // Ten comparisons at 4 standard errors fail by chance once in 1600. At the end of the epoch of the second case the
    // spread is small, but not 0.
    EXPECT_GT(train.standard_error, 0);
    EXPECT_NEAR(train.mean, exact.train, 4 * train.standard_error) << c.n << " " << c.batch << " " << c.steps;
    EXPECT_NEAR(on_test.mean, exact.test, 4 * on_test.standard_error) << c.n << " " << c.batch << " " << c.steps;
    EXPECT_LT(train.standard_error, 0.02 * exact.train) << "the test must be able to see a difference";
  }
}

TEST(ShuffledSgd, TheRecursionOverSetsIsTheMeanOverOrders) {
  const FixedKernel k = fixed_kernel(4, 2, 6, 3);
  const double step = 0.4 * step_limit(solved(k));
  EXPECT_NEAR(exact_loss(k, step, 1), over_all_orders(k, step, 1, 4, 1).train, 1e-12);
  EXPECT_NEAR(exact_loss(k, step, 2), over_all_orders(k, step, 1, 8, 2).train, 1e-12);
}

// Long runs on a singular kernel: near its floor the mean is the exact one, and below that of independent batches.
TEST(ShuffledSgd, ManyEpochsAgreeWithTheExactRecursion) {
  const FixedKernel k = fixed_kernel(6, 2, 5, 4);
  const ClosedForm closed = solved(k);
  const double step = 0.4 * sgd_step_limit(closed, 1).step;
  ShuffledSgd sgd(closed, {.step = step, .batch = 1, .replicates = 4000, .seed = 1});
  SgdMoments independent(closed, {.step = step, .batch = 1});
  for (const int epochs : {1, 4, 16}) {
    sgd.advance(6 * epochs - sgd.steps());
    independent.advance(6 * epochs - independent.steps());
    const RunMean found = sgd.expected_loss();
    EXPECT_NEAR(found.mean, exact_loss(k, step, epochs), 4 * found.standard_error) << epochs;
    EXPECT_LT(found.mean + 4 * found.standard_error, independent.expected_loss()) << epochs;
  }
}

// E r after one epoch, for b = 1, by the same recursion.
Vector<double> epoch_mean(const FixedKernel& k, double step, const Vector<double>& before) {
  const auto n = static_cast<unsigned>(k.n);
  const Eigen::Index width = k.train.rows() / k.n;
  std::vector<Vector<double>> mean(1U << n);
  mean[0] = before;
  for (unsigned set = 1; set < 1U << n; ++set) {
    mean[set] = Vector<double>::Zero(before.size());
    for (unsigned i = 0; i < n; ++i) {
      if ((set >> i & 1U) == 0) continue;
      const Vector<double>& at = mean[set & ~(1U << i)];
      mean[set] += (at - 2 * step * k.train.middleCols(i * width, width) * at.segment(i * width, width)) /
                   static_cast<double>(std::popcount(set));
    }
  }
  return mean.back();
}

// The shift of the mean over one epoch is the header's, with an error of third order in the step.
TEST(ShuffledSgd, TheMeanIsShiftedBySecondOrderTerms) {
  const FixedKernel k = fixed_kernel(5, 2, 6, 8);
  const Vector<double> r = k.initial - k.targets;
  Matrix<double> same = k.train;  // W' o H for b = 1
  for (Eigen::Index i = 0; i < 10; ++i)
    for (Eigen::Index j = 0; j < 10; ++j)
      if (i / 2 != j / 2) same(i, j) = 0;
  const auto error = [&](double step) {
    const double c = 2 * step;
    Vector<double> descent = r;
    for (int i = 0; i < 5; ++i) descent -= c / 5 * k.train * descent;
    const Vector<double> shift = c * c / 2 * k.train * (k.train / 5 - same) * r;
    return std::pair((epoch_mean(k, step, r) - descent - shift).norm(), shift.norm());
  };
  const double step = 0.002 * step_limit(solved(k));
  EXPECT_LT(error(step).first, 0.1 * error(step).second);
  EXPECT_NEAR(std::log2(error(step).first / error(step / 2).first), 3, 0.2);
}

// The spread about the mean at a given time: of third order in the step, and of first order for independent batches.
TEST(ShuffledSgd, TheSpreadOfFirstOrderCancels) {
  const FixedKernel k = fixed_kernel(5, 2, 6, 8);
  const ClosedForm closed = solved(k);
  const double large = 0.005 * step_limit(closed);
  const auto spread = [&](double step, int epochs) {
    SgdMoments independent(closed, {.step = step, .batch = 1});
    independent.advance(5 * epochs);
    Vector<double> mean = k.initial - k.targets;
    for (int e = 0; e < epochs; ++e) mean = epoch_mean(k, step, mean);
    return std::pair(independent.expected_loss() - independent.loss_of_mean(),
                     exact_loss(k, step, epochs) - mean.squaredNorm() / 5);
  };
  const auto [independent, shuffled] = spread(large, 16);
  const auto [independent_half, shuffled_half] = spread(large / 2, 32);
  EXPECT_NEAR(std::log2(independent / independent_half), 1, 0.2);
  EXPECT_NEAR(std::log2(shuffled / shuffled_half), 3, 0.2);
  EXPECT_LT(shuffled, 0.1 * independent);
}

TEST(ShuffledSgd, TheFullBatchIsGradientDescent) {
  const FixedKernel k = fixed_kernel(4, 3, 30);
  const ClosedForm closed = solved(k);
  const TestOutputs test(closed, k.test, view(k.test_initial));
  const double step = 0.9 * step_limit(closed);
  ShuffledSgd sgd(closed, {.step = step, .batch = 4});
  EXPECT_EQ(sgd.replicates(), 1);
  sgd.advance(37);
  const std::int64_t counts[] = {37};
  const SpectralPath path = gradient_descent(closed, step, counts);
  const double start = closed.losses(Doubles{0})[0];
  EXPECT_NEAR(sgd.expected_loss().mean, closed.losses(path)[0], 1e-13 * start);
  EXPECT_EQ(sgd.expected_loss().standard_error, 0);
  EXPECT_NEAR(sgd.expected_test_loss(test, view(k.test_targets), 5).mean, test.losses(path, view(k.test_targets), 5)[0],
              1e-11);
}

TEST(ShuffledSgd, ResultsDoNotDependOnThreadsOrPieces) {
  const FixedKernel k = fixed_kernel(7, 2, 30);
  const ClosedForm closed = solved(k);
  const double step = 0.3 * step_limit(closed);
  ShuffledSgd one(closed, {.step = step, .batch = 3, .replicates = 20, .seed = 5});
  ShuffledSgd three(closed, {.step = step, .batch = 3, .replicates = 20, .seed = 5, .threads = 3});
  one.advance(11);
  for (const std::int64_t piece : {1, 0, 4, 6}) three.advance(piece);
  EXPECT_EQ(one.losses(), three.losses());
  ShuffledSgd other(closed, {.step = step, .batch = 3, .replicates = 20, .seed = 6});
  other.advance(11);
  EXPECT_NE(one.losses(), other.losses());
}

TEST(ShuffledSgd, TheScaleOfTheKernelIsThatOfTheStep) {
  FixedKernel k = fixed_kernel(4, 2, 24);
  const double step = 0.4 * step_limit(solved(k));
  const ClosedForm plain = solved(k);
  ShuffledSgd reference(plain, {.step = step, .batch = 2, .replicates = 5});
  reference.advance(9);
  for (const double scale : {0x1p900, 0x1p-900}) {
    FixedKernel scaled = k;
    scaled.train *= scale;
    const ClosedForm closed = solved(scaled);
    ShuffledSgd sgd(closed, {.step = step / scale, .batch = 2, .replicates = 5});
    sgd.advance(9);
    EXPECT_NEAR(sgd.expected_loss().mean, reference.expected_loss().mean, 1e-11);
  }
}

TEST(ShuffledSgd, BadInputIsOneClearLine) {
  const FixedKernel k = fixed_kernel(4, 2, 24);
  const ClosedForm closed = solved(k);
  const auto says = [&](const ShuffledSgdOptions& options) {
    return message_of<base::InputError>([&] { ShuffledSgd(closed, options); });
  };
  const double limit = step_limit(closed);
  EXPECT_TRUE(contains(says({.step = limit}), fmt::format("n/lambda_max = {:.6g}", limit)));
  EXPECT_TRUE(contains(says({.step = std::nan("")}), "found nan"));
  EXPECT_TRUE(contains(says({.step = limit / 2, .batch = 0}), "expected 1 to 4"));
  EXPECT_TRUE(contains(says({.step = limit / 2, .batch = 5}), "found 5"));
  EXPECT_TRUE(contains(says({.step = limit / 2, .replicates = 1}), "at least 2 runs, found 1"));
  EXPECT_TRUE(contains(says({.step = limit / 2, .max_bytes = 100}), "8 rows"));
  ShuffledSgd sgd(closed, {.step = limit / 2});
  EXPECT_THROW(sgd.advance(-1), base::InputError);
}

}  // namespace
}  // namespace phaselaw::dynamics
