// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "benchmarks/laws/curve_dump.h"
#include "benchmarks/laws/curve_judge.h"
#include "benchmarks/laws/curve_kinds_of_forms.h"
#include "phaselaw/documents/document.h"

// The simulated curves of bench_laws_study_diagnose and its judge.
namespace phaselaw::study {

namespace {

SimulatedCurve drawn(const CurveKind& kind, int number) {
  Draw draw(kind.name, number);
  return kind.make(draw);
}
SimulatedCurve drawn(const std::string& name, int number) {
  const std::vector<CurveKind> kinds = curve_kinds();
  return drawn(*std::find_if(kinds.begin(), kinds.end(), [&](const CurveKind& kind) { return kind.name == name; }),
               number);
}

std::optional<advice::Interval> around(const std::optional<double>& value, double factor = 1) {
  if (!value) return {};
  const double middle = factor * *value, half = .01 * std::abs(middle) + 1e-9;
  return advice::Interval{middle - half, middle + half};
}

}  // namespace

TEST(CurveStudy, HasKindsWithWhichTheRulesWereDevelopedAndOthers) {
  std::set<std::string> names;
  int own = 0;
  for (const CurveKind& kind : curve_kinds()) {
    names.insert(kind.name);
    own += kind.own ? 1 : 0;
  }
  EXPECT_EQ(names.size(), curve_kinds().size());
  EXPECT_EQ(static_cast<int>(names.size()) - own, 52);
  EXPECT_GE(own, 15);
}

TEST(CurveStudy, ClaimsThatEqualTheTruthAreNeverWrongAndClaimsBesideItAre) {
  for (const CurveKind& kind : curve_kinds())
    for (const int number : {3, 14}) {
      const SimulatedCurve curve = drawn(kind, number);
      ASSERT_EQ(curve.curve.progress().size(), curve.curve.loss.size()) << kind.name;
      for (const CurveTruth* truth : {&curve.truth, &curve.truth_with_rates}) {
        Claims claims;
        EXPECT_EQ(judged(claims, *truth)[kAll], Verdict::honest) << kind.name;
        claims = {around(truth->exponent),
                  around(truth->floor),
                  around(truth->bend),
                  around(truth->gain),
                  truth->early,
                  advice::CurveState::unknown,
                  false};
        EXPECT_NE(judged(claims, *truth)[kAll], Verdict::wrong) << kind.name << ' ' << number;
        if (!truth->exponent) continue;
        claims.exponent = around(truth->exponent, 2.5);
        EXPECT_EQ(judged(claims, *truth)[kExponent], Verdict::wrong) << kind.name << ' ' << number;
      }
    }
}

TEST(CurveStudy, AStateIsJudgedByWhatItTellsTheUser) {
  using advice::CurveState;
  const auto verdict = [](const std::string& kind, CurveState state) {
    return judged_state(state, drawn(kind, 3).truth);
  };
  EXPECT_EQ(verdict("constant-rate", CurveState::falling), Verdict::right);
  EXPECT_EQ(verdict("constant-rate", CurveState::decaying), Verdict::wrong);
  EXPECT_EQ(verdict("constant-rate", CurveState::finished), Verdict::wrong);
  EXPECT_EQ(verdict("flat", CurveState::falling), Verdict::wrong);
  EXPECT_EQ(verdict("overfits", CurveState::rising), Verdict::right);
  EXPECT_EQ(verdict("overfits-with-training", CurveState::rising), Verdict::honest);
  EXPECT_EQ(verdict("overfits", CurveState::diverged), Verdict::wrong);
  EXPECT_EQ(verdict("late-linear-20", CurveState::falling), Verdict::wrong);
  EXPECT_EQ(judged_state(CurveState::falling, drawn("late-linear-20", 3).truth_with_rates), Verdict::right);
}

TEST(CurveStudy, AGainAfterADecayThatIsNotRecordedIsWrong) {
  Claims claims;
  claims.gain = advice::Interval{.01, .1};
  EXPECT_EQ(judged(claims, drawn("cosine-proportional", 3).truth)[kGain], Verdict::wrong);
  EXPECT_EQ(judged(claims, drawn("constant-rate", 3).truth)[kGain], Verdict::right);
}

TEST(CurveStudy, AWrittenCurveIsReadBackWithItsLearningRates) {
  for (const char* name : {"warm-up-2", "validation-40-with-training"}) {
    const SimulatedCurve written = drawn(name, 2);
    std::vector<documents::Reading> readings;
    readings.push_back(documents::read_text(to_csv(written, true), "curve.csv"));
    const tables::CurveSet read = tables::curves_of(std::move(readings), {});
    ASSERT_EQ(read.curves.size(), 1U);
    EXPECT_EQ(read.curves[0].loss, written.curve.loss);
    EXPECT_EQ(read.curves[0].step, written.curve.step);
    EXPECT_EQ(read.curves[0].partner.loss, written.curve.partner.loss);
    ASSERT_TRUE(read.curves[0].rates.known());
    EXPECT_DOUBLE_EQ(*std::max_element(read.curves[0].rates.lr.begin(), read.curves[0].rates.lr.end()), kPeakRate);
  }
}

}  // namespace phaselaw::study
