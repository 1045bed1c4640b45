// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/memory.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"

namespace phaselaw::base {

namespace {

void lower_to(int resource, double& bytes) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
}

}  // namespace

double machine_memory() {
  double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  lower_to(RLIMIT_AS, bytes);
  lower_to(RLIMIT_DATA, bytes);
  // Control groups of version 2, and of version 1; "max" and an absurdly large number stand for no limit.
  for (const char* file : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream in(file);
    std::string text;
    if (in >> text)
      if (const auto limit = parse_quantity(text); limit && *limit > 0) bytes = std::min(bytes, *limit);
  }
  return bytes;
}

std::string memory_text(double bytes) {
  const double unit = bytes >= 1e9 ? 1e9 : bytes >= 1e6 ? 1e6 : 1e3;
  const double shown = bytes / unit;
  const double step = shown >= 100 ? 10 : shown >= 10 ? 1 : 0.1;  // two digits, upwards: a limit of this size suffices
  return fmt::format("{:.{}f} {}", std::ceil(shown / step) * step, step < 1 ? 1 : 0,
                     unit == 1e9   ? "GB"
                     : unit == 1e6 ? "MB"
                                   : "kB");
}

double memory_limit_bytes(const std::string& text) {
  const auto limit = parse_bytes(text);
  if (!limit || !(*limit >= 1) || !(*limit <= 0x1p53))
    throw InputError({"--memory-limit"}, fmt::format("expected a size such as 500M or 8G, found '{}'", text));
  return *limit;
}

void require_memory(double needed_bytes, double limit_bytes, std::string_view task, std::string_view instead) {
  if (const double machine = machine_memory(); needed_bytes > machine)
    throw InputError(
        {"--memory-limit"},
        fmt::format("{} needs about {} of memory, more than the {} that this process may use{}{}", task,
                    memory_text(needed_bytes), memory_text(machine), instead.empty() ? "" : "; ", instead));
  if (limit_bytes <= 0 || needed_bytes <= limit_bytes) return;
  throw InputError(
      {"--memory-limit"},
      fmt::format("{} needs about {} of memory, more than the limit of {}; raise --memory-limit{}{}", task,
                  memory_text(needed_bytes), bytes_text(limit_bytes), instead.empty() ? "" : ", or ", instead));
}

}  // namespace phaselaw::base
