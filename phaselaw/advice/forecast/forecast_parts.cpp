// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/forecast_parts.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kAgreement = 2.58;  // standard errors of a difference
constexpr std::size_t kFewestLawBlocks = 4;

double spread_of(const LossInterval& loss, double z) { return 0.5 * std::log(loss.hi / loss.lo) / z; }

std::string law_sentence(const LawForecast& law, const RatePlan& plan, std::size_t blocks) {
  return fmt::format(
      "the law of this curve ({} blocks) under {}; the curve wanders off the law by {} per e-fold of steps", blocks,
      plan.how, base::format_percent(law.wander));
}

}  // namespace

void combine_parts(ForecastOfParts& forecast, double level) {
  const auto& parts = forecast.parts;
  if (parts.empty()) return;
  if (parts.size() == 1) {
    forecast.combined = parts.front().loss;
    return;
  }
  const double z = numerics::normal_quantile(0.5 + 0.5 * level);
  double weights = 0, sum = 0, squares = 0, below = 0, above = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const LossInterval& loss = parts[i].loss;
    const double s = spread_of(loss, z), log_value = std::log(loss.value);
    weights += 1 / (s * s);
    sum += log_value / (s * s);
    squares += log_value * log_value / (s * s);
    below += std::pow(std::log(loss.value / loss.lo), -2);
    above += std::pow(std::log(loss.hi / loss.value), -2);
    for (std::size_t j = 0; j < i; ++j)
      if (std::abs(std::log(loss.value / parts[j].loss.value)) >
          kAgreement * std::hypot(s, spread_of(parts[j].loss, z)))
        forecast.agree = false;
  }
  const double mean = sum / weights;
  const double scatter = (squares - mean * sum) / static_cast<double>(parts.size() - 1);
  const double wider = std::sqrt(std::max(1.0, scatter));
  forecast.combined = {std::exp(mean), std::exp(mean - wider / std::sqrt(below)),
                       std::exp(mean + wider / std::sqrt(above))};
}

ForecastOfParts forecast_of_parts(const ForecastSituation& at, const std::optional<ForecastPart>& ladder,
                                  const std::vector<double>& path) {
  ForecastOfParts out;
  const double now = at.step.back();
  const ForecastBlocks blocks = forecast_blocks(at.step, at.loss, at.warmup_end);
  if (blocks.step.size() >= kFewestLawBlocks) {
    std::vector<double> steps = path;
    steps.push_back(at.target);
    const RatePlan plan = at.plan.known ? plan_until(at.plan, at.target) : held_from(at.plan, now, at.target);
    out.law = forecast_by_law(blocks, plan, steps, at.level);
    const LossInterval& end = out.law->at.back();
    if (at.plan.known && end.value > 0) {
      ForecastPart part{"curve", end, spread_of(end, numerics::normal_quantile(0.5 + 0.5 * at.level)), base::kInfinity,
                        law_sentence(*out.law, at.plan, blocks.step.size())};
      out.parts.push_back(std::move(part));
    }
  }
  if (at.history != nullptr)
    if (auto part = history_part(*at.history, at.skip, level_at(at.step, at.loss, now), blocks.end_error, now,
                                 at.target, at.to, at.level))
      out.parts.push_back(std::move(*part));
  if (ladder) out.parts.push_back(*ladder);
  combine_parts(out, at.level);
  return out;
}

double miss_of(const PastForecast& past) {
  const LossInterval& p = past.predicted;
  if (!p.known() || !(past.happened > 0)) return 0;
  const double edge = past.happened > p.value ? p.hi : p.lo;
  const double half = std::abs(std::log(edge / p.value));
  return half > 0 ? std::abs(std::log(past.happened / p.value)) / half : 0;
}

LossInterval widened_by(const LossInterval& interval, double factor) {
  return {interval.value, interval.value * std::pow(interval.lo / interval.value, factor),
          interval.value * std::pow(interval.hi / interval.value, factor)};
}

}  // namespace phaselaw::advice
