// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/token_noise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

struct Planted {
  double power = 2;  // sequences are worth (1 - e)^power clean ones
  double worth = 1;  // times this
  double slope = -0.7, slope_of_noisy = -0.7;
  double scatter = 0.01;
};

// Risk (1 - e)^2 R(n worth (1 - e)^power) with R a power, at the third of four times.
TokenNoiseStudy planted(const Planted& p, std::size_t teachers) {
  TokenNoiseStudy study;
  for (const double share : {0.0, 0.25, 0.5, 0.75}) {
    auto& c = study.cases.emplace_back();
    c.share = share;
    c.curves.sizes = {32, 128, 512, 2048};
    c.curves.times = {0, 1, 2, 3};
    for (std::size_t t = 0; t < teachers; ++t) c.curves.teachers.push_back(static_cast<std::int64_t>(t));
    for (const auto n : c.curves.sizes) {
      auto& of_size = c.curves.risk.emplace_back();
      for (std::size_t t = 0; t < teachers; ++t) {
        numerics::RandomStream stream(
            3, "planted", static_cast<std::uint64_t>(n) * 100 + t + 100000000 * static_cast<std::uint64_t>(4 * share));
        const double kept = 1 - share, worth = share > 0 ? p.worth * std::pow(kept, p.power) : 1;
        const double slope = share > 0 ? p.slope_of_noisy : p.slope;
        // The noisy slope turns about n = 256.
        const double turn = std::pow(static_cast<double>(n) / 256, slope - p.slope);
        const double risk = kept * kept * std::pow(static_cast<double>(n) * worth, p.slope) * turn *
                            std::exp(p.scatter * stream.normal());
        of_size.push_back({5 * risk, 2 * risk, risk, 1.5 * risk});
      }
    }
  }
  return study;
}

Verdict verdict_of(const TokenNoiseStudy& study, const std::string& id) {
  auto claims = claims_of(analyse(study));
  decide(claims);
  for (const auto& claim : claims)
    if (claim.id == "E2.token_noise_" + id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

TEST(TokenNoise, PlantedWorthAndSlopesAreFound) {
  const auto results = analyse(planted({.power = 1.5, .scatter = 0}, 3));
  EXPECT_NEAR(results.exponent.value, 1.5, 1e-9);
  EXPECT_NEAR(results.slope.value, -0.7, 1e-9);
  EXPECT_NEAR(results.slope_difference.value, 0, 1e-9);
  int used = 0;
  for (const auto& p : results.points) {
    if (std::isnan(p.useful)) continue;
    ++used;
    EXPECT_NEAR(p.useful, p.n * std::pow(1 - p.share, 1.5), 1e-8 * p.n);
    EXPECT_GE(p.n * (1 - p.share) * (1 - p.share), 32);
  }
  EXPECT_EQ(used, 8);  // 3 sizes at e = 1/4 and 1/2, 2 at 3/4
}

TEST(TokenNoise, TrueClaimsAreSupported) {
  const auto study = planted({}, 8);
  for (const char* id : {"data", "exponent", "slope"}) EXPECT_EQ(verdict_of(study, id), Verdict::kSupported) << id;
}

TEST(TokenNoise, PlantedFalseClaimsAreNotSupported) {
  EXPECT_EQ(verdict_of(planted({.power = 1}, 8), "exponent"), Verdict::kNotSupported);
  EXPECT_EQ(verdict_of(planted({.power = 1}, 8), "data"), Verdict::kNotSupported);
  EXPECT_EQ(verdict_of(planted({.worth = 0.5}, 8), "data"), Verdict::kNotSupported);
  EXPECT_EQ(verdict_of(planted({.slope_of_noisy = -0.4}, 8), "slope"), Verdict::kNotSupported);
}

TEST(TokenNoise, TooLittleDataAreInconclusive) {
  const auto wide = planted({.scatter = 1}, 3), single = planted({}, 1);
  for (const char* id : {"data", "exponent", "slope"}) {
    EXPECT_EQ(verdict_of(wide, id), Verdict::kInconclusive) << id;
    EXPECT_EQ(verdict_of(single, id), Verdict::kInconclusive) << id;
  }
}

}  // namespace
}  // namespace phaselaw::reproduce
