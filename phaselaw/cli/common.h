// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/base/value.h"
#include "phaselaw/cli/verb.h"
#include "phaselaw/report/files.h"
#include "phaselaw/report/format.h"

// What all verbs share: the common flags, and the functions that write results.
namespace phaselaw::cli {

struct Common {
  std::string json;  // file for the result as JSON; "-" is stdout
  bool quiet = false;
  bool verbose = false;  // every limit of the answer, for verbs with the block "what limits this ..."
  std::string command;   // the command line as typed
  report::PageFiles page_files;
};

// A verb adds its subcommand and its flags. If the user calls it, it stores the function to run in `action`.
struct Program {
  CLI::App& app;
  Common common;
  AllOptionValues values;
  std::function<void()> action;
  int exit_code = 0;  // of an action that ends well
};

// Adds the subcommand with --json and --quiet; `action` runs after all arguments are parsed.
Verb add_verb(Program& program, const std::string& name, const std::string& description, const std::string& example,
              std::function<void()> action);
// The same for a verb that has no result as JSON: without --json, which it would ignore.
Verb add_plain_verb(Program& program, const std::string& name, const std::string& description,
                    const std::string& example, std::function<void()> action);

// Writes the result to the file of --json (write to a temporary file, then rename) or to stdout. Does nothing without
// --json.
void emit_json(const Common& common, const base::Value& value);

// Prints to stdout. What is lost is found when the command ends (base::finish_standard_output), with one message.
void show_as_it_is(std::string_view text);
// Prints lines of text to stdout. What they quote from files cannot act on the terminal (base/visible_text.h).
void show_lines(const std::string& lines);
template <class... Args>
void show(fmt::format_string<Args...> format, Args&&... args) {
  show_lines(fmt::format(format, std::forward<Args>(args)...));
}

// Adds made_by to `json`, writes it to the file at `path`, and also to --json.
void write_json(const Common& common, const std::string& path, base::Value& json);

// Writes a result: `json` with made_by goes to --json and, if a directory is given, to DIR/<name>, with the page in
// DIR/report.html. The JSON is the same with and without a directory.
void write_answer(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                  const std::function<report::Page()>& page);
// The same for a verb that always has a directory.
void write_results(const Common& common, const std::string& directory, const std::string& name, base::Value json,
                   report::Page page);

// Throws InputError before any work starts if --json names a file that cannot be written.
void require_outputs(const Common& common);

// Returns base::made_by() with the command line.
[[nodiscard]] base::Value made_by(const Common& common);

using report::text_table;

// One function per verb, each in its own file.
void add_train(Program& program);
void add_sweep(Program& program);
void add_table(Program& program);
void add_fit(Program& program);
void add_diagnose(Program& program);
void add_watch(Program& program);
void add_forecast(Program& program);
void add_plan(Program& program);
void add_isoflop(Program& program);
void add_compare(Program& program);
void add_theory(Program& program);
void add_report(Program& program);
void add_export(Program& program);
void add_init(Program& program);
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
