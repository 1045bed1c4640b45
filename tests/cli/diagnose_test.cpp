// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <sstream>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

class DiagnoseVerb : public testing::CliFixture {
 protected:
  static std::string two_runs() {
    std::string text = "run,step,loss,lr\n";
    for (int i = 1; i <= 150; ++i)
      text += fmt::format("a,{0},{1},0.1\nb,{0},{2},0.1\n", i, 1 + 3 * std::exp(-i / 40.0) + 1e-5 * (37 * i * i % 101),
                          i < 120 ? fmt::to_string(1 + 3 * std::pow(1 + i / 10.0, -0.7)) : "nan");
    return text;
  }
  // The same table with a constant learning rate.
  static std::string with_rate(const std::string& table) {
    std::istringstream lines(table);
    std::string out, line;
    while (std::getline(lines, line)) out += line + (out.empty() ? ",lr\n" : ",0.1\n");
    return out;
  }
};

TEST_F(DiagnoseVerb, JsonHoldsTheContract) {
  write("two.csv", two_runs());
  write("exact.csv", with_rate(curve()));  // the exact law
  const auto outcome = run({"diagnose", path("two.csv"), path("exact.csv"), "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const base::Value json = base::parse_json(outcome.out, "stdout");
  const auto& curves = json.at("curves").list();
  ASSERT_EQ(curves.size(), 3U);
  EXPECT_EQ(curves[0].at("name").text(), "a");
  EXPECT_EQ(curves[2].at("name").text(), "exact");
  EXPECT_EQ(curves[0].at("early_form").text(), "exponential");
  EXPECT_EQ(curves[1].at("signature").text(), "instability");
  EXPECT_EQ(curves[1].at("signature_detail").at("diverged_at").number(), 120);
  for (const auto& curve : curves) {
    for (const char* name : {"bend", "exponent", "floor"})
      for (const char* field : {"value", "lo", "hi"}) EXPECT_NE(curve.at(name).find(field), nullptr) << name;
    for (const char* name : {"state", "stage", "next", "gain_of_doubling", "learning_rate"})
      EXPECT_NE(curve.find(name), nullptr) << name;
  }
  // (1 + c/1e4)^-0.3 without noise: its own constants.
  EXPECT_NEAR(curves[2].at("bend").at("value").number(), 1e4, 1);
  EXPECT_NEAR(curves[2].at("exponent").at("value").number(), 0.3, 1e-5);
  EXPECT_NEAR(curves[2].at("floor").at("value").number(), 0.5, 1e-5);
}

TEST_F(DiagnoseVerb, ReadsGzipAndWritesThePage) {
  const gzFile file = gzopen(path("two.csv.gz").c_str(), "wb");
  const std::string text = two_runs();
  ASSERT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())), static_cast<int>(text.size()));
  gzclose(file);
  const auto outcome = run({"diagnose", path("two.csv.gz"), "--run", "a", "--out", path("page")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("exponential"), std::string::npos) << outcome.out;
  const std::string page = base::read_text(path("page/report.html"));
  EXPECT_NE(page.find("Residuals of the forms"), std::string::npos);
  EXPECT_EQ(base::read_json(path("page/diagnose.json")).at("curves").list().size(), 1U);
  // Cut short.
  const std::string whole = [&] {
    std::ifstream in(path("two.csv.gz"), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }();
  write("cut.csv.gz", whole.substr(0, whole.size() / 2));
  expect_bad({"diagnose", path("cut.csv.gz")}, "the gzip data are truncated");
}

TEST_F(DiagnoseVerb, StudyRunsAreCurves) {
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("study.db"), "--quiet"}).code, 0);
  const auto outcome = run({"diagnose", path("study.db"), "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto json = base::parse_json(outcome.out, "stdout");
  const auto& curves = json.at("curves").list();
  ASSERT_EQ(curves.size(), 4U);
  for (const auto& curve : curves) {
    EXPECT_EQ(curve.at("quantity").text(), "excess_risk");
    EXPECT_EQ(curve.at("clock").text(), "compute");  // the learning rate is constant
    EXPECT_GT(curve.at("n_params").number(), 0);
  }
}

TEST_F(DiagnoseVerb, MistakesAreNamed) {
  write("two.csv", two_runs());
  expect_bad({"diagnose", path("two.csv"), "--page", path("page")}, "--page: this flag was removed; use --out");
  expect_bad({"diagnose", path("two.csv"), "--last"}, "--last: this flag was removed; use all rows of each run");
  expect_bad({"diagnose", path("two.csv"), "--decay-to", "0.1"}, "--decay-to");
  expect_bad({"diagnose", path("two.csv"), "--run", "c"}, "--run: unknown run 'c'");
  expect_bad({"diagnose", path("two.csv"), "--col", "los=loss"}, "did you mean 'loss'?");
  expect_bad({"diagnose", path("two.csv"), "--col", "loss=losss"}, "did you mean 'loss'?");
  expect_bad({"diagnose", path("two.csv"), "--decay", "linaer"}, "did you mean 'linear'?");
  write("none.csv", "a,b\n1,2\n");
  expect_bad({"diagnose", path("none.csv")}, "no column with the loss was found");
  write("word.csv", "step,loss\n1,2\n2,much\n");
  expect_bad({"diagnose", path("word.csv")}, "word.csv:3:3: expected a number in loss, found 'much'");
}

}  // namespace
}  // namespace phaselaw
