// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/own_runs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kLateFactor = 10;     // of the clock
constexpr double kShortestFactor = 3;  // with less, a slope has no meaning
constexpr std::size_t kFewestBlocks = 8;
constexpr double kEarliest = 1.0 / 300;  // a record that begins later than this share of its end has no first stage

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string axis_of(const std::string& clock) {
  if (clock == "lr_sum") return "the summed learning rate";
  return clock == "step" ? "steps" : clock;
}

// The lowest QAICc of the forms that pass; infinity if there is none.
template <class Passes>
double lowest(const advice::CurveFits& fits, Passes&& passes) {
  double best = kInfinity;
  for (const advice::CurveFormFit& form : fits.forms)
    if (passes(form)) best = std::min(best, form.qaicc);
  return best;
}

void judge_start(OwnRun& run) {
  const advice::Diagnosis& d = run.diagnosis;
  const advice::LossCurve& curve = d.curve;
  if (d.rate_known && d.fits.forms.empty()) {
    run.no_start = "no form could be fitted";
  } else if (!curve.x.empty() && curve.x.front() > kEarliest * curve.x.back()) {
    run.no_start =
        fmt::format("the record begins at {} of its end", base::format_percent(curve.x.front() / curve.x.back()));
  } else if (!d.rate_known) {
    run.no_start =
        "its learning rate is not known, and a warm-up looks like an exponential start; give an lr column or --warmup";
  } else {
    const double exponential =
        lowest(d.fits, [](const auto& form) { return form.start == advice::Start::exponential; });
    const double power = lowest(d.fits, [](const auto& form) { return form.start == advice::Start::power; });
    run.start_gain = power - exponential;
    if (!std::isfinite(run.start_gain)) run.no_start = "only one kind of start could be fitted";
  }
}

void judge_bend(OwnRun& run) {
  const advice::Diagnosis& d = run.diagnosis;
  const auto& x = d.curve.x;
  if (!d.rate_known) {
    run.no_bend = "its learning rate is not known, and a warm-up bends a curve too; give an lr column or --warmup";
    return;
  }
  if (d.fits.forms.empty()) {
    run.no_bend = "no form could be fitted";
    return;
  }
  const double with = lowest(d.fits, [&](const auto& form) {
    if (form.bend_parameter.empty()) return false;
    const double bend = form.bend_factor * form.fit.find(form.bend_parameter)->value;
    return bend > x.front() && bend < x.back();
  });
  const double without = lowest(d.fits, [](const auto& form) { return form.bend_parameter.empty(); });
  run.bend_gain = without - with;
  if (std::isfinite(with) && std::isfinite(without)) return;
  run.no_bend = std::isfinite(without) ? "no form with a bend inside the record could be fitted"
                                       : "no form without a bend could be fitted";
  run.bend_gain = base::kNaN;
}

// Rows per independent row, from the residuals of the best floor.
double inflation_at(const fitting::FloorRange& range, const std::vector<double>& x, const std::vector<double>& loss,
                    const std::vector<double>& weights) {
  const auto best =
      std::find_if(range.at.begin(), range.at.end(), [&](const auto& e) { return e.floor == range.floor; });
  std::vector<double> residual;
  for (std::size_t i = 0; i < x.size(); ++i)
    residual.push_back(std::log(loss[i] / (best->floor + best->amplitude * std::pow(x[i], -best->exponent))));
  return std::max(1.0, advice::inflation_of(residual, weights));
}

void judge_late(OwnRun& run) {
  const advice::Diagnosis& d = run.diagnosis;
  const advice::LossCurve& curve = d.curve;
  if (d.rate_known ? d.fits.forms.empty() : d.claims->shapes.empty()) {
    run.no_late = d.rate_known ? "no form could be fitted"
                               : "no form of a constant learning rate describes its end, and the rate is not recorded";
    return;
  }
  if (d.signature.diverged || d.signature.late_rise) {
    run.no_late = d.signature.diverged ? "it diverged" : "its loss rises late";
    return;
  }
  std::vector<std::size_t> usable;
  for (std::size_t b = 0; b < curve.x.size(); ++b)
    if (std::isnan(curve.decay_begin) || curve.last_step[b] <= curve.decay_begin) usable.push_back(b);
  if (usable.empty()) {
    run.no_late = "its learning rate decays throughout";
    return;
  }
  const double end = curve.x[usable.back()];
  run.from = end / kLateFactor;
  if (!d.rate_known) run.from = std::max(run.from, std::min(d.claims->first_step_used, end));
  if (d.bend.identified && d.bend.value) run.from = std::max(run.from, std::min(*d.bend.value, end));
  std::vector<double> x, loss;
  fitting::FloorRangeOptions options;
  const bool all_noisy = std::all_of(curve.sd.begin(), curve.sd.end(), [](double sd) { return sd > 0; });
  for (const std::size_t b : usable) {
    if (curve.x[b] < run.from) continue;
    x.push_back(curve.x[b]);
    loss.push_back(curve.loss[b]);
    if (!d.fits.options.weights.empty())
      options.weights.push_back(d.fits.options.weights[b]);
    else if (all_noisy)
      options.weights.push_back(1 / (curve.sd[b] * curve.sd[b]));
  }
  if (x.size() < kFewestBlocks || x.back() < kShortestFactor * x.front()) {
    run.no_late = fmt::format("only {} block{} after the bend and before any decay, over a factor {}", x.size(),
                              x.size() == 1 ? "" : "s", x.empty() ? "1" : base::format_number(x.back() / x.front(), 2));
    return;
  }
  options.variance_inflation = inflation_at(fitting::exponent_over_floors(x, loss, options), x, loss, options.weights);
  run.late = FloorMeasurement{curve.name, axis_of(curve.clock), curve.quantity,
                              fitting::exponent_over_floors(x, loss, options)};
  if (!(run.late->range.dof > 0)) run.no_late = "its late part has too few independent blocks for an interval";
}

}  // namespace

void OwnRunsRequest::validate() const {
  schedule.validate();
  if (!curves.empty()) return;
  const bool given = !run.empty() || !read.col.empty() || !read.loss.empty() || !read.scale.empty() ||
                     !read.where.empty() || schedule.given();
  if (given)
    throw base::InputError(
        {"--curves"},
        "expected files with loss curves, because run, col, loss, scale, where, warmup and decay are "
        "about them; found none");
}

std::vector<OwnRun> judged_runs(std::span<const tables::Curve> curves, const advice::DiagnoseOptions& options) {
  std::vector<OwnRun> runs;
  for (advice::Diagnosis& diagnosis : advice::diagnose(curves, options)) {
    OwnRun& run = runs.emplace_back();
    run.diagnosis = std::move(diagnosis);
    judge_start(run);
    judge_bend(run);
    judge_late(run);
  }
  return runs;
}

Effect between_runs(std::span<const double> values, std::span<const double> errors) {
  PHASELAW_CHECK_EQ(values.size(), errors.size());
  Effect effect;
  if (values.size() < 2) return effect;
  const auto q_of = [&](double square) {
    double w = 0, wy = 0, q = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double weight = 1 / (errors[i] * errors[i] + square);
      w += weight;
      wy += weight * values[i];
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      q += (values[i] - wy / w) * (values[i] - wy / w) / (errors[i] * errors[i] + square);
    return q;
  };
  // Q falls with the variance between runs, so each quantile of its distribution gives one end; 0 if it is below.
  const double dof = static_cast<double>(values.size() - 1);
  const auto solve = [&](double quantile) {
    if (q_of(0) <= quantile) return 0.0;
    double lo = 0, hi = 1;
    while (q_of(hi) > quantile) hi *= 2;
    for (int i = 0; i < 100; ++i) {
      const double middle = 0.5 * (lo + hi);
      (q_of(middle) > quantile ? lo : hi) = middle;
    }
    return std::sqrt(hi);
  };
  double w = 0, ww = 0;
  for (const double error : errors) {
    w += 1 / (error * error);
    ww += 1 / std::pow(error, 4);
  }
  effect.lo = solve(numerics::chi_squared_quantile(0.975, dof));
  effect.hi = solve(numerics::chi_squared_quantile(0.025, dof));
  effect.value = std::clamp(std::sqrt(std::max(0.0, (q_of(0) - dof) / (w - ww / w))), effect.lo, effect.hi);
  effect.degrees = kInfinity;
  return effect;
}

}  // namespace phaselaw::reproduce
