// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/form.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "laws/synthetic.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::fitting {
namespace {

std::vector<std::unique_ptr<CurveForm>> all_forms(const LogData& data) {
  std::vector<std::unique_ptr<CurveForm>> forms;
  for (const std::optional<double>& exponent : {std::optional<double>(), std::optional<double>(1.0 / 7)})
    for (const std::optional<double>& floor :
         {std::optional<double>(), std::optional<double>(0.0), std::optional<double>(0.3)})
      for (const auto make : {two_stage_form, shifted_power_form, exponential_form, power_form})
        forms.push_back(make(data, {exponent, floor}));
  return forms;
}

LogData sample_data() {
  const auto sample = testing::two_stage_sample({2, 1e12, 0.3, 0.1}, 30, 0.01, 0);
  return log_data(sample.compute, sample.loss);
}

TEST(Form, GradientsByCentralDifferences) {
  const LogData data = sample_data();
  numerics::RandomStream stream(1, "form_test");
  for (const auto& form : all_forms(data)) {
    const std::size_t k = form->coordinates().size();
    for (int trial = 0; trial < 20; ++trial) {
      auto theta = form->starts()[static_cast<std::size_t>(trial) % form->starts().size()];
      for (std::size_t j = 0; j < k; ++j)
        theta[j] = form->coordinates()[j].logarithmic ? theta[j] + stream.normal() : 0.05 + 0.9 * stream.uniform();
      const std::vector<double> x = {data.log_inputs[stream.below(data.n_rows())]};
      std::vector<double> gradient(k), moved = theta;
      const double value = form->log_value(x, theta, gradient);
      for (std::size_t j = 0; j < k; ++j) {
        const double h = 1e-5;
        moved[j] = theta[j] + h;
        const double up = form->log_value(x, moved, {});
        moved[j] = theta[j] - h;
        const double down = form->log_value(x, moved, {});
        moved[j] = theta[j];
        if (value < -600) continue;  // the exponential form is cut off there
        // Truncation ~ h^2 f'''/6, with derivatives of exp(-C/C0) up to its cube; rounding ~ eps |ln L| / h.
        const double tolerance = 1e-8 * (1 + std::pow(std::abs(gradient[j]), 3)) + 1e-10 * (1 + std::abs(value));
        EXPECT_NEAR(gradient[j], (up - down) / (2 * h), tolerance)
            << form->name() << " " << form->coordinates()[j].name;
      }
    }
  }
}

TEST(Form, ValuesByTheirFormulas) {
  const LogData data = log_data(std::vector<double>{1, 100}, std::vector<double>{2, 1});  // C_mid = 10
  const double a = 1.5, c0 = 3, q = 0.4, floor = 0.2, c = 7;
  const double unit = std::exp(0.5 * std::log(2.0));  // the median log loss
  const std::vector<double> x = {std::log(c)}, four = {std::log(a), std::log(c0), std::log(q), floor / unit};
  const std::vector<double> no_q = {four[0], four[1], four[3]}, no_scale = {four[0], four[2], four[3]};
  const Known free{{}, {}};
  const auto value = [&](const auto& form, const std::vector<double>& theta) {
    return std::exp(form->log_value(x, theta, {}));
  };
  EXPECT_NEAR(value(shifted_power_form(data, free), four), floor + a * std::pow(1 + c / c0, -q), 1e-14);
  EXPECT_NEAR(value(exponential_form(data, free), no_q), floor + a * std::exp(-c / c0), 1e-14);
  EXPECT_NEAR(value(power_form(data, free), no_scale), floor + a * std::pow(c / 10, -q), 1e-14);
  const double decay = (value(two_stage_form(data, free), four) - floor) / a;  // = exp(-q W), so W e^W = C/C0
  const double lambert = -std::log(decay) / q;
  EXPECT_NEAR(lambert * std::exp(lambert), c / c0, 1e-13);
}

TEST(Form, TwoStageIsTheTheorysLaw) {
  const theory::Edition edition = theory::edition_free(6, 1, 5);
  const double noise = 0.4, c0 = 5 * std::pow(noise, 10) / 6;
  const auto form =
      two_stage_form(log_data(std::vector<double>{1, 10}, std::vector<double>{1, 1}), {edition.exponent(), 0.0});
  for (const double compute : {1e-5, 1.0, 1e9, 1e30}) {
    const std::vector<double> x = {std::log(compute)}, theta = {0, std::log(c0)};
    EXPECT_NEAR(form->log_value(x, theta, {}), theory::log_excess_risk(edition, compute, noise), 1e-13 * 70);
  }
}

TEST(Form, StartsLieInsideTheBounds) {
  for (const auto& data : {sample_data(), log_data(std::vector<double>{1}, std::vector<double>{1}),
                           log_data(std::vector<double>{1e-300, 1e300}, std::vector<double>{5e-324, 1e308})})
    for (const auto& form : all_forms(data)) {
      ASSERT_FALSE(form->starts().empty());
      for (const auto& start : form->starts())
        for (std::size_t j = 0; j < start.size(); ++j) {
          EXPECT_GE(start[j], form->coordinates()[j].lower);
          EXPECT_LE(start[j], form->coordinates()[j].upper);
          EXPECT_TRUE(std::isfinite(form->log_value(data.row(0), start, {})));
        }
    }
}

TEST(Form, KnownValuesOutsideTheirDomain) {
  const LogData data = sample_data();
  const double nan = std::nan("");
  for (const double bad : {0.0, -1.0, nan}) EXPECT_THROW((void)two_stage_form(data, {bad, 0.0}), base::InputError);
  for (const double bad : {-1.0, nan, std::numeric_limits<double>::infinity()})
    EXPECT_THROW((void)two_stage_form(data, {{}, bad}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
