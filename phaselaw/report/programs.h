// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// Other programs that reports need, each started without a shell and waited for.
namespace phaselaw::report {

// gnuplot: a script goes in, what it draws comes out. No temporary file; the user's own gnuplot settings are not read.
// RunError when it is not in PATH (names the package) or fails (quotes its message).
[[nodiscard]] std::string run_gnuplot(const std::string& script);

// `text` as a gnuplot string: in single quotes, where nothing is expanded or executed; line breaks become spaces.
[[nodiscard]] std::string gnuplot_quoted(const std::string& text);

// A program and its arguments, its output to /dev/null. Its exit status; -1: not in PATH.
[[nodiscard]] int run_quietly(std::vector<std::string> words);

}  // namespace phaselaw::report
