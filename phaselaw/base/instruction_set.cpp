// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/instruction_set.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

constexpr std::array<std::string_view, 3> kSetNames{"baseline", "avx2", "avx512"};

}  // namespace

InstructionSet supported_instruction_set() {
#if defined(__x86_64__)
  // These ask the system, too, whether it saves the wide registers. They name what the targets in the header name.
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  if (!avx2) return InstructionSet::baseline;
  return avx512 ? InstructionSet::avx512 : InstructionSet::avx2;
#else
  return InstructionSet::baseline;
#endif
}

std::string_view instruction_set_name(InstructionSet set) { return kSetNames[static_cast<std::size_t>(set)]; }

InstructionSet lowered_instruction_set(std::string_view wanted, InstructionSet supported) {
  if (wanted.empty()) return supported;
  const auto* const found = std::find(kSetNames.begin(), kSetNames.end(), wanted);
  if (found == kSetNames.end())
    throw InputError({"PHASELAW_ISA"},
                     fmt::format("expected baseline, avx2 or avx512, found '{}'; unset the variable to "
                                 "use all that this processor supports ({})",
                                 one_line(std::string(wanted)), instruction_set_name(supported)));
  return std::min(supported, static_cast<InstructionSet>(found - kSetNames.begin()));
}

InstructionSet instruction_set() {
  static const InstructionSet chosen = [] {
    const char* const wanted = std::getenv("PHASELAW_ISA");  // NOLINT(concurrency-mt-unsafe)
    return lowered_instruction_set(wanted == nullptr ? "" : wanted, supported_instruction_set());
  }();
  return chosen;
}

}  // namespace phaselaw::base
