// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/describe.h"

#include <sstream>

#include <CLI/CLI.hpp>

#include "phaselaw/laws/catalogue.h"

namespace phaselaw::cli {

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

FlagText describe(const CLI::App& verb, const CLI::Option& option) {
  FlagText flag;
  flag.name = option.get_positional() ? option.get_name() : "--" + option.get_lnames().front();
  flag.default_value = option.get_default_str();
  flag.help = option.get_description();
  flag.required = option.get_required();
  if (option.get_items_expected_max() == 0) return flag;
  const std::string type = option.get_type_name();
  flag.value = type.substr(0, type.find(':'));  // without the domain: "INT:INT in [0 - ...]"
  if (flag.value.find('|') != std::string::npos) flag.words = split(flag.value, '|');
  if (verb.get_name() == "fit" && flag.name == "--law") {
    flag.words = {"all"};
    for (const auto& law : laws::all_laws()) flag.words.push_back(law.name);
  }
  return flag;
}

VerbText describe(const CLI::App& verb) {
  VerbText text{verb.get_name(), verb.get_description(), {}, {}, {}};
  for (const std::string& line : split(verb.get_footer(), '\n'))
    if (line.rfind("  ", 0) == 0) text.examples.push_back(line.substr(2));
  for (const CLI::Option* option : verb.get_options([](const CLI::Option* o) { return !o->get_group().empty(); }))
    (option->get_positional() ? text.positionals : text.flags).push_back(describe(verb, *option));
  return text;
}

}  // namespace

ProgramText describe(const Program& program) {
  ProgramText text{program.app.get_description(), {}};
  for (const CLI::App* verb : program.app.get_subcommands({})) text.verbs.push_back(describe(*verb));
  return text;
}

}  // namespace phaselaw::cli
