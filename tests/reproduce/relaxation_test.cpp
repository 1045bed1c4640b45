// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/relaxation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

// Runs that fall to n^slope, times scatter, and rise again.
StudyCurves planted(double slope, double scatter, std::uint64_t stream_index) {
  StudyCurves curves;
  for (const std::int64_t n : {16, 64, 256})
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      numerics::RandomStream stream(stream_index, "relaxation", static_cast<std::uint64_t>(10 * n + seed));
      RunCurve run;
      run.run = std::to_string(curves.runs.size());
      run.n_data = n;
      run.seed = seed;
      const double best = std::pow(static_cast<double>(n), slope) * std::exp(scatter * stream.normal());
      for (int i = 0; i < 16; ++i) {
        run.compute.push_back(1e5 * std::pow(2.0, i));
        run.value.push_back(best * (1 + 0.2 * std::abs(i - 12)));
      }
      curves.runs.push_back(std::move(run));
    }
  return curves;
}

RelaxationStep step(const char* id, double slope, double scatter, std::size_t converged = 5) {
  RelaxationStep result;
  result.id = result.what = id;
  for (std::size_t i = 0; i < 5; ++i) {
    FlowPoint p;
    p.seed = static_cast<std::int64_t>(i);
    p.learned = i < converged;
    p.signature = "none";
    p.width_missed = 10;
    p.radius_ratio = 4 * (1 + 0.01 * static_cast<double>(i));  // drift is twice lambda/2
    result.points.push_back(p);
  }
  result.law = law_of(planted(slope, scatter, static_cast<std::uint64_t>(id[0])));
  return result;
}

report::Claim claim(const std::vector<RelaxationStep>& steps, const std::string& id) {
  auto claims = claims_of(steps);
  decide(claims);
  for (auto& c : claims)
    if (c.id == "E4." + id) return c;
  ADD_FAILURE() << "no claim " << id;
  return {};
}

TEST(Relaxation, ThePlantedSlopeIsFound) {
  const auto law = law_of(planted(-0.6, 0, 1));
  EXPECT_EQ(law.past_minimum, 12U);
  EXPECT_EQ(law.slope.complete(), 4U);
  EXPECT_NEAR(law.slope.slope.value, -0.6, 1e-12);
}

TEST(Relaxation, DataHelpWhereEverySlopeIsBelowZero) {
  const auto c = claim({step("a", -0.6, 0.05), step("b", -0.3, 0.05)}, "data_still_help");
  EXPECT_EQ(c.verdict, Verdict::kSupported);
  EXPECT_NEAR(c.measured, -0.3, 0.1);  // the step nearest to the claim's end
}

TEST(Relaxation, AStepAtWhichDataHurtIsNotSupported) {
  const auto c = claim({step("a", -0.6, 0.05), step("b", 0.4, 0.05)}, "data_still_help");
  EXPECT_EQ(c.verdict, Verdict::kNotSupported);
  EXPECT_NE(c.reading.find(", b."), std::string::npos) << c.reading;  // the step nearest to the claim's end
}

TEST(Relaxation, ScatterOrTooFewTeachersAreInconclusive) {
  EXPECT_EQ(claim({step("a", -0.6, 0.05), step("b", 0, 1)}, "data_still_help").verdict, Verdict::kInconclusive);
  auto few = planted(-0.6, 0.05, 1);
  std::erase_if(few.runs,
                [](const RunCurve& run) { return run.n_data == 256 && run.seed < 2; });  // two teachers diverged
  auto diverged = step("a", -0.6, 0.05);
  diverged.law = law_of(few);
  const auto only = claim({diverged}, "data_still_help");
  EXPECT_EQ(only.verdict, Verdict::kInconclusive);
  EXPECT_NE(only.undecidable, "");
  // Beside a step that is complete it is named and not tested.
  const auto beside = claim({diverged, step("b", -0.6, 0.05)}, "data_still_help");
  EXPECT_EQ(beside.verdict, Verdict::kSupported);
  EXPECT_NE(beside.reading.find("not tested"), std::string::npos) << beside.reading;
}

TEST(Relaxation, ConvergenceIsJudgedByTheWholeInterval) {
  std::vector<RelaxationStep> all, half;
  for (int i = 0; i < 20; ++i) {
    all.push_back(step("a", -0.5, 0));
    half.push_back(step("b", -0.5, 0, 2));
  }
  EXPECT_EQ(claim(all, "converges_outside_the_good_class").verdict, Verdict::kSupported);
  const auto cut_off = claim(half, "converges_outside_the_good_class");  // they may still arrive
  EXPECT_EQ(cut_off.verdict, Verdict::kInconclusive);
  EXPECT_NE(cut_off.reading.find("60 were still falling"), std::string::npos) << cut_off.reading;
  for (auto& one : half)
    for (auto& p : one.points)
      if (!p.learned) p.signature = "plateau";
  EXPECT_EQ(claim(half, "converges_outside_the_good_class").verdict, Verdict::kNotSupported);
  EXPECT_EQ(claim({step("a", -0.5, 0)}, "converges_outside_the_good_class").verdict, Verdict::kInconclusive);
}

TEST(Relaxation, AKernelThatDriftsTooFarIsSeen) {
  EXPECT_EQ(claim({step("a", -0.5, 0)}, "kernel_stays_at_the_good_scale").verdict, Verdict::kNotSupported);
  auto still = step("a", -0.5, 0);
  for (auto& p : still.points) p.radius_ratio = 0.01;
  EXPECT_EQ(claim({still}, "kernel_stays_at_the_good_scale").verdict, Verdict::kSupported);
  still.points.back().learned = false;  // cut off: it may drift further
  EXPECT_EQ(claim({still}, "kernel_stays_at_the_good_scale").verdict, Verdict::kInconclusive);
  still.points.resize(1);  // one teacher has no interval
  still.points.back().learned = true;
  EXPECT_EQ(claim({still}, "kernel_stays_at_the_good_scale").verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace phaselaw::reproduce
