// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "fitting/plain_options.h"
#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit.h"

namespace phaselaw::fitting {
namespace {

// Without noise every law finds the parameters that made the data, from starts that know nothing of them.
class LawRecovery : public ::testing::TestWithParam<std::string> {};

TEST_P(LawRecovery, ExactDataGiveTheirParameters) {
  const laws::Law law = laws::law_from(GetParam());
  const tables::Measurements data = laws::testing::exact_measurements(law, 160);
  const Fit fit = fit_law(law, data, plain(Objective::l2));
  const std::vector<double> truth = laws::testing::true_parameters(law);
  ASSERT_EQ(fit.value.size(), truth.size());
  EXPECT_TRUE(fit.convergence.certified) << fit.convergence.status;
  for (std::size_t p = 0; p < truth.size(); ++p)
    EXPECT_NEAR(fit.value[p], truth[p], 1e-8 * truth[p]) << law.parameters[p].name;
}

std::vector<std::string> names_of_laws() {
  std::vector<std::string> names;
  for (const laws::Law& law : laws::all_laws()) names.push_back(law.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Every, LawRecovery, ::testing::ValuesIn(names_of_laws()), [](const auto& name) {
  std::string plain_name = name.param;
  for (char& c : plain_name)
    if (c == '-') c = '_';
  return plain_name;
});

TEST(Fit, AUsersExpressionIsTheNamedLaw) {
  const laws::Law named = laws::law_from("chinchilla");
  const tables::Measurements data = laws::testing::exact_measurements(named, 80);
  const Fit user = fit_law(laws::law_from("E + A/N^alpha + B/D^beta"), data, plain(Objective::huber));
  for (const auto& [name, value] : laws::testing::truths().at("chinchilla"))
    EXPECT_NEAR(user.find(name)->value, value, 1e-7 * value) << name;
}

TEST(Fit, FixedParametersStay) {
  const laws::Law law = laws::law_from("chinchilla");
  const tables::Measurements data = laws::testing::exact_measurements(law, 80);
  FitOptions options = plain(Objective::l2);
  options.fix = {{"E", 1.69}, {"beta", 0.28}};
  const Fit fit = fit_law(law, data, options);
  EXPECT_EQ(fit.theta.size(), 3U);
  EXPECT_TRUE(fit.find("E")->fixed);
  EXPECT_EQ(fit.value[law.find("beta")], 0.28);
  EXPECT_NEAR(fit.value[law.find("A")], 406.4, 1e-6);
}

TEST(Fit, ALawOfAnotherColumn) {
  const laws::Law law = laws::law_from("power@tokens");
  EXPECT_EQ(law.columns(), std::vector<std::string>{"tokens"});
  tables::Measurements data{laws::testing::full_table(60, 0), {}};
  data.output = evaluate(law, data.columns, std::vector<double>{1.7, 900, 0.25});
  const Fit fit = fit_law(law, data, plain(Objective::l2));
  EXPECT_NEAR(fit.find("alpha")->value, 0.25, 1e-8);
  EXPECT_THROW((void)laws::law_from("chinchilla@tokens"), base::InputError);
  EXPECT_THROW((void)laws::law_from("power@A"), base::InputError);  // A is a parameter of it
  EXPECT_THROW((void)laws::law_from("k*eo^N@eo"), base::InputError);
}

// Columns in other units change amplitudes and scales, and nothing else.
TEST(Fit, UnitsDoNotMatter) {
  const laws::Law law = laws::law_from("chinchilla");
  tables::Measurements data = laws::testing::exact_measurements(law, 90);
  numerics::RandomStream stream(5, "units");
  for (double& loss : data.output) loss *= std::exp(0.01 * stream.normal());
  tables::Measurements rescaled = data;
  for (auto& column : rescaled.columns.values)
    for (double& x : column) x *= 1e-9;
  for (const bool follows : {false, true}) {  // the scale of the residuals is found to 1e-7
    FitOptions options = plain(Objective::huber);
    if (!follows) options.delta = kPublishedDelta;
    const Fit fit = fit_law(law, data, options), scaled = fit_law(law, rescaled, options);
    EXPECT_NEAR(scaled.objective_value, fit.objective_value, (follows ? 1e-7 : 1e-11) * fit.objective_value);
    for (const char* name : {"E", "alpha", "beta"})
      EXPECT_NEAR(scaled.find(name)->value, fit.find(name)->value, follows ? 1e-6 : 1e-8) << name;
    EXPECT_NEAR(std::log(scaled.find("A")->value / fit.find("A")->value), -fit.find("alpha")->value * std::log(1e9),
                follows ? 1e-4 : 1e-6);
  }
}

// Which parameters are identified, and the ends of the intervals of those without a unit, are the same in any units. The
// accuracy law leaves its domain where A is large, so a search in other units meets the edge of the domain elsewhere.
TEST(Fit, UnitsDoNotChangeWhatIsIdentified) {
  for (const char* name : {"chinchilla", "power", "1 - A*C^-a"}) {
    const laws::Law law = laws::law_from(name);
    for (std::uint64_t draw = 0; draw < 6; ++draw) {
      tables::Measurements data;
      if (law.name == "1 - A*C^-a") {
        std::vector<double> compute;
        for (int i = 0; i < 9; ++i) compute.push_back(2e19 * std::pow(10, 0.5 * i));
        data.columns.add("compute", compute);
        for (const double c : compute) data.output.push_back(1 - 2875 * std::pow(c, -0.18));
      } else {
        data = laws::testing::exact_measurements(law, 9, draw);
      }
      numerics::RandomStream stream(6, "units", draw);
      for (double& output : data.output) output *= std::exp(0.01 * stream.normal());
      tables::Measurements rescaled = data;
      for (auto& column : rescaled.columns.values)
        for (double& x : column) x *= 1e-20;
      const Fit fit = fit_law(law, data), scaled = fit_law(law, rescaled);
      for (std::size_t p = 0; p < fit.parameters.size(); ++p)
        EXPECT_EQ(fit.parameters[p].identified, scaled.parameters[p].identified)
            << name << " " << fit.parameters[p].name << " draw " << draw;
      const Estimate &a = fit.parameters.back(), &b = scaled.parameters.back();  // an exponent
      ASSERT_EQ(a.lo.has_value(), b.lo.has_value()) << name << " draw " << draw;
      ASSERT_EQ(a.hi.has_value(), b.hi.has_value()) << name << " draw " << draw;
      if (a.lo) {
        EXPECT_NEAR(*a.lo, *b.lo, 0.02 * a.value) << name << " draw " << draw;
      }
      if (a.hi) {
        EXPECT_NEAR(*a.hi, *b.hi, 0.02 * *a.hi) << name << " draw " << draw;
      }
    }
  }
}

std::string message_of(const std::string& law, const tables::Measurements& data, const FitOptions& options = {}) {
  try {
    (void)fit_law(laws::law_from(law), data, options);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Fit, BadInputIsNamed) {
  tables::Measurements data = laws::testing::exact_measurements(laws::law_from("chinchilla"), 20);
  tables::Measurements bad = data;
  bad.output[3] = -1;
  EXPECT_NE(message_of("chinchilla", bad).find("row 4: expected a positive finite loss, found -1"), std::string::npos);
  bad = data;
  bad.columns.values[0][7] = std::nan("");
  EXPECT_NE(message_of("chinchilla", bad).find("row 8: expected n_params"), std::string::npos);
  EXPECT_NE(message_of("A*mystery_column + N*0", data).find("needs the column"), 0U);
  bad = data;
  bad.columns.names[1] = "tokns";
  EXPECT_NE(message_of("chinchilla", bad).find("--col tokens=COLUMN"), std::string::npos);
  FitOptions options;
  options.fix = {{"alpah", 1}};
  EXPECT_NE(message_of("chinchilla", data, options).find("did you mean 'alpha'"), std::string::npos);
  options.fix = {{"alpha", -1}};
  EXPECT_NE(message_of("chinchilla", data, options).find("number for alpha, found -1"), std::string::npos);
  EXPECT_THROW((void)laws::law_from("chinchila"), base::InputError);
  const std::vector<std::size_t> few = {0, 1, 2, 3, 4};
  EXPECT_NE(message_of("chinchilla", data.rows(few)).find("at least 6 rows, found 5"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::fitting
