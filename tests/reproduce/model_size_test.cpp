// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/model_size.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

struct Surface {
  double a = 1, data = 1, noise = 2;  // risk = A M^-a + c noise^noise n^-data
  double scatter = 0.005;             // of ln risk between teachers and runs
  double bend = 0;                    // of ln risk in (ln M)^2
};

ModelSize planted(const Surface& s) {
  ModelSize e;
  for (std::int64_t teacher = 1; teacher <= 6; ++teacher) {
    numerics::RandomStream stream(static_cast<std::uint64_t>(teacher), "model size");
    for (const std::int64_t size : {48, 96, 192, 384, 768, 1536, 3072}) {
      const double log_m = std::log(static_cast<double>(size) / 48);
      const auto risk = [&](double n, double noise) {
        return (std::exp(-s.a * log_m + s.bend * log_m * log_m) + std::pow(noise, s.noise) * std::pow(n, -s.data)) *
               std::exp(s.scatter * stream.normal());
      };
      const auto add = [&](std::vector<SizeRun>& runs, std::int64_t n, double noise) {
        const double value = risk(static_cast<double>(n) / 16, noise);
        runs.push_back({teacher, size, n, noise, value, noise == 0 ? value : 2 * value});
      };
      add(e.clean, 8192, 0);
      for (const std::int64_t n : {32, 64, 128}) add(e.noisy, n, 0.5);
      for (const double noise : {0.35, 0.7}) add(e.noisy, 64, noise);
    }
  }
  return e;
}

report::Claim decided(const ModelSize& e, const std::string& id) {
  auto claims = claims_of(e);
  decide(claims);
  for (const auto& c : claims)
    if (c.id == "E4.model_size." + id) return c;
  throw std::runtime_error("no claim " + id);
}

TEST(ModelSize, SaturationIsWhereTheTermsAreEqual) {
  std::vector<double> sizes, clean, noisy;
  for (double size = 1; size < 2000; size *= 2) {
    sizes.push_back(size);
    clean.push_back(100 / size);
    noisy.push_back(100 / size + 1);
  }
  // ln(1 + M/100) is interpolated between 64 and 128: its curvature in ln M is at most 1/4, so that ln M* errs by at most
  // (ln 2)^2/8 * (1/4)/(1/2).
  EXPECT_NEAR(std::log(saturation_of(sizes, clean, noisy) / 100), 0, std::log(2.0) * std::log(2.0) / 16);
  EXPECT_TRUE(std::isnan(saturation_of({1, 2}, {1, 0.5}, {3, 2.5})));    // below the smallest size
  EXPECT_TRUE(std::isnan(saturation_of({1, 2}, {1, 0.5}, {1.5, 0.9})));  // above the largest
  EXPECT_TRUE(std::isnan(saturation_of({1, 2}, {1, std::nan("")}, {1.5, 2})));
}

TEST(ModelSize, ThePlantedLawIsSupported) {
  const auto e = planted({});
  EXPECT_NEAR(model_size_exponent(e).value, 1, 0.02);
  for (const char* id : {"exponent", "saturation_data", "saturation_noise"})
    EXPECT_EQ(decided(e, id).verdict, Verdict::kSupported) << id << " " << decided(e, id).measured;
}

TEST(ModelSize, AnotherLawIsRefuted) {
  EXPECT_EQ(decided(planted({.a = 1.4}), "exponent").verdict, Verdict::kNotSupported);
  const auto slow = planted({.data = 0.5, .noise = 1});
  EXPECT_NEAR(decided(slow, "saturation_data").measured, 0.5, 0.05);
  EXPECT_EQ(decided(slow, "saturation_data").verdict, Verdict::kNotSupported);
  EXPECT_EQ(decided(slow, "saturation_noise").verdict, Verdict::kNotSupported);
}

TEST(ModelSize, ScatterIsInconclusive) {
  auto e = planted({});
  // Each teacher has an exponent of its own, 0.7 to 1.45.
  for (auto& run : e.clean)
    run.last = std::pow(static_cast<double>(run.n_params), -0.55 - 0.15 * static_cast<double>(run.teacher));
  EXPECT_EQ(decided(e, "exponent").verdict, Verdict::kInconclusive);
}

TEST(ModelSize, ABendIsReported) {
  EXPECT_NE(decided(planted({.bend = 0.05}), "exponent").reading.find("not one power"), std::string::npos);
  EXPECT_EQ(decided(planted({}), "exponent").reading.find("not one power"), std::string::npos);
}

TEST(ModelSize, ASaturationOutsideTheSizesIsUndecidable) {
  auto e = planted({});
  std::erase_if(e.noisy, [](const SizeRun& run) { return run.n_params > 192; });
  EXPECT_NE(decided(e, "saturation_data").undecidable, "");
  EXPECT_EQ(decided(e, "saturation_data").verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace phaselaw::reproduce
