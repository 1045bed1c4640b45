// SPDX-License-Identifier: Apache-2.0
// What a store survives: a child process that is killed while it writes, and a directory that it may not write.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/store/store.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

// The child reports each run that add() has returned for through a pipe; the parent kills it at a moment that differs
// from round to round. Everything reported must be there, whole; nothing may be there in part.
TEST(StoreKill, KeepsEveryRunThatWasStored) {
  const Scratch scratch;
  std::int64_t longest = 0;
  for (int round = 0; round < 12; ++round) {
    const std::string path = scratch.path("study" + std::to_string(round) + ".db");
    int reports[2];
    ASSERT_EQ(::pipe(reports), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      Store store = Store::open_or_create(path, "{}", "key");
      for (std::int64_t i = 0;; ++i) {
        store.add(sample_run(i, 500));
        if (::write(reports[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(reports[1]);
    char letter = 0;
    std::int64_t reported = 0;
    for (; reported < 2 + round; ++reported) ASSERT_EQ(::read(reports[0], &letter, 1), 1);
    std::this_thread::sleep_for(std::chrono::microseconds(137 * round));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (::read(reports[0], &letter, 1) == 1) ++reported;
    ::close(reports[0]);

    Store store = Store::open_or_create(path, "{}", "key");
    const auto runs = store.runs();
    const auto n = static_cast<std::int64_t>(runs.size());
    EXPECT_GE(n, reported);
    EXPECT_LE(n, reported + 1);  // stored, and killed before it could say so
    for (std::int64_t i = 0; i < n; ++i) {
      EXPECT_EQ(runs[static_cast<std::size_t>(i)].index, i);
      EXPECT_EQ(runs[static_cast<std::size_t>(i)].measurements.size(), 500u);
    }
    store.add(sample_run(n, 500));
    EXPECT_EQ(static_cast<std::int64_t>(store.finished_runs().size()), n + 1);
    longest = std::max(longest, n);
  }
  EXPECT_GE(longest, 13);
}

// Runs in a child that gives up root's right to write everywhere.
int in_unprivileged_child(const std::function<int()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(77);
    int result = 99;
    try {
      result = action();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(result);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StoreKill, AReadOnlyDirectoryCanBeReadAndIsRefusedForWriting) {
  const Scratch scratch;
  const std::string path = scratch.path("study.db");
  {
    Store store = Store::open_or_create(path, "{}", "key");
    for (int i = 0; i < 3; ++i) store.add(sample_run(i, 10));
  }
  ASSERT_EQ(::chmod(path.c_str(), 0444), 0);
  ASSERT_EQ(::chmod(scratch.folder().c_str(), 0555), 0);
  const int read = in_unprivileged_child([&] { return static_cast<int>(Store::open_read(path).runs().size()); });
  const auto refused = [&](const std::string& file) {
    return in_unprivileged_child([&] {
      try {
        Store store = Store::open_or_create(file, "{}", "key");
        store.add(sample_run(5, 1));
      } catch (const base::InputError& error) {
        const std::string message = error.what();
        return message.find("check the permissions") != std::string::npos ||
                       message.find("choose another directory") != std::string::npos
                   ? 0
                   : 1;
      }
      return 2;
    });
  };
  const int existing = refused(path), fresh = refused(scratch.path("new.db"));
  ASSERT_EQ(::chmod(scratch.folder().c_str(), 0755), 0);
  if (read == 77) GTEST_SKIP() << "this process cannot give up its rights";
  EXPECT_EQ(read, 3);
  EXPECT_EQ(existing, 0);
  EXPECT_EQ(fresh, 0);
}

}  // namespace
}  // namespace phaselaw::store
