// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/arrow_stream.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>

#include <gtest/gtest.h>

namespace phaselaw::documents {
namespace {

// A producer that keeps all its buffers, as a frame does, and counts what was released.
struct Producer {
  struct Column {
    std::string name, format, dictionary_format;
    std::vector<const void*> buffers, dictionary_buffers;
    std::int64_t null_count = 0, offset = 0, dictionary_length = 0;
  };
  std::vector<Column> columns;
  std::int64_t rows = 0;
  int batches = 1, given = 0, released = 0, fail_with = 0;

  ArrowArrayStream stream() {
    ArrowArrayStream s{};
    s.private_data = this;
    s.get_schema = [](ArrowArrayStream* self, ArrowSchema* out) {
      static_cast<Producer*>(self->private_data)->schema(*out);
      return 0;
    };
    s.get_next = [](ArrowArrayStream* self, ArrowArray* out) {
      auto& p = *static_cast<Producer*>(self->private_data);
      *out = {};
      if (p.fail_with != 0) return p.fail_with;
      if (p.given++ < p.batches) p.batch(*out);
      return 0;
    };
    s.get_last_error = [](ArrowArrayStream*) -> const char* { return "the disk is on fire"; };
    s.release = [](ArrowArrayStream*) {};
    return s;
  }

 private:
  std::vector<ArrowSchema> child_schemas_, dictionary_schemas_;
  std::vector<ArrowSchema*> schema_pointers_;
  std::vector<ArrowArray> children_, dictionaries_;
  std::vector<ArrowArray*> pointers_;

  void schema(ArrowSchema& out) {
    child_schemas_.assign(columns.size(), {});
    dictionary_schemas_.assign(columns.size(), {});
    schema_pointers_.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      child_schemas_[i].format = columns[i].format.c_str();
      child_schemas_[i].name = columns[i].name.c_str();
      if (!columns[i].dictionary_format.empty()) {
        dictionary_schemas_[i].format = columns[i].dictionary_format.c_str();
        child_schemas_[i].dictionary = &dictionary_schemas_[i];
      }
      schema_pointers_.push_back(&child_schemas_[i]);
    }
    out = {};
    out.format = "+s";
    out.n_children = static_cast<std::int64_t>(columns.size());
    out.children = schema_pointers_.data();
    out.private_data = this;
    out.release = [](ArrowSchema* self) { ++static_cast<Producer*>(self->private_data)->released; };
  }
  void batch(ArrowArray& out) {
    children_.assign(columns.size(), {});
    dictionaries_.assign(columns.size(), {});
    pointers_.clear();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      Column& c = columns[i];
      children_[i].length = rows;
      children_[i].null_count = c.null_count;
      children_[i].offset = c.offset;
      children_[i].n_buffers = static_cast<std::int64_t>(c.buffers.size());
      children_[i].buffers = c.buffers.data();
      if (!c.dictionary_format.empty()) {
        dictionaries_[i].length = c.dictionary_length;
        dictionaries_[i].n_buffers = static_cast<std::int64_t>(c.dictionary_buffers.size());
        dictionaries_[i].buffers = c.dictionary_buffers.data();
        children_[i].dictionary = &dictionaries_[i];
      }
      pointers_.push_back(&children_[i]);
    }
    out.length = rows;
    out.n_buffers = 1;
    static const void* none[] = {nullptr};
    out.buffers = none;
    out.n_children = static_cast<std::int64_t>(columns.size());
    out.children = pointers_.data();
    out.private_data = this;
    out.release = [](ArrowArray* self) { ++static_cast<Producer*>(self->private_data)->released; };
  }
};

TEST(ArrowStream, ReadsNumbersTextCategoriesAndNulls) {
  const double loss[] = {9, 3.5, NAN, 2.25};  // its first element lies before the offset
  const unsigned char known[] = {0b1101};     // element 1 is null
  const std::int32_t step[] = {10, 20, 30};
  const std::int32_t ends[] = {0, 1, 1, 3};
  const std::int8_t index[] = {1, 0, 1};
  const std::int32_t dictionary_ends[] = {0, 5, 8};
  const unsigned char truths[] = {0b101};
  Producer producer;
  producer.rows = 3;
  producer.batches = 2;
  producer.columns = {{"loss", "g", "", {known, loss}, {}, 1, 1},
                      {"step", "i", "", {nullptr, step}, {}},
                      {"run", "u", "", {nullptr, ends, "abb"}, {}},
                      {"stream", "c", "u", {nullptr, index}, {nullptr, dictionary_ends, "trainval"}, 0, 0, 2},
                      {"done", "b", "", {nullptr, truths}, {}},
                      {"weights", "+l", "", {nullptr}, {}}};
  ArrowArrayStream stream = producer.stream();
  const Reading reading = read_arrow(stream, "frame");
  const Table& table = reading.table;
  ASSERT_EQ(table.n_rows(), 6U);
  EXPECT_EQ(table.header, (std::vector<std::string>{"loss", "step", "run", "stream", "done"}));
  EXPECT_EQ(table.number(0, 0).kind, base::NumberKind::missing);
  EXPECT_EQ(table.number(1, 0).kind, base::NumberKind::not_finite);
  EXPECT_EQ(table.number(5, 0).value, 2.25);
  EXPECT_EQ(table.number(4, 1).value, 20);
  EXPECT_EQ(table.text(2, 2), "bb");
  EXPECT_TRUE(table.is_empty(1, 2));
  EXPECT_EQ(table.text(0, 3), "val");
  EXPECT_EQ(table.text(4, 3), "train");
  EXPECT_EQ(table.text(1, 4), "false");
  EXPECT_EQ(base::to_string(table.place(5, 1)), "frame:6");
  ASSERT_EQ(reading.notes.size(), 1U);
  EXPECT_NE(reading.notes[0].find("weights"), std::string::npos);
  EXPECT_EQ(producer.released, 3);  // the schema and two batches
}

TEST(ArrowStream, HalfPrecisionAndDecimals) {
  const std::uint16_t half[] = {0x3c00, 0xc100, 0x0001, 0x7c00};  // 1, -2.5, 2^-24, inf
  const std::int64_t decimal[] = {12345, 0, -1, -1, 0, 1, 0, 0};  // 123.45, -0.01, 2^64/100, 0
  Producer producer;
  producer.rows = 4;
  producer.columns = {{"h", "e", "", {nullptr, half}, {}}, {"d", "d:19,2", "", {nullptr, decimal}, {}}};
  ArrowArrayStream stream = producer.stream();
  const Reading reading = read_arrow(stream, "frame");
  EXPECT_EQ(reading.table.number(0, 0).value, 1);
  EXPECT_EQ(reading.table.number(1, 0).value, -2.5);
  EXPECT_EQ(reading.table.number(2, 0).value, std::ldexp(1, -24));
  EXPECT_EQ(reading.table.number(3, 0).kind, base::NumberKind::not_finite);
  EXPECT_EQ(reading.table.number(0, 1).value, 123.45);
  EXPECT_EQ(reading.table.number(1, 1).value, -0.01);
  EXPECT_EQ(reading.table.number(2, 1).value, std::ldexp(1, 64) / 100);
}

TEST(ArrowStream, TellsWhatTheProducerSays) {
  Producer producer;
  producer.columns = {{"loss", "g", "", {nullptr, nullptr}, {}}};
  producer.fail_with = EIO;
  ArrowArrayStream stream = producer.stream();
  try {
    (void)read_arrow(stream, "frame");
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("the disk is on fire"), std::string::npos);
  }
  EXPECT_EQ(producer.released, 1);
}

TEST(ArrowStream, RefusesEqualNamesAndFramesWithoutColumns) {
  const double x[] = {1};
  Producer producer;
  producer.rows = 1;
  producer.columns = {{"a", "g", "", {nullptr, x}, {}}, {"a", "g", "", {nullptr, x}, {}}};
  ArrowArrayStream stream = producer.stream();
  EXPECT_THROW((void)read_arrow(stream, "frame"), base::InputError);
  Producer empty;
  stream = empty.stream();
  EXPECT_THROW((void)read_arrow(stream, "frame"), base::InputError);
}

}  // namespace
}  // namespace phaselaw::documents
