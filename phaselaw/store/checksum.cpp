// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/checksum.h"

#include <bit>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "phaselaw/base/hash.h"

namespace phaselaw::store {

namespace {

std::uint64_t bits_of(std::int64_t x) { return static_cast<std::uint64_t>(x); }
std::uint64_t bits_of(double x) {
  return std::bit_cast<std::uint64_t>(std::isnan(x) ? base::kNaN : (x == 0 ? 0.0 : x));
}

}  // namespace

std::string checksum(const RunRecord& run) {
  std::uint64_t hash = base::kHashStart;
  const auto add_bits = [&](std::uint64_t bits) {
    char bytes[sizeof bits];
    for (char& byte : bytes) {
      byte = static_cast<char>(bits & 0xff);
      bits >>= 8;
    }
    hash = base::hash_bytes({bytes, sizeof bytes}, hash);
  };
  const auto add_text = [&](std::string_view text) {
    add_bits(text.size());
    hash = base::hash_bytes(text, hash);
  };
  add_bits(static_cast<std::uint64_t>(run.index));
  for (const std::string& text : {run.key, run.configuration, base::enum_to_text(run.status), run.summary})
    add_text(text);
  add_bits(run.measurements.size());
  for (const Measurement& m : run.measurements)
    Measurement::fields(m, [&](auto, const auto& x, auto&&...) { add_bits(bits_of(x)); });
  return fmt::format("{:016x}", hash);
}

}  // namespace phaselaw::store
