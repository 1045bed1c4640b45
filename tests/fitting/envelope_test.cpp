// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/envelope.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "fitting/synthetic.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

using testing::Truth;

struct Runs {
  std::vector<std::string> run;
  std::vector<double> compute, loss;
  tables::Measurements data() const { return testing::curve_of(compute, loss); }
};

// Runs of different size with curves that touch a two-stage law: run k learns exponentially until its data are used up.
Runs runs_along(const Truth& truth, int count, double noise, std::uint64_t draw = 0) {
  numerics::RandomStream stream(4, "envelope_test", draw);
  Runs runs;
  for (int k = 0; k < count; ++k) {
    const double size = truth.scale * std::pow(10, 0.5 * k - 1), level = std::exp(noise * stream.normal());
    for (const double c : numerics::log_spaced(0.01 * size, 10 * size, 25)) {
      runs.run.push_back("run" + std::to_string(k));
      runs.compute.push_back(c);
      const double own = truth.amplitude * std::exp(-8 * c / size);
      runs.loss.push_back(level * (testing::two_stage_value(std::max(c, size), truth.amplitude, truth.scale,
                                                            truth.exponent, truth.floor) +
                                   own));
    }
  }
  return runs;
}

bool dominated(const Runs& runs, std::size_t i) {
  for (std::size_t j = 0; j < runs.run.size(); ++j) {
    const bool no_worse = runs.compute[j] <= runs.compute[i] && runs.loss[j] <= runs.loss[i];
    const bool better = runs.compute[j] < runs.compute[i] || runs.loss[j] < runs.loss[i];
    if (no_worse && better) return true;
  }
  return false;
}

TEST(Envelope, IsWhatNothingDominates) {
  const Runs runs = runs_along({}, 12, 0.1);
  const auto rows = envelope_rows(runs.compute, runs.loss);
  std::size_t undominated = 0;
  for (std::size_t i = 0; i < runs.run.size(); ++i) undominated += dominated(runs, i) ? 0 : 1;
  EXPECT_EQ(rows.size(), undominated);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    EXPECT_GT(runs.compute[rows[i]], runs.compute[rows[i - 1]]);
    EXPECT_LT(runs.loss[rows[i]], runs.loss[rows[i - 1]]);
  }
}

TEST(Envelope, ByHand) {
  const std::vector<double> compute = {1, 2, 10, 20, 100}, loss = {5, 4, 4.5, 2, 3};
  EXPECT_EQ(envelope_rows(compute, loss), (std::vector<std::size_t>{0, 1, 3}));
}

TEST(Envelope, BadInput) {
  const std::vector<double> one = {1}, zero = {0}, nan = {std::nan("")}, two = {1, 2};
  EXPECT_THROW((void)envelope_rows({}, {}), base::InputError);
  EXPECT_THROW((void)envelope_rows(one, nan), base::InputError);
  EXPECT_THROW((void)envelope_rows(zero, one), base::InputError);
  EXPECT_THROW((void)envelope_rows(two, one), base::InputError);
  const Runs runs = runs_along({}, 12, 0);
  const laws::Law law = laws::law_from("two-stage");
  FitOptions options;
  options.interval = IntervalMethod::profile;  // rows of an envelope are not independent
  EXPECT_THROW((void)fit_envelope(law, runs.data(), runs.run, options), base::InputError);
  options = {};
  options.weights.assign(runs.run.size(), 1);
  EXPECT_THROW((void)fit_envelope(law, runs.data(), runs.run, options), base::InputError);
  EXPECT_THROW((void)fit_envelope(law, runs.data(), {"a"}, {}), base::InputError);
}

FitOptions envelope_options(std::int64_t resamples) {
  FitOptions options;
  options.objective = Objective::l2;
  options.resamples = resamples;
  options.fix["E"] = 0;
  return options;
}

// The fit is that of the rows of the envelope; the intervals come from whole runs, whatever the number of threads.
TEST(Envelope, FitsItsRowsAndResamplesRuns) {
  const Runs runs = runs_along({}, 14, 0.03);
  const laws::Law law = laws::law_from("two-stage");
  FitOptions options = envelope_options(60);
  const EnvelopeFit found = fit_envelope(law, runs.data(), runs.run, options);
  FitOptions plain = options;
  plain.interval = IntervalMethod::none;
  const Fit direct = fit_law(law, runs.data().rows(found.rows), plain);
  EXPECT_EQ(found.fit.theta, direct.theta);
  EXPECT_EQ(found.fit.method, IntervalMethod::bootstrap);
  EXPECT_TRUE(found.fit.clustered);
  EXPECT_GT(found.fit.resamples, 50);
  ASSERT_TRUE(found.fit.find("q")->lo && found.fit.find("q")->hi);
  EXPECT_LT(*found.fit.find("q")->lo, *found.fit.find("q")->hi);
  options.threads = 2;
  EXPECT_EQ(fit_envelope(law, runs.data(), runs.run, options).fit.replicates, found.fit.replicates);
}

// Any law of compute, not only one.
TEST(Envelope, AnyLaw) {
  const Runs runs = runs_along({1, 1, 1.0 / 6, 0.2}, 14, 0.01);
  FitOptions options = envelope_options(40);
  options.fix.clear();
  const Fit fit = fit_envelope(laws::law_from("E + A*C^-a"), runs.data(), runs.run, options).fit;
  EXPECT_TRUE(fit.convergence.certified);
  EXPECT_TRUE(fit.find("a")->lo.has_value());
}

TEST(Envelope, OneRunHasNoIntervalAndSaysSo) {
  const Runs runs = runs_along({}, 1, 0.01);
  const Fit fit = fit_envelope(laws::law_from("two-stage"), runs.data(), runs.run, envelope_options(40)).fit;
  EXPECT_FALSE(fit.find("q")->lo.has_value());
  EXPECT_FALSE(fit.find("q")->identified);
  EXPECT_FALSE(fit.warnings.empty());
}

}  // namespace
}  // namespace phaselaw::fitting
