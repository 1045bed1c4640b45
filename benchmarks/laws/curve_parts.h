// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "benchmarks/laws/curve_truth.h"

// Parts of simulated curves: steps, schedules, noise, and a curve with its truth made of them.
namespace phaselaw::study {

inline Series steps_to(std::size_t n) {
  Series t(n);
  for (std::size_t i = 0; i < n; ++i) t[i] = static_cast<double>(i + 1);
  return t;
}
inline Series spaced(double first, double last, std::size_t rows, bool logarithmic) {
  Series t;
  for (std::size_t i = 0; i < rows; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(rows - 1);
    const double at = std::round(logarithmic ? first * std::pow(last / first, share) : first + (last - first) * share);
    if (t.empty() || at > t.back()) t.push_back(at);
  }
  return t;
}
inline Series applied(const Series& x, const Law& law) {
  Series y;
  for (const double v : x) y.push_back(law(v));
  return y;
}
inline Series every(const Series& x, std::size_t k) {
  Series out;
  for (std::size_t i = k - 1; i < x.size(); i += k) out.push_back(x[i]);
  return out;
}
inline Series without_first(const Series& x, std::size_t k) {
  return {x.begin() + static_cast<std::ptrdiff_t>(k), x.end()};
}
inline Series first_of(const Series& x, std::size_t k) {
  return {x.begin(), x.begin() + static_cast<std::ptrdiff_t>(k)};
}
inline Series joined(Series a, const Series& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Series rounded(Series y, double unit) {
  for (double& v : y) v = std::round(v / unit) * unit;
  return y;
}

// Multiplies by exp(sigma e - sigma^2/2) with normal e, of mean 1; neighbours correlate by rho.
inline Series noisy(Series y, double sigma, Draw& draw, double rho = 0) {
  double e = draw.random.normal();
  for (double& v : y) {
    v *= std::exp(sigma * e - .5 * sigma * sigma);
    e = rho * e + std::sqrt(1 - rho * rho) * draw.random.normal();
  }
  return y;
}
// y_i = (1 - weight) x_i + weight y_{i-1}, from x_0.
inline Series smoothed(Series x, double weight) {
  for (std::size_t i = 1; i < x.size(); ++i) x[i] = (1 - weight) * x[i] + weight * x[i - 1];
  return x;
}

// Learning rates of the steps 1 .. n in units of the peak, after a linear warm-up of w steps.
inline Series schedule(std::size_t n, double w, const std::function<double(double step)>& after) {
  Series rate = steps_to(n);
  for (double& r : rate) r = r < w ? r / w : after(r);
  return rate;
}
inline Series cosine(std::size_t n, double w, double end) {
  return schedule(n, w, [=](double t) {
    return end + (1 - end) * .5 * (1 + std::cos(std::numbers::pi * (t - w) / (static_cast<double>(n) - w)));
  });
}
inline Series late_linear(std::size_t n, double w, double share) {
  const double begin = static_cast<double>(n) * (1 - share);
  return schedule(
      n, w, [=](double t) { return t < begin ? 1 : std::max(0., 1 - (t - begin) / (static_cast<double>(n) - begin)); });
}
inline Series sums(const Series& rate) {
  Series s;
  double sum = 0;
  for (const double r : rate) s.push_back(sum += r);
  return s;
}
// The annealing area S2 with this memory; it starts at the first rate.
inline Series annealing(const Series& rate, double memory) {
  Series area;
  double m = 0, sum = 0, last = rate.front();
  for (const double r : rate) {
    m = memory * m + std::max(0., last - r);
    last = r;
    area.push_back(sum += m);
  }
  return area;
}

inline double gain_of(const Law& law, double now, double later) { return 1 - law(later) / law(now); }

// A training loss (unspecified) at a constant rate that follows the law of the draw.
inline SimulatedCurve recorded(const Draw& draw, Series step, Series loss) {
  SimulatedCurve out;
  out.curve.name = "curve";
  out.curve.quantity = "loss";
  out.rates = {{0, *std::max_element(step.begin(), step.end())}, {kPeakRate, kPeakRate}};
  const double last = step.back();
  out.curve.step = std::move(step);
  out.curve.loss = std::move(loss);
  CurveTruth& truth = out.truth;
  truth.exponent = draw.exponent;
  truth.floor = draw.floor;
  truth.bend = draw.bend;
  truth.early = "power";
  truth.gain = gain_of([&](double s) { return draw.law(s); }, last, 2 * last);
  out.truth_with_rates = truth;
  return out;
}
inline SimulatedCurve with_truth(SimulatedCurve out, const std::function<void(CurveTruth&)>& change) {
  change(out.truth);
  change(out.truth_with_rates);
  return out;
}
// A curve that follows another law of the steps at a constant rate; no bend, and no exponent unless `change` sets it.
inline SimulatedCurve of_law(const Draw& draw, const Series& step, Series loss, const Law& law,
                             const std::function<void(CurveTruth&)>& change) {
  SimulatedCurve out = recorded(draw, step, std::move(loss));
  return with_truth(std::move(out), [&](CurveTruth& truth) {
    truth.exponent.reset();
    truth.bend.reset();
    truth.bend_absent = true;
    truth.gain = gain_of(law, step.back(), 2 * step.back());
    change(truth);
  });
}
// A curve under a schedule: `loss` at all steps, of which `row` (0-based) are recorded, all if empty. If the schedule is
// not recorded, `change` says what is true.
inline SimulatedCurve under(const Draw& draw, const Series& rate, const Series& loss,
                            const std::function<void(CurveTruth&)>& change, const std::vector<std::size_t>& row = {}) {
  const Series t = steps_to(rate.size());
  Series step, kept;
  for (const std::size_t i : row) {
    step.push_back(t[i]);
    kept.push_back(loss[i]);
  }
  SimulatedCurve out = recorded(draw, row.empty() ? t : step, row.empty() ? loss : kept);
  out.rates = {};
  double sum = 0;
  for (std::size_t i = 0; i < rate.size(); ++i) {
    out.rates.step.push_back(static_cast<double>(i));
    out.rates.lr.push_back(kPeakRate * rate[i]);
    sum += rate[i];
  }
  out.truth_with_rates.gain = gain_of([&](double s) { return draw.law(s); }, sum, 2 * sum);
  change(out.truth);
  if (out.truth.state != TrueState::falling) out.truth_with_rates.state = TrueState::falling_or_decaying;
  return out;
}
// What is true of a decay that is not recorded.
inline void decays(CurveTruth& truth) {
  truth.bend.reset();
  truth.bend_absent = true;
  truth.early.clear();
  truth.state = TrueState::decaying;
  truth.gain.reset();
}

inline void as_held_out(SimulatedCurve& out, const Series& training_step = {}, const Series& training_loss = {}) {
  out.curve.quantity = "val_loss";
  out.curve.role = tables::Role::held_out;
  const bool beside = !training_loss.empty();
  if (beside) out.curve.partner = {"train_loss", tables::Role::training, training_step, training_loss};
  out.truth.training_beside = out.truth_with_rates.training_beside = beside;
}

}  // namespace phaselaw::study
