// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// Pearson's test of counts against probabilities.
namespace phaselaw::testing {

// Adds cells of one multinomial: count v against n p[v]. Cells with fewer than 10 expected are joined to one.
class ChiSquared {
 public:
  void add(std::span<const double> counts, std::span<const double> p) {
    double n = 0, rare_count = 0, rare = 0;
    for (const double count : counts) n += count;
    int cells = 0;
    const auto cell = [&](double count, double expected) {
      statistic_ += (count - expected) * (count - expected) / expected;
      ++cells;
    };
    for (std::size_t v = 0; v < p.size(); ++v) {
      if (n * p[v] >= 10) {
        cell(counts[v], n * p[v]);
      } else {
        rare_count += counts[v];
        rare += n * p[v];
      }
    }
    if (rare >= 10) cell(rare_count, rare);
    if (cells > 1) freedom_ += cells - 1;
  }
  [[nodiscard]] int freedom() const { return freedom_; }
  // Normal score of the statistic [T: Wilson and Hilferty 1931]. A correct sampler exceeds 5 with probability 3e-7.
  [[nodiscard]] double score() const {
    const double d = freedom_, width = 2 / (9 * d);
    return (std::cbrt(statistic_ / d) - (1 - width)) / std::sqrt(width);
  }

 private:
  double statistic_ = 0;
  int freedom_ = 0;
};

}  // namespace phaselaw::testing
