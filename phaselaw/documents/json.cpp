// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json.h"

#include <algorithm>
#include <unordered_set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/json_choice.h"
#include "phaselaw/documents/json_names.h"
#include "phaselaw/documents/json_pivot.h"
#include "phaselaw/documents/json_rows.h"
#include "phaselaw/documents/json_shapes.h"
#include "phaselaw/documents/json_values.h"

namespace phaselaw::documents {

namespace {

class JsonReader {
 public:
  JsonReader(const Document& document, const DocumentOptions& options)
      : document_(document), options_(options), tree_(document.text), lines_(*document.text) {}

  std::optional<Reading> run() {
    reading_.compression = document_.compression;
    reading_.encoding = document_.encoding;
    if (!read_json_values(document_, tree_, reading_)) return {};
    const bool one = tree_.roots().size() == 1;
    const JsonTree::Node root = tree_.roots().front();
    reading_.shape = one ? "JSON" : "JSON lines";
    if (one && tree_.is_object(root))
      object(root);
    else
      array(one ? elements(root) : tree_.roots());
    check_flags();
    if (reading_.table.n_rows() == 0 || reading_.table.n_columns() == 0) no_table();
    return std::move(reading_);
  }

 private:
  [[nodiscard]] std::vector<JsonTree::Node> elements(JsonTree::Node list) const {
    std::vector<JsonTree::Node> all;
    all.reserve(tree_.size(list));
    for (JsonTree::Node n = tree_.first(list); n != tree_.last(list); n = tree_.next(n)) all.push_back(n);
    return all;
  }

  // --- documents -----------------------------------------------------------------------------------------------------

  void object(JsonTree::Node root) {
    for (JsonTree::Node inner = root; options_.table.empty(); inner = tree_.first(inner) + 1) {
      if (read_known_json_object(tree_, inner, document_, lines_, reading_)) return;
      if (auto level = json_records_by_key(tree_, inner)) {
        reading_.notes.push_back(fmt::format("The keys of the records are in the column {}.", level->key_name));
        rows_.levels.push_back(std::move(*level));
        return descend();
      }
      if (tree_.size(inner) != 1 || !tree_.is_object(tree_.first(inner) + 1)) break;
    }
    rows_.levels.emplace_back().records.push_back({root, 0});
    rows_.levels.back().is_left_out = holds_a_report(root);
    descend();
  }

  // Values beside the records that tell nothing about each row: the state of a Trainer, the schema of pandas.
  [[nodiscard]] bool holds_a_report(JsonTree::Node root) const {
    const auto schema = json_member(tree_, root, "schema"), log = json_member(tree_, root, "log_history");
    return (log && tree_.is_list(*log)) || (schema && tree_.is_object(*schema) && json_member(tree_, root, "data"));
  }

  void array(const std::vector<JsonTree::Node>& all) {
    if (all.empty()) no_table();
    if (tree_.is_object(all.front())) {
      JsonLevel& level = rows_.levels.emplace_back();
      level.records.reserve(all.size());
      for (const JsonTree::Node n : all)
        if (tree_.is_object(n))
          level.records.push_back({n, 0});
        else
          other_value(n);
      descend();
      return;
    }
    if (tree_.is_list(all.front()) && tree_.size(all.front()) > 0 && !tree_.is_scalar(tree_.first(all.front())))
      throw base::InputError(
          lines_.location(document_.source, tree_.place(tree_.first(all.front()))),
          "expected a number in a list of rows, found another list or an object; write one record for "
          "each line, with jq -c '.[][]'");
    constexpr std::size_t kSample = 100;
    const std::vector<JsonTree::Node> sample(all.begin(),
                                             all.begin() + static_cast<long>(std::min(all.size(), kSample)));
    if (!tree_.is_scalar(sample.front()) && tree_.size(sample.front()) == 0) no_table();
    rows_.headings = headings_of_json_rows(tree_, sample, "", "", options_);
    rows_.bare.assign(all.begin() + (rows_.headings.first_row ? 1 : 0), all.end());
    note_headings("The document");
    add_json_table(tree_, rows_, document_, lines_, reading_);
  }

  void other_value(JsonTree::Node n) {
    if (!tree_.is_scalar(n) || tree_.kind(n) != JsonKind::null)
      throw base::InputError(lines_.location(document_.source, tree_.place(n)),
                             "expected an object, as the first record is one, found another value; remove it");
    others_.add(lines_.line_of(tree_.place(n)), tree_.raw(n));
  }

  // --- levels --------------------------------------------------------------------------------------------------------

  // Goes down from the records of the document to the rows.
  void descend() {
    constexpr std::size_t kLevels = 6;
    std::size_t filled = 0, count = 0;
    while (rows_.levels.size() <= kLevels) {
      JsonLevel& level = rows_.levels.back();
      if (rows_.levels.size() > 1 || level.records.size() > 1) leave_out_summaries(level);
      const JsonSurvey survey = survey_json_records(tree_, level, document_, options_);
      filled = survey.cells;
      count = level.records.size();
      auto list = chosen_json_list(survey, level, document_, options_, lines_, tree_, reading_);
      if (!list) break;
      level.expanded = list->paths;
      leave_out_other_lists(survey, *list, level);
      if (list->form == JsonForm::records) {
        next_level(*list);
        continue;
      }
      if (list->form == JsonForm::matrix) read_matrix(*list);
      if (list->form == JsonForm::columns) read_columns(*list);
      count = list->rows;
      filled = count * list->header.size();
      rows_.list = std::move(list);
      break;
    }
    finish(count, filled);
  }

  // Other histories are not repeated on the rows; short lists elsewhere in the record, such as betas, are.
  static void leave_out_other_lists(const JsonSurvey& survey, const JsonList& list, JsonLevel& level) {
    const auto parent = [&](const JsonList& of) { return level.paths.parent(of.paths.front()); };
    for (const JsonList& other : survey.lists)
      if (other.form != JsonForm::columns || (list.form == JsonForm::columns && parent(other) == parent(list)))
        level.expanded.insert(level.expanded.end(), other.paths.begin(), other.paths.end());
  }

  void finish(std::size_t count, std::size_t filled) {
    if (others_.count > 0) {
      others_.reason = "values that are null";
      reading_.skipped.push_back(others_);
    }
    const JsonLevel& first = rows_.levels.front();
    if (rows_.levels.size() > 1 && first.is_left_out)
      reading_.notes.push_back(fmt::format("The values beside '{}' are left out.", rows_.levels[1].name));
    if (filled == 0) no_table();
    check_json_is_not_sparse(count, columns_of_levels(), filled, document_);
    add_json_table(tree_, rows_, document_, lines_, reading_);
    join_metrics();
  }

  [[nodiscard]] std::size_t columns_of_levels() const {
    std::size_t columns = rows_.list ? rows_.list->header.size() : 0;
    for (const JsonLevel& level : rows_.levels)
      if (!level.is_left_out) columns += level.columns.size();
    return columns;
  }

  // The records in a list of each record.
  void next_level(const JsonList& list) {
    JsonLevel below;
    below.name = list.name;
    JsonLevel& level = rows_.levels.back();
    Skipped without;
    for (std::uint32_t i = 0; i < level.records.size(); ++i) {
      const std::size_t before = below.records.size();
      walk_json_record(tree_, level.paths, level.records[i].node, [&](JsonPaths::Id path, JsonTree::Node node) {
        if (path != list.paths.front() || !tree_.is_list(node)) return;
        for (JsonTree::Node n = tree_.first(node); n != tree_.last(node); n = tree_.next(n))
          if (tree_.is_object(n)) below.records.push_back({n, i});
      });
      if (below.records.size() == before)
        without.add(lines_.line_of(tree_.place(level.records[i].node)), tree_.raw(level.records[i].node));
    }
    if (without.count > 0) {
      without.reason = fmt::format("records without the list '{}'", list.name);
      reading_.skipped.push_back(std::move(without));
    }
    rows_.levels.push_back(std::move(below));
  }

  // The record that a Trainer of Hugging Face writes when it ends is no point of the curve.
  void leave_out_summaries(JsonLevel& level) {
    Skipped summaries;
    const auto is_summary = [&](const JsonRecord& record) {
      if (!json_member(tree_, record.node, "train_runtime")) return false;
      summaries.add(lines_.line_of(tree_.place(record.node)), tree_.raw(record.node));
      return true;
    };
    std::vector<JsonRecord> kept;
    kept.reserve(level.records.size());
    std::remove_copy_if(level.records.begin(), level.records.end(), std::back_inserter(kept), is_summary);
    if (summaries.count == 0 || kept.empty()) return;
    level.records = std::move(kept);
    summaries.reason = "summaries of a whole training (they have train_runtime)";
    reading_.skipped.push_back(std::move(summaries));
  }

  void read_matrix(const JsonList& list) {
    rows_.headings = headings_of_json_rows(tree_, sample_of_json_list(tree_, list.first),
                                           list.name.substr(list.name.rfind('.') + 1), list.metric, options_);
    note_headings(fmt::format("'{}'", list.name));
  }

  void note_headings(const std::string& what) {
    if (!rows_.headings.guessed) return;
    reading_.notes.push_back(
        fmt::format("{} holds rows without headings; they are read as {}. To name them, add --names {}.", what,
                    fmt::join(rows_.headings.names, ", "), fmt::join(rows_.headings.names, ",")));
  }

  // Lists without a counter: those of Keras, and histories in several records, have one value for each epoch.
  void read_columns(JsonList& list) {
    name_x_and_y(list);
    if (list.has_counter) return;
    const bool all = std::all_of(list.header.begin(), list.header.end(), [](const std::string& name) {
      return is_json_metric(name) || name == "lr" || name == "learning_rate";
    });
    if (!all) return;
    rows_.numbered = "epoch";
    reading_.notes.push_back("No list counts the steps, so the column epoch numbers the values of each list from 1.");
  }

  // x and y of plots of metrics, where x counts.
  void name_x_and_y(JsonList& list) {
    const auto x = std::find(list.header.begin(), list.header.end(), "x");
    const auto y = std::find(list.header.begin(), list.header.end(), "y");
    if (x == list.header.end() || y == list.header.end()) return;
    const JsonLevel& level = rows_.levels.back();
    bool counts = true;
    for (const JsonRecord& record : level.records) {
      const auto values = json_member(tree_, record.node, "x");
      if (values && tree_.is_list(*values))
        for (JsonTree::Node n = tree_.first(*values); n != tree_.last(*values); n = tree_.next(n))
          counts = counts && tree_.is_scalar(n) && base::parse_integer(tree_.raw(n)).has_value();
    }
    if (!counts) return;
    *x = "step";
    *y = "value";
    reading_.notes.push_back("The lists x and y are read as step and value, because x holds whole numbers.");
  }

  // One column for each key of MLflow's metrics.
  void join_metrics() {
    const Table& table = reading_.table;
    for (const char* series : {"key", "metric", "tag"}) {
      if (!table.find(series) || !table.find("value") || !table.find("step")) continue;
      const std::string time = table.find("timestamp") ? "timestamp" : table.find("wall_time") ? "wall_time" : "";
      if (join_json_events(reading_, document_, {series, "value", "step", time}))
        reading_.notes.push_back(
            fmt::format("Each value of '{}' is a column; values of the same step are in one row.", series));
      return;
    }
  }

  // Flags that had no effect.
  void check_flags() {
    bool used = rows_.list && rows_.list->name == options_.table;
    for (const JsonLevel& level : rows_.levels) used = used || level.name == options_.table;
    if (!used && !options_.table.empty())
      throw base::InputError({"--table"}, fmt::format("'{}' is no list of this document that could be a table; the "
                                                      "document is read without --table",
                                                      options_.table));
    const bool has_bare_rows = rows_.levels.empty() || (rows_.list && rows_.list->form == JsonForm::matrix);
    if (!options_.names.empty() && !has_bare_rows)
      reading_.notes.push_back("The names of --names are not used, because the document names its columns.");
  }

  [[noreturn]] void no_table() const {
    throw base::InputError({document_.source},
                           "the JSON document holds no table; expected an array of objects, lines of objects, lists of "
                           "equal length, or a list of these under a key such as log_history");
  }

  const Document& document_;
  const DocumentOptions& options_;
  JsonTree tree_;
  JsonLines lines_;
  Reading reading_;
  JsonRows rows_;
  Skipped others_;
};

}  // namespace

std::optional<Reading> read_json(const Document& document, const DocumentOptions& options) {
  return JsonReader(document, options).run();
}

}  // namespace phaselaw::documents
