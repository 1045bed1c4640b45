// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/row_noise.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kCap = 3.7;  // in medians: 2.5 standard deviations of normal noise

}  // namespace

GroupTest test_groups(const TangentSpace& space, const RowGroups& groups) {
  GroupTest test;
  const std::size_t rank = space.rank, n = space.n_rows();
  std::vector<std::size_t> position;  // of a row of the data in the space
  for (std::size_t i = 0; i < n; ++i) {
    position.resize(std::max(position.size(), space.rows[i] + 1), n);
    position[space.rows[i]] = i;
  }
  double between = 0, taken = 0, used_groups = 0, squares_of_counts = 0;
  std::vector<double> sum(rank);
  for (const std::vector<std::size_t>& group : groups) {
    double count = 0, total = 0;
    std::fill(sum.begin(), sum.end(), 0.0);
    for (const std::size_t row : group) {
      const std::size_t i = row < position.size() ? position[row] : n;
      if (i == n) continue;  // a row without weight
      count += 1;
      total += space.residual[i];
      for (std::size_t j = 0; j < rank; ++j) sum[j] += space.basis[i * rank + j];
    }
    if (count == 0) continue;
    used_groups += 1;
    squares_of_counts += count * count;
    between += total * total / count;
    for (const double s : sum) taken += s * s / count;
  }
  const auto rows = static_cast<double>(n);
  test.dof = used_groups - taken;
  test.dof_within = space.residual_dof() - test.dof;
  const double within = space.squares - between;
  if (used_groups == rows || test.dof < 0.5 || test.dof_within < 0.5 || !(within > 0)) return test;
  const double noise = within / test.dof_within;
  test.f = between / test.dof / noise;
  test.p_value = test.f > 0 ? numerics::f_cdf(1 / test.f, test.dof_within, test.dof) : 1;
  const double typical = used_groups > 1 ? (rows - squares_of_counts / rows) / (used_groups - 1) : rows;
  test.sd = std::sqrt(std::max(0.0, (between / test.dof - noise) / typical));
  return test;
}

UnevenTest test_uneven(std::span<const double> residual, std::span<const double> leverage, std::span<const double> x,
                       double least_rest) {
  UnevenTest test;
  std::vector<double> size;
  for (std::size_t i = 0; i < residual.size(); ++i)
    size.push_back(std::abs(residual[i]) / std::sqrt(std::max(1 - leverage[i], least_rest)));
  const double cap = kCap * numerics::median(size);
  for (double& a : size) a = std::min(a, cap);
  const double mean = numerics::mean(size);
  if (!(mean > 0)) return test;
  for (double& a : size) a /= mean;
  const numerics::Line line = numerics::least_squares_line(x, size);
  if (!(line.hi > line.slope)) return test;
  const double dof = static_cast<double>(line.points) - 2;
  const double error = (line.hi - line.slope) / numerics::student_t_quantile(0.975, dof);
  test.slope = line.slope;
  test.p_value = 2 * numerics::student_t_cdf(-std::abs(line.slope) / error, dof);
  return test;
}

UnevenTest test_uneven(const TangentSpace& space, std::span<const double> x) {
  std::vector<double> leverage;
  for (std::size_t i = 0; i < space.n_rows(); ++i) leverage.push_back(space.leverage(i));
  return test_uneven(space.residual, leverage, x, 1e-6);
}

}  // namespace phaselaw::fitting
