// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/run_columns.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/tfevents.h"
#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/seen_rows.h"

namespace phaselaw::tables {

namespace {

// As plain_name() writes them, the most likely first.
constexpr std::array<std::string_view, 11> kRunNames = {"run",     "runname",    "runid",          "name",
                                                        "exp",     "experiment", "experimentname", "hyperid",
                                                        "trialid", "modelname",  "model"};
constexpr std::array<std::string_view, 9> kSeedNames = {"seed",       "rep",    "replicate",  "replica",    "trial",
                                                        "repetition", "repeat", "randomseed", "replication"};

template <class Names>
bool is_named(const Names& names, std::string_view header) {
  const std::string key = plain_name(header.substr(header.find_last_of("/.") + 1));  // npos + 1 = 0
  return std::find(names.begin(), names.end(), key) != names.end();
}

std::size_t count_of(const Table& table, const std::vector<std::size_t>& columns) {
  if (columns.empty()) return table.n_rows() > 0 ? 1 : 0;
  SeenRows seen(table, columns);
  std::size_t count = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) count += seen.first_like(row) == row ? 1 : 0;
  return count;
}

bool has_empty_cell(const Table& table, std::size_t column) {
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (table.is_empty(row, column)) return true;
  return false;
}

bool is_among(const std::vector<std::size_t>& columns, std::size_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

std::size_t usual_run_column(const Table& table, const std::vector<std::size_t>& streams) {
  std::size_t best = kNoColumn, best_rank = kRunNames.size();
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (is_among(streams, c)) continue;
    const auto rank = static_cast<std::size_t>(
        std::find(kRunNames.begin(), kRunNames.end(), plain_name(table.header[c])) - kRunNames.begin());
    if (rank >= best_rank) continue;
    best = c;
    best_rank = rank;
  }
  return best;
}

void add_seeds(const Table& table, const std::vector<std::size_t>& streams, RunKey& key) {
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    if (!is_seed_name(table.header[c]) || is_among(streams, c) || is_among(key.columns, c)) continue;
    std::vector<std::size_t> with = key.columns;
    with.push_back(c);
    if (has_empty_cell(table, c) || count_of(table, with) == count_of(table, key.columns)) continue;
    key.columns = with;
    key.seeds.push_back(c);
  }
}

// The file that stands for a run: the folder of an event file, because TensorBoard writes a new file after each restart.
std::string run_source(const std::string& source) {
  const std::optional<std::string> folder = documents::folder_of_events(source);
  return folder.value_or("").empty() ? source : *folder;
}

// The files of a table, and the shortest names that tell them apart: stem, folder/stem, or path.
class FileNames {
 public:
  explicit FileNames(const Table& table) {
    for (std::size_t row = 0; row < table.n_rows(); ++row) {
      const std::string& source = table.source(row);
      if (index_.contains(&source)) continue;
      const std::string path = run_source(source);
      const auto [at, is_new] = of_path_.emplace(path, paths_.size());
      if (is_new) paths_.push_back(path);
      index_.emplace(&source, at->second);
    }
    for (const auto shorten : {&stem_of, &folder_and_stem}) {
      names_.clear();
      for (const std::string& path : paths_) names_.push_back(shorten(path));
      if (std::unordered_set<std::string>(names_.begin(), names_.end()).size() == names_.size()) return;
    }
    names_ = paths_;
  }
  [[nodiscard]] std::size_t size() const { return paths_.size(); }
  [[nodiscard]] std::size_t index(const std::string& source) const { return index_.at(&source); }
  [[nodiscard]] const std::string& name(const std::string& source) const { return names_[index(source)]; }

 private:
  static std::string folder_and_stem(const std::string& source) {
    const std::string folder = std::filesystem::path(source).parent_path().filename().string();
    return folder.empty() ? stem_of(source) : folder + "/" + stem_of(source);
  }
  std::unordered_map<const std::string*, std::size_t> index_;
  std::unordered_map<std::string, std::size_t> of_path_;
  std::vector<std::string> paths_, names_;
};

bool has_several_files(const Table& table) {
  for (std::size_t row = 1; row < table.n_rows(); ++row)
    if (&table.source(row) != &table.source(0) && run_source(table.source(row)) != run_source(table.source(0)))
      return true;
  return false;
}

std::string name_of(const Table& table, std::size_t row, const RunKey& key, const FileNames* files) {
  std::string name = files != nullptr ? files->name(table.source(row)) : "";
  for (const std::size_t column : key.columns) {
    const bool seed = is_among(key.seeds, column);
    const bool bare = seed && table.number(row, column).kind == base::NumberKind::finite;
    name += (name.empty() ? "" : "/") + (bare ? plain_name(table.header[column]) + " " : "") + table.text(row, column);
  }
  return name;
}

}  // namespace

std::string stem_of(const std::string& source) {
  std::filesystem::path path = std::filesystem::path(run_source(source)).filename();
  for (const char* packed : {".gz", ".zst", ".xz"})
    if (path.extension() == packed) path = path.stem();
  return base::one_line(path.stem().string());
}

bool is_run_name(std::string_view header) { return is_named(kRunNames, header); }
bool is_seed_name(std::string_view header) { return is_named(kSeedNames, header); }

std::string joined(const Table& table, std::size_t row, const std::vector<std::size_t>& columns) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i > 0 ? "/" : "") + table.text(row, columns[i]);
  return out;
}

std::size_t progress_column(const Recognised& found) {
  for (const char* name : {"step", "tokens", "compute"})
    if (const auto at = found.column.find(name); at != found.column.end()) return at->second;
  return kNoColumn;
}

std::vector<double> counters(const Table& table, const Recognised& found) {
  std::vector<double> out(table.n_rows(), base::kNaN);
  const std::size_t column = progress_column(found);
  for (std::size_t row = 0; row < out.size() && column != kNoColumn; ++row)
    if (const base::Number number = table.number(row, column); number.kind == base::NumberKind::finite)
      out[row] = number.value;
  return out;
}

RunKey named_runs(const Table& table, const Recognised& found, const std::vector<std::size_t>& by,
                  const std::vector<std::size_t>& streams, bool curves) {
  RunKey key;
  key.columns = found.run;
  key.from_user = !found.run.empty();
  if (!key.from_user) {
    if (const std::size_t usual = usual_run_column(table, streams); usual != kNoColumn)
      key.columns = {usual};
    else
      key.by_file = has_several_files(table);
    if (curves || key.known()) add_seeds(table, streams, key);
  }
  if (!curves && !key.known()) return key;
  for (auto group = by.rbegin(); group != by.rend(); ++group)
    if (!is_among(key.columns, *group)) key.columns.insert(key.columns.begin(), *group);
  return key;
}

RunIds run_ids(const Table& table, const RunKey& key) {
  RunIds out;
  out.id.reserve(table.n_rows());
  const std::optional<FileNames> files = key.by_file ? std::optional<FileNames>(table) : std::nullopt;
  std::optional<SeenRows> seen;
  if (!key.columns.empty()) seen.emplace(table, key.columns);
  std::unordered_map<std::uint64_t, std::uint32_t> index;
  std::unordered_set<std::string> names;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const std::uint64_t file = files ? files->index(table.source(row)) : 0;
    const auto [at, is_new] =
        index.emplace((file << 32U) | (seen ? seen->first_like(row) : 0), static_cast<std::uint32_t>(out.names.size()));
    out.id.push_back(at->second);
    if (!is_new) continue;
    std::string name = base::one_line(name_of(table, row, key, files ? &*files : nullptr));
    // Joined cells may agree where the cells do not.
    if (!names.insert(name).second) name += fmt::format(" (line {})", table.line(row));
    names.insert(name);
    out.names.push_back(std::move(name));
  }
  return out;
}

std::string text_of(const Table& table, const RunKey& key) {
  std::string out = key.by_file ? "file" : "";
  for (const std::size_t column : key.columns) out += (out.empty() ? "" : "+") + table.header[column];
  return out;
}

}  // namespace phaselaw::tables
