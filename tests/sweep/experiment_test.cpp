// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/experiment.h"

#include <gtest/gtest.h>

#include <set>

namespace phaselaw {
namespace {

using base::parse_toml;

std::string error_of(const std::string& text, bool study = false) {
  try {
    if (study)
      (void)sweep::study_from(parse_toml(text, "s.toml"));
    else
      (void)sweep::experiment_from(parse_toml(text, "e.toml"));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Experiment, DefaultsAreFilledInAndResolveToThemselves) {
  const auto e = sweep::experiment_from(parse_toml("seed = 7\n[model]\nn_layers = 3\n", "e.toml"));
  EXPECT_EQ(e.seed, 7);
  EXPECT_EQ(e.model.n_layers, 3);
  EXPECT_EQ(e.model.d_model, model::ModelOptions{}.d_model);
  const auto again = sweep::experiment_from(sweep::resolved(e));
  EXPECT_EQ(base::to_json(sweep::resolved(again)), base::to_json(sweep::resolved(e)));
}

TEST(Experiment, ErrorsNameThePlaceAndTheNearestName) {
  EXPECT_EQ(error_of("[model]\nn_layer = 3\n").substr(0, 13), "e.toml:2:11: ");
  EXPECT_NE(error_of("[model]\nn_layer = 3\n").find("did you mean 'n_layers'"), std::string::npos);
  EXPECT_NE(error_of("[modle]\n").find("did you mean 'model'"), std::string::npos);
  EXPECT_NE(error_of("[model]\nd_model = -4\n").find("must be >= 1; found -4"), std::string::npos);
  EXPECT_NE(error_of("[model]\nd_model = \"16\"\n").find("expected an integer"), std::string::npos);
  EXPECT_NE(error_of("[data]\nnoise = -0.1\n").find("noise must be >= 0"), std::string::npos);
  EXPECT_NE(error_of("[data]\nn_test = 0\n").find("n_test must be >= 1"), std::string::npos);
  EXPECT_NE(error_of("[data]\nnoise = nan\n").find("noise"), std::string::npos);
  EXPECT_NE(error_of("[training]\noptimizer = \"adam\"\n").find("did you mean 'adamw'"), std::string::npos);
  EXPECT_NE(error_of("seed = -1\n").find("seed must be >= 0"), std::string::npos);
  EXPECT_NE(error_of("seed = \n").find("e.toml:1:"), std::string::npos);
  EXPECT_NE(error_of("[grid]\nseeds = 2\n").find("phaselaw sweep"), std::string::npos);
  EXPECT_NE(error_of("[model]\nreadout = \"tokens\"\n").find("source = \"text\""), std::string::npos);
}

TEST(Experiment, OnePassSetsTheSizeOfTheData) {
  const std::string text = "[training]\nbatch = 8\nsteps = 40\n[data]\none_pass = true\n";
  const auto e = sweep::experiment_from(parse_toml(text, "e.toml"));
  EXPECT_EQ(e.data.n_data, 320);
  EXPECT_EQ(sweep::experiment_from(sweep::resolved(e)).data.n_data, 320);
  EXPECT_EQ(sweep::experiment_from(parse_toml(text + "n_data = 320\n", "e.toml")).data.n_data, 320);
  EXPECT_NE(
      error_of(text + "n_data = 64\n")
          .find(
              "e.toml:6:10: data.one_pass uses each sequence once, so n_data = batch * steps = 8 * 40 = 320; found 64"),
      std::string::npos)
      << error_of(text + "n_data = 64\n");
  EXPECT_NE(
      error_of("[training]\noptimizer = \"gd\"\n[data]\none_pass = true\n").find("needs an optimizer with batches"),
      std::string::npos);
  EXPECT_NE(
      error_of("[training]\nsteps = 1000000000\n[data]\none_pass = true\n").find("reduce steps, batch or seq_len"),
      std::string::npos);
  const auto study = sweep::study_from(parse_toml(text + "[grid]\n\"training.steps\" = [5, 10]\n", "s.toml"));
  EXPECT_EQ(study.points[0].experiment.data.n_data, 40);
  EXPECT_EQ(study.points[1].experiment.data.n_data, 80);
  const auto ladder = sweep::study_from(
      parse_toml("[data]\none_pass = true\n[grid]\nn_params = [8000]\n[ladder]\ntokens_per_param = 4\n", "s.toml"));
  const auto& sized = ladder.points[0].experiment;
  EXPECT_NE(sized.training.steps, training::TrainingOptions{}.steps);
  EXPECT_EQ(sized.data.n_data, sized.training.batch * sized.training.steps);
}

TEST(Study, ExpandsTheGridWithReplicatesInnermost) {
  const auto study = sweep::study_from(
      parse_toml("seed = 5\n[grid]\n\"model.d_hidden\" = [8, 16]\ndata.n_data = [32, 64, 128]\nseeds = 2\n", "s.toml"));
  ASSERT_EQ(study.points.size(), 12U);
  std::set<std::string> keys;
  for (std::size_t i = 0; i < study.points.size(); ++i) {
    EXPECT_EQ(study.points[i].index, static_cast<std::int64_t>(i));
    EXPECT_GT(study.points[i].cost_flop, 0);
    keys.insert(study.points[i].key);
  }
  EXPECT_EQ(keys.size(), 12U);
  EXPECT_EQ(study.points[0].experiment.seed, 5);
  EXPECT_EQ(study.points[1].experiment.seed, 6);
  EXPECT_EQ(study.points[0].experiment.data.n_data, 32);
  EXPECT_EQ(study.points[2].experiment.model.d_hidden, 16);  // the alphabetically last key varies fastest
  EXPECT_EQ(study.points[4].experiment.data.n_data, 64);
}

TEST(Study, ErrorsAreClear) {
  EXPECT_NE(error_of("[grid]\n\"data.n_data\" = []\n", true).find("at least one value"), std::string::npos);
  EXPECT_NE(error_of("[grid]\nn_data = [1]\n", true).find("section.key"), std::string::npos);
  EXPECT_NE(error_of("[grid]\n\"data.n_dta\" = [1]\n", true).find("did you mean 'n_data'"), std::string::npos);
  EXPECT_NE(error_of("[grid]\n\"data.n_data\" = [0]\n", true).find("n_data must be >= 1"), std::string::npos);
  EXPECT_NE(error_of("[grid]\nseeds = 0\n", true).find("seeds must be >= 1"), std::string::npos);
  EXPECT_NE(error_of("[grid]\n", true).find("the grid is empty"), std::string::npos);
  const std::string large = error_of("[grid]\n\"training.steps\" = [1000, 2000]\nseeds = 10000000\n", true);
  for (const char* part : {"s.toml:1:", "has 20,000,000 runs", "the limit is 100,000", "days"})
    EXPECT_NE(large.find(part), std::string::npos) << large;
}

}  // namespace
}  // namespace phaselaw
