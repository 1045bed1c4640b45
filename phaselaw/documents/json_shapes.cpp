// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_shapes.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/json_names.h"
#include "phaselaw/documents/json_pivot.h"
#include "phaselaw/documents/json_rows.h"

namespace phaselaw::documents {

namespace {

bool is_whole_json_key(std::string_view text) { return base::parse_integer(text).has_value(); }

// Whether condition(key, value) holds for every member of an object that is not empty.
template <class Condition>
bool all_json_members(const JsonTree& tree, JsonTree::Node object, Condition&& condition) {
  if (!tree.is_object(object) || tree.size(object) == 0) return false;
  for (JsonTree::Node key = tree.first(object); key != tree.last(object); key = tree.next(key + 1))
    if (!condition(key, key + 1)) return false;
  return true;
}

std::string json_key_text(const JsonTree& tree, JsonTree::Node key) {
  return tree.is_escaped(key) ? tree.unescaped(key) : std::string(tree.raw(key));
}

// --- series by their names -----------------------------------------------------------------------------------------

// Headings of {"train/loss": [[wall_time, step, value], ...], ...} and {"loss": [[step, value], ...], ...}; empty for
// any other object. A single list of pairs is left to the general rules.
std::vector<std::string> headings_of_series(const JsonTree& tree, JsonTree::Node object) {
  std::vector<std::string> names;
  const bool alike = all_json_members(tree, object, [&](JsonTree::Node, JsonTree::Node value) {
    if (!tree.is_list(value) || !is_json_matrix(tree, value)) return false;
    JsonHeadings headings = headings_of_json_rows(tree, sample_of_json_list(tree, value), "", "", {});
    if (!headings.has_counter || !headings.guessed) return false;
    if (names.empty()) names = headings.names;
    return names == headings.names;
  });
  if (!alike || (names.size() == 2 && tree.size(object) < 2)) return {};
  return names;
}

bool read_json_series(const JsonTree& tree, JsonTree::Node object, const Document& document, JsonLines& lines,
                      Reading& reading) {
  const std::vector<std::string> names = headings_of_series(tree, object);
  if (names.empty()) return false;
  bool are_metrics = names.size() == 3;
  for (JsonTree::Node key = tree.first(object); key != tree.last(object); key = tree.next(key + 1))
    are_metrics = are_metrics || is_json_metric(tree.raw(key));
  Table& table = reading.table;
  table = Table(document.source, document.text);
  const std::string name = are_metrics ? "tag" : "run";
  table.add_column(name);
  for (const std::string& heading : names) table.add_column(heading);
  std::string copy;
  for (JsonTree::Node key = tree.first(object); key != tree.last(object); key = tree.next(key + 1))
    for (JsonTree::Node event = tree.first(key + 1); event != tree.last(key + 1); event = tree.next(event)) {
      if (tree.size(event) != names.size())
        throw base::InputError(lines.location(document.source, tree.place(event)),
                               fmt::format("expected {} values ({}), found {}; correct this row", names.size(),
                                           fmt::join(names, ", "), tree.size(event)));
      const std::size_t row = table.add_row(lines.line_of(tree.place(event)));
      table.set(row, 0, json_cell(tree, key, copy));
      for (std::size_t c = 0; c < names.size(); ++c)
        table.set(row, c + 1, json_cell(tree, static_cast<JsonTree::Node>(tree.first(event) + c), copy));
    }
  reading.shape = names.size() == 3 ? "JSON of TensorBoard scalars" : "JSON";
  if (!are_metrics)
    reading.notes.push_back("Each key is read as the name of a run, and each pair of numbers as step and value.");
  else if (join_json_events(reading, document, {"tag", "value", "step", names.size() == 3 ? "wall_time" : ""}))
    reading.notes.push_back("Each key is read as a series; values of the same step are in one row.");
  return true;
}

// --- pandas --------------------------------------------------------------------------------------------------------

// A heading of pandas; that of several levels is a list.
std::string pandas_json_heading(const JsonTree& tree, JsonTree::Node node) {
  if (!tree.is_list(node)) return json_key_text(tree, node);
  std::string name;
  for (JsonTree::Node n = tree.first(node); n != tree.last(node); n = tree.next(n))
    (name += name.empty() ? "" : ".") += json_key_text(tree, n);
  return name;
}

void read_json_split(const JsonTree& tree, JsonTree::Node columns, JsonTree::Node data,
                     std::optional<JsonTree::Node> index, const Document& document, JsonLines& lines,
                     Reading& reading) {
  JsonRows rows;
  for (JsonTree::Node n = tree.first(columns); n != tree.last(columns); n = tree.next(n))
    rows.headings.names.push_back(pandas_json_heading(tree, n));
  for (JsonTree::Node n = tree.first(data); n != tree.last(data); n = tree.next(n)) rows.bare.push_back(n);
  add_json_table(tree, rows, document, lines, reading);
  reading.shape = "JSON of pandas (split)";
  if (!index || !tree.is_list(*index)) return;
  if (tree.size(*index) != rows.bare.size())
    throw base::InputError(
        lines.location(document.source, tree.place(*index)),
        fmt::format("expected one index for each of the {} rows, found {}", rows.bare.size(), tree.size(*index)));
  bool counts = true;
  std::size_t row = 0;
  for (JsonTree::Node n = tree.first(*index); n != tree.last(*index); n = tree.next(n))
    counts = counts && tree.raw(n) == std::to_string(row++);
  if (counts || reading.table.find("index")) return;
  const std::size_t column = reading.table.add_column("index");
  std::string copy;
  row = 0;
  for (JsonTree::Node n = tree.first(*index); n != tree.last(*index); n = tree.next(n))
    reading.table.set(row++, column, json_cell(tree, n, copy));
}

// {"loss": {"0": 3, "1": 2}, ...}: columns in which the rows have numbers as keys.
bool are_keyed_json_columns(const JsonTree& tree, JsonTree::Node object) {
  bool all_numbers = true;
  const bool columns = all_json_members(tree, object, [&](JsonTree::Node key, JsonTree::Node column) {
    all_numbers = all_numbers && is_whole_json_key(tree.raw(key));
    return all_json_members(tree, column, [&](JsonTree::Node row, JsonTree::Node value) {
      return is_whole_json_key(tree.raw(row)) && tree.is_scalar(value);
    });
  });
  return columns && !all_numbers;
}

void read_keyed_json_columns(const JsonTree& tree, JsonTree::Node object, const Document& document, JsonLines& lines,
                             Reading& reading) {
  std::unordered_map<std::string_view, std::size_t> row_of;
  std::vector<JsonTree::Node> keys;
  std::size_t cells = 0;
  for (JsonTree::Node column = tree.first(object); column != tree.last(object); column = tree.next(column + 1))
    for (JsonTree::Node key = tree.first(column + 1); key != tree.last(column + 1); key = tree.next(key + 1), ++cells)
      if (row_of.try_emplace(tree.raw(key), keys.size()).second) keys.push_back(key);
  check_json_is_not_sparse(keys.size(), tree.size(object) + 1, cells, document);
  std::vector<std::pair<std::int64_t, JsonTree::Node>> sorted;
  for (const JsonTree::Node key : keys) sorted.emplace_back(*base::parse_integer(tree.raw(key)), key);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Table& table = reading.table;
  table = Table(document.source, document.text);
  const bool counts = sorted.front().first == 0 && sorted.back().first + 1 == static_cast<std::int64_t>(keys.size());
  std::unordered_set<std::string> taken;
  if (!counts) taken.insert(table.header[table.add_column("index")]);
  for (std::size_t row = 0; row < sorted.size(); ++row) {
    row_of[tree.raw(sorted[row].second)] = table.add_row(lines.line_of(tree.place(sorted[row].second)));
    if (!counts) table.set(row, 0, tree.raw(sorted[row].second));
  }
  std::string copy;
  for (JsonTree::Node column = tree.first(object); column != tree.last(object); column = tree.next(column + 1)) {
    std::string name = json_key_text(tree, column);
    if (name.empty()) name = "unnamed";
    if (!taken.insert(name).second)
      throw base::InputError(lines.location(document.source, tree.place(column)),
                             fmt::format("expected distinct columns, found '{}' twice; rename one", name));
    const std::size_t c = table.add_column(std::move(name));
    for (JsonTree::Node key = tree.first(column + 1); key != tree.last(column + 1); key = tree.next(key + 1))
      table.set(row_of.at(tree.raw(key)), c, json_cell(tree, key + 1, copy));
  }
  reading.shape = "JSON of pandas (columns)";
  if (!counts) reading.notes.push_back("The keys of the rows are the column index.");
}

// --- records by key ------------------------------------------------------------------------------------------------

bool names_a_json_split(std::string_view key) {
  constexpr std::array<std::string_view, 9> kSplits = {"train", "training", "val", "valid",     "validation",
                                                       "eval",  "test",     "dev", "evaluation"};
  return std::find(kSplits.begin(), kSplits.end(), key) != kSplits.end();
}

// Whether the values of an object are records of one kind.
struct KeyedRecords {
  explicit KeyedRecords(const JsonTree& tree_of_records) : tree(tree_of_records) {}

  void add_key(JsonTree::Node key) {
    numbers = numbers && is_whole_json_key(tree.raw(key));
    splits = splits && names_a_json_split(tree.raw(key));
  }

  // False if fewer than half of its keys are those of the first record.
  bool add_record(JsonTree::Node record) {
    const bool is_first = known.empty();
    std::size_t shared = 0;
    for (JsonTree::Node key = tree.first(record); key != tree.last(record); key = tree.next(key + 1)) {
      has_metric = has_metric || is_json_metric(tree.raw(key)) || tree.is_list(key + 1);
      has_counter = has_counter || is_json_counter(tree.raw(key));
      if (is_first) known.insert(tree.raw(key));
      shared += known.contains(tree.raw(key)) ? 1 : 0;
    }
    return shared > 0 && 2 * shared >= std::max(known.size(), tree.size(record));
  }

  const JsonTree& tree;
  std::unordered_set<std::string_view> known = {};
  bool has_metric = false, has_counter = false, has_lists = false, numbers = true, splits = true;
};

}  // namespace

bool read_known_json_object(const JsonTree& tree, JsonTree::Node object, const Document& document, JsonLines& lines,
                            Reading& reading) {
  const auto columns = json_member(tree, object, "columns"), data = json_member(tree, object, "data");
  if (columns && data && tree.is_list(*columns) && tree.is_list(*data) && tree.size(*data) > 0 &&
      tree.is_list(tree.first(*data))) {
    read_json_split(tree, *columns, *data, json_member(tree, object, "index"), document, lines, reading);
    return true;
  }
  if (read_json_series(tree, object, document, lines, reading)) return true;
  if (!are_keyed_json_columns(tree, object)) return false;
  read_keyed_json_columns(tree, object, document, lines, reading);
  return true;
}

std::optional<JsonLevel> json_records_by_key(const JsonTree& tree, JsonTree::Node object) {
  KeyedRecords seen(tree);
  const bool alike = all_json_members(tree, object, [&](JsonTree::Node key, JsonTree::Node value) {
    seen.add_key(key);
    if (tree.is_object(value)) return seen.add_record(value);
    if (!tree.is_list(value) || tree.size(value) == 0) return false;
    seen.has_lists = true;
    for (JsonTree::Node n = tree.first(value); n != tree.last(value); n = tree.next(n))
      if (!tree.is_object(n) || !seen.add_record(n)) return false;
    return true;
  });
  if (!alike || !(seen.has_lists ? seen.has_metric && seen.has_counter : seen.has_metric || seen.numbers)) return {};
  if (tree.size(object) < 2 && (seen.has_lists || !seen.numbers)) return {};
  JsonLevel level;
  level.key_name = seen.splits ? "split" : seen.numbers && !seen.has_lists ? "index" : "run";
  for (JsonTree::Node key = tree.first(object); key != tree.last(object); key = tree.next(key + 1))
    if (tree.is_object(key + 1))
      level.records.push_back({key + 1, 0, key});
    else
      for (JsonTree::Node n = tree.first(key + 1); n != tree.last(key + 1); n = tree.next(n))
        level.records.push_back({n, 0, key});
  return level;
}

}  // namespace phaselaw::documents
