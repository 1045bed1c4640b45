// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/verb.h"

#include <CLI/CLI.hpp>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/cli/common.h"

namespace phaselaw::cli {

void Verb::field_flag(const std::string& flag, const base::FlagShape& shape, const base::Domain& domain,
                      std::string_view help, std::function<void(const std::vector<std::string>&)> set) {
  std::string text(help);
  if (!domain.unit.empty() && domain.unit != "bytes") text += fmt::format(" [{}]", domain.unit);
  if (shape.is_switch) {
    CLI::Option* option = app_.add_flag_function(
        flag, [set = std::move(set)](std::int64_t) { set({}); }, text);
    option->disable_flag_override();  // --flag=false would set it
    return;
  }
  CLI::Option* option = app_.add_option(
      flag,
      [set = std::move(set)](const CLI::results_t& texts) {
        set(texts);
        return true;
      },
      text);
  option->type_name(shape.type)->run_callback_for_default(false);
  if (shape.is_list)
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(true)->take_all();
  else if (shape.repeats)
    option->expected(1)->take_all();
  else
    option->expected(1);
  if (!shape.default_text.empty()) option->default_str(shape.default_text);
  values_[option] = domain;
}

namespace {

// An empty word, as an unset variable of a shell leaves one, names no file.
std::string refuse_empty(const std::string& word) {
  return base::trimmed(word).empty() ? fmt::format("expected a name; found '{}'", word) : "";
}

}  // namespace

Verb& Verb::moved(const char* flag, const char* successor) {
  app_.add_option(
          flag,
          [name = std::string(flag), next = std::string(successor)](const CLI::results_t&) -> bool {
            throw base::InputError({name}, fmt::format("this flag was removed; use {}", next));
          },
          "")
      ->expected(0, 1)
      ->group("");
  return *this;
}

Verb& Verb::positional(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help)->required()->check(refuse_empty);
  return *this;
}

Verb& Verb::positional(const char* name, std::vector<std::string>& values, const char* help) {
  app_.add_option(name, values, help)->required()->check(refuse_empty);
  return *this;
}

Verb& Verb::optional_positional(const char* name, std::string& value, const char* help) {
  app_.add_option(name, value, help)->check(refuse_empty);
  return *this;
}

Verb& Verb::optional_positional(const char* name, std::vector<std::string>& values, const char* help) {
  app_.add_option(name, values, help)->check(refuse_empty);
  return *this;
}

Verb& Verb::required(const char* flag, std::string& value, const char* help) {
  option(flag, value, help);
  app_.get_options({}).back()->required();
  return *this;
}

Verb& Verb::flag(const char* flag, bool& value, const char* help) {
  app_.add_flag(flag, value, help)->disable_flag_override();
  return *this;
}

Verb& Verb::page_files(bool& figures, bool& pdf) {
  return flag("--figures", figures, "write each figure of the page also as SVG, PDF and CSV")
      .flag("--pdf", pdf, "print the page also to PDF (needs Chromium)");
}

Verb& Verb::verbose(bool& value) {
  return flag("--verbose", value, "print everything that limits the answer, not only the most important");
}

Verb& Verb::words(const char* separated_by_bars) {
  app_.get_options({}).back()->type_name(separated_by_bars);
  return *this;
}

namespace {

Verb subcommand(Program& program, const std::string& name, const std::string& description, const std::string& example,
                std::function<void()> action) {
  CLI::App* app = program.app.add_subcommand(name, description);
  app->footer("Example:\n  " + example);
  app->callback([&program, todo = std::move(action)] { program.action = todo; });
  return {*app, program.values};
}

constexpr const char* kQuiet = "print only warnings and errors to stderr";

}  // namespace

Verb add_verb(Program& program, const std::string& name, const std::string& description, const std::string& example,
              std::function<void()> action) {
  return subcommand(program, name, description, example, std::move(action))
      .option("--json", program.common.json, "file for the result as JSON; - writes it to stdout")
      .flag("--quiet", program.common.quiet, kQuiet);
}

Verb add_plain_verb(Program& program, const std::string& name, const std::string& description,
                    const std::string& example, std::function<void()> action) {
  return subcommand(program, name, description, example, std::move(action))
      .flag("--quiet", program.common.quiet, kQuiet);
}

}  // namespace phaselaw::cli
