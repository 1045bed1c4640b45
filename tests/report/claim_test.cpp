// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/claim.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::report {
namespace {

TEST(Claim, HasTheFieldsOfResultsJson) {
  const Claim claim{.id = "E1", .statement = "s", .source = "p", .predicted = 0.25, .measured = 0.5};
  EXPECT_EQ(base::to_json(to_value(claim), -1),
            R"({"id":"E1","statement":"s","source":"p","predicted":0.25,"measured":0.5,"lo":null,"hi":null,)"
            R"("standing":"implied","relation":"equal","margin":null,"degrees":null,"undecidable":"",)"
            R"("p_supporting":null,"p_refuting":null,"p_adjusted":null,)"
            R"("verdict":"inconclusive","reading":"","predicted_text":"","unit":"","would_change":"","finding":""})");
  EXPECT_EQ(to_value(std::vector<Claim>{claim, claim}).list().size(), 2u);
}

TEST(Claim, IsReadBackFromJson) {
  for (const Verdict verdict : {Verdict::kSupported, Verdict::kNotSupported, Verdict::kInconclusive}) {
    const Claim claim{.id = "E1",
                      .statement = "a \"b\"",
                      .source = "[S]",
                      .predicted = 1.0 / 6,
                      .measured = 0.163,
                      .lo = 0.151,
                      .hi = 0.176,
                      .standing = Standing::kOpenQuestion,
                      .relation = Relation::kAtMost,
                      .margin = 0.02,
                      .degrees = 7,
                      .undecidable = "too few",
                      .p_supporting = 0.01,
                      .p_refuting = 0.9,
                      .p_adjusted = 0.1,
                      .verdict = verdict,
                      .reading = "why",
                      .predicted_text = "1/6",
                      .unit = "FLOP",
                      .would_change = "more",
                      .finding = "found"};
    const Claim read = claim_from_value(base::parse_json(base::to_json(to_value(claim)), "results.json"));
    EXPECT_EQ(base::to_json(to_value(read)), base::to_json(to_value(claim)));
    EXPECT_EQ(read.id, claim.id);
    EXPECT_EQ(read.statement, claim.statement);
    EXPECT_EQ(read.source, claim.source);
    EXPECT_EQ(read.predicted, claim.predicted);
    EXPECT_EQ(read.measured, claim.measured);
    EXPECT_EQ(read.lo, claim.lo);
    EXPECT_EQ(read.hi, claim.hi);
    EXPECT_EQ(read.verdict, claim.verdict);
    EXPECT_EQ(read.reading, claim.reading);
    EXPECT_EQ(read.predicted_text, claim.predicted_text);
    EXPECT_EQ(read.unit, claim.unit);
    EXPECT_EQ(read.would_change, claim.would_change);
  }
  const Claim unknown = claim_from_value(base::parse_json(base::to_json(to_value(Claim{})), "results.json"));
  EXPECT_TRUE(std::isnan(unknown.predicted) && std::isnan(unknown.measured) && std::isnan(unknown.lo));
}

TEST(Claim, AWrongVerdictIsAnInputErrorThatNamesTheKnownOnes) {
  base::Value value = to_value(Claim{});
  value["verdict"] = base::Value("suported");
  try {
    (void)claim_from_value(value);
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("supported"), std::string::npos) << error.what();
  }
  EXPECT_THROW((void)claim_from_value(base::parse_json("{}", "results.json")), base::InputError);
}

}  // namespace
}  // namespace phaselaw::report
