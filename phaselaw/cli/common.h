// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "phaselaw/base/value.h"
#include "phaselaw/cli/verb.h"
#include "phaselaw/report/files.h"
#include "phaselaw/report/format.h"

// What every verb has: the common flags, and where results go.
namespace phaselaw::cli {

struct Common {
  std::string json;  // file for the result as JSON; "-": stdout
  bool quiet = false;
  std::string command;  // as typed
  report::PageFiles page_files;
};

// A verb adds its subcommand with its flags, and puts what is to be done into `action` when it is the one called.
struct Program {
  CLI::App& app;
  Common common;
  std::function<void()> action;
};

// The subcommand with --json and --quiet; `action` runs after everything is parsed.
Verb add_verb(Program& program, const std::string& name, const std::string& description, const std::string& example,
              std::function<void()> action);

// Writes the result to --json, if given: a file (write-then-rename) or stdout.
void emit_json(const Common& common, const base::Value& value);

// `json` with made_by as the file at `path`, and to --json.
void write_json(const Common& common, const std::string& path, base::Value& json);

// A result: `json` with made_by to --json, and where a directory is given as DIR/<name> with the page as
// DIR/report.html. Writing changes nothing of the result: the JSON is the same with and without a directory.
void write_answer(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                  const std::function<report::Page()>& page);
// The same with a directory always.
void write_results(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                   report::Page page);

// Fails early when --json names a file that cannot be written.
void require_outputs(const Common& common);

// base::made_by() and the command line.
[[nodiscard]] base::Value made_by(const Common& common);

using report::text_table;

// One for each verb, each in a file of its own.
void add_train(Program& program);
void add_sweep(Program& program);
void add_fit(Program& program);
void add_diagnose(Program& program);
void add_plan(Program& program);
void add_isoflop(Program& program);
void add_theory(Program& program);
void add_report(Program& program);
void add_export(Program& program);
void add_keys(Program& program);
void add_man(Program& program);
void add_completion(Program& program);
void add_cite(Program& program);
void add_check(Program& program);
void add_weights(Program& program);
void add_merge(Program& program);
void add_kernel(Program& program);
void add_flow(Program& program);
void add_predict(Program& program);
void add_reproduce(Program& program);

}  // namespace phaselaw::cli
