// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace phaselaw::base {

// A number as in our CSV files: the shortest text that reads back to the same bits; NaN is empty.
[[nodiscard]] inline std::string csv_number(double x) { return std::isnan(x) ? std::string() : fmt::format("{}", x); }
[[nodiscard]] inline std::string csv_number(std::int64_t x) { return fmt::to_string(x); }

// Text as a quoted CSV field.
[[nodiscard]] inline std::string csv_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace phaselaw::base
