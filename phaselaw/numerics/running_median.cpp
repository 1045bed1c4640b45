// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/running_median.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>

namespace phaselaw::numerics {

namespace {

// How many values of each rank the window holds: a binary indexed tree (Fenwick 1994).
class RankCounts {
 public:
  explicit RankCounts(std::size_t ranks) : top_(std::bit_floor(std::max<std::size_t>(ranks, 1))), sums_(ranks + 1, 0) {}
  void add(std::size_t rank, std::int64_t count) {
    for (std::size_t i = rank + 1; i < sums_.size(); i += i & (~i + 1)) sums_[i] += count;
  }
  // The rank of the value with `before` values below it in order.
  [[nodiscard]] std::size_t at(std::int64_t before) const {
    std::size_t position = 0;
    for (std::size_t step = top_; step > 0; step >>= 1) {
      if (position + step >= sums_.size() || sums_[position + step] > before) continue;
      position += step;
      before -= sums_[position];
    }
    return position;
  }

 private:
  std::size_t top_;
  std::vector<std::int64_t> sums_;
};

// A window of a few values is sorted again at every place.
constexpr std::size_t kSmallHalf = 8;
std::vector<double> small_windows(std::span<const double> values, std::size_t half) {
  std::vector<double> out(values.size());
  std::array<double, 2 * kSmallHalf + 1> window{};
  const auto last = static_cast<std::ptrdiff_t>(values.size()) - 1, reach = static_cast<std::ptrdiff_t>(half);
  for (std::ptrdiff_t i = 0; i <= last; ++i) {
    std::size_t filled = 0;
    for (std::ptrdiff_t k = i - reach; k <= i + reach; ++k) {
      const double value = values[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(k, 0, last))];
      std::size_t place = filled++;
      for (; place > 0 && window[place - 1] > value; --place) window[place] = window[place - 1];
      window[place] = value;
    }
    out[static_cast<std::size_t>(i)] = window[half];
  }
  return out;
}

}  // namespace

std::vector<double> running_median(std::span<const double> values, std::size_t half) {
  const std::size_t n = values.size();
  if (n == 0) return {};
  if (half <= kSmallHalf) return small_windows(values, half);
  std::vector<std::uint32_t> order(n), rank(n);
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return values[a] != values[b] ? values[a] < values[b] : a < b; });
  for (std::size_t i = 0; i < n; ++i) rank[order[i]] = static_cast<std::uint32_t>(i);
  RankCounts window(n);
  const auto count_of = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  // Around the first value: half + 1 times itself, then the values after it.
  window.add(rank[0], count_of(half + 1));
  for (std::size_t i = 1; i <= std::min(half, n - 1); ++i) window.add(rank[i], 1);
  if (half > n - 1) window.add(rank[n - 1], count_of(half - (n - 1)));
  std::vector<double> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = values[order[window.at(count_of(half))]];
    window.add(rank[i > half ? i - half : 0], -1);
    window.add(rank[std::min(i + half + 1, n - 1)], 1);
  }
  return out;
}

}  // namespace phaselaw::numerics
