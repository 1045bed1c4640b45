// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/files.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::base {
namespace {

namespace fs = std::filesystem;
using testing::contains;
using testing::message_of;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "phaselaw_files_XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] long entries() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  fs::path folder_;
};

// Files of this process may not grow beyond `bytes`: the write then fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST_F(Files, WriteThenReadGivesTheSameBytes) {
  const std::string content("bytes \0 \xff\r\n\n", 12);
  write_file(path("a"), content);
  EXPECT_EQ(read_text(path("a")), content);
  write_file(path("a"), "");
  EXPECT_EQ(read_text(path("a")), "");
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, ReadersSeeTheOldFileOrTheNewOneNeverAPart) {
  const std::string letters = "ab";
  constexpr std::size_t kSize = 300'000;
  write_file(path("a"), std::string(kSize, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::size_t i = 0; i < 60; ++i) write_file(path("a"), std::string(kSize, letters[i % 2]));
    stop = true;
  });
  int torn = 0, reads = 0;
  while (!stop) {
    const std::string seen = read_text(path("a"));
    torn += seen.size() != kSize || seen.find_first_not_of(seen[0]) != std::string::npos;
    ++reads;
  }
  writer.join();
  EXPECT_EQ(torn, 0) << "of " << reads;
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, AFullDiskKeepsTheOldFileAndLeavesNothingElse) {
  write_file(path("a"), "old");
  {
    const FileSizeLimit limit(10'000);
    const auto message = message_of<RunError>([&] { write_file(path("a"), std::string(100'000, 'x')); });
    EXPECT_TRUE(message.starts_with(path("a") + ": writing failed (File too large)")) << message;
  }
  EXPECT_EQ(read_text(path("a")), "old");
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, WritingBelowAFileFails) {
  write_file(path("file"), "x");
  EXPECT_TRUE(contains(message_of<RunError>([&] { write_file(path("file/below"), "x"); }), "Not a directory"));
  EXPECT_TRUE(contains(message_of<RunError>([&] { write_file(path("nosuch/a"), "x"); }), "No such file or directory"));
}

TEST_F(Files, RenameOntoADirectoryLeavesNoTemporary) {
  fs::create_directory(path("taken"));
  EXPECT_THROW(write_file(path("taken"), "x"), RunError);
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, UnreadableInputIsAnInputErrorThatNamesIt) {
  EXPECT_TRUE(message_of<InputError>([&] { (void)read_text(path("nosuch")); }).starts_with(path("nosuch") + ": "));
  EXPECT_TRUE(contains(message_of<InputError>([&] { (void)read_text(folder_.string()); }), "found a directory"));
  EXPECT_THROW((void)read_text(path(std::string(5000, 'n'))), InputError);
  EXPECT_THROW((void)read_text(""), InputError);
}

TEST_F(Files, AReadThatFailsHalfwayIsNotAnEmptyFile) {
  if (!fs::exists("/proc/self/mem")) GTEST_SKIP() << "needs a file with failing reads: /proc/self/mem";
  EXPECT_THROW((void)read_text("/proc/self/mem"), InputError);  // address 0 is not mapped: read gives EIO
}

TEST_F(Files, WritableDirectoryIsMadeWithItsParentsAndLeftEmpty) {
  require_writable_directory(path("a/b/c"), "--out");
  EXPECT_TRUE(fs::is_directory(path("a/b/c")));
  EXPECT_TRUE(fs::is_empty(path("a/b/c")));
  require_writable_directory(path("a/b/c"), "--out");
}

TEST_F(Files, UnwritableDirectoryNamesTheFlag) {
  write_file(path("file"), "x");
  for (const auto& bad :
       {path("file"), path("file/below"), std::string("/proc/phaselaw"), std::string(), path(std::string(3000, 'n'))}) {
    const auto message = message_of<InputError>([&] { require_writable_directory(bad, "--out"); });
    EXPECT_TRUE(message.starts_with("--out: ") && contains(message, "'" + bad + "'")) << message;
  }
}

TEST_F(Files, DirectoryWithoutRoomForAFileNamesTheFlag) {
  if (!fs::is_directory("/proc/self")) GTEST_SKIP() << "needs a directory that takes no files: /proc/self";
  const auto message = message_of<InputError>([] { require_writable_directory("/proc/self", "--out"); });
  EXPECT_TRUE(message.starts_with("--out: no file can be written in '/proc/self'")) << message;
}

TEST_F(Files, WritableFileNeedsAPlaceNotTheFile) {
  require_writable_file(path("sub/study.db"), "--out");
  EXPECT_FALSE(fs::exists(path("sub/study.db")));
  EXPECT_TRUE(fs::is_empty(path("sub")));
  EXPECT_TRUE(message_of<InputError>([&] { require_writable_file(path("sub"), "--out"); }).starts_with("--out: "));
  write_file(path("file"), "x");
  EXPECT_THROW(require_writable_file(path("file/x"), "--out"), InputError);
}

}  // namespace
}  // namespace phaselaw::base
