// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/row_cleaning.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/numerics/running_median.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kLevelRows = 15;   // of a level that is compared across a fall of the step counter
constexpr double kSameLevel = 0.02;      // relative difference of levels that are the same
constexpr std::size_t kSpikeMedian = 9;  // rows
constexpr double kSpikeHeight = 0.10;    // relative
constexpr double kSpikeErrors = 7;
constexpr double kWildErrors = 7;
constexpr std::size_t kLeastRowsForSpikes = 200;
constexpr double kMadToDeviation = 1.4826;

double median_between(const std::vector<double>& x, std::size_t from, std::size_t to) {
  return numerics::median(std::span(x).subspan(from, std::min(to, x.size()) - from));
}

// Standard deviation of the differences of neighbours among the last rows, as one of a row.
double roughness_of_last(const std::vector<double>& loss) {
  const std::size_t from = loss.size() > 61 ? loss.size() - 61 : 0;
  double sum = 0, squares = 0, n = 0;
  for (std::size_t i = from; i + 1 < loss.size(); ++i) {
    const double d = loss[i + 1] - loss[i];
    sum += d;
    squares += d * d;
    ++n;
  }
  return n > 0 ? std::sqrt(std::max(squares / n - sum / n * (sum / n), 0.0) / 2) : 0;
}

// Whether the levels before and after a fall of the step counter agree: the row now lies at the row k of the kept rows.
bool continues_from(const CleanRows& kept, std::size_t k, const std::vector<double>& later, std::size_t now) {
  const std::size_t before = kept.step.size() - k, after = later.size() - now;
  const std::size_t rows = std::max<std::size_t>(3, std::min({kLevelRows, before, after}));
  const double level_before = median_between(kept.loss, k, k + rows);
  const double level_after = median_between(later, now, now + rows);
  const double used = static_cast<double>(std::min({rows, before, after}));
  const double error = roughness_of_last(kept.loss) * 1.3 / std::sqrt(used);
  return std::abs(level_after - level_before) <= std::max(6 * error, kSameLevel * std::abs(level_before));
}

template <class Keep>
void keep_rows(CleanRows& rows, const Keep& keep) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.step.size(); ++i) {
    if (!keep(i)) continue;
    rows.step[kept] = rows.step[i];
    rows.loss[kept++] = rows.loss[i];
  }
  rows.step.resize(kept);
  rows.loss.resize(kept);
}

// Whether all values are whole multiples of the unit away from the first.
bool multiples_of(double unit, std::span<const double> values) {
  for (const double v : values) {
    const double count = (v - values.front()) / unit;
    if (!(std::abs(count) < 1e6) || std::abs(count - std::round(count)) > 1e-4 + 4e-16 * std::abs(v / unit))
      return false;
  }
  return true;
}

}  // namespace

CleanRows rows_in_order(const CurveRows& rows) {
  CleanRows out;
  std::vector<double> step, loss;
  const std::size_t n = std::min(rows.step.size(), rows.loss.size());
  step.reserve(n);
  loss.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(rows.loss[i]) || !std::isfinite(rows.step[i])) {
      ++out.not_finite;
    } else if (rows.step[i] > 0) {
      step.push_back(rows.step[i]);
      loss.push_back(rows.loss[i]);
    }
  }
  out.step.reserve(step.size());
  out.loss.reserve(step.size());
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (!out.step.empty() && step[i] == out.step.back()) {
      out.loss.back() = loss[i];
      continue;
    }
    if (!out.step.empty() && step[i] < out.step.back()) {
      const auto same = std::lower_bound(out.step.begin(), out.step.end(), step[i]);
      auto k = static_cast<std::size_t>(same - out.step.begin());
      if (continues_from(out, k, loss, i)) {
        out.resumed = true;
      } else {
        out.reset = true;
        k = 0;
      }
      out.step.resize(k);
      out.loss.resize(k);
    }
    out.step.push_back(step[i]);
    out.loss.push_back(loss[i]);
  }
  return out;
}

namespace {

// The excess from which a median counts as a spike, for each quarter of the record: the noise may grow or shrink.
constexpr std::size_t kNoiseParts = 4;
std::array<double, kNoiseParts> spike_thresholds(std::span<const double> excess) {
  std::array<double, kNoiseParts> threshold{};
  for (std::size_t p = 0; p < kNoiseParts; ++p) {
    const std::size_t from = p * excess.size() / kNoiseParts, to = (p + 1) * excess.size() / kNoiseParts;
    const std::span<const double> part = excess.subspan(from, to - from);
    std::vector<double> deviations;
    if (!part.empty()) {
      const double middle = numerics::median(part);
      for (const double e : part) deviations.push_back(std::abs(e - middle));
    }
    const double scatter = deviations.empty() ? 0 : kMadToDeviation * numerics::median(deviations);
    threshold[p] = std::max(kSpikeHeight, kSpikeErrors * scatter);
  }
  return threshold;
}

}  // namespace

std::vector<CurveSpike> cut_spikes(CleanRows& rows, double correlation_time) {
  const std::size_t n = rows.step.size();
  if (n < kLeastRowsForSpikes) return {};
  const std::vector<double> centred = numerics::running_median(rows.loss, kSpikeMedian / 2);
  const std::size_t edge = kSpikeMedian / 2;
  const std::span<const double> medians = std::span(centred).subspan(edge, n - 2 * edge);
  const double count = static_cast<double>(n);
  const auto half = static_cast<std::size_t>(std::min(std::max({60.0, 0.02 * count, 10 * correlation_time}), count));
  const std::vector<double> level = numerics::running_median(medians, half);
  std::vector<double> excess(medians.size());
  for (std::size_t i = 0; i < excess.size(); ++i) excess[i] = medians[i] / level[i] - 1;
  const std::size_t first = std::max(half, static_cast<std::size_t>(0.03 * count));
  if (first >= excess.size()) return {};
  const auto judged = std::span<const double>(excess).subspan(first);
  const std::array<double, kNoiseParts> threshold = spike_thresholds(judged);

  std::vector<CurveSpike> spikes;
  std::vector<bool> cut(n, false);
  const auto apart = static_cast<std::size_t>(std::max(20.0, 3 * correlation_time));
  const auto recovery = static_cast<std::size_t>(std::max(60.0, 5 * correlation_time));
  std::size_t last = 0, cut_to = 0;
  for (std::size_t i = first; i < excess.size(); ++i) {
    if (!(excess[i] > threshold[(i - first) * kNoiseParts / judged.size()])) continue;
    if (spikes.empty() || i > last + apart) spikes.push_back({rows.step[i + edge], excess[i]});
    spikes.back().height = std::max(spikes.back().height, excess[i]);
    const std::size_t end = std::min(n, i + edge + recovery);
    for (std::size_t k = std::max(cut_to, i > 10 ? i - 10 : 0); k < end; ++k) cut[k] = true;
    cut_to = end;
    last = i;
  }
  if (!spikes.empty()) keep_rows(rows, [&](std::size_t i) { return !cut[i]; });
  return spikes;
}

void leave_out_wild_rows(CleanRows& rows, double noise) {
  const std::size_t n = rows.step.size();
  const std::vector<double> level = numerics::running_median(rows.loss, kLevelRows / 2);
  std::vector<bool> wild(n, false);
  std::size_t found = 0;
  for (std::size_t i = std::max<std::size_t>(30, n / 100); i < n; ++i) {
    wild[i] = std::abs(rows.loss[i] / level[i] - 1) > kWildErrors * noise;
    found += wild[i] ? 1 : 0;
  }
  if (found == 0 || found * 100 > n) return;
  rows.wild = found;
  keep_rows(rows, [&](std::size_t i) { return !wild[i]; });
}

double rounding_unit(std::span<const double> loss) {
  if (loss.size() < 3) return 0;
  std::vector<double> gaps;
  for (std::size_t i = 0; i + 1 < loss.size(); ++i) gaps.push_back(std::abs(loss[i + 1] - loss[i]));
  const double typical = numerics::median(gaps), level = std::abs(numerics::median(loss));
  std::vector<double> sorted(loss.begin(), loss.end());
  std::sort(sorted.begin(), sorted.end());
  double smallest = 0;
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    const double gap = sorted[i + 1] - sorted[i];
    if (gap > 1e-9 * level && (smallest == 0 || gap < smallest)) smallest = gap;
  }
  if (smallest == 0) return 0;  // all losses are equal
  // A unit matters only where a row moves by a few units, so that units far below the usual change need no search.
  double unit = multiples_of(smallest, loss) ? smallest : 0;
  const double digits = std::floor(std::log10(std::max(level, 1e-300)));
  for (int k = 1; unit == 0 && k <= 5; ++k) {
    const double decimal = std::pow(10.0, digits - k);
    if (std::isfinite(1 / decimal) && decimal > 0.05 * typical && multiples_of(decimal, loss)) unit = decimal;
  }
  return unit > 0.05 * typical ? unit : 0;
}

}  // namespace phaselaw::advice
