// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/form.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

double Coordinate::parameter(double theta) const {
  return logarithmic ? std::exp(theta) : theta == 0 ? 0 : theta * std::exp(log_unit);
}

bool CurveForm::log_values(const LogData& data, std::span<const std::size_t> rows, std::span<const double> theta,
                           std::span<double> value, std::span<double> jacobian, EvaluatorWorkspace&) const {
  const std::size_t k = theta.size();
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto gradient = jacobian.empty() ? std::span<double>{} : jacobian.subspan(i * k, k);
    value[i] = log_value(data.row(rows.empty() ? i : rows[i]), theta, gradient);
    if (!std::isfinite(value[i])) return false;
  }
  return true;
}

namespace {

// Exponents outside this range are a constant, or a cliff, on any data.
constexpr double kSmallestExponent = 1e-3, kLargestExponent = 50;
// How far beyond the measured compute a scale C0 may lie, and beyond the measured loss an amplitude, as factors' logs.
constexpr double kScaleMargin = 20, kAmplitudeMargin = 30;

struct Range {
  double lo, hi;
  explicit Range(std::span<const double> values)
      : lo(*std::min_element(values.begin(), values.end())), hi(*std::max_element(values.begin(), values.end())) {}
};

// The decay P = L - E of a form of compute: ln P and its derivatives by (ln A, ln C0, ln q).
struct Decay {
  double log_value;
  double by_amplitude, by_scale, by_exponent;
};

Decay two_stage_decay(double log_compute, double log_amplitude, double log_scale, double q) {
  const double w = numerics::lambert_w0_of_exp(log_compute - log_scale);
  return {log_amplitude - q * w, 1, q * w / (1 + w), -q * w};
}

Decay shifted_power_decay(double log_compute, double log_amplitude, double log_scale, double q) {
  const double x = log_compute - log_scale;
  const double log_one_plus = x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));  // ln(1 + C/C0)
  return {log_amplitude - q * log_one_plus, 1, q / (1 + std::exp(-x)), -q * log_one_plus};
}

// exp(-C/C0) underflows to nothing: the decay is cut at e^-700, where no floor or noise lets it be seen.
Decay exponential_decay(double log_compute, double log_amplitude, double log_scale, double) {
  const double z = std::exp(std::min(log_compute - log_scale, 200.0));
  return z < 700 ? Decay{log_amplitude - z, 1, z, 0} : Decay{log_amplitude - 700, 1, 0, 0};
}

Decay power_decay(double log_compute, double log_amplitude, double log_scale, double q) {
  const double x = log_compute - log_scale;
  return {log_amplitude - q * x, 1, 0, -q * x};
}

using DecayFunction = Decay (*)(double, double, double, double);

struct Shape {
  std::string_view name, formula;
  DecayFunction decay;
  bool has_scale, has_exponent;
};

// E + P(C; A, C0, q) with every subset of the parameters fixed.
class ComputeForm final : public CurveForm {
 public:
  ComputeForm(const Shape& shape, const LogData& data, const Known& known) : shape_(shape) {
    PHASELAW_CHECK(data.n_inputs == 1 && data.n_rows() >= 1);
    if (known.exponent && !(*known.exponent > 0 && std::isfinite(*known.exponent)))
      throw base::InputError(fmt::format("exponent: expected a positive finite number, found {}", *known.exponent));
    if (known.floor && !(*known.floor >= 0 && std::isfinite(*known.floor)))
      throw base::InputError(fmt::format("floor: expected a finite number >= 0, found {}", *known.floor));
    const Range compute(data.log_inputs), loss(data.log_loss);
    log_unit_ = numerics::median(data.log_loss);
    log_scale_ = numerics::mean(data.log_inputs);
    if (known.floor) floor_ = *known.floor > 0 ? std::exp(std::log(*known.floor) - log_unit_) : 0;
    if (known.exponent) exponent_ = *known.exponent;

    coordinates_.push_back({"A", true, 0, loss.lo - kAmplitudeMargin, loss.hi + kAmplitudeMargin});
    if (shape.has_scale) {
      scale_at_ = static_cast<int>(coordinates_.size());
      coordinates_.push_back({"C0", true, 0, compute.lo - kScaleMargin, compute.hi + kScaleMargin});
    }
    if (shape.has_exponent && !known.exponent) {
      exponent_at_ = static_cast<int>(coordinates_.size());
      coordinates_.push_back({"q", true, 0, std::log(kSmallestExponent), std::log(kLargestExponent)});
    }
    if (!known.floor) {
      floor_at_ = static_cast<int>(coordinates_.size());
      coordinates_.push_back({"E", false, log_unit_, 0, std::exp(std::min(loss.hi - log_unit_, 300.0))});
    }
    make_starts(data, compute, loss);
  }

  std::string_view name() const override { return shape_.name; }
  std::string_view formula() const override { return shape_.formula; }
  const std::vector<Coordinate>& coordinates() const override { return coordinates_; }
  std::vector<std::vector<double>> starts() const override { return starts_; }

  double log_value(std::span<const double> log_inputs, std::span<const double> theta,
                   std::span<double> gradient) const override {
    const double log_scale = scale_at_ >= 0 ? theta[index(scale_at_)] : log_scale_;
    const double q = exponent_at_ >= 0 ? std::exp(theta[index(exponent_at_)]) : exponent_;
    const double floor = floor_at_ >= 0 ? theta[index(floor_at_)] : floor_;
    const Decay decay = shape_.decay(log_inputs[0], theta[0], log_scale, q);
    double share = 1, log_loss = decay.log_value;  // share = P/L
    if (floor > 0) {
      const double above = decay.log_value - log_unit_ - std::log(floor);  // ln(P/E)
      share = 1 / (1 + std::exp(-above));
      log_loss = above > 0 ? decay.log_value + std::log1p(std::exp(-above))
                           : log_unit_ + std::log(floor) + std::log1p(std::exp(above));
    }
    if (!gradient.empty()) {
      gradient[0] = share * decay.by_amplitude;
      if (scale_at_ >= 0) gradient[index(scale_at_)] = share * decay.by_scale;
      if (exponent_at_ >= 0) gradient[index(exponent_at_)] = share * decay.by_exponent;
      if (floor_at_ >= 0) gradient[index(floor_at_)] = std::exp(std::min(log_unit_ - log_loss, 300.0));
    }
    return log_loss;
  }

 private:
  static std::size_t index(int at) { return static_cast<std::size_t>(at); }

  // Every pair of a place for the bend and a floor; A from the loss there, q from the mean slope beyond.
  void make_starts(const LogData& data, const Range& compute, const Range& loss) {
    const double span = std::max(compute.hi - compute.lo, 1e-3);
    const std::vector<double> places =
        shape_.has_scale ? std::vector<double>{0.35, 0.1, 0.6, 0.85, -0.15} : std::vector<double>{0.5};
    const std::vector<double> floors = floor_at_ >= 0 ? std::vector<double>{0.5, 0.95, 0.0} : std::vector<double>{0.0};
    for (const double share : floors)
      for (const double place : places) {
        std::vector<double> theta(coordinates_.size());
        const double floor = share * std::exp(std::max(loss.lo - log_unit_, -300.0));
        const double drop = loss.hi - loss.lo - std::log1p(-std::min(share, 0.99));  // of ln(L - E), roughly
        theta[0] = loss.hi + (floor > 0 ? std::log1p(-std::min(0.99, floor * std::exp(log_unit_ - loss.hi))) : 0);
        const double bend = compute.lo + place * span;
        if (scale_at_ >= 0) theta[index(scale_at_)] = shape_.has_exponent ? bend - 1 : bend;
        if (exponent_at_ >= 0)
          theta[index(exponent_at_)] = std::log(std::clamp(drop / std::max(compute.hi - bend, 0.1 * span), 0.01, 5.0));
        if (!shape_.has_scale) theta[0] = log_mean_loss(data);
        if (floor_at_ >= 0) theta[index(floor_at_)] = floor;
        for (std::size_t j = 0; j < theta.size(); ++j)
          theta[j] = std::clamp(theta[j], coordinates_[j].lower, coordinates_[j].upper);
        starts_.push_back(std::move(theta));
      }
  }
  static double log_mean_loss(const LogData& data) { return numerics::mean(data.log_loss); }

  const Shape& shape_;
  std::vector<Coordinate> coordinates_;
  std::vector<std::vector<double>> starts_;
  double log_unit_ = 0, log_scale_ = 0, floor_ = 0, exponent_ = 1;
  int scale_at_ = -1, exponent_at_ = -1, floor_at_ = -1;
};

constexpr Shape kTwoStage{"two-stage", "E + A exp(-q W0(C/C0))", two_stage_decay, true, true};
constexpr Shape kShiftedPower{"shifted-power", "E + A (1 + C/C0)^-q", shifted_power_decay, true, true};
constexpr Shape kExponential{"exponential", "E + A exp(-C/C0)", exponential_decay, true, false};
constexpr Shape kPower{"power", "E + A (C/C_mid)^-q", power_decay, false, true};

}  // namespace

std::unique_ptr<CurveForm> two_stage_form(const LogData& data, const Known& known) {
  return std::make_unique<ComputeForm>(kTwoStage, data, known);
}
std::unique_ptr<CurveForm> shifted_power_form(const LogData& data, const Known& known) {
  return std::make_unique<ComputeForm>(kShiftedPower, data, known);
}
std::unique_ptr<CurveForm> exponential_form(const LogData& data, const Known& known) {
  return std::make_unique<ComputeForm>(kExponential, data, known);
}
std::unique_ptr<CurveForm> power_form(const LogData& data, const Known& known) {
  return std::make_unique<ComputeForm>(kPower, data, known);
}

}  // namespace phaselaw::laws
