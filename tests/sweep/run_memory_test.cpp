// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/run_memory.h"

#include <chrono>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "phaselaw/base/memory.h"
#include "phaselaw/sweep/cost.h"

namespace phaselaw::sweep {
namespace {

Study study_of(const std::string& text) { return study_from(base::parse_toml(text, "s.toml")); }

std::string refusal(const std::string& text) {
  try {
    (void)study_of(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RunMemory, GrowsAsTheSizesDo) {
  Experiment e;
  e.data.n_data = 100000;
  e.data.n_test = 1000;
  const RunMemory one = memory_of(e, 1);
  // Inputs of width d_model, and targets with and without noise, in double; a copy in float.
  EXPECT_EQ(one.data, 101000.0 * 8 * 16 * 3 * (sizeof(double) + sizeof(float)));
  e.data.n_data = 201000;
  EXPECT_NEAR(memory_of(e, 1).data, 2 * one.data, 1e-9 * one.data);
  EXPECT_EQ(memory_of(e, 1).parameters, one.parameters);
  e.training.optimizer = training::OptimizerKind::adamw;  // two moments, each also in the snapshot
  EXPECT_NEAR(memory_of(e, 1).parameters / one.parameters, 7.0 / 3, 1e-12);
  EXPECT_GE(memory_of(e, 8).passes, memory_of(e, 1).passes);
  e.training.measurements_per_doubling *= 10;
  EXPECT_NEAR(memory_of(e, 1).curve / one.curve, 10, 1e-9);
}

TEST(RunMemory, TheMachineHasSome) {
  EXPECT_GT(base::machine_memory(), 1e8);
  EXPECT_LT(base::machine_memory(), 1e16);
  EXPECT_EQ(base::memory_text(3.0 * (1 << 30)), "3.3 GB");
  EXPECT_EQ(base::memory_text(340e6), "340 MB");
}

// More than any machine has: refused with the need, the limit and the key, in microseconds and without the memory.
TEST(RunMemory, RunsThatDoNotFitAreRefused) {
  Experiment e;
  e.model.seq_len = static_cast<std::int64_t>(model::kMostTokens);
  e.data.n_data = e.data.n_test = 1;
  try {
    require_memory(e, 1, {"e.toml", 3, 1});
    FAIL() << "attention over 1e7 tokens fits";
  } catch (const base::InputError& error) {
    for (const char* part : {"e.toml:3:1", "needs about", "are available", "model.seq_len"})
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
  const Experiment small;
  EXPECT_NO_THROW(require_memory(small, 4));
}

// Each run fits, and three of five at once do not.
TEST(RunMemory, WorkersShareTheMachine) {
  const double limit = base::machine_memory();
  Point point;
  Experiment& e = point.experiment;
  e.data.n_test = 1;
  while (memory_of(e, 1).total() < 0.35 * limit) e.data.n_data = e.data.n_data * 21 / 20 + 1;
  ASSERT_LT(memory_of(e, 1).total(), 0.4 * limit);
  const std::vector<const Point*> points(5, &point);
  EXPECT_NO_THROW(require_memory(points, 1));
  EXPECT_NO_THROW(require_memory(points, 2));
  EXPECT_NO_THROW(require_memory({&point}, 64));
  try {
    require_memory(points, 3);
    FAIL() << "three runs fit";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("--threads: the 3 largest runs at once need"), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("use --threads 2"), std::string::npos) << error.what();
  }
}

TEST(RunMemory, SizesAreRefusedAtTheirKeys) {
  const auto says = [](const std::string& message, const char* place, const char* key) {
    EXPECT_NE(message.find(place), std::string::npos) << message;
    EXPECT_NE(message.find(key), std::string::npos) << message;
  };
  says(refusal("[data]\nn_test = 8\nn_data = 900000000000\n"), "s.toml:3:", "n_data");
  says(refusal("[data]\nn_test = 800000000000\nn_data = 9\n"), "s.toml:2:", "n_test");
  says(refusal("[data]\nn_data = 9223372036854775807\n"), "s.toml:2:", "n_data must be in [1, 1e12]");
  says(refusal("[model]\nseq_len = 1000000000\n"), "s.toml:2:", "seq_len must be in [1, 1e7]");
  says(refusal("[model]\nn_layers = 9999\nd_model = 512\nd_hidden = 9999\n"), "s.toml:1:", "n_layers = 9999");
  says(refusal("[training]\nsteps = 5\nmeasurements_per_doubling = 9223372036854775807\n"),
       "s.toml:3:", "measurements_per_doubling");
  says(refusal("[data]\nteacher_d_hidden = 900000000\n[model]\nd_model = 64\n"),
       "s.toml:1:", "teacher_d_hidden = 900000000");
  says(refusal("seed = 9223372036854775807\n"), "s.toml:1:", "seed must be in [0, 9007199254740991]");
  says(refusal("[data]\none_pass = true\n[training]\nsteps = 1000000000000\nbatch = 1000\n"), "s.toml:2:", "batch");
}

// Steps follow from tokens per parameter: more than can be counted are refused and not wrapped around.
TEST(RunMemory, LaddersOfMoreStepsThanCanBeCountedAreRefused) {
  const std::string ladder = "[grid]\nn_params = [1e4]\n[ladder]\ntokens_per_param = ";
  EXPECT_GT(study_of(ladder + "1e10\n").points.front().experiment.training.steps, 1e11);
  for (const char* tokens : {"1e18", "1e300"}) {
    const std::string message = refusal(ladder + tokens + "\n");
    EXPECT_NE(message.find("s.toml:4:"), std::string::npos) << message;
    EXPECT_NE(message.find("tokens_per_param"), std::string::npos) << message;
    EXPECT_NE(message.find("the limit is 1e15"), std::string::npos) << message;
  }
  EXPECT_NE(refusal("[grid]\nn_params = [1e30]\n").find("s.toml:2:"), std::string::npos);
}

// Timing a model of 1.5e9 parameters needs neither its memory nor the time of its steps.
TEST(RunMemory, LargeModelsAreTimedOnSmallerOnes) {
  const Study study = study_of(
      "[model]\nn_layers = 48\nd_model = 1600\nd_hidden = 6400\nn_heads = 25\nd_head = 64\nseq_len = 1024\n"
      "vocab = 50257\nreadout = \"tokens\"\n[data]\nsource = \"associations\"\nassociations_contexts = 1000\nn_data = 10000\nn_test = 4\n"
      "[training]\nbatch = 512\nsteps = 100000\n");
  const Point& point = study.points.front();
  EXPECT_GT(point.n_params, 1500000000);
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto start = std::chrono::steady_clock::now();
  const CostModel cost = calibrate({&point}, 2);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ::getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(static_cast<double>(after.ru_maxrss - before.ru_maxrss) / 1024, 700) << "MiB";
  EXPECT_LT(seconds, 20);  // about one on a quiet machine
  // The speed per FLOP is that of a machine, and the time that of the whole run.
  const double rate = point.cost_flop / cost.seconds(point.experiment);
  EXPECT_GT(rate, 1e8);
  EXPECT_LT(rate, 1e13);
}

}  // namespace
}  // namespace phaselaw::sweep
