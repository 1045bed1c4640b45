// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/machine_memory.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include "phaselaw/base/format.h"
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
  constexpr double kMebi = 1 << 20, kGibi = 1 << 30;
  if (bytes >= kGibi) return format_number(bytes / kGibi, 3) + " GiB";
  return format_number(std::max(1.0, std::ceil(bytes / kMebi)), 3) + " MiB";
}

}  // namespace phaselaw::base
