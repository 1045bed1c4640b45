// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "phaselaw/documents/json_lists.h"
#include "phaselaw/documents/json_values.h"
#include "phaselaw/documents/reading.h"

// The table of the rows of a JSON document.
namespace phaselaw::documents {

// The rows: the records of the last level, or a list of rows or of columns in each of them. Scalars of the levels above
// are repeated on each row.
struct JsonRows {
  std::vector<JsonLevel> levels;
  std::optional<JsonList> list;           // of rows or columns, in each record of the last level
  std::vector<JsonTree::Node> bare = {};  // rows of a document that holds lists only; then there are no levels
  JsonHeadings headings = {};             // of a list of rows, and of bare rows
  std::optional<std::string> numbered;    // a column that numbers the rows of each list from 1
};

// Adds the table to the reading. A column that tells the runs apart is added if each record of a level holds rows of
// its own. InputError if lists that belong together differ in length, or if the table would be nearly empty.
void add_json_table(const JsonTree& tree, JsonRows& rows, const Document& document, JsonLines& lines, Reading& reading);

// InputError if so few of the cells are filled that the records must be of many kinds.
void check_json_is_not_sparse(std::size_t rows, std::size_t columns, std::size_t filled, const Document& document);

// The cell of a scalar, or of a list that stays text. `copy` holds the text after its escapes are resolved.
[[nodiscard]] std::string_view json_cell(const JsonTree& tree, JsonTree::Node node, std::string& copy);

}  // namespace phaselaw::documents
