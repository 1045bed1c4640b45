// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/log.h"

#include <memory>
#include <mutex>
#include <utility>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("phaselaw", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("phaselaw: %^%v%$");
    // spdlog catches exceptions, and would otherwise drop the message when memory runs out.
    made->set_error_handler([](const std::string&) { throw; });
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
