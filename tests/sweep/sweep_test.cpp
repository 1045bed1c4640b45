// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/sweep.h"

#include <atomic>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/store/merge.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/training/objective.h"
#include "sweep/small_study.h"

namespace phaselaw {
namespace {

constexpr const char* kStudy = testing::kSmallStudy;
using SweepTest = testing::StudyFixture;

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

// Batches with several shards, on one and on several threads for each run, also when the threads of the next run are
// not free yet.
TEST_F(SweepTest, SeveralThreadsInARunGiveTheSameBytes) {
  auto document = base::parse_toml(kStudy, "study.toml");
  for (const auto& [key, value] : {std::pair{"d_model", 16}, {"d_hidden", 1024}, {"seq_len", 32}})
    document["model"][key] = std::int64_t{value};
  document["data"]["n_test"] = std::int64_t{4};
  document["training"]["steps"] = std::int64_t{2};
  document["training"]["batch"] = std::int64_t{64};
  document["grid"] =
      base::Value::table({{"data.n_data", base::Value(base::Value::List{std::int64_t{64}, std::int64_t{80}})}});
  const auto study = sweep::study_from(document);
  const auto& e = study.points.front().experiment;
  ASSERT_GE(training::gradient_shards(e.model, sweep::batch_of(e)), 2);
  auto one = open("one.db", study), three = open("three.db", study), pairs = open("pairs.db", study);
  (void)sweep::run_study(study, one, {.threads = 1});
  (void)sweep::run_study(study, three, {.threads = 3, .threads_a_run = 2});
  (void)sweep::run_study(study, pairs, {.threads = 4, .threads_a_run = 2});
  EXPECT_GT(exported(one).size(), 100U);
  EXPECT_EQ(exported(one), exported(three));
  EXPECT_EQ(exported(one), exported(pairs));
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

// Snapshots at every step, runs given up in their middle, then a sweep that goes on with them.
TEST_F(SweepTest, RunsInFlightGoOnFromTheirSnapshots) {
  auto whole = open("whole.db"), parts = open("parts.db");
  (void)sweep::run_study(study_, whole, {.threads = 1});
  for (const auto& point : study_.points) {
    sweep::RunContext context;
    context.snapshot = {path("parts.db") + fmt::format("-runs/{}.state", point.index), 1e9, 7};
    std::atomic<bool> stop{false};
    context.stop = &stop;
    context.progress = [&](double) { stop = true; };
    base::set_interrupted(point.index % 2 == 1);  // those give nothing: interrupted before their first step
    try {
      (void)sweep::carry_out(point.experiment, context);
      EXPECT_FALSE(base::interrupted());  // a short run may end before it reports its progress
    } catch (const base::Interrupted&) {
    }
    base::set_interrupted(false);
  }
  std::filesystem::create_directories(path("parts.db") + "-runs");
  std::ofstream(path("parts.db") + "-runs/0.state.part-1") << "half";
  const auto summary = sweep::run_study(study_, parts, {.threads = 2, .snapshot_every_s = 0});
  EXPECT_EQ(summary.done, 12);
  EXPECT_EQ(exported(parts), exported(whole));
  EXPECT_FALSE(std::filesystem::exists(path("parts.db") + "-runs"));  // nothing is left behind
  EXPECT_FALSE(std::filesystem::exists(path("parts.db") + "-claims"));
}

TEST_F(SweepTest, AnInterruptedRunIsResumedAtItsStepNotAtItsStart) {
  const auto& point = study_.points.front();
  sweep::RunContext context;
  context.snapshot = {path("one.state"), 1e9, 10};
  std::atomic<bool> stop{false};
  context.stop = &stop;
  std::int64_t calls = 0;
  const auto whole = sweep::carry_out(point.experiment, context);  // leaves the snapshot of step 30
  EXPECT_EQ(whole.resumed_from, 0);
  context.progress = [&](double share) { EXPECT_TRUE(calls++ > 0 || share == 0.75) << share; };
  const auto rest = sweep::carry_out(point.experiment, context);
  EXPECT_EQ(rest.resumed_from, 30);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(base::to_json(rest.summary), base::to_json(whole.summary));
  EXPECT_EQ(rest.theta, whole.theta);
  stop = true;
  EXPECT_THROW((void)sweep::carry_out(point.experiment, context), base::Interrupted);
  auto other = point.experiment;  // another run's snapshot is not gone on from
  other.seed += 1;
  stop = false;
  EXPECT_EQ(sweep::carry_out(other, context).resumed_from, 0);
}

TEST_F(SweepTest, ThreeShardsMergedAreTheWhole) {
  auto whole = open("whole.db");
  (void)sweep::run_study(study_, whole, {.threads = 2});
  std::vector<std::string> names;
  std::int64_t runs = 0;
  for (std::int64_t i = 0; i < 3; ++i) {
    names.push_back(path(fmt::format("shard{}.db", i)));
    auto shard = store::Store::open_or_create(names.back(), study_.json, study_.key);
    const auto summary = sweep::run_study(study_, shard, {.threads = 1, .shard = {i, 3}});
    EXPECT_GT(summary.done, 0);
    runs += summary.done;
  }
  EXPECT_EQ(runs, 12);
  (void)store::merge(path("merged.db"), names);
  EXPECT_EQ(exported(store::Store::open_read(path("merged.db"))), exported(whole));
}

// Two processes begin the same study at the same moment: every run is carried out once.
TEST_F(SweepTest, TwoProcessesShareTheRunsOfOneStore) {
  constexpr int kProcesses = 3;
  std::vector<pid_t> children;
  int reports[2];
  ASSERT_EQ(::pipe(reports), 0);
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      std::int64_t done = -1;
      try {
        auto store = open("shared.db");
        done = sweep::run_study(study_, store, {.threads = 1}).done;
      } catch (const std::exception& error) {
        fmt::print(stderr, "{}\n", error.what());
      }
      const bool written = ::write(reports[1], &done, sizeof done) == sizeof done;
      ::_exit(written ? 0 : 1);
    }
    children.push_back(child);
  }
  std::int64_t total = 0;
  for (int i = 0; i < kProcesses; ++i) {
    std::int64_t done = 0;
    ASSERT_EQ(::read(reports[0], &done, sizeof done), static_cast<ssize_t>(sizeof done));
    EXPECT_GE(done, 0);
    total += done;
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  ::close(reports[0]);
  ::close(reports[1]);
  EXPECT_EQ(total, 12);
  auto whole = open("whole.db");
  (void)sweep::run_study(study_, whole, {.threads = 1});
  EXPECT_EQ(exported(store::Store::open_read(path("shared.db"))), exported(whole));
}

TEST_F(SweepTest, RunsHeldByAnotherProcessAreLeftToIt) {
  auto store = open("study.db");
  {
    store::Claims other(path("study.db"));
    ASSERT_TRUE(other.take(0) && other.take(5));
    const auto summary = sweep::run_study(study_, store, {.threads = 2});
    EXPECT_EQ(summary.done, 10);
    EXPECT_EQ(summary.elsewhere, 2);
  }
  EXPECT_EQ(sweep::run_study(study_, store, {.threads = 2}).done, 2);
}

TEST_F(SweepTest, AFullDiskEndsTheSweepAndTheNextOneFinishesIt) {
  auto whole = open("whole.db");
  (void)sweep::run_study(study_, whole, {.threads = 2});
  std::size_t stored = 0;
  {
    auto small = store::Store::open_or_create(path("small.db"), study_.json, study_.key, {.max_bytes = 36'000});
    EXPECT_THROW((void)sweep::run_study(study_, small, {.threads = 2}), base::RunError);
    stored = small.finished_runs().size();
    EXPECT_GT(stored, 0U);
    EXPECT_LT(stored, 12U);
  }
  auto roomy = open("small.db");
  EXPECT_EQ(sweep::run_study(study_, roomy, {.threads = 2}).already_there, static_cast<std::int64_t>(stored));
  EXPECT_EQ(exported(roomy), exported(whole));
}

TEST_F(SweepTest, DivergenceIsAnOutcome) {
  auto document = base::parse_toml(kStudy, "study.toml");
  document.set("training.learning_rate", 1e6);
  const auto study = sweep::study_from(document);
  auto db = store::Store::open_or_create(path("diverged.db"), study.json, study.key);
  const auto summary = sweep::run_study(study, db, {.threads = 2});
  EXPECT_EQ(summary.done, 12);
  EXPECT_GE(summary.diverged, 6);  // every sgd run
  for (const auto& run : db.runs()) {
    if (run.status != store::Status::kDiverged) continue;
    const auto text = base::parse_json(run.summary, "summary");
    EXPECT_LT(text.at("steps").integer(), 40);  // stopped there, and the step is recorded
    EXPECT_NE(text.at("reason").text(), "");
  }
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
