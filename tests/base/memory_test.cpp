// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <gtest/gtest.h>

#include "count_allocations.h"

#include "base/message_of.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/team.h"
#include "phaselaw/base/value.h"

namespace phaselaw::base {
namespace {

constexpr const char* kDocument =
    R"({"a": ["a text that is longer than the buffer of a string", {"b": [1, 2.5, null]}],
        "c": "another text of more than fifteen characters", "d": [[1], [2, ["a third text, also a long one"]]]})";

// Calls `act` again and again, and its k-th allocation fails. Returns how often it failed until it succeeded.
template <class Act>
int fail_each_allocation(const Act& act) {
  for (int failed = 0;; ++failed) {
    failing_allocation = allocations + failed + 1;
    try {
      act();
      failing_allocation = 0;
      return failed;
    } catch (const std::bad_alloc&) {
      failing_allocation = 0;
    }
  }
}

TEST(OutOfMemory, ACopyOfAValueFailsAsAWhole) {
  const Value original = parse_json(kDocument, "a.json");
  const std::string before = to_json(original);
  std::string copied;
  const int failed = fail_each_allocation([&] {
    const Value copy = original;
    failing_allocation = 0;
    copied = to_json(copy);
  });
  EXPECT_GT(failed, 8);
  EXPECT_EQ(copied, before);
  EXPECT_EQ(to_json(original), before);
}

TEST(OutOfMemory, AnAssignmentLeavesAValueThatCanBeUsed) {
  const Value original = parse_json(kDocument, "a.json");
  Value target = parse_json(R"({"old": ["with a text that is longer than the buffer of a string"]})", "b.json");
  const int failed = fail_each_allocation([&] {
    try {
      target = original;
    } catch (...) {
      failing_allocation = 0;
      EXPECT_FALSE(to_json(target).empty());
      throw;
    }
  });
  EXPECT_GT(failed, 3);
  EXPECT_EQ(to_json(target), to_json(original));
}

struct WordOptions {
  std::string path;
  NumberOrWord<double> first{0.0, "auto", {"auto"}};
  NumberOrWord<std::int64_t> second{0, "auto", {"auto"}};
  std::string field;
  NumberOrWord<std::int64_t> third{0, "none", {"none"}};
};

TEST(OutOfMemory, OptionsWithWordsFailAsAWhole) {
  std::size_t words = 0;
  const auto count_words = [&](const WordOptions& options) { words = options.third.allowed.size(); };
  EXPECT_EQ(fail_each_allocation([&] { count_words(WordOptions{}); }), 3);
  EXPECT_EQ(words, 1U);
}

// A message that is dropped would hide the error.
TEST(OutOfMemory, AMessageThatCannotBeMadeIsAnException) {
  const std::string text(300, 'x');
  log_error(text);  // looks at the terminal once
  EXPECT_GT(fail_each_allocation([&] { log_error(text); }), 1);
}

TEST(OutOfMemory, TheLastResortAllocatesNothing) {
  ::testing::internal::CaptureStderr();
  failing_allocation = allocations + 1;
  log_error_without_memory({"out of memory while ", "testing"});
  failing_allocation = 0;
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "phaselaw: error: out of memory while testing\n");
}

// A stack of 8 MB for each thread soon exceeds the limit.
void start_threads_within_little_memory() {
  const rlimit little{1U << 28, 1U << 28};
  if (::setrlimit(RLIMIT_AS, &little) != 0) std::exit(1);
  const std::string message = testing::message_of<RunError>([] { Team team(4000); });
  std::exit(testing::contains(message, "fewer --threads") ? 0 : 1);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(OutOfMemory, ATeamThatCannotStartItsThreadsSaysSo) {
  EXPECT_EXIT(start_threads_within_little_memory(), ::testing::ExitedWithCode(0), "");
}
#endif

}  // namespace
}  // namespace phaselaw::base
