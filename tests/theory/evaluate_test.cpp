// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/evaluate.h"

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/theory/convergence.h"
#include "phaselaw/theory/first_order.h"
#include "phaselaw/theory/good_class.h"

namespace phaselaw::theory {
namespace {

const std::vector<std::string> kContract = {
    "edition",           "p",     "risk_exponent",  "branch_scale",      "log10_d_hidden_min", "rate",  "radius_max",
    "threshold_compute", "stage", "n_data_optimal", "excess_risk_upper", "excess_risk_lower",  "slope", "gd_rate",
    "accelerated_rate"};

std::string message_of(const TheoryNumbers& numbers) {
  try {
    (void)evaluate(numbers);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Evaluate, FourNumbersGiveEveryField) {
  TheoryNumbers numbers;
  numbers.n_layers = 4, numbers.seq_len = 8, numbers.d_model = 16, numbers.n_data = 64;
  const auto value = to_value(evaluate(numbers));
  for (const auto& key : kContract) EXPECT_FALSE(value.at(key).is_null()) << key;
  EXPECT_NEAR(value.at("branch_scale").number(), 1.0 / (4 * 64 * 1024), 1e-19);
  EXPECT_NEAR(
      value.at("log10_d_hidden_min").number(),
      log10_d_hidden_min(
          {.n_data = 64, .seq_len = 8, .d_model = 16, .n_layers = 4, .log_branch_scale = -std::log(4.0 * 64 * 1024)}),
      1e-12);
  EXPECT_NEAR(value.at("threshold_compute").number() / (std::pow(64, 6) * std::log(64)), 1, 1e-13);
  EXPECT_EQ(value.at("n_data_optimal").number(), 64);
  EXPECT_NEAR(value.at("excess_risk_upper").number(), 1.0 / 64, 1e-16);
  EXPECT_NEAR(value.at("excess_risk_lower").number(), 1.0 / 1024, 1e-17);
  EXPECT_EQ(value.at("stage").text(), "data-limited");
  EXPECT_EQ(value.at("condition_number_source").text(), "trace bound");
  EXPECT_TRUE(evaluate(numbers).edition.name == "v1");
}

// Data at their threshold, and that threshold as the compute, are two ways to the same point.
TEST(Evaluate, DataAtTheirThresholdAndThatComputeAgree) {
  for (const double s : {0.0, 0.25}) {
    TheoryNumbers data;
    data.n_data = 300, data.noise = 0.5, data.noise_exponent = s;
    const auto by_data = evaluate(data);
    TheoryNumbers compute = data;
    compute.n_data.reset();
    compute.compute = *by_data.threshold_compute->value;
    const auto by_compute = evaluate(compute);
    EXPECT_NEAR(*by_compute.n_data_optimal->value, 300, 1e-10);
    EXPECT_NEAR(by_compute.excess_risk_upper->log10, by_data.excess_risk_upper->log10, 1e-12);
    EXPECT_NEAR(by_compute.excess_risk_lower->log10, by_data.excess_risk_lower->log10, 1e-12);
    EXPECT_NEAR(*by_compute.slope, *by_data.slope, 1e-12);
    EXPECT_NEAR(*by_compute.noise, *by_data.noise, 1e-12);
  }
}

TEST(Evaluate, FixedDataIsTheFixedNLawWithItsConstants) {
  TheoryNumbers numbers;
  numbers.compute = 1e6, numbers.n_data = 10, numbers.noise = 0.5, numbers.initial_risk = 2;
  const auto plain = evaluate(numbers);
  EXPECT_NEAR(*plain.excess_risk_upper->value, excess_risk_at(edition_v1(), 1e6, 10, 0.5, 2), 1e-15);
  EXPECT_NEAR(*plain.slope, slope_at(edition_v1(), 1e6, 10, 0.5, 2), 1e-14);
  EXPECT_EQ(*plain.stage, Stage::compute_starved);
  EXPECT_NEAR(*plain.n_data_optimal->value, n_data_optimal(edition_v1(), 1e6, 0.5), 1e-12);
  numbers.c_xi = 3, numbers.d_eff = 2, numbers.n_params = 50, numbers.c_model = 7;
  const auto full = evaluate(numbers);
  EXPECT_NEAR(*full.excess_risk_upper->value, 2 * std::exp(-0.25) + 6 * 0.25 / 10 + 7.0 / 50, 1e-14);
  const double h = 1e-4;
  const auto log_risk = [&](double factor) {
    TheoryNumbers moved = numbers;
    moved.compute = 1e6 * factor;
    return std::log(*evaluate(moved).excess_risk_upper->value);
  };
  EXPECT_NEAR(*full.slope, (log_risk(std::exp(h)) - log_risk(std::exp(-h))) / (2 * h), h * h);
  numbers.n_params = 0.1;
  EXPECT_EQ(*evaluate(numbers).stage, Stage::model_limited);
}

// The upper bound that evaluate() gives at an n, made least over n.
TEST(Evaluate, BoundMinimumIsTheLeastUpperBoundOverTheData) {
  TheoryNumbers numbers;
  numbers.compute = 1e15, numbers.noise = 0.3, numbers.initial_risk = 5, numbers.c_xi = 3, numbers.d_eff = 7;
  const auto minimum = evaluate(numbers).bound_minimum;
  ASSERT_TRUE(minimum.has_value());
  const auto upper_at = [&](double factor) {
    TheoryNumbers at = numbers;
    at.n_data = *minimum->n_data.value * factor;
    return *evaluate(at).excess_risk_upper->value;
  };
  EXPECT_NEAR(upper_at(1) / *minimum->excess_risk.value, 1, 1e-12);
  for (const double factor : {0.7, 0.99, 1.01, 1.5}) EXPECT_GT(upper_at(factor), *minimum->excess_risk.value);
}

TEST(Evaluate, AllocationsSpendTheWholeCompute) {
  TheoryNumbers numbers;
  numbers.compute = 1e15;
  const auto report = evaluate(numbers);
  ASSERT_FALSE(report.allocations.empty());
  for (const auto& allocation : report.allocations)
    EXPECT_NEAR(allocation.n_params->log10 + allocation.n_data.log10 + allocation.n_steps.log10, 15, 1e-12);
  numbers.noise_exponent = 0.1;  // no split is known where noise grows with the data
  EXPECT_TRUE(evaluate(numbers).allocations.empty());
  EXPECT_FALSE(evaluate(numbers).bound_minimum.has_value());
}

// The sizes grow with their exponents, up to the logarithm, which the exponents leave out.
TEST(Evaluate, AllocationsGrowWithTheirExponents) {
  TheoryNumbers low, high;
  low.compute = 1e250, high.compute = 1e300;
  const auto a = evaluate(low).allocations.at(0), b = evaluate(high).allocations.at(0);
  const double decades = 50, log_term = std::log10(std::log(1e300) / std::log(1e250)) / decades;
  EXPECT_NEAR((b.n_params->log10 - a.n_params->log10) / decades, a.exponents.n_params, log_term);
  EXPECT_NEAR((b.n_data.log10 - a.n_data.log10) / decades, a.exponents.n_data, log_term);
  EXPECT_NEAR((b.n_steps.log10 - a.n_steps.log10) / decades, a.exponents.n_steps, 2 * log_term);
  EXPECT_DOUBLE_EQ(a.exponents.excess_risk, 1.0 / 6);
  EXPECT_DOUBLE_EQ(*a.fixed_model, 1.0 / 3);
  EXPECT_DOUBLE_EQ(*a.fixed_model_and_batch, 1.0 / 2);
  EXPECT_EQ(a.source, "reconstructed");
}

TEST(Evaluate, AnAccountingOfOnesOwn) {
  TheoryNumbers numbers;
  numbers.compute = 1e12, numbers.edition = "free", numbers.p_model = 1, numbers.p_data = 1, numbers.p_time = 1;
  const auto report = evaluate(numbers);
  EXPECT_EQ(report.edition.p, 3);
  ASSERT_EQ(report.allocations.size(), 1U);
  EXPECT_EQ(report.allocations[0].source, "given");
  EXPECT_NEAR(report.allocations[0].n_params->log10, report.allocations[0].n_data.log10, 1e-12);
  EXPECT_DOUBLE_EQ(report.allocations[0].exponents.excess_risk, 1.0 / 3);
  // A fixed model at steps of a fixed batch: M is no result, and only the time limits the risk.
  numbers.p_model = 0, numbers.p_data = 0, numbers.p_time = 2;
  const auto fixed = evaluate(numbers).allocations.at(0);
  EXPECT_FALSE(fixed.n_params.has_value());
  EXPECT_NEAR(fixed.n_steps.log10, 12, 1e-12);
  EXPECT_DOUBLE_EQ(fixed.exponents.excess_risk, 0.5);
  // Another split of an edition's p replaces the edition's own.
  numbers.edition = "v3", numbers.p_model = 5, numbers.p_data = 1, numbers.p_time = 1;
  EXPECT_EQ(evaluate(numbers).allocations.size(), 1U);
  numbers.p_time = 0, numbers.edition = "free", numbers.p_data = 0;
  EXPECT_FALSE(evaluate(numbers).allocations.at(0).fixed_model.has_value());
}

TEST(Evaluate, TheBalancedLawStandsBesideTheMinimum) {
  TheoryNumbers numbers;
  numbers.compute = 1e12, numbers.noise = 0.3, numbers.c_xi = 2, numbers.d_eff = 3;
  const auto minimum = evaluate(numbers).bound_minimum.value();
  EXPECT_NEAR(*minimum.balanced_excess_risk.value, 6 * excess_risk(edition_v1(), 1e12, 0.3), 1e-15);
  EXPECT_NEAR(*minimum.balanced_n_data.value, n_data_optimal(edition_v1(), 1e12, 0.3), 1e-11);
  EXPECT_EQ(minimum.balanced_slope, slope(edition_v1(), 1e12, 0.3));
  EXPECT_LT(*minimum.n_data.value, *minimum.balanced_n_data.value);
}

TEST(Evaluate, AnIsolatedLawTakesTheNumbersOfTheReport) {
  TheoryNumbers numbers;
  numbers.n_data = 1000, numbers.noise = 0.5, numbers.n_params = 1e5, numbers.rate = 0.01;
  numbers.law = ResourceLaw::model_size;
  EXPECT_NEAR(evaluate(numbers).isolated_law->saturation, 4000, 1e-9);  // n/xi^2
  numbers.law = ResourceLaw::time;
  const auto time = to_value(evaluate(numbers)).at("isolated_law");
  EXPECT_NEAR(time.at("saturation").number(), std::log(1 / (0.25 / 1000 + 1e-5)) / 0.01, 1e-9);
  EXPECT_TRUE(time.at("exponent").is_null());
  EXPECT_EQ(time.at("form").text(), "exponential");
  EXPECT_EQ(time.at("points").list().size(), 7U);
  numbers.law = ResourceLaw::data, numbers.law_lo = 10, numbers.law_hi = 1e4, numbers.noise_exponent = 0.25;
  numbers.n_params.reset();
  const auto data = *evaluate(numbers).isolated_law;
  EXPECT_EQ(data.points.front().resource, 10);
  EXPECT_NEAR(data.points.back().excess_risk, 0.25 * std::pow(1e4, -0.5), 1e-15);  // xi_0^2 n^(2s - 1)
  EXPECT_DOUBLE_EQ(data.exponent, 0.5);
  // One end beyond the usual range moves the other one.
  numbers.law_hi.reset(), numbers.law_lo = 1e9;
  EXPECT_GT(evaluate(numbers).isolated_law->points.back().resource, 1e9);
  numbers.law.reset(), numbers.law_lo.reset();
  EXPECT_EQ(to_value(evaluate(numbers)).find("isolated_law"), nullptr);
}

TEST(Evaluate, LawsAndAccountingsThatCannotBe) {
  TheoryNumbers numbers;
  numbers.compute = 1e9;
  const auto says = [&](const std::string& text) {
    const std::string message = message_of(numbers);
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  numbers.law_lo = 1, says("--law-lo: is used only with --law");
  numbers.law = ResourceLaw::model_size, numbers.law_hi = 0.5, says("--law-hi: expected a number above --law-lo = 1");
  numbers.law_lo.reset(), numbers.law_hi.reset();
  numbers.law = ResourceLaw::time, says("time needs the convergence rate alpha; add --rate");
  numbers.law = ResourceLaw::data, numbers.edition = "predecessor", says("edition predecessor has n^-0.5");
  numbers.edition = "v1", numbers.noise_exponent = 0.5, says("add --n-data");
  numbers.law.reset(), numbers.noise_exponent = 0;
  numbers.p_model = 3, says("--p-data: is missing");
  numbers.p_data = 1, numbers.p_time = 3, says("expected p_model + p_data + p_time = 6, the p of edition v1, found 7");
  numbers.edition = "free", numbers.p = 6, says("--edition free without --p");
  numbers.p.reset(), numbers.p_model = 0, numbers.p_data = 0, numbers.p_time = 0, says("> 0, found 0");
}

TEST(Evaluate, ModelAndRateGiveTheThreeTerms) {
  TheoryNumbers numbers;
  numbers.compute = 1e9, numbers.n_data = 100, numbers.n_params = 1e4, numbers.rate = 0.01, numbers.noise = 0.5;
  numbers.condition_number = 400;
  const auto report = evaluate(numbers);
  ASSERT_TRUE(report.three_terms.has_value());
  EXPECT_NEAR(*report.n_steps, 1000, 1e-10);
  EXPECT_NEAR(report.three_terms->terms.optimisation, std::exp(-10), 1e-15);
  EXPECT_NEAR(report.three_terms->terms.approximation, 1e-4, 1e-18);
  EXPECT_NEAR(report.three_terms->terms.estimation, 0.0025, 1e-17);
  EXPECT_EQ(report.three_terms->regime, Stage::data_limited);
  EXPECT_EQ(report.three_terms->bottleneck, Resource::n_data);
  EXPECT_NEAR(*report.gd_rate, std::pow(399.0 / 401, 2), 1e-15);
  EXPECT_NEAR(*report.accelerated_rate, std::pow(19.0 / 21, 2), 1e-15);
  EXPECT_NEAR(report.oracle_loss_factor->log10, log_oracle_bound(400, 1000) / std::log(10), 1e-9);
  EXPECT_LE(report.oracle_loss_factor->log10, report.chebyshev_loss_factor->log10);
  EXPECT_LE(report.chebyshev_loss_factor->log10, report.gd_loss_factor->log10);
  numbers.time = 5;
  EXPECT_EQ(*evaluate(numbers).n_steps, 5);
}

TEST(Evaluate, WidthDecidesStability) {
  TheoryNumbers numbers;
  numbers.n_layers = 2, numbers.seq_len = 1, numbers.d_model = 1, numbers.n_data = 5, numbers.branch_scale = 0.5;
  ConvergenceNumbers c{.n_layers = 2, .n_data = 5, .log_branch_scale = std::log(0.5)};
  const double width = std::exp(log_d_hidden_for_stability(c));
  numbers.d_hidden = width * 1.001;
  EXPECT_EQ(evaluate(numbers).stable, true);
  numbers.d_hidden = width / 1.001;
  EXPECT_EQ(evaluate(numbers).stable, false);
  EXPECT_NEAR(*evaluate(numbers).rate->value, rate(c), 1e-16);
  numbers.depth_growth = 0.5;
  EXPECT_NEAR(*evaluate(numbers).rate->value, rate(c) * (1 + 2.25) / 2, 1e-16);
}

TEST(Evaluate, GrowingNoiseStopsTheLaw) {
  TheoryNumbers numbers;
  numbers.compute = 1e12, numbers.noise = 0.3, numbers.noise_exponent = 0.5;
  const auto flat = evaluate(numbers);
  EXPECT_EQ(flat.effect_of_data, DataEffect::no_effect);
  EXPECT_FALSE(flat.n_data_optimal.has_value());
  EXPECT_NEAR(*flat.excess_risk_upper->value, 0.09, 1e-15);
  EXPECT_EQ(*flat.slope, 0);
  numbers.noise_exponent = 0.25;
  EXPECT_NEAR(evaluate(numbers).compute_exponent, 1.0 / 11, 1e-16);
  EXPECT_EQ(evaluate(numbers).data_exponent, -0.5);
}

// Nothing throws, and what leaves the range of double keeps its logarithm: numbers over their whole domains.
TEST(Evaluate, NothingOverflows) {
  numerics::RandomStream stream(21, "test/evaluate");
  for (int trial = 0; trial < 500; ++trial) {
    const auto any = [&](double scale) { return std::exp(scale * stream.normal()); };
    const auto count = [&] { return 1 + any(40); };
    TheoryNumbers numbers;
    numbers.edition = std::vector<std::string>{"v1", "v3", "predecessor"}[stream.below(3)];
    numbers.compute = any(100), numbers.n_data = count(), numbers.n_params = any(60);
    numbers.n_layers = count(), numbers.seq_len = count(), numbers.d_model = count(), numbers.d_hidden = count();
    numbers.noise = any(20), numbers.lambda_min = any(60), numbers.failure_prob = stream.uniform();
    numbers.data_bound = any(20), numbers.a = any(20);
    if (stream.below(2) == 0) numbers.compute.reset();
    if (numbers.compute && stream.below(2) == 0) numbers.n_data.reset();
    const auto report = evaluate(numbers);
    const auto value = to_value(report);
    for (const auto& [key, entry] : value.entries())
      if (entry.is_number()) {
        EXPECT_TRUE(std::isfinite(entry.number())) << key;
      }
    EXPECT_FALSE(value.at("log10_branch_scale").is_null());
    EXPECT_FALSE(value.at("log10_radius_max").is_null());
    if (numbers.edition != "predecessor") {
      EXPECT_FALSE(value.at("log10_excess_risk_upper").is_null());
    }
  }
}

TEST(Evaluate, BadNumbersNameFieldAndRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::set<std::string> checked;
  TheoryNumbers good;
  good.edition = "free", good.p = 6, good.r = 1;
  good.compute = 1e9, good.n_data = 100;
  TheoryNumbers::fields(good, [&](std::string_view name, auto& field, const base::Domain& domain, std::string_view) {
    using Field = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_same_v<Field, double> || std::is_same_v<Field, std::optional<double>>) {
      const Field kept = field;
      for (const double bad : {0.0, -1.0, 1.0, nan, double{INFINITY}}) {
        if (domain.contains(bad)) continue;
        field = bad;
        const std::string message = message_of(good);
        EXPECT_EQ(message.find(fmt::format("{} must be {}", name, domain.to_string())), 0U) << message;
        checked.insert(std::string(name));
      }
      field = kept;
    }
  });
  EXPECT_EQ(message_of(good), "no error");
  EXPECT_EQ(checked.size(), 37U);  // every number
}

TEST(Evaluate, NumbersThatContradictEachOther) {
  TheoryNumbers numbers;
  EXPECT_NE(message_of(numbers).find("--n-data"), std::string::npos);
  numbers.compute = 1e9;
  numbers.edition = "v2";
  EXPECT_NE(message_of(numbers).find("v1, v3, predecessor, free"), std::string::npos);
  numbers.edition = "free";
  EXPECT_NE(message_of(numbers).find("--p"), std::string::npos);
  numbers.edition = "v1", numbers.p = 5;
  EXPECT_NE(message_of(numbers).find("--edition free"), std::string::npos);
  numbers.p.reset();
  numbers.noise_exponent = 3;
  EXPECT_NE(message_of(numbers).find("--noise-exponent"), std::string::npos);
  numbers.noise_exponent = 0, numbers.lambda_max = 0.5;
  EXPECT_NE(message_of(numbers).find("--lambda-max"), std::string::npos);
  numbers.lambda_max = 10, numbers.condition_number = 10;
  EXPECT_NE(message_of(numbers).find("--condition-number"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::theory
