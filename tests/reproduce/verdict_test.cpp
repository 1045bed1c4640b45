// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/verdict.h"

#include <gtest/gtest.h>

#include <cmath>

namespace phaselaw {
namespace {

using report::Verdict;
using reproduce::judge_at_most;
using reproduce::judge_evidence;
using reproduce::judge_number;

TEST(Verdict, NumbersFollowTheirInterval) {
  EXPECT_EQ(judge_number(1.0 / 6, 0.15, 0.18, true), Verdict::kSupported);
  EXPECT_EQ(judge_number(1.0 / 6, 0.17, 0.18, true), Verdict::kNotSupported);
  EXPECT_EQ(judge_number(1.0 / 6, 0.05, 0.16, true), Verdict::kNotSupported);
  EXPECT_EQ(judge_number(1.0 / 6, 0.05, 0.40, true), Verdict::kInconclusive);   // holds it, but says nothing
  EXPECT_EQ(judge_number(1.0 / 6, 0.15, 0.18, false), Verdict::kInconclusive);  // not identified
  EXPECT_EQ(judge_number(1.0 / 6, std::nan(""), 0.18, true), Verdict::kInconclusive);
  EXPECT_EQ(judge_number(1.0 / 6, 0.15, INFINITY, true), Verdict::kInconclusive);
}

TEST(Verdict, ABoundIsObeyedOrBrokenByTheWholeInterval) {
  EXPECT_EQ(judge_at_most(-0.25, -0.9, -0.7), Verdict::kSupported);
  EXPECT_EQ(judge_at_most(-0.25, -0.1, 0.1), Verdict::kNotSupported);
  EXPECT_EQ(judge_at_most(-0.25, -0.4, 0.1), Verdict::kInconclusive);
  EXPECT_EQ(judge_at_most(-0.25, std::nan(""), -0.7), Verdict::kInconclusive);
}

TEST(Verdict, ALowerBoundIsTheMirrorImage) {
  EXPECT_EQ(reproduce::judge_at_least(1, 1.1, 1.4), Verdict::kSupported);
  EXPECT_EQ(reproduce::judge_at_least(1, 0.7, 0.9), Verdict::kNotSupported);
  EXPECT_EQ(reproduce::judge_at_least(1, 0.9, 1.1), Verdict::kInconclusive);
  EXPECT_EQ(reproduce::judge_at_least(1, 1.1, std::nan("")), Verdict::kInconclusive);
}

TEST(Verdict, ANumberUpToAToleranceNeedsTheWholeInterval) {
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.48, 0.52), Verdict::kSupported);
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.47, 0.48), Verdict::kSupported);  // narrow, not exactly the number
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.56, 0.60), Verdict::kNotSupported);
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.30, 0.44), Verdict::kNotSupported);
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.40, 0.60), Verdict::kInconclusive);
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, 0.54, 0.60), Verdict::kInconclusive);
  EXPECT_EQ(reproduce::judge_within(0.5, 0.05, std::nan(""), 0.52), Verdict::kInconclusive);
}

TEST(Verdict, AgreementNeedsIntervalsThatCouldDisagree) {
  EXPECT_EQ(reproduce::judge_agreement(3.8, 3.84, 0.1, 0.3), Verdict::kSupported);
  EXPECT_EQ(reproduce::judge_agreement(3.9, 3.84, 0.9, 0.3), Verdict::kNotSupported);
  EXPECT_EQ(reproduce::judge_agreement(3.8, 3.84, 0.4, 0.3), Verdict::kInconclusive);
  EXPECT_EQ(reproduce::judge_agreement(std::nan(""), 3.84, 0.1, 0.3), Verdict::kInconclusive);
}

TEST(Verdict, EvidenceNeedsOddsOfTwenty) {
  EXPECT_EQ(judge_evidence(6.1), Verdict::kSupported);
  EXPECT_EQ(judge_evidence(-6.1), Verdict::kNotSupported);
  EXPECT_EQ(judge_evidence(5.9), Verdict::kInconclusive);
  EXPECT_EQ(judge_evidence(-5.9), Verdict::kInconclusive);
  EXPECT_EQ(judge_evidence(std::nan("")), Verdict::kInconclusive);
}

}  // namespace
}  // namespace phaselaw
