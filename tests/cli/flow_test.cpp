// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

constexpr const char* kModel =
    "seed = 2\n[model]\nn_layers = 1\nd_model = 4\nd_hidden = 16\nn_heads = 1\nd_head = 4\nseq_len = 3\n"
    "activation = \"gelu\"\ninit_scale = 0.0\noutput_scale = 20.0\n[data]\nn_data = 6\nn_test = 8\nnoise = 0.1\n";
constexpr const char* kTraining = "[training]\nbatch = 3\nsteps = 60\n";
constexpr const char* kFlow = "[flow]\npoints = 8\nrecords = 3\n";

class FlowVerb : public testing::CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    write("e.toml", std::string(kModel) + kTraining + kFlow);
  }
  std::string with(const std::string& flow, const std::string& training = kTraining) {
    write("w.toml", std::string(kModel) + training + flow);
    return path("w.toml");
  }
};

TEST_F(FlowVerb, WritesItsFiles) {
  const auto outcome = run({"flow", path("e.toml"), "--out", path("f"), "--json", path("j.json")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"report.html", "trajectories.csv", "drift.csv", "methods.csv", "flow.json"})
    EXPECT_TRUE(std::filesystem::exists(path("f") + "/" + name)) << name;
  const auto json = base::read_json(path("j.json"));
  for (const char* view : {"kernel", "gd", "sgd", "sgd_epochs", "flow", "trained"})
    EXPECT_NE(json.at("curves").find(view), nullptr) << view;
  EXPECT_GT(json.at("curves").at("sgd_epochs").at("train_loss_error").number(), 0);
  EXPECT_EQ(json.at("curves").at("sgd").find("train_loss_error"), nullptr);
  EXPECT_NE(outcome.out.find("sgd_epochs against training"), std::string::npos);
  EXPECT_NE(outcome.out.find("sgd assumes independent batches"), std::string::npos);
  EXPECT_EQ(json.at("n_rows").integer(), 6 * 3 * 4);
  EXPECT_NE(outcome.out.find("kernel against flow"), std::string::npos);
}

TEST_F(FlowVerb, AGridIsAStudyOfTheDrift) {
  write("s.toml", std::string(kModel) + "[grid]\n\"model.output_scale\" = [10.0, 100.0]\nseeds = 2\n");
  ASSERT_EQ(run({"flow", path("s.toml"), "--out", path("s")}).code, 0);
  const auto json = base::read_json(path("s") + "/flow.json");
  EXPECT_EQ(json.at("axis").text(), "model.output_scale");
  EXPECT_EQ(json.at("points").integer(), 4);
  // Drift is proportional to the residual over the output scale.
  EXPECT_NEAR(json.at("slopes").list().front().at("value").number(), -1, 0.3);
}

TEST_F(FlowVerb, BadInput) {
  expect_bad({"flow", with("[flow]\ntime = -1.0\n"), "--out", path("x")}, "time");
  expect_bad({"flow", with("[flow]\nrtol = 1e-18\n"), "--out", path("x")}, "2.3e-14");
  expect_bad({"flow", with("[flow]\ntimme = 1.0\n"), "--out", path("x")}, "did you mean 'time'");
  expect_bad({"flow", with("[flow]\npoints = 1\n"), "--out", path("x")}, "points");
  write("g.toml", std::string(kModel) + "[grid]\n\"flow.rtol\" = [1e-6, 1e-8]\n");
  expect_bad({"flow", path("g.toml"), "--out", path("x")}, "does not affect a training run");
  write("h.toml", std::string(kModel) + "[grid]\n\"model.activation\" = [\"gelu\", \"tanh\"]\n");
  expect_bad({"flow", path("h.toml"), "--out", path("x")}, "varies no number");
  EXPECT_FALSE(std::filesystem::exists(path("x") + "/flow.json"));
}

TEST_F(FlowVerb, AStepBeyondTheLimitWarnsWithTheLimit) {
  const auto outcome = run(
      {"flow", with("[flow]\ntime = 1e-3\npoints = 4\nrecords = 2\n", "[training]\nsteps = 5\nlearning_rate = 50.0\n"),
       "--out", path("f")});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("stable below a learning rate of"), std::string::npos) << outcome.err;
}

TEST_F(FlowVerb, PredictWritesItsFilesAndNamesBadSizes) {
  const auto outcome =
      run({"predict", path("e.toml"), "--n-data", "2,4", "--resamples", "10", "--out", path("p"), "--check"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"report.html", "predicted.csv", "predict.json"})
    EXPECT_TRUE(std::filesystem::exists(path("p") + "/" + name)) << name;
  const auto json = base::read_json(path("p") + "/predict.json");
  EXPECT_GT(json.at("check").at("median_error").number(), 0);
  expect_bad({"predict", path("e.toml"), "--n-data", "4,64", "--out", path("x")}, "64 is more than the 6");
  expect_bad({"predict", path("e.toml"), "--n-data", "4;6", "--out", path("x")},
             "expected an integer >= 2; found '4;6'");
  expect_bad({"predict", path("e.toml"), "--n-data", "1", "--out", path("x")}, ">= 2");
}

TEST_F(FlowVerb, TheoryFromAnExperiment) {
  ASSERT_EQ(run({"theory", "--from", path("e.toml"), "--json", path("t.json")}).code, 0);
  const auto json = base::read_json(path("t.json"));
  EXPECT_EQ(json.at("measured").at("layers").list().size(), 1U);
  EXPECT_GT(json.at("measured").at("rate").number(), 0);
  bool width = false;
  for (const auto& check : json.at("checks").list())
    if (check.at("statement").text().find("width") != std::string::npos) {
      width = true;
      EXPECT_GT(check.at("log10_bound").number(), check.at("log10_measured").number());
      EXPECT_FALSE(check.at("holds").boolean());
    }
  EXPECT_TRUE(width);
}

}  // namespace
}  // namespace phaselaw
