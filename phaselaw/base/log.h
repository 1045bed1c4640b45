// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

// Talk for people, on stderr, through spdlog. Results go to stdout and never pass here.
namespace phaselaw::base {

void set_quiet(bool quiet);  // only warnings and errors from now on
[[nodiscard]] bool quiet();

// While there is a listener everything goes to it, whatever set_quiet says, and nothing to stderr: for programs that
// have their own way of telling people. It is called from any thread. Empty: stderr again.
enum class LogLevel { info, warning, error };
using LogListener = std::function<void(LogLevel level, const std::string& message)>;
void set_log_listener(LogListener listener);

void log_info(const std::string& message);
void log_warning(const std::string& message);  // end it in the next step
void log_error(const std::string& message);

}  // namespace phaselaw::base
