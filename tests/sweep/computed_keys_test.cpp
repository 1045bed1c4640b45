// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/computed_keys.h"

#include <set>

#include <gtest/gtest.h>

#include "phaselaw/sweep/experiment.h"

namespace phaselaw {
namespace {

using base::parse_toml;

sweep::Study study(const std::string& text) { return sweep::study_from(parse_toml(text, "s.toml")); }

std::string error_of(const std::string& text) {
  try {
    (void)study(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_error(const std::string& text, const std::string& part) {
  EXPECT_NE(error_of(text).find(part), std::string::npos) << text << "\n" << error_of(text);
}

TEST(ComputedKeys, FollowTheGrid) {
  const auto found = study(
      "[model]\nd_head = 4\nn_heads = \"d_model / d_head\"\nd_hidden = \"8 / 3 * d_model\"\n"
      "[training]\nlearning_rate = \"0.1 / model.d_model\"\nsteps = \"10 * data.n_data\"\n"
      "[grid]\n\"model.d_model\" = [12, 24, 48]\n\"data.n_data\" = [4, 8]\n");
  ASSERT_EQ(found.points.size(), 6U);
  for (const auto& point : found.points) {
    const auto& e = point.experiment;
    EXPECT_EQ(e.model.n_heads * 4, e.model.d_model);
    EXPECT_EQ(e.model.d_hidden * 3, e.model.d_model * 8);
    EXPECT_EQ(e.training.steps, 10 * e.data.n_data);
    EXPECT_DOUBLE_EQ(e.training.learning_rate.value, 0.1 / static_cast<double>(e.model.d_model));
    ASSERT_EQ(point.computed.size(), 4U);
    EXPECT_EQ(point.computed[0].first, "model.n_heads");
    EXPECT_EQ(point.computed[1].second.integer(), e.model.d_hidden);
  }
}

// A computed key gives the runs, and so the keys of the runs, that the numbers would give.
TEST(ComputedKeys, ARunIsThatOfItsNumbers) {
  const auto computed = study("[model]\nd_head = 4\nd_hidden = \"4 * d_model\"\n[grid]\n\"model.d_model\" = [8, 16]\n");
  const auto listed = study("[model]\nd_head = 4\n[grid]\n\"model.d_model, model.d_hidden\" = [[8, 32], [16, 64]]\n");
  ASSERT_EQ(computed.points.size(), listed.points.size());
  for (std::size_t i = 0; i < computed.points.size(); ++i) EXPECT_EQ(computed.points[i].key, listed.points[i].key);
}

TEST(ComputedKeys, AChainIsEvaluatedInAnyOrder) {
  const auto e = sweep::experiment_from(
      parse_toml("[training]\nsteps = \"model.d_hidden + batch\"\nbatch = \"model.n_layers + 1\"\n"
                 "[model]\nd_hidden = \"2 * d_model\"\nd_model = \"n_heads * d_head\"\nn_heads = 2\nd_head = 8\n"
                 "n_layers = 3\n",
                 "e.toml"));
  EXPECT_EQ(e.model.d_model, 16);
  EXPECT_EQ(e.model.d_hidden, 32);
  EXPECT_EQ(e.training.batch, 4);
  EXPECT_EQ(e.training.steps, 36);
  // A name alone is an expression, and so is a word of a key no expression.
  const auto same = sweep::experiment_from(
      parse_toml("[model]\nn_heads = 3\nn_kv_heads = \"n_heads\"\n[training]\nlearning_rate = \"auto\"\n", "e.toml"));
  EXPECT_EQ(same.model.n_kv_heads, 3);
  EXPECT_TRUE(same.training.learning_rate.is_word());
}

TEST(ComputedKeys, AreValuesOfAnAxisToo) {
  const auto found = study(
      "[model]\nd_head = 4\n[grid]\n\"model.d_model\" = [8, 16]\n\"model.d_hidden\" = [\"d_model\", \"4 * d_model\", 24]\n");
  std::multiset<std::int64_t> hidden;
  for (const auto& point : found.points) hidden.insert(point.experiment.model.d_hidden);
  EXPECT_EQ(hidden, (std::multiset<std::int64_t>{8, 16, 24, 24, 32, 64}));
  expect_error(
      "[model]\nd_head = 4\n[grid]\n\"model.d_model\" = [8, 16]\n\"model.d_hidden\" = [\"2 * d_model\", 32]\n",
      "the points model.d_hidden = \"2 * d_model\", model.d_model = 16 and model.d_hidden = 32, model.d_model = "
      "16 are the same run");
}

TEST(ComputedKeys, AnIntegerIsExactOrAnError) {
  const std::string grid = "[grid]\n\"model.d_model\" = [24, 32]\n";
  expect_error("[model]\nd_head = 8\nd_hidden = \"d_model / 3\"\n" + grid,
               "s.toml:3:12: model.d_hidden = \"d_model / 3\" is 32/3 at model.d_model = 32; expected an integer; put "
               "round(...), floor(...) or ceil(...) around it");
  expect_error("[model]\nd_head = 8\nd_hidden = \"exp(ln(d_model))\"\n" + grid, "expected an exact integer");
  const auto rounded = study("[model]\nd_head = 8\nd_hidden = \"8 * round(d_model / 3 / 8)\"\n" + grid);
  EXPECT_EQ(rounded.points[0].experiment.model.d_hidden, 8);
  EXPECT_EQ(rounded.points[1].experiment.model.d_hidden, 8);
  expect_error("[model]\nd_hidden = \"d_model - 32\"\n" + grid,
               "s.toml:2:12: model.d_hidden = \"d_model - 32\" is -8 at model.d_model = 24; expected an integer >= 1");
  expect_error("[training]\nlearning_rate = \"1 / (model.d_model - 24)\"\n" + grid, "expected a finite number");
  expect_error("[data]\nnoise = \"sqrt(20 - model.d_model)\"\n" + grid, "expected a finite number");
}

TEST(ComputedKeys, MistakesNameTheirPlace) {
  expect_error("[model]\nd_hidden = \"4 * d_modl\"\n",
               "s.toml:2:17: unknown key in [model] 'd_modl'; did you mean 'd_model'?");
  expect_error("[model]\nd_hidden = \"4 * n_data\"\n",
               "s.toml:2:17: unknown key 'n_data' in [model]; did you mean 'data.n_data'?");
  expect_error("[model]\nd_hidden = \"4 * data.n_dat\"\n", "did you mean 'n_data'?");
  expect_error("[model]\nd_hidden = \"4 * flow.points\"\n", "s.toml:2:17: ");
  expect_error("[model]\nd_hidden = \"4 * activation\"\n", "s.toml:2:17: the key model.activation holds no number");
  expect_error("[model]\nd_hidden = \"4 * \"\n", "found the end");
  expect_error("[model]\nd_hidden = \"4 * 8\"\n", "s.toml:2:13: expected the name of a key, found only numbers");
  expect_error("[model]\nd_hidden = \"d_model * learning_rate\"\n", "did you mean 'training.learning_rate'?");
  expect_error("[model]\nd_hidden = \"d_model * training.learning_rate\"\n",
               "s.toml:2:12: training.learning_rate is not given, and its default \"auto\" stands for another value");
  expect_error("[model]\nd_hidden = \"8 * n_kv_heads\"\n",
               "its default 0 stands for another value; give model.n_kv_heads a number");
  expect_error("[model]\nd_hidden = \"8 * d_model\"\nd_model = \"d_head + n_heads\"\nd_head = \"d_hidden + 1\"\n",
               "would be computed from itself: model.d_hidden <- model.d_model <- model.d_head <- model.d_hidden");
  expect_error("[model]\nd_hidden = \"d_hidden + 1\"\n", "s.toml:2:12: model.d_hidden would be computed from itself");
  expect_error(
      "[model]\nd_hidden = \"4 * d_model\"\nd_model = true\n",
      "s.toml:3:11: model.d_model: expected a number, from which model.d_hidden = \"4 * d_model\" can be computed");
  // Without a sign and without a key of this name it is a text as before.
  expect_error("[model]\nd_hidden = \"wide\"\n", "s.toml:2:12: d_hidden: expected an integer");
  expect_error("[model]\nd_hidden = \"64\"\n", "s.toml:2:12: d_hidden: expected an integer");
}

TEST(ComputedKeys, NothingIsComputedFromWhatIsSetLater) {
  expect_error(
      "[data]\none_pass = true\n[training]\nsteps = 10\n[flow]\npoints = 4\n[model]\nd_hidden = \"data.n_data\"\n",
      "data.n_data follows from one_pass");
  const std::string ladder = "[grid]\nn_params = [1e4]\n[ladder]\nvary = \"d_hidden\"\n";
  expect_error("[training]\nlearning_rate = \"1 / model.d_hidden\"\n" + ladder,
               "s.toml:2:22: the ladder sets model.d_hidden");
  expect_error("[model]\nd_hidden = \"4 * d_model\"\n" + ladder,
               "s.toml:2:12: model.d_hidden is computed here, but the ladder");
  EXPECT_NE(error_of("[training]\nlearning_rate = \"1 / model.d_model\"\n" + ladder).find("no error"),
            std::string::npos);
  expect_error("[model]\nd_hidden = \"4 * d_model\"\n[grid]\n\"model.d_hidden\" = [8, 16]\n",
               "s.toml:2:12: model.d_hidden is computed here, but the grid varies it too");
}

TEST(ComputedKeys, LongAndNestedTextsAreBounded) {
  const std::string deep = std::string(2000, '(') + "d_model" + std::string(2000, ')');
  EXPECT_EQ(sweep::experiment_from(parse_toml("[model]\nd_hidden = \"" + deep + "\"\n", "e.toml")).model.d_hidden,
            model::ModelOptions{}.d_model);
  expect_error("[model]\nd_hidden = \"" + std::string(5000, '(') + "d_model\"\n", "at most 4096 characters");
  expect_error("[model]\nd_hidden = \"d_model ^ 999999\"\n", "expected");
}

}  // namespace
}  // namespace phaselaw
