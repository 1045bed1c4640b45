// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/input.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <lzma.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/message_of.h"
#include "documents/scratch_files.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/folder.h"

namespace phaselaw::documents {
namespace {

using base::testing::contains;
using testing::Mutator;

std::string gzip_of(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string zstd_of(const std::string& text) {
  std::string out(::ZSTD_compressBound(text.size()), '\0');
  out.resize(::ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string xz_of(const std::string& text) {
  std::string out(::lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t size = 0;
  EXPECT_EQ(::lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                                      text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &size, out.size()),
            LZMA_OK);
  out.resize(size);
  return out;
}

struct Packer {
  std::string name;
  std::function<std::string(const std::string&)> packed;
};
const std::vector<Packer>& packers() {
  static const std::vector<Packer> all{{"gzip", gzip_of}, {"zstd", zstd_of}, {"xz", xz_of}};
  return all;
}

// A table of about `lines` lines that compresses well, but not without limit.
std::string table_text(std::size_t lines) {
  std::string text = "step,loss\n";
  for (std::size_t i = 0; i < lines; ++i) text += fmt::format("{},{:.4f}\n", i, 3.0 + 1.0 / static_cast<double>(i + 1));
  return text;
}

std::string failure(const std::string& path, const DocumentOptions& options = {}) {
  return base::testing::message_of<base::InputError>([&] { static_cast<void>(open_document(path, options)); });
}

// Sends the bytes to the program as standard input for the time of `use`.
template <class Use>
void with_standard_input(const std::string& bytes, Use&& use) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const int former = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]);
  std::thread writer([&] {
    for (std::size_t at = 0; at < bytes.size();) {
      const ssize_t written = ::write(ends[1], bytes.data() + at, bytes.size() - at);
      if (written <= 0) break;
      at += static_cast<std::size_t>(written);
    }
    ::close(ends[1]);
  });
  const auto handler = std::signal(SIGPIPE, SIG_IGN);  // the reader may stop before the end
  use();
  ::dup2(former, STDIN_FILENO);
  ::close(former);
  writer.join();
  std::signal(SIGPIPE, handler);
}

TEST(Input, ReadsFilesOfEverySizeAroundItsPieces) {
  const Scratch scratch;
  for (const std::size_t size : {1UL, 7UL, 8UL, 9UL, 65535UL, 65536UL, 65537UL, 262144UL, 262145UL, 1000003UL}) {
    std::string text;
    while (text.size() < size) text += fmt::format("{},", text.size());
    text.resize(size);
    const Document document = open_document(scratch.file("a.csv", text));
    EXPECT_EQ(*document.text, text) << size;
    EXPECT_EQ(document.compression, "");
    EXPECT_GE(document.text->capacity(), size + Document::kPadding);
  }
}

TEST(Input, ReadsCompressedFilesInOnePartOrSeveral) {
  const Scratch scratch;
  const std::string one = table_text(30000), two = "1,2\n";
  for (const auto& [name, packed] : packers()) {
    const Document single = open_document(scratch.file("a", packed(one)));
    EXPECT_EQ(*single.text, one) << name;
    EXPECT_EQ(single.compression, name);
    EXPECT_GE(single.text->capacity(), one.size() + Document::kPadding);
    const Document both = open_document(scratch.file("b", packed(one) + packed(two) + packed(one)));
    EXPECT_TRUE(*both.text == one + two + one) << name;
  }
  EXPECT_EQ(*open_document(scratch.file("c", gzip_of(two) + std::string(1000, '\0'))).text, two);
}

TEST(Input, TruncatedAndDamagedDataAreOneErrorWithTheFormat) {
  const Scratch scratch;
  const std::string text = table_text(2000);
  for (const auto& [name, packed] : packers()) {
    const std::string whole = packed(text);
    for (const std::size_t size : {whole.size() - 1, whole.size() / 2, std::size_t{20}}) {
      const std::string message = failure(scratch.file("a.gz", whole.substr(0, size)));
      EXPECT_TRUE(contains(message, name) && contains(message, "truncated")) << name << size << message;
    }
    std::string damaged = whole;
    for (std::size_t i = 40; i < 60; ++i) damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    EXPECT_TRUE(contains(failure(scratch.file("a", damaged)), name + " data are ")) << name;
    EXPECT_TRUE(contains(failure(scratch.file("a", whole + "rest of a file")), name + " data are damaged")) << name;
  }
}

TEST(Input, MutatedCompressedDataAreReadOrRefused) {
  const Scratch scratch;
  const std::string text = table_text(50);
  Mutator mutator(1);
  for (const auto& [name, packed] : packers()) {
    const std::string whole = packed(text);
    for (int i = 0; i < 150; ++i) {
      const std::string path = scratch.file("a", mutator.mutated(whole));
      try {
        static_cast<void>(open_document(path));
      } catch (const base::InputError& error) {
        EXPECT_TRUE(contains(error.what(), path)) << error.what();
      }
    }
  }
}

TEST(Input, DataThatWereMadeToFillAMemoryAreRefusedAndRepetitiveTablesAreRead) {
  const Scratch scratch;
  const std::string bomb(72'000'000, 'a');
  for (const auto& [name, packed] : packers()) {
    const std::string path = scratch.file("bomb", packed(bomb));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(contains(failure(path), "more than 200 times larger")) << name;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2)) << name;
  }
  std::string table;
  for (std::size_t i = 0; table.size() < 70'000'000; ++i)
    table += fmt::format("run-with-a-long-name,train,constant,0.125,0.25,0.5,{}\n", i * 7919 % 1000003);
  const std::string packed = zstd_of(table);
  ASSERT_LT(packed.size() * 8, table.size());
  EXPECT_TRUE(*open_document(scratch.file("t.csv.zst", packed)).text == table);
}

TEST(Input, FilesStreamsAndAllDocumentsTogetherHaveALimit) {
  const Scratch scratch;
  const std::string text = table_text(3000);
  const std::string path = scratch.file("a.csv", text), other = scratch.file("b.csv", text);
  DocumentOptions options{.memory_limit = 4 * text.size()};
  EXPECT_EQ(open_document(path, options).text->size(), text.size());
  EXPECT_TRUE(contains(base::testing::message_of<base::InputError>([&] {
                         static_cast<void>(open_documents({path, other}, options));
                       }),
                       "in all documents together"));
  options.memory_limit = 4 * text.size() - 4;
  EXPECT_TRUE(contains(failure(path, options), "--memory-limit"));
  EXPECT_TRUE(contains(failure(scratch.file("c", gzip_of(std::string(200000, '7'))), {.memory_limit = 600000}),
                       "--memory-limit"));
  EXPECT_TRUE(contains(failure("/dev/zero"), "binary data"));
  EXPECT_TRUE(contains(failure("/dev/urandom"), "binary data"));
  with_standard_input(std::string(2'000'000, '1'), [&] {
    EXPECT_TRUE(
        contains(failure("-", {.memory_limit = std::size_t{64} << 20}), "standard input: expected at most 1M of data"));
  });
}

TEST(Input, ReadsStandardInputAndPipes) {
  const std::string text = table_text(20000);
  with_standard_input(text, [&] {
    const Document document = open_document("-");
    EXPECT_EQ(document.source, "standard input");
    EXPECT_TRUE(*document.text == text);
  });
  with_standard_input(gzip_of(text), [&] { EXPECT_TRUE(*open_document("-").text == text); });
  with_standard_input(text, [&] { EXPECT_TRUE(*open_document("/dev/fd/0").text == text); });
  with_standard_input("", [&] { EXPECT_TRUE(contains(failure("-"), "is empty")); });
  const Scratch scratch;
  const std::string fifo = scratch.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_TRUE(contains(failure(fifo), "no program has written to this pipe"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1900));
  std::thread writer([&] {
    const int file = ::open(fifo.c_str(), O_WRONLY);
    EXPECT_EQ(::write(file, "1,2\n", 4), 4);
    ::close(file);
  });
  EXPECT_EQ(*open_document(fifo).text, "1,2\n");
  writer.join();
}

TEST(Input, PathsThatCannotBeReadAreOneErrorEach) {
  const Scratch scratch;
  EXPECT_TRUE(contains(failure(scratch.path("none")), "check the path"));
  EXPECT_TRUE(contains(failure(scratch.root()), "found a directory"));
  EXPECT_TRUE(contains(failure(scratch.file("a", "")), "is empty"));
}

TEST(Input, AFolderStandsForItsTablesAndLogs) {
  const Scratch scratch;
  const std::vector<std::string> kept{scratch.file("b.csv", "x"), scratch.file("a.jsonl.gz", "x"),
                                      scratch.file("sub/run.log.1", "text"), scratch.file("sub/stdout", "text\n"),
                                      scratch.file("tb/events.out.tfevents.1.host", "x")};
  const std::vector<std::string> left_out{scratch.file(".hidden.csv", "x"),
                                          scratch.file("model.safetensors", "x"),
                                          scratch.file("train.py", "x"),
                                          scratch.file("checkpoint-10/state.json", "x"),
                                          scratch.file("blob", std::string("a\0b", 3)),
                                          scratch.file("empty.csv", ""),
                                          scratch.file("photo.png", "x")};
  const Listing listing = list_documents({scratch.root()});
  std::vector<std::string> sorted = kept;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(listing.paths, sorted);
  std::size_t skipped = 0;
  for (const Skipped& each : listing.skipped) skipped += each.count;
  EXPECT_EQ(skipped, left_out.size());
  EXPECT_EQ(open_documents({kept[0], kept[2]}).documents[1].source, kept[2]);
}

TEST(Input, AFolderWithoutTablesAndAPathGivenTwiceAreErrors) {
  const Scratch scratch;
  static_cast<void>(scratch.file("in/model.pt", "x"));
  const auto message = [](const std::vector<std::string>& paths) {
    return base::testing::message_of<base::InputError>([&] { static_cast<void>(list_documents(paths)); });
  };
  EXPECT_TRUE(contains(message({scratch.root()}), "1 checkpoints and files of weights"));
  const std::string path = scratch.file("a.csv", "x");
  EXPECT_TRUE(contains(message({path, path}), "given twice"));
  for (int i = 0; i <= 10000; ++i) static_cast<void>(scratch.file(fmt::format("many/{}.csv", i), "x"));
  EXPECT_TRUE(contains(message({scratch.path("many")}), "at most 10000 files"));
}

TEST(Input, LongLinesAreRefusedAtTheirPlace) {
  const auto require = [](std::string text) { require_short_lines(testing::document_of(std::move(text), "a.csv")); };
  const std::string longest(kLongestLine, 'x');
  EXPECT_NO_THROW(require(longest));
  EXPECT_NO_THROW(require(longest + "\n" + longest + "\r\n" + longest + "\r" + longest));
  EXPECT_NO_THROW(require("a\n" + longest));
  const auto message = [&](const std::string& text) {
    return base::testing::message_of<base::InputError>([&] { require(text); });
  };
  EXPECT_TRUE(contains(message("a\nb\n" + longest + "x"), "a.csv:3: expected lines of at most 16777215 bytes"));
  EXPECT_TRUE(contains(message("a\n" + longest + "x\nb"), "a.csv:2: "));
  EXPECT_TRUE(contains(message(longest + "\n" + longest + "x\n"), "a.csv:2: "));
}

}  // namespace
}  // namespace phaselaw::documents
