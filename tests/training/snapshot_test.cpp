// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/snapshot.h"

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>

#include <gtest/gtest.h>
#include <unistd.h>

#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "training/small_run.h"

namespace phaselaw::training {
namespace {

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() / fmt::format("phaselaw-{}-{}", name, ::getpid())).string();
}

TrainingResult<float> continued(const model::ModelOptions& options, const data::Split& split,
                                const TrainingOptions& training, const Continuation<float>& continuation) {
  const model::Transformer<float> model(options);
  return train<float>(model, model::initialise<float>(model.table(), 5), split, training, 5, {}, continuation);
}

std::vector<std::uint64_t> bits_of(const Measurement& m) {
  std::vector<std::uint64_t> bits;
  Measurement::fields(m, [&](auto, const auto& x, auto&&...) { bits.push_back(std::bit_cast<std::uint64_t>(x)); });
  return bits;
}

void expect_same_bits(const TrainingResult<float>& a, const TrainingResult<float>& b) {
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.learning_rate, b.learning_rate);
  EXPECT_EQ(a.theta, b.theta);
  ASSERT_EQ(a.curve.size(), b.curve.size());
  for (std::size_t i = 0; i < a.curve.size(); ++i) {
    EXPECT_EQ(bits_of(a.curve[i]), bits_of(b.curve[i]));
  }
}

// Every optimiser, a batch that crosses epochs, a schedule, clipping, an offset and a probed rate: everything that a
// state has to carry. Kept at each step, continued from each through the file's bytes.
TEST(Snapshot, ContinuesToTheSameBitsFromEveryStep) {
  auto options = small_model();
  options.init_scale = 0.5;
  const auto split = teacher_split(options, 7, 4, 0.2);
  for (const auto kind : {OptimizerKind::gd, OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adamw}) {
    TrainingOptions training;
    training.optimizer = kind;
    training.batch = 3;
    training.steps = 21;
    training.warmup = 0.2;
    training.schedule = Schedule::cosine;
    training.gradient_clip = 0.5;
    training.weight_decay = 0.01;
    const auto whole = continued(options, split, training, {});
    std::vector<TrainingState<float>> kept;
    Continuation<float> keeping;
    keeping.due = [](std::int64_t) { return true; };
    keeping.keep = [&](const TrainingState<float>& state) { kept.push_back(state); };
    expect_same_bits(continued(options, split, training, keeping), whole);
    ASSERT_EQ(kept.size(), 21U);
    for (const auto& state : kept) {
      const std::string path = scratch("snapshot");
      write_snapshot(path, state, "this run");
      const auto read = read_snapshot<float>(path, "this run");
      std::filesystem::remove(path);
      ASSERT_TRUE(read.has_value());
      Continuation<float> from;
      from.from = &*read;
      expect_same_bits(continued(options, split, training, from), whole);
    }
  }
}

TEST(Snapshot, AnInterruptionKeepsTheStateAndTokensResumeToo) {
  const auto options = token_model();
  const auto split = token_split(options, 6);
  TrainingOptions training;
  training.optimizer = OptimizerKind::adamw;
  training.batch = 4;
  training.steps = 30;
  const auto whole = continued(options, split, training, {});
  std::optional<TrainingState<float>> kept;
  Continuation<float> interrupted_at_10;
  interrupted_at_10.due = [](std::int64_t step) {
    if (step == 10) base::set_interrupted(true);  // seen in the gradient, before the update
    return false;
  };
  interrupted_at_10.keep = [&](const TrainingState<float>& state) { kept = state; };
  EXPECT_THROW((void)continued(options, split, training, interrupted_at_10), base::Interrupted);
  base::set_interrupted(false);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->steps, 10);
  Continuation<float> from;
  from.from = &*kept;
  expect_same_bits(continued(options, split, training, from), whole);
}

TEST(Snapshot, EveryFieldOfAMeasurementComesBack) {
  TrainingState<float> state;
  Measurement m;
  double next = 1;
  Measurement::fields(m,
                      [&](auto, auto& x, auto&&...) { x = static_cast<std::remove_reference_t<decltype(x)>>(next++); });
  state.curve = {m};
  const auto read = snapshot_from_bytes<float>(snapshot_bytes(state, "a"), "a");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(bits_of(read->curve.at(0)), bits_of(m));
}

// A file that is cut anywhere, changed anywhere or of something else is no snapshot, never a wrong one.
TEST(Snapshot, ADamagedOrForeignFileIsNone) {
  TrainingState<float> state;
  state.steps = 3;
  state.curve.resize(2, {.tokens = 0});
  state.theta = {1, 2, 3};
  state.first_moment = {4, 5, 6};
  const std::string bytes = snapshot_bytes(state, "a"), path = scratch("damaged");
  const auto read = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    return read_snapshot<float>(path, "a").has_value();
  };
  EXPECT_TRUE(read(bytes));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) EXPECT_FALSE(read(bytes.substr(0, cut))) << cut;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    EXPECT_FALSE(read(changed)) << at;
  }
  EXPECT_FALSE(read(bytes + "x"));
  EXPECT_FALSE(read(snapshot_bytes(state, "b")));
  EXPECT_FALSE(read(snapshot_bytes(TrainingState<double>{}, "a")));
  std::filesystem::remove(path);
  EXPECT_FALSE(read_snapshot<float>(path, "a").has_value());
}

}  // namespace
}  // namespace phaselaw::training
