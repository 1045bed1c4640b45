// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/memory.h"

#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"

namespace phaselaw::base {

std::string memory_text(double bytes) {
  const double unit = bytes >= 1e9 ? 1e9 : bytes >= 1e6 ? 1e6 : 1e3;
  const double shown = bytes / unit;
  const double step = shown >= 100 ? 10 : shown >= 10 ? 1 : 0.1;  // two digits, upwards: a limit of this size suffices
  return fmt::format("{:.{}f} {}", std::ceil(shown / step) * step, step < 1 ? 1 : 0,
                     unit == 1e9   ? "GB"
                     : unit == 1e6 ? "MB"
                                   : "kB");
}

void require_memory(double needed_bytes, double limit_bytes, std::string_view task, std::string_view instead) {
  if (limit_bytes <= 0 || needed_bytes <= limit_bytes) return;
  throw InputError(
      {"--memory-limit"},
      fmt::format("{} needs about {} of memory, more than the limit of {}; raise --memory-limit{}{}", task,
                  memory_text(needed_bytes), bytes_text(limit_bytes), instead.empty() ? "" : ", or ", instead));
}

}  // namespace phaselaw::base
