// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// The program gnuplot: a script goes in, what it draws comes out. No shell and no temporary file; the user's own
// gnuplot settings are not read. RunError when it is not in PATH (names the package) or fails (quotes its message).
namespace phaselaw::report {

[[nodiscard]] std::string run_gnuplot(const std::string& script);

// `text` as a gnuplot string: in single quotes, where nothing is expanded or executed; line breaks become spaces.
[[nodiscard]] std::string gnuplot_quoted(const std::string& text);

}  // namespace phaselaw::report
