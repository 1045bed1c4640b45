// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "benchmarks/laws/curve_parts.h"

// Kinds of curve that differ in the schedule of the learning rate. A lower rate lowers the loss by an annealing term, as
// in Tissue et al. 2024, or by a share of it ("proportional").
namespace phaselaw::study {

inline SimulatedCurve warm_up(Draw& draw, double share, double noise, std::size_t row_every = 1) {
  const double w = share * draw.n();
  const Series rate = schedule(draw.steps, w, [](double) { return 1; });
  const Series sum = sums(rate);
  const Series loss = noisy(applied(sum, [&](double s) { return draw.law(s); }), noise, draw);
  std::vector<std::size_t> rows;
  if (row_every > 1)
    for (std::size_t i = row_every - 1; i < draw.steps; i += row_every) rows.push_back(i);
  return under(
      draw, rate, loss,
      [&](CurveTruth& truth) {
        truth.early.clear();
        if (w > .5 * draw.bend) {
          truth.bend.reset();
          truth.bend_absent = true;
        } else {
          truth.bend_tolerance = 1.25;
        }
        truth.gain = gain_of([&](double s) { return draw.law(s); }, sum.back(), sum.back() + draw.n());
      },
      rows);
}

// A decay with this clean loss. If it lowers the loss by less than 1 % in all, nothing is wrong to say of the state.
inline SimulatedCurve decay(Draw& draw, const Series& rate, const Series& clean, double without_decay) {
  SimulatedCurve out = under(draw, rate, noisy(clean, draw.noise, draw), decays);
  if (std::abs(clean.back() / without_decay - 1) < .01)
    out = with_truth(std::move(out), [](CurveTruth& truth) { truth.state = TrueState::any; });
  out.truth.gain_any = out.truth.state == TrueState::any;
  return out;
}
// Loss under a schedule with annealing term `area` (memory 0.999 or shorter), or lowered by a share.
inline Series annealed(const Draw& draw, const Series& rate, double strength, double memory) {
  Series loss = applied(sums(rate), [&](double s) { return draw.law(s); });
  const Series area = annealing(rate, memory);
  for (std::size_t i = 0; i < loss.size(); ++i) loss[i] -= strength * area[i] * draw.amplitude / 8;
  return loss;
}
inline Series lowered(const Draw& draw, const Series& rate, double share, double from_step) {
  Series loss = applied(sums(rate), [&](double s) { return draw.law(s); });
  for (std::size_t i = 0; i < loss.size(); ++i)
    if (static_cast<double>(i + 1) > from_step) loss[i] *= 1 - share * (1 - rate[i]);
  return loss;
}

inline SimulatedCurve cosine_kind(Draw& draw, const std::string& effect) {
  const double w = std::floor(.02 * draw.n());
  const Series rate = cosine(draw.steps, w, draw.odd ? .1 : 0);
  const Series clean = effect == "annealed"  ? annealed(draw, rate, 3e-4, .999)
                       : effect == "lagging" ? annealed(draw, rate, 1e-3, .99)
                                             : lowered(draw, rate, .05, w);
  return decay(draw, rate, clean, draw.law(draw.n()));
}
inline SimulatedCurve late_linear_kind(Draw& draw, double share, bool by_annealing) {
  const Series rate = late_linear(draw.steps, std::floor(.02 * draw.n()), share);
  const Series clean =
      by_annealing ? annealed(draw, rate, 3e-4, .999) : lowered(draw, rate, .04, draw.n() * (1 - share));
  return decay(draw, rate, clean, draw.law(sums(rate).back() + draw.n() * share / 2));
}
inline SimulatedCurve cosine_of_20_rows(Draw& draw) {
  const double w = std::floor(.02 * draw.n());
  const Series rate = cosine(draw.steps, w, .1);
  const Series loss = noisy(lowered(draw, rate, .05, w), .003, draw);
  std::vector<std::size_t> rows;
  for (const double step : spaced(draw.n() / 20, draw.n(), 20, false))
    rows.push_back(static_cast<std::size_t>(step) - 1);
  return under(draw, rate, loss, decays, rows);
}

// Own kinds.
inline SimulatedCurve cosine_restarts(Draw& draw) {  // three cycles
  const double cycle = draw.n() / 3;
  const Series rate = schedule(draw.steps, 1, [&](double t) {
    return .1 + .9 * .5 * (1 + std::cos(std::numbers::pi * std::fmod(t - 1, cycle) / cycle));
  });
  SimulatedCurve out = under(draw, rate, noisy(lowered(draw, rate, .05, 0), draw.noise, draw), decays);
  out.truth.bend_absent = false;
  return out;
}
inline SimulatedCurve re_warm_ups(
    Draw& draw) {  // the rate falls to a tenth and warms up again, twice; it ends at the peak
  const double part = draw.n() / 3, w = .05 * draw.n();
  const Series rate = schedule(draw.steps, 1, [&](double t) {
    const double since = std::fmod(t - 1, part);
    return t > part && since < w ? .1 + .9 * since / w : 1;
  });
  const Series sum = sums(rate);
  return under(draw, rate, noisy(lowered(draw, rate, .05, 0), draw.noise, draw), [&](CurveTruth& truth) {
    truth.gain = gain_of([&](double s) { return draw.law(s); }, sum.back(), sum.back() + draw.n());
  });
}
inline void ends_at_low_rate(const Draw& draw, const Series& rate, CurveTruth& truth) {
  decays(truth);
  const double sum = sums(rate).back();
  truth.state = TrueState::finished_at_low_rate;
  truth.gain = gain_of([&](double s) { return draw.law(s); }, sum, sum + draw.n() * rate.back());
}
inline SimulatedCurve rate_steps(Draw& draw) {  // a tenth at half of the run, and again at three quarters
  const Series rate = schedule(draw.steps, 1, [&](double t) {
    return t > .75 * draw.n() ? .01 : t > .5 * draw.n() ? .1 : 1;
  });
  Series lag = smoothed(rate, 1 - 1 / (.02 * draw.n()));
  Series loss = applied(sums(rate), [&](double s) { return draw.law(s); });
  for (std::size_t i = 0; i < loss.size(); ++i) loss[i] *= 1 - .05 * (1 - lag[i]);
  return under(draw, rate, noisy(std::move(loss), draw.noise, draw), [&](CurveTruth& truth) {
    ends_at_low_rate(draw, rate, truth);
    truth.bend = draw.bend;
    truth.bend_absent = false;
  });
}
inline SimulatedCurve exponential_decay(Draw& draw) {
  const Series rate = schedule(draw.steps, 1, [&](double t) { return std::exp(-5 * t / draw.n()); });
  return under(draw, rate, noisy(lowered(draw, rate, .05, 0), draw.noise, draw),
               [&](CurveTruth& truth) { ends_at_low_rate(draw, rate, truth); });
}
// S grows like the square root of the step, so the exponent in steps is q/2 in the end, and up to q before.
inline SimulatedCurve inverse_square_root(Draw& draw) {
  const double w = std::floor(.02 * draw.n());
  const Series rate = schedule(draw.steps, w, [&](double t) { return std::sqrt(w / t); });
  const double sum = sums(rate).back();
  return under(draw, rate, noisy(lowered(draw, rate, 0, 0), draw.noise, draw), [&](CurveTruth& truth) {
    truth.exponent = draw.exponent / 2;
    truth.exponent_range = 2;
    truth.bend.reset();
    truth.bend_absent = true;
    truth.early.clear();
    truth.gain = gain_of([&](double s) { return draw.law(s); }, sum, sum + draw.n() * rate.back());
  });
}
inline SimulatedCurve linear_decay(Draw& draw) {  // over the whole run
  const double w = std::floor(.02 * draw.n());
  const Series rate = late_linear(draw.steps, w, .98);
  return decay(draw, rate, lowered(draw, rate, .06, w), draw.law(draw.n()));
}
inline SimulatedCurve square_root_cooldown(Draw& draw) {  // 1 - sqrt over the last fifth
  const double begin = .8 * draw.n();
  const Series rate = schedule(
      draw.steps, 1, [&](double t) { return t < begin ? 1 : 1 - std::sqrt((t - begin) / (draw.n() - begin)); });
  SimulatedCurve out = decay(draw, rate, lowered(draw, rate, .04, begin), draw.law(sums(rate).back() + .1 * draw.n()));
  return out;
}

inline void add_kinds_of_schedules(std::vector<CurveKind>& kinds) {
  const auto add = [&](const char* name, std::function<SimulatedCurve(Draw&)> make, bool own = false) {
    kinds.push_back({name, own, std::move(make)});
  };
  add("warm-up-0.5", [](Draw& d) { return warm_up(d, .005, d.noise); });
  add("warm-up-2", [](Draw& d) { return warm_up(d, .02, d.noise); });
  add("warm-up-10", [](Draw& d) { return warm_up(d, .1, d.noise); });
  add("warm-up-2-little-noise", [](Draw& d) { return warm_up(d, .02, .005); });
  add("warm-up-2-every-100", [](Draw& d) { return warm_up(d, .02, d.noise, 100); });
  add("cosine-annealed", [](Draw& d) { return cosine_kind(d, "annealed"); });
  add("cosine-proportional", [](Draw& d) { return cosine_kind(d, "proportional"); });
  add("cosine-lagging", [](Draw& d) { return cosine_kind(d, "lagging"); });
  add("cosine-20-rows", cosine_of_20_rows);
  add("late-linear-10", [](Draw& d) { return late_linear_kind(d, .1, false); });
  add("late-linear-20", [](Draw& d) { return late_linear_kind(d, .2, false); });
  add("late-linear-20-annealed", [](Draw& d) { return late_linear_kind(d, .2, true); });
  add("cosine-restarts", cosine_restarts, true);
  add("re-warm-ups", re_warm_ups, true);
  add("rate-steps", rate_steps, true);
  add("exponential-decay", exponential_decay, true);
  add("inverse-square-root", inverse_square_root, true);
  add("linear-decay", linear_decay, true);
  add("square-root-cooldown", square_root_cooldown, true);
}

}  // namespace phaselaw::study
