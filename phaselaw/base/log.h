// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

// Messages for people, on stderr. Results go to stdout and not through the log.
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

// The parts, one after the other, as an error message on stderr, without allocating memory and past the listener: the
// last resort where log_error() may fail, too.
void log_error_without_memory(std::initializer_list<std::string_view> parts) noexcept;

}  // namespace phaselaw::base
