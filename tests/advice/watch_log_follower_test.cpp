// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/log_follower.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "advice/watch_logs.h"
#include "phaselaw/base/errors.h"

// What happens to logs while they are followed.
namespace phaselaw::advice {
namespace {

using testing::append_to;
using testing::log_rows;

class Follower : public ::testing::Test {
 protected:
  LogFollower follower(const std::string& path) { return {{path}, true, {}, {}}; }
  // The sentence of the only event of a look.
  static std::string only_event(const LogLook& look) {
    EXPECT_EQ(look.events.size(), 1U) << fmt::format("{}", fmt::join(look.events, " | "));
    return look.events.empty() ? "" : look.events.front();
  }
  static std::size_t rows_of(const LogFollower& log) {
    return log.curves().empty() ? 0 : log.curves().front().loss.size();
  }
  Scratch scratch_;
};

TEST_F(Follower, WaitsForAFileAndReadsItsNewLinesOnly) {
  const std::string path = scratch_.path("run.csv");
  LogFollower log = follower(path);
  EXPECT_NE(only_event(log.look(true)).find("does not exist yet"), std::string::npos);
  EXPECT_TRUE(log.look(true).events.empty());  // told once
  append_to(path, log_rows("csv", 1, 100));
  const LogLook look = log.look(true);
  EXPECT_NE(only_event(look).find("appeared"), std::string::npos);
  EXPECT_TRUE(look.grown);
  EXPECT_EQ(rows_of(log), 100U);
  append_to(path, log_rows("csv", 101, 110));
  EXPECT_TRUE(log.look(false).grown);  // without reading the whole document
  EXPECT_EQ(rows_of(log), 110U);
  EXPECT_FALSE(log.look(false).grown);
}

TEST_F(Follower, HalfALineIsNotRead) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100) + "1010,2.");
  LogFollower log = follower(path);
  EXPECT_TRUE(log.look(true).events.empty());
  EXPECT_EQ(rows_of(log), 100U);
  append_to(path, "75");
  EXPECT_FALSE(log.look(false).grown);
  EXPECT_EQ(rows_of(log), 100U);
  append_to(path, ",0.001\n1020,2.");
  EXPECT_TRUE(log.look(false).grown);
  ASSERT_EQ(rows_of(log), 101U);
  EXPECT_EQ(log.curves().front().loss.back(), 2.75);
}

TEST_F(Follower, AFileThatShrinksBeginsAnew) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  static_cast<void>(scratch_.file("run.csv", log_rows("csv", 1, 40)));
  const LogLook look = log.look(true);
  EXPECT_NE(only_event(look).find("became shorter"), std::string::npos);
  EXPECT_TRUE(look.restarted);
  EXPECT_EQ(rows_of(log), 40U);
}

TEST_F(Follower, ARotatedLogBeginsAnewWithTheNewFile) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  std::filesystem::rename(path, path + ".1");
  append_to(path, "step,loss\n5000,2.4\n5010,2.3\n5020,2.35\n5030,2.3\n5040,2.2\n5050,2.2\n");
  const LogLook look = log.look(true);
  EXPECT_NE(only_event(look).find("replaced by another one"), std::string::npos);
  EXPECT_TRUE(look.restarted);
  EXPECT_EQ(rows_of(log), 6U);
}

TEST_F(Follower, AFileWrittenAgainWithTheSameAndMoreIsTheSameLog) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  static_cast<void>(scratch_.file("next.csv", log_rows("csv", 1, 104)));
  std::filesystem::rename(scratch_.path("next.csv"), path);  // another inode
  const LogLook look = log.look(false);
  EXPECT_TRUE(look.events.empty());
  EXPECT_FALSE(look.restarted);
  EXPECT_EQ(rows_of(log), 104U);
}

TEST_F(Follower, AFileWrittenAgainWithOtherContentIsNoticedAlsoIfItIsLonger) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  std::string again = "step,loss,lr\n";
  for (int i = 1; i <= 200; ++i) again += fmt::format("{},{:.4f},0.001\n", 10 * i, 3 + 1.0 / i);
  static_cast<void>(scratch_.file("run.csv", again));
  const LogLook look = log.look(true);
  EXPECT_NE(only_event(look).find("written again"), std::string::npos);
  EXPECT_EQ(rows_of(log), 200U);
}

TEST_F(Follower, ALogThatVanishesKeepsItsCurveAndMayReturn) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  std::filesystem::rename(path, path + ".away");
  EXPECT_NE(only_event(log.look(true)).find("vanished"), std::string::npos);
  EXPECT_TRUE(log.look(true).events.empty());
  EXPECT_EQ(rows_of(log), 100U);
  EXPECT_FALSE(log.exists());
  std::filesystem::rename(path + ".away", path);
  append_to(path, log_rows("csv", 101, 102));
  EXPECT_NE(only_event(log.look(true)).find("appeared"), std::string::npos);
  EXPECT_EQ(rows_of(log), 102U);
}

TEST_F(Follower, AResumedRunIsReadAsAWholeWhenTimeAllows) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  append_to(path, log_rows("csv", 81, 110));
  EXPECT_TRUE(log.look(false).waits);
  EXPECT_EQ(rows_of(log), 100U);
  static_cast<void>(log.look(true));
  EXPECT_EQ(rows_of(log), 110U);  // without the abandoned rows 81 to 100
}

TEST_F(Follower, AFileWithoutATableSaysSoOnceAndMayBecomeALog) {
  const std::string path = scratch_.file("run.log", "loading data\n");
  LogFollower log = follower(path);
  EXPECT_NE(only_event(log.look(true)).find("no loss curve yet"), std::string::npos);
  append_to(path, "building the model\n");
  EXPECT_TRUE(log.look(true).events.empty());
  append_to(path, log_rows("log", 1, 50));
  EXPECT_TRUE(log.look(true).grown);
  EXPECT_EQ(rows_of(log), 50U);
  EXPECT_TRUE(log.refusal().empty());
}

TEST_F(Follower, AJsonDocumentIsReadAgainAndHalfOfItIsNot) {
  const auto document = [](int n) {
    std::string text = "{\"log_history\": [";
    for (int i = 1; i <= n; ++i)
      text += fmt::format("{}{{\"step\": {}, \"loss\": {}}}", i > 1 ? ", " : "", i, 2 + 1.0 / i);
    return text + "]}";
  };
  const std::string path = scratch_.file("trainer_state.json", document(20));
  LogFollower log = follower(path);
  static_cast<void>(log.look(true));
  EXPECT_EQ(rows_of(log), 20U);
  static_cast<void>(scratch_.file("trainer_state.json", document(30).substr(0, 500)));
  EXPECT_NE(only_event(log.look(true)).find("cannot be read now"), std::string::npos);
  EXPECT_EQ(rows_of(log), 20U);  // the last complete document
  static_cast<void>(scratch_.file("trainer_state.json", document(30)));
  EXPECT_TRUE(log.look(true).events.empty());
  EXPECT_EQ(rows_of(log), 30U);
}

TEST_F(Follower, PipesDevicesAndStandardInputAreRefused) {
  const std::string pipe = scratch_.path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  for (const std::string& path : {pipe, std::string("/dev/zero"), std::string("-")})
    EXPECT_THROW(require_followable(path), base::InputError) << path;
  EXPECT_NO_THROW(require_followable(scratch_.path("not_there")));
  EXPECT_NO_THROW(require_followable(scratch_.root()));
  LogFollower log = follower(pipe);  // a log that became a pipe while it was followed
  EXPECT_NE(only_event(log.look(true)).find("no longer a file"), std::string::npos);
}

TEST_F(Follower, RemembersTheLogOverARestart) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 100));
  LogFollower first = follower(path);
  static_cast<void>(first.look(true));
  append_to(path, log_rows("csv", 101, 120));
  LogFollower second = follower(path);
  second.remember(first.memory());
  EXPECT_TRUE(second.look(true).events.empty());
  EXPECT_EQ(rows_of(second), 120U);
  static_cast<void>(scratch_.file("run.csv", log_rows("csv", 1, 30)));
  LogFollower third = follower(path);
  third.remember(second.memory());
  const LogLook look = third.look(true);
  EXPECT_NE(only_event(look).find("shorter"), std::string::npos);
  EXPECT_TRUE(look.restarted);
}

TEST_F(Follower, AnyBytesAndAnyCutAreNoCrash) {
  const std::string text = log_rows("jsonl", 1, 60);
  numerics::RandomStream stream(9, "bytes", 0);
  const std::string path = scratch_.path("run.jsonl");
  LogFollower log = follower(path);
  for (int i = 0; i < 150; ++i) {
    std::string bytes = text.substr(0, static_cast<std::size_t>(stream.uniform() * static_cast<double>(text.size())));
    for (int k = 0; k < 3 && !bytes.empty(); ++k)
      bytes[static_cast<std::size_t>(stream.uniform() * static_cast<double>(bytes.size()))] =
          static_cast<char>(static_cast<unsigned char>(256 * stream.uniform()));
    static_cast<void>(scratch_.file("run.jsonl", bytes));
    EXPECT_NO_THROW(static_cast<void>(log.look(i % 3 > 0)));
  }
}

TEST(WithoutNumbers, CountsOfTheSameMessageAreEqual) {
  EXPECT_EQ(without_numbers("3 rows of 12.5"), without_numbers("14 rows of 2"));
  EXPECT_NE(without_numbers("3 rows"), without_numbers("3 lines"));
}

}  // namespace
}  // namespace phaselaw::advice
