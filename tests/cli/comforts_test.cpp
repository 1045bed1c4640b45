// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"
#include "phaselaw/sweep/templates.h"

// What makes the program comfortable: keys set beside the file, templates, dry runs, and a training that shows its curve.
namespace phaselaw {
namespace {

namespace fs = std::filesystem;

class ComfortsTest : public testing::CliFixture {
 protected:
  base::Value json_of(const std::vector<std::string>& words) {
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return base::parse_json(outcome.out, "stdout");
  }
  std::vector<std::string> entries() {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) names.push_back(entry.path());
    std::sort(names.begin(), names.end());
    return names;
  }
};

TEST_F(ComfortsTest, SetIsTakenByEveryVerbWithAnExperiment) {
  ASSERT_EQ(run({"train", path("exp.toml"), "--out", path("t"), "--set", "model.n_layers=1", "--set",
                 "training.optimizer=adamw", "--quiet"})
                .code,
            0);
  const base::Value stored = base::read_json(path("t") + "/run.json").at("configuration");
  EXPECT_EQ(stored.at("model").at("n_layers").integer(), 1);
  EXPECT_EQ(stored.at("training").at("optimizer").text(), "adamw");
  ASSERT_EQ(run({"sweep", "--set", "grid.seeds=1", path("study.toml"), "--out", path("s.db"), "--quiet"}).code, 0);
  EXPECT_EQ(json_of({"check", path("s.db"), "--json", "-"}).at("runs").integer(), 2);
  const std::string small = "model.d_hidden=4";
  const auto kernel = json_of(
      {"kernel", path("exp.toml"), "--set", small, "--set", "kernel.detail=total", "--out", path("k"), "--json", "-"});
  EXPECT_EQ(kernel.at("configuration").at("model").at("d_hidden").integer(), 4);
  const auto flow =
      json_of({"flow", path("exp.toml"), "--set", small, "--set", "flow.points=5", "--out", path("f"), "--json", "-"});
  EXPECT_EQ(flow.at("configuration").at("model").at("d_hidden").integer(), 4);
  const auto predicted = json_of(
      {"predict", path("exp.toml"), "--set", small, "--set", "data.n_data=16", "--out", path("p"), "--json", "-"});
  EXPECT_EQ(predicted.at("configuration").at("data").at("n_data").integer(), 16);
  EXPECT_NE(run({"theory", "--from", path("exp.toml"), "--set", "model.d_hidden=16", "--json", "-"}).out,
            run({"theory", "--from", path("exp.toml"), "--set", "model.d_hidden=4", "--json", "-"}).out);
  for (const char* verb : {"train", "kernel", "flow", "predict"})
    expect_bad({verb, path("exp.toml"), "--out", path("x"), "--set", "model.n_layer=4"},
               "--set: unknown key in [model] 'n_layer'; did you mean 'n_layers'?");
  expect_bad({"theory", "--set", "model.n_layers=4"}, "--set: is used only with --from");
  expect_bad({"train", path("exp.toml"), "--out", path("x"), "--seed", "3", "--set", "seed=4"},
             "--set seed: --seed is given as well");
  EXPECT_FALSE(fs::exists(path("x")));
}

// Another value of a key is another study, which is not mixed with the one in the store.
TEST_F(ComfortsTest, SetMakesAnotherStudy) {
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("s.db"), "--quiet"}).code, 0);
  expect_bad({"sweep", path("study.toml"), "--out", path("s.db"), "--set", "model.d_hidden=4"}, "holds another study");
}

TEST_F(ComfortsTest, InitListsItsTemplatesAndReplacesNothing) {
  const auto listed = run({"init"});
  EXPECT_EQ(listed.code, 0);
  const base::Value list = json_of({"init", "--json", "-"});
  for (const base::Value& one : list.at("templates").list())
    EXPECT_NE(listed.out.find(one.at("template").text()), std::string::npos);
  ASSERT_EQ(run({"init", "train", "--out", path("new.toml")}).code, 0);
  const std::string text = base::read_text(path("new.toml"));
  EXPECT_EQ(run({"init", "train", "--out", "-"}).out, text);
  base::write_file(path("new.toml"), "mine");
  expect_bad({"init", "train", "--out", path("new.toml")}, "exists, and init replaces no file");
  EXPECT_EQ(base::read_text(path("new.toml")), "mine");
  fs::create_symlink(path("nowhere"), path("link.toml"));
  expect_bad({"init", "train", "--out", path("link.toml")}, "exists, and init replaces no file");
  EXPECT_FALSE(fs::exists(path("nowhere")));
  expect_bad({"init", "trian", "--out", path("x.toml")}, "unknown template 'trian'; did you mean 'train'?");
  expect_bad({"init", "--out", path("x.toml")}, "--out: needs the name of a template");
  EXPECT_FALSE(fs::exists(path("x.toml")));
}

// Each template as it is written, with the command that it names.
TEST_F(ComfortsTest, EveryTemplateRuns) {
  const auto start = fs::current_path();
  fs::current_path(folder_);
  for (const auto& one : sweep::all_templates()) {
    const base::Value written = json_of({"init", one.name, "--json", "-"});
    EXPECT_EQ(written.at("file").text(), one.file);
    std::vector<std::string> words;
    std::istringstream command(written.at("command").text());
    for (std::string word; command >> word;) words.push_back(word);
    ASSERT_EQ(words.at(0), "phaselaw");
    words.erase(words.begin());
    words.emplace_back("--quiet");
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << one.name << "\n" << outcome.err;
    EXPECT_EQ(outcome.err.find("warning"), std::string::npos) << one.name << "\n" << outcome.err;
  }
  fs::current_path(start);
}

TEST_F(ComfortsTest, DryRunOfATrainingSaysItsCostAndWritesNothing) {
  const auto before = entries();
  const base::Value plan =
      json_of({"train", path("exp.toml"), "--dry-run", "--out", path("run"), "--json", "-", "--threads", "1"});
  EXPECT_EQ(plan.at("outputs").list().size(), 3U);
  EXPECT_GT(plan.at("seconds").number(), 0);
  EXPECT_GT(plan.at("memory_bytes").number(), 0);
  EXPECT_EQ(entries(), before);
  const auto text = run({"train", path("exp.toml"), "--dry-run"});
  EXPECT_EQ(text.code, 0) << text.err;
  for (const char* part : {"parameters", "compute", "memory", "nothing was trained"})
    EXPECT_NE(text.out.find(part), std::string::npos) << text.out;
  EXPECT_EQ(entries(), before);
  // What it says is what the training has.
  ASSERT_EQ(run({"train", path("exp.toml"), "--out", path("run"), "--quiet"}).code, 0);
  const base::Value done = base::read_json(path("run") + "/run.json");
  EXPECT_EQ(plan.at("n_params").number(), done.at("n_params").number());
  EXPECT_EQ(base::to_json(plan.at("configuration")), base::to_json(done.at("configuration")));
  expect_bad({"train", path("exp.toml"), "--dry-run", "--out", path("run")},
             "run.json: exists, and train replaces no result unasked");
  expect_bad({"train", path("exp.toml")}, "--out: is required");
}

TEST_F(ComfortsTest, TrainingReplacesAFinishedOneOnlyIfAsked) {
  ASSERT_EQ(run({"train", path("exp.toml"), "--out", path("run"), "--quiet"}).code, 0);
  const std::string first = base::read_text(path("run") + "/run.json");
  expect_bad(
      {"train", path("exp.toml"), "--out", path("run"), "--seed", "5"},
      "run.json: exists, and train replaces no result unasked; choose another --out, replace it with --overwrite");
  EXPECT_EQ(base::read_text(path("run") + "/run.json"), first);
  EXPECT_EQ(run({"train", path("exp.toml"), "--out", path("run"), "--seed", "5", "--overwrite", "--quiet"}).code, 0);
  EXPECT_NE(base::read_text(path("run") + "/run.json"), first);
  // A file of another origin is not replaced either.
  fs::create_directories(path("own"));
  write("own/curve.csv", "step,loss\n1,2\n");
  expect_bad({"train", path("exp.toml"), "--out", path("own")},
             "own/curve.csv: exists, and train replaces no result unasked");
}

TEST_F(ComfortsTest, TrainingShowsItsCurveAndWhatItWrites) {
  const auto vectors = run({"train", path("exp.toml"), "--out", path("v")});
  EXPECT_NE(vectors.out.find("* train loss   + test loss"), std::string::npos) << vectors.out;
  EXPECT_EQ(vectors.out.find("test text"), std::string::npos);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += i % 7 == 0 ? "ba\n" : "ab ";
  write("text.txt", text);
  write(
      "text.toml",
      "[model]\nreadout = \"tokens\"\nd_model = 8\nd_hidden = 8\nn_heads = 1\nd_head = 8\nseq_len = 16\n[data]\nsource = "
      "\"text\"\npath = \"" +
          path("text.txt") +
          "\"\nn_data = 64\nn_test = 8\n[training]\nsteps = 300\n"
          "batch = 8\noptimizer = \"adamw\"\nlearning_rate = 0.02\n");
  const auto outcome = run({"train", path("text.toml"), "--out", path("t")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto at = outcome.out.find("a test text of 8 bytes, and what the model writes after it");
  ASSERT_NE(at, std::string::npos) << outcome.out;
  // The same weights write the same; a trained model writes the letters of its text.
  EXPECT_EQ(run({"train", path("text.toml"), "--out", path("t2")}).out.substr(at, 200), outcome.out.substr(at, 200));
  const std::string sample = outcome.out.substr(outcome.out.find('|', at) + 1, 100);
  const auto letters = std::count_if(sample.begin(), sample.end(),
                                     [](char c) { return std::string("ab \n").find(c) != std::string::npos; });
  EXPECT_GT(letters, 85) << sample;
  EXPECT_EQ(run({"train", path("text.toml"), "--out", path("q"), "--quiet"}).out.find("test text"), std::string::npos);
}

TEST_F(ComfortsTest, DryRunOfASweepShowsComputedKeys) {
  write("linked.toml",
        "[model]\nd_head = 4\nseq_len = 4\nn_heads = \"d_model / d_head\"\nd_hidden = \"4 * d_model\"\n"
        "[data]\nn_data = 8\nn_test = 8\n[training]\nsteps = 4\nlearning_rate = \"0.1 / model.d_model\"\n"
        "[grid]\n\"model.d_model\" = [4, 8]\n");
  const auto outcome = run({"sweep", path("linked.toml"), "--dry-run"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("training.learning_rate"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("0.0125"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("0.025"), std::string::npos) << outcome.out;
  const base::Value plan = json_of({"sweep", path("linked.toml"), "--dry-run", "--json", "-"});
  for (const base::Value& one : plan.at("runs").list())
    EXPECT_EQ(one.at("computed").at("model.d_hidden").integer(),
              4 * 4 * one.at("computed").at("model.n_heads").integer());
  // The store keeps the expressions, and its check evaluates them again.
  ASSERT_EQ(run({"sweep", path("linked.toml"), "--out", path("l.db"), "--quiet"}).code, 0);
  EXPECT_EQ(run({"check", path("l.db"), "--complete"}).code, 0);
}

}  // namespace
}  // namespace phaselaw
