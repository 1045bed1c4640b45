// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/cli/common.h"

// The program as plain data, read from the parser that --help prints: for manual pages and the shells' completion.
namespace phaselaw::cli {

struct FlagText {
  std::string name;                // "--law"; of a positional: "table"
  std::string value;               // what follows it: "TEXT", "FLOAT", "huber|l1|l2"; empty for a switch
  std::string default_value;       // empty: none
  std::string help;                // one line
  std::vector<std::string> words;  // what a shell offers as its value; empty: files
  bool required = false;
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

// A manual page in roff (man 7): of the program when `verb` is null, else of that verb.
[[nodiscard]] std::string manual_page(const ProgramText& program, const VerbText* verb);

// A script that completes verbs, flags, known values and files; shell: bash, zsh or fish. InputError for another.
[[nodiscard]] std::string completion_script(const ProgramText& program, const std::string& shell);

}  // namespace phaselaw::cli
