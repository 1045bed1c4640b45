// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/runs_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "phaselaw/documents/melting.h"
#include "phaselaw/documents/prose_table.h"

namespace phaselaw::documents {

namespace {

struct ObjectEntry {
  std::string name;  // "model.depth"
  std::string_view value;
};

constexpr std::size_t kDeepestObject = 64, kMostEntries = 1000;

// Reads the entries of an object; the names of nested ones are joined by dots.
class ObjectReader {
 public:
  explicit ObjectReader(std::string_view text) : text_(text) {}

  // False if the text is not one complete object.
  bool read(std::vector<ObjectEntry>& entries) {
    if (!take('{')) return false;
    prefixes_.emplace_back();
    while (!prefixes_.empty()) {
      if (take('}')) {
        prefixes_.pop_back();
        if (!prefixes_.empty() && !at_end_of_object()) return false;
        continue;
      }
      std::string_view key;
      if (!quoted(key) || !take(':')) return false;
      std::string name = prefixes_.back() + std::string(key);
      if (take('{')) {
        if (prefixes_.size() == kDeepestObject || name.size() > kLongestName) return false;
        prefixes_.push_back(name + '.');
        continue;
      }
      std::string_view value;
      if (!scalar(value) || !at_end_of_object()) return false;
      if (entries.size() > kMostEntries) return false;
      entries.push_back({std::move(name), value});
    }
    blanks();
    return at_ == text_.size();
  }

 private:
  static constexpr std::size_t kLongestName = 1000;

  void blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  // Behind a value: a comma, or the end of the object, which is left.
  bool at_end_of_object() {
    if (take(',')) return true;
    blanks();
    return at_ < text_.size() && text_[at_] == '}';
  }
  bool quoted(std::string_view& out) {
    blanks();
    if (at_ >= text_.size() || (text_[at_] != '"' && text_[at_] != '\'')) return false;
    const char quote = text_[at_];
    const std::size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    out = text_.substr(begin, at_ - begin);
    ++at_;
    return true;
  }
  // A word, a quoted text without its quotes, or a list as it is written.
  bool scalar(std::string_view& out) {
    blanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted(out);
    const std::size_t begin = at_;
    std::size_t depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        std::string_view inner;
        if (!quoted(inner)) return false;
        --at_;
      } else if (c == '[' || c == '(' || c == '{') {
        ++depth;
      } else if (depth > 0 && (c == ']' || c == ')' || c == '}')) {
        --depth;
      } else if (depth == 0 && (c == ',' || c == '}')) {
        break;
      }
    }
    out = without_blanks(text_.substr(begin, at_ - begin));
    if (out == "None" || out == "null") out = {};
    return depth == 0 && at_ < text_.size() && at_ > begin;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> prefixes_;
};

// W&B writes {"lr": {"value": 0.001, "desc": null}}.
void remove_value_level(std::vector<ObjectEntry>& entries) {
  constexpr std::string_view kValue = ".value", kDescription = ".desc";
  std::erase_if(entries, [&](const ObjectEntry& e) { return e.name.ends_with(kDescription) && e.value.empty(); });
  for (ObjectEntry& e : entries)
    if (e.name.ends_with(kValue)) e.name.resize(e.name.size() - kValue.size());
}

bool begins_object(const Table& table, std::size_t column) {
  if (table.holds_numbers(column)) return false;
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (!table.is_empty(row, column)) return without_blanks(table.view(row, column)).starts_with('{');
  return false;
}

// The names of the entries of all cells of a column, in the order of their first appearance; empty if a cell is no
// object or there are too many entries.
std::vector<std::string> names_of_entries(const Table& table, std::size_t column) {
  std::vector<std::string> names;
  std::unordered_set<std::string> known;
  std::vector<ObjectEntry> entries;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (holds_nothing(table, row, column)) continue;
    entries.clear();
    if (!ObjectReader(table.view(row, column)).read(entries)) return {};
    remove_value_level(entries);
    for (const ObjectEntry& entry : entries)
      if (known.insert(entry.name).second) names.push_back(entry.name);
    if (names.size() > kMostEntries) return {};
  }
  return names;
}

bool expand_column(Reading& reading, std::size_t column) {
  Table& table = reading.table;
  const std::string title = table.header[column];
  const std::vector<std::string> names = names_of_entries(table, column);
  if (names.empty()) {
    reading.notes.push_back(
        fmt::format("The cells of the column '{}' begin like objects but could not all be read as such; the column is "
                    "left as it is.",
                    title));
    return false;
  }
  std::unordered_map<std::string, std::size_t> columns;
  for (const std::string& name : names)
    columns.emplace(name, table.add_column(free_name(table.header, fmt::format("{}.{}", title, name))));
  std::vector<ObjectEntry> entries;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (holds_nothing(table, row, column)) continue;
    const std::string cell = table.text(row, column);  // a copy, because setting a cell may move other texts
    entries.clear();
    if (!ObjectReader(cell).read(entries)) continue;
    remove_value_level(entries);
    for (const ObjectEntry& entry : entries) table.set(row, columns.at(entry.name), entry.value);
  }
  table.drop_column(column);
  reading.notes.push_back(fmt::format("The objects in the column '{}' became {} column{}: {}{}.", title, names.size(),
                                      names.size() == 1 ? "" : "s", title + "." + names.front(),
                                      names.size() == 1 ? "" : fmt::format(" to {}.{}", title, names.back())));
  return true;
}

}  // namespace

void expand_object_cells(Reading& reading) {
  for (std::size_t c = 0, n = reading.table.n_columns(); c < n;) {
    if (begins_object(reading.table, c) && expand_column(reading, c))
      --n;
    else
      ++c;
  }
}

void note_unfinished_runs(Reading& reading) {
  constexpr std::array<std::string_view, 4> finished = {"finished", "complete", "completed", "success"};
  constexpr std::array<std::string_view, 9> unfinished = {"failed", "fail",      "crashed", "running", "killed",
                                                          "pruned", "scheduled", "waiting", "error"};
  const Table& table = reading.table;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    const std::string heading = plain_word(table.header[c]);
    if (table.holds_numbers(c) || (!heading.ends_with("state") && !heading.ends_with("status"))) continue;
    std::map<std::string, std::size_t> counts;
    std::string done;
    std::size_t left = 0;
    bool known = true;
    for (std::size_t row = 0; row < table.n_rows() && known; ++row) {
      if (holds_nothing(table, row, c)) continue;
      const std::string word = plain_word(table.view(row, c).substr(0, 20));
      if (std::find(finished.begin(), finished.end(), word) != finished.end()) {
        done = table.text(row, c);
      } else {
        known = std::find(unfinished.begin(), unfinished.end(), word) != unfinished.end();
        ++counts[word];
        ++left;
      }
    }
    if (!known || left == 0) continue;
    std::vector<std::string> words;
    for (const auto& [word, count] : counts) words.push_back(fmt::format("{} {}", count, word));
    reading.notes.push_back(
        fmt::format("{} of {} runs did not finish by the column '{}' ({}){}.", left, table.n_rows(), table.header[c],
                    fmt::join(words, ", "),
                    done.empty() ? "" : fmt::format("; leave them out with --where '{}={}'", table.header[c], done)));
  }
}

}  // namespace phaselaw::documents
