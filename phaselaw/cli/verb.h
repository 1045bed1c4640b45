// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/fields_text.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

// One subcommand and its flags: a thin wrapper around the command-line library, because its header is slow to
// compile.
// The defaults shown by --help are the values of the variables when they are bound.
//
// The flags of an option struct are its fields(): n_layers becomes --n-layers, with type, default, constraint, unit
// and help from the struct. Only what no struct describes, such as file names, is bound by hand.
namespace phaselaw::cli {

// Flags as typed: field and words.
struct GivenFlags {
  std::vector<std::pair<std::string, std::vector<std::string>>> flags;
  template <class S>
  void over(S& options) const {
    for (const auto& [name, texts] : flags) base::set_field(options, name, texts);
  }
};

// The range of each option that has one, which the parser does not know.
using AllOptionValues = std::map<const CLI::Option*, base::Domain>;

class Verb {
 public:
  Verb(CLI::App& app, AllOptionValues& values) : app_(app), values_(values) {}

  // Adds one flag for each field. `options` must outlive the parser.
  template <class S>
  Verb& fields(S& options) {
    S::fields(options, [this](std::string_view name, auto& field, const base::Domain& domain, std::string_view help) {
      const std::string flag = base::flag_of(name);
      field_flag(flag, base::describe_flag(field, domain), domain, help,
                 [&field, domain, flag](const std::vector<std::string>& texts) {
                   base::set_from_texts(texts, field, domain, flag);
                 });
    });
    return *this;
  }
  // The same, but the values are kept as typed and applied later, over options that a file gives. --help shows the
  // values of `defaults`.
  template <class S>
  Verb& fields(const S& defaults, GivenFlags& given) {
    S::fields(defaults,
              [&](std::string_view name, const auto& field, const base::Domain& domain, std::string_view help) {
                field_flag(base::flag_of(name), base::describe_flag(field, domain), domain, help,
                           [&given, name = std::string(name)](const std::vector<std::string>& texts) {
                             given.flags.emplace_back(name, texts);
                           });
              });
    return *this;
  }
  // A removed flag: using it is an error that names its successor.
  Verb& moved(const char* flag, const char* successor);

  Verb& positional(const char* name, std::string& value, const char* help);                // required, in order
  Verb& positional(const char* name, std::vector<std::string>& values, const char* help);  // one or more
  Verb& optional_positional(const char* name, std::string& value, const char* help);
  Verb& optional_positional(const char* name, std::vector<std::string>& values, const char* help);  // any number
  // A flag that no struct describes: of any type of a field, with the same checks.
  template <class T>
  Verb& option(const char* flag, T& value, const char* help, const base::Domain& domain = {}) {
    field_flag(flag, base::describe_flag(value, domain), domain, help,
               [&value, domain, name = std::string(flag)](const std::vector<std::string>& texts) {
                 base::set_from_texts(texts, value, domain, name);
               });
    return *this;
  }
  Verb& required(const char* flag, std::string& value, const char* help);
  Verb& flag(const char* flag, bool& value, const char* help);
  Verb& page_files(bool& figures, bool& pdf);  // --figures and --pdf, for verbs that write a page
  Verb& verbose(bool& value);  // --verbose, for verbs with a text that shows only what limits the answer most
  // The values of the option added last, "huber|l1|l2", for --help and for shell completion.
  Verb& words(const char* separated_by_bars);

 private:
  void field_flag(const std::string& flag, const base::FlagShape& shape, const base::Domain& domain,
                  std::string_view help, std::function<void(const std::vector<std::string>&)> set);
  CLI::App& app_;
  AllOptionValues& values_;
};

}  // namespace phaselaw::cli
