// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

// Counter-based random streams: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
//
// A stream is named by (seed, purpose, index); its k-th number depends only on that name and k, so results do not
// depend on threads, ranks or the order of work. Streams with different names are independent. 2^64 blocks each.
namespace phaselaw::numerics {

// One Philox4x32-10 block, as published; the known-answer vectors of the paper are tested.
[[nodiscard]] std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                  std::array<std::uint32_t, 2> key);

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index = 0);

  [[nodiscard]] std::uint64_t bits();                      // 64 random bits
  [[nodiscard]] double uniform();                          // in (0, 1), 2^-52 apart, never 0 or 1
  [[nodiscard]] double normal();                           // N(0, 1) by Box-Muller; |x| < 8.6
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);  // uniform on 0 .. bound-1 without bias; bound >= 1
  [[nodiscard]] double sign() { return (bits() & 1U) != 0 ? 1.0 : -1.0; }

  // A uniformly random order of 0 .. n-1 (Fisher-Yates).
  [[nodiscard]] std::vector<std::int64_t> permutation(std::int64_t n);

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint64_t index_, block_ = 0;
  std::array<std::uint64_t, 2> buffer_{};
  int left_ = 0;
  double spare_normal_ = 0;
  bool has_spare_ = false;
};

// A 64-bit hash of a text: FNV-1a. Used for purposes and for data hashes.
[[nodiscard]] std::uint64_t hash_text(std::string_view text, std::uint64_t start = 0xcbf29ce484222325ULL);

}  // namespace phaselaw::numerics
