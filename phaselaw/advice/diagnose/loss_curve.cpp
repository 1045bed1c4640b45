// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/loss_curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kKeepRows = 120;  // curves with at most this many rows are not thinned
constexpr double kBins = 100;           // number of blocks per curve
constexpr std::size_t kNoiseRows = 8;   // rows in a block needed to measure its noise
constexpr std::size_t kLagRows = 32;    // rows in a block needed to measure its autocorrelation
constexpr double kStableShare = 0.5;    // share of the steps that a stable phase must contain to be fitted alone
constexpr double kStableFactor = 4;     // factor of the clock that a stable phase must span to be fitted alone
constexpr double kRise = 0.02;          // relative amount by which the end must lie above the minimum
constexpr double kRiseSd = 5;           // and the same in standard deviations of a block

// Residuals of y about its least-squares line in t.
std::vector<double> about_line(std::span<const double> t, std::span<const double> y) {
  const double mean_t = numerics::mean(t), mean_y = numerics::mean(y);
  double tt = 0, ty = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    tt += (t[i] - mean_t) * (t[i] - mean_t);
    ty += (t[i] - mean_t) * (y[i] - mean_y);
  }
  const double slope = tt > 0 ? ty / tt : 0;
  std::vector<double> left(t.size());
  for (std::size_t i = 0; i < t.size(); ++i) left[i] = y[i] - mean_y - slope * (t[i] - mean_t);
  return left;
}

struct RowRange {
  std::size_t begin, end;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};

std::vector<RowRange> bins_of(const std::vector<double>& x) {
  std::vector<RowRange> bins;
  if (x.size() <= kKeepRows) {
    for (std::size_t i = 0; i < x.size(); ++i) bins.push_back({i, i + 1});
    return bins;
  }
  const double width = std::log(x.back() / x.front()) / kBins;
  for (std::size_t i = 0; i < x.size();) {
    // The last row closes the last bin.
    const double end = width > 0 ? std::min(std::floor(std::log(x[i] / x.front()) / width) + 1, kBins) : kBins;
    std::size_t j = i + 1;
    while (j < x.size() && (end == kBins || std::log(x[j] / x.front()) < end * width)) ++j;
    bins.push_back({i, j});
    i = j;
  }
  return bins;
}

// Residuals of a block with its variance, for the autocorrelation.
struct BlockResiduals {
  std::vector<double> left;
  double variance = 0;
  [[nodiscard]] std::size_t lags() const { return left.size() / 5; }
};

// Sums of products at a lag over the blocks that are long enough for it.
double lagged_sum(const std::vector<BlockResiduals>& blocks, std::size_t lag) {
  double sum = 0;
  for (const BlockResiduals& block : blocks) {
    if (lag > block.lags()) continue;
    double product = 0;
    for (std::size_t i = lag; i < block.left.size(); ++i) product += block.left[i] * block.left[i - lag];
    sum += product / block.variance;
  }
  return sum;
}

// Noise variance by block (of the nearest block with enough rows) and the autocorrelation time.
void measure_noise(const std::vector<double>& log_x, const std::vector<double>& log_loss,
                   const std::vector<RowRange>& bins, std::vector<double>& variance, Blocks& out) {
  std::vector<BlockResiduals> lagged;
  std::size_t most_lags = 0;
  double pooled = 0, pooled_dof = 0;
  variance.assign(bins.size(), -1);
  for (std::size_t b = 0; b < bins.size(); ++b) {
    if (bins[b].size() < kNoiseRows) continue;
    std::vector<double> left = about_line(std::span(log_x).subspan(bins[b].begin, bins[b].size()),
                                          std::span(log_loss).subspan(bins[b].begin, bins[b].size()));
    double square = 0;
    for (const double e : left) square += e * e;
    const double dof = static_cast<double>(left.size()) - 2;
    variance[b] = square / dof;
    pooled += square;
    pooled_dof += dof;
    if (left.size() < kLagRows || !(square > 0)) continue;
    lagged.push_back({std::move(left), variance[b]});
    most_lags = std::max(most_lags, lagged.back().lags());
  }
  if (pooled_dof == 0) return;
  out.noise = std::sqrt(pooled / pooled_dof);
  // Longer lags come from fewer blocks; dividing by the same sum at lag 0 keeps the share of rows.
  const double at_zero = lagged_sum(lagged, 0);
  for (std::size_t k = 1; k <= most_lags; ++k) {
    const double sum = lagged_sum(lagged, k);
    if (!(sum > 0)) break;
    out.correlation_time += 2 * sum / at_zero;
  }
  for (std::size_t b = 0; b < bins.size(); ++b) {
    if (bins[b].size() >= kNoiseRows) continue;
    for (std::size_t away = 1; away < bins.size() && variance[b] < 0; ++away)
      for (const std::size_t other : {b + away, b - away})
        if (other < bins.size() && bins[other].size() >= kNoiseRows && variance[b] < 0) variance[b] = variance[other];
  }
}

// Used if the rows do not show their noise: the slope of the last third or half is positive by three standard errors,
// or the end lies far above what the roughness of the rows explains.
// A short record rises if its last four blocks or more, up from the lowest one, each lie above the block before.
bool rises_late(const Blocks& blocks) {
  const std::size_t n = blocks.x.size();
  const auto lowest = std::min_element(blocks.loss.begin(), blocks.loss.end());
  if (n < 10 && blocks.loss.end() - lowest >= 4 && std::is_sorted(lowest, blocks.loss.end())) return true;
  for (const std::size_t kept : {n / 3, n / 2}) {
    if (kept < 5) continue;
    std::vector<double> t, y;
    for (std::size_t b = n - kept; b < n; ++b) {
      t.push_back(std::log(blocks.x[b]));
      y.push_back(std::log(blocks.loss[b]));
    }
    if (y.back() - *std::min_element(y.begin(), y.end()) > 2 * kRiseSd * roughness(y)) return true;
    const double mean_t = numerics::mean(t);
    double tt = 0, ty = 0, left = 0;
    for (std::size_t i = 0; i < kept; ++i) {
      tt += (t[i] - mean_t) * (t[i] - mean_t);
      ty += (t[i] - mean_t) * y[i];
    }
    for (const double e : about_line(t, y)) left += e * e;
    if (tt > 0 && ty / tt > 3 * std::sqrt(left / static_cast<double>(kept - 2) / tt)) return true;
  }
  return false;
}

struct Row {
  double x, loss, step, drop;
};

// The clock that the record provides, and the column it is taken from.
const std::vector<double>& axis_of(const tables::Curve& data, std::string& clock, std::string& unit) {
  const auto has = [](const std::vector<double>& axis) { return !axis.empty(); };
  if (has(data.compute)) {
    clock = "compute";
    unit = "FLOP";
    return data.compute;
  }
  if (has(data.tokens)) {
    clock = "tokens";
    unit = "tokens";
    return data.tokens;
  }
  clock = "step";
  unit = "steps";
  return data.step;
}

void cut(std::vector<Row>& rows, std::size_t keep, std::size_t& counted) {
  counted = rows.size() - keep;
  rows.resize(keep);
}

// Removes the decay phase, or requests the annealing term.
void treat_decay(const tables::ScheduleSums& sums, std::vector<Row>& rows, LossCurve& curve) {
  if (!sums.decays) return;
  curve.decay_begin = sums.decay_begin;
  const auto first = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.step >= sums.warmup_end; });
  const auto decay = std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.step > sums.decay_begin; });
  if (decay == rows.end()) return;
  const bool stable = first < decay && std::prev(decay)->x >= kStableFactor * first->x &&
                      sums.decay_begin - sums.warmup_end >= kStableShare * rows.back().step;
  if (stable) {
    cut(rows, static_cast<std::size_t>(decay - rows.begin()), curve.n_decay);
    curve.notes.push_back(fmt::format(
        "the learning rate decays from step {}: the {} rows after it are not used, so the laws describe the stable phase",
        base::format_count(sums.decay_begin), base::format_count(curve.n_decay)));
  } else {
    curve.annealed = true;
    curve.notes.push_back(
        fmt::format("the learning rate decays from step {}: the laws include the annealing term - K S2",
                    base::format_count(sums.decay_begin)));
  }
}

// The unit of the last decimal with which all losses are recorded; 0 if they have more than six digits or decimals.
double rounding_of(const std::vector<Row>& rows) {
  constexpr int kMostDecimals = 6;
  constexpr double kMostUnits = 1e6, kClose = 1e-7;
  double units = 1;
  for (int decimals = 0; decimals <= kMostDecimals; ++decimals, units *= 10) {
    const bool all = std::all_of(rows.begin(), rows.end(), [&](const Row& row) {
      const double x = row.loss * units;
      return x < kMostUnits && std::abs(x - std::round(x)) < kClose * std::max(1.0, x);
    });
    if (all) return 1 / units;
  }
  return 0;
}

// Nothing can be said of a fall by a few units of the last recorded decimal.
void cut_rounded(std::vector<Row>& rows, LossCurve& curve) {
  constexpr double kFewUnits = 10;
  constexpr std::size_t kFewestRows = 3;
  const double unit = rounding_of(rows), least = (kFewUnits - 0.5) * unit;
  const auto coarse = [&](const Row& row) { return row.loss < least; };
  const auto first = std::find_if(rows.begin(), rows.end(), coarse);
  constexpr double kManyUnits = 100;  // a curve that never was far above them is not recorded coarsely, but small
  const bool fell =
      std::any_of(rows.begin(), rows.end(), [&](const Row& row) { return row.loss >= kManyUnits * unit; });
  if (unit == 0 || !fell || rows.end() - first < static_cast<std::ptrdiff_t>(kFewestRows) ||
      !std::all_of(rows.end() - kFewestRows, rows.end(), coarse))
    return;
  curve.rounding = unit;
  curve.rounded_from = first->step;
  cut(rows, static_cast<std::size_t>(first - rows.begin()), curve.n_rounded);
  curve.notes.push_back(fmt::format(
      "the loss is recorded in units of {} and is below {} of them from step {}: the {} rows from there are not used, "
      "because rounding hides what they do",
      base::format_number(unit), kFewUnits, base::format_count(curve.rounded_from),
      base::format_count(curve.n_rounded)));
}

// The rows with a clock and a positive finite loss, in the order of their steps.
std::vector<Row> usable_rows(const tables::Curve& data, LossCurve& curve) {
  const std::vector<double>& axis = axis_of(data, curve.clock, curve.unit);
  const std::vector<double>& steps = data.step.empty() ? axis : data.step;
  PHASELAW_CHECK(axis.size() == data.loss.size() && steps.size() == data.loss.size());
  std::vector<Row> rows;
  for (std::size_t i = 0; i < axis.size(); ++i) {
    if (!std::isfinite(data.loss[i])) {
      ++curve.n_not_finite;
    } else if (std::isfinite(axis[i]) && std::isfinite(steps[i]) && axis[i] >= 0 && data.loss[i] > 0) {
      rows.push_back({axis[i], data.loss[i], steps[i], 0});
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.step < b.step; });
  return rows;
}

// A restarted run records some steps twice: the later record counts.
void keep_last_records(std::vector<Row>& rows, LossCurve& curve) {
  std::vector<Row> last;
  for (const Row& row : rows) {
    if (!last.empty() && last.back().step == row.step)
      last.back() = row;
    else
      last.push_back(row);
  }
  if (last.size() < rows.size())
    curve.notes.push_back(
        fmt::format("{} rows repeat a step; the last record of each step is used", rows.size() - last.size()));
  rows = std::move(last);
}

// Where the learning rate varies, the clock becomes the sum of learning rates.
void apply_schedule(const tables::Curve& data, const tables::StatedSchedule& schedule, std::vector<Row>& rows,
                    LossCurve& curve) {
  tables::LearningRates rates = data.rates;
  if (schedule.given()) rates = tables::rates_of(schedule, rows.back().step);
  if (!rates.known()) return;
  std::vector<double> at;
  for (const Row& row : rows) at.push_back(row.step);
  const tables::ScheduleSums sums = tables::schedule_sums(rates, at);
  curve.warmup_end = sums.warmup_end;
  if (!sums.varies) return;
  curve.clock = "lr_sum";
  curve.unit = schedule.given() ? "steps at the peak learning rate" : "sum of learning rates";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].x = sums.lr_sum[i];
    rows[i].drop = sums.lr_drop[i];
  }
  treat_decay(sums, rows, curve);
}

void keep_positive_clock(std::vector<Row>& rows, LossCurve& curve) {
  const auto before = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return !(row.x > 0); });
  curve.n_before = static_cast<std::size_t>(before);
  std::erase_if(rows, [](const Row& row) { return !(row.x > 0); });
  // A clock that stands still (a learning rate of 0) says nothing about progress: later rows at the same place join.
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.x < b.x; });
}

// Finds the minimum. Where the curve ends clearly above it, only the blocks up to the minimum are kept for the laws.
void cut_rise(const std::vector<double>& drop, Blocks& blocks, LossCurve& curve) {
  const auto lowest =
      static_cast<std::size_t>(std::min_element(blocks.loss.begin(), blocks.loss.end()) - blocks.loss.begin());
  curve.min_loss = blocks.loss[lowest];
  curve.min_step = blocks.last_step[lowest];
  curve.end_loss = blocks.loss.back();
  const double rise = std::log(curve.end_loss / curve.min_loss);
  const double uncertain = std::hypot(blocks.sd[lowest], blocks.sd.back());
  const bool sure = uncertain > 0 ? rise > kRiseSd * uncertain : rises_late(blocks);
  if (!(rise > kRise && sure && lowest + 1 < blocks.x.size())) return;
  std::size_t keep = 0;
  for (std::size_t b = 0; b <= lowest; ++b) keep += blocks.rows[b];
  curve.n_rise = curve.all_x.size() - keep;
  curve.notes.push_back(
      fmt::format("ends {} above its minimum at step {}: laws are fitted to the curve up to that step",
                  base::format_percent(std::expm1(rise)), base::format_count(curve.min_step)));
  const auto first = [keep](const std::vector<double>& x) {
    return std::vector<double>(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(keep));
  };
  blocks = block_means(first(curve.all_x), first(curve.all_loss), first(drop), curve.all_step);
}

void take_blocks(Blocks&& blocks, LossCurve& curve) {
  curve.x = std::move(blocks.x);
  curve.loss = std::move(blocks.loss);
  curve.sd = std::move(blocks.sd);
  curve.drop = std::move(blocks.drop);
  curve.first_step = std::move(blocks.first_step);
  curve.last_step = std::move(blocks.last_step);
  curve.rows = std::move(blocks.rows);
  curve.noise = blocks.noise;
  curve.correlation_time = blocks.correlation_time;
  curve.thinned = blocks.thinned;
  curve.n_used = std::accumulate(curve.rows.begin(), curve.rows.end(), std::size_t{0});
}

}  // namespace

Blocks block_means(const std::vector<double>& x, const std::vector<double>& loss, const std::vector<double>& drop,
                   const std::vector<double>& step) {
  Blocks out;
  if (x.empty()) return out;
  std::vector<double> log_x, log_loss, variance;
  for (std::size_t i = 0; i < x.size(); ++i) {
    log_x.push_back(std::log(x[i]));
    log_loss.push_back(std::log(loss[i]));
  }
  const std::vector<RowRange> bins = bins_of(x);
  out.thinned = bins.size() < x.size();
  measure_noise(log_x, log_loss, bins, variance, out);
  const auto mean_of = [](const std::vector<double>& values, const RowRange& bin) {
    return values.empty() ? 0.0 : numerics::mean(std::span(values).subspan(bin.begin, bin.size()));
  };
  for (std::size_t b = 0; b < bins.size(); ++b) {
    const double count = static_cast<double>(bins[b].size());
    out.x.push_back(std::exp(mean_of(log_x, bins[b])));
    out.loss.push_back(mean_of(loss, bins[b]));
    out.drop.push_back(mean_of(drop, bins[b]));
    out.first_step.push_back(step[bins[b].begin]);
    out.last_step.push_back(step[bins[b].end - 1]);
    out.rows.push_back(bins[b].size());
    // Rows of a correlated stretch shorter than tau count as less than one independent row each.
    const double worth = count / out.correlation_time;
    out.sd.push_back(variance[b] > 0 ? std::sqrt(variance[b] / worth) : 0);
  }
  return out;
}

double roughness(const std::vector<double>& values) {
  std::vector<double> rough;
  for (std::size_t i = 1; i + 1 < values.size(); ++i)
    rough.push_back(std::abs(values[i - 1] - 2 * values[i] + values[i + 1]) / std::sqrt(6.0));
  return rough.empty() ? 0 : numerics::median(rough) / 0.6745;
}

double LossCurve::step_at(double clock_position) const {
  if (all_x.empty() || !(clock_position >= all_x.front() && clock_position <= all_x.back())) return base::kNaN;
  const auto after = std::lower_bound(all_x.begin(), all_x.end(), clock_position) - all_x.begin();
  if (after == 0) return all_step.front();
  const auto i = static_cast<std::size_t>(after);
  const double share = (clock_position - all_x[i - 1]) / (all_x[i] - all_x[i - 1]);
  return all_step[i - 1] + share * (all_step[i] - all_step[i - 1]);
}

LossCurve prepare(const tables::Curve& data, const tables::StatedSchedule& schedule) {
  schedule.validate();
  LossCurve curve;
  curve.name = data.name;
  curve.quantity = data.quantity;
  curve.role = data.role;
  curve.n_rows = data.loss.size();
  curve.notes = data.notes;
  std::vector<Row> rows = usable_rows(data, curve);
  keep_last_records(rows, curve);
  cut_rounded(rows, curve);
  if (rows.empty()) return curve;
  apply_schedule(data, schedule, rows, curve);
  keep_positive_clock(rows, curve);
  if (rows.empty()) return curve;
  std::vector<double> drop;
  for (const Row& row : rows) {
    curve.all_x.push_back(row.x);
    curve.all_loss.push_back(row.loss);
    curve.all_step.push_back(row.step);
    drop.push_back(row.drop);
  }
  Blocks blocks = block_means(curve.all_x, curve.all_loss, drop, curve.all_step);
  cut_rise(drop, blocks, curve);
  take_blocks(std::move(blocks), curve);
  return curve;
}

}  // namespace phaselaw::advice
