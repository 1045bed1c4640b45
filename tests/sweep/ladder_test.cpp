// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/ladder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/value.h"
#include "phaselaw/sweep/experiment.h"

namespace phaselaw::sweep {
namespace {

constexpr const char* kTextModel =
    "[model]\nreadout = \"tokens\"\nvocab = 256\nseq_len = 16\nd_head = 8\n[data]\nsource = \"text\"\npath = \"x\"\n";

Study study(const std::string& text) { return study_from(base::parse_toml(text, "s.toml")); }

std::string error_of(const std::string& text) {
  try {
    (void)study(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Ladder, ShapesHaveTheirSizesAndFollowTheRule) {
  const auto ladder =
      study(std::string(kTextModel) + "[grid]\nn_params = [3e4, 1e5, 3e5, 1e6, 1e7, 1e8]\n[ladder]\naspect = 32\n");
  ASSERT_EQ(ladder.points.size(), 6U);
  std::int64_t width = 0;
  for (const Point& point : ladder.points) {
    const auto& m = point.experiment.model;
    EXPECT_EQ(point.n_params, trainable_params(m));  // counted by the parameter table itself
    EXPECT_NEAR(static_cast<double>(point.n_params), point.wanted_params, 0.02 * point.wanted_params);
    EXPECT_EQ(m.d_model, m.n_heads * m.d_head);
    EXPECT_EQ(m.d_head, 8);
    EXPECT_GT(m.d_model, width);  // larger models are wider
    width = m.d_model;
    const double aspect = static_cast<double>(m.d_model) / static_cast<double>(m.n_layers);
    EXPECT_LT(std::abs(std::log(aspect / 32)), std::log(1.6)) << point.wanted_params;
    EXPECT_LT(std::abs(std::log(static_cast<double>(m.d_hidden) / (4.0 * static_cast<double>(m.d_model)))),
              std::log(1.6));
  }
}

// Every shape of small size tried in plain loops: none within the tolerance has a better score.
TEST(Ladder, TheChoiceIsTheBestOfAllShapes) {
  model::ModelOptions model;
  model.d_head = 4;
  LadderOptions options;
  options.vary = LadderVary::shape;
  options.aspect = 8;
  const auto score = [&](const model::ModelOptions& m) {
    const auto d = static_cast<double>(m.d_model);
    return std::abs(std::log(d / static_cast<double>(m.n_layers) / options.aspect)) +
           std::abs(std::log(static_cast<double>(m.d_hidden) / (options.mlp_ratio * d)));
  };
  for (const double wanted : {700.0, 3000.0, 9000.0}) {
    const auto chosen = solve_shape(model, options, wanted);
    auto m = model;
    for (m.n_heads = 1; m.n_heads <= 12; ++m.n_heads)
      for (m.n_layers = 1; m.n_layers <= 60; ++m.n_layers) {
        m.d_model = m.n_heads * m.d_head;
        double nearest = 1e300;  // the rule takes the d_hidden nearest to the size
        std::int64_t hidden = 0;
        for (m.d_hidden = m.d_model; m.d_hidden <= 16 * m.d_model; ++m.d_hidden) {
          const double off = std::abs(static_cast<double>(trainable_params(m)) - wanted);
          if (off >= nearest) break;  // the size grows with d_hidden: past the nearest
          nearest = off;
          hidden = m.d_hidden;
        }
        m.d_hidden = hidden;
        if (nearest > 0.02 * wanted) continue;
        EXPECT_GE(score(m), score(chosen) - 1e-12) << wanted << ": " << m.n_layers << " " << m.d_model;
      }
  }
}

TEST(Ladder, DHiddenAloneKeepsTheTask) {
  const auto ladder = study("[model]\nd_model = 16\n[grid]\nn_params = [5000, 20000]\nseeds = 2\n");
  ASSERT_EQ(ladder.points.size(), 4U);
  for (const Point& point : ladder.points) {
    EXPECT_EQ(point.experiment.model.d_model, 16);
    EXPECT_EQ(point.experiment.model.n_layers, 2);
    EXPECT_NEAR(static_cast<double>(point.n_params), point.wanted_params, 0.02 * point.wanted_params);
  }
  EXPECT_EQ(ladder.points[0].n_params, ladder.points[1].n_params);  // replicates innermost
}

// The size of an encoder-decoder depends on d_hidden also outside the layers that a ladder varies.
TEST(Ladder, AnEncoderIsCounted) {
  for (const std::string model : {"d_model = 16\n[grid]\n", "d_head = 8\n[grid]\n"}) {
    const auto ladder = study("[model]\nn_encoder_layers = 2\n" + model + "n_params = [20000, 60000]\n");
    for (const Point& point : ladder.points) {
      EXPECT_EQ(point.experiment.model.n_encoder_layers, 2);
      EXPECT_EQ(point.n_params, trainable_params(point.experiment.model));
      EXPECT_NEAR(static_cast<double>(point.n_params), point.wanted_params, 0.02 * point.wanted_params);
    }
  }
}

TEST(Ladder, ARangeHasEqualRatiosAndTokensSetTheSteps) {
  const auto ladder = study(std::string(kTextModel) +
                            "n_data = 64\n[training]\nbatch = 4\n[grid]\n"
                            "n_params = { from = 1e5, to = 1e7, points = 3 }\n[ladder]\ntokens_per_param = 20\n");
  ASSERT_EQ(ladder.points.size(), 3U);
  EXPECT_EQ(ladder.points[1].wanted_params, 1e6);
  for (const Point& point : ladder.points) {
    const double tokens = static_cast<double>(point.experiment.training.steps * 4 * 16);
    EXPECT_NEAR(tokens / static_cast<double>(point.n_params), 20, 20 * 64.0 / tokens);  // within half a step
  }
}

TEST(Ladder, Errors) {
  const std::string text = kTextModel;
  EXPECT_NE(error_of(text + "[grid]\nn_params = [100]\n").find("the nearest has"), std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_params = []\n").find("at least one number"), std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_params = [\"1e5\"]\n").find("numbers >= 1"), std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_params = { from = 1, two = 2 }\n").find("'two'"), std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_params = [1e5]\n\"model.d_model\" = [8]\n").find("remove one"),
            std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nseeds = 2\n[ladder]\n").find("needs sizes"), std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_params = [1e5]\n[ladder]\naspct = 3\n").find("did you mean 'aspect'"),
            std::string::npos);
  EXPECT_NE(error_of(text + "[grid]\nn_param = [1e5]\n").find("did you mean 'n_params'"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::sweep
