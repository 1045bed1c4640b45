// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

class CliReproduceTest : public testing::CliFixture {};

TEST_F(CliReproduceTest, WordsAreCheckedBeforeAnythingIsMeasured) {
  const std::string out = path("out"), text = path("curve.csv");
  expect_bad({"reproduce", "--text", text, "--out", out, "--only", "LB.two_pint"}, "LB.two_point");
  expect_bad({"reproduce", "--text", text, "--out", out, "--preset", "quik"}, "quick");
  for (const char* bad : {"0", "-1", "nan", "inf"})
    expect_bad({"reproduce", "--text", text, "--out", out, "--time-limit", bad}, "--time-limit");
  expect_bad({"reproduce", "--text", path("absent"), "--out", out}, "--text");
  EXPECT_FALSE(std::filesystem::exists(out));
}

// Cut short: exit code 3, a page that says so, results marked incomplete.
TEST_F(CliReproduceTest, ATimeLimitEndsWithCodeThreeAndAnIncompletePage) {
  const std::string out = path("out");
  const auto outcome =
      run({"reproduce", "--only", "LB.two_point", "--text", path("curve.csv"), "--time-limit", "0.01", "--out", out});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("LB.two_point"), std::string::npos) << outcome.err;
  EXPECT_FALSE(base::read_json(out + "/results.json").at("complete").boolean());
  EXPECT_NE(base::read_text(out + "/report.html").find("the time limit was reached"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw
