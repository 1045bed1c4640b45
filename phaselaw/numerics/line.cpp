// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/line.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::numerics {

Line least_squares_line(std::span<const double> all_x, std::span<const double> all_y) {
  if (all_x.size() != all_y.size()) throw std::domain_error("line: columns of different length");
  std::vector<double> x, y;
  for (std::size_t i = 0; i < all_x.size(); ++i) {
    if (!std::isfinite(all_x[i]) || !std::isfinite(all_y[i])) continue;
    x.push_back(all_x[i]);
    y.push_back(all_y[i]);
  }
  Line line{base::kNaN, base::kNaN, base::kNaN, base::kNaN, x.size(), base::kNaN, base::kNaN};
  if (x.size() < 2) return line;
  const double mean_x = mean(x), mean_y = mean(y);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  if (!(xx > 0)) return line;
  line.slope = xy / xx;
  line.intercept = mean_y - line.slope * mean_x;
  line.squares = 0;
  for (std::size_t i = 0; i < x.size(); ++i) line.squares += std::pow(y[i] - mean_y - line.slope * (x[i] - mean_x), 2);
  line.r2 = yy > 0 ? xy * xy / (xx * yy) : 1;
  if (x.size() < 3) return line;
  const double dof = static_cast<double>(x.size()) - 2;
  const double half = student_t_quantile(0.975, dof) * std::sqrt(line.squares / dof / xx);
  line.lo = line.slope - half;
  line.hi = line.slope + half;
  return line;
}

Line least_squares_power(std::span<const double> x, std::span<const double> y) {
  std::vector<double> log_x, log_y;
  for (const double value : x) log_x.push_back(std::log(value));
  for (const double value : y) log_y.push_back(std::log(value));
  return least_squares_line(log_x, log_y);
}

}  // namespace phaselaw::numerics
