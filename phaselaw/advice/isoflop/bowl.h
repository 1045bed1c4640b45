// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

// The loss against ln N at one compute: a bowl, its parabola, and its minimum by the parabola or by Akima's spline.
//
// Parabola: least squares of y = c0 + c1 u + c2 (u^2 - tilt u - offset), u = x - mean, with polynomials that are
// orthogonal for the given weights, so that the coefficients are independent of each other under equal noise. Its vertex
// is at u = (tilt - c1/c2)/2. Spline: Akima 1970, the least value of the piecewise cubic. Both are exact for parabolas.
// Cost: O(n). Errors: PHASELAW_CHECK for columns of different length; a bowl without a minimum says why. Source: [T].
namespace phaselaw::advice {

inline constexpr std::size_t kLeastSizes = 4;  // of one budget: a parabola and one degree of freedom for the noise

struct Parabola {
  double mean = 0, tilt = 0, offset = 0;
  double s0 = 0, s2 = 0, s4 = 0;  // sums of the weights, and of the weighted squares of the two polynomials
  double c0 = 0, c1 = 0, c2 = 0;
  [[nodiscard]] double at(double x) const;
  [[nodiscard]] double vertex() const;
  // Share of a point's own value in the curve at x, for a point of weight 1.
  [[nodiscard]] double leverage(double x) const;
};

struct BowlMinimum {
  double x = 0, y = 0;  // NaN if there is none
  bool inside = false;
  std::string why;
};

// `weights` > 0, or empty for all 1. Unset with fewer than three different x, and `why` says so.
[[nodiscard]] std::optional<Parabola> fit_parabola(std::span<const double> x, std::span<const double> y,
                                                   std::span<const double> weights = {}, std::string* why = nullptr);
[[nodiscard]] BowlMinimum parabola_minimum(std::span<const double> x, std::span<const double> y,
                                           std::span<const double> weights = {});  // x increasing
[[nodiscard]] BowlMinimum akima_minimum(std::span<const double> x, std::span<const double> y);

// ln N and loss of the rows of a budget; rows of equal N are averaged. x increasing.
struct Bowl {
  std::vector<double> x, y, rows;  // `rows`: how many rows were averaged
  double squares = 0;              // of the relative differences of these rows from their averages
  double log_product = 0;          // mean of ln(N D): D* = exp(log_product)/N*
};
[[nodiscard]] Bowl bowl_of(std::span<const double> n_params, std::span<const double> tokens,
                           std::span<const double> loss, std::vector<std::size_t> rows);

enum class BowlShape { parabola, akima };

// The points that the parabola uses: those within the factor `window` of the lowest one's size, at least kLeastSizes.
struct BowlWindow {
  std::size_t first = 0, count = 0;
};
[[nodiscard]] BowlWindow window_of(const Bowl& bowl, double window);
[[nodiscard]] std::optional<Parabola> parabola_of(const Bowl& bowl, const BowlWindow& window);
[[nodiscard]] BowlMinimum minimum_of(BowlShape shape, const Bowl& bowl, double window);

}  // namespace phaselaw::advice
