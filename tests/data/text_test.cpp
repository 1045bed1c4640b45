// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/text.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"

namespace phaselaw::data {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

TEST(Text, KnowsUtf8) {
  for (const auto& text : {""s, "plain\n"s, "\xC3\xA9"s, "\xE2\x82\xAC"s, "\xF0\x9F\x99\x82"s, "\xED\x9F\xBF"s,
                           "\xEE\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "\x7F\xC2\x80\xDF\xBF"s})
    EXPECT_TRUE(is_text(text)) << testing::PrintToString(text);
  for (const auto& bytes :
       {"a\0b"s, "\x80"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC3"s, "\xC3("s, "\xE0\x9F\xBF"s, "\xE2\x82"s, "\xED\xA0\x80"s,
        "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s, "\xFF"s, "text\xFE"s})
    EXPECT_FALSE(is_text(bytes)) << testing::PrintToString(bytes);
}

TEST(Text, ReadsADirectoryInOrderOnceAndSkipsBinaries) {
  const Scratch scratch;
  for (const auto& [name, bytes] : std::map<std::string, std::string>{
           {"b.txt", "second"}, {"a/z.txt", "first"}, {"c.bin", "x\0y"s}, {"d.txt", ""}, {"e.latin1", "caf\xE9"}})
    static_cast<void>(scratch.file(name, bytes));
  fs::create_symlink("b.txt", scratch.path("f-link.txt"));
  fs::create_hard_link(scratch.path("b.txt"), scratch.path("g-link.txt"));
  fs::create_symlink("nowhere", scratch.path("h-link.txt"));
  fs::create_directory_symlink(".", scratch.path("loop"));
  const auto [files, skipped] = read_texts(scratch.root());
  EXPECT_GT(skipped, 0U);
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[0].bytes, "first");
  EXPECT_EQ(files[1].bytes, "second");
  EXPECT_EQ(files[2].bytes, "");
  EXPECT_EQ(read_texts(scratch.path("b.txt")).files.at(0).bytes, "second");
}

TEST(Text, BadPathsAreOneClearErrorEach) {
  const Scratch scratch;
  fs::create_directory(scratch.path("empty"));
  static_cast<void>(scratch.file("binaries/x", "\0"s));
  static_cast<void>(scratch.file("blank/x", ""));
  const std::string binary = scratch.file("y", "\x89PNG\0"s);
  const std::pair<std::string, std::string> cases[] = {{scratch.path("none"), "check the path"},
                                                       {scratch.path("empty"), "found an empty directory"},
                                                       {scratch.path("binaries"), "found 1 files without UTF-8 text"},
                                                       {scratch.path("blank"), "found 1 files without UTF-8 text"},
                                                       {binary, "found a binary file"}};
  for (const auto& [path, expected] : cases) {
    const std::string message =
        base::testing::message_of<base::InputError>([&, &path = path] { static_cast<void>(read_texts(path)); });
    EXPECT_NE(message.find(expected), std::string::npos) << message;
    EXPECT_EQ(message.find(path), 0U) << message;
  }
}

// Bytes of a window as (file, offset).
using Byte = std::pair<std::size_t, std::int64_t>;

std::set<Byte> bytes_of(const std::vector<TextWindow>& windows, std::int64_t length) {
  std::set<Byte> bytes;
  for (const auto& window : windows)
    for (std::int64_t i = 0; i < length; ++i)
      EXPECT_TRUE(bytes.emplace(window.file, window.start + i).second) << "overlap";
  return bytes;
}

const std::vector<TextFile> kFiles{
    {"a", std::string(1000, 'a')}, {"b", std::string(5, 'b')}, {"c", std::string(333, 'c')}};

TEST(TextWindows, TrainAndTestAreDisjointAndSplitEveryFile) {
  constexpr std::int64_t kSeqLen = 6, kWindow = kSeqLen + 1;
  // a: border 800, 114 train and 28 test slots; b: too short; c: border 333 - 67 = 266, 38 and 9 slots.
  const auto windows = draw_windows(kFiles, kSeqLen, 114 + 38, 28 + 9, 0.2, 3);
  auto train = bytes_of(windows.train, kWindow);
  const auto test = bytes_of(windows.test, kWindow);
  EXPECT_EQ(train.size(), 152U * kWindow);
  EXPECT_EQ(test.size(), 37U * kWindow);
  for (const auto& [file, offset] : train) EXPECT_LT(offset, file == 0 ? 800 : 266);
  for (const auto& [file, offset] : test) {
    EXPECT_GE(offset, file == 0 ? 800 : 266);
    EXPECT_LT(offset, static_cast<std::int64_t>(kFiles[file].bytes.size()));
  }
}

TEST(TextWindows, AreNestedInNAndDependOnTheSeed) {
  const auto few = draw_windows(kFiles, 4, 20, 5, 0.2, 3), many = draw_windows(kFiles, 4, 150, 30, 0.2, 3);
  const auto other = draw_windows(kFiles, 4, 20, 5, 0.2, 4);
  const auto same = [](const TextWindow& a, const TextWindow& b) { return a.file == b.file && a.start == b.start; };
  EXPECT_TRUE(std::equal(few.train.begin(), few.train.end(), many.train.begin(), same));
  EXPECT_TRUE(std::equal(few.test.begin(), few.test.end(), many.test.begin(), same));
  EXPECT_FALSE(std::equal(few.train.begin(), few.train.end(), other.train.begin(), same));
}

TEST(TextWindows, TooLittleTextIsAnErrorWithTheNumbers) {
  const auto message = [](std::int64_t seq_len, std::int64_t n_data, std::int64_t n_test) {
    return base::testing::message_of<base::InputError>(
        [=] { static_cast<void>(draw_windows(kFiles, seq_len, n_data, n_test, 0.2, 1, {"--text"})); });
  };
  EXPECT_EQ(message(1338, 1, 1).find("--text: the text has 1338 bytes, but one sequence needs seq_len + 1 = 1339"), 0U)
      << message(1338, 1, 1);
  EXPECT_NE(message(6, 153, 1).find("n_data = 153, but the train part"), std::string::npos) << message(6, 153, 1);
  EXPECT_NE(message(6, 153, 1).find("contains only 152 windows of 7 bytes"), std::string::npos);
  EXPECT_NE(message(6, 152, 38).find("n_test = 38, but the test part"), std::string::npos) << message(6, 152, 38);
  EXPECT_NE(message(6, 152, 38).find("contains only 37 windows"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::data
