// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/backtest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::fitting {

namespace {

constexpr std::array kShares = {0.5, 0.6, 0.7, 0.8, 0.9};

// The first position at or after `at` where the size changes, so that equal sizes stay together.
std::size_t boundary(const std::vector<std::size_t>& order, const std::vector<double>& size, std::size_t at) {
  while (at > 0 && at < order.size() && size[order[at]] == size[order[at - 1]]) ++at;
  return at;
}

}  // namespace

std::vector<Slice> slices_of(const tables::Columns& columns, std::span<const double> shares) {
  const std::vector<double> size = row_sizes(columns);
  std::vector<std::size_t> order(size.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return size[a] < size[b]; });
  std::vector<Slice> slices;
  for (const double share : shares) {
    // The small addition lets 0.7 of 10 rows be 7 of them.
    const auto wanted = static_cast<std::size_t>(std::floor(share * static_cast<double>(order.size()) + 1e-9));
    const std::size_t first = boundary(order, size, wanted);
    if (first == 0 || first >= order.size()) continue;
    if (!slices.empty() && slices.back().fitted.size() == first) continue;
    const auto middle = order.begin() + static_cast<std::ptrdiff_t>(first);
    slices.push_back({{order.begin(), middle}, {middle, order.end()}, size[order.back()] / size[order[first - 1]]});
  }
  return slices;
}

std::vector<Slice> backtest_slices(const tables::Columns& columns) { return slices_of(columns, kShares); }

std::size_t least_rows(const laws::Law& law, const FitOptions& options) {
  const auto free = std::count_if(law.parameters.begin(), law.parameters.end(),
                                  [&](const laws::Parameter& p) { return !options.fix.contains(p.name); });
  return static_cast<std::size_t>(free) + 1;
}

namespace {

// Of very many rows, evenly chosen ones, in their order: the error of a fit to 20,000 rows is far below the error of its
// prediction.
std::vector<std::size_t> thinned(const std::vector<std::size_t>& rows) {
  constexpr std::size_t kMost = 20'000;
  if (rows.size() <= kMost) return rows;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < kMost; ++i) chosen.push_back(rows[i * (rows.size() - 1) / (kMost - 1)]);
  return chosen;
}

}  // namespace

std::optional<Holdout> predict_slice(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                                     const Slice& slice, const Fit* full) {
  if (slice.fitted.size() < least_rows(law, options) || slice.predicted.empty()) return std::nullopt;
  const std::vector<std::size_t> fitted = thinned(slice.fitted);
  FitOptions part = options.rows(fitted);
  part.interval = IntervalMethod::none;
  if (full != nullptr && !full->value.empty()) {
    part.starts.push_back(named_values(*full));
    part.brief = true;
  }
  Fit fit;
  try {
    fit = fit_law(law, data.rows(fitted), part);
  } catch (const base::InputError&) {
    return std::nullopt;  // too few rows with weight
  }
  if (fit.value.empty()) return std::nullopt;
  const tables::Measurements rest = data.rows(slice.predicted);
  const std::vector<double> value = evaluate(law, rest.columns, fit.value);
  Holdout result;
  result.n_fitted = slice.fitted.size();
  result.n_predicted = slice.predicted.size();
  result.fraction = static_cast<double>(result.n_predicted) / static_cast<double>(result.n_fitted + result.n_predicted);
  result.compute_factor = slice.compute_factor;
  result.certified = fit.convergence.certified;
  result.rows = slice.predicted;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double error = value[i] / rest.output[i] - 1;
    result.predicted.push_back(error);
    result.mean_abs_rel_error += std::abs(error) / static_cast<double>(value.size());
    result.bias += error / static_cast<double>(value.size());
  }
  return result;
}

std::optional<Holdout> holdout(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                               double fraction, const Fit* full) {
  if (!(fraction > 0 && fraction < 1))
    throw base::InputError(fmt::format("holdout: expected a fraction in (0, 1), found {}", fraction));
  const double share = 1 - fraction;
  const std::vector<Slice> slices = slices_of(data.columns, {&share, 1});
  return slices.empty() ? std::nullopt : predict_slice(law, data, options, slices.front(), full);
}

std::vector<Holdout> backtest(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                              const Fit* full) {
  std::vector<Holdout> results;
  for (const Slice& slice : backtest_slices(data.columns))
    if (auto result = predict_slice(law, data, options, slice, full)) results.push_back(std::move(*result));
  return results;
}

}  // namespace phaselaw::fitting
