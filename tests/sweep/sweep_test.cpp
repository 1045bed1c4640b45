// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <gtest/gtest.h>

#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <sstream>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/store/export.h"
#include "phaselaw/sweep/run.h"

namespace phaselaw {
namespace {

constexpr const char* kStudy = R"(
seed = 3
[model]
d_model = 8
d_hidden = 16
n_heads = 1
d_head = 8
seq_len = 4
[data]
n_test = 16
noise = 0.1
[training]
steps = 40
batch = 4
learning_rate = 0.02
[grid]
"data.n_data" = [4, 8, 16]
"training.optimizer" = ["sgd", "adamw"]
seeds = 2
)";

class SweepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("phaselaw-sweep-{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    base::set_interrupted(false);
    std::filesystem::remove_all(folder_);
  }
  std::string path(const std::string& name) { return folder_ / name; }
  std::string exported(const store::Store& store) {
    std::ostringstream out;
    store::export_csv(store.runs(), out);
    return out.str();
  }
  std::filesystem::path folder_;
  sweep::Study study_ = sweep::study_from(base::parse_toml(kStudy, "study.toml"));
};

TEST_F(SweepTest, OneAndTwoThreadsGiveTheSameBytes) {
  auto one = store::Store::open_or_create(path("one.db"), study_.json, study_.key);
  auto two = store::Store::open_or_create(path("two.db"), study_.json, study_.key);
  const auto summary = sweep::run_study(study_, one, {.threads = 1});
  EXPECT_EQ(summary.done, 12);
  EXPECT_EQ(sweep::run_study(study_, two, {.threads = 2}).threads, 2);
  const std::string a = exported(one);
  EXPECT_GT(a.size(), 1000U);
  EXPECT_EQ(a, exported(two));
}

TEST_F(SweepTest, InterruptedSweepKeepsWhatIsFinishedAndResumesToTheSameBytes) {
  auto whole = store::Store::open_or_create(path("whole.db"), study_.json, study_.key);
  (void)sweep::run_study(study_, whole, {.threads = 2});
  auto parts = store::Store::open_or_create(path("parts.db"), study_.json, study_.key);
  base::set_interrupted(true);
  EXPECT_THROW((void)sweep::run_study(study_, parts, {.threads = 2}), base::Interrupted);
  EXPECT_LT(parts.finished_runs().size(), 12U);
  base::set_interrupted(false);
  for (const auto& point : study_.points)  // some runs finished before the kill
    if (point.index % 3 == 0) parts.add(sweep::to_record(point, sweep::carry_out(point.experiment)));
  const auto summary = sweep::run_study(study_, parts, {.threads = 2});
  EXPECT_EQ(summary.already_there, 4);
  EXPECT_EQ(exported(parts), exported(whole));
}

TEST_F(SweepTest, DivergenceIsAnOutcome) {
  auto document = base::parse_toml(kStudy, "study.toml");
  document.set("training.learning_rate", 1e6);
  const auto study = sweep::study_from(document);
  auto db = store::Store::open_or_create(path("diverged.db"), study.json, study.key);
  const auto summary = sweep::run_study(study, db, {.threads = 2});
  EXPECT_EQ(summary.done, 12);
  EXPECT_GE(summary.diverged, 6);  // every sgd run
}

TEST_F(SweepTest, DataThatDoNotFitEndTheSweepWithOneError) {
  auto document = base::parse_toml(kStudy, "study.toml");
  document.set("data.source", "text");
  document.set("data.path", path("missing.txt"));
  const auto study = sweep::study_from(document);
  auto db = store::Store::open_or_create(path("bad.db"), study.json, study.key);
  EXPECT_THROW((void)sweep::run_study(study, db, {.threads = 2}), base::InputError);
}

TEST_F(SweepTest, RunFilesRepeatByteForByte) {
  const auto& e = study_.points.front().experiment;
  const auto first = sweep::carry_out(e), second = sweep::carry_out(e);
  sweep::write_run(folder_, e, first, base::Value::table({{"version", "test"}}));
  EXPECT_EQ(base::to_json(first.summary), base::to_json(second.summary));
  EXPECT_EQ(first.theta, second.theta);
  const auto run = base::read_json(path("run.json"));
  const auto again = sweep::experiment_from(run.at("configuration"));
  EXPECT_EQ(base::to_json(sweep::resolved(again)), base::to_json(sweep::resolved(e)));
  for (const char* name : {"curve.csv", "weights.safetensors"})
    EXPECT_GT(std::filesystem::file_size(path(name)), 100U) << name;
}

}  // namespace
}  // namespace phaselaw
