// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json_lists.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/json_names.h"

namespace phaselaw::documents {

namespace {

constexpr std::size_t kJsonListSample = 100;  // elements of a list that are looked at to recognise it

enum class JsonListKind : std::uint8_t { none, records, matrix, scalars, other };

JsonListKind kind_of_json_list(const JsonTree& tree, JsonTree::Node list) {
  if (tree.size(list) == 0) return JsonListKind::none;
  if (is_json_matrix(tree, list)) return JsonListKind::matrix;
  const bool objects = tree.is_object(tree.first(list));
  for (JsonTree::Node n = tree.first(list); n != tree.last(list); n = tree.next(n))
    if (objects ? !tree.is_object(n) : !tree.is_scalar(n)) return JsonListKind::other;
  return objects ? JsonListKind::records : JsonListKind::scalars;
}

// What was seen of the lists at one path.
struct JsonListSeen {
  JsonListKind kind = JsonListKind::none;
  JsonPaths::Id path = 0;
  JsonTree::Node first = 0, first_record = 0;
  std::size_t length = 0, longest = 0, rows = 0;  // of the first, of any, and of all together
};

struct JsonPathSeen {
  bool visited = false, scalar = false, filled = false;
  std::uint32_t list = 0;  // 1 + its place among the lists
};

class JsonSurveyor {
 public:
  JsonSurveyor(const JsonTree& tree, JsonLevel& level, const Document& document)
      : tree_(tree), level_(level), document_(document) {}

  JsonSurvey run(const DocumentOptions& options) {
    for (const JsonRecord& record : level_.records)
      walk_json_record(tree_, level_.paths, record.node, [&](JsonPaths::Id path, JsonTree::Node node) {
        if (paths_.size() < level_.paths.size()) paths_.resize(level_.paths.size());
        if (tree_.kind(node) != JsonKind::null) paths_[path].filled = true;
        if (!std::exchange(paths_[path].visited, true)) level_.columns.push_back(path);
        if (tree_.is_scalar(node) || (tree_.size(node) == 1 && tree_.is_scalar(tree_.first(node)))) scalar(path, node);
        if (tree_.is_list(node)) list(path, node, record.node);
      });
    drop_empty_parents();
    find_records_and_matrices(options);
    find_columns();
    return std::move(survey_);
  }

 private:
  void scalar(JsonPaths::Id path, JsonTree::Node node) {
    survey_.cells += tree_.kind(node) == JsonKind::null ? 0 : 1;
    if (std::exchange(paths_[path].scalar, true)) return;
    survey_.has_metric = survey_.has_metric || is_json_metric(level_.paths.key(path));
    if (level_.paths.parent(path) == JsonPaths::kRoot)
      survey_.has_counter = survey_.has_counter || is_json_counter(level_.paths.key(path));
  }

  void list(JsonPaths::Id path, JsonTree::Node node, JsonTree::Node record) {
    const JsonListKind kind = kind_of_json_list(tree_, node);
    if (kind == JsonListKind::none || kind == JsonListKind::other) return;
    std::uint32_t& place = paths_[path].list;
    if (place == 0) {
      seen_.push_back({kind, path, node, record, tree_.size(node)});
      place = static_cast<std::uint32_t>(seen_.size());
    }
    JsonListSeen& seen = seen_[place - 1];
    seen.rows += tree_.size(node);
    seen.longest = std::max(seen.longest, tree_.size(node));
  }

  // "cfg": null, where other records have "cfg": {"lr": ...}.
  void drop_empty_parents() {
    std::vector<bool> is_parent(level_.paths.size());
    for (JsonPaths::Id path = 1; path < level_.paths.size(); ++path) is_parent[level_.paths.parent(path)] = true;
    std::erase_if(level_.columns, [&](JsonPaths::Id path) { return is_parent[path] && !paths_[path].filled; });
  }

  void find_records_and_matrices(const DocumentOptions& options) {
    for (const JsonListSeen& seen : seen_) {
      if (seen.kind == JsonListKind::scalars) continue;
      JsonList list;
      list.name = full_name(level_.paths.name(seen.path, document_.source));
      list.form = seen.kind == JsonListKind::records ? JsonForm::records : JsonForm::matrix;
      list.paths = {seen.path};
      list.first = seen.first;
      list.rows = seen.rows;
      if (list.form == JsonForm::records)
        read_keys(list);
      else
        read_headings(list, seen, options);
      survey_.lists.push_back(std::move(list));
    }
  }

  // The keys of the first records of a list.
  void read_keys(JsonList& list) const {
    constexpr std::size_t kRecords = 8;
    std::size_t records = 0;
    for (JsonTree::Node n = tree_.first(list.first); n != tree_.last(list.first) && records < kRecords;
         n = tree_.next(n), ++records) {
      std::size_t keys = 0;
      for (JsonTree::Node key = tree_.first(n); key != tree_.last(n) && keys < kJsonListSample;
           key = tree_.next(key + 1), ++keys) {
        const std::string_view name = tree_.raw(key);
        list.has_metric = list.has_metric || is_json_metric(name) || name == "value";
        list.has_counter = list.has_counter || is_json_counter(name);
        list.has_lists = list.has_lists || is_history(key + 1);
        if (records == 0) list.header.emplace_back(name);
      }
    }
  }

  // A list of lists or records, or an object of lists.
  [[nodiscard]] bool is_history(JsonTree::Node value) const {
    if (tree_.is_scalar(value) || tree_.size(value) == 0) return false;
    const JsonTree::Node inner = tree_.first(value);
    return tree_.is_list(value) ? !tree_.is_scalar(inner) : tree_.is_list(inner + 1) && tree_.size(inner + 1) > 1;
  }

  void read_headings(JsonList& list, const JsonListSeen& seen, const DocumentOptions& options) const {
    list.metric = metric_of_last(seen);
    const std::string_view key = level_.paths.key(seen.path);
    JsonHeadings headings =
        headings_of_json_rows(tree_, sample_of_json_list(tree_, seen.first), key, list.metric, options);
    list.has_counter = headings.has_counter;
    list.has_metric = std::any_of(headings.names.begin(), headings.names.end(),
                                  [](const std::string& name) { return is_json_metric(name); });
    list.header = std::move(headings.names);
  }

  // A metric of the record that equals the last number of the list, so that the list is its history.
  std::string metric_of_last(const JsonListSeen& seen) const {
    JsonTree::Node last = 0;
    for (JsonTree::Node row = tree_.first(seen.first); row != tree_.last(seen.first); row = tree_.next(row))
      for (JsonTree::Node n = tree_.first(row); n != tree_.last(row); n = tree_.next(n)) last = n;
    std::size_t keys = 0;
    for (JsonTree::Node key = tree_.first(seen.first_record);
         key != tree_.last(seen.first_record) && keys < kJsonListSample; key = tree_.next(key + 1), ++keys)
      if (tree_.kind(key + 1) == JsonKind::number && tree_.raw(key + 1) == tree_.raw(last) &&
          is_json_metric(tree_.raw(key)))
        return tree_.raw(key).ends_with("loss") ? "loss" : std::string(tree_.raw(key));
    return "";
  }

  // Lists such as eval_loss that have a counter of their own, eval_step, are apart from those beside them.
  [[nodiscard]] std::size_t stream_of(JsonPaths::Id path) const {
    constexpr std::array<std::string_view, 5> kStreams = {"eval_", "val_", "valid_", "validation_", "test_"};
    constexpr std::array<std::string_view, 5> kCounters = {"step", "steps", "epoch", "epochs", "iter"};
    for (std::size_t i = 0; i < kStreams.size(); ++i)
      if (level_.paths.key(path).starts_with(kStreams[i]))
        for (const std::string_view counter : kCounters)
          if (level_.paths.find(level_.paths.parent(path), std::string(kStreams[i]) + std::string(counter)))
            return i + 1;
    return 0;
  }

  // Lists of scalars below one object that have the same length in the first record that holds them.
  void find_columns() {
    struct Key {
      JsonPaths::Id parent;
      std::size_t stream;
      JsonTree::Node record;
      std::size_t length;
      bool operator==(const Key&) const = default;
    };
    const auto hash = [](const Key& k) {
      return ((k.parent * 31 + k.stream) * 31 + k.record) * std::size_t{0x9e3779b97f4a7c15} + k.length;
    };
    std::unordered_set<JsonPaths::Id> parents;  // of more than single values in brackets
    for (const JsonListSeen& seen : seen_)
      if (seen.kind == JsonListKind::scalars && seen.longest > 1) parents.insert(level_.paths.parent(seen.path));
    std::unordered_map<Key, std::size_t, decltype(hash)> groups(16, hash);
    for (const JsonListSeen& seen : seen_) {
      if (seen.kind != JsonListKind::scalars) continue;
      const JsonPaths::Id parent = level_.paths.parent(seen.path);
      if (!parents.contains(parent)) continue;
      const auto [at, is_new] =
          groups.try_emplace({parent, stream_of(seen.path), seen.first_record, seen.length}, survey_.lists.size());
      if (is_new) {
        JsonList list;
        list.form = JsonForm::columns;
        list.first = seen.first;
        list.rows = seen.rows;
        list.name = full_name(level_.paths.name(seen.path, document_.source));
        survey_.lists.push_back(std::move(list));
      }
      JsonList& list = survey_.lists[at->second];
      list.paths.push_back(seen.path);
      list.header.emplace_back(level_.paths.key(seen.path));
      list.has_metric = list.has_metric || is_json_metric(list.header.back());
      list.has_counter = list.has_counter || is_json_counter(list.header.back()) || list.header.back() == "x";
    }
  }

  std::string full_name(const std::string& name) const { return level_.name.empty() ? name : level_.name + "." + name; }

  const JsonTree& tree_;
  JsonLevel& level_;
  const Document& document_;
  JsonSurvey survey_;
  std::vector<JsonPathSeen> paths_;
  std::vector<JsonListSeen> seen_;
};

std::vector<std::string> json_names_of_user(const DocumentOptions& options, std::size_t width) {
  std::vector<std::string> names(1);
  for (const char c : options.names)
    if (c == ',')
      names.emplace_back();
    else
      names.back() += c;
  if (names.size() != width)
    throw base::InputError({"--names"}, fmt::format("expected {} names, one for each number of a row, found {} in '{}'",
                                                    width, names.size(), options.names));
  return names;
}

// The numbers of one place in the first rows; empty if one is no number.
std::vector<double> json_numbers_at(const JsonTree& tree, const std::vector<JsonTree::Node>& rows, std::size_t place) {
  std::vector<double> numbers;
  for (const JsonTree::Node row : rows) {
    if (!tree.is_list(row) || tree.size(row) <= place) return {};
    const base::Number number = base::parse_number(tree.raw(static_cast<JsonTree::Node>(tree.first(row) + place)));
    if (number.kind != base::NumberKind::finite) return {};
    numbers.push_back(number.value);
  }
  return numbers;
}

// Names in the first row, above rows of another kind.
std::vector<std::string> json_names_in_row(const JsonTree& tree, const std::vector<JsonTree::Node>& rows) {
  std::vector<std::string> names;
  if (rows.size() < 2 || !tree.is_list(rows.front())) return names;
  for (JsonTree::Node n = tree.first(rows.front()); n != tree.last(rows.front()); n = tree.next(n)) {
    if (tree.kind(n) != JsonKind::text || base::parse_number(tree.raw(n)).kind != base::NumberKind::not_a_number)
      return {};
    names.push_back(tree.unescaped(n));
  }
  return names;
}

bool are_json_counts(const std::vector<double>& numbers) {
  return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](double x) {
    return x >= 0 && x == static_cast<double>(static_cast<std::int64_t>(std::min(x, 9e18)));
  });
}

bool are_json_wall_times(const std::vector<double>& numbers) {
  constexpr double kFirst = 5e8, kLast = 5e9;  // seconds since 1970
  return !numbers.empty() && std::all_of(numbers.begin(), numbers.end(), [](double x) {
    return (x > kFirst && x < kLast) || (x > kFirst * 1e3 && x < kLast * 1e3);
  });
}

}  // namespace

bool is_json_matrix(const JsonTree& tree, JsonTree::Node list) {
  if (tree.size(list) == 0) return false;
  for (JsonTree::Node row = tree.first(list); row != tree.last(list); row = tree.next(row)) {
    if (!tree.is_list(row) || tree.size(row) == 0) return false;
    for (JsonTree::Node n = tree.first(row); n != tree.last(row); n = tree.next(n))
      if (!tree.is_scalar(n)) return false;
  }
  return true;
}

std::vector<JsonTree::Node> sample_of_json_list(const JsonTree& tree, JsonTree::Node list) {
  std::vector<JsonTree::Node> sample;
  for (JsonTree::Node n = tree.first(list); n != tree.last(list) && sample.size() < kJsonListSample; n = tree.next(n))
    sample.push_back(n);
  return sample;
}

JsonHeadings headings_of_json_rows(const JsonTree& tree, const std::vector<JsonTree::Node>& rows, std::string_view name,
                                   std::string_view metric, const DocumentOptions& options) {
  JsonHeadings found;
  const std::size_t width = tree.is_list(rows.front()) ? tree.size(rows.front()) : 1;
  if (!options.names.empty()) found.names = json_names_of_user(options, width);
  if (found.names.empty()) {
    found.names = json_names_in_row(tree, rows);
    found.first_row = !found.names.empty();
  }
  if (!found.names.empty()) {
    found.has_counter = std::any_of(found.names.begin(), found.names.end(),
                                    [](const std::string& heading) { return is_json_counter(heading); });
    return found;
  }
  found.guessed = true;
  const std::string value = !metric.empty() ? std::string(metric) : is_json_metric(name) ? std::string(name) : "value";
  const std::vector<double> first = json_numbers_at(tree, rows, 0);
  if (width == 3 && are_json_wall_times(first) && are_json_counts(json_numbers_at(tree, rows, 1)))
    found.names = {"wall_time", "step", value};
  else if (width == 2 && are_json_counts(first) &&
           (std::is_sorted(first.begin(), first.end()) || !are_json_counts(json_numbers_at(tree, rows, 1))))
    found.names = {"step", value};
  else if (width == 1)
    found.names = {value};
  found.has_counter = found.names.size() > 1;
  for (std::size_t i = found.names.size(); i < width; ++i) found.names.push_back(fmt::format("column_{}", i + 1));
  return found;
}

JsonSurvey survey_json_records(const JsonTree& tree, JsonLevel& level, const Document& document,
                               const DocumentOptions& options) {
  return JsonSurveyor(tree, level, document).run(options);
}

}  // namespace phaselaw::documents
