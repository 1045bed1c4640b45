// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/documents/json_paths.h"
#include "phaselaw/documents/json_tree.h"
#include "phaselaw/documents/reading.h"

// Records, and the lists inside them that may be the rows of the table: a history of records, of pairs of numbers, or
// of lists of equal length.
namespace phaselaw::documents {

struct JsonRecord {
  JsonTree::Node node = 0;
  std::uint32_t parent = 0;                // record of the level above
  std::optional<JsonTree::Node> key = {};  // of a record that is the value of a key
};

// Records of one kind: those of the document, or those in a list inside each record of the level above.
struct JsonLevel {
  std::string name;           // keys from the document to the list, joined by dots; empty for the document
  std::string key_name = {};  // heading of the keys of the records
  std::vector<JsonRecord> records = {};
  JsonPaths paths = {};
  std::vector<JsonPaths::Id> columns = {};   // paths of scalars, and of lists that stay text, as they are first seen
  std::vector<JsonPaths::Id> expanded = {};  // lists that are the rows of the level below
  bool is_left_out = false;                  // its fields are not repeated on the rows inside its records
};

enum class JsonForm {
  records,  // [{"step": 1, "loss": 3}, ...]
  matrix,   // [[1, 3], ...]
  columns,  // "step": [1, ...], "loss": [3, ...]
};

// A list that occurs in records of a level.
struct JsonList {
  std::string name;
  JsonForm form = JsonForm::records;
  std::vector<JsonPaths::Id> paths = {};  // one, or several for columns
  JsonTree::Node first = 0;               // the first of them in the document
  std::size_t rows = 0;                   // in all records
  std::vector<std::string> header = {};
  std::string metric = {};  // of a matrix: the metric of the record that ends with this history's last value
  bool has_metric = false, has_counter = false;
  bool has_lists = false;  // its records hold histories of their own
};

struct JsonSurvey {
  std::vector<JsonList> lists;
  bool has_metric = false, has_counter = false;  // among the scalars of the records
  std::size_t cells = 0;                         // that are not empty
};

// What the records of a level hold. Cost: linear in them.
[[nodiscard]] JsonSurvey survey_json_records(const JsonTree& tree, JsonLevel& level, const Document& document,
                                             const DocumentOptions& options);

// Headings of rows that are lists: the first row if it holds names, those of --names, or what the numbers tell: wall
// time, step and value as TensorBoard writes them, or step and value.
struct JsonHeadings {
  std::vector<std::string> names;
  bool first_row = false, has_counter = false, guessed = false;
};
// `rows`: the first ones. `name`: the key of the list. `metric`: a name for the value, if the record tells it.
[[nodiscard]] JsonHeadings headings_of_json_rows(const JsonTree& tree, const std::vector<JsonTree::Node>& rows,
                                                 std::string_view name, std::string_view metric,
                                                 const DocumentOptions& options);

// The first elements of a list, as many as it takes to recognise it.
[[nodiscard]] std::vector<JsonTree::Node> sample_of_json_list(const JsonTree& tree, JsonTree::Node list);

// A list of lists of scalars.
[[nodiscard]] bool is_json_matrix(const JsonTree& tree, JsonTree::Node list);

}  // namespace phaselaw::documents
