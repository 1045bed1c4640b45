// SPDX-License-Identifier: Apache-2.0
#include <ctime>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/json.h"

// Random tables in every form, damaged documents, and documents made to be slow.
namespace phaselaw::documents {
namespace {

Document json_document(std::string_view text) {
  auto own = std::make_shared<std::string>(text);
  own->reserve(own->size() + Document::kPadding);
  return {.source = "t.json", .text = std::move(own), .compression = ""};
}

// A table as JSON values: cells are written as they stand in a document.
struct WrittenTable {
  std::vector<std::string> names;               // with quotes
  std::vector<std::vector<std::string>> cells;  // rows
  std::vector<std::string> header;              // what the names mean
  std::vector<std::vector<std::string>> texts;  // what the cells mean
};

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }

  WrittenTable table() {
    WrittenTable t;
    const std::size_t columns = 1 + below(5), rows = 2 + below(6);
    add_name(t, "step");
    for (std::size_t c = 0; c < columns; ++c) add_name(t, fmt::format("{}{}", "xyzuv"[c], below(100)));
    t.names.back() = "\"\\u00e9\\\"" + std::to_string(columns) + "\"";
    t.header.back() = "\xc3\xa9\"" + std::to_string(columns);
    for (std::size_t r = 0; r < rows; ++r) {
      t.cells.emplace_back();
      t.texts.emplace_back();
      add_cell(t, std::to_string(r + 1), std::to_string(r + 1));
      for (std::size_t c = 0; c < columns; ++c) random_cell(t);
    }
    return t;
  }

  std::string blank() {
    static constexpr const char* kBlanks[] = {"", " ", "\n", "\t", "\r\n", "  "};
    return kBlanks[below(6)];
  }

 private:
  static void add_name(WrittenTable& t, const std::string& name) {
    t.names.push_back('"' + name + '"');
    t.header.push_back(name);
  }
  static void add_cell(WrittenTable& t, std::string cell, std::string text) {
    t.cells.back().push_back(std::move(cell));
    t.texts.back().push_back(std::move(text));
  }
  void random_cell(WrittenTable& t) {
    const double x = std::uniform_real_distribution<double>(-1, 1)(random_);
    switch (below(8)) {
      case 0:
        return add_cell(t, "null", "");
      case 1:
        return add_cell(t, "NaN", "NaN");
      case 2:
        return add_cell(t, "-Infinity", "-Infinity");
      case 3:
        return add_cell(t, "true", "true");
      case 4:
        return add_cell(t, "\"a\\tb\\\\\"", "a\tb\\");
      case 5:
        return add_cell(t, "\"text, with: [brackets}\"", "text, with: [brackets}");
      default: {
        const std::string digits = fmt::format("{}", x * (below(2) == 0 ? 1e-9 : 1e12));
        return add_cell(t, digits, digits);
      }
    }
  }
  std::mt19937_64 random_;
};

std::string list_of(const std::vector<std::string>& values, Writer& writer) {
  std::string out = "[";
  for (const std::string& value : values) out += (out.size() > 1 ? "," : "") + writer.blank() + value + writer.blank();
  return out + "]";
}

std::string object_of(const std::vector<std::string>& names, const std::vector<std::string>& values, Writer& writer,
                      bool one_line = false) {
  std::string out = "{";
  const auto blank = [&] { return one_line ? std::string(" ") : writer.blank(); };
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "" : ",") + blank() + names[i] + blank() + ":" + blank() + values[i] + blank();
  return out + "}";
}

std::vector<std::string> records_of(const WrittenTable& t, Writer& writer, bool one_line = false) {
  std::vector<std::string> records;
  for (const auto& row : t.cells) records.push_back(object_of(t.names, row, writer, one_line));
  return records;
}

std::string columns_of(const WrittenTable& t, Writer& writer, bool keyed) {
  std::vector<std::string> keys, columns;
  for (std::size_t r = 0; r < t.cells.size(); ++r) keys.push_back(fmt::format("\"{}\"", r));
  for (std::size_t c = 0; c < t.names.size(); ++c) {
    std::vector<std::string> column;
    for (const auto& row : t.cells) column.push_back(row[c]);
    columns.push_back(keyed ? object_of(keys, column, writer) : list_of(column, writer));
  }
  return object_of(t.names, columns, writer);
}

// The same table in every form.
std::vector<std::string> forms_of(const WrittenTable& t, Writer& writer) {
  std::vector<std::string> rows;
  for (const auto& row : t.cells) rows.push_back(list_of(row, writer));
  const std::string records = list_of(records_of(t, writer), writer), names = list_of(t.names, writer);
  std::vector<std::string> with_names = rows;
  with_names.insert(with_names.begin(), names);
  return {fmt::format("{}\n", fmt::join(records_of(t, writer, true), "\n")),
          fmt::format("{}", fmt::join(records_of(t, writer), writer.blank())),
          records,
          object_of({"\"version\"", "\"log_history\""}, {"1", records}, writer),
          object_of({"\"deep\""}, {object_of({"\"rows\""}, {records}, writer)}, writer),
          columns_of(t, writer, false),
          columns_of(t, writer, true),
          object_of({"\"columns\"", "\"data\""}, {names, list_of(rows, writer)}, writer),
          list_of(with_names, writer)};
}

TEST(JsonProperty, ARandomTableIsTheSameInEveryForm) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Writer writer(seed);
    const WrittenTable t = writer.table();
    for (const std::string& text : forms_of(t, writer)) {
      SCOPED_TRACE(fmt::format("seed {}: {}", seed, text));
      const auto reading = read_json(json_document(text), {});
      ASSERT_TRUE(reading.has_value());
      ASSERT_EQ(reading->table.header, t.header);
      ASSERT_EQ(reading->table.n_rows(), t.cells.size());
      EXPECT_TRUE(reading->skipped.empty());
      for (std::size_t r = 0; r < t.texts.size(); ++r)
        for (std::size_t c = 0; c < t.header.size(); ++c) ASSERT_EQ(reading->table.text(r, c), t.texts[r][c]);
    }
  }
}

const std::vector<std::string>& seeds_of_damage() {
  static const std::vector<std::string> kSeeds = {
      "{\"step\": 1, \"loss\": 3.5, \"c\": {\"a\": [1, 2]}}\n{\"step\": 2, \"loss\": NaN, \"s\": \"\\u00e9\\n\"}\n",
      R"({"m": 1, "log_history": [{"loss": 2, "step": 1}, {"eval_loss": 3, "step": 1}, {"train_runtime": 3}]})",
      "{\"h\": 1, \"final_loss\": 2, \"history\": [[1, 3], [2, 2]]}\n{\"h\": 2, \"history\": [[1, 3]]}",
      R"({"loss": [1, 2], "val_loss": [3, 4], "epoch": [1, 2]})",
      R"({"a": [[1700000000, 1, 2], [1700000001, 2, 3]], "b": [[1700000000, 1, 2]]})",
      R"({"columns": ["a", "b"], "index": [0, 5], "data": [[1, 2], [3, 4]]})",
      R"({"a": {"0": 1, "1": 2}, "b": {"0": 3, "5": 4}})",
      R"({"metrics": [{"key": "l", "value": 3, "step": 1}, {"key": "l", "value": 2, "step": 2}]})",
      R"({"steps": [1, 2], "loss": [3, 2], "eval_steps": [5, 6], "eval_loss": [4, 3]})",
      R"([{"x": [1, 2], "y": [3, 4], "name": "a"}, {"x": [1], "y": [3], "name": "b"}])",
      R"({"r": {"n": 1, "loss": [1, 2]}, "s": {"n": 2, "loss": [3, 4]}})"};
  return kSeeds;
}

// Reads, or refuses with a message that names the document or a flag.
void read_or_refuse(const std::string& text, const DocumentOptions& options = {}) {
  try {
    const auto reading = read_json(json_document(text), options);
    if (!reading) return;
    ASSERT_GT(reading->table.n_rows(), 0U) << text;
    for (std::size_t r = 0; r < reading->table.n_rows(); ++r)
      for (std::size_t c = 0; c < reading->table.n_columns(); ++c) (void)reading->table.text(r, c);
  } catch (const base::InputError& error) {
    const std::string message = error.what();
    EXPECT_TRUE(message.starts_with("t.json") || message.starts_with("--")) << message << " for " << text;
  }
}

TEST(JsonProperty, DamagedDocumentsAreReadOrRefused) {
  constexpr std::string_view kBytes("\0\n\"\\{}[],:0-eN't\xff ", 19);
  for (const std::string& seed : seeds_of_damage()) {
    for (std::size_t i = 0; i < seed.size(); ++i) {
      read_or_refuse(seed.substr(0, i));
      read_or_refuse(seed.substr(i));
      read_or_refuse(std::string(seed).erase(i, 1));
      for (const char byte : kBytes) {
        std::string text = seed;
        text[i] = byte;
        read_or_refuse(text);
        read_or_refuse(std::string(seed).insert(i, 1, byte), {.table = "history", .names = "a,b"});
      }
    }
    // Two faults at once, and parts of one document inside another.
    Writer writer(seed.size());
    for (int trial = 0; trial < 2000; ++trial) {
      std::string text = seed;
      const std::string& other = seeds_of_damage()[writer.below(seeds_of_damage().size())];
      const std::size_t from = writer.below(other.size());
      text.replace(writer.below(text.size()), writer.below(6), other.substr(from, writer.below(30)));
      text[writer.below(text.size())] = kBytes[writer.below(kBytes.size())];
      read_or_refuse(text);
    }
  }
}

// The message, or "read"; fails if it takes too long. The time of the processor counts, because machines are shared.
std::string outcome_in_time(const std::string& text) {
  const std::clock_t start = std::clock();
  std::string outcome = "no JSON";
  try {
    if (read_json(json_document(text), {})) outcome = "read";
  } catch (const base::InputError& error) {
    outcome = error.what();
  }
  EXPECT_LT(static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC, 2.0) << text.substr(0, 60);
  return outcome;
}

std::string repeated(const std::string& part, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += part;
  return out;
}

// {"k0": value, "k1": value, ...}
std::string many_keys(const std::string& value) {
  std::string out = "{";
  for (int i = 0; i < 100000; ++i) out += fmt::format("{}\"k{}\": {}", i == 0 ? "" : ", ", i, value);
  return out + "}";
}

TEST(JsonProperty, DeepDocumentsAreRefused) {
  constexpr std::size_t kDeep = 50000;
  for (const std::string& text : {repeated("[", kDeep), repeated("[", kDeep) + repeated("]", kDeep),
                                  repeated("{\"a\":", kDeep) + "1" + repeated("}", kDeep),
                                  "{\"step\": 1, \"loss\": 2}\n" + repeated("[{\"a\":", kDeep)})
    EXPECT_NE(outcome_in_time(text).find("expected at most 1000 levels"), std::string::npos) << outcome_in_time(text);
  const std::string allowed = repeated("{\"a\":", 400) + "[{\"step\": 1, \"loss\": 2}]" + repeated("}", 400);
  EXPECT_EQ(outcome_in_time(allowed), "read");
}

TEST(JsonProperty, ManyKeysTakeLinearTime) {
  EXPECT_EQ(outcome_in_time(many_keys("1")), "read");
  EXPECT_EQ(outcome_in_time(many_keys("[1, 2, 3]")), "read");
  EXPECT_EQ(outcome_in_time(many_keys("{\"dtype\": \"F32\", \"shape\": [4, 5], \"loss\": 1}")), "read");
  EXPECT_EQ(outcome_in_time(many_keys("[[1700000000, 1, 3]]")), "read");
  EXPECT_EQ(outcome_in_time("[" + many_keys("1") + "," + many_keys("null") + "]"), "read");
  const std::string listed = outcome_in_time(many_keys("[{\"step\": 1, \"loss\": 3}]").insert(1, "\"n\": 1, "));
  EXPECT_NE(listed.find("100000 tables"), std::string::npos) << listed;
  std::string sparse;
  for (int i = 0; i < 100000; ++i) sparse += fmt::format("{{\"k{}\": {}}}\n", i, i);
  EXPECT_NE(outcome_in_time(sparse).find("too many different keys"), std::string::npos);
  const std::string long_keys = repeated("{\"" + std::string(90, 'a') + "\":", 20) + "1" + repeated("}", 20);
  EXPECT_NE(outcome_in_time(long_keys + "\n" + long_keys).find("shorten the keys"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::documents
