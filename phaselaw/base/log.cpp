// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

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

}  // namespace

void set_quiet(bool quiet_now) { logger().set_level(quiet_now ? spdlog::level::warn : spdlog::level::info); }
bool quiet() { return logger().level() > spdlog::level::info; }
void log_info(const std::string& message) { logger().info(message); }
void log_warning(const std::string& message) { logger().warn("warning: {}", message); }
void log_error(const std::string& message) { logger().error("error: {}", message); }

}  // namespace phaselaw::base
