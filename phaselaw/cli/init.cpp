// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/templates.h"

#include <filesystem>
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/output_file.h"
#include "phaselaw/cli/common.h"

// phaselaw init: lists the templates.
// phaselaw init TEMPLATE: writes one of them as a file to start from, and never replaces a file.
namespace phaselaw::cli {

namespace {

struct InitFlags {
  std::string name, out;
};

std::string command_with(const sweep::Template& chosen, const std::string& file) {
  return fmt::format(fmt::runtime(chosen.command), file);
}

void list_templates(const Common& common) {
  std::vector<std::vector<std::string>> rows = {{"template", "file", "what it is"}};
  base::Value list{base::Value::List{}};
  for (const auto& one : sweep::all_templates()) {
    rows.push_back({one.name, one.file, one.what});
    list.push_back(base::Value::table(
        {{"template", one.name}, {"file", one.file}, {"what", one.what}, {"command", command_with(one, one.file)}}));
  }
  emit_json(common, base::Value::table({{"templates", std::move(list)}}));
  if (common.json != "-") show("{}write one with phaselaw init TEMPLATE\n", text_table(rows));
}

[[noreturn]] void refuse_to_replace(const std::string& path) {
  throw base::InputError({"--out"}, fmt::format("'{}' exists, and init replaces no file; name another file", path));
}

void write_template(const Common& common, const InitFlags& flags) {
  std::vector<std::string> known;
  const sweep::Template* chosen = nullptr;
  const auto templates = sweep::all_templates();
  for (const auto& one : templates) {
    known.push_back(one.name);
    if (one.name == flags.name) chosen = &one;
  }
  if (chosen == nullptr) throw base::InputError(base::unknown_name("template", flags.name, known));
  if (flags.out == "-") {
    if (common.json == "-")
      throw base::InputError({"--json"}, "writes to stdout, as --out - does; give one of them the name of a file");
    show_as_it_is(chosen->text);
  }
  const std::string path = flags.out.empty() ? chosen->file : flags.out;
  const std::string command = command_with(*chosen, path == "-" ? chosen->file : path);
  if (path != "-") {
    std::error_code unknown;
    if (std::filesystem::exists(std::filesystem::symlink_status(path, unknown))) refuse_to_replace(path);
    base::require_writable_file(path, "--out");
    base::PieceFile file(path);
    file.append(chosen->text);
    if (!file.commit_new()) refuse_to_replace(path);
  }
  emit_json(common, base::Value::table({{"template", chosen->name}, {"file", path}, {"command", command}}));
  if (common.json != "-" && path != "-") show("{}: edit it, then run\n  {}\n", path, command);
}

void run_init(const Common& common, const InitFlags& flags) {
  require_outputs(common);
  if (!flags.name.empty()) return write_template(common, flags);
  if (!flags.out.empty())
    throw base::InputError({"--out"}, "needs the name of a template; list them with phaselaw init");
  list_templates(common);
}

}  // namespace

void add_init(Program& program) {
  auto flags = std::make_shared<InitFlags>();
  add_verb(program, "init", "write a file to start from, which runs as it is; without a name, list the templates",
           "phaselaw init train --out my_experiment.toml", [&program, flags] { run_init(program.common, *flags); })
      .optional_positional("template", flags->name, "template to write, such as train, sweep or fit")
      .option("--out", flags->out, "file to write, which must not exist; - writes to stdout (default: as listed)");
}

}  // namespace phaselaw::cli
