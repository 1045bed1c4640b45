// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/statistics.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>

namespace phaselaw::numerics {

namespace {

void require_probability(double p, const char* function) {
  if (!(p > 0 && p < 1)) throw std::domain_error(fmt::format("{}: expected 0 < p < 1, found {}", function, p));
}

void require_dof(double dof, const char* function) {
  if (!(dof > 0)) throw std::domain_error(fmt::format("{}: expected degrees of freedom > 0, found {}", function, dof));
}

}  // namespace

double sum(std::span<const double> values) {
  double total = 0, lost = 0;
  for (const double x : values) {
    const double next = total + x;
    lost += std::abs(total) >= std::abs(x) ? (total - next) + x : (x - next) + total;
    total = next;
  }
  return std::isfinite(total) ? total + lost : total;
}

double mean(std::span<const double> values) {
  if (values.empty()) throw std::domain_error("mean: expected at least one value, found none");
  return sum(values) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2)
    throw std::domain_error(fmt::format("standard_deviation: expected at least 2 values, found {}", values.size()));
  const double centre = mean(values);
  std::vector<double> squares(values.size());
  std::transform(values.begin(), values.end(), squares.begin(),
                 [centre](double x) { return (x - centre) * (x - centre); });
  return std::sqrt(sum(squares) / static_cast<double>(values.size() - 1));
}

double quantile_of_sorted(std::span<const double> sorted, double p) {
  if (sorted.empty()) throw std::domain_error("quantile: expected at least one value, found none");
  if (!(p >= 0 && p <= 1)) throw std::domain_error(fmt::format("quantile: expected 0 <= p <= 1, found {}", p));
  const double h = static_cast<double>(sorted.size() - 1) * p;
  const auto below = static_cast<std::size_t>(h);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double lo = sorted[below], hi = sorted[below + 1];
  return lo == hi ? lo : lo + (h - static_cast<double>(below)) * (hi - lo);
}

double quantile(std::span<const double> values, double p) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return quantile_of_sorted(sorted, p);
}

double median(std::span<const double> values) {
  if (values.empty()) throw std::domain_error("median: expected at least one value, found none");
  std::vector<double> copy(values.begin(), values.end());
  const std::size_t below = (copy.size() - 1) / 2;
  const auto middle = copy.begin() + static_cast<std::ptrdiff_t>(below);
  std::nth_element(copy.begin(), middle, copy.end());
  if (copy.size() == 1) return *middle;
  const double around[] = {*middle, *std::min_element(middle + 1, copy.end())};
  return quantile_of_sorted(around, copy.size() % 2 == 0 ? 0.5 : 0);
}

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double normal_quantile(double p) {
  require_probability(p, "normal_quantile");
  return boost::math::quantile(boost::math::normal_distribution<double>(), p);
}

double student_t_cdf(double t, double dof) {
  require_dof(dof, "student_t_cdf");
  return boost::math::cdf(boost::math::students_t_distribution<double>(dof), t);
}

double student_t_quantile(double p, double dof) {
  require_probability(p, "student_t_quantile");
  require_dof(dof, "student_t_quantile");
  return boost::math::quantile(boost::math::students_t_distribution<double>(dof), p);
}

double chi_squared_quantile(double p, double dof) {
  require_probability(p, "chi_squared_quantile");
  require_dof(dof, "chi_squared_quantile");
  return boost::math::quantile(boost::math::chi_squared_distribution<double>(dof), p);
}

double f_quantile(double p, double dof1, double dof2) {
  require_probability(p, "f_quantile");
  require_dof(dof1, "f_quantile");
  require_dof(dof2, "f_quantile");
  return boost::math::quantile(boost::math::fisher_f_distribution<double>(dof1, dof2), p);
}

double f_cdf(double f, double dof1, double dof2) {
  require_dof(dof1, "f_cdf");
  require_dof(dof2, "f_cdf");
  if (!(f >= 0)) throw std::domain_error(fmt::format("f_cdf: expected f >= 0, found {}", f));
  return std::isinf(f) ? 1 : boost::math::cdf(boost::math::fisher_f_distribution<double>(dof1, dof2), f);
}

std::vector<double> log_spaced(double lo, double hi, std::size_t n) {
  if (!(lo > 0 && hi >= lo && std::isfinite(hi)) || n < 1)
    throw std::domain_error(fmt::format("log_spaced: expected 0 < lo <= hi and n >= 1, found {}, {}, {}", lo, hi, n));
  std::vector<double> values(n, lo);
  const double step = n > 1 ? (std::log(hi) - std::log(lo)) / static_cast<double>(n - 1) : 0;
  for (std::size_t i = 1; i < n; ++i) values[i] = std::exp(std::log(lo) + static_cast<double>(i) * step);
  if (n > 1) values.back() = hi;
  return values;
}

}  // namespace phaselaw::numerics
