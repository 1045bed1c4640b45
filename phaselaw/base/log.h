// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

// Messages for people, on stderr, through spdlog. Results go to stdout and not through the log.
namespace phaselaw::base {

void set_quiet(bool quiet);  // only warnings and errors from now on
[[nodiscard]] bool quiet();

// A listener receives all messages, whatever set_quiet says, and nothing goes to stderr; for programs with their own
// way of showing messages. It may be called from any thread. Empty: stderr again.
enum class LogLevel { info, warning, error };
using LogListener = std::function<void(LogLevel level, const std::string& message)>;
void set_log_listener(LogListener listener);

void log_info(const std::string& message);
void log_warning(const std::string& message);  // end the message with the next step
void log_error(const std::string& message);

}  // namespace phaselaw::base
