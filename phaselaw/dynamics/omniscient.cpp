// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/omniscient.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>

#include <fmt/format.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

namespace {

using Complex = std::complex<double>;

void check(const Population& population, double n_rows, double ridge) {
  const auto good = [](double x) { return x >= 0 && std::isfinite(x); };
  if (population.eigenvalues.size() != population.coefficients.size())
    throw std::domain_error(fmt::format("population: {} eigenvalues, {} coefficients", population.eigenvalues.size(),
                                        population.coefficients.size()));
  if (!std::all_of(population.eigenvalues.begin(), population.eigenvalues.end(), good) ||
      !std::all_of(population.coefficients.begin(), population.coefficients.end(), good) ||
      !good(population.noise_variance))
    throw std::domain_error("population: eigenvalues, squared coefficients and noise must be finite and >= 0");
  if (!(n_rows > 0) || !std::isfinite(n_rows) || !(ridge >= 0))
    throw std::domain_error(fmt::format("risk: expected n_rows > 0 and ridge >= 0, found {} and {}", n_rows, ridge));
}

double degrees_of_freedom(std::span<const double> eigenvalues, double kappa) {
  double sum = 0;
  for (const double h : eigenvalues) sum += h > 0 ? h / (h + kappa) : 0;
  return sum;
}

double positive_count(std::span<const double> eigenvalues) {
  return static_cast<double>(std::count_if(eigenvalues.begin(), eigenvalues.end(), [](double h) { return h > 0; }));
}

// The x > 0 with f(x) = 0 for a decreasing f, by bisection in ln x from a bracket grown around `start`; accurate to a
// few eps.
double decreasing_root(double start, const std::function<double(double)>& f) {
  double lo = start, hi = start;
  while (f(lo) < 0) lo /= 16;
  while (f(hi) > 0) hi *= 16;
  while (hi / lo > 1 + 4e-16) {
    const double middle = std::sqrt(lo) * std::sqrt(hi);
    if (middle <= lo || middle >= hi) break;
    (f(middle) > 0 ? lo : hi) = middle;
  }
  return hi;
}

double bias_term(const Population& population, double kappa) {
  double sum = 0;
  for (std::size_t k = 0; k < population.eigenvalues.size(); ++k) {
    const double h = population.eigenvalues[k];
    const double left = h > 0 ? kappa / (h + kappa) : 1;
    sum += left * left * population.coefficients[k];
  }
  return sum;
}

double power_of_target(const Population& population) {
  return numerics::sum(population.coefficients) + population.noise_variance;
}

// One Newton solution of n kappa = kappa S(kappa) + ridge from `start`; NaN without convergence.
Complex newton(std::span<const double> eigenvalues, double n_rows, Complex ridge, Complex start) {
  Complex kappa = start;
  for (int iteration = 0; iteration < 60; ++iteration) {
    Complex sum = 0, square = 0;  // of L and of L^2
    for (const double h : eigenvalues) {
      const Complex l = h / (h + kappa);
      sum += l;
      square += l * l;
    }
    // d/d kappa of kappa (n - S) - ridge is n - sum L^2.
    const Complex step = (kappa * (n_rows - sum) - ridge) / (n_rows - square);
    kappa -= step;
    if (!std::isfinite(kappa.real()) || !std::isfinite(kappa.imag())) break;
    if (std::abs(step) <= 1e-14 * std::abs(kappa)) return kappa;
    // Quadratic convergence: after a step of this size, the error is below rounding.
    if (std::abs(step) <= 1e-9 * std::abs(kappa) && iteration > 2) return kappa;
  }
  return {NAN, NAN};
}

}  // namespace

Population population_of_pool(std::span<const double> pool_eigenvalues, std::span<const double> coefficients,
                              double noise_variance) {
  const auto size = static_cast<double>(pool_eigenvalues.size());
  Population population{
      {pool_eigenvalues.begin(), pool_eigenvalues.end()}, {coefficients.begin(), coefficients.end()}, noise_variance};
  for (double& h : population.eigenvalues) h = std::max(h, 0.0) / size;
  for (double& c : population.coefficients) c /= size;
  check(population, 1, 0);
  return population;
}

double effective_ridge(std::span<const double> eigenvalues, double n_rows, double ridge) {
  const double total = numerics::sum(eigenvalues), count = positive_count(eigenvalues);
  if (!(n_rows > 0) || !(ridge >= 0))
    throw std::domain_error(
        fmt::format("effective_ridge: expected n_rows > 0, ridge >= 0, found {} and {}", n_rows, ridge));
  if (std::isinf(ridge)) return ridge;
  if (ridge == 0 && count == n_rows)
    throw std::domain_error(fmt::format(
        "risk: without ridge, {} rows equal the number of eigenvalues and the risk is infinite; use a ridge", n_rows));
  if (ridge == 0 && count < n_rows) return 0;
  // Above (total + ridge)/n the left side is below n; the bracket grows downwards from there.
  return decreasing_root((total + ridge) / n_rows,
                         [&](double kappa) { return degrees_of_freedom(eigenvalues, kappa) + ridge / kappa - n_rows; });
}

Complex effective_ridge(std::span<const double> eigenvalues, double n_rows, Complex ridge) {
  const double size = std::abs(ridge), angle = std::arg(ridge);
  const Complex real = effective_ridge(eigenvalues, n_rows, size);
  if (angle == 0) return real;
  // The solution is analytic off the negative axis: it is followed along the arc, in finer steps where Newton fails.
  for (int steps = 4; steps <= 1024; steps *= 4) {
    Complex kappa = real;
    bool found = true;
    for (int k = 1; k <= steps && found; ++k) {
      base::throw_if_interrupted();
      const Complex turn = std::polar(1.0, angle / steps);
      kappa = newton(eigenvalues, n_rows, std::polar(size, angle * k / steps), kappa * turn);
      found = kappa.imag() * angle > 0;  // false for NaN too
    }
    if (found) return kappa;
  }
  throw std::domain_error(
      fmt::format("effective_ridge: no solution found for ridge {} + {} i", ridge.real(), ridge.imag()));
}

OmniscientRisk omniscient_ridge(const Population& population, double n_rows, double ridge) {
  check(population, n_rows, ridge);
  OmniscientRisk risk;
  risk.kappa = effective_ridge(population.eigenvalues, n_rows, ridge);
  if (std::isinf(ridge)) {
    risk.test = risk.train = power_of_target(population);
    return risk;
  }
  double squares = 0, left = n_rows;  // left = n - sum L = ridge / kappa
  for (const double h : population.eigenvalues) {
    const double l = h > 0 ? h / (h + risk.kappa) : 0;
    squares += l * l;
    left -= l;
  }
  if (risk.kappa > 0) left = ridge / risk.kappa;
  risk.overfitting = n_rows / (n_rows - squares);
  risk.test = risk.overfitting * (bias_term(population, risk.kappa) + population.noise_variance);
  risk.train = left * left / (n_rows * n_rows) * risk.test;
  return risk;
}

FiniteWidthRisk finite_width_ridge(const Population& population, double n_rows, double width, double ridge) {
  check(population, n_rows, ridge);
  if (!(width > 0) || !std::isfinite(width))
    throw std::domain_error(fmt::format("finite_width_ridge: expected a width > 0, found {}", width));
  FiniteWidthRisk risk;
  if (std::isinf(ridge)) {
    risk.kappa = risk.gamma = ridge;
    risk.test = power_of_target(population);
    return risk;
  }
  const auto& lambda = population.eigenvalues;
  const double least = std::min(n_rows, width), count = positive_count(lambda);
  if (ridge == 0 && (n_rows == width || count <= least))
    throw std::domain_error(fmt::format(
        "finite_width_ridge: without ridge, {} rows, {} features and {} eigenvalues leave no solution; use a ridge",
        n_rows, width, count));
  // ridge(gamma) increases from 0 at S = min(n, k) and is nowhere negative above.
  const auto ridge_of = [&](double gamma) {
    const double s = degrees_of_freedom(lambda, gamma);
    return s < least ? gamma * (n_rows - s) * (1 - s / width) : 0.0;
  };
  const double start = (numerics::sum(lambda) + ridge) / least;
  risk.gamma = ridge > 0
                   ? decreasing_root(start, [&](double gamma) { return ridge - ridge_of(gamma); })
                   : decreasing_root(start, [&](double gamma) { return degrees_of_freedom(lambda, gamma) - least; });
  const double gamma = risk.gamma, s = degrees_of_freedom(lambda, gamma);
  risk.kappa = gamma * (1 - s / width);
  double q = 0;
  for (const double h : lambda) q += h > 0 ? std::pow(h / (h + gamma), 2) : 0;
  double bias = 0;
  for (std::size_t k = 0; k < lambda.size(); ++k) {
    const double h = lambda[k];
    bias += (gamma / (h + gamma) - risk.kappa * h / std::pow(h + gamma, 2) * width / (width - q)) *
            population.coefficients[k];
  }
  risk.test = (bias + population.noise_variance) / (1 - (q * (width - 2 * s) + s * s) / (n_rows * (width - q)));
  return risk;
}

}  // namespace phaselaw::dynamics
