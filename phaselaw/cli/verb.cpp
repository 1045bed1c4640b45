// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/verb.h"

#include <limits>

#include <CLI/CLI.hpp>

#include "phaselaw/cli/common.h"

namespace phaselaw::cli {

Verb& Verb::positional(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help)->required();
  return *this;
}

Verb& Verb::positional(const char* name, std::vector<std::string>& values, const char* help) {
  app_.add_option(name, values, help)->required();
  return *this;
}

Verb& Verb::optional_positional(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help);
  return *this;
}

Verb& Verb::required(const char* flag, std::string& value, const char* help) {
  app_.add_option(flag, value, help)->required();
  return *this;
}

Verb& Verb::option(const char* flag, std::string& value, const char* help) {
  auto* option = app_.add_option(flag, value, help);
  if (!value.empty()) option->capture_default_str();
  return *this;
}

Verb& Verb::option(const char* flag, double& value, const char* help) {
  app_.add_option(flag, value, help)->capture_default_str();
  return *this;
}

Verb& Verb::option(const char* flag, int& value, const char* help, int least) {
  auto* option = app_.add_option(flag, value, help)->check(CLI::Range(least, std::numeric_limits<int>::max()));
  if (value >= least) option->capture_default_str();
  return *this;
}

Verb& Verb::option(const char* flag, std::optional<double>& value, const char* help) {
  app_.add_option(flag, value, help);
  return *this;
}

Verb& Verb::option(const char* flag, std::optional<std::int64_t>& value, const char* help, std::int64_t least) {
  app_.add_option(flag, value, help)->check(CLI::Range(least, std::numeric_limits<std::int64_t>::max()));
  return *this;
}

Verb& Verb::option(const char* flag, std::vector<std::string>& values, const char* help) {
  app_.add_option(flag, values, help);
  return *this;
}

Verb& Verb::flag(const char* flag, bool& value, const char* help) {
  app_.add_flag(flag, value, help);
  return *this;
}

Verb& Verb::page_files(bool& figures, bool& pdf) {
  return flag("--figures", figures, "also write each figure of the page as SVG, PDF and CSV")
      .flag("--pdf", pdf, "also print the page to PDF (needs Chromium)");
}

Verb& Verb::words(const char* separated_by_bars) {
  app_.get_options({}).back()->type_name(separated_by_bars);
  return *this;
}

Verb add_verb(Program& program, const std::string& name, const std::string& description, const std::string& example,
              std::function<void()> action) {
  CLI::App* app = program.app.add_subcommand(name, description);
  app->footer("Example:\n  " + example);
  app->callback([&program, todo = std::move(action)] { program.action = todo; });
  auto& common = program.common;
  return Verb(*app)
      .option("--json", common.json, "write the result as JSON to this file; - for stdout")
      .option("--seed", common.seed, "seed of every random draw; default: the file's, else 0", 0)
      .option("--threads", common.threads, "workers; default: one a core", 1)
      .flag("--quiet", common.quiet, "only warnings and errors on stderr");
}

}  // namespace phaselaw::cli
