// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/cli/common.h"

// The program as plain data, read from the parser that prints --help. Manual pages and shell completion are made from
// it.
namespace phaselaw::cli {

struct FlagText {
  std::string name;                // "--law"; for a positional: "table"
  std::string value;               // type of the value: "TEXT", "FLOAT", "huber|l1|l2"; empty for a switch
  std::string default_value;       // empty: no default
  std::string help;                // one line
  std::vector<std::string> words;  // values that a shell offers; empty: file names
  bool required = false;
  bool is_list = false;  // takes several values
  base::Domain domain;   // of its numbers
};

struct VerbText {
  std::string name, help;
  std::vector<std::string> examples;         // command lines
  std::vector<FlagText> positionals, flags;  // in the order of --help
};

struct ProgramText {
  std::string help;
  std::vector<VerbText> verbs;
};

[[nodiscard]] ProgramText describe(const Program& program);

// Returns a manual page in roff (man 7): that of the program if `verb` is null, otherwise that of the verb.
[[nodiscard]] std::string manual_page(const ProgramText& program, const VerbText* verb);

// Every option of every verb: verb, name, flag, type, words, list, required, default, range and help, one table each.
// Values of flags are given in the types of JSON; a size is a number of bytes.
[[nodiscard]] base::Value options_value(const ProgramText& program);

// Returns a script that completes verbs, flags, known values and files. `shell` is bash, zsh or fish; any other name
// is an InputError.
[[nodiscard]] std::string completion_script(const ProgramText& program, const std::string& shell);

}  // namespace phaselaw::cli
