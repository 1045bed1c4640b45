// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <string>
#include <type_traits>
#include <vector>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"
#include "phaselaw/theory/numbers.h"

namespace phaselaw {
namespace {

class CliTheoryTest : public testing::CliFixture {};

// Everything at once: every field that scripts rely on is there, none overflows.
TEST_F(CliTheoryTest, EveryFieldOfTheContract) {
  const auto outcome =
      run({"theory", "--n-layers",     "4",    "--seq-len",      "8",   "--d-model",  "16",  "--n-data",
           "64",     "--compute",      "1e12", "--n-params",     "1e5", "--noise",    "0.3", "--lambda-min",
           "0.01",   "--failure-prob", "0.01", "--data-bound",   "3",   "--d-hidden", "256", "--edition",
           "v3",     "--lambda-max",   "50",   "--depth-growth", "0.1", "--json",     "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto value = base::parse_json(outcome.out, "stdout");
  for (const auto& [key, entry] : value.entries()) {
    const base::Value* log10 = value.find("log10_" + key);  // where a number leaves the range of double
    EXPECT_TRUE(!entry.is_null() || (log10 != nullptr && !log10->is_null())) << key;
  }
  EXPECT_GT(value.at("log10_d_hidden_min").number(), 60);
  EXPECT_EQ(value.at("stage").text(), "compute-starved");
  EXPECT_NEAR(value.at("condition_number").number(), 5000, 1e-8);
  EXPECT_LT(value.at("accelerated_rate").number(), value.at("gd_rate").number());
}

TEST_F(CliTheoryTest, TheTableSaysTheSame) {
  const auto outcome = run({"theory", "--compute", "1e12", "--noise", "0.3"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text : {"n_data_optimal", "49.2524", "0.00182732", "-0.162374", "data-limited"})
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text;
  // Of a number beyond double, the logarithm.
  const auto wide = run({"theory", "--n-data", "64", "--n-layers", "4", "--seq-len", "1e4", "--d-model", "4096"});
  EXPECT_NE(wide.out.find("log10_d_hidden_min"), std::string::npos) << wide.out;
}

// Of every flag there is, each of these values that its domain does not hold.
TEST_F(CliTheoryTest, EveryFlagRefusesWhatItsDomainDoesNotHold) {
  int refused = 0, flags = 0;
  const theory::TheoryNumbers numbers;
  theory::TheoryNumbers::fields(
      numbers, [&](std::string_view name, const auto& field, const base::Domain& domain, std::string_view) {
        using Field = std::decay_t<decltype(field)>;
        if constexpr (std::is_same_v<Field, double> || std::is_same_v<Field, std::optional<double>>) {
          const std::string flag = base::flag_of(name);
          ++flags;
          for (const char* bad : {"0", "-1", "-1e300", "nan", "inf", "-inf"}) {
            const double value = std::strtod(bad, nullptr);
            if (domain.contains(value)) continue;
            ++refused;
            expect_bad({"theory", flag == "--compute" ? "--n-data" : "--compute", "1e9", flag, bad},
                       fmt::format("{}: expected {}", flag, domain.of("a number")));
          }
        }
      });
  EXPECT_EQ(flags, 37);           // every number of the list
  EXPECT_GE(refused, 5 * flags);  // noise_exponent and depth_growth may be 0 or negative
}

TEST_F(CliTheoryTest, AllNumbersAtOnceGiveTheContractsFields) {
  const auto outcome =
      run({"theory", "--n-layers", "4", "--seq-len", "8", "--d-model", "16", "--n-data", "64", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto value = base::parse_json(outcome.out, "stdout");
  for (const char* field : {"edition", "p", "risk_exponent", "branch_scale", "log10_d_hidden_min", "rate", "radius_max",
                            "threshold_compute", "stage", "n_data_optimal", "excess_risk_upper", "excess_risk_lower",
                            "slope", "gd_rate", "accelerated_rate"}) {
    ASSERT_NE(value.find(field), nullptr) << field;
    EXPECT_FALSE(value.at(field).is_null()) << field;
  }
}

TEST_F(CliTheoryTest, AnIsolatedLawIsATableOverItsResource) {
  const auto outcome = run({"theory", "--law", "model-size", "--n-data", "1000", "--noise", "0.5"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* text : {"saturation  4,000", "floor       2.5e-4", "n_params  excess_risk  reducible  elasticity"})
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\n" << outcome.out;
  EXPECT_EQ(outcome.out.find("threshold_compute"), std::string::npos);
  const auto json = run({"theory", "--law", "model-size", "--n-data", "1000", "--noise", "0.5", "--json", "-"});
  const auto value = base::parse_json(json.out, "stdout");
  EXPECT_FALSE(value.at("threshold_compute").is_null());  // JSON keeps the rest
  const auto& points = value.at("isolated_law").at("points").list();
  ASSERT_EQ(points.size(), 7U);
  for (const auto& point : points)
    EXPECT_NEAR(point.at("excess_risk").number(), 1 / point.at("n_params").number() + 0.25 / 1000, 1e-15);
}

TEST_F(CliTheoryTest, BadNumbersNameFlagAndRange) {
  for (const char* flag : {"--noise", "--n-layers", "--seq-len", "--d-model", "--n-data", "--lambda-min",
                           "--failure-prob", "--data-bound", "--compute", "--a", "--c-xi", "--d-eff", "--rate"})
    for (const char* bad : {"0", "-1", "nan", "inf"})
      expect_bad({"theory", flag, bad}, std::string(flag) + ": expected a number ");
  expect_bad({"theory", "--compute", "1e9", "--failure-prob", "1"}, "in (0, 1)");
  expect_bad({"theory", "--compute", "1e9", "--threads", "2"}, "--threads: is used only with --from");
  expect_bad({"theory", "--from", path("exp.toml"), "--noise", "1"}, "--noise: is measured by --from");
  expect_bad({"theory", "--compute", "1e9", "--condition-number", "0.5"}, ">= 1");
  expect_bad({"theory", "--compute", "1e9", "--edition", "v7"}, "known: v1, v3, predecessor, free");
  expect_bad({"theory", "--compute", "1e9", "--edition", "free"}, "--p");
  expect_bad({"theory", "--compute", "1e9", "--law", "width"}, "known: model-size, time, data");
  expect_bad({"theory", "--compute", "1e9", "--law", "time"}, "--law: time needs the convergence rate alpha");
  expect_bad({"theory", "--compute", "1e9", "--p-model", "1"}, "--p-data: is missing");
}

}  // namespace
}  // namespace phaselaw
