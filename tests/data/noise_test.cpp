// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/noise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/message_of.h"
#include "phaselaw/base/value.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::data {
namespace {

constexpr double kXi = 0.3;
constexpr double kErrors = 4.5;  // standard errors: false alarm 7e-6 a check

model::ModelOptions student() {
  model::ModelOptions options;
  options.n_layers = 1;
  options.seq_len = 3;
  options.d_model = 4;
  options.d_hidden = 8;
  options.n_heads = 1;
  options.d_head = 4;
  return options;
}

DataOptions noisy(NoiseKind kind, std::int64_t n_data) {
  DataOptions options;
  options.n_data = n_data;
  options.n_test = 500;
  options.noise = kXi;
  options.noise_kind = kind;
  return options;
}

std::vector<double> errors_of(const Dataset& set) {
  std::vector<double> errors(set.y.size());
  for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = set.y[i] - set.clean[i];
  return errors;
}

// Mean of `values` over sequences, which are independent, within kErrors of its standard error measured from them.
void expect_mean(const std::vector<double>& values, std::int64_t n, double expected, const std::string& what) {
  std::vector<double> sequence(static_cast<std::size_t>(n));
  const std::size_t width = values.size() / sequence.size();
  for (std::size_t i = 0; i < sequence.size(); ++i)
    sequence[i] = std::accumulate(values.begin() + static_cast<std::ptrdiff_t>(i * width),
                                  values.begin() + static_cast<std::ptrdiff_t>((i + 1) * width), 0.0) /
                  static_cast<double>(width);
  const double error = numerics::standard_deviation(sequence) / std::sqrt(static_cast<double>(n));
  EXPECT_NEAR(numerics::mean(sequence), expected, kErrors * error) << what;
}

TEST(Noise, EveryKindHasMeanZeroAndMeanSquareXi) {
  for (const auto& [name, kind] : enum_names(NoiseKind{})) {
    auto options = noisy(kind, 4000);
    options.noise_df = 5;  // below 4 the mean square has no standard error
    options.noise_clean_fraction = 0.75;
    const auto split = make_split(options, student(), 11);
    for (const Dataset* set : {&split.train, &split.test}) {
      auto errors = errors_of(*set);
      expect_mean(errors, set->n, 0, std::string(name) + " mean");
      for (double& e : errors) e *= e;
      expect_mean(errors, set->n, kXi * kXi, std::string(name) + " mean square");
    }
  }
}

// Fourth moments over xi^4: gaussian 3; heteroscedastic 3 E[c^4] with c^2 = d x_1^2/||x||^2: 3 * 3 d/(d + 2);
// student_t 3 (nu - 2)/(nu - 4); mixture 3/(1 - f).
TEST(Noise, FourthMomentsTellTheKindsApart) {
  const std::vector<std::pair<NoiseKind, double>> expected = {{NoiseKind::gaussian, 3},
                                                              {NoiseKind::heteroscedastic, 9.0 * 4 / 6},
                                                              {NoiseKind::student_t, 3.0 * 10 / 8},
                                                              {NoiseKind::mixture, 12}};
  for (const auto& [kind, moment] : expected) {
    auto options = noisy(kind, 8000);
    options.noise_df = 12;
    options.noise_clean_fraction = 0.75;
    const auto split = make_split(options, student(), 5);
    auto errors = errors_of(split.train);
    for (double& e : errors) e = std::pow(e / kXi, 4);
    expect_mean(errors, split.train.n, moment, base::enum_to_text(kind));
  }
}

// P(|t| > q) against the distribution itself: a binomial count, far out and near the centre.
TEST(Noise, StudentTailsAreThoseOfTheDistribution) {
  for (const double nu : {2.5, 3.0, 10.0}) {
    auto options = noisy(NoiseKind::student_t, 6000);
    options.noise_df = nu;
    const auto errors = errors_of(make_split(options, student(), 2).train);
    const auto count = static_cast<double>(errors.size());
    for (const double p : {0.5, 0.05, 0.001}) {
      const double q = kXi * std::sqrt((nu - 2) / nu) * numerics::student_t_quantile(1 - p / 2, nu);
      double beyond = 0;
      for (const double e : errors) beyond += std::abs(e) > q ? 1 : 0;
      EXPECT_NEAR(beyond / count, p, kErrors * std::sqrt(p * (1 - p) / count)) << nu << ' ' << p;
    }
  }
}

TEST(Noise, HeteroscedasticNoiseFollowsTheFirstCoordinate) {
  const auto split = make_split(noisy(NoiseKind::heteroscedastic, 4000), student(), 3);
  auto errors = errors_of(split.train);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const double c = split.train.x[i / 4 * 4];  // rows have norm sqrt(d): c is the coordinate itself
    errors[i] = errors[i] * errors[i] - kXi * kXi * c * c;
  }
  expect_mean(errors, split.train.n, 0, "mean square given the input");
  auto near_zero = errors_of(split.train);
  for (std::size_t i = 0; i < near_zero.size(); ++i) {
    const double scale = kXi * std::abs(split.train.x[i / 4 * 4]);
    EXPECT_LT(std::abs(near_zero[i]), 8.6 * scale + 1e-12);  // what normal() can reach
  }
}

TEST(Noise, MixtureSequencesAreAllCleanOrAllNoisy) {
  auto options = noisy(NoiseKind::mixture, 4000);
  options.noise_clean_fraction = 0.25;
  const auto split = make_split(options, student(), 3);
  const auto errors = errors_of(split.train);
  double clean = 0;
  for (std::size_t i = 0; i < errors.size(); i += 12) {
    int zeros = 0;
    for (std::size_t k = 0; k < 12; ++k) zeros += errors[i + k] == 0 ? 1 : 0;
    EXPECT_TRUE(zeros == 0 || zeros == 12);
    clean += zeros == 12 ? 1 : 0;
  }
  EXPECT_NEAR(clean / 4000, 0.25, kErrors * std::sqrt(0.25 * 0.75 / 4000));
}

TEST(Noise, GrowsAsThePowerOfTheDataAndElseStaysTheSameDraw) {
  for (const auto& [name, kind] : enum_names(NoiseKind{})) {
    auto constant = noisy(kind, 64), growing = constant;
    growing.noise_exponent = 0.5;
    EXPECT_EQ(noise_level(constant), kXi);
    EXPECT_DOUBLE_EQ(noise_level(growing), kXi * 8);
    const auto a = make_split(constant, student(), 4), b = make_split(growing, student(), 4);
    for (const auto& [x, y] :
         {std::pair{errors_of(a.train), errors_of(b.train)}, std::pair{errors_of(a.test), errors_of(b.test)}})
      for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(8 * x[i], y[i], 1e-13 * (8 + std::abs(y[i]))) << name;
  }
}

TEST(Noise, IsNestedForEveryKind) {
  for (const auto& [name, kind] : enum_names(NoiseKind{})) {
    const auto few = make_split(noisy(kind, 7), student(), 3), many = make_split(noisy(kind, 40), student(), 3);
    for (std::size_t i = 0; i < few.train.y.size(); ++i) ASSERT_NEAR(few.train.y[i], many.train.y[i], 1e-12) << name;
  }
}

TEST(Noise, ImpossibleSettingsAreOneClearErrorEach) {
  const auto message = [](const DataOptions& options) {
    return base::testing::message_of<base::InputError>([&] { validate(options, {"e.toml", 3, 1}); });
  };
  auto options = noisy(NoiseKind::student_t, 8);
  options.noise_df = 2;
  EXPECT_NE(message(options).find("noise_df must be > 2; found 2"), std::string::npos) << message(options);
  options = noisy(NoiseKind::mixture, 8);
  options.noise_clean_fraction = 1;
  EXPECT_NE(message(options).find("noise_clean_fraction must be in [0, 1); found 1"), std::string::npos)
      << message(options);
  options = noisy(NoiseKind::gaussian, 8);
  options.noise_exponent = 1e4;
  EXPECT_NE(message(options).find("e.toml:3:1: noise n_data^noise_exponent"), std::string::npos) << message(options);
  options = noisy(NoiseKind::heteroscedastic, 8);
  options.source = Source::arrays;
  options.x = options.y = "a.npy";
  EXPECT_NE(message(options).find("needs source = \"teacher\""), std::string::npos) << message(options);
}

}  // namespace
}  // namespace phaselaw::data
