// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/rate_plan.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

constexpr double kPlanNodes = 4096;      // steps in which a stated schedule is written out
constexpr double kShapeError = 0.005;    // of the peak, at every recorded step
constexpr double kLeastDecay = 0.05;     // of the peak, before a decay is continued
constexpr std::size_t kShapeRows = 256;  // recorded rates that are compared with a shape
constexpr std::size_t kBegins = 33;      // starts of the decay that are tried

// A stated schedule in shares of the run, so that it can be written out with any number of steps.
tables::LearningRates written_out(const tables::StatedSchedule& stated, double to) {
  tables::StatedSchedule shares = stated;
  const auto share_of = [&](double x) { return x < 1 ? x : x / to; };
  if (share_of(stated.warmup) >= 1)
    throw base::InputError({"--warmup"}, fmt::format("the warm-up of {} steps is longer than the run of {} steps",
                                                     base::format_number(stated.warmup), base::format_number(to)));
  shares.warmup = share_of(stated.warmup);
  if (stated.decay_from) {
    shares.decay_from = share_of(*stated.decay_from);
    if (*shares.decay_from >= 1)
      throw base::InputError(
          {"--decay-from"},
          fmt::format("the decay begins at step {}, but the run ends at step {}; expected an earlier step",
                      base::format_number(*stated.decay_from), base::format_number(to)));
    if (*shares.decay_from < shares.warmup)
      throw base::InputError({"--decay-from"}, "expected a step after the warm-up, found one within it");
  }
  tables::LearningRates rates = rates_of(shares, kPlanNodes);
  for (double& step : rates.step) step *= to / kPlanNodes;
  return rates;
}

struct Continued {
  tables::Decay shape = tables::Decay::none;
  double from = 0, end_rate = 0, error = base::kInfinity;
};

// The end rate of this shape by least squares, and the largest error.
Continued shape_fit(tables::Decay shape, double from, double to, const std::vector<double>& step,
                    const std::vector<double>& rate) {
  double gg = 0, gr = 0;
  std::vector<double> gone(step.size());
  for (std::size_t i = 0; i < step.size(); ++i) {
    gone[i] = step[i] <= from ? 0 : 1 - left_of_decay(shape, std::min(1.0, (step[i] - from) / (to - from)));
    gg += gone[i] * gone[i];
    gr += gone[i] * (1 - rate[i]);
  }
  if (!(gg > 0)) return {};
  const double depth = gr / gg;  // 1 - the rate at the end
  Continued out{shape, from, 1 - depth, 0};
  if (depth > 1 + kShapeError || depth <= 0) return {};
  out.end_rate = std::max(0.0, out.end_rate);
  for (std::size_t i = 0; i < step.size(); ++i)
    out.error = std::max(out.error, std::abs(1 - depth * gone[i] - rate[i]));
  return out;
}

// The shape that the recorded decay follows, if one does.
std::optional<Continued> continued_shape(const std::vector<double>& step, const std::vector<double>& rate, double to) {
  const auto peak = static_cast<std::size_t>(std::max_element(rate.begin(), rate.end()) - rate.begin());
  if (rate.back() > 1 - kLeastDecay) return std::nullopt;
  std::vector<double> s, r;
  const std::size_t stride = std::max<std::size_t>(1, (rate.size() - peak) / kShapeRows);
  for (std::size_t i = peak; i < rate.size(); i += stride) {
    s.push_back(step[i]);
    r.push_back(rate[i]);
  }
  s.push_back(step.back());
  r.push_back(rate.back());
  std::size_t below = 0;
  while (below + 1 < r.size() && r[below] >= 0.98) ++below;
  Continued best;
  for (const tables::Decay shape : {tables::Decay::linear, tables::Decay::cosine, tables::Decay::sqrt})
    for (std::size_t k = 0; k < kBegins; ++k) {
      const double from = s.front() + (s[below] - s.front()) * static_cast<double>(k) / (kBegins - 1);
      if (!(from < to)) continue;
      if (const Continued found = shape_fit(shape, from, to, s, r); found.error < best.error) best = found;
    }
  return best.error < kShapeError ? std::optional(best) : std::nullopt;
}

}  // namespace

double RatePlan::rate_at(double at) const {
  if (step.empty() || at >= step.back()) return rate.empty() ? 1 : rate.back();
  const auto above = std::upper_bound(step.begin(), step.end(), at);
  if (above == step.begin()) return rate.front();
  const auto i = static_cast<std::size_t>(above - step.begin());
  return rate[i - 1] + (rate[i] - rate[i - 1]) * (at - step[i - 1]) / (step[i] - step[i - 1]);
}

RatePlan constant_plan(double to) {
  RatePlan plan;
  plan.how = "a constant learning rate";
  plan.step = {0, to};
  plan.rate = {1, 1};
  return plan;
}

RatePlan plan_until(const RatePlan& plan, double to) {
  RatePlan part = plan;
  const auto kept = std::lower_bound(plan.step.begin(), plan.step.end(), to) - plan.step.begin();
  part.step.resize(static_cast<std::size_t>(kept));
  part.rate.resize(part.step.size());
  part.step.push_back(to);
  part.rate.push_back(plan.rate_at(to));
  return part;
}

RatePlan held_from(const RatePlan& plan, double now, double to) {
  RatePlan held = plan_until(plan, now);
  if (to > now) {
    held.step.push_back(to);
    held.rate.push_back(held.rate.back());
  }
  return held;
}

RatePlan rate_plan(const tables::Curve& curve, const tables::StatedSchedule& stated, double to) {
  stated.validate();
  RatePlan plan;
  if (stated.given()) {
    const tables::LearningRates rates = written_out(stated, to);
    plan.known = true;
    plan.how = "the stated schedule";
    plan.step = rates.step;
    plan.rate = rates.lr;
    return plan;
  }
  if (curve.rates.known() && !curve.step.empty()) {
    plan.peak = *std::max_element(curve.rates.lr.begin(), curve.rates.lr.end());
    plan.in_recorded_units = true;
    if (!(plan.peak > 0)) return constant_plan(to);
    plan.step = curve.rates.step;
    plan.rate = curve.rates.lr;
    for (double& rate : plan.rate) rate = std::max(0.0, rate / plan.peak);
    if (plan.step.front() > 0) {
      plan.step.insert(plan.step.begin(), 0);
      plan.rate.insert(plan.rate.begin(), plan.rate.front());
    }
    // A record with one row for each of many steps ends one interval before the run does.
    const double spacing = plan.step.size() > 1 ? plan.step.back() - plan.step[plan.step.size() - 2] : 0;
    if (plan.step.back() + 1.5 * spacing >= to) {
      plan.known = true;
      plan.how = "the recorded learning rates";
    } else if (const auto shape = continued_shape(plan.step, plan.rate, to)) {
      plan.known = true;
      plan.how = fmt::format("the recorded {} decay, continued to {} of the peak at the last step",
                             base::enum_name(shape->shape), base::format_percent(shape->end_rate));
      const double last = plan.step.back();
      for (int k = 1; k <= 256; ++k) {
        const double at = last + (to - last) * k / 256;
        plan.step.push_back(at);
        plan.rate.push_back(
            1 - (1 - shape->end_rate) *
                    (1 - left_of_decay(shape->shape, std::min(1.0, (at - shape->from) / (to - shape->from)))));
      }
    } else {
      plan.how = "the learning rate is recorded only up to the last row";
    }
    return plan;
  }
  plan = constant_plan(to);
  plan.how = "no learning rate is recorded or stated";
  return plan;
}

}  // namespace phaselaw::advice
