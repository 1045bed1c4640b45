// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// Files to start from, which run as they are (a test runs each). Keys, values, ranges and comments come from the option
// structs, so that a template cannot name a key that no longer exists.
namespace phaselaw::sweep {

struct Template {
  std::string name;     // "train"
  std::string file;     // "train.toml": the name under which it is written by default
  std::string what;     // one line
  std::string command;  // what to do with it, with "{}" for the file: "phaselaw train {} --out run"
  std::string text;
};

// In the order in which people meet them. Cost: microseconds.
[[nodiscard]] std::vector<Template> all_templates();

}  // namespace phaselaw::sweep
