// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/profile.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

tables::Measurements noisy(const std::string& law, std::size_t n, double noise, std::uint64_t draw) {
  tables::Measurements data = laws::testing::exact_measurements(laws::law_from(law), n, draw);
  numerics::RandomStream stream(12, "noisy", draw);
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  return data;
}

FitOptions with(Objective objective, IntervalMethod interval) {
  FitOptions options;
  options.objective = objective;
  if (objective == Objective::huber) options.delta = kPublishedDelta;
  options.interval = interval;
  return options;
}

// The mean of log-normal rows: profile and sandwich are Student's interval exactly, the bootstrap nearly.
TEST(LawInterval, OneNumberHasStudentsInterval) {
  tables::Measurements data = noisy("chinchilla", 40, 0.3, 0);
  std::vector<double> logs;
  for (const double loss : data.output) logs.push_back(std::log(loss));
  const double mean = numerics::mean(logs), n = 40;
  const double half = numerics::student_t_quantile(0.975, n - 1) * numerics::standard_deviation(logs) / std::sqrt(n);
  const laws::Law law = laws::law_from("A + 0*N");
  for (const IntervalMethod method : {IntervalMethod::profile, IntervalMethod::sandwich}) {
    const Fit fit = fit_law(law, data, with(Objective::l2, method));
    const Estimate& a = *fit.find("A");
    EXPECT_NEAR(std::log(*a.lo), mean - half, 2e-4 * half) << base::enum_name(method);  // profiles end within 1e-4
    EXPECT_NEAR(std::log(*a.hi), mean + half, 2e-4 * half) << base::enum_name(method);
  }
  FitOptions bootstrap = with(Objective::l2, IntervalMethod::bootstrap);
  bootstrap.resamples = 2000;
  const Estimate a = *fit_law(law, data, bootstrap).find("A");
  // The quantile of 2000 draws has a standard error of 4 % of the half width; the expansion mends the rest to 3 %.
  EXPECT_NEAR(std::log(*a.lo), mean - half, 0.16 * half);
  EXPECT_NEAR(std::log(*a.hi), mean + half, 0.16 * half);
}

TEST(LawInterval, ThreadsDoNotChangeTheBootstrap) {
  const tables::Measurements data = noisy("chinchilla", 60, 0.02, 1);
  FitOptions options = with(Objective::huber, IntervalMethod::bootstrap);
  options.resamples = 60;
  const Fit one = fit_law(laws::law_from("chinchilla"), data, options);
  options.threads = 3;
  const Fit three = fit_law(laws::law_from("chinchilla"), data, options);
  EXPECT_EQ(one.replicates, three.replicates);
  EXPECT_EQ(one.replicates.size(), 5U * static_cast<std::size_t>(one.resamples));
  EXPECT_EQ(one.find("alpha")->lo, three.find("alpha")->lo);
}

// Rows that come in identical tens are ten times fewer rows: the cluster interval knows, the case interval does not.
TEST(LawInterval, ClustersWidenIntervals) {
  const tables::Measurements once = noisy("power", 30, 0.02, 2);
  std::vector<std::size_t> rows;
  FitOptions options = with(Objective::l2, IntervalMethod::sandwich);
  for (std::size_t i = 0; i < 300; ++i) rows.push_back(i / 10);
  const tables::Measurements tenfold = once.rows(rows);
  const auto width = [&](const tables::Measurements& data, const FitOptions& o) {
    const Fit fit = fit_law(laws::law_from("power"), data, o);
    return std::log(*fit.find("alpha")->hi / *fit.find("alpha")->lo);
  };
  FitOptions clustered = options;
  for (const std::size_t i : rows) clustered.cluster.push_back("run " + std::to_string(i));
  const double honest = width(once, options), naive = width(tenfold, options), mended = width(tenfold, clustered);
  EXPECT_NEAR(naive, honest / std::sqrt(10.0), 0.1 * honest);
  EXPECT_NEAR(mended, honest, 0.1 * honest);  // small-sample factors differ
}

// The median of normal numbers has a standard deviation of sqrt(pi/2 n) times theirs, within 1 % at n = 40.
TEST(LawInterval, ResampledMediansSpreadAsMediansDo) {
  const laws::Law law = laws::law_from("A + 0*N");
  const double n = 40, noise = 0.3;
  FitOptions options = with(Objective::huber, IntervalMethod::bootstrap);
  options.resamples = 200;
  double half = 0;
  constexpr int kDraws = 100;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    tables::Measurements data = noisy("chinchilla", 40, 0, draw);
    numerics::RandomStream stream(14, "medians", draw);
    for (double& loss : data.output) loss = 3 * std::exp(noise * stream.normal());
    const Fit fit = fit_law(law, data, options);
    half += 0.5 * std::log(*fit.find("A")->hi / *fit.find("A")->lo) / kDraws;
  }
  // The noise of one draw's spread is about 15 %, of a hundred draws 1.5 %.
  const double expected = numerics::student_t_quantile(0.975, n - 1) * std::sqrt(std::numbers::pi / (2 * n)) * noise;
  EXPECT_NEAR(half, expected, 0.055 * expected);
}

// Smoothed refits scatter around another estimate than the fit; they are moved to have the fit as their median.
TEST(LawInterval, ResamplesOfAnAlmostAbsoluteLossAreCentredOnTheFit) {
  FitOptions options = with(Objective::huber, IntervalMethod::bootstrap);
  options.resamples = 101;
  const Fit fit = fit_law(laws::law_from("chinchilla"), noisy("chinchilla", 60, 0.02, 1), options);
  for (std::size_t j = 0; j < fit.theta.size(); ++j) {
    std::vector<double> values;
    for (std::size_t i = j; i < fit.replicates.size(); i += fit.theta.size()) values.push_back(fit.replicates[i]);
    EXPECT_NEAR(numerics::median(values), fit.theta[j], 1e-12 * std::max(1.0, std::abs(fit.theta[j])));
  }
}

// Without a floor in the data the fit ends at E = 0 and refits do not: their other parameters belong to their own E.
TEST(LawInterval, ResamplesOfAFitAtABoundStayFits) {
  const laws::Law law = laws::law_from("chinchilla");
  FitOptions options = with(Objective::huber, IntervalMethod::bootstrap);
  options.resamples = 100;
  int at_bound = 0;
  for (std::uint64_t draw = 0; draw < 12; ++draw) {
    tables::Measurements data = laws::testing::exact_measurements(law, 16, draw);
    numerics::RandomStream stream(15, "no floor", draw);
    const std::vector<double> n_params = data.columns.get("n_params"), tokens = data.columns.get("tokens");
    for (std::size_t i = 0; i < data.output.size(); ++i)
      data.output[i] =
          (8 * std::pow(n_params[i], -0.21) + 9.6 * std::pow(tokens[i], -0.13)) * std::exp(0.01 * stream.normal());
    const Fit fit = fit_law(law, data, options);
    if (fit.find("E")->value > 0) continue;
    ++at_bound;
    const Prediction at = predict(fit, data, options, data.columns);
    // Every refit lies within the noise of the rows that it was fitted to, so the median over them of the fit does.
    std::vector<double> above;
    for (std::size_t i = 0; i < at.value.size(); ++i) above.push_back(std::log(at.lo[i] / at.value[i]));
    EXPECT_LE(numerics::median(above), 0) << "draw " << draw;
  }
  EXPECT_GE(at_bound, 3);
}

// 95 % intervals of the exponent over 200 draws: a correct method leaves [0.90, 0.995] once in 1000 times.
TEST(LawInterval, ProfilesCover) {
  int covered = 0;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const Fit fit = fit_law(laws::law_from("power"), noisy("power", 40, 0.01, 100 + draw),
                            with(Objective::l2, IntervalMethod::profile));
    const Estimate& alpha = *fit.find("alpha");
    covered += (!alpha.lo || *alpha.lo <= 0.15) && (!alpha.hi || *alpha.hi >= 0.15) ? 1 : 0;
  }
  EXPECT_GE(covered, 180);
  EXPECT_LE(covered, 199);
}

TEST(LawProfile, IsLowestAtTheOptimumAndCrossesWhereTheIntervalEnds) {
  const tables::Measurements data = noisy("chinchilla", 80, 0.01, 3);
  const FitOptions options = with(Objective::l2, IntervalMethod::profile);
  const Fit fit = fit_law(laws::law_from("chinchilla"), data, options);
  const ProfileCurve curve = profile(fit, data, options, "beta");
  ASSERT_EQ(curve.value.size(), 41U);
  for (std::size_t i = 0; i < curve.value.size(); ++i) {
    if (i > 0) {
      EXPECT_GT(curve.value[i], curve.value[i - 1]);
    }
    EXPECT_GE(curve.objective[i], fit.objective_value * (1 - 1e-12));
    // Convex enough near a well-determined optimum: above the threshold outside the interval, below inside.
    if (curve.value[i] < *curve.lo * 0.999 || curve.value[i] > *curve.hi * 1.001) {
      EXPECT_GT(curve.objective[i], curve.threshold);
    }
    if (curve.value[i] > *curve.lo * 1.001 && curve.value[i] < *curve.hi * 0.999) {
      EXPECT_LT(curve.objective[i], curve.threshold);
    }
  }
  EXPECT_NEAR(*curve.lo, *fit.find("beta")->lo, 1e-4 * *curve.lo);  // profiles end within 1e-4
  EXPECT_THROW((void)profile(fit, data, options, "gamma"), base::InputError);
}

// A further draw falls inside at the level, from any number of residuals; 4,000 samples: standard error 0.0034.
TEST(LawPrediction, AFurtherResidualFallsInsideItsInterval) {
  numerics::RandomStream stream(3, "residuals");
  for (const std::size_t n : {3U, 8U, 14U, 38U, 39U, 40U, 100U, 400U}) {
    int inside = 0;
    for (int sample = 0; sample < 4000; ++sample) {
      std::vector<double> residuals(n);
      for (double& r : residuals) r = stream.normal();
      const double fresh = stream.normal();
      const Interval interval = residual_interval(residuals, 0.95);
      ASSERT_LE(*interval.lo, 0);
      ASSERT_GE(*interval.hi, 0);
      inside += *interval.lo <= fresh && fresh <= *interval.hi ? 1 : 0;
    }
    EXPECT_GE(inside, 4000 * (0.95 - 4 * 0.0034)) << n;
    EXPECT_LE(inside, 4000 * (n < 39 ? 0.985 : 0.95 + 4 * 0.0034)) << n;  // the larger of two where there are few
  }
}

TEST(LawPrediction, DistancesAddInSquaresAndOpenEndsStay) {
  const Interval run = new_run_interval(2, {2 * std::exp(-0.3), 2 * std::exp(0.6)}, {-0.4, 0.8});
  EXPECT_NEAR(*run.lo, 2 * std::exp(-0.5), 1e-15);
  EXPECT_NEAR(*run.hi, 2 * std::exp(1.0), 1e-14);
  EXPECT_FALSE(new_run_interval(2, {1.0, {}}, {-0.4, 0.8}).hi);
  // A mean outside its own interval has no distance on that side.
  EXPECT_NEAR(*new_run_interval(2, {2.5, 3}, {-0.4, 0.8}).lo, 2 * std::exp(-0.4), 1e-15);
}

// New runs fall into their 95 % interval at its rate: 300 runs, each predicted once from one fit's data.
TEST(LawPrediction, NewRunsFallInsideTheirInterval) {
  const tables::Measurements data = noisy("chinchilla", 120, 0.02, 4), fresh = noisy("chinchilla", 300, 0.02, 5);
  FitOptions options = with(Objective::l2, IntervalMethod::bootstrap);
  options.resamples = 300;
  const Fit fit = fit_law(laws::law_from("chinchilla"), data, options);
  const Prediction prediction = predict(fit, data, options, fresh.columns);
  const std::vector<double> truth =
      evaluate(fit.law, fresh.columns, laws::testing::true_parameters(laws::law_from("chinchilla")));
  int inside = 0;
  for (std::size_t i = 0; i < 300; ++i) {
    inside += prediction.run_lo[i] <= fresh.output[i] && fresh.output[i] <= prediction.run_hi[i] ? 1 : 0;
    EXPECT_LT(prediction.lo[i], prediction.value[i]);
    EXPECT_GT(prediction.hi[i], prediction.value[i]);
    EXPECT_LT(prediction.run_lo[i], prediction.lo[i]);
    EXPECT_GT(prediction.run_hi[i], prediction.hi[i]);
  }
  EXPECT_GE(inside, 270);  // 4 standard errors of a share of 0.95, and the width of one sample's quantiles
  EXPECT_LE(inside, 299);
  const Prediction linear = predict(fit_law(fit.law, data, with(Objective::l2, IntervalMethod::sandwich)), data,
                                    with(Objective::l2, IntervalMethod::sandwich), fresh.columns);
  for (std::size_t i = 0; i < 300; ++i)
    EXPECT_NEAR(std::log(linear.hi[i] / linear.lo[i]), std::log(prediction.hi[i] / prediction.lo[i]),
                0.5 * std::log(prediction.hi[i] / prediction.lo[i]));
}

TEST(LawPrediction, SaysHowFarItExtrapolates) {
  const tables::Measurements data = noisy("power", 40, 0.01, 6);
  const FitOptions options = with(Objective::l2, IntervalMethod::none);
  const Fit fit = fit_law(laws::law_from("power"), data, options);
  tables::Columns at;
  at.add("compute", {1e25});
  const Prediction prediction = predict(fit, data, options, at);
  ASSERT_EQ(prediction.warnings.size(), 1U);
  EXPECT_NE(prediction.warnings[0].find("beyond the largest fitted"), std::string::npos);
  EXPECT_TRUE(std::isnan(prediction.lo[0]));
}

}  // namespace
}  // namespace phaselaw::fitting
