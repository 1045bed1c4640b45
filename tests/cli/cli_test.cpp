// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "cli/cli_fixture.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

namespace fs = std::filesystem;

class CliTest : public testing::CliFixture {};

TEST_F(CliTest, WithoutAVerbItSaysWhatItCanDo) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, 0);
  for (const char* verb : {"reproduce", "train", "sweep", "fit", "theory", "report", "export"})
    EXPECT_NE(outcome.out.find(verb), std::string::npos) << verb;
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_NE(run({"fit", "--help"}).out.find("Example:"), std::string::npos);
  EXPECT_EQ(run({"--version"}).code, 0);
}

TEST_F(CliTest, UnknownWordsNameTheNearest) {
  expect_bad({"trian", path("exp.toml")}, "did you mean 'train'");
  expect_bad({"theory", "--compute", "1e9", "--nois", "0.1"}, "did you mean '--noise'");
  expect_bad({"train", path("exp.toml"), "--out", path("run"), "extra"}, "unexpected word 'extra'");
  expect_bad({"theory", "--compute", "1e9", "--edition", "v2"}, "did you mean 'v1'");
  expect_bad({"export", path("study.db"), "--format", "cvs"}, "did you mean 'csv'");
  expect_bad({"fit", path("curve.csv"), "--law", "twostage"}, "did you mean 'two-stage'");
  expect_bad({"fit", path("curve.csv"), "--objective", "hubert"}, "did you mean 'huber'");
  expect_bad({"reproduce", "--preset", "quik", "--out", path("r")}, "did you mean 'quick'");
}

TEST_F(CliTest, NumbersOutsideTheirDomainNameTheFlag) {
  expect_bad({"theory", "--compute", "-1"}, "--compute");
  expect_bad({"theory", "--compute", "nan"}, "--compute");
  expect_bad({"theory", "--compute", "abc"}, "--compute");
  expect_bad({"theory", "--compute", "1e9", "--noise", "0"}, "--noise");
  expect_bad({"theory"}, "--n-data");
  expect_bad({"theory", "--compute", "1e9", "--p", "5"}, "--edition free");
  expect_bad({"fit", path("curve.csv"), "--law", "two-stage", "--fix", "q=1/0"}, "--fix");
  expect_bad({"fit", path("curve.csv"), "--law", "two-stage", "--fix", "q=-0.2", "--quiet"}, "q");
  expect_bad({"fit", path("curve.csv"), "--level", "1.5"}, "level");
  expect_bad({"fit", path("curve.csv"), "--delta", "0"}, "delta");
  expect_bad({"train", path("exp.toml"), "--out", path("run"), "--threads", "-1"}, "--threads");
  expect_bad({"train", path("exp.toml"), "--out", path("run"), "--seed", "-3"}, "--seed");
}

TEST_F(CliTest, FilesThatAreNotThereOrCannotBeWritten) {
  expect_bad({"train", path("no.toml"), "--out", path("run")}, "no.toml");
  expect_bad({"train", path("exp.toml"), "--out", path("curve.csv") + "/run"}, "--out");
  expect_bad({"sweep", path("study.toml"), "--out", path("curve.csv") + "/s.db"}, "--out");
  expect_bad({"sweep", path("study.toml"), "--out", folder_.string()}, "is a directory");
  expect_bad({"sweep", path("study.toml")}, "--out");
  expect_bad({"sweep", path("study.toml"), "--out", path("curve.csv")}, "curve.csv");
  expect_bad({"report", path("no.db"), "--out", path("r.html")}, "no.db");
  expect_bad({"fit", path("no.csv")}, "no.csv");
  expect_bad({"train", path("exp.toml"), "--out", path("run"), "--json", "/dev/null/x"}, "--json");
  expect_bad({"reproduce", "--out", path("r"), "--text", path("none")}, "--text");
  EXPECT_FALSE(fs::exists(path("run")));
}

TEST_F(CliTest, TextsThatCannotTrainAreRefusedInOneLine) {
  const std::string base =
      "[model]\nreadout = \"tokens\"\nseq_len = 8\n[data]\nsource = \"text\"\nn_data = 4\nn_test = 2\npath = ";
  fs::create_directories(path("empty"));
  write("short.txt", "abc");
  write("binary.bin", std::string("ab\0cd", 5) + std::string(4000, '\xff'));
  for (const char* name : {"empty", "short.txt", "binary.bin", "gone.txt"}) {
    write("text.toml", base + "\"" + path(name) + "\"\n");
    expect_bad({"train", path("text.toml"), "--out", path("run")}, name);
  }
}

TEST_F(CliTest, TheoryPrintsTheCheckValueOfTheLaw) {
  const auto outcome = run({"theory", "--compute", "1e12", "--noise", "1", "--json", "-"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto value = base::parse_json(outcome.out, "stdout");
  EXPECT_NEAR(value.at("excess_risk_upper").number(), 1.2781364334e-2, 1e-11);
  EXPECT_NEAR(value.at("slope").number(), -0.16053, 1e-5);
  EXPECT_EQ(value.at("stage").text(), "data-limited");
  for (const char* key : {"edition", "p", "risk_exponent", "branch_scale", "log10_d_hidden_min", "rate", "radius_max",
                          "threshold_compute", "n_data_optimal", "excess_risk_lower", "gd_rate", "accelerated_rate"})
    EXPECT_NE(value.find(key), nullptr) << key;
}

TEST_F(CliTest, TrainWritesItsFilesAndRepeatsThem) {
  ASSERT_EQ(run({"train", path("exp.toml"), "--out", path("a"), "--quiet"}).code, 0);
  ASSERT_EQ(run({"train", path("exp.toml"), "--out", path("b"), "--threads", "2"}).code, 0);
  for (const char* name : {"curve.csv", "weights.safetensors"})
    EXPECT_EQ(base::read_text(path("a") + "/" + name), base::read_text(path("b") + "/" + name)) << name;
  const auto run_json = base::read_json(path("a") + "/run.json");
  EXPECT_GT(run_json.at("compute_flop").number(), 0);
  EXPECT_GT(run_json.at("excess_risk").number(), 0);
}

TEST_F(CliTest, SweepResumesExportsFitsAndReports) {
  EXPECT_NE(run({"sweep", path("study.toml"), "--dry-run"}).out.find("4 runs"), std::string::npos);
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db"), "--threads", "1"}).code, 0);
  const auto first = run({"export", path("s.db")});
  const auto again = run({"sweep", path("study.toml"), "--out", path("s.db")});
  EXPECT_NE(again.out.find("4 already in the store"), std::string::npos) << again.out;
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("t.db"), "--threads", "2"}).code, 0);
  EXPECT_EQ(run({"export", path("t.db")}).out, first.out);
  EXPECT_GT(std::count(first.out.begin(), first.out.end(), '\n'), 40);

  write("other.toml", base::read_text(path("study.toml")) + "\"training.steps\" = [9]\n");
  expect_bad({"sweep", path("other.toml"), "--out", path("s.db")}, "study");
  EXPECT_EQ(run({"export", path("s.db")}).out, first.out);

  const auto fit = run({"fit", path("s.db"), "--json", "-", "--resamples", "20", "--quiet"});
  EXPECT_EQ(fit.code, 0) << fit.err;
  const auto report = run({"report", path("s.db"), "--out", path("s.html"), "--resamples", "20"});
  EXPECT_EQ(report.code, 0) << report.err;
  EXPECT_NE(base::read_text(path("s.html")).find("<svg"), std::string::npos);
}

TEST_F(CliTest, FitReadsATableAndWritesTheContractedFields) {
  const auto outcome = run({"fit", path("curve.csv"), "--law", "two-stage", "--json", path("fit.json"), "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto fit = base::read_json(path("fit.json"));
  for (const char* key : {"law", "objective", "delta", "n_points", "objective_value", "parameters", "derived",
                          "interval", "convergence", "selection", "warnings", "seconds"})
    EXPECT_NE(fit.find(key), nullptr) << key;
  EXPECT_EQ(run({"fit", path("curve.csv"), "--law", "all", "--json", "-", "--interval", "none"}).code, 0);
  write("bad.csv", "compute,loss\n1,2\n2,zero\n");
  expect_bad({"fit", path("bad.csv")}, "bad.csv:3:3");
  write("empty.csv", "compute,loss\n");
  expect_bad({"fit", path("empty.csv")}, "empty.csv");
  write("other.csv", "flop_count,perplexity\n1,2\n");
  expect_bad({"fit", path("other.csv")}, "other.csv");
  expect_bad({"fit", path("curve.csv"), "--col", "loss"}, "--col");
}

TEST_F(CliTest, CtrlCKeepsWhatIsDoneAndExitsWithThree) {
  base::set_interrupted(true);
  const auto outcome = run({"sweep", path("study.toml"), "--out", path("s.db")});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  base::set_interrupted(false);
  EXPECT_EQ(run({"export", path("s.db")}).code, 0);
  EXPECT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db")}).code, 0);
}

}  // namespace
}  // namespace phaselaw
