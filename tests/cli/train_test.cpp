// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <map>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"
#include "phaselaw/sweep/run.h"

// A training that was interrupted: what is kept, what is refused, and the bytes of the resumed one. Kills of the program
// itself: tests/endurance/train_resumes.py.
namespace phaselaw {
namespace {

namespace fs = std::filesystem;

class TrainTest : public testing::CliFixture {
 protected:
  [[nodiscard]] std::vector<std::string> train(const std::string& out, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {"train", path("exp.toml"), "--out", path(out)};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  // The directory as a kill after step 60 of 64 leaves it.
  void leave_unfinished(const std::string& out) {
    sweep::RunContext context;
    context.snapshot.path = path(out) + "/training.snapshot";
    context.snapshot.every_steps = 10;
    (void)sweep::carry_out(sweep::experiment_from(base::read_toml(path("exp.toml"))), context);
  }
  [[nodiscard]] std::vector<std::string> files(const std::string& out) {
    std::vector<std::string> names;
    if (fs::exists(path(out)))
      for (const auto& entry : fs::directory_iterator(path(out))) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }
  const std::vector<std::string> finished_ = {"curve.csv", "run.json", "weights.safetensors"};
};

TEST_F(TrainTest, AResumedTrainingHasTheBytesOfAnUninterruptedOne) {
  ASSERT_EQ(run(train("run")).code, 0);
  EXPECT_EQ(files("run"), finished_);
  std::map<std::string, std::string> whole;
  for (const auto& name : finished_) whole[name] = base::read_text(path("run") + "/" + name);
  fs::remove_all(path("run"));
  leave_unfinished("run");
  const auto resumed = run(train("run", {"--resume"}));
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(files("run"), finished_);
  for (const auto& name : finished_) EXPECT_EQ(base::read_text(path("run") + "/" + name), whole[name]) << name;
}

TEST_F(TrainTest, AnUnfinishedTrainingIsNeitherIgnoredNorContinuedUnasked) {
  leave_unfinished("run");
  expect_bad(train("run"), "--resume");
  expect_bad(train("run"), "--overwrite");
  expect_bad(train("run", {"--resume", "--overwrite"}), "--resume");
  expect_bad(train("run", {"--resume", "--seed", "5"}), "seed is 0 in the file and 5 here");
  EXPECT_EQ(files("run"), std::vector<std::string>{"training.snapshot"});
  EXPECT_EQ(run(train("run", {"--overwrite", "--seed", "5"})).code, 0);
  EXPECT_EQ(files("run"), finished_);
  EXPECT_EQ(base::read_json(path("run") + "/run.json").at("configuration").at("seed").integer(), 5);
}

TEST_F(TrainTest, ADamagedSnapshotIsRefused) {
  leave_unfinished("run");
  const std::string file = path("run") + "/training.snapshot", bytes = base::read_text(file);
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{30}, bytes.size() / 2, bytes.size() - 1}) {
    base::write_file(file, bytes.substr(0, size));
    expect_bad(train("run", {"--resume"}), "the file is damaged");
  }
  std::string changed = bytes;
  changed[bytes.size() - 20] = static_cast<char>(changed[bytes.size() - 20] ^ 1);
  base::write_file(file, changed);
  expect_bad(train("run", {"--resume"}), "the file is damaged");
  base::write_file(file, bytes);
  EXPECT_EQ(run(train("run", {"--resume"})).code, 0);
}

TEST_F(TrainTest, AnInterruptWritesNoResult) {
  ASSERT_EQ(run(train("run")).code, 0);
  const std::string older = base::read_text(path("run") + "/run.json");
  base::set_interrupted(true);
  const auto outcome = run(train("run", {"--seed", "5", "--overwrite"}));
  EXPECT_EQ(outcome.code, 3);
  EXPECT_NE(outcome.err.find("interrupted"), std::string::npos) << outcome.err;
  EXPECT_EQ(base::read_text(path("run") + "/run.json"), older);
  EXPECT_EQ(run(train("new")).code, 3);
  EXPECT_FALSE(fs::exists(path("new")));
}

TEST_F(TrainTest, AFinishedTrainingIsLeftAsItIs) {
  ASSERT_EQ(run(train("run", {"--resume"})).code, 0);  // nothing to resume: starts
  const auto before = fs::last_write_time(path("run") + "/run.json");
  const auto again = run(train("run", {"--resume"}));
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_NE(again.out.find("already trained"), std::string::npos) << again.out;
  EXPECT_EQ(fs::last_write_time(path("run") + "/run.json"), before);
  expect_bad(train("run", {"--resume", "--seed", "5"}), "seed is 0 in the file and 5 here");
  // What an older program wrote when it was interrupted is no finished training.
  base::Value old = base::read_json(path("run") + "/run.json");
  old["outcome"] = "interrupted";
  base::write_file(path("run") + "/run.json", base::to_json(old));
  ASSERT_EQ(run(train("run", {"--resume"})).code, 0);
  EXPECT_EQ(base::read_json(path("run") + "/run.json").at("outcome").text(), "finished");
}

}  // namespace
}  // namespace phaselaw
