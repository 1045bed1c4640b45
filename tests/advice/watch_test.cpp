// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/watch.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "advice/watch_logs.h"
#include "phaselaw/advice/watch/event_file.h"
#include "phaselaw/advice/watch/watch_text.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

// A watch reports every change once, also over restarts; and what it shows.
namespace phaselaw::advice {
namespace {

using testing::append_to;
using testing::log_rows;

class WatchTest : public ::testing::Test {
 protected:
  static WatchRequest request(std::vector<std::string> rules = {}) {
    WatchRequest request;
    request.options.stop_when = std::move(rules);
    request.options.cpu_share = 100;
    request.options.interval = 0.1;
    return request;
  }
  static std::vector<std::string> kinds(const std::vector<WatchEvent>& events) {
    std::vector<std::string> out;
    for (const WatchEvent& event : events) out.push_back(event.kind + " " + event.state);
    return out;
  }
  static std::size_t count(const std::vector<WatchEvent>& events, const std::string& kind) {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [&](const WatchEvent& event) { return event.kind == kind; }));
  }
  Scratch scratch_;
};

TEST_F(WatchTest, ReportsTheStateOnceAndAChangeOfItWhenTwoJudgementsAgree) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 1000));
  Watch watch({path}, request({"diverged"}));
  EXPECT_EQ(count(watch.look(), "state"), 1U);
  EXPECT_TRUE(watch.look().empty());
  std::vector<WatchEvent> events;
  std::size_t looks = 0;
  for (std::size_t row = 1001; row <= 1600 && !watch.stop(); row += 50, ++looks) {
    append_to(path, log_rows("csv", row, row + 49, 1000));
    for (WatchEvent& event : watch.look()) events.push_back(std::move(event));
  }
  ASSERT_TRUE(watch.stop()) << fmt::format("{}", fmt::join(kinds(events), ", "));
  EXPECT_EQ(watch.stop()->code, 10);
  EXPECT_FALSE(watch.stop()->reported_before);
  EXPECT_EQ(count(events, "rule"), 1U);
  EXPECT_GE(looks, 2U);
}

TEST_F(WatchTest, AHealthyLogFiresNoRule) {
  const std::string path = scratch_.path("run.jsonl");
  Watch watch({path}, request({"diverged", "overfit", "nan", "loss < 1", "state in (diverged, rising)"}));
  for (std::size_t row = 1; row <= 1200; row += 60) {
    append_to(path, log_rows("jsonl", row, row + 59));
    static_cast<void>(watch.look());
    EXPECT_FALSE(watch.stop()) << (watch.stop() ? watch.stop()->text : "");
  }
  ASSERT_EQ(watch.curves().size(), 1U);
  EXPECT_EQ(watch.curves().front().curve->loss.size(), 60U);
}

TEST_F(WatchTest, TheFirstRuleOfTheCommandLineGivesTheCode) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 500));
  Watch watch({path}, request({"step > 1000000", "loss < 4", "step > 10"}));
  const auto events = watch.look();
  ASSERT_TRUE(watch.stop());
  EXPECT_EQ(watch.stop()->code, 21);
  EXPECT_EQ(count(events, "rule"), 2U);
}

TEST_F(WatchTest, AWatchThatIsStartedAgainReportsNothingTwiceAndGivesTheSameCode) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 800));
  const std::string missing = scratch_.path("later.csv");
  Watch first({path, missing}, request({"loss < 3.5"}));
  EXPECT_GE(first.look().size(), 3U);
  const base::Value memory = base::parse_json(base::to_json(first.memory()), "state");
  Watch second({path, missing}, request({"loss < 3.5"}));
  second.restore(memory, "state");
  EXPECT_TRUE(second.look().empty());
  ASSERT_TRUE(second.stop());
  EXPECT_EQ(second.stop()->code, 21);
  EXPECT_TRUE(second.stop()->reported_before);
  EXPECT_EQ(base::to_json(second.memory()), base::to_json(memory));
  // A new event goes on with the numbers.
  static_cast<void>(scratch_.file("later.csv", log_rows("csv", 1, 100)));
  const auto events = second.look();
  ASSERT_FALSE(events.empty());
  EXPECT_GT(events.front().sequence, memory.at("sequence").integer());
}

TEST_F(WatchTest, AStateOfOtherLogsIsRefused) {
  const std::string a = scratch_.file("a.csv", log_rows("csv", 1, 50)), b = scratch_.file("b.csv", "");
  Watch first({a}, request());
  static_cast<void>(first.look());
  Watch other({b}, request());
  EXPECT_THROW(other.restore(first.memory(), "state"), base::InputError);
  WatchRequest changed = request();
  changed.read.loss = "loss";
  Watch columns({a}, changed);
  EXPECT_THROW(columns.restore(first.memory(), "state"), base::InputError);
  Watch both({b, a}, request());
  EXPECT_NO_THROW(both.restore(first.memory(), "state"));
  for (const char* text : {"{}", "[]", "{\"phaselaw_watch\": 2}", "{\"phaselaw_watch\": 1}", "3"})
    EXPECT_THROW(both.restore(base::parse_json(text, "state"), "state"), base::InputError) << text;
}

TEST_F(WatchTest, ADamagedStateIsRefusedOrRead) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 300));
  Watch first({path}, request({"loss < 9"}));
  static_cast<void>(first.look());
  const std::string text = base::to_json(first.memory());
  numerics::RandomStream stream(4, "damaged_state", 0);
  std::size_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string damaged = text;
    const auto at = static_cast<std::size_t>(stream.uniform() * static_cast<double>(text.size()));
    if (i % 2 == 0)
      damaged[at] = static_cast<char>(32 + static_cast<int>(95 * stream.uniform()));
    else
      damaged.erase(at, 1 + static_cast<std::size_t>(20 * stream.uniform()));
    Watch again({path}, request({"loss < 9"}));
    try {
      again.restore(base::parse_json(damaged, "state"), "state");
      static_cast<void>(again.look());
    } catch (const base::InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 100U);
}

TEST(CpuAccount, WorkWaitsUntilItFitsIntoTheShare) {
  CpuAccount account;
  account.set_share(0.5);
  EXPECT_TRUE(account.can_pay());
  account.charge(CpuAccount::kCreditS + 0.1);
  EXPECT_FALSE(account.can_pay());
  std::this_thread::sleep_for(std::chrono::milliseconds(250));  // pays for 0.125 s
  EXPECT_TRUE(account.can_pay());
  EXPECT_LE(account.balance(), CpuAccount::kCreditS);
}

TEST_F(WatchTest, NewFilesOfAFolderAreFollowedAndOwnFilesAreNot) {
  const std::string own = scratch_.file("runs/events.jsonl", log_rows("jsonl", 1, 50));
  static_cast<void>(scratch_.file("runs/a.csv", log_rows("csv", 1, 100)));
  static_cast<void>(scratch_.file("runs/notes.txt", "nothing to see\n"));
  Watch watch({scratch_.path("runs")}, request(), {}, {own});
  static_cast<void>(watch.look());
  EXPECT_EQ(watch.curves().size(), 1U);
  static_cast<void>(scratch_.file("runs/b.csv", log_rows("csv", 1, 100)));
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  const auto events = watch.look();
  EXPECT_EQ(count(events, "log"), 1U);
  EXPECT_EQ(watch.curves().size(), 2U);
}

TEST_F(WatchTest, RefusesWhatCanNeverWork) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 50));
  EXPECT_THROW(Watch({path, path}, request()), base::InputError);
  EXPECT_THROW(Watch({"/dev/zero"}, request()), base::InputError);
  EXPECT_THROW(Watch({path}, request({"forecast > 2.4"})), base::InputError);  // needs --to
  EXPECT_THROW(Watch({path}, request({"divergd"})), base::InputError);
  WatchRequest both = request();
  both.options.once = true;
  both.options.time_limit = 5;
  EXPECT_THROW(Watch({path}, both), base::InputError);
}

TEST_F(WatchTest, EndsWhenNoLogHasGrown) {
  const std::string path = scratch_.file("run.csv", log_rows("csv", 1, 50));
  WatchRequest short_time = request();
  short_time.options.stalled_after = 0.3;
  Watch watch({path}, short_time);
  static_cast<void>(watch.look());
  EXPECT_FALSE(watch.ended());
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  static_cast<void>(watch.look());
  EXPECT_TRUE(watch.ended());
}

TEST_F(WatchTest, EventsReachTheirFileOnceAlsoAfterALineThatWasCut) {
  const std::string path = scratch_.path("events.jsonl");
  const auto event = [](int n) { return base::Value::table({{"sequence", n}, {"text", "something"}}); };
  {
    EventFile file(path);
    file.append({event(1), event(2)});
  }
  append_to(path, "{\"sequence\":3,\"te");  // a kill in the middle of a line
  EventFile file(path);
  EXPECT_EQ(file.last_sequence(), 2);
  file.append({event(2), event(3), event(4)});
  const std::string text = base::read_text(path);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5);
  EXPECT_EQ(EventFile(path).last_sequence(), 4);
  EXPECT_THROW(EventFile(scratch_.file("other.txt", "hello\n")), base::InputError);
  EXPECT_THROW(EventFile(scratch_.file("file", "x\n") + "/events.jsonl"), base::InputError);
}

TEST(WatchText, ASparklineFallsWithTheLossAndMarksWhatIsNotFinite) {
  tables::Curve curve;
  for (int i = 1; i <= 1000; ++i) {
    curve.step.push_back(i);
    curve.loss.push_back(std::exp(-std::log(i)));  // a straight line in log axes
  }
  EXPECT_EQ(sparkline(curve, 8, true), "█▇▆▅▄▃▂▁");
  EXPECT_EQ(sparkline(curve, 8, false), "#^=~-,._");
  curve.loss.back() = base::kNaN;
  EXPECT_EQ(sparkline(curve, 8, false).back(), '!');
  EXPECT_EQ(sparkline({}, 4, true), "    ");
}

TEST(WatchText, NoNameMovesTheCursorAndEveryLineFits) {
  EXPECT_EQ(cut_to("a\033[2Jb\nc", 20), "a[2Jb c");
  EXPECT_EQ(cut_to("päpäpäpäpä", 6), "päp...");
  EXPECT_EQ(cut_to("päpäpäpäpä", 6, true), "...äpä");
  WatchedCurve row;
  row.label = std::string(200, 'x') + "\033[5A";
  row.shown_state = "waits for the file";
  WatchEvent event;
  event.label = row.label;
  event.text = std::string(500, 'y');
  const std::string table = watch_table({row, row, row}, {event}, {.columns = 50, .lines = 40, .unicode = true});
  EXPECT_EQ(table.find('\033'), std::string::npos);
  std::size_t begin = 0;
  for (std::size_t end = table.find('\n'); end != std::string::npos; begin = end + 1, end = table.find('\n', begin))
    EXPECT_LE(end - begin, 60U);
  EXPECT_NE(watch_table({row, row, row, row}, {}, {.columns = 50, .lines = 6, .unicode = true}).find("more;"),
            std::string::npos);
}

}  // namespace
}  // namespace phaselaw::advice
