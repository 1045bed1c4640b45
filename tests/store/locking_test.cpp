// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/locking.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

TEST(Locking, ALocalDirectoryIsFine) {
  const Scratch scratch;
  EXPECT_EQ(locking_problem(scratch.folder()), "");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.folder()));  // the probe is gone
  EXPECT_EQ(locking_problem(scratch.path("absent")), "");    // opening the store says more
}

TEST(Locking, KnowsNetworkFileSystemsByTheKernelsNumbers) {
  EXPECT_EQ(network_file_system(0x6969), "NFS");
  EXPECT_EQ(network_file_system(0x0bd00bd0), "Lustre");
  EXPECT_EQ(network_file_system(0xffffffffff534d42), "CIFS");  // as a 32-bit signed f_type arrives
  for (const std::uint64_t local : {0xef53UL, 0x58465342UL, 0x9123683eUL, 0x01021994UL})  // ext4, xfs, btrfs, tmpfs
    EXPECT_EQ(network_file_system(local), "");
}

TEST(Claims, ExcludeEachOtherAlsoInOneProcess) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db"), file = store + "-claims";
  {
    Claims a(store), b(store);
    EXPECT_TRUE(a.take(3));
    EXPECT_FALSE(b.take(3));
    EXPECT_TRUE(b.take(4));
    EXPECT_FALSE(a.take(4));
    a.release(3);
    EXPECT_TRUE(b.take(3));
    EXPECT_TRUE(std::filesystem::exists(file));
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Claims, OfAKilledProcessAreFree) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Claims claims(store);
    const char answer = claims.take(7) ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  Claims claims(store);
  EXPECT_FALSE(claims.take(7));
  ::kill(child, SIGSTOP);  // stopped for however long: still its own
  EXPECT_FALSE(claims.take(7));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(claims.take(7));
  ::close(ready[0]);
  ::close(ready[1]);
}

// A kill after the last run was stored leaves the file, and a sweep that then finds nothing to do takes no claim.
TEST(Claims, LeftToTheParentEndWithIt) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db");
  int go[2], ready[2];
  ASSERT_EQ(::pipe(go), 0);
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    Claims claims(store);
    const bool taken = claims.take(3);
    if (const pid_t child = ::fork(); child == 0) {  // a worker that outlives its parent
      claims.leave_to_parent();
      char byte = taken ? 'y' : 'n';
      if (::write(ready[1], &byte, 1) == 1) (void)!::read(go[0], &byte, 1);
      ::_exit(0);
    }
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(byte, 'y');
  {
    Claims claims(store);
    EXPECT_FALSE(claims.take(3));  // the parent lives
  }
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  {
    Claims claims(store);
    EXPECT_TRUE(claims.take(3));
  }
  EXPECT_EQ(::write(go[1], &byte, 1), 1);
}

TEST(Claims, TheFileThatAKillLeftIsRemovedWithoutAClaim) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db"), file = store + "-claims";
  std::ofstream(file).put('x');
  {
    Claims busy(store);
    ASSERT_TRUE(busy.take(1));
    { const Claims idle(store); }
    EXPECT_TRUE(std::filesystem::exists(file));  // somebody holds a run
  }
  EXPECT_FALSE(std::filesystem::exists(file));
  std::ofstream(file).put('x');
  { const Claims idle(store); }
  EXPECT_FALSE(std::filesystem::exists(file));
  { const Claims idle(store); }
  EXPECT_FALSE(std::filesystem::exists(file));  // nor is one made
}

TEST(Claims, FollowNoLink) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db"), victim = scratch.path("victim");
  std::filesystem::create_symlink(victim, store + "-claims");
  Claims claims(store);
  EXPECT_THROW((void)claims.take(1), base::RunError);
  EXPECT_FALSE(std::filesystem::exists(victim));
}

// Files are made and removed all the time here: at no instant may two hold the same run.
TEST(Claims, HoldWhileOthersComeAndGo) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db");
  std::atomic<int> holders{0}, taken{0};
  std::atomic<bool> twice{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int had = 0; had < 100;) {
        Claims claims(store);
        if (!claims.take(1)) continue;
        if (holders.fetch_add(1) != 0) twice = true;
        ++had;
        ++taken;
        std::this_thread::yield();
        --holders;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(twice);
  EXPECT_EQ(taken, 400);
  EXPECT_FALSE(std::filesystem::exists(store + "-claims"));
}

// Who removes the file locks all of it for an instant: that must not look like a claim on a run nobody has.
TEST(Claims, AFreeRunIsNeverRefusedWhileOthersEnd) {
  const Scratch scratch;
  const std::string store = scratch.path("study.db");
  std::atomic<bool> stop{false};
  std::thread others([&] {
    while (!stop) {
      Claims claims(store);
      EXPECT_TRUE(claims.take(2));
    }
  });
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    Claims claims(store);
    refused += claims.take(1) ? 0 : 1;
  }
  stop = true;
  others.join();
  EXPECT_EQ(refused, 0);
}

}  // namespace
}  // namespace phaselaw::store
