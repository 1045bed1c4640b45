// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "benchmarks/laws/curve_kinds_of_records.h"
#include "benchmarks/laws/curve_kinds_of_schedules.h"
#include "phaselaw/numerics/lambert_w.h"

// Kinds of curve that differ in the law itself, and those to which something happens: a drop, overfitting, spikes, a
// divergence, other data.
namespace phaselaw::study {

inline SimulatedCurve exponential_kind(Draw& draw, bool finished, double noise) {
  const double scale = finished     ? (draw.fixed ? 250 : draw.uniform(100, 250))
                       : draw.fixed ? 1000
                                    : draw.uniform(600, 2000);
  const Law law = [=](double t) { return 1.7 + 5 * std::exp(-t / scale); };
  const Series t = steps_to(2000);
  return of_law(draw, t, noisy(applied(t, law), noise, draw), law, [&](CurveTruth& truth) {
    truth.floor = 1.7;
    truth.early = "exponential";
    if (finished) truth.state = TrueState::finished;
  });
}
// A sigmoid drop at step 6000 after a flat stretch; the record ends flat, before the drop or after it.
inline SimulatedCurve second_drop(Draw& draw, std::size_t rows) {
  const Law law = [](double t) { return 1.5 + 4 * std::exp(-t / 60) + 1.5 / (1 + std::exp((t - 6000) / 150)); };
  const Series t = steps_to(rows);
  return of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    if (rows < 6000)
      truth.floor.reset();
    else
      truth.floor = 1.5;
    truth.early = "exponential";
    truth.state = TrueState::finished;
    truth.gain = 0;
  });
}
inline SimulatedCurve two_drops(Draw& draw, std::size_t rows) {  // the second is centred at step 4500
  const Law law = [](double t) { return .05 + 2.2 / (1 + std::pow(t / 150, 4)) + 2 / (1 + std::pow(t / 4500, 12)); };
  const Series t = steps_to(rows);
  return of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    truth.floor = .05;
    truth.early.clear();
    truth.accelerates = rows < 10000;
    if (!truth.accelerates) truth.state = TrueState::finished;
  });
}
inline SimulatedCurve exponential_then_power(Draw& draw) {  // continuous slope at step 300
  const double q = .4, joint = 300;
  const Law law = [=](double t) {
    return 1 + 3 * (t < joint ? std::exp(-t * q / joint) : std::exp(-q) * std::pow(t / joint, -q));
  };
  const Series t = steps_to(10000);
  return of_law(draw, t, noisy(applied(t, law), draw.odd ? .02 : .005, draw), law, [&](CurveTruth& truth) {
    truth.exponent = q;
    truth.floor = 1;
    truth.bend = joint / 2;
    truth.bend_absent = false;
    truth.bend_tolerance = 2;
    truth.early = "exponential";
  });
}
inline SimulatedCurve exponential_plus_power(Draw& draw) {
  const Law law = [](double t) { return 1 + 3 * std::exp(-t / 100) + 2 * std::pow(t, -.3); };
  const Series t = steps_to(10000);
  return of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    truth.exponent = .3;
    truth.floor = 1;
    truth.bend_absent = false;
    truth.early.clear();
  });
}
inline SimulatedCurve two_stage(Draw& draw) {
  const double scale = draw.fixed ? 20 : draw.log_uniform(10, 100);
  const Law law = [=](double t) { return .5 + 6 * std::exp(-.5 * numerics::lambert_w0(t / scale)); };
  const Series t = steps_to(draw.steps);
  return of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    truth.exponent = truth.floor = .5;
    truth.bend = std::numbers::e * scale;
    truth.bend_absent = false;
    truth.early = "exponential";
  });
}
inline SimulatedCurve ends_before_bend(Draw& draw) {
  const Law law = [](double t) { return 2 + 8 * std::pow(1 + t / 300, -.45); };
  const Series t = steps_to(40);
  return of_law(draw, t, noisy(applied(t, law), .01, draw), law, [&](CurveTruth& truth) {
    truth.exponent = .45;
    truth.floor = 2;
    truth.bend = 300;
    truth.bend_absent = false;
    truth.early.clear();
  });
}
inline SimulatedCurve flat(Draw& draw, double level, double noise, double unit) {
  const Series t = steps_to(draw.steps);
  Series loss = noisy(Series(draw.steps, level), noise, draw);
  if (unit > 0) loss = rounded(std::move(loss), unit);
  return of_law(
      draw, t, std::move(loss), [=](double) { return level; },
      [&](CurveTruth& truth) {
        truth.floor.reset();
        truth.early.clear();
        truth.state = TrueState::finished;
      });
}
inline SimulatedCurve no_floor(Draw& draw) {
  draw.floor = 0;
  return constant_rate(draw);
}

inline Series overfitted(const Draw& draw, bool mild) {
  return applied(steps_to(draw.steps), [=, law = law_of(draw), n = draw.n()](double s) {
    return mild ? law(s) * (1 + .15 * std::max(std::log(s / (.4 * n)), 0.))
                : law(s) + .25 * std::pow(std::max(std::log(s / (.25 * n)), 0.), 1.5);
  });
}
// Parameters with which the loss does not end 1 % above its lowest value are drawn again.
inline SimulatedCurve overfits(Draw& draw, bool mild, bool beside) {
  Series clean = overfitted(draw, mild);
  while (clean.back() < 1.01 * *std::min_element(clean.begin(), clean.end())) {
    draw.draw_parameters();
    clean = overfitted(draw, mild);
  }
  const Series t = steps_to(draw.steps);
  SimulatedCurve out = recorded(draw, t, noisy(std::move(clean), std::min(draw.noise, .02), draw));
  as_held_out(out, t, beside ? noisy(applied(t, law_of(draw)), draw.noise, draw) : Series());
  return with_truth(std::move(out), [](CurveTruth& truth) {
    truth.state = TrueState::overfitting;
    truth.gain = -.01;
  });
}
// `at`: shares of the run. Each spike raises the loss by `height` and falls back with this time scale.
inline SimulatedCurve with_spikes(Draw& draw, const std::vector<double>& at, double height, double scale) {
  SimulatedCurve out = constant_rate(draw);
  for (const double share : at) {
    const auto from = static_cast<std::size_t>(share * draw.n());
    for (std::size_t i = from; i < std::min(draw.steps, from + static_cast<std::size_t>(std::ceil(3.3 * scale))); ++i)
      out.curve.loss[i] *= 1 + height * std::exp(-static_cast<double>(i - from) / scale);
  }
  return with_truth(std::move(out), [](CurveTruth& truth) { truth.unstable = true; });
}
inline SimulatedCurve two_wild_rows(Draw& draw) {
  SimulatedCurve out = constant_rate(draw);
  out.curve.loss[static_cast<std::size_t>(.6 * draw.n())] *= 1.8;
  out.curve.loss[draw.steps / 4] *= 1.7;
  return out;
}
inline SimulatedCurve diverges(Draw& draw) {
  SimulatedCurve out = constant_rate(draw);
  const auto from = static_cast<std::size_t>(.7 * draw.n());
  for (std::size_t i = from; i < draw.steps; ++i)
    out.curve.loss[i] *= std::exp(std::min(static_cast<double>(i - from) * (draw.odd ? .001 : .0001), 3.));
  return with_truth(std::move(out), [](CurveTruth& truth) {
    truth.state = TrueState::diverged;
    truth.gain = -.1;
  });
}

// Own kinds.
inline SimulatedCurve ends_in_nan(Draw& draw) {
  SimulatedCurve out = constant_rate(draw);
  for (std::size_t i = static_cast<std::size_t>(.95 * draw.n()); i < draw.steps; ++i)
    out.curve.loss[i] = std::numeric_limits<double>::quiet_NaN();
  return with_truth(std::move(out), [](CurveTruth& truth) {
    truth.state = TrueState::diverged;
    truth.gain_any = true;
  });
}
inline SimulatedCurve double_descent(Draw& draw) {
  const Law law = [=, base = law_of(draw), peak = .3 * draw.n()](double t) {
    return base(t) + .6 * std::exp(-std::pow(std::log(t / peak) / .35, 2));
  };
  const Series t = steps_to(draw.steps);
  SimulatedCurve out = of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    truth.exponent = draw.exponent;
    truth.bend_absent = false;
    truth.accelerates = true;
  });
  as_held_out(out);
  return out;
}
// The noise halves at 40 % of the run, and the loss falls by 1 % within some hundred steps.
inline SimulatedCurve larger_batch(Draw& draw) {
  const Series t = steps_to(draw.steps);
  Series loss = applied(t, law_of(draw));
  for (std::size_t i = 0; i < loss.size(); ++i) {
    const double since = t[i] - .4 * draw.n();
    loss[i] *= draw.noise_factor(draw.noise * (since > 0 ? .5 : 1));
    if (since > 0) loss[i] *= 1 - .01 * (1 - std::exp(-since / 200));
  }
  return with_truth(recorded(draw, t, loss), [](CurveTruth& truth) { *truth.floor *= .99; });
}
// Other data from half of the run on: the loss changes at once by this factor, and a third of the change is learnt.
inline SimulatedCurve other_data(Draw& draw, double factor) {
  const double rest = 1 + (factor - 1) * 2 / 3;
  const Law law = [=, base = law_of(draw), n = draw.n()](double t) {
    return base(t) * (t < .5 * n ? 1 : rest + (factor - rest) * std::exp(-(t - .5 * n) / (.02 * n)));
  };
  const Series t = steps_to(draw.steps);
  return with_truth(recorded(draw, t, noisy(applied(t, law), draw.noise, draw)), [=](CurveTruth& truth) {
    *truth.floor *= rest;
    truth.bend.reset();
    truth.early.clear();
  });
}
// The optimiser's state is lost at half of the run: a bump of 20 % that is learnt away. It is not judged as a spike.
inline SimulatedCurve bump_after_resuming(Draw& draw) { return with_spikes(draw, {.5}, .2, 300); }
inline SimulatedCurve clipped_start(Draw& draw) {  // clipped gradients: the loss falls along a line for 5 % of the run
  const double until = .05 * draw.n(), reached = until / 4;
  const Law law = [=, base = law_of(draw)](double t) {
    return t < until ? base(0) + (base(reached) - base(0)) * t / until : base(t - until + reached);
  };
  const Series t = steps_to(draw.steps);
  return of_law(draw, t, noisy(applied(t, law), draw.noise, draw), law, [&](CurveTruth& truth) {
    truth.exponent = draw.exponent;
    truth.early.clear();
  });
}
inline SimulatedCurve near_zero(Draw& draw, bool power) {  // to 0.01 as a power without a floor, or to a floor of 1e-5
  const double q = draw.fixed ? 1.2 : draw.uniform(.9, 1.5);
  const Law law = [=, a = draw.amplitude, bend = draw.bend](double t) {
    return power ? a * std::pow(1 + t / bend, -q) : 1e-5 + a * std::exp(-t / 300);
  };
  const Series t = steps_to(10000);
  return of_law(draw, t, noisy(applied(t, law), .05, draw), law, [&](CurveTruth& truth) {
    truth.floor = power ? 0 : 1e-5;
    truth.early = power ? "power" : "exponential";
    if (!power) truth.state = TrueState::finished;
    if (!power) return;
    truth.exponent = q;
    truth.bend = draw.bend;
    truth.bend_absent = false;
  });
}
inline SimulatedCurve memorises(Draw& draw) {  // the held-out loss is flat while the training loss falls
  const Law law = [](double t) { return 2 + 3 * std::pow(1 + t / 20, -2); };
  const Series t = steps_to(draw.steps);
  SimulatedCurve out =
      of_law(draw, t, noisy(applied(t, law), std::min(draw.noise, .02), draw), law, [&](CurveTruth& truth) {
        truth.exponent = 2;
        truth.floor = 2;
        truth.bend = 20;
        truth.bend_absent = false;
        truth.state = TrueState::memorising;
      });
  as_held_out(out, t, noisy(applied(t, [](double s) { return 8 * std::pow(1 + s / 30, -.3); }), draw.noise, draw));
  return out;
}

inline void add_kinds_of_forms(std::vector<CurveKind>& kinds) {
  const auto add = [&](const char* name, std::function<SimulatedCurve(Draw&)> make, bool own = false) {
    kinds.push_back({name, own, std::move(make)});
  };
  add("finished-exponential", [](Draw& d) { return exponential_kind(d, true, .02); });
  add("finished-exponential-little-noise", [](Draw& d) { return exponential_kind(d, true, .005); });
  add("exponential", [](Draw& d) { return exponential_kind(d, false, d.noise); });
  add("flat-after-second-drop", [](Draw& d) { return second_drop(d, 10000); });
  add("flat-before-second-drop", [](Draw& d) { return second_drop(d, 5000); });
  add("two-drops", [](Draw& d) { return two_drops(d, 10000); });
  add("two-drops-cut", [](Draw& d) { return two_drops(d, 4500); });
  add("exponential-then-power", exponential_then_power);
  add("exponential-plus-power", exponential_plus_power);
  add("two-stage", two_stage);
  add("ends-before-bend", ends_before_bend);
  add("flat", [](Draw& d) { return flat(d, 2.3, d.noise, 0); });
  add("no-floor", no_floor);
  add("overfits", [](Draw& d) { return overfits(d, false, false); });
  add("overfits-with-training", [](Draw& d) { return overfits(d, false, true); });
  add("overfits-mildly", [](Draw& d) { return overfits(d, true, false); });
  add("overfits-mildly-with-training", [](Draw& d) { return overfits(d, true, true); });
  add("three-spikes", [](Draw& d) { return with_spikes(d, {.3, .52, .8}, .5, 12); });
  add("two-wild-rows", two_wild_rows);
  add("diverges", diverges);
  add("ends-in-nan", ends_in_nan, true);
  add("double-descent", double_descent, true);
  add("larger-batch", larger_batch, true);
  add(
      "harder-data", [](Draw& d) { return other_data(d, 1.12); }, true);
  add(
      "easier-data", [](Draw& d) { return other_data(d, .9); }, true);
  add(
      "two-slow-spikes",
      [](Draw& d) {
        return with_spikes(d, {.35, .6}, .8, 100);
      },
      true);
  add("bump-after-resuming", bump_after_resuming, true);
  add("clipped-start", clipped_start, true);
  add(
      "near-zero-power", [](Draw& d) { return near_zero(d, true); }, true);
  add(
      "near-zero-floor", [](Draw& d) { return near_zero(d, false); }, true);
  add(
      "flat-three-digits", [](Draw& d) { return flat(d, 2.303, .0002, .001); }, true);
  add("memorises", memorises, true);
}

inline std::vector<CurveKind> curve_kinds() {
  std::vector<CurveKind> kinds;
  add_kinds_of_schedules(kinds);
  add_kinds_of_records(kinds);
  add_kinds_of_forms(kinds);
  return kinds;
}

}  // namespace phaselaw::study
