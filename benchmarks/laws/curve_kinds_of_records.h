// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "benchmarks/laws/curve_parts.h"

// Kinds of curve that differ in how the loss was recorded: noise, smoothing, rows, digits, clock. The law is that of the
// draw, or a pure power.
namespace phaselaw::study {

inline Law law_of(const Draw& draw) {
  return [=, floor = draw.floor, a = draw.amplitude, bend = draw.bend, q = draw.exponent](double s) {
    return floor + a * std::pow(1 + s / bend, -q);
  };
}
inline double pure_power(double t) { return 1.7 + 9 * std::pow(t, -.35); }
inline void of_pure_power(CurveTruth& truth) {
  truth.exponent = .35;
  truth.floor = 1.7;
}
inline void early_unknown(CurveTruth& truth) { truth.early.clear(); }

inline SimulatedCurve constant_rate(Draw& draw) {
  const Series t = steps_to(draw.steps);
  return recorded(draw, t, noisy(applied(t, law_of(draw)), draw.noise, draw));
}
inline SimulatedCurve of_length(Draw& draw, std::size_t steps) {
  draw.steps = steps;
  return constant_rate(draw);
}
inline SimulatedCurve smoothed_kind(Draw& draw, double weight, bool pure) {
  const Series t = steps_to(draw.steps);
  const Law law = pure ? Law(pure_power) : law_of(draw);
  const Series loss = every(smoothed(noisy(applied(t, law), .05, draw), weight), 10);
  if (!pure) return recorded(draw, every(t, 10), loss);
  return of_law(draw, every(t, 10), loss, law, of_pure_power);
}
inline SimulatedCurve correlated(Draw& draw, double rho, double noise) {
  const Series t = steps_to(draw.steps);
  return recorded(draw, t, noisy(applied(t, law_of(draw)), noise, draw, rho));
}
inline SimulatedCurve every_rows(Draw& draw, std::size_t k) {
  const Series t = every(steps_to(draw.steps), k);
  return recorded(draw, t, noisy(applied(t, law_of(draw)), draw.noise, draw));
}
inline SimulatedCurve from_step(Draw& draw, std::size_t first) {
  const Series t = without_first(steps_to(draw.steps), first);
  return with_truth(recorded(draw, t, noisy(applied(t, law_of(draw)), draw.noise, draw)), early_unknown);
}
inline SimulatedCurve pure_power_from(Draw& draw, std::size_t first) {
  const Series t = without_first(steps_to(draw.steps), first);
  return of_law(draw, t, noisy(applied(t, pure_power), draw.noise, draw), pure_power, [&](CurveTruth& truth) {
    of_pure_power(truth);
    if (first > 0) truth.early.clear();
  });
}
inline SimulatedCurve few_rows(Draw& draw, std::size_t rows) {
  const Series t = draw.odd ? spaced(100, draw.n(), rows, true)
                            : spaced(draw.n() / static_cast<double>(rows), draw.n(), rows, false);
  return with_truth(recorded(draw, t, noisy(applied(t, law_of(draw)), .005, draw)), early_unknown);
}
inline SimulatedCurve two_decimals(Draw& draw) {
  SimulatedCurve out = constant_rate(draw);
  out.curve.loss = rounded(out.curve.loss, .01);
  return out;
}
inline SimulatedCurve two_decimals_of_40_rows(Draw& draw) {
  const Series t = spaced(10, draw.n(), 40, true);
  return with_truth(recorded(draw, t, rounded(noisy(applied(t, law_of(draw)), .001, draw), .01)), early_unknown);
}
// Back to a checkpoint 8 % of the run earlier; the rows since are recorded twice.
inline SimulatedCurve resumed(Draw& draw) {
  const Series t = steps_to(draw.steps), first = noisy(applied(t, law_of(draw)), draw.noise, draw);
  const Series second = noisy(applied(t, law_of(draw)), draw.noise, draw);
  const std::size_t stop = draw.steps / 2, back = static_cast<std::size_t>(.42 * draw.n());
  return recorded(draw, joined(first_of(t, stop), without_first(t, back)),
                  joined(first_of(first, stop), without_first(second, back)));
}
// The counter begins again at 1 while training goes on.
inline SimulatedCurve counter_restarts(Draw& draw) {
  const Series t = steps_to(draw.steps);
  const Series loss = noisy(applied(t, law_of(draw)), draw.noise, draw);
  const std::size_t stop = static_cast<std::size_t>(.4 * draw.n());
  SimulatedCurve out = recorded(draw, joined(first_of(t, stop), first_of(t, draw.steps - stop)), loss);
  return with_truth(std::move(out), [&](CurveTruth& truth) {
    truth.bend.reset();
    truth.early.clear();
    truth.gain = gain_of(law_of(draw), draw.n(), 2 * draw.n());
  });
}

// Own kinds.
inline SimulatedCurve noise_along(Draw& draw, double first, double last) {  // factors of the noise
  const Series t = steps_to(draw.steps);
  Series loss = applied(t, law_of(draw));
  for (std::size_t i = 0; i < loss.size(); ++i)
    loss[i] *= draw.noise_factor(draw.noise * (first + (last - first) * t[i] / draw.n()));
  return recorded(draw, t, loss);
}
inline SimulatedCurve heavy_tails(Draw& draw) {  // Student's t with 3 degrees of freedom
  const Series t = steps_to(draw.steps);
  Series loss = applied(t, law_of(draw));
  for (double& v : loss) {
    const double z = draw.random.normal();
    double chi = 0;
    for (int i = 0; i < 3; ++i) chi += std::pow(draw.random.normal(), 2);
    v *= 1 + std::max(-.5, .6 * draw.noise * z / std::sqrt(chi / 3));
  }
  return recorded(draw, t, loss);
}
inline SimulatedCurve periodic(Draw& draw) {  // the same order of the data in each of 8 epochs
  const Series t = steps_to(draw.steps);
  Series loss = noisy(applied(t, law_of(draw)), draw.noise, draw);
  for (std::size_t i = 0; i < loss.size(); ++i) loss[i] *= 1 + .01 * std::sin(16 * std::numbers::pi * t[i] / draw.n());
  return recorded(draw, t, loss);
}
inline SimulatedCurve log_spaced(Draw& draw) {
  const Series t = spaced(1, draw.n(), 300, true);
  return recorded(draw, t, noisy(applied(t, law_of(draw)), draw.noise, draw));
}
inline SimulatedCurve repeated_rows(Draw& draw,
                                    bool identical) {  // two equal rows for each step, or one from each of 4 ranks
  const std::size_t times = identical ? 2 : 4;
  const Series once = steps_to(draw.steps / times);
  Series t, loss = applied(once, law_of(draw)), out;
  if (identical) loss = noisy(loss, draw.noise, draw);
  for (std::size_t i = 0; i < once.size(); ++i) {
    t.insert(t.end(), times, once[i]);
    out.insert(out.end(), times, loss[i]);
  }
  return recorded(draw, t, identical ? out : noisy(out, draw.noise, draw));
}
inline SimulatedCurve scattered_nan(Draw& draw) {
  SimulatedCurve out = constant_rate(draw);
  for (double& v : out.curve.loss)
    if (draw.random.uniform() < .01) v = std::numeric_limits<double>::quiet_NaN();
  // A skipped step may or may not count as an instability, so the study does not judge this claim.
  return with_truth(std::move(out), [](CurveTruth& truth) { truth.unstable = true; });
}
inline SimulatedCurve by_tokens(Draw& draw) {
  constexpr double kTokens = 524288;
  SimulatedCurve out = constant_rate(draw);
  for (double& t : out.curve.step) t *= kTokens;
  std::swap(out.curve.step, out.curve.tokens);
  out.rates.step.back() *= kTokens;
  return with_truth(std::move(out), [](CurveTruth& truth) { *truth.bend *= kTokens; });
}
// A held-out loss of few rows, alone or beside the training loss of every tenth step.
inline SimulatedCurve held_out_rows(Draw& draw, std::size_t rows, bool beside) {
  const Series t = spaced(std::round(draw.n() / static_cast<double>(rows)), draw.n(), rows, false);
  SimulatedCurve out = recorded(draw, t, noisy(applied(t, law_of(draw)), .003, draw));
  const Series training = every(steps_to(draw.steps), 10);
  as_held_out(out, training, beside ? noisy(applied(training, law_of(draw)), draw.noise, draw) : Series());
  if (beside) {
    out.curve.dense_quantity = "train_loss";
    out.curve.dense_step = training;
    out.curve.dense_loss = out.curve.partner.loss;
  }
  return with_truth(std::move(out), early_unknown);
}

inline void add_kinds_of_records(std::vector<CurveKind>& kinds) {
  const auto add = [&](const char* name, std::function<SimulatedCurve(Draw&)> make, bool own = false) {
    kinds.push_back({name, own, std::move(make)});
  };
  add("constant-rate", constant_rate);
  add("constant-rate-40k", [](Draw& d) { return of_length(d, 40000); });
  add("smoothed-0.98", [](Draw& d) { return smoothed_kind(d, .98, false); });
  add("smoothed-0.95", [](Draw& d) { return smoothed_kind(d, .95, false); });
  add("smoothed-pure-power", [](Draw& d) { return smoothed_kind(d, .98, true); });
  add("correlated-0.9", [](Draw& d) { return correlated(d, .9, d.noise); });
  add("correlated-0.95", [](Draw& d) { return correlated(d, .95, .03); });
  add("every-10", [](Draw& d) { return every_rows(d, 10); });
  add("every-100", [](Draw& d) { return every_rows(d, 100); });
  add("from-step-1000", [](Draw& d) { return from_step(d, 1000); });
  add("from-step-200", [](Draw& d) { return from_step(d, 200); });
  add("pure-power", [](Draw& d) { return pure_power_from(d, 0); });
  add("pure-power-from-step-1000", [](Draw& d) { return pure_power_from(d, 1000); });
  add("8-rows", [](Draw& d) { return few_rows(d, 8); });
  add("15-rows", [](Draw& d) { return few_rows(d, 15); });
  add("30-rows", [](Draw& d) { return few_rows(d, 30); });
  add("two-decimals", two_decimals);
  add("two-decimals-40-rows", two_decimals_of_40_rows);
  add("resumed", resumed);
  add("counter-restarts", counter_restarts);
  add(
      "constant-rate-100k", [](Draw& d) { return of_length(d, 100000); }, true);
  add(
      "noise-grows", [](Draw& d) { return noise_along(d, .3, 3); }, true);
  add(
      "noise-shrinks", [](Draw& d) { return noise_along(d, 3, .3); }, true);
  add("heavy-tails", heavy_tails, true);
  add("periodic-data", periodic, true);
  add("log-spaced-rows", log_spaced, true);
  add(
      "equal-rows-twice", [](Draw& d) { return repeated_rows(d, true); }, true);
  add(
      "rows-of-4-ranks", [](Draw& d) { return repeated_rows(d, false); }, true);
  add("scattered-nan", scattered_nan, true);
  add("by-tokens", by_tokens, true);
  add(
      "validation-20", [](Draw& d) { return held_out_rows(d, 20, false); }, true);
  add(
      "validation-60", [](Draw& d) { return held_out_rows(d, 60, false); }, true);
  add(
      "validation-40-with-training", [](Draw& d) { return held_out_rows(d, 40, true); }, true);
}

}  // namespace phaselaw::study
