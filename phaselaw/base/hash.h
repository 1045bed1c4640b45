// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

// FNV-1a, 64 bit [T]: identifies things and detects accidental damage; it does not protect against intent. To hash a
// text in pieces, start each piece from the hash of the previous one.
namespace phaselaw::base {

inline constexpr std::uint64_t kHashStart = 0xcbf29ce484222325ULL;

[[nodiscard]] constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t start = kHashStart) {
  std::uint64_t hash = start;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

}  // namespace phaselaw::base
