// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

// Small linear least squares with sign constraints: minimise sum_i (y_i - sum_a x_ia c_a)^2, c_a >= 0 unless a is free.
//
// Active-set method on the Gram matrix with unit diagonal [T: Lawson and Hanson 1974, chapter 23]. Accuracy: relative
// 1e-16 times the squared condition number of the unit columns, which suffices for starts but not for results. A column
// of zeros gets 0. Cost: O(rows m^2 + m^4), m <= kMaxNonNegative.
namespace phaselaw::fitting {

inline constexpr std::size_t kMaxNonNegative = 14;

class NonNegativeProblem {
 public:
  explicit NonNegativeProblem(std::size_t m) : m_(m) {}
  void add_row(std::span<const double> x, double y);
  void set_free(std::size_t a, bool free) { free_[a] = free; }
  [[nodiscard]] double square(std::size_t a) const { return gram_[a * kMaxNonNegative + a]; }  // sum_i x_ia^2
  [[nodiscard]] std::vector<double> solve() const;

 private:
  using Small = std::array<double, kMaxNonNegative>;
  void solve_passive(const std::array<bool, kMaxNonNegative>& passive, const Small& scale, Small& out) const;
  std::size_t m_;
  std::array<double, kMaxNonNegative * kMaxNonNegative> gram_{};
  Small right_{};
  std::array<bool, kMaxNonNegative> free_{};
};

}  // namespace phaselaw::fitting
