// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "laws/law_truths.h"
#include "phaselaw/fitting/fit_file.h"

// Fits to plan with: a law's own rows with log-normal noise.
namespace phaselaw::advice::testing {

inline tables::Measurements noisy_measurements(const laws::Law& law, std::size_t rows, double noise,
                                               std::uint64_t draw) {
  tables::Measurements data = laws::testing::exact_measurements(law, rows, 1);
  numerics::RandomStream stream(21, "plan", draw);
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  return data;
}

inline fitting::SavedFit saved_fit(const std::string& name, fitting::IntervalMethod method, std::size_t rows = 60,
                                   double noise = 0.01, std::uint64_t draw = 0) {
  fitting::SavedFit saved;
  const laws::Law law = laws::law_from(name);
  saved.data = noisy_measurements(law, rows, noise, draw);
  saved.options.objective = fitting::Objective::l2;
  saved.options.interval = method;
  saved.options.resamples = 60;
  saved.fit = fitting::fit_law(law, saved.data, saved.options);
  return saved;
}

inline std::vector<double> in_order(const laws::Law& law, const std::map<std::string, double>& values) {
  std::vector<double> out;
  for (const laws::Parameter& parameter : law.parameters) out.push_back(values.at(parameter.name));
  return out;
}

// N* = G (C/6)^a of chinchilla, by its closed form.
struct ClosedForm {
  double a = 0, g = 0;
  explicit ClosedForm(const laws::Law& law, const std::vector<double>& p) {
    const double alpha = p[law.find("alpha")], beta = p[law.find("beta")];
    a = beta / (alpha + beta);
    g = std::pow(alpha * p[law.find("A")] / (beta * p[law.find("B")]), 1 / (alpha + beta));
  }
  [[nodiscard]] double n_params(double compute) const { return g * std::pow(compute / 6, a); }
  [[nodiscard]] double tokens(double compute) const { return std::pow(compute / 6, 1 - a) / g; }
};

}  // namespace phaselaw::advice::testing
