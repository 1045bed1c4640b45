// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/ladder_ends.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

// Runs of the law E + sqrt(N^-4q + D^-4q), C = 6 N D, which is best at N = D: a frontier of exponent q.
// Sizes and durations are powers of 4, so that N = D is on the ladder; between these cells all others are above the chord.
std::vector<LadderEnd> ladder(double floor, double exponent, double noise, int sizes, int seeds = 3) {
  std::vector<LadderEnd> ends;
  for (int n = 0; n < sizes; ++n)
    for (int t = 0; t < sizes; ++t)
      for (int seed = 1; seed <= seeds; ++seed) {
        const double params = std::pow(4, n), tokens = std::pow(4, t);
        numerics::RandomStream stream(31, "ladder", static_cast<std::uint64_t>((n * 100 + t) * 100 + seed));
        const double law = floor + std::hypot(std::pow(params, -2 * exponent), std::pow(tokens, -2 * exponent));
        ends.push_back({.n_params = static_cast<std::int64_t>(params),
                        .steps = static_cast<std::int64_t>(tokens),
                        .seed = seed,
                        .rate = 0.01,
                        .compute = 6 * params * tokens,
                        .loss = law * std::exp(noise * stream.normal())});
        // A worse learning rate, which must not count.
        ends.push_back(ends.back());
        ends.back().rate = 0.03;
        ends.back().loss *= 1.3;
      }
  return ends;
}

report::Verdict verdict(const LadderStudy& study, const std::string& id) {
  auto claims = claims_of(study);
  decide(claims);
  for (const auto& claim : claims)
    if (claim.id == id) return claim.verdict;
  ADD_FAILURE() << id;
  return report::Verdict::kInconclusive;
}

TEST(LadderEnds, TheFrontierTakesTheBestSizesAndRates) {
  const auto study = ladder_study("text", ladder(1, 0.25, 0, 6), "nats per token");
  for (const auto& cell : study.frontier) {
    EXPECT_EQ(cell.rate, 0.01);
    EXPECT_EQ(cell.losses.size(), 3U);
  }
  for (std::size_t k = 1; k + 1 < study.frontier.size(); ++k)
    EXPECT_EQ(study.frontier[k].n_params, study.frontier[k].steps) << k;
}

// Without noise the local slopes at the true floor are those of the law at every point, and others at another floor.
TEST(LadderEnds, LocalSlopesAreThoseOfTheLawAtItsFloor) {
  const auto study = ladder_study("text", ladder(1, 0.25, 0, 6), "nats per token");
  const auto at_truth = local_slopes(study, 1), without = local_slopes(study, 0);
  for (std::size_t k = 1; k + 1 < at_truth.size(); ++k) {
    EXPECT_NEAR(at_truth[k].slope, 0.25, 1e-9);
    EXPECT_LT(without[k].slope, 0.2);
  }
}

TEST(LadderEnds, APlantedSixthWithABoundedFloorIsSupportedAndASeventhIsNot) {
  const auto study = ladder_study("text", ladder(1, 1.0 / 6, 2e-5, 12), "nats per token");
  EXPECT_TRUE(study.measured.range.bounded);
  EXPECT_EQ(verdict(study, "E1.text.exponent_v1"), report::Verdict::kSupported)
      << study.measured.range.lo << " " << study.measured.range.hi;
  EXPECT_EQ(verdict(study, "E1.text.exponent_v3"), report::Verdict::kNotSupported);
}

TEST(LadderEnds, AnExponentThatNoFloorGivesIsRefutedAlthoughTheFloorIsOpen) {
  const auto study = ladder_study("text", ladder(0.01, 0.8, 0.001, 4), "nats per token");
  EXPECT_EQ(verdict(study, "E1.text.exponent_v1"), report::Verdict::kNotSupported);
}

TEST(LadderEnds, AShortLadderIsInconclusiveAndSaysForWhichFloors) {
  const auto study = ladder_study("text", ladder(1, 1.0 / 6, 0.03, 3), "nats per token");
  EXPECT_FALSE(study.measured.range.bounded);
  EXPECT_EQ(verdict(study, "E1.text.exponent_v1"), report::Verdict::kInconclusive);
  EXPECT_NE(claims_of(study).front().reading.find("would hold for floors of"), std::string::npos);
}

TEST(LadderEnds, TooSmallALadderIsAnError) {
  auto ends = ladder(1, 0.25, 0, 1);
  EXPECT_THROW((void)ladder_study("text", ends, "nats per token"), base::InputError);
}

}  // namespace
}  // namespace phaselaw::reproduce
