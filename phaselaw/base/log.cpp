// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/log.h"

#include <mutex>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = spdlog::stderr_color_mt("phaselaw");
    made->set_pattern("phaselaw: %^%v%$");
    return made;
  }();
  return *instance;
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

void set_quiet(bool quiet_now) { logger().set_level(quiet_now ? spdlog::level::warn : spdlog::level::info); }
bool quiet() { return logger().level() > spdlog::level::info; }
void log_info(const std::string& message) {
  if (!heard(LogLevel::info, message)) logger().info("{}", one_line(message));
}
void log_warning(const std::string& message) {
  if (!heard(LogLevel::warning, message)) logger().warn("warning: {}", one_line(message));
}
void log_error(const std::string& message) {
  if (!heard(LogLevel::error, message)) logger().error("error: {}", one_line(message));
}

}  // namespace phaselaw::base
