// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/error_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/gram.h"
#include "phaselaw/fitting/row_noise.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kCut = 1.345;
constexpr std::size_t kLeastRobust = 10, kLeastUneven = 5;  // degrees of freedom
constexpr double kLeastRest = 0.05;                         // 1 - leverage, in the test for uneven noise
constexpr double kSmallestScale = 1e-9;                     // residuals below are rounding of an exact fit

class ErrorEstimate {
 public:
  ErrorEstimate(Refitter& refitter, const FitOptions& options, numerics::LeastSquaresResult& optimum)
      : refitter_(refitter),
        options_(options),
        optimum_(optimum),
        n_(refitter.form().n_rows()),
        k_(optimum.parameters.size()),
        dof_(n_ > k_ ? n_ - k_ : 1) {}

  ErrorModel run() {
    model_.cut = std::numeric_limits<double>::infinity();
    const double mean_square = 2 * optimum_.cost / static_cast<double>(n_);
    if (mean_square < kSmallestScale * kSmallestScale) return std::move(model_);  // rounding has no scale to follow
    if (options_.cluster.empty()) find_groups();
    refit();
    if (dof_ >= kLeastUneven && options_.cluster.empty() && model_.groups.empty() && options_.sd.empty()) find_slope();
    return std::move(model_);
  }

 private:
  [[nodiscard]] std::vector<double> residuals() const {
    std::vector<double> r(n_);
    refitter_.residuals(optimum_.parameters, r, {});
    return r;
  }

  // Refits with the cut at 1.345 times the scale of the residuals, until the scale repeats.
  void refit() {
    const auto again = [&](double tolerance) {
      numerics::LeastSquaresResult next = refitter_.solve(optimum_.parameters, tolerance, true);
      if (next.status != numerics::LeastSquaresStatus::failed) optimum_ = std::move(next);
    };
    if (dof_ < kLeastRobust) return again(1e-9);
    double scale = 0;
    for (int i = 0; i < 25; ++i) {
      std::vector<double> size = residuals();
      for (double& r : size) r = std::abs(r);
      double next = numerics::median(size) / 0.6745 * std::sqrt(static_cast<double>(n_) / static_cast<double>(dof_));
      next = std::max(next, kSmallestScale);
      const bool repeats = std::abs(next - scale) < 1e-7 * next;
      scale = i > 12 ? 0.5 * (next + scale) : next;  // a median can jump between two values for ever
      model_.cut = kCut * scale;
      refitter_.set_cut(model_.cut);
      again(1e-9);
      if (repeats) break;
    }
  }

  // Values of n_params that group the rows, if their mean residuals differ by more than the scatter within.
  void find_groups() {
    const auto& names = refitter_.form().law().columns();
    if (names.size() < 2 || std::find(names.begin(), names.end(), "n_params") == names.end()) return;
    const std::vector<double> sizes = refitter_.form().data().columns.get("n_params");
    std::vector<double> sorted = sizes;
    std::sort(sorted.begin(), sorted.end());
    const auto end = std::unique(sorted.begin(), sorted.end());
    if (5 * static_cast<std::size_t>(end - sorted.begin()) > 2 * n_) return;
    const std::vector<double> r = residuals();
    std::map<double, std::pair<double, std::size_t>> groups;  // sum of residuals, rows
    double total = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      auto& [sum, count] = groups[sizes[i]];
      sum += r[i];
      ++count;
      total += r[i] * r[i];
    }
    const std::size_t g = groups.size();
    const bool repeated =
        std::all_of(groups.begin(), groups.end(), [](const auto& item) { return item.second.second >= 2; });
    if (g < 3 || !repeated || 5 * g > 2 * n_ || n_ < g + 3) return;
    double between = 0;
    for (const auto& [size, group] : groups) between += group.first * group.first / static_cast<double>(group.second);
    const double df_between = std::max(static_cast<double>(g) - 3, 1.0), df_within = static_cast<double>(n_ - g - 2);
    const double ratio = (between / df_between) / std::max((total - between) / df_within, 1e-300);
    if (ratio < numerics::f_quantile(0.99, df_between, df_within)) return;
    for (const double size : sizes) model_.groups.push_back(fmt::format("n_params = {}", size));
  }

  // How the size of the residuals changes with the logarithm of the rows' sizes.
  void find_slope() {
    const std::vector<double> sizes = row_sizes(refitter_.form().data().columns);
    if (sizes.empty()) return;
    std::vector<double> x(n_);
    for (std::size_t i = 0; i < n_; ++i) x[i] = std::log(sizes[i]);
    const double middle = numerics::mean(x);
    double sxx = 0, reach = 0;
    for (double& v : x) {
      v -= middle;
      sxx += v * v;
      reach = std::max(reach, std::abs(v));
    }
    if (!(sxx > 0) || !std::isfinite(sxx)) return;
    constexpr double kLargest = 3.4;  // at most a factor 30 between the middle and the farthest row
    for (int round = 0; round < 6; ++round) {
      const Gram gram(refitter_, optimum_.parameters);
      if (gram.singular()) return;
      const UnevenTest uneven = test_uneven(gram.residuals(), gram.leverages(), x, kLeastRest);
      if (round == 0 && uneven.p_value > (dof_ < 12 ? 0.1 : 0.05)) return;
      model_.exponent = std::clamp(model_.exponent + uneven.slope, -kLargest / reach, kLargest / reach);
      model_.row_factors.resize(n_);
      for (std::size_t i = 0; i < n_; ++i) model_.row_factors[i] = std::exp(-model_.exponent * x[i]);
      refitter_.set_row_factors(model_.row_factors);
      refit();
      if (std::abs(uneven.slope) * std::sqrt(sxx / static_cast<double>(n_)) < 0.02) return;
    }
  }

  Refitter& refitter_;
  const FitOptions& options_;
  numerics::LeastSquaresResult& optimum_;
  std::size_t n_, k_, dof_;
  ErrorModel model_;
};

}  // namespace

FitOptions ErrorModel::applied_to(FitOptions options) const {
  options.delta = cut;
  if (std::isinf(cut)) {
    options.delta.reset();
    options.objective = Objective::l2;
  }
  options.row_factors = row_factors;
  if (!groups.empty()) options.cluster = groups;
  return options;
}

std::vector<double> row_sizes(const tables::Columns& columns) {
  for (const char* name : {"compute", "n_params", "tokens", "step"}) {
    try {
      return columns.get(name);
    } catch (const base::InputError&) {
      continue;
    }
  }
  return {};
}

ErrorModel estimate_errors(Refitter& refitter, const FitOptions& options, numerics::LeastSquaresResult& optimum) {
  PHASELAW_CHECK(options.follows_residuals());
  return ErrorEstimate(refitter, options, optimum).run();
}

}  // namespace phaselaw::fitting
