// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// One subcommand and its flags: a narrow seam to the command-line library, whose header is slow to compile.
// Defaults are what the variables hold when they are bound; they are shown in --help.
namespace phaselaw::cli {

class Verb {
 public:
  explicit Verb(CLI::App& app) : app_(app) {}

  Verb& positional(const char* name, std::string& value, const char* help);                // required, in order
  Verb& positional(const char* name, std::vector<std::string>& values, const char* help);  // one or more
  Verb& optional_positional(const char* name, std::string& value, const char* help);
  Verb& required(const char* flag, std::string& value, const char* help);
  Verb& option(const char* flag, std::string& value, const char* help);
  Verb& option(const char* flag, double& value, const char* help);
  Verb& option(const char* flag, int& value, const char* help, int least);
  Verb& option(const char* flag, std::optional<double>& value, const char* help);
  Verb& option(const char* flag, std::optional<std::int64_t>& value, const char* help, std::int64_t least);
  Verb& option(const char* flag, std::vector<std::string>& values, const char* help);  // may be repeated
  Verb& flag(const char* flag, bool& value, const char* help);
  Verb& page_files(bool& figures, bool& pdf);  // --figures and --pdf, of a verb that writes a page
  // The words that the option added last knows, "huber|l1|l2": shown in --help, and offered by the shell's completion.
  Verb& words(const char* separated_by_bars);

 private:
  CLI::App& app_;
};

}  // namespace phaselaw::cli
