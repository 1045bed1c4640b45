// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/tfevents.h"

#include <chrono>
#include <cmath>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "documents/scratch_files.h"
#include "phaselaw/base/crc32c.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::documents {
namespace {

using base::testing::contains;
using testing::document_of;
using testing::raw_bytes;
using Names = std::vector<std::string>;

// CRC-32C bit by bit, a second implementation.
std::uint32_t plain_crc(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
  }
  return ~crc;
}
std::string sum(const std::string& bytes) {
  const std::uint32_t crc = plain_crc(bytes);
  return raw_bytes((crc >> 15 | crc << 17) + 0xa282ead8U);
}
std::string record(const std::string& data) {
  const std::string length = raw_bytes(static_cast<std::uint64_t>(data.size()));
  return length + sum(length) + data + sum(data);
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field(int id, int wire, const std::string& value) {
  return varint(static_cast<std::uint64_t>(id) << 3 | static_cast<std::uint64_t>(wire)) +
         (wire == 2 ? varint(value.size()) : "") + value;
}
std::string event(double time, std::int64_t step, const std::string& summary) {
  return record(field(1, 1, raw_bytes(time)) + field(2, 0, varint(static_cast<std::uint64_t>(step))) +
                field(5, 2, summary));
}
std::string simple(const std::string& tag, float value) {
  return field(1, 2, field(1, 2, tag) + field(2, 5, raw_bytes(value)));
}
std::string tensor(const std::string& tag, const std::string& content) {
  return field(1, 2, field(1, 2, tag) + field(8, 2, content));
}
const std::string kVersion = record(field(1, 1, raw_bytes(0.0)) + field(3, 2, "brain.Event:2"));

Reading events(const std::string& bytes, const DocumentOptions& options = {}) {
  auto reading = read_tfevents(document_of(bytes, "events.out.tfevents.1"), options);
  EXPECT_TRUE(reading.has_value());
  return std::move(*reading);
}
std::string refusal(const std::string& bytes, const DocumentOptions& options = {}) {
  return base::testing::message_of<base::InputError>([&] { static_cast<void>(events(bytes, options)); });
}

TEST(Crc32c, AgreesWithKnownValuesAndTheDefinition) {
  EXPECT_EQ(base::crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(base::crc32c(std::string(32, '\0')), 0x8a9136aaU);
  std::string bytes;
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(base::crc32c(bytes), plain_crc(bytes)) << i;
    bytes += static_cast<char>(i * 37 + 200);
  }
}

TEST(TensorBoardEvents, TagsAreColumnsAndConsecutiveScalarsOfAStepShareARow) {
  const Reading reading = events(kVersion + event(10, 0, simple("loss/train", 3.5F) + simple("lr", 0.5F)) +
                                 event(11, 0, simple("loss/val", 4)) + event(12, 5, simple("loss/train", 3.25F)) +
                                 event(13, 5, simple("loss/train", 3.0F)) + event(14, 2, simple("lr", 0.25F)) +
                                 event(15, -1, simple("loss/val", NAN)));
  const Table& table = reading.table;
  EXPECT_EQ(reading.shape, "TensorBoard events");
  EXPECT_EQ(table.header, (Names{"step", "wall_time", "loss/train", "lr", "loss/val"}));
  ASSERT_EQ(table.n_rows(), 5U);
  const double steps[] = {0, 5, 5, 2, -1}, times[] = {10, 12, 13, 14, 15};
  for (std::size_t row = 0; row < 5; ++row) {
    EXPECT_EQ(table.number(row, 0).value, steps[row]);
    EXPECT_EQ(table.number(row, 1).value, times[row]);
  }
  EXPECT_EQ(table.number(0, 2).value, 3.5);
  EXPECT_EQ(table.number(0, 3).value, 0.5);
  EXPECT_EQ(table.number(0, 4).value, 4);
  EXPECT_EQ(table.number(2, 2).value, 3);
  EXPECT_TRUE(table.is_empty(1, 3));
  EXPECT_EQ(table.number(4, 4).kind, base::NumberKind::not_finite);
  EXPECT_EQ(table.line(0), 2);
  EXPECT_EQ(table.line(4), 7);
}

TEST(TensorBoardEvents, TensorsOfOneNumberAreScalars) {
  const auto of = [](int kind, const std::string& rest) {
    return field(1, 0, varint(static_cast<std::uint64_t>(kind))) + field(2, 2, "") + rest;
  };
  const struct {
    std::string tensor;
    double value;
  } cases[] = {
      {of(1, field(4, 2, raw_bytes(1.5F))), 1.5},
      {of(2, field(4, 2, raw_bytes(0.1))), 0.1},
      {of(3, field(4, 2, raw_bytes(std::int32_t{-7}))), -7},
      {of(9, field(4, 2, raw_bytes(std::int64_t{-7}))), -7},
      {of(19, field(4, 2, raw_bytes(std::uint16_t{0x3E00}))), 1.5},
      {of(14, field(4, 2, raw_bytes(std::uint16_t{0x3FC0}))), 1.5},
      {of(1, field(5, 2, raw_bytes(2.5F))), 2.5},
      {of(1, field(5, 5, raw_bytes(2.5F))), 2.5},
      {of(2, field(6, 2, raw_bytes(0.1))), 0.1},
      {of(2, field(6, 1, raw_bytes(0.1))), 0.1},
      {of(3, field(7, 2, varint(300))), 300},
      {of(9, field(10, 0, varint(~std::uint64_t{0}))), -1},
      {of(19, field(13, 2, varint(0x3E00))), 1.5},
      {of(14, field(13, 2, varint(0x3FC0))), 1.5},
      {of(10, field(11, 2, varint(1))), 1},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i)
    EXPECT_EQ(events(event(0, 1, tensor("a", cases[i].tensor))).table.number(0, 2).value, cases[i].value) << i;
}

TEST(TensorBoardEvents, OtherSummariesAreCounted) {
  const std::string two = field(1, 0, varint(1)) + field(5, 2, raw_bytes(std::vector<float>{1, 2}));
  const std::string words = field(1, 0, varint(7)) + field(8, 2, "text");
  const Reading reading = events(event(0, 1,
                                       tensor("pair", two) + tensor("words", words) + simple("loss", 3) +
                                           field(1, 2, field(1, 2, "image") + field(4, 2, "PNG"))));
  EXPECT_EQ(reading.table.header, (Names{"step", "wall_time", "loss"}));
  ASSERT_EQ(reading.skipped.size(), 1U);
  EXPECT_EQ(reading.skipped[0].count, 3U);
  EXPECT_EQ(reading.skipped[0].example, "pair");
  const std::string message = refusal(kVersion + event(0, 1, tensor("pair", two)));
  EXPECT_TRUE(contains(message, "expected scalars, found none in 2 records") && contains(message, "1 summaries"))
      << message;
}

TEST(TensorBoardEvents, AnIncompleteLastRecordIsNotedAndLeftOut) {
  const std::string whole = kVersion + event(0, 1, simple("loss", 3)), last = event(0, 2, simple("loss", 2));
  for (std::size_t size = 1; size < last.size(); ++size) {
    const Reading reading = events(whole + last.substr(0, size));
    EXPECT_EQ(reading.table.n_rows(), 1U) << size;
    EXPECT_TRUE(contains(reading.notes.at(0), "last record is incomplete"));
    EXPECT_EQ(reading.skipped.at(0).count, 1U);
  }
  EXPECT_EQ(events(whole + std::string(100, '\0')).table.n_rows(), 1U);
  EXPECT_TRUE(events(whole).notes.empty());
}

TEST(TensorBoardEvents, WrongSumsOfDataAreCountedAndOfLengthsAreErrors) {
  const std::string first = event(0, 1, simple("loss", 3)), second = event(0, 2, simple("loss", 2));
  std::string data = second, length = second;
  data[20] = static_cast<char>(data[20] ^ 1);
  length[0] = static_cast<char>(length[0] ^ 1);
  const Reading reading = events(first + data + first);
  EXPECT_EQ(reading.table.n_rows(), 2U);
  EXPECT_EQ(reading.skipped.at(0).reason, "records with a wrong check sum");
  EXPECT_EQ(reading.skipped.at(0).lines, std::vector<long>{2});
  const std::string message = refusal(first + length + first);
  EXPECT_TRUE(contains(message, "events.out.tfevents.1:2: ") &&
              contains(message, fmt::format("after {} bytes", first.size())))
      << message;
}

TEST(TensorBoardEvents, HeadingsAreDistinct) {
  const Reading reading =
      events(event(0, 1, simple("step", 3) + simple("", 4) + simple("scalar", 5) + simple("a\xe4", 6)));
  EXPECT_EQ(reading.table.header, (Names{"step", "wall_time", "step (scalar)", "scalar'", "scalar", "a\u00e4"}));
  EXPECT_TRUE(contains(reading.notes.at(0), "The scalar 'step' is the column 'step (scalar)'"));
}

TEST(TensorBoardEvents, ManyTagsNeedBoundedTimeAndMemory) {
  std::string together, apart;
  for (int i = 0; i < 100'000; ++i) {
    const std::string one = simple(fmt::format("layer/{}", i), 1);
    together += one;
    if (i < 20'000) apart += event(0, i, one);
  }
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(events(event(0, 1, together)).table.n_columns(), 100'002U);
  EXPECT_TRUE(contains(refusal(apart), "are too many for --memory-limit 8G"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(TensorBoardEvents, MutatedFilesAreReadOrRefused) {
  const std::string summary = simple("loss", 3) + tensor("t", field(1, 0, varint(1)) + field(5, 2, raw_bytes(2.5F)));
  testing::Mutator mutator(7);
  for (int i = 0; i < 5000; ++i) {
    // Within the record, with sums that are right, and of the whole file.
    const std::string inner = kVersion + record(mutator.mutated(field(1, 1, raw_bytes(1.0)) + field(2, 0, varint(300)) +
                                                                field(5, 2, mutator.mutated(summary))));
    for (const std::string& bytes : {inner, mutator.mutated(inner)}) {
      try {
        const auto reading = read_tfevents(document_of(bytes, "e"), {});
        EXPECT_TRUE(!reading || reading->table.n_rows() > 0);
      } catch (const base::InputError& error) {
        EXPECT_TRUE(contains(error.what(), "e:")) << error.what();
      }
    }
  }
}

}  // namespace
}  // namespace phaselaw::documents
