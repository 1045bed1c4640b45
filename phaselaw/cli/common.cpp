// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/common.h"

#include <filesystem>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::cli {

void write_results(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                   report::Page page) {
  const std::filesystem::path folder(directory);
  write_json(common, folder / name, json);
  report::add_provenance(json.at("made_by"), page);
  report::write_page(page, folder / "report.html", common.page_files);
}

void require_outputs(const Common& common) {
  if (!common.json.empty() && common.json != "-") base::require_writable_file(common.json, "--json");
}

namespace {

void emit_text(const Common& common, const std::string& text) {
  if (common.json == "-")
    fmt::print("{}", text);
  else
    base::write_file(common.json, text);
}

}  // namespace

void emit_json(const Common& common, const base::Value& value) {
  if (!common.json.empty()) emit_text(common, base::to_json(value) + "\n");
}

void write_json(const Common& common, const std::string& path, base::Value& json) {
  json["made_by"] = made_by(common);
  const std::string text = base::to_json(json) + "\n";
  base::write_file(path, text);
  if (!common.json.empty()) emit_text(common, text);
}

base::Value made_by(const Common& common) {
  base::Value value = base::made_by();
  value["command"] = common.command;
  value["blas"] = numerics::blas_description();
  return value;
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      text += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i] + "\n";
  }
  return text;
}

}  // namespace phaselaw::cli
