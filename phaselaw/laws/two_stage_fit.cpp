// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/two_stage_fit.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::laws {

namespace {

// The four parameters of theta, in logarithms where positive; coordinates that are known take their known value.
struct Reader {
  int scale_at = -1, exponent_at = -1, floor_at = -1;
  double known_exponent = 0, known_floor = 0, log_unit = 0;

  Reader(const Form& form, const Known& known) {
    const auto& coordinates = form.coordinates();
    for (std::size_t j = 0; j < coordinates.size(); ++j) {
      const int at = static_cast<int>(j);
      if (coordinates[j].name == "C0") scale_at = at;
      if (coordinates[j].name == "q") exponent_at = at;
      if (coordinates[j].name == "E") {
        floor_at = at;
        log_unit = coordinates[j].log_unit;
      }
    }
    if (known.exponent) known_exponent = *known.exponent;
    if (known.floor) known_floor = *known.floor;
  }
  double log_amplitude(std::span<const double> theta) const { return theta[0]; }
  double log_scale(std::span<const double> theta) const { return theta[static_cast<std::size_t>(scale_at)]; }
  double exponent(std::span<const double> theta) const {
    return exponent_at >= 0 ? std::exp(theta[static_cast<std::size_t>(exponent_at)]) : known_exponent;
  }
  double floor(std::span<const double> theta) const {
    return floor_at >= 0 ? theta[static_cast<std::size_t>(floor_at)] * std::exp(log_unit) : known_floor;
  }
};

std::vector<Derived> derived_quantities(const Reader& read, double last_log_compute) {
  const auto lambert = [read, last_log_compute](std::span<const double> theta) {
    return numerics::lambert_w0_of_exp(last_log_compute - read.log_scale(theta));
  };
  const auto slope = [read, lambert](std::span<const double> theta) {
    const double w = lambert(theta);
    return -read.exponent(theta) * w / (1 + w);
  };
  return {
      {"bend_compute", true, [read](std::span<const double> theta) { return std::exp(1 + read.log_scale(theta)); },
       read.scale_at},
      {"initial_loss", true,
       [read](std::span<const double> theta) { return read.floor(theta) + std::exp(read.log_amplitude(theta)); }},
      {"slope", false, slope},
      {"slope_total", false,
       [read, lambert, slope](std::span<const double> theta) {
         const double decay = std::exp(read.log_amplitude(theta) - read.exponent(theta) * lambert(theta));
         const double total = decay + read.floor(theta);
         return total > 0 ? slope(theta) * decay / total : slope(theta);
       }},
  };
}

void add_known(const Known& known, Fit& fit) {
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) fit.parameters.push_back({name, *value, *value, *value, true, true});
  };
  add("q", known.exponent);
  add("E", known.floor);
}

void not_identified(Fit& fit, std::initializer_list<std::string_view> names) {
  for (auto* list : {&fit.parameters, &fit.derived})
    for (Estimate& estimate : *list)
      if (!estimate.fixed && std::find(names.begin(), names.end(), estimate.name) != names.end())
        estimate.identified = false;
}

// What one stage alone leaves undetermined.
void judge_stages(const LogData& data, Fit& fit) {
  const Estimate* bend = fit.find("bend_compute");
  if (bend == nullptr || !(bend->value > 0)) return;
  const auto [first, last] = std::minmax_element(data.log_inputs.begin(), data.log_inputs.end());
  const double log_bend = std::log(bend->value);
  if (log_bend > *last) {
    fit.warnings.push_back(
        "bend lies outside the measured compute (above it): only the exponential stage is seen, which "
        "determines q/C0 but neither q nor C0; measure at more compute");
    not_identified(fit, {"q", "C0", "bend_compute", "slope"});
  } else if (log_bend < *first) {
    fit.warnings.push_back(
        "bend lies outside the measured compute (below it): only the power-law stage is seen, which "
        "determines neither A nor C0; measure at less compute");
    not_identified(fit, {"A", "C0", "bend_compute", "initial_loss"});
  }
}

void judge_input(std::span<const double> compute, std::span<const double> loss, const Known& known, Fit& fit) {
  const auto [low, high] = std::minmax_element(loss.begin(), loss.end());
  if (*low == *high) {
    fit.warnings.push_back("all losses are equal: nothing but their value is determined; measure where the loss falls");
    not_identified(fit, {"A", "C0", "q", "E", "bend_compute", "slope", "slope_total"});
  }
  if (known.floor && *known.floor >= *low)
    fit.warnings.push_back(
        fmt::format("the floor {} is not below the smallest loss {}; lower it or leave it free", *known.floor, *low));
  std::vector<double> distinct(compute.begin(), compute.end());
  std::sort(distinct.begin(), distinct.end());
  const auto n = static_cast<std::size_t>(std::unique(distinct.begin(), distinct.end()) - distinct.begin());
  if (n < fit.theta.size()) {
    fit.warnings.push_back(fmt::format("{} distinct computes cannot determine {} parameters; measure at more computes",
                                       n, fit.theta.size()));
    not_identified(fit, {"A", "C0", "q", "E", "bend_compute", "initial_loss", "slope", "slope_total"});
  }
}

// The last derived quantities are the law's values at the band's computes: move them there.
void take_band(const std::vector<double>& compute, std::size_t own, Fit& fit) {
  fit.band.compute = compute;
  for (std::size_t i = own; i < fit.derived.size(); ++i) {
    const Estimate& estimate = fit.derived[i];
    fit.band.value.push_back(estimate.value);
    fit.band.lo.push_back(estimate.lo.value_or(std::nan("")));
    fit.band.hi.push_back(estimate.hi.value_or(std::nan("")));
  }
  fit.derived.resize(own);
}

}  // namespace

double two_stage_value(double compute, double amplitude, double scale, double exponent, double floor) {
  if (!(compute >= 0 && scale > 0 && amplitude >= 0 && exponent >= 0) || std::isinf(compute) || std::isinf(scale))
    throw std::domain_error(
        fmt::format("two_stage_value: expected compute >= 0 and C0 > 0, found {} and {}", compute, scale));
  if (compute == 0) return floor + amplitude;
  return floor + amplitude * std::exp(-exponent * numerics::lambert_w0_of_exp(std::log(compute) - std::log(scale)));
}

Fit fit_two_stage(std::span<const double> compute, std::span<const double> loss, const TwoStageOptions& options) {
  const LogData data = log_data(compute, loss);
  const auto form = two_stage_form(data, options.known);
  const double last = *std::max_element(data.log_inputs.begin(), data.log_inputs.end());
  const Reader read(*form, options.known);
  std::vector<Derived> derived = derived_quantities(read, last);
  const std::size_t own = derived.size();
  for (const double c : options.band_compute)
    derived.push_back({"", true, [read, log_c = std::log(c)](std::span<const double> theta) {
                         const double w = numerics::lambert_w0_of_exp(log_c - read.log_scale(theta));
                         return read.floor(theta) + std::exp(read.log_amplitude(theta) - read.exponent(theta) * w);
                       }});
  Fit fit = fit_form(*form, data, options.fit, derived);
  take_band(options.band_compute, own, fit);
  add_known(options.known, fit);
  judge_stages(data, fit);
  judge_input(compute, loss, options.known, fit);
  return fit;
}

std::vector<double> predict(const Fit& fit, std::span<const double> compute) {
  const auto value = [&](std::string_view name) {
    const Estimate* estimate = fit.find(name);
    PHASELAW_CHECK(estimate != nullptr);
    return estimate->value;
  };
  const double amplitude = value("A"), scale = value("C0"), exponent = value("q"), floor = value("E");
  std::vector<double> loss;
  for (const double c : compute) loss.push_back(two_stage_value(c, amplitude, scale, exponent, floor));
  return loss;
}

}  // namespace phaselaw::laws
