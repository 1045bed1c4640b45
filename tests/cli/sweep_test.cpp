// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"
#include "phaselaw/numerics/gemm_bfloat16.h"
#include "phaselaw/store/sqlite.h"

namespace phaselaw {
namespace {

using testing::CliFixture;
using SweepCliTest = CliFixture;

TEST_F(SweepCliTest, DryRunTellsRunsCostAndTimeAndWritesNothing) {
  const auto outcome = run({"sweep", path("study.toml"), "--dry-run", "--out", path("s.db"), "--threads", "2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part : {"n_params", "cost", "time", "4 runs", "on 2 workers: one model each on one thread"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
  EXPECT_FALSE(std::filesystem::exists(path("s.db")));
  ASSERT_EQ(run({"sweep", path("study.toml"), "--dry-run", "--json", path("plan.json")}).code, 0);
  const auto plan = base::read_json(path("plan.json"));
  double flop = 0, seconds = 0;
  for (const auto& point : plan.at("runs").list()) {
    flop += point.at("compute_flop").number();
    seconds += point.at("seconds").number();
  }
  EXPECT_EQ(plan.at("runs").list().size(), 4U);
  EXPECT_DOUBLE_EQ(plan.at("compute_flop").number(), flop);
  EXPECT_LE(plan.at("seconds").number(), seconds);
  EXPECT_GT(plan.at("seconds").number(), 0);
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db"), "--shard", "0/2"}).code, 0);
  EXPECT_NE(run({"sweep", path("study.toml"), "--dry-run", "--out", path("s.db")}).out.find("2 runs (2 more are in"),
            std::string::npos);
}

TEST_F(SweepCliTest, LadderShowsWantedAndSolvedSizes) {
  write("ladder.toml", base::read_text(path("exp.toml")) + "[grid]\nn_params = [2000, 8000]\n");
  const auto outcome = run({"sweep", path("ladder.toml"), "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part : {"wanted", "2k (", "8k (", " %)"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << outcome.out;
}

TEST_F(SweepCliTest, PrecisionIsRecordedAndAFitOfTwoIsWarnedOf) {
  write(
      "mixed.toml",
      base::read_text(path("exp.toml")) +
          "[grid]\n\"model.d_hidden\" = [4, 8, 16, 32]\n\"training.precision\" = [\"float32\", \"bfloat16-emulated\"]\n");
  ASSERT_EQ(run({"sweep", path("mixed.toml"), "--out", path("mixed.db")}).code, 0);
  const auto table = run({"export", path("mixed.db")}).out;
  EXPECT_NE(table.substr(0, table.find('\n')).find(",precision,"), std::string::npos) << table.substr(0, 200);
  EXPECT_NE(table.find(",bfloat16-emulated,"), std::string::npos);
  write("mixed.csv", table);
  const std::vector<std::string> fit = {"fit",
                                        path("mixed.csv"),
                                        "--law",
                                        "E + A*n_params^-alpha",
                                        "--last",
                                        "--col",
                                        "loss=test_loss",
                                        "--interval",
                                        "none",
                                        "--mis-fitting-checklist"};
  const auto mixed = run(fit);
  EXPECT_EQ(mixed.code, 0) << mixed.err;
  EXPECT_NE(mixed.err.find("mixes runs of 2 precisions (bfloat16-emulated in 4 rows, float32 in 4 rows)"),
            std::string::npos)
      << mixed.err;
  EXPECT_NE(mixed.out.find("bfloat16-emulated (4 rows), float32 (4 rows)"), std::string::npos) << mixed.out;
  auto one = fit;
  one.insert(one.end(), {"--where", "precision=float32"});
  const auto single = run(one);
  EXPECT_EQ(single.code, 0) << single.err;
  EXPECT_EQ(single.err.find("precisions"), std::string::npos) << single.err;
}

TEST_F(SweepCliTest, Bfloat16IsRefusedBeforeAnythingIsWritten) {
  if (numerics::bfloat16_missing().empty()) GTEST_SKIP() << "this processor has bfloat16";
  write("bf16.toml", base::read_text(path("exp.toml")) + "precision = \"bfloat16\"\n");
  write("bf16_study.toml", base::read_text(path("bf16.toml")) + "[grid]\nseeds = 2\n");
  for (const auto& words : {std::vector<std::string>{"train", path("bf16.toml"), "--out", path("run")},
                            {"sweep", path("bf16_study.toml"), "--out", path("bf16.db")},
                            {"sweep", path("bf16_study.toml"), "--dry-run"}}) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_NE(outcome.err.find("training.precision: this processor cannot multiply bfloat16"), std::string::npos)
        << outcome.err;
  }
  EXPECT_FALSE(std::filesystem::exists(path("run")));
  EXPECT_FALSE(std::filesystem::exists(path("bf16.db")));
}

TEST_F(SweepCliTest, ShardsMergeToTheWholeAndCheckVerifiesIt) {
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("whole.db")}).code, 0);
  for (const char* i : {"0", "1", "2"})
    ASSERT_EQ(
        run({"sweep", path("study.toml"), "--out", path(std::string("s") + i), "--shard", std::string(i) + "/3"}).code,
        0);
  const auto part = run({"check", path("s0")});
  EXPECT_EQ(part.code, 0) << part.err;
  EXPECT_NE(part.out.find("of 4 runs present"), std::string::npos) << part.out;
  EXPECT_EQ(run({"check", path("s0"), "--complete"}).code, 1);
  const auto merged = run({"merge", path("m.db"), path("s0"), path("s1"), path("s2")});
  EXPECT_EQ(merged.code, 0) << merged.err;
  EXPECT_NE(merged.out.find("4 runs in"), std::string::npos) << merged.out;
  EXPECT_EQ(run({"export", path("m.db")}).out, run({"export", path("whole.db")}).out);
  EXPECT_EQ(run({"check", path("m.db"), "--complete"}).code, 0);

  store::Database(path("m.db"), SQLITE_OPEN_READWRITE, "").execute("UPDATE measurements SET time = 1 WHERE run = 2");
  const auto damaged = run({"check", path("m.db"), "--json", path("check.json")});
  EXPECT_EQ(damaged.code, 1);
  EXPECT_NE(damaged.out.find("run 2: its checksum"), std::string::npos) << damaged.out;
  EXPECT_FALSE(base::read_json(path("check.json")).at("sound").boolean());
  expect_bad({"merge", path("m2.db"), path("whole.db"), path("m.db")}, "run 2 differs from the one in");
  expect_bad({"check", path("exp.toml")}, "expected an SQLite database");
  expect_bad({"merge", path("m3.db"), path("absent.db")}, "does not exist");
  expect_bad({"sweep", path("study.toml"), "--out", path("x.db"), "--shard", "3/3"}, "0 <= i < k");
}

TEST_F(SweepCliTest, CurvesForDashboards) {
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db")}).code, 0);
  EXPECT_EQ(run({"export", path("s.db"), "--format", "tensorboard-csv"}).out.substr(0, 12), "run,tag,step");
  EXPECT_EQ(run({"export", path("s.db"), "--format", "wandb-jsonl"}).out.substr(0, 17), "{\"run\":\"run-00000");
  ASSERT_EQ(run({"export", path("s.db"), "--format", "tensorboard", "--out", path("tb")}).code, 0);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path("tb")))
    files += entry.path().filename().string().find("tfevents") != std::string::npos ? 1 : 0;
  EXPECT_EQ(files, 4U);
  expect_bad({"export", path("s.db"), "--format", "tensorboard"}, "name a directory");
  expect_bad({"export", path("s.db"), "--format", "csv", "--out", path("tb")}, "--out");
}

}  // namespace
}  // namespace phaselaw
