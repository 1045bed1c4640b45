// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_rows.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/json_names.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kLongestJsonList = std::size_t{1} << 16;  // bytes of a list that stays text
constexpr std::uint32_t kNoJsonColumn = ~std::uint32_t{0};

// Headings that are not empty and distinct.
class JsonHeadingSet {
 public:
  explicit JsonHeadingSet(Reading& reading) : reading_(reading) {}

  // `otherwise`: the heading if this one is taken; if it is empty, a number is added.
  std::string distinct(std::string name, const std::string& otherwise = "") {
    if (name.empty()) name = "unnamed";
    if (taken_.insert(name).second) return name;
    std::string other = otherwise;
    if (other.empty() || !taken_.insert(other).second) {
      std::size_t& number = numbers_[name];
      number = std::max<std::size_t>(number, 1);
      do other = fmt::format("{}_{}", name, ++number);
      while (!taken_.insert(other).second);
    }
    if (++renamed_ <= 5)
      reading_.notes.push_back(fmt::format("Two columns would be named '{}'; the second is '{}'.", name, other));
    return other;
  }
  [[nodiscard]] bool is_taken(const std::string& name) const { return taken_.contains(name); }

 private:
  Reading& reading_;
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, std::size_t> numbers_;
  std::size_t renamed_ = 0;
};

class JsonTableBuilder {
 public:
  JsonTableBuilder(const JsonTree& tree, JsonRows& rows, const Document& document, JsonLines& lines, Reading& reading)
      : tree_(tree), rows_(rows), document_(document), lines_(lines), reading_(reading), headings_(reading) {}

  void run() {
    reading_.table = Table(document_.source, document_.text);
    add_columns();
    for (const JsonTree::Node row : rows_.bare) matrix_row(row, 0);
    const std::size_t records = rows_.levels.empty() ? 0 : rows_.levels.back().records.size();
    for (std::uint32_t i = 0; i < records; ++i)
      if (!rows_.list)
        record(i);
      else if (rows_.list->form == JsonForm::matrix)
        matrix(i);
      else
        columns(i);
    note_what_was_seen();
  }

 private:
  Table& table() { return reading_.table; }

  // --- columns -------------------------------------------------------------------------------------------------------

  void add_columns() {
    const std::size_t n = rows_.levels.size();
    column_of_.resize(n);
    above_.resize(n);
    std::vector<std::vector<std::string>> names(n);
    std::vector<std::string> own;
    if (rows_.list || n == 0)
      for (const std::string& name :
           rows_.list&& rows_.list->form == JsonForm::columns ? rows_.list->header : rows_.headings.names)
        own.push_back(headings_.distinct(name));
    if (rows_.numbered) rows_.numbered = headings_.distinct(*rows_.numbered);
    for (std::size_t l = n; l-- > 0;) names[l] = names_of_level(l);
    if (const auto at = level_of_runs()) run_column_ = {*at, add(headings_.distinct("run"))};
    for (std::size_t l = 0; l < n; ++l) {
      if (!rows_.levels[l].key_name.empty() && !rows_.levels[l].is_left_out)
        key_columns_.push_back({l, add(headings_.distinct(rows_.levels[l].key_name))});
      for (std::size_t i = 0; i < kept_[l].size(); ++i) {
        const std::size_t column = add(std::move(names[l][i]));
        column_of_[l][kept_[l][i]] = static_cast<std::uint32_t>(column);
        if (!is_leaf(l)) above_[l].push_back(column);
      }
    }
    if (rows_.numbered) numbered_column_ = add(*rows_.numbered);
    for (std::string& name : own) list_columns_.push_back(add(std::move(name)));
    last_row_.resize(table().n_columns(), -1);
    previous_.resize(n, kNoJsonColumn);
  }

  std::size_t add(std::string name) { return table().add_column(std::move(name)); }
  [[nodiscard]] bool is_leaf(std::size_t level) const { return !rows_.list && level + 1 == rows_.levels.size(); }

  std::vector<std::string> names_of_level(std::size_t l) {
    const JsonLevel& level = rows_.levels[l];
    kept_.resize(rows_.levels.size());
    column_of_[l].assign(level.paths.size(), kNoJsonColumn);
    std::vector<std::string> names;
    if (level.is_left_out) return names;
    const std::unordered_set<JsonPaths::Id> expanded(level.expanded.begin(), level.expanded.end());
    constexpr std::size_t kMostBytes = std::size_t{1} << 25;
    std::size_t bytes = 0;
    for (const JsonPaths::Id path : level.columns) {
      if (expanded.contains(path)) continue;
      std::string name = level.paths.name(path, document_.source);
      if ((bytes += name.size()) > kMostBytes)
        throw base::InputError({document_.source}, fmt::format("the names of the columns, with their keys joined by "
                                                               "dots, have more than {} bytes; shorten the keys",
                                                               kMostBytes));
      names.push_back(headings_.distinct(name, is_leaf(l) ? "" : "record." + name));
      kept_[l].push_back(path);
    }
    return names;
  }

  // The level with records that are runs, if no key tells them apart: the last one with rows inside its records.
  std::optional<std::size_t> level_of_runs() const {
    const std::size_t inside = rows_.levels.size() - (rows_.list ? 0 : 1);
    if (rows_.levels.empty() || inside == 0) return {};
    const std::size_t at = inside - 1;
    const JsonLevel& level = rows_.levels[at];
    if (level.records.size() < 2) return {};
    for (std::size_t l = 0; l <= at; ++l) {
      if (!rows_.levels[l].key_name.empty()) return {};
      for (const JsonPaths::Id path : kept_[l])
        if (is_json_run_name(rows_.levels[l].paths.name(path, document_.source))) return {};
    }
    for (const std::string_view key : {"name", "id", "number", "trial", "trial_number", "experiment", "uid"})
      if (tells_records_apart(level, key)) return {};
    return at;
  }

  [[nodiscard]] bool tells_records_apart(const JsonLevel& level, std::string_view key) const {
    std::unordered_set<std::string_view> values;
    for (const JsonRecord& record : level.records) {
      const auto value = json_member(tree_, record.node, key);
      if (!value || !tree_.is_scalar(*value) || tree_.kind(*value) == JsonKind::null) return false;
      if (!values.insert(tree_.raw(*value)).second) return false;
    }
    return true;
  }

  // --- rows ----------------------------------------------------------------------------------------------------------

  void record(std::uint32_t index) {
    const std::size_t row = add_row(rows_.levels.back().records[index].node, index);
    fields(rows_.levels.size() - 1, index, row);
  }

  // A row with what the records above it tell.
  std::size_t add_row(JsonTree::Node at, std::uint32_t index) {
    const std::size_t row = table().add_row(lines_.line_of(tree_.place(at)));
    for (std::size_t l = rows_.levels.size(); l-- > 0; index = rows_.levels[l].records[index].parent) {
      if (run_column_ && run_column_->first == l) put(row, run_column_->second, fmt::format("{}", index + 1));
      for (const auto& [level, column] : key_columns_)
        if (level == l && rows_.levels[l].records[index].key) put(row, column, *rows_.levels[l].records[index].key);
      if (is_leaf(l) || above_[l].empty()) continue;
      if (previous_[l] == index)
        repeat(l, row);
      else
        fields(l, index, row);
      previous_[l] = index;
    }
    return row;
  }

  void repeat(std::size_t level, std::size_t row) {
    for (const std::size_t column : above_[level]) table().set(row, column, table().view(row - 1, column));
  }

  void fields(std::size_t l, std::uint32_t index, std::size_t row) {
    JsonLevel& level = rows_.levels[l];
    const std::vector<std::uint32_t>& column_of = column_of_[l];
    const JsonTree::Node node = level.records[index].node;
    walk_json_record(tree_, level.paths, node, [&](JsonPaths::Id path, JsonTree::Node value) {
      const std::uint32_t column = column_of[path];
      if (column == kNoJsonColumn) return;
      if (last_row_[column] == static_cast<std::int64_t>(row) && duplicates_++ == 0) first_duplicate_ = value;
      last_row_[column] = static_cast<std::int64_t>(row);
      put(row, column, value);
    });
  }

  void matrix(std::uint32_t index) {
    for_each_list(index, [&](JsonTree::Node list, std::size_t) {
      JsonTree::Node at = tree_.first(list);
      if (rows_.headings.first_row && at != tree_.last(list)) at = tree_.next(at);
      for (; at != tree_.last(list); at = tree_.next(at)) matrix_row(at, index);
    });
  }

  void matrix_row(JsonTree::Node at, std::uint32_t index) {
    const std::size_t width = list_columns_.size();
    const bool is_value = tree_.is_scalar(at) && width == 1;
    if (!is_value && (!tree_.is_list(at) || tree_.size(at) != width))
      fault(at, fmt::format("expected a list of {} values, as in the first row, found {}; correct this row", width,
                            tree_.is_list(at) ? fmt::format("{}", tree_.size(at)) : "another value"));
    const std::size_t row = add_row(at, index);
    if (is_value) return put(row, list_columns_.front(), at);
    JsonTree::Node n = tree_.first(at);
    for (std::size_t i = 0; i < width; ++i, n = tree_.next(n)) put(row, list_columns_[i], n);
  }

  void columns(std::uint32_t index) {
    std::vector<std::pair<JsonTree::Node, std::size_t>> cursors;
    std::size_t length = 0;
    JsonTree::Node first = 0;
    for_each_list(index, [&](JsonTree::Node list, std::size_t which) {
      if (cursors.empty()) {
        length = tree_.size(list);
        first = list;
      } else if (tree_.size(list) != length) {
        fault(list,
              fmt::format("expected lists of equal length, found {} values in '{}' and {} in '{}'; they cannot be "
                          "columns of one table",
                          length, rows_.list->header.front(), tree_.size(list), rows_.list->header[which]));
      }
      cursors.emplace_back(tree_.first(list), list_columns_[which]);
    });
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t row = add_row(cursors.front().first, index);
      if (numbered_column_) put(row, *numbered_column_, fmt::format("{}", i + 1));
      for (auto& [node, column] : cursors) {
        put(row, column, node);
        node = tree_.next(node);
      }
    }
  }

  // The lists of a record that hold its rows.
  template <class Visit>
  void for_each_list(std::uint32_t index, Visit&& visit) {
    JsonLevel& level = rows_.levels.back();
    if (place_of_list_.empty()) {
      place_of_list_.resize(level.paths.size(), kNoJsonColumn);
      for (std::size_t i = 0; i < rows_.list->paths.size(); ++i)
        place_of_list_[rows_.list->paths[i]] = static_cast<std::uint32_t>(i);
    }
    bool any = false;
    walk_json_record(tree_, level.paths, level.records[index].node, [&](JsonPaths::Id path, JsonTree::Node node) {
      if (place_of_list_[path] == kNoJsonColumn) return;
      if (!tree_.is_list(node)) return;
      any = true;
      visit(node, place_of_list_[path]);
    });
    if (!any)
      without_list_.add(lines_.line_of(tree_.place(level.records[index].node)), tree_.raw(level.records[index].node));
  }

  // --- cells ---------------------------------------------------------------------------------------------------------

  void put(std::size_t row, std::size_t column, const std::string& text) { table().set(row, column, text); }

  void put(std::size_t row, std::size_t column, JsonTree::Node node) {
    if (tree_.is_list(node) && tree_.size(node) > 1) {
      list_cells_.insert(column);
      if (tree_.raw(node).size() > kLongestJsonList) {
        long_lists_.insert(column);
        node = 0;
      }
    }
    table().set(row, column, node == 0 ? std::string_view() : json_cell(tree_, node, copy_));
  }

  // --- messages ------------------------------------------------------------------------------------------------------

  [[noreturn]] void fault(JsonTree::Node node, const std::string& message) {
    throw base::InputError(lines_.location(document_.source, tree_.place(node)), message);
  }

  void note_what_was_seen() {
    if (run_column_)
      reading_.notes.push_back(
          "Each record is read as one run; no key names the runs, so the column run numbers them.");
    if (duplicates_ > 0)
      reading_.notes.push_back(fmt::format(
          "{} key{} occur{} twice in one record, first at line {}; the last value is kept.", duplicates_,
          duplicates_ == 1 ? "" : "s", duplicates_ == 1 ? "s" : "", lines_.line_of(tree_.place(first_duplicate_))));
    note_columns(list_cells_, "hold lists, which stay text");
    note_columns(long_lists_, fmt::format("hold lists of more than {} bytes, which were left out", kLongestJsonList));
    if (without_list_.count > 0) {
      without_list_.reason = fmt::format("records without the list '{}'", rows_.list->name);
      reading_.skipped.push_back(without_list_);
    }
  }

  void note_columns(const std::unordered_set<std::size_t>& columns, std::string_view what) {
    if (columns.empty()) return;
    constexpr std::size_t kShown = 5;
    std::vector<std::size_t> sorted(columns.begin(), columns.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i) names.push_back(table().header[sorted[i]]);
    reading_.notes.push_back(
        fmt::format("Cells of {}{} {}.", fmt::join(names, ", "), sorted.size() > kShown ? ", ..." : "", what));
  }

  const JsonTree& tree_;
  JsonRows& rows_;
  const Document& document_;
  JsonLines& lines_;
  Reading& reading_;
  JsonHeadingSet headings_;
  std::vector<std::vector<std::uint32_t>> column_of_;              // of a path, for each level
  std::vector<std::vector<JsonPaths::Id>> kept_;                   // paths that are columns
  std::vector<std::vector<std::size_t>> above_;                    // columns of the levels above the rows
  std::vector<std::uint32_t> previous_;                            // the record of each level on the row before
  std::optional<std::pair<std::size_t, std::size_t>> run_column_;  // level and column
  std::vector<std::pair<std::size_t, std::size_t>> key_columns_;
  std::optional<std::size_t> numbered_column_;
  std::vector<std::size_t> list_columns_;
  std::vector<std::uint32_t> place_of_list_;
  std::vector<std::int64_t> last_row_;
  std::unordered_set<std::size_t> list_cells_, long_lists_;
  Skipped without_list_;
  std::size_t duplicates_ = 0;
  JsonTree::Node first_duplicate_ = 0;
  std::string copy_;
};

}  // namespace

std::string_view json_cell(const JsonTree& tree, JsonTree::Node node, std::string& copy) {
  if (tree.is_list(node) && tree.size(node) == 1 && tree.is_scalar(tree.first(node))) node = tree.first(node);
  if (tree.kind(node) == JsonKind::null || (!tree.is_scalar(node) && tree.size(node) == 0)) return {};
  if (!tree.is_escaped(node)) return tree.raw(node);
  copy = tree.unescaped(node);
  return copy;
}

void check_json_is_not_sparse(std::size_t rows, std::size_t columns, std::size_t filled, const Document& document) {
  constexpr std::size_t kAllowed = std::size_t{1} << 24, kFew = 50;
  if (columns == 0 || rows <= kAllowed / columns) return;
  if (rows <= Table::kMostCells / columns && filled >= rows * columns / kFew) return;
  throw base::InputError(
      {document.source},
      fmt::format("the records have too many different keys: a table of {} rows and {} columns would "
                  "be nearly empty; keep the keys that matter, for example with jq -c '{{step, loss}}'",
                  rows, columns));
}

void add_json_table(const JsonTree& tree, JsonRows& rows, const Document& document, JsonLines& lines,
                    Reading& reading) {
  JsonTableBuilder(tree, rows, document, lines, reading).run();
}

}  // namespace phaselaw::documents
