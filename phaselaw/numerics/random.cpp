// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/random.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"

namespace phaselaw::numerics {

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  const auto multiply = [](std::uint32_t a, std::uint32_t b) {
    const std::uint64_t product = static_cast<std::uint64_t>(a) * b;
    return std::pair{static_cast<std::uint32_t>(product >> 32), static_cast<std::uint32_t>(product)};
  };
  for (int round = 0; round < 10; ++round) {
    const auto [high0, low0] = multiply(0xD2511F53U, counter[0]);
    const auto [high1, low1] = multiply(0xCD9E8D57U, counter[2]);
    counter = {high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0};
    key[0] += 0x9E3779B9U;
    key[1] += 0xBB67AE85U;
  }
  return counter;
}

std::uint64_t hash_text(std::string_view text, std::uint64_t start) { return base::hash_bytes(text, start); }

namespace {

// splitmix64's finaliser: spreads nearby seeds over the whole key space.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index) : index_(index) {
  const std::uint64_t key = mix(mix(seed) ^ hash_text(purpose));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

std::uint64_t RandomStream::bits() {
  if (left_ == 0) {
    const auto words = philox({static_cast<std::uint32_t>(block_), static_cast<std::uint32_t>(block_ >> 32),
                               static_cast<std::uint32_t>(index_), static_cast<std::uint32_t>(index_ >> 32)},
                              key_);
    ++block_;
    for (std::size_t i = 0; i < 2; ++i) buffer_[i] = words[2 * i] | static_cast<std::uint64_t>(words[2 * i + 1]) << 32;
    left_ = 2;
  }
  return buffer_[static_cast<std::size_t>(2 - left_--)];
}

double RandomStream::uniform() { return (static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52; }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2.0 * std::log(uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  PHASELAW_CHECK(bound >= 1);
  const std::uint64_t limit = ~std::uint64_t{0} - (~std::uint64_t{0} % bound + 1) % bound;  // last value without bias
  std::uint64_t x;
  do x = bits();
  while (x > limit);
  return x % bound;
}

std::vector<std::int64_t> RandomStream::permutation(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[below(i)]);
  return order;
}

}  // namespace phaselaw::numerics
