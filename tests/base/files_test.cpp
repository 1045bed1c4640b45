// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/files.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>

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
}

TEST_F(Files, TheDirectoryOfANewFileIsMade) {
  write_file(path("new/below/a"), "x");
  EXPECT_EQ(read_text(path("new/below/a")), "x");
}

TEST_F(Files, TheModeOfTheOldFileIsKept) {
  write_file(path("a"), "old");
  fs::permissions(path("a"), fs::perms::owner_read | fs::perms::owner_write);
  write_file(path("a"), "new");
  EXPECT_EQ(fs::status(path("a")).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

// A link is followed, and what nobody can foresee cannot be placed before.
TEST_F(Files, LinksAreFollowedAndNeverReplaced) {
  write_file(path("target"), "old");
  fs::create_symlink("target", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(read_text(path("target")), "new");
  fs::create_symlink("nowhere", path("dangling"));
  EXPECT_TRUE(contains(message_of<RunError>([&] { write_file(path("dangling"), "x"); }), "leads to no file"));
  EXPECT_FALSE(fs::exists(path("nowhere")));
  fs::create_symlink("target", path("b.part-1"));
  fs::create_symlink("target", path("b.part-0123456789abcdef"));
  write_file(path("b"), "x");
  EXPECT_EQ(read_text(path("target")), "new");
}

TEST_F(Files, DevicesAndFifosAreWrittenThrough) {
  write_file("/dev/null", "x");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  EXPECT_TRUE(contains(message_of<RunError>([] { write_file("/dev/full", "x"); }), "No space left on device"));
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_TRUE(contains(message_of<RunError>([&] { write_file(path("fifo"), "x"); }), "nothing reads from this FIFO"));
  std::string seen;
  std::thread reader([&] { std::getline(std::ifstream(path("fifo")), seen); });
  for (bool written = false; !written;) try {
      write_file(path("fifo"), "through\n");
      written = true;
    } catch (const RunError&) {
      std::this_thread::yield();
    }
  reader.join();
  EXPECT_EQ(seen, "through");
  EXPECT_TRUE(fs::is_fifo(path("fifo")));
}

TEST_F(Files, TemporariesOfKilledProcessesAreRemovedAndThoseInUseAreNot) {
  std::ofstream(path("a.part-00000000000000aa")) << "half";
  std::ofstream(path("a.part-other")) << "of the user";
  std::ofstream(path("b.part-00000000000000aa")) << "of another file";
  PieceFile other(path("a"));  // a second process that writes the same file
  write_file(path("a"), "first");
  EXPECT_FALSE(fs::exists(path("a.part-00000000000000aa")));
  EXPECT_TRUE(fs::exists(path("a.part-other")));
  EXPECT_TRUE(fs::exists(path("b.part-00000000000000aa")));
  other.append("second");
  other.commit();
  EXPECT_EQ(read_text(path("a")), "second");
  EXPECT_EQ(entries(), 3);
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

TEST_F(Files, AWritableDirectoryIsCheckedAndNotMade) {
  require_writable_directory(path("a/b/c"), "--out");
  EXPECT_EQ(entries(), 0);
  fs::create_directory(path("a"));
  require_writable_directory(path("a"), "--out");
  EXPECT_TRUE(fs::is_empty(path("a")));
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
  EXPECT_EQ(entries(), 0);
  fs::create_directory(path("sub"));
  EXPECT_TRUE(message_of<InputError>([&] { require_writable_file(path("sub"), "--out"); }).starts_with("--out: "));
  write_file(path("file"), "x");
  EXPECT_THROW(require_writable_file(path("file/x"), "--out"), InputError);
}

}  // namespace
}  // namespace phaselaw::base
