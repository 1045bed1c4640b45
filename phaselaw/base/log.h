// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// Talk for people, on stderr, through spdlog. Results go to stdout and never pass here.
namespace phaselaw::base {

void set_quiet(bool quiet);  // only warnings and errors from now on
[[nodiscard]] bool quiet();

void log_info(const std::string& message);
void log_warning(const std::string& message);  // end it in the next step
void log_error(const std::string& message);

}  // namespace phaselaw::base
