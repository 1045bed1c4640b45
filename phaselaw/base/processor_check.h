// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// A program that was compiled for the processor of the building machine (-DPHASELAW_NATIVE=ON) ends on an older one at an
// illegal instruction and without a message. This is what its start checks instead. Everything here is inline and plain,
// because it must be compiled for the baseline and run before the rest of the program.
namespace phaselaw::base {

// Of instruction sets by the names of /proc/cpuinfo, separated by spaces, those that are not among `flags`, the words of
// its line "flags"; separated by ", ".
[[nodiscard]] inline std::string missing_instructions(std::string_view needed, std::string_view flags) {
  const auto has = [flags](std::string_view name) {
    for (std::size_t at = flags.find(name); at != std::string_view::npos; at = flags.find(name, at + 1)) {
      const std::size_t end = at + name.size();
      if ((at == 0 || flags[at - 1] == ' ' || flags[at - 1] == '\t') && (end == flags.size() || flags[end] == ' '))
        return true;
    }
    return false;
  };
  std::string missing;
  while (!needed.empty()) {
    const std::size_t end = needed.find(' ');
    const std::string_view name = needed.substr(0, end);
    needed = end == std::string_view::npos ? std::string_view() : needed.substr(end + 1);
    if (!name.empty() && !has(name)) missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  return missing;
}

}  // namespace phaselaw::base
