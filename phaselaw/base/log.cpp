// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/log.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

std::atomic<bool> only_problems{false};

bool terminal_with_colours() {
  const char* const kind = std::getenv("TERM");
  const char* const refused = std::getenv("NO_COLOR");  // https://no-color.org
  return ::isatty(STDERR_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb" &&
         (refused == nullptr || *refused == '\0');
}

std::string_view colour(LogLevel level) {
  switch (level) {
    case LogLevel::info:
      return "\033[32m";
    case LogLevel::warning:
      return "\033[33m\033[1m";
    case LogLevel::error:
      return "\033[31m\033[1m";
  }
  return "";
}

// One write, so that messages of several threads and processes do not mix within a line.
void show(LogLevel level, const std::string& message) {
  if (level == LogLevel::info && only_problems) return;
  static const bool colours = terminal_with_colours();
  std::string line = "phaselaw: ";
  if (colours) line += colour(level);
  if (level == LogLevel::warning) line += "warning: ";
  if (level == LogLevel::error) line += "error: ";
  line += one_line(message);
  if (colours) line += "\033[m";
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

struct Listening {
  std::mutex mutex;
  LogListener listener;
};

Listening& listening() {
  static Listening instance;
  return instance;
}

// Passes the message to the listener, if there is one.
bool heard(LogLevel level, const std::string& message) {
  const std::lock_guard lock(listening().mutex);
  if (!listening().listener) return false;
  listening().listener(level, one_line(message));
  return true;
}

}  // namespace

void set_log_listener(LogListener listener) {
  const std::lock_guard lock(listening().mutex);
  listening().listener = std::move(listener);
}

void set_quiet(bool quiet_now) { only_problems = quiet_now; }
bool quiet() { return only_problems; }
void log_info(const std::string& message) {
  if (!heard(LogLevel::info, message)) show(LogLevel::info, message);
}
void log_warning(const std::string& message) {
  if (!heard(LogLevel::warning, message)) show(LogLevel::warning, message);
}
void log_error(const std::string& message) {
  if (!heard(LogLevel::error, message)) show(LogLevel::error, message);
}

void log_error_without_memory(std::initializer_list<std::string_view> parts) noexcept {
  const auto write_all = [](std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  };
  write_all("phaselaw: error: ");
  for (const std::string_view part : parts) write_all(part);
  write_all("\n");
}

}  // namespace phaselaw::base
