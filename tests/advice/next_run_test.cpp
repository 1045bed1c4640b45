// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/next_run.h"

#include <cmath>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/gram.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {
namespace {

using testing::saved_fit;

tables::Measurements with_run(const fitting::SavedFit& saved, double n, double d, double loss) {
  tables::Measurements data = saved.data;
  for (std::size_t c = 0; c < data.columns.names.size(); ++c)
    data.columns.values[c].push_back(data.columns.names[c] == "n_params" ? n
                                     : data.columns.names[c] == "tokens" ? d
                                                                         : 1);
  data.output.push_back(loss);
  return data;
}

// Second route: the covariance of the fit's own linearisation with the run's row added, at unchanged residual variance.
TEST(NextRun, IsTheCovarianceWithOneMoreRow) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 40);
  const double n = 3e10, d = 2e9;
  const tables::Measurements data = with_run(saved, n, d, 1);
  const auto errors = [&](const tables::Measurements& rows) {
    // Exact rows of the fitted law with one residual: the covariance is that residual's square times (J^T J)^-1.
    tables::Measurements exact = rows;
    exact.output = evaluate(saved.fit.law, rows.columns, saved.fit.value);
    exact.output.front() *= std::exp(1e-3 * std::sqrt(static_cast<double>(exact.output.size() - 5)));
    const fitting::LawForm form(saved.fit.law, exact, {});
    fitting::FitOptions options;
    options.objective = fitting::Objective::l2;
    const fitting::Refitter refitter(form, options);
    // The same coordinates' units: those of the first fit.
    const fitting::Gram gram(refitter, form.theta(saved.fit.value));
    double squares = 0;
    for (const double r : gram.residuals()) squares += r * r;
    const double variance = squares / static_cast<double>(exact.output.size() - 5);
    std::vector<double> out;
    for (std::size_t j = 0; j < 5; ++j) {
      const double unit = form.coordinates()[j].logarithmic ? 1 : std::exp(form.coordinates()[j].log_unit);
      std::vector<double> c(5);
      c[j] = 1;
      out.push_back(unit * std::sqrt(variance * gram.variance(c)));
    }
    return out;
  };
  const std::vector<double> before = errors(saved.data), after = errors(data);
  for (std::size_t j = 0; j < 5; ++j) {
    DesignRequest request;
    request.quantity = saved.fit.coordinates[j].name;
    // And the noise is then estimated from one more degree of freedom than 40 - 5.
    const double noise = numerics::student_t_quantile(0.975, 36) / numerics::student_t_quantile(0.975, 35);
    EXPECT_NEAR(width_ratio(saved, {}, request, n, d), noise * after[j] / before[j], 1e-6) << request.quantity;
  }
}

// The run is added and the law refitted, again and again: the spread of ln N* shrinks as foreseen.
TEST(NextRun, SimulationShrinksAsForeseen) {
  constexpr int kDraws = 400;
  constexpr double kNoise = 0.005;
  const double compute = 1e22;
  fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 25, kNoise);
  // At the true parameters, so that draws are spread about what is linearised.
  const laws::Law law = saved.fit.law;
  DesignRequest request;
  request.quantity = "n_params";
  request.compute = compute;
  request.bounds.most_compute = 1e22;
  const Design design = next_run(saved, {}, request);
  EXPECT_LT(design.best.ratio, 0.9);
  EXPECT_LE(design.best.compute, 1e22 * (1 + 1e-9));
  EXPECT_LE(design.cheap.compute, design.best.compute);
  const auto spread = [&](bool added) {
    tables::Measurements data = added ? with_run(saved, design.best.n_params, design.best.tokens, 1) : saved.data;
    const std::vector<double> exact = evaluate(law, data.columns, saved.fit.value);
    std::vector<double> sizes;
    fitting::FitOptions options;
    options.objective = fitting::Objective::l2;
    for (int k = 0; k < kDraws; ++k) {
      numerics::RandomStream stream(77, "next_run", static_cast<std::uint64_t>(k));
      data.output = exact;
      for (double& loss : data.output) loss *= std::exp(kNoise * stream.normal());
      const fitting::LawForm form(law, data, {});
      fitting::Refitter refitter(form, options);
      const auto fit = refitter.solve(form.theta(saved.fit.value), 1e-9, true);
      sizes.push_back(std::log(testing::ClosedForm(law, form.parameters(fit.parameters)).n_params(compute)));
    }
    return numerics::standard_deviation(sizes);
  };
  // Both spreads are of the same draws but for the added row; each is known to 3.5 %, three times both is 15 %.
  // The spread is that of the estimates, without the quantiles of their intervals.
  const double noise = numerics::student_t_quantile(0.975, 21) / numerics::student_t_quantile(0.975, 20);
  EXPECT_NEAR(spread(true) / spread(false) / (design.best.ratio / noise), 1, 0.15);
}

TEST(NextRun, GoalsDiffer) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 40);
  DesignRequest request;
  request.bounds.most_compute = 1e22;
  request.compute = 1e24;
  const auto best = [&](const char* what) {
    request.quantity = what;
    return next_run(saved, {}, request);
  };
  const Design alpha = best("alpha"), beta = best("beta"), all = best("all"), loss = best("loss");
  EXPECT_LT(alpha.best.n_params, beta.best.n_params * 100);
  for (const Design* design : {&alpha, &beta, &all, &loss}) {
    EXPECT_GT(design->best.ratio, 0);
    EXPECT_LT(design->best.ratio, 1);
    for (const NextRun& run : design->candidates) {
      EXPECT_LE(run.ratio, 1 + 1e-12);
      EXPECT_GE(run.ratio, design->best.ratio);
      EXPECT_LE(run.compute, 1e22 * (1 + 1e-9));
    }
    EXPECT_GE(design->within.ratio, design->best.ratio);
    EXPECT_LE(design->within.furthest, 1);
  }
}

// Every candidate is within the bounds, and the best of them is no better than without bounds.
TEST(NextRun, BoundsAreKept) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 40);
  const RunBounds wide{{}, {}, {}, {}, {}, 1e22};
  const RunBounds narrow{2e8, 3e9, 1e10, 2e11, 1e20, 1e21};
  for (const char* quantity : {"alpha", "n_params", "all"}) {
    const DesignRequest free{quantity, 1e24, wide, 25}, bound{quantity, 1e24, narrow, 25};
    const Design within = next_run(saved, {}, bound);
    EXPECT_GT(within.candidates.size(), 100U);
    for (const NextRun& run : within.candidates) {
      EXPECT_TRUE(run.n_params >= 2e8 * (1 - 1e-9) && run.n_params <= 3e9 * (1 + 1e-9)) << run.n_params;
      EXPECT_TRUE(run.tokens >= 1e10 * (1 - 1e-9) && run.tokens <= 2e11 * (1 + 1e-9)) << run.tokens;
      EXPECT_TRUE(run.compute >= 1e20 * (1 - 1e-9) && run.compute <= 1e21 * (1 + 1e-9)) << run.compute;
    }
    EXPECT_GE(within.best.ratio, next_run(saved, {}, free).best.ratio);
  }
  // A size that is given exactly.
  const Design one = next_run(saved, {}, {"alpha", 1e24, {1e9, 1e9, {}, {}, {}, 1e22}, 25});
  for (const NextRun& run : one.candidates) EXPECT_EQ(run.n_params, 1e9);
}

// If rows are few, a run is worth most for the noise that it helps to estimate: t(2)/t(1) = 0.339 times whatever it
// narrows.
TEST(NextRun, NoiseIsEstimated) {
  const fitting::SavedFit few = saved_fit("chinchilla", fitting::IntervalMethod::none, 6, 1e-3);
  DesignRequest request{"all", 1e22, {}, 25};
  const double far = numerics::f_quantile(0.95, 5, 2) / numerics::f_quantile(0.95, 5, 1);
  const double volume = width_ratio(few, {}, request, 1e9, 1e10);
  EXPECT_LT(volume, std::pow(far, 2.5));
  request.quantity = "alpha";
  const double t = numerics::student_t_quantile(0.975, 2) / numerics::student_t_quantile(0.975, 1);
  EXPECT_NEAR(t, 4.302653 / 12.706205, 1e-6);  // from tables
  EXPECT_LE(width_ratio(few, {}, request, 1e9, 1e10), t);
  EXPECT_GT(width_ratio(few, {}, request, 1e9, 1e10), 0);
}

TEST(NextRun, BadRequestsAreNamed) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 40);
  const auto message = [&](const DesignRequest& request) {
    try {
      (void)next_run(saved, {}, request);
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  const auto says = [&](const DesignRequest& request, const char* part) {
    EXPECT_NE(message(request).find(part), std::string::npos) << message(request);
  };
  DesignRequest request{"alhpa", 1e22, {}, 25};
  says(request, "did you mean 'alpha'");
  request.quantity = "alpha";
  request.bounds.most_compute = 10;
  says(request, "--next-most-compute: 10 FLOP do not pay for the smallest candidate");
  // Bounds that exclude each other.
  request.bounds = {1e9, 1e8, {}, {}, {}, {}};
  says(request, "--next-least-n-params: expected at most --next-most-n-params = 100M, found 1B");
  request.bounds = {{}, {}, 2e9, 1e9, {}, {}};
  says(request, "--next-least-tokens");
  request.bounds = {{}, {}, {}, {}, 2e21, 1e21};
  says(request, "--next-least-compute: expected at most --next-most-compute = 1e21");
  request.bounds = {{}, 1e8, {}, 1e9, 1e21, {}};
  says(request, "--next-least-compute: expected at most the compute of the largest candidate, 100M parameters");
  request.bounds = {1e9, {}, 1e12, {}, {}, 1e20};
  says(request, "do not pay for the smallest candidate, 1B parameters on 1T tokens at 6e21 FLOP");
  const fitting::SavedFit curve = saved_fit("power", fitting::IntervalMethod::sandwich);
  EXPECT_THROW((void)next_run(curve, {}, {"alpha", 1e22, {}, 25}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
