// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/evaluator.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/laws/law.h"

namespace phaselaw::laws {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

// Every law's derivative against central differences in ln p: truncation h^2/6 times the third derivative, bounded by
// |L'''| <= (1 + |ln x|)^3 L for powers of columns up to e^55, and rounding eps L/h.
TEST(Evaluator, DerivativesOfEveryLawMatchDifferences) {
  const tables::Columns columns = testing::full_table(300, 1);
  for (const Law& law : all_laws()) {
    const std::vector<double> truth = testing::true_parameters(law);
    const Evaluator evaluator(law.expression, columns);
    const std::size_t n = columns.n_rows(), k = truth.size();
    std::vector<double> value(n), derivative(n * k), up(n), down(n);
    EvaluatorWorkspace workspace;
    evaluator.evaluate({}, truth, value, derivative, workspace);
    for (std::size_t p = 0; p < k; ++p) {
      const double h = 1e-6;
      std::vector<double> moved = truth;
      moved[p] = truth[p] * std::exp(h);
      evaluator.evaluate({}, moved, up, {}, workspace);
      moved[p] = truth[p] * std::exp(-h);
      evaluator.evaluate({}, moved, down, {}, workspace);
      for (std::size_t i = 0; i < n; ++i) {
        const double slope = derivative[i * k + p] * truth[p], size = 1 + std::abs(value[i]);
        const double tolerance = size * (200 * kEps / h + h * h / 6 * 2e5);
        ASSERT_NEAR(slope, (up[i] - down[i]) / (2 * h), tolerance) << law.name << " " << law.parameters[p].name;
      }
    }
  }
}

TEST(Evaluator, ChosenRowsAreThoseOfAllRows) {
  const tables::Columns columns = testing::full_table(700, 2);  // more than two blocks
  for (const Law& law : all_laws()) {
    const std::vector<double> truth = testing::true_parameters(law);
    const Evaluator evaluator(law.expression, columns);
    const std::size_t k = truth.size();
    std::vector<std::size_t> rows;
    for (std::size_t i = 0; i < 700; i += 2) rows.push_back(699 - i);
    std::vector<double> all(700), all_slopes(700 * k), some(rows.size()), some_slopes(rows.size() * k);
    EvaluatorWorkspace workspace;
    evaluator.evaluate({}, truth, all, all_slopes, workspace);
    evaluator.evaluate(rows, truth, some, some_slopes, workspace);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      ASSERT_NEAR(some[i], all[rows[i]], 8 * kEps * std::abs(all[rows[i]]))
          << law.name;  // vector and scalar exp differ
      for (std::size_t p = 0; p < k; ++p)
        ASSERT_NEAR(some_slopes[i * k + p], all_slopes[rows[i] * k + p],
                    1e3 * kEps * std::abs(all_slopes[rows[i] * k + p]) + 1e-300);
    }
  }
}

// A parameter that is held is a number: the derivative by the others does not change.
TEST(Evaluator, FixedParametersAreNumbers) {
  const tables::Columns columns = testing::full_table(50, 3);
  const Law law = law_from("repeated-data");
  const std::vector<double> truth = testing::true_parameters(law);
  const Evaluator full(law.expression, columns);
  std::vector<std::optional<double>> fixed(truth.size());
  std::vector<double> rest;
  for (std::size_t p = 0; p < truth.size(); ++p)
    if (p % 2 == 0)
      fixed[p] = truth[p];
    else
      rest.push_back(truth[p]);
  const Evaluator part(law.expression, columns, fixed);
  std::vector<double> a(50), b(50), slope_a(50 * truth.size()), slope_b(50 * rest.size());
  EvaluatorWorkspace workspace, other;
  full.evaluate({}, truth, a, slope_a, workspace);
  part.evaluate({}, rest, b, slope_b, other);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_NEAR(a[i], b[i], 1e2 * kEps * a[i]);
    for (std::size_t j = 0; j < rest.size(); ++j) {
      const double expected = slope_a[i * truth.size() + part.free()[j]];
      EXPECT_NEAR(slope_b[i * rest.size() + j], expected, 1e3 * kEps * std::abs(expected));
    }
  }
}

TEST(Evaluator, ZerosUnderAPowerAreZerosAndNegativesAreNot) {
  tables::Columns columns;
  columns.add("n_params", {0, 4});
  const Evaluator root(Expression::parse("1 + A*N^b"), columns);
  std::vector<double> value(2), slope(4);
  EvaluatorWorkspace workspace;
  root.evaluate({}, std::vector<double>{3, 0.5}, value, slope, workspace);
  EXPECT_EQ(value[0], 1);
  EXPECT_NEAR(slope[0], 0, 1e-290);
  EXPECT_NEAR(slope[1], 0, 1e-290);
  EXPECT_DOUBLE_EQ(value[1], 7);
  const Evaluator negative(Expression::parse("A*(N - 5)^0.5 + b"), columns);
  negative.evaluate({}, std::vector<double>{1, 1}, value, {}, workspace);
  EXPECT_TRUE(std::isnan(value[0]));
  const Evaluator overflow(Expression::parse("A*lambert_w(exp(b*exp(exp(N))))"), columns);
  overflow.evaluate({}, std::vector<double>{1, 1}, value, {}, workspace);
  EXPECT_TRUE(std::isinf(value[1]));  // a result, not an error: the solver turns back
  const Evaluator square(Expression::parse("A*(N - 5)^2 + b"), columns);
  square.evaluate({}, std::vector<double>{1, 0}, value, slope, workspace);
  EXPECT_EQ(value[0], 25);
  EXPECT_EQ(slope[0], 25);
}

}  // namespace
}  // namespace phaselaw::laws
