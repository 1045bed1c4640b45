// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/common.h"

#include <cstdio>
#include <filesystem>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/visible_text.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::cli {

void show_as_it_is(std::string_view text) {
  [[maybe_unused]] const std::size_t written = std::fwrite(text.data(), 1, text.size(), stdout);
}

void show_lines(const std::string& lines) { show_as_it_is(base::visible_lines(lines)); }

void write_results(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                   report::Page page) {
  const std::filesystem::path folder(directory);
  json["made_by"] = made_by(common);
  report::add_provenance(json.at("made_by"), page);
  {
    const base::FinishFirst group;
    base::write_file(folder / name, base::to_json(json) + "\n");
    report::write_page(page, folder / "report.html", common.page_files);
  }
  emit_json(common, json);
}

void write_answer(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                  const std::function<report::Page()>& page) {
  if (!directory.empty()) return write_results(common, directory, name, std::move(json), page());
  json["made_by"] = made_by(common);
  emit_json(common, json);
}

void require_outputs(const Common& common) {
  if (!common.json.empty() && common.json != "-") base::require_writable_file(common.json, "--json");
}

namespace {

void emit_text(const Common& common, const std::string& text) {
  if (common.json == "-")
    show_as_it_is(text);
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

}  // namespace phaselaw::cli
