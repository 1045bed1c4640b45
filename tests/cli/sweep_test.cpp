// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <sstream>
#include <vector>

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

// The dry run refuses what the sweep refuses, with the same words, and neither leaves a store behind.
TEST_F(SweepCliTest, TheDataAreCheckedBeforeTheStoreIsMade) {
  write("text.txt", std::string(4000, 'a'));
  write("tokens.bin", std::string(4000, 'a'));  // uint16 tokens 24929
  const std::string model = "[model]\nreadout = \"tokens\"\nseq_len = 8\nn_heads = 1\nd_model = 8\nd_hidden = 8\n";
  const std::string end = "n_test = 4\n[training]\nsteps = 2\n[grid]\n\"data.n_data\" = [4, 8, 1000]\nseeds = 2\n";
  const auto text = [&](const std::string& name) { return "source = \"text\"\npath = \"" + path(name) + "\"\n"; };
  const std::string tokens = "source = \"tokens\"\npath = \"" + path("tokens.bin") + "\"\n";
  const std::pair<std::string, std::string> cases[] = {
      {model + "vocab = 128\n[data]\n" + text("text.txt"), "vocab must be at least 256; found 128"},
      {model + "[data]\n" + text("text.txt"), "n_data = 1000, but the train part of the text"},
      {model + "[data]\n" + text("none.txt"), "none.txt: cannot be read"},
      {model + "[data]\n" + tokens, "found 24929 at position 0"}};
  for (const auto& [study, part] : cases) {
    write("bad.toml", study + end);
    const auto dry = run({"sweep", path("bad.toml"), "--dry-run"});
    const auto real = run({"sweep", path("bad.toml"), "--out", path("bad.db")});
    EXPECT_EQ(dry.code, 2);
    EXPECT_EQ(real.code, 2);
    EXPECT_NE(dry.err.find(part), std::string::npos) << dry.err;
    EXPECT_EQ(dry.err, real.err);
    EXPECT_FALSE(std::filesystem::exists(path("bad.db")));
  }
  // The corrected file may use the same name.
  write("good.toml", model + "vocab = 24930\n[data]\n" + tokens +
                         "n_test = 4\n[training]\nsteps = 2\n[grid]\n\"data.n_data\" = [4]\n");
  EXPECT_EQ(run({"sweep", path("good.toml"), "--out", path("bad.db")}).code, 0);
}

// Runs that a sweep has not carried out are no results: whatever is computed from the store says so.
TEST_F(SweepCliTest, APartOfAStudyIsNeverShownAsTheWhole) {
  const std::string said = "has only 2 of the 4 runs of its study";
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db"), "--shard", "0/2"}).code, 0);
  const auto report = run({"report", path("s.db"), "--out", path("s.html"), "--resamples", "20"});
  ASSERT_EQ(report.code, 0) << report.err;
  EXPECT_NE(report.err.find(said), std::string::npos) << report.err;
  EXPECT_NE(base::read_text(path("s.html")).find(said), std::string::npos);
  EXPECT_NE(run({"fit", path("s.db"), "--json", "-", "--resamples", "20"}).out.find(said), std::string::npos);
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db")}).code, 0);
  EXPECT_EQ(run({"report", path("s.db"), "--out", path("s.html"), "--resamples", "20"}).err.find(said),
            std::string::npos);
  EXPECT_EQ(base::read_text(path("s.html")).find(said), std::string::npos);
}

TEST_F(SweepCliTest, TokenSourcesRecordTheirExcessRisk) {
  write(
      "chain.toml",
      "[model]\nreadout = \"tokens\"\nvocab = 8\nseq_len = 4\nn_heads = 1\nd_model = 8\nd_hidden = 8\n"
      "[data]\nsource = \"markov\"\none_pass = true\nn_test = 64\n[training]\noptimizer = \"adamw\"\n"
      "learning_rate = 0.01\nsteps = 200\n[grid]\n\"data.source\" = [\"markov\", \"token_teacher\", \"associations\"]\n"
      "\"data.associations_contexts\" = [64]\n");
  ASSERT_EQ(run({"sweep", path("chain.toml"), "--out", path("c.db")}).code, 0);
  ASSERT_EQ(run({"report", path("c.db"), "--out", path("report.html")}).code, 0);
  const auto page = base::read_text(path("report.html"));
  EXPECT_NE(page.find("excess risk (nats per token)"), std::string::npos);
  EXPECT_EQ(page.find("squared, per output"), std::string::npos);
  const auto table = run({"export", path("c.db"), "--format", "jsonl"}).out;
  std::istringstream lines(table);
  std::map<std::int64_t, std::vector<double>> risk;
  for (std::string line; std::getline(lines, line);) {
    const auto row = base::parse_json(line, "export");
    risk[row.at("run").integer()].push_back(row.at("excess_risk").number());
    // The test loss is the entropy of the targets plus the risk, up to the drawn targets.
    EXPECT_NEAR(row.at("test_loss").number(), row.at("target_entropy").number() + risk[row.at("run").integer()].back(),
                1);
  }
  ASSERT_EQ(risk.size(), 3U);
  for (const auto& [index, values] : risk) {
    EXPECT_LT(values.back(), values.front());
    EXPECT_GT(values.back(), 0);
  }
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
  expect_bad({"merge", path("m2.db"), path("whole.db"), path("m.db")}, "run 2: its checksum is");
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
