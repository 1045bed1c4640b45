// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/time_columns.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace phaselaw::advice {

namespace {

constexpr std::size_t kAlphas = 16;
constexpr double kLeastAlpha = 0.05, kLargestAlpha = 2;
constexpr std::array<double, 10> kOffsets = {-0.02, -0.01, 0,    0.01, 0.02,
                                             0.04,  0.08,  0.15, 0.3,  0.6};  // of the sum of learning rates now
constexpr double kLeastShare = 1e-3;  // of the sum now: a smaller argument of the power is replaced by it
constexpr std::array<double, 3> kGammas = {0.4, 0.7, 1};
constexpr std::array<double, 3> kLags = {0, 0.05, 0.3};  // of the steps of the run
constexpr std::size_t kPieces = 128;                     // of a decay

// The sum of learning rates at the nodes of the plan, and linear between nodes for the rate.
class SummedRates {
 public:
  explicit SummedRates(const RatePlan& plan) : plan_(plan), sum_(plan.step.size(), 0.0) {
    for (std::size_t i = 1; i < sum_.size(); ++i)
      sum_[i] = sum_[i - 1] + 0.5 * (plan.rate[i] + plan.rate[i - 1]) * (plan.step[i] - plan.step[i - 1]);
  }
  [[nodiscard]] double at(double step) const {
    const auto above = std::upper_bound(plan_.step.begin(), plan_.step.end(), step);
    if (above == plan_.step.begin()) return plan_.rate.front() * step;
    const auto i = static_cast<std::size_t>(above - plan_.step.begin()) - 1;
    return sum_[i] + 0.5 * (plan_.rate[i] + plan_.rate_at(step)) * (step - plan_.step[i]);
  }
  [[nodiscard]] double at_node(std::size_t i) const { return sum_[i]; }

 private:
  const RatePlan& plan_;
  std::vector<double> sum_;
};

// Decreases of the rate to the power gamma after its peak, in at most kPieces pieces; increases are negative.
struct Decreases {
  std::vector<double> step, sum, size;  // where each ends, in steps and as summed rate
};

Decreases decreases_of(const RatePlan& plan, const SummedRates& sums, double gamma) {
  const auto peak = static_cast<std::size_t>(std::max_element(plan.rate.begin(), plan.rate.end()) - plan.rate.begin());
  Decreases out;
  const std::size_t nodes = plan.rate.size() - 1 - peak, stride = std::max<std::size_t>(1, nodes / kPieces);
  for (std::size_t i = peak; i + 1 < plan.rate.size(); i += stride) {
    const std::size_t next = std::min(i + stride, plan.rate.size() - 1);
    const double size = std::pow(plan.rate[i], gamma) - std::pow(plan.rate[next], gamma);
    if (size == 0) continue;
    out.step.push_back(plan.step[next]);
    out.sum.push_back(0.5 * (sums.at_node(i) + sums.at_node(next)));
    out.size.push_back(size);
  }
  return out;
}

// D without its scale.
std::vector<double> drops(const RatePlan& plan, const SummedRates& sums, double gamma, double lag,
                          const std::vector<double>& steps) {
  const double peak = *std::max_element(plan.rate.begin(), plan.rate.end());
  const auto top = static_cast<std::size_t>(std::max_element(plan.rate.begin(), plan.rate.end()) - plan.rate.begin());
  const Decreases falls = decreases_of(plan, sums, gamma);
  std::vector<double> out;
  for (const double step : steps) {
    double total = 0;
    if (!(lag > 0)) {
      total = step > plan.step[top] ? std::pow(peak, gamma) - std::pow(plan.rate_at(step), gamma) : 0;
    } else {
      const double now = sums.at(step);
      for (std::size_t k = 0; k < falls.size.size() && falls.sum[k] < now; ++k)
        total += falls.size[k] * (1 - 1 / std::sqrt(1 + (now - falls.sum[k]) / lag));
    }
    out.push_back(total);
  }
  return out;
}

}  // namespace

TimeBasis::TimeBasis(const RatePlan& plan, double now, double to) : to_(to) {
  const SummedRates sums(plan);
  sum_now_ = sums.at(now);
  const auto peak = std::max_element(plan.rate.begin(), plan.rate.end());
  const double depth = *peak - *std::min_element(peak, plan.rate.end());
  for (const double gamma : kGammas)
    for (const double lag : kLags) {
      const double end = drops(plan, sums, gamma, lag * to, {to}).front();
      scale_.push_back(depth > 1e-9 && end > 1e-12 ? depth / end : 0);
    }
}

TimeColumns TimeBasis::columns_at(const std::vector<double>& steps, const RatePlan& plan) const {
  const SummedRates sums(plan);
  TimeColumns out;
  std::vector<double> sum;
  for (const double step : steps) sum.push_back(sums.at(step));
  for (const double offset : kOffsets)
    for (std::size_t k = 0; k < kAlphas; ++k) {
      std::vector<double> column;
      const double s0 = offset * sum_now_, alpha = alpha_of(k);
      for (const double s : sum)
        column.push_back(std::pow(std::max(s + s0, kLeastShare * sum_now_) / (sum_now_ + s0), -alpha));
      out.power.push_back(std::move(column));
    }
  std::size_t i = 0;
  for (const double gamma : kGammas)
    for (const double lag : kLags) {
      std::vector<double> column = drops(plan, sums, gamma, lag * to_, steps);
      for (double& d : column) d *= scale_[i];
      out.drop.push_back(std::move(column));
      ++i;
    }
  return out;
}

double TimeBasis::alpha_of(std::size_t power) {
  const double share = static_cast<double>(power % kAlphas) / (kAlphas - 1);
  return kLeastAlpha * std::pow(kLargestAlpha / kLeastAlpha, share);
}

}  // namespace phaselaw::advice
