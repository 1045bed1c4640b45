// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/row_noise.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kLeastRowsForNoise = 120;
constexpr double kRoundingErrors = 1e-12;  // relative; less is no noise
constexpr double kCorrelated = 0.3;        // lag-1 correlation

// Subtracts the polynomial in x that fits best: projections on polynomials that are orthogonal over the points.
void subtract_polynomial(std::span<const double> x, std::vector<double>& y, int degree) {
  const std::size_t n = y.size();
  std::vector<double> before(n, 0), now(n, 1);
  double norm_before = 1;
  for (int k = 0; k <= degree; ++k) {
    double norm = 0, product = 0, centre = 0;
    for (std::size_t i = 0; i < n; ++i) {
      norm += now[i] * now[i];
      product += y[i] * now[i];
      centre += x[i] * now[i] * now[i];
    }
    if (!(norm > 1e-20 * static_cast<double>(n))) return;  // fewer different x than coefficients
    const double link = k > 0 ? norm / norm_before : 0;
    for (std::size_t i = 0; i < n; ++i) {
      y[i] -= product / norm * now[i];
      const double next = (x[i] - centre / norm) * now[i] - link * before[i];
      before[i] = now[i];
      now[i] = next;
    }
    norm_before = norm;
  }
}

struct PieceNoise {
  double deviation = 0, time = 1, lag_one = 0;
};

PieceNoise noise_of_residuals(const std::vector<double>& r) {
  PieceNoise out;
  const std::size_t n = r.size();
  double squares = 0;
  for (const double v : r) squares += v * v;
  out.deviation = std::sqrt(squares / static_cast<double>(n));
  if (n < 20 || !(squares > 0)) return out;
  const double least = 2 / std::sqrt(static_cast<double>(n));
  for (std::size_t lag = 1; lag <= std::min<std::size_t>(n / 4, 400); ++lag) {
    double product = 0;
    for (std::size_t i = 0; i + lag < n; ++i) product += r[i] * r[i + lag];
    const double rho = product / squares;
    if (lag == 1) out.lag_one = rho;
    if (rho < least) break;
    out.time += 2 * rho;
  }
  return out;
}

PieceNoise noise_in_pieces(std::span<const double> step, std::span<const double> loss, std::size_t pieces, int degree) {
  std::vector<double> deviations, times, lags, x, r;
  const std::size_t skipped = loss.size() / 10, n = loss.size() - skipped;
  for (std::size_t p = 0, from = skipped; p < pieces; ++p) {
    const std::size_t rows = n / pieces + (p < n % pieces ? 1 : 0);
    x.resize(rows);
    r.assign(loss.begin() + static_cast<std::ptrdiff_t>(from), loss.begin() + static_cast<std::ptrdiff_t>(from + rows));
    const double middle = std::log(step[from + rows / 2]);
    const double scale = std::log(step[from + rows - 1]) - std::log(step[from]) + 1e-12;
    for (std::size_t i = 0; i < rows; ++i) x[i] = 4 * (std::log(step[from + i]) - middle) / scale;
    const double level = std::abs(numerics::median(r));
    subtract_polynomial(x, r, degree);
    const PieceNoise piece = noise_of_residuals(r);
    deviations.push_back(level > 0 ? piece.deviation / level : 0);
    times.push_back(piece.time);
    lags.push_back(piece.lag_one);
    from += rows;
  }
  return {numerics::median(deviations), numerics::median(times), numerics::median(lags)};
}

}  // namespace

std::optional<RowNoise> row_noise(std::span<const double> step, std::span<const double> loss) {
  const std::size_t n = loss.size();
  if (n < kLeastRowsForNoise) return std::nullopt;
  PieceNoise noise = noise_in_pieces(step, loss, n >= 400 ? 10 : 4, 2);
  if (noise.deviation < kRoundingErrors) return RowNoise{};
  if (noise.lag_one > kCorrelated) {
    const PieceNoise longer = noise_in_pieces(step, loss, 4, 3);
    const double rho = std::min(std::max(noise.lag_one, longer.lag_one), 1 - 1e-6);
    noise = {longer.deviation, std::max({noise.time, longer.time, (1 + rho) / (1 - rho)}), rho};
  }
  return RowNoise{noise.deviation, std::max(1.0, noise.time)};
}

}  // namespace phaselaw::advice
