// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/describe.h"

#include <algorithm>
#include <sstream>

#include <CLI/CLI.hpp>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/number.h"
#include "phaselaw/laws/catalogue.h"

namespace phaselaw::cli {

namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

FlagText describe(const CLI::App& verb, const CLI::Option& option, const AllOptionValues& values) {
  FlagText flag;
  flag.name = option.get_positional() ? option.get_name() : "--" + option.get_lnames().front();
  flag.default_value = option.get_default_str();
  flag.help = option.get_description();
  flag.required = option.get_required();
  if (option.get_items_expected_max() == 0) return flag;
  flag.is_list = option.get_items_expected_max() > 1;
  if (const auto found = values.find(&option); found != values.end()) flag.domain = found->second;
  const std::string type = option.get_type_name();
  flag.value = type.substr(0, type.find(':'));  // without the domain: "INT:INT in [0 - ...]"
  if (flag.value.find('|') != std::string::npos) flag.words = split(flag.value, '|');
  if (verb.get_name() == "fit" && flag.name == "--law") {
    flag.words = {"all"};
    for (const auto& law : laws::all_laws()) flag.words.push_back(law.name);
  }
  return flag;
}

VerbText describe(const CLI::App& verb, const AllOptionValues& values) {
  VerbText text{verb.get_name(), verb.get_description(), {}, {}, {}};
  for (const std::string& line : split(verb.get_footer(), '\n'))
    if (line.rfind("  ", 0) == 0) text.examples.push_back(line.substr(2));
  for (const CLI::Option* option : verb.get_options([](const CLI::Option* o) { return !o->get_group().empty(); }))
    (option->get_positional() ? text.positionals : text.flags).push_back(describe(verb, *option, values));
  return text;
}

}  // namespace

namespace {

// "INT", "NUMBER|auto" or "NAME=TEXT" as a word for programs; an empty type is that of a switch.
std::string type_name(const FlagText& flag) {
  if (flag.value.empty()) return "switch";
  const std::string first = flag.value.substr(0, flag.value.find('|'));
  if (first == "INT") return "integer";
  if (std::any_of(first.begin(), first.end(), [](char c) { return c >= 'a' && c <= 'z'; })) return "word";
  std::string name = first;
  for (char& c : name) c = base::lower(c);
  return name;
}

base::Value typed_default(const FlagText& flag, const std::string& type) {
  const std::string& text = flag.default_value;
  if (type == "switch") return false;
  if (text.empty()) return {};
  if (type == "size") return static_cast<std::int64_t>(base::parse_bytes(text).value_or(0));
  if (type == "integer" || type == "number")
    if (const auto number = base::parse_quantity(text))
      return type == "integer" ? base::Value(static_cast<std::int64_t>(*number)) : base::Value(*number);
  return text;
}

}  // namespace

base::Value options_value(const ProgramText& program) {
  base::Value::List options;
  for (const VerbText& verb : program.verbs) {
    const auto add = [&](const FlagText& flag, bool positional) {
      const std::string type = type_name(flag);
      std::string name = positional ? flag.name : flag.name.substr(2);
      std::replace(name.begin(), name.end(), '-', '_');
      base::Value words{base::Value::List{}};
      for (const std::string& word : flag.words)
        if (word != "NUMBER" && word != "INT") words.push_back(word);
      base::Value option = base::Value::table({{"verb", verb.name},
                                               {"name", name},
                                               {"flag", positional ? base::Value() : base::Value(flag.name)},
                                               {"type", type},
                                               {"words", words},
                                               {"list", flag.is_list},
                                               {"required", flag.required},
                                               {"default", typed_default(flag, type)}});
      const base::Value range = flag.domain.to_value();
      for (const auto& [key, value] : range.entries()) option[key] = value;
      option["help"] = flag.help;
      options.push_back(std::move(option));
    };
    for (const FlagText& word : verb.positionals) add(word, true);
    for (const FlagText& flag : verb.flags) add(flag, false);
  }
  return base::Value(std::move(options));
}

ProgramText describe(const Program& program) {
  ProgramText text{program.app.get_description(), {}};
  for (const CLI::App* verb : program.app.get_subcommands({})) text.verbs.push_back(describe(*verb, program.values));
  return text;
}

}  // namespace phaselaw::cli
