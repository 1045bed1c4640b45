// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/export.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <ostream>
#include <string>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"
#include "phaselaw/store/flatten.h"

namespace phaselaw::store {

namespace {

using Row = std::vector<base::Value>;

constexpr const char* kLeading[] = {"run", "key", "status"};

struct Flat {
  const RunRecord* run = nullptr;
  Leaves leaves;  // settings, then the numbers of the summary, named "summary."
};

bool is_summary(const std::string& path) { return path.starts_with("summary."); }

std::vector<Flat> flatten_runs(const std::vector<RunRecord>& runs) {
  std::vector<Flat> result;
  for (const RunRecord& run : runs) {
    const std::string where = fmt::format("run {}", run.index);
    Flat flat{&run, flatten(base::parse_json(run.configuration, where + ", configuration"))};
    for (auto& leaf : flatten(base::parse_json(run.summary, where + ", summary"), "summary"))
      if (leaf.second.is_number() || leaf.second.is_null()) flat.leaves.push_back(std::move(leaf));
    result.push_back(std::move(flat));
  }
  std::sort(result.begin(), result.end(), [](const Flat& a, const Flat& b) { return a.run->index < b.run->index; });
  return result;
}

// The paths that become columns, in the order of their first appearance, and their column names.
std::vector<std::pair<std::string, std::string>> choose_columns(const std::vector<Flat>& runs) {
  std::vector<std::string> paths;
  std::map<std::string, std::set<std::string>> values;  // path -> its values, as JSON
  std::map<std::string, std::size_t> present;
  for (const Flat& flat : runs)
    for (const auto& [path, value] : flat.leaves) {
      if (present[path]++ == 0) paths.push_back(path);
      values[path].insert(base::to_json(value, -1));
    }
  const auto last_word = [](const std::string& path) { return path.substr(path.rfind('.') + 1); };
  std::map<std::string, int> uses;
  for (const char* name : kLeading) ++uses[name];
  for (const std::string_view name : base::field_names<Measurement>()) ++uses[std::string(name)];
  for (const auto& path : paths) ++uses[last_word(path)];

  std::vector<std::pair<std::string, std::string>> columns;
  for (const bool summaries : {false, true})
    for (const auto& path : paths) {
      const bool differs = values[path].size() > 1 || present[path] < runs.size();
      if (is_summary(path) != summaries || !(summaries || differs)) continue;
      columns.emplace_back(path, uses[last_word(path)] == 1 ? last_word(path) : path);
    }
  return columns;
}

base::Value number(std::int64_t x) { return base::Value(x); }
base::Value number(double x) { return std::isnan(x) ? base::Value() : base::Value(x); }

// Calls `emit(names, row)` for each row, first with an empty row, so that a table without rows has its header.
void for_each_row(const std::vector<RunRecord>& runs, const std::vector<DerivedColumn>& derived,
                  const std::function<void(const std::vector<std::string>&, const Row&)>& emit) {
  const auto flat_runs = flatten_runs(runs);
  const auto columns = choose_columns(flat_runs);
  std::vector<std::string> names(std::begin(kLeading), std::end(kLeading));
  for (const auto& [path, name] : columns) names.push_back(name);
  for (const std::string_view name : base::field_names<Measurement>()) names.emplace_back(name);
  for (const auto& column : derived) names.push_back(column.name);
  emit(names, {});

  for (const Flat& flat : flat_runs) {
    Row start = {flat.run->index, flat.run->key, base::enum_to_text(flat.run->status)};
    for (const auto& [path, name] : columns) {
      const base::Value* value = find_leaf(flat.leaves, path);
      start.push_back(value ? *value : base::Value());
    }
    if (flat.run->measurements.empty()) {
      Row row = start;
      row.resize(names.size());
      emit(names, row);
    }
    for (const Measurement& m : flat.run->measurements) {
      Row row = start;
      Measurement::fields(m, [&](auto, const auto& x, auto&&...) { row.push_back(number(x)); });
      for (const auto& column : derived) row.push_back(number(column.value(*flat.run, m)));
      emit(names, row);
    }
  }
}

std::string csv_field(const base::Value& value) {
  if (value.is_null()) return "";
  if (value.is_text()) return base::csv_text(value.text());
  if (value.is_integer()) return fmt::format("{}", value.integer());
  if (value.is_number()) return fmt::format("{}", value.number());  // shortest form that reads back the same
  return base::csv_text(base::to_json(value, -1));
}

void require_written(std::ostream& out) {
  out.flush();
  if (!out) throw base::RunError("the exported table could not be written; check the free disk space");
}

}  // namespace

void export_csv(const std::vector<RunRecord>& runs, std::ostream& out, const std::vector<DerivedColumn>& derived) {
  for_each_row(runs, derived, [&](const std::vector<std::string>& names, const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i > 0) line += ',';
      line += row.empty() ? base::csv_text(names[i]) : csv_field(row[i]);
    }
    out << line << '\n';
  });
  require_written(out);
}

void export_jsonl(const std::vector<RunRecord>& runs, std::ostream& out, const std::vector<DerivedColumn>& derived) {
  for_each_row(runs, derived, [&](const std::vector<std::string>& names, const Row& row) {
    if (row.empty()) return;
    base::Value object = base::Value::table();
    for (std::size_t i = 0; i < names.size(); ++i) object[names[i]] = row[i];
    out << base::to_json(object, -1) << '\n';
  });
  require_written(out);
}

}  // namespace phaselaw::store
