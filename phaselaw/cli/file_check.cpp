// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/file_check.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "phaselaw/base/errors.h"

namespace phaselaw::cli {

namespace fs = std::filesystem;

namespace {

struct NamedFile {
  std::string flag, path;
};

std::string name_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : "--" + option.get_lnames().front();
}

bool is_output(const std::string& flag) {
  return flag == "--out" || flag == "--json" || flag == "--register" || flag == "--state";
}

// merge extends its first word, and compares it with its inputs itself.
bool is_store_to_extend(const CLI::App& verb, const std::string& flag) {
  return verb.get_name() == "merge" && flag == "out";
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error))
    return fs::is_regular_file(a, error) && fs::equivalent(a, b, error) && !error;
  const fs::path left = fs::weakly_canonical(a, error), right = fs::weakly_canonical(b, error);
  return !error && left == right;
}

// Files of results that a verb writes into the directory of --out. Many of them are tables, which other verbs read.
bool is_result(const CLI::App& verb, const fs::path& name) {
  static const std::set<std::string> names = {"report.html",      "residuals.csv", "predicted.csv", "drift.csv",
                                              "trajectories.csv", "methods.csv",   "spectrum.csv",  "density.csv",
                                              "curve.csv",        "run.json",      "results.json"};
  return names.contains(name.string()) || name == verb.get_name() + ".json";
}

bool is_in(const std::string& directory, const std::string& file) {
  std::error_code error;
  return fs::is_directory(directory, error) && fs::equivalent(directory, fs::absolute(file).parent_path(), error) &&
         !error;
}

}  // namespace

void require_distinct_files(const CLI::App& verb) {
  std::vector<NamedFile> inputs, outputs, extended;
  for (const CLI::Option* option : verb.get_options()) {
    const std::string flag = name_of(*option);
    for (const std::string& word : option->results()) {
      std::error_code error;
      if (is_store_to_extend(verb, flag))
        extended.push_back({flag, word});
      else if (is_output(flag) && !word.empty() && word != "-")
        outputs.push_back({flag, word});
      else if (fs::is_regular_file(word, error))
        inputs.push_back({flag, word});
    }
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& [flag, path] = outputs[i];
    for (const auto& input : inputs) {
      if (same_file(path, input.path))
        throw base::InputError(
            {flag}, fmt::format("'{}' is an input of this command and would be replaced; name another file", path));
      if (is_in(path, input.path) && is_result(verb, fs::path(input.path).filename()))
        throw base::InputError({flag},
                               fmt::format("'{}' is an input of this command, which may replace it by a result of "
                                           "the same name; name another directory",
                                           input.path));
    }
    std::vector<NamedFile> others(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(i));
    others.insert(others.end(), extended.begin(), extended.end());
    for (const auto& other : others)
      if (same_file(path, other.path))
        throw base::InputError({flag}, fmt::format("'{}' is also the file of {}; name another file", path, other.flag));
  }
}

}  // namespace phaselaw::cli
