// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/non_negative.h"

#include <algorithm>
#include <cmath>

namespace phaselaw::fitting {

namespace {
constexpr double kTolerance = 1e-12;  // tolerance of a gradient, with unit columns
constexpr double kRidge = 1e-14;      // regularisation that keeps collinear columns solvable
}  // namespace

void NonNegativeProblem::add_row(std::span<const double> x, double y) {
  for (std::size_t a = 0; a < m_; ++a) {
    right_[a] += x[a] * y;
    for (std::size_t b = 0; b <= a; ++b) gram_[a * kMaxNonNegative + b] += x[a] * x[b];
  }
}

// Cholesky on the passive columns; the others are 0.
void NonNegativeProblem::solve_passive(const std::array<bool, kMaxNonNegative>& passive, const Small& scale,
                                       Small& out) const {
  std::array<std::size_t, kMaxNonNegative> index{};
  std::size_t k = 0;
  for (std::size_t a = 0; a < m_; ++a)
    if (passive[a]) index[k++] = a;
  std::array<double, kMaxNonNegative * kMaxNonNegative> factor{};
  Small x{};
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = gram_[index[i] * kMaxNonNegative + index[j]] * scale[index[i]] * scale[index[j]];
      for (std::size_t l = 0; l < j; ++l) rest -= factor[i * kMaxNonNegative + l] * factor[j * kMaxNonNegative + l];
      factor[i * kMaxNonNegative + j] =
          i == j ? std::sqrt(std::max(rest, kRidge)) : rest / factor[j * kMaxNonNegative + j];
    }
    x[i] = right_[index[i]] * scale[index[i]];
    for (std::size_t l = 0; l < i; ++l) x[i] -= factor[i * kMaxNonNegative + l] * x[l];
    x[i] /= factor[i * kMaxNonNegative + i];
  }
  for (std::size_t i = k; i-- > 0;) {
    for (std::size_t l = i + 1; l < k; ++l) x[i] -= factor[l * kMaxNonNegative + i] * x[l];
    x[i] /= factor[i * kMaxNonNegative + i];
  }
  out.fill(0);
  for (std::size_t i = 0; i < k; ++i) out[index[i]] = x[i];
}

std::vector<double> NonNegativeProblem::solve() const {
  Small scale{}, solution{}, trial{};
  std::array<bool, kMaxNonNegative> passive{};
  for (std::size_t a = 0; a < m_; ++a) {
    scale[a] = square(a) > 0 && std::isfinite(square(a)) ? 1 / std::sqrt(square(a)) : 0;
    passive[a] = free_[a] && scale[a] > 0;
  }
  double size = 0;
  for (std::size_t a = 0; a < m_; ++a) size = std::max(size, std::abs(right_[a] * scale[a]));
  solve_passive(passive, scale, solution);
  for (std::size_t iteration = 0; iteration < 3 * m_; ++iteration) {
    std::size_t entering = m_;
    double steepest = kTolerance * size;
    for (std::size_t a = 0; a < m_; ++a) {
      if (passive[a] || scale[a] == 0) continue;
      double gradient = right_[a] * scale[a];
      for (std::size_t b = 0; b < m_; ++b)
        gradient -= gram_[std::max(a, b) * kMaxNonNegative + std::min(a, b)] * scale[a] * scale[b] * solution[b];
      if (gradient > steepest) {
        steepest = gradient;
        entering = a;
      }
    }
    if (entering == m_) break;
    passive[entering] = true;
    while (true) {
      solve_passive(passive, scale, trial);
      double share = 1;
      std::size_t leaving = m_;
      for (std::size_t a = 0; a < m_; ++a) {
        if (!passive[a] || free_[a] || trial[a] > 0) continue;
        const double here = solution[a] / std::max(solution[a] - trial[a], 1e-300);
        if (leaving == m_ || here < share) {
          share = std::min(here, 1.0);
          leaving = a;
        }
      }
      if (leaving == m_) break;
      for (std::size_t a = 0; a < m_; ++a) solution[a] += share * (trial[a] - solution[a]);
      solution[leaving] = 0;
      passive[leaving] = false;
    }
    solution = trial;
  }
  std::vector<double> out(m_);
  for (std::size_t a = 0; a < m_; ++a) out[a] = solution[a] * scale[a];
  return out;
}

}  // namespace phaselaw::fitting
