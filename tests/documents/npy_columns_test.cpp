// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/npy_columns.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/message_of.h"
#include "documents/scratch_files.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::documents {
namespace {

using base::testing::contains;
using testing::document_of;
using testing::raw_bytes;
using Names = std::vector<std::string>;

std::string npy(const std::string& descr, const std::string& shape, const std::string& data, bool fortran = false) {
  std::string header = "{'descr': " + (descr[0] == '[' ? descr : "'" + descr + "'") +
                       ", 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }";
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  return "\x93NUMPY" + std::string("\x01\0", 2) + raw_bytes(static_cast<std::uint16_t>(header.size())) + header + data;
}

struct Packed {
  std::string name, bytes;
};

std::string deflated(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(::deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(::deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string npz(const std::vector<Packed>& members, bool compressed) {
  std::string file, directory;
  for (const auto& [name, bytes] : members) {
    const auto crc = static_cast<std::uint32_t>(
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    const std::string data = compressed ? deflated(bytes) : bytes;
    const std::string common =
        std::string("\x14\0\0\0", 4) + raw_bytes(static_cast<std::uint16_t>(compressed ? 8 : 0)) +
        std::string(4, '\0') + raw_bytes(crc) + raw_bytes(static_cast<std::uint32_t>(data.size())) +
        raw_bytes(static_cast<std::uint32_t>(bytes.size())) + raw_bytes(static_cast<std::uint16_t>(name.size()));
    directory += std::string("PK\x01\x02\x14\0", 6) + common + std::string(12, '\0') +
                 raw_bytes(static_cast<std::uint32_t>(file.size())) + name;
    file += "PK\x03\x04" + common + std::string("\x04\0", 2) + name + "more" + data;
  }
  const auto count = static_cast<std::uint16_t>(members.size());
  return file + directory + std::string("PK\x05\x06\0\0\0\0", 8) + raw_bytes(count) + raw_bytes(count) +
         raw_bytes(static_cast<std::uint32_t>(directory.size())) + raw_bytes(static_cast<std::uint32_t>(file.size())) +
         std::string(2, '\0');
}

const std::vector<double> kLoss{3.5, 3.25, 3.125};
const std::vector<std::int64_t> kStep{0, 10, 20};

Reading array(const std::string& bytes, const DocumentOptions& options = {}) {
  auto reading = read_npy(document_of(bytes, "dir/loss.npy"), options);
  EXPECT_TRUE(reading.has_value());
  return std::move(*reading);
}
Reading archive(const std::vector<Packed>& members, const DocumentOptions& options = {}, bool compressed = false) {
  auto reading = read_npz(document_of(npz(members, compressed), "run.npz"), options);
  EXPECT_TRUE(reading.has_value());
  return std::move(*reading);
}
template <class Action>
std::string refusal(Action&& action) {
  return base::testing::message_of<base::InputError>(action);
}

TEST(NpyColumns, OneAxisIsAColumnNamedLikeTheFile) {
  const Reading reading = array(npy("<f8", "(3,)", raw_bytes(kLoss)));
  EXPECT_EQ(reading.table.header, Names{"loss"});
  EXPECT_EQ(reading.shape, "NumPy array");
  ASSERT_EQ(reading.table.n_rows(), 3U);
  EXPECT_TRUE(reading.table.holds_numbers(0));
  EXPECT_EQ(reading.table.number(1, 0).value, 3.25);
  EXPECT_EQ(reading.table.line(2), 3);
}

template <class V>
void expect_values(const std::string& kind, const std::vector<V>& values) {
  for (const bool big_endian : {false, true}) {
    const std::string descr = (big_endian ? ">" : "<") + kind + std::to_string(sizeof(V));
    const Reading reading = array(npy(descr, fmt::format("({},)", values.size()), raw_bytes(values, big_endian)));
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_EQ(reading.table.number(i, 0).value, static_cast<double>(values[i])) << descr << i;
  }
}

TEST(NpyColumns, EveryKindOfNumberInBothByteOrders) {
  expect_values<double>("f", {1.5, -1e300, 5e-324});
  expect_values<float>("f", {1.5F, -1e30F, 1e-45F});
  expect_values<std::int64_t>("i", {-9007199254740992, 5});
  expect_values<std::int32_t>("i", {-2147483647, 5});
  expect_values<std::int16_t>("i", {-32768, 5});
  expect_values<std::int8_t>("i", {-128, 5});
  expect_values<std::uint64_t>("u", {9007199254740992U, 5});
  expect_values<std::uint32_t>("u", {4294967295U, 5});
  expect_values<std::uint16_t>("u", {65535, 5});
  expect_values<std::uint8_t>("u", {255, 5});
  const std::vector<std::uint16_t> halves{0x3C00, 0xC500, 0x0001, 0x7BFF, 0x7C00};
  const Reading half = array(npy("<f2", "(5,)", raw_bytes(halves)));
  EXPECT_EQ(half.table.number(0, 0).value, 1);
  EXPECT_EQ(half.table.number(1, 0).value, -5);
  EXPECT_EQ(half.table.number(2, 0).value, std::ldexp(1, -24));
  EXPECT_EQ(half.table.number(3, 0).value, 65504);
  EXPECT_EQ(half.table.number(4, 0).kind, base::NumberKind::not_finite);
  EXPECT_EQ(array(npy("|b1", "(2,)", std::string("\x01\0", 2))).table.number(0, 0).value, 1);
  const Reading rounded = array(npy("<i8", "(1,)", raw_bytes(std::int64_t{9007199254740993})));
  EXPECT_TRUE(contains(rounded.notes.at(0), "beyond 2^53 were rounded"));
}

TEST(NpyColumns, TextsOfBytesAndOfCharacters) {
  const Reading bytes =
      array(npy("|S5", "(2,)", std::string("train\0val\0\0", 10).replace(5, 5, std::string("val\0\0", 5))));
  EXPECT_EQ(bytes.table.text(0, 0), "train");
  EXPECT_EQ(bytes.table.text(1, 0), "val");
  EXPECT_FALSE(bytes.table.holds_numbers(0));
  EXPECT_EQ(array(npy("|S2", "(1,)", "\xe4x")).table.text(0, 0), "\u00e4x");
  for (const bool big_endian : {false, true}) {
    const std::vector<char32_t> wide{U'\u00e4', U'\U0001F600', 0, U'b', 0, 0, 0xD800, 0x110000, 0x7FFFFFFF};
    const Reading text = array(npy(big_endian ? ">U3" : "<U3", "(3,)", raw_bytes(wide, big_endian)));
    EXPECT_EQ(text.table.text(0, 0), "\u00e4\U0001F600");
    EXPECT_EQ(text.table.text(1, 0), "b");
    EXPECT_EQ(text.table.text(2, 0), "\ufffd\ufffd\ufffd");
  }
}

TEST(NpyColumns, RecordsGiveAColumnForEachField) {
  std::string data;
  for (std::size_t i = 0; i < 3; ++i)
    data += raw_bytes(kStep[i], true) + "r" + std::to_string(i) + std::string(4, 'p') + raw_bytes(kLoss[i]) +
            raw_bytes(std::vector<float>{1.0F * static_cast<float>(i), 2});
  const Reading reading =
      array(npy("[('step', '>i8'), ('run', '|S2'), ('', '|V4'), (('the loss', 'loss'), '<f8'), "
                "('pair', '<f4', (2,))]",
                "(3,)", data));
  EXPECT_EQ(reading.table.header, (Names{"step", "run", "loss", "pair.0", "pair.1"}));
  EXPECT_EQ(reading.table.number(2, 0).value, 20);
  EXPECT_EQ(reading.table.text(1, 1), "r1");
  EXPECT_EQ(reading.table.number(2, 2).value, 3.125);
  EXPECT_EQ(reading.table.number(2, 3).value, 2);
  EXPECT_EQ(reading.table.number(0, 4).value, 2);
}

TEST(NpyColumns, TwoAxesGiveNumberedColumnsInBothOrders) {
  const std::vector<double> rows{1, 2, 3, 4, 5, 6}, columns{1, 4, 2, 5, 3, 6};
  for (const Reading& reading :
       {array(npy("<f8", "(2, 3)", raw_bytes(rows))), array(npy("<f8", "(2, 3)", raw_bytes(columns), true))}) {
    EXPECT_EQ(reading.table.header, (Names{"c0", "c1", "c2"}));
    for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(reading.table.number(i / 3, i % 3).value, rows[i]);
  }
}

TEST(NpyColumns, ArchivesGiveAColumnForEachArray) {
  const std::vector<Packed> members{
      {"step.npy", npy("<i8", "(3,)", raw_bytes(kStep))},
      {"loss.npy", npy("<f8", "(3,)", raw_bytes(kLoss))},
      {"stream.npy", npy("<U1", "(3,)", raw_bytes(std::vector<char32_t>{U'a', U'b', U'c'}))},
      {"seed.npy", npy("<i4", "()", raw_bytes(std::int32_t{7}))},
      {"weights.npy", npy("<f8", "(1, 3)", raw_bytes(kLoss))},
      {"config.npy", npy("|O", "()", "\x80\x04N.")}};
  for (const bool compressed : {false, true}) {
    const Reading reading = archive(members, {}, compressed);
    EXPECT_EQ(reading.table.header, (Names{"step", "loss", "stream", "seed"}));
    EXPECT_EQ(reading.table.n_rows(), 3U);
    EXPECT_EQ(reading.table.number(2, 1).value, 3.125);
    EXPECT_EQ(reading.table.text(1, 2), "b");
    EXPECT_EQ(reading.table.number(2, 3).value, 7);
    ASSERT_EQ(reading.skipped.size(), 2U);
    EXPECT_EQ(reading.skipped[0].example, "weights");
    EXPECT_TRUE(contains(reading.skipped[1].reason, "pickles")) << reading.skipped[1].reason;
  }
}

TEST(NpyColumns, ArraysOfDifferentLengthsAreListedAndOneIsChosen) {
  const std::vector<Packed> members{{"step.npy", npy("<i8", "(3,)", raw_bytes(kStep))},
                                    {"loss.npy", npy("<f8", "(3,)", raw_bytes(kLoss))},
                                    {"val_loss.npy", npy("<f8", "(1,)", raw_bytes(1.5))}};
  const std::string message = refusal([&] { static_cast<void>(archive(members)); });
  EXPECT_TRUE(contains(message, "found the lengths 3 (step, loss), 1 (val_loss); choose one with --table 3"))
      << message;
  EXPECT_EQ(archive(members, {.table = "3"}).table.header, (Names{"step", "loss"}));
  EXPECT_EQ(archive(members, {.table = "1"}).table.number(0, 0).value, 1.5);
  EXPECT_TRUE(contains(refusal([&] { static_cast<void>(archive(members, {.table = "2"})); }), "--table"));
}

TEST(NpyColumns, WhatIsNotReadIsOneErrorEach) {
  const std::string data = raw_bytes(kLoss);
  const struct {
    std::string bytes, expected;
  } cases[] = {
      {npy("|O", "(3,)", "\x80\x04N."), "holds Python objects (a pickle), which are never loaded"},
      {npy("[('a', '<f8'), ('b', '|O')]", "(3,)", data), "the field 'b' holds Python objects"},
      {npy("<c16", "(3,)", data), "has the dtype <c16"},
      {npy("<M8[s]", "(3,)", data), "has the dtype <M8[s]"},
      {npy("<f16", "(3,)", data), "has the dtype <f16"},
      {npy("<f8", "()", data), "expected one axis"},
      {npy("<f8", "(1, 1, 3)", data), "expected one axis"},
      {npy("<f8", "(1, 65)", data), "at most 64 columns"},
      {npy("<f8", "(4,)", data), "needs 32 bytes of data, found 24"},
      {npy("<f8", "(0,)", ""), "is empty"},
      {npy("<U0", "(281474976710655,)", ""), "all empty"},
      {npy("[('a', '|S0')]", "(281474976710655,)", ""), "no values"},
      {npy("[('a', '<f8'), ('a', '<f8')]", "(1,)", data.substr(0, 16)), "two arrays have the name 'a'"},
      {npy("[('a', [('b', '<f8')])]", "(3,)", data), "a structure within a structure"},
      {npy("[('a', '<f8', (65,))]", "(3,)", data), "at most 64 values"},
  };
  for (const auto& [bytes, expected] : cases) {
    const std::string message = refusal([&] { static_cast<void>(array(bytes)); });
    EXPECT_TRUE(contains(message, expected)) << "expected " << expected << ", found " << message;
    EXPECT_EQ(message.find("dir/loss.npy: "), 0U) << message;
  }
  const std::string many(2'000'000, '\x01');
  EXPECT_TRUE(
      contains(refusal([&] { static_cast<void>(array(npy("|u1", "(2000000,)", many), {.memory_limit = 4'000'000})); }),
               "too many for --memory-limit"));
}

TEST(NpyColumns, DamagedArchivesAreOneErrorEach) {
  const std::vector<Packed> members{{"loss.npy", npy("<f8", "(3,)", raw_bytes(kLoss))}};
  for (const bool compressed : {false, true}) {
    const std::string whole = npz(members, compressed);
    for (std::size_t size = 40; size < whole.size(); ++size)
      EXPECT_THROW(static_cast<void>(read_npz(document_of(whole.substr(0, size)), {})), base::InputError) << size;
    std::string wrong = whole;
    wrong[wrong.find("loss.npymore") + 20] ^= 1;
    EXPECT_THROW(static_cast<void>(read_npz(document_of(wrong), {})), base::InputError);
  }
  // One small member that the directory names many times, and that becomes large.
  std::vector<Packed> large(40, {"a.npy", npy("|u1", "(4000000,)", std::string(4'000'000, 'x'))});
  for (std::size_t i = 0; i < large.size(); ++i) large[i].name = fmt::format("a{}.npy", i);
  EXPECT_TRUE(contains(refusal([&] { static_cast<void>(archive(large, {}, true)); }), "200 times larger"));
}

TEST(NpyColumns, MutatedFilesAreReadOrRefused) {
  const std::string records =
      npy("[('step', '<i8'), ('loss', '<f8')]", "(2,)", raw_bytes(std::vector<double>{1, 2, 3, 4}));
  const std::string zipped = npz(
      {{"step.npy", npy("<i8", "(3,)", raw_bytes(kStep))}, {"loss.npy", npy("<f8", "(3,)", raw_bytes(kLoss))}}, true);
  testing::Mutator mutator(5);
  for (int i = 0; i < 3000; ++i)
    for (const std::string& whole : {records, zipped}) {
      const Document document = document_of(mutator.mutated(whole), "a.npy");
      try {
        for (const auto reader : {&read_npy, &read_npz}) {
          const auto reading = reader(document, {});
          EXPECT_TRUE(!reading || reading->table.n_columns() > 0);
        }
      } catch (const base::InputError& error) {
        EXPECT_TRUE(contains(error.what(), "a.npy")) << error.what();
      }
    }
}

}  // namespace
}  // namespace phaselaw::documents
