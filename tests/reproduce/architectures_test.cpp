// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/architectures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/ladder.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

const report::Claim& claim(const std::vector<report::Claim>& claims, const std::string& id) {
  for (const auto& c : claims)
    if (c.id == id) return c;
  throw std::runtime_error("no claim " + id);
}

// What is planted: the exponent, the rate, the bound on it and the scatter of ln risk between seeds, which moves the
// exponent of a seed.
struct Planted {
  double exponent = -0.8, rate = 1, bound = 0.1, scatter = 0.02;
};

Architecture planted(const std::string& name, const Planted& what) {
  Architecture architecture;
  architecture.name = name;
  architecture.n_params = 1280;
  for (const int n : {4, 8, 16, 32, 64})
    for (int seed = 1; seed <= 8; ++seed) {
      numerics::RandomStream stream(3, "test/architectures/" + name, static_cast<std::uint64_t>(seed));
      FlowPoint p;
      p.n_data = n;
      p.seed = seed;
      p.past_minimum = true;
      p.rate = what.rate * std::exp(what.scatter * stream.normal());
      p.lambda = std::exp(what.scatter * stream.normal());
      p.bound = what.bound * p.rate;
      p.best_risk = std::pow(n, what.exponent + what.scatter * stream.normal());
      architecture.points.push_back(p);
    }
  return architecture;
}

std::vector<report::Claim> judged(const Planted& causal, const Planted& bidirectional, const Planted& encoder_decoder) {
  auto claims = claims_of({planted("causal", causal), planted("bidirectional", bidirectional),
                           planted("encoder_decoder", encoder_decoder)});
  decide(claims);
  return claims;
}

TEST(Architectures, VerdictsFollowWhatIsPlanted) {
  const auto claims = judged({}, {}, {.exponent = -0.3, .rate = 4});
  EXPECT_EQ(claims.size(), 7u);
  for (const auto* id : {"E7.bidirectional.exponent", "E7.bidirectional.rate", "E7.bidirectional.lambda",
                         "E7.encoder_decoder.lambda", "E7.bound"})
    EXPECT_EQ(claim(claims, id).verdict, Verdict::kSupported) << id;
  EXPECT_EQ(claim(claims, "E7.encoder_decoder.exponent").verdict, Verdict::kNotSupported);
  EXPECT_NEAR(claim(claims, "E7.encoder_decoder.exponent").measured, 0.5, 0.05);
  EXPECT_EQ(claim(claims, "E7.encoder_decoder.exponent").degrees, 7);  // 8 seeds, each with its own teacher
  EXPECT_EQ(claim(claims, "E7.encoder_decoder.rate").verdict, Verdict::kNotSupported);
  EXPECT_NEAR(claim(claims, "E7.encoder_decoder.rate").measured, std::log(4), 0.05);
  EXPECT_EQ(claim(judged({}, {.bound = 10}, {}), "E7.bound").verdict, Verdict::kNotSupported);
}

TEST(Architectures, TooMuchScatterIsInconclusive) {
  const auto claims = judged({}, {.scatter = 0.6}, {});
  EXPECT_EQ(claim(claims, "E7.bidirectional.exponent").verdict, Verdict::kInconclusive);
  EXPECT_EQ(claim(claims, "E7.encoder_decoder.exponent").verdict, Verdict::kSupported);
}

// Before the minimum of the risk, time and not data limits it; such flows say nothing about the exponent in the data.
TEST(Architectures, FlowsBeforeTheirMinimumDecideNothing) {
  Architectures all = {planted("causal", {}), planted("bidirectional", {})};
  for (auto& p : all[1].points) p.past_minimum = p.n_data < 16 || p.seed == 1;
  auto claims = claims_of(all);
  decide(claims);
  EXPECT_EQ(claim(claims, "E7.bidirectional.exponent").verdict, Verdict::kInconclusive);
  EXPECT_NE(claim(claims, "E7.bidirectional.exponent").undecidable.find("only 1 of 8 seeds"), std::string::npos);
  EXPECT_EQ(claim(claims, "E7.bidirectional.rate").verdict, Verdict::kSupported);  // they have a rate
}

TEST(Architectures, HaveEquallyManyParametersAndLayers) {
  for (const Preset preset : {Preset::quick, Preset::full}) {
    Context context;
    context.preset = preset;
    for (const auto& [name, document] : architecture_studies(context)) {
      const auto study = sweep::study_from(document);
      const auto& model = study.points.front().experiment.model;
      EXPECT_EQ(sweep::trainable_params(model), 1280) << name;
      EXPECT_EQ(model.all_layers(), 2) << name;
      EXPECT_EQ(model.has_encoder(), name == "encoder_decoder");
    }
  }
}

}  // namespace
}  // namespace phaselaw::reproduce
