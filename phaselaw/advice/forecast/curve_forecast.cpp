// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/curve_forecast.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Dense>

#include "phaselaw/advice/diagnose/loss_curve.h"
#include "phaselaw/advice/forecast/time_columns.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kFirstShare = 0.04;  // of the last step: earlier rows are left out
constexpr std::size_t kFewestBlocksUsed = 8;
constexpr double kEndShare = 0.03;  // of the steps, for the level at the end
constexpr std::size_t kEndRows = 16;
constexpr double kLeastNoise = 2e-4;  // relative; no recorded loss follows a law more closely
constexpr double kLeastShareOfLoss = 1e-3;
constexpr int kHalvings = 26;         // of the range of a mixture, for a quantile: 1e-6 of its width
constexpr double kNegligible = 1e-4;  // weight of a grid point relative to the largest
constexpr std::array<double, 7> kWander = {2e-4, 7e-4, 2e-3, 5e-3, 1.5e-2, 5e-2, 1.5e-1};

const Eigen::Vector3d kPriorMean(0.5, 0, 0.045), kPriorSd(0.4, 3, 0.025);  // E, A, K
constexpr double kChangeOfK = 0.25;  // relative: how far the annealing to come differs from that seen
constexpr double kPriorAlpha = 0.4, kPriorAlphaFactor = 2.2;

// E, A and K given a grid point, and its weight.
struct GridPoint {
  std::size_t wander = 0, power = 0, drop = 0;
  double log_weight = 0, weight = 0;
  Eigen::Vector3d mean;
  Eigen::Matrix3d covariance;
  double end_walk = 0;   // mean of the walk at later steps
  Eigen::Vector3d seen;  // F' C^-1 c, what the walk's prediction takes from the columns
};

// All columns of one delta, with independent errors of variance 1. Only their products are needed: those of all columns
// with the common ones (loss, 1, walk, drops), and of each power with itself.
struct Whitened {
  Eigen::MatrixXd common;        // common x common
  Eigen::MatrixXd power_common;  // power x common
  Eigen::VectorXd power_square;
  double log_det = 0, walk_variance = 0;
};
enum Column : Eigen::Index { kLoss, kOne, kWalk, kFirstDrop };

double standard_cdf(double x) { return 0.5 * std::erfc(-x * 0.70710678118654752); }

struct Component {
  double weight, mean, sd;
};

double mixture_quantile(const std::vector<Component>& mixture, double p) {
  double lo = base::kInfinity, hi = -base::kInfinity;
  for (const Component& c : mixture) {
    lo = std::min(lo, c.mean - 8 * c.sd);
    hi = std::max(hi, c.mean + 8 * c.sd);
  }
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (lo + hi);
    double below = 0;
    for (const Component& c : mixture)
      below += c.weight * (c.sd > 0 ? standard_cdf((middle - c.mean) / c.sd) : (middle >= c.mean ? 1.0 : 0.0));
    (below < p ? lo : hi) = middle;
  }
  return 0.5 * (lo + hi);
}

LossInterval interval_of(const std::vector<Component>& mixture, double level, double scale) {
  const double tail = 0.5 * (1 - level);
  return {scale * mixture_quantile(mixture, 0.5), scale * mixture_quantile(mixture, tail),
          scale * mixture_quantile(mixture, 1 - tail)};
}

// A loss is positive: a lower end that is not bounded by the rows lies far below the value.
LossInterval positive_interval(LossInterval loss) {
  if (loss.value > 0) loss.lo = std::max(loss.lo, kLeastShareOfLoss * loss.value);
  return loss;
}

class CurveLaw {
 public:
  CurveLaw(const ForecastBlocks& blocks, const RatePlan& plan, const std::vector<double>& steps);
  [[nodiscard]] LawForecast forecast(double level) const;

 private:
  void whiten();
  void weigh();
  [[nodiscard]] GridPoint grid_point(std::size_t wander, std::size_t power, std::size_t drop) const;
  // Standard error from the annealing between the last block and a step where the column of drops is `drop`.
  [[nodiscard]] double annealing_error(const GridPoint& point, double drop) const;
  [[nodiscard]] std::vector<Component> at_step(const TimeColumns& columns, std::size_t i, double step) const;
  [[nodiscard]] Eigen::Vector3d row(const TimeColumns& columns, const GridPoint& point, std::size_t i) const;

  const ForecastBlocks& blocks_;
  const std::vector<double>& steps_;
  double now_ = 1, anchor_ = 1;
  TimeColumns seen_, later_, held_;
  std::vector<double> log_step_;  // of the blocks, from the first one
  std::vector<Whitened> whitened_;
  std::vector<GridPoint> points_;
};

CurveLaw::CurveLaw(const ForecastBlocks& blocks, const RatePlan& plan, const std::vector<double>& steps)
    : blocks_(blocks), steps_(steps) {
  now_ = blocks.loss.back();
  anchor_ = blocks.step.front();
  const TimeBasis basis(plan, blocks.step.back(), steps.back());
  seen_ = basis.columns_at(blocks.step, plan);
  later_ = basis.columns_at(steps, plan);
  held_ = basis.columns_at({steps.back()}, held_from(plan, blocks.step.back(), steps.back()));
  for (const double step : blocks.step) log_step_.push_back(std::log(step / anchor_));
  whiten();
  weigh();
}

void CurveLaw::whiten() {
  const auto n = static_cast<Eigen::Index>(blocks_.step.size());
  const auto powers = static_cast<Eigen::Index>(seen_.power.size()),
             drops = static_cast<Eigen::Index>(seen_.drop.size());
  const Eigen::Index common = kFirstDrop + drops;
  Eigen::MatrixXd columns(n, common + powers);
  for (Eigen::Index b = 0; b < n; ++b) {
    const auto i = static_cast<std::size_t>(b);
    columns(b, kLoss) = blocks_.loss[i] / now_;
    columns(b, kOne) = 1;
    columns(b, kWalk) = log_step_[i];
    for (Eigen::Index k = 0; k < drops; ++k) columns(b, kFirstDrop + k) = -seen_.drop[static_cast<std::size_t>(k)][i];
    for (Eigen::Index k = 0; k < powers; ++k) columns(b, common + k) = seen_.power[static_cast<std::size_t>(k)][i];
  }
  for (const double wander : kWander) {
    const double w2 = wander * wander;
    Eigen::MatrixXd covariance(n, n);
    for (Eigen::Index a = 0; a < n; ++a)
      for (Eigen::Index b = 0; b < n; ++b) covariance(a, b) = w2 * log_step_[static_cast<std::size_t>(std::min(a, b))];
    for (Eigen::Index b = 0; b < n; ++b) {
      const double noise = blocks_.sd[static_cast<std::size_t>(b)] / now_;
      covariance(b, b) += noise * noise + kLeastNoise * kLeastNoise;
    }
    const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
    Eigen::MatrixXd scaled = columns;
    scaled.col(kWalk) *= w2;
    factor.matrixL().solveInPlace(scaled);
    const auto left = scaled.leftCols(common);
    const auto right = scaled.rightCols(powers);
    whitened_.push_back({left.transpose() * left, right.transpose() * left, right.colwise().squaredNorm().transpose(),
                         factor.matrixLLT().diagonal().array().log().sum(), w2});
  }
}

GridPoint CurveLaw::grid_point(std::size_t wander, std::size_t power, std::size_t drop) const {
  const Whitened& w = whitened_[wander];
  const auto p = static_cast<Eigen::Index>(power), d = kFirstDrop + static_cast<Eigen::Index>(drop);
  Eigen::Matrix3d information;
  information << w.common(kOne, kOne), w.power_common(p, kOne), w.common(kOne, d),  //
      w.power_common(p, kOne), w.power_square(p), w.power_common(p, d),             //
      w.common(kOne, d), w.power_common(p, d), w.common(d, d);
  const Eigen::Vector3d precision = kPriorSd.array().square().inverse();
  information.diagonal() += precision;
  const Eigen::Vector3d walk(w.common(kOne, kWalk), w.power_common(p, kWalk), w.common(d, kWalk));
  const Eigen::Vector3d right = Eigen::Vector3d(w.common(kOne, kLoss), w.power_common(p, kLoss), w.common(d, kLoss)) +
                                precision.cwiseProduct(kPriorMean);
  GridPoint point{wander, power, drop, 0, 0, {}, information.inverse(), 0, walk};
  point.mean = point.covariance * right;
  point.end_walk = w.common(kLoss, kWalk) - walk.dot(point.mean);
  point.log_weight = -0.5 * (w.common(kLoss, kLoss) - right.dot(point.mean)) - w.log_det +
                     0.5 * std::log(std::max(point.covariance.determinant(), 1e-300));
  for (int i = 0; i < 3; ++i)  // none of them is negative
    point.log_weight +=
        std::log(std::max(1e-12, standard_cdf(point.mean[i] / std::sqrt(std::max(point.covariance(i, i), 1e-300)))));
  const double alpha = std::log(TimeBasis::alpha_of(power) / kPriorAlpha) / std::log(kPriorAlphaFactor);
  point.log_weight -= 0.5 * alpha * alpha;
  return point;
}

void CurveLaw::weigh() {
  const bool drops =
      std::any_of(later_.drop.begin(), later_.drop.end(), [](const std::vector<double>& d) { return d.back() != 0; });
  double best = -base::kInfinity;
  for (std::size_t w = 0; w < kWander.size(); ++w)
    for (std::size_t p = 0; p < seen_.power.size(); ++p)
      for (std::size_t d = 0; d < (drops ? seen_.drop.size() : 1); ++d) {
        points_.push_back(grid_point(w, p, d));
        best = std::max(best, points_.back().log_weight);
      }
  std::erase_if(points_, [best](const GridPoint& p) { return !(p.log_weight > best + std::log(kNegligible)); });
  PHASELAW_CHECK(!points_.empty());
  double total = 0;
  for (GridPoint& p : points_) total += p.weight = std::exp(p.log_weight - best);
  for (GridPoint& p : points_) p.weight /= total;
}

Eigen::Vector3d CurveLaw::row(const TimeColumns& columns, const GridPoint& point, std::size_t i) const {
  return {1, columns.power[point.power][i], -columns.drop[point.drop][i]};
}

double CurveLaw::annealing_error(const GridPoint& point, double drop) const {
  const double seen = seen_.drop[point.drop].back(), ahead = drop - seen;
  if (!(ahead > 0)) return 0;
  const double least = kPriorSd[2] * ahead / drop;  // of K
  const double missing = std::max(0.0, least * least - point.covariance(2, 2));
  return ahead * std::sqrt(std::pow(kChangeOfK * point.mean[2], 2) + missing);
}

std::vector<Component> CurveLaw::at_step(const TimeColumns& columns, std::size_t i, double step) const {
  std::vector<Component> mixture;
  const double u = std::log(step / anchor_);
  for (const GridPoint& point : points_) {
    const Eigen::Vector3d h = row(columns, point, i), left = h - point.seen;
    const Whitened& w = whitened_[point.wander];
    const double changed = annealing_error(point, columns.drop[point.drop][i]);
    const double variance = w.walk_variance * u - w.common(kWalk, kWalk) + left.dot(point.covariance * left) +
                            changed * changed + blocks_.end_error * blocks_.end_error;
    mixture.push_back({point.weight, h.dot(point.mean) + point.end_walk, std::sqrt(std::max(variance, 1e-18))});
  }
  return mixture;
}

LawForecast CurveLaw::forecast(double level) const {
  LawForecast out;
  for (std::size_t i = 0; i < steps_.size(); ++i)
    out.at.push_back(positive_interval(interval_of(at_step(later_, i, steps_[i]), level, now_)));
  std::vector<Component> schedule;
  for (std::size_t k = 0; k < points_.size(); ++k) {
    const GridPoint& point = points_[k];
    // The walk is the same with and without the decay.
    const Eigen::Vector3d difference = row(held_, point, 0) - row(later_, point, steps_.size() - 1);
    const double fall = difference.dot(point.mean);
    const double changed = annealing_error(point, later_.drop[point.drop].back());
    schedule.push_back({point.weight, fall,
                        std::sqrt(std::max(0.0, difference.dot(point.covariance * difference)) + changed * changed)});
    out.wander += point.weight * kWander[point.wander];
    out.schedule_matters = out.schedule_matters || std::abs(fall) > 1e-9;
  }
  out.by_schedule = out.schedule_matters ? interval_of(schedule, level, now_) : LossInterval{0, 0, 0};
  out.at_constant_rate = interval_of(at_step(held_, 0, steps_.back()), level, now_);
  return out;
}

}  // namespace

ForecastBlocks forecast_blocks(std::span<const double> step, std::span<const double> loss, double warmup_end) {
  const double first = std::max(warmup_end, kFirstShare * step.back());
  auto begin = static_cast<std::size_t>(std::lower_bound(step.begin(), step.end(), first) - step.begin());
  if (step.size() - begin < kFewestBlocksUsed) begin = step.size() - std::min(step.size(), kFewestBlocksUsed);
  const auto from = static_cast<std::ptrdiff_t>(begin);
  const std::vector<double> x(step.begin() + from, step.end()), y(loss.begin() + from, loss.end());
  const Blocks blocks = block_means(x, y, std::vector<double>(x.size(), 0.0), x);
  ForecastBlocks out{blocks.x, blocks.loss, blocks.sd, 0};
  for (std::size_t b = 0; b < out.sd.size(); ++b) out.sd[b] *= out.loss[b];
  const auto end = static_cast<double>(
      std::count_if(step.begin(), step.end(), [&](double s) { return s > (1 - kEndShare) * step.back(); }));
  // The end of a line of n points has four times the variance of their mean.
  const double effective = end >= kEndRows ? end / (4 * std::max(1.0, blocks.correlation_time)) : 1;
  out.end_error = blocks.noise / std::sqrt(std::max(1.0, effective));
  return out;
}

double level_at(std::span<const double> step, std::span<const double> loss, double at) {
  const auto end = static_cast<std::size_t>(std::upper_bound(step.begin(), step.end(), at) - step.begin());
  if (end == 0) return loss.front();
  const auto begin =
      static_cast<std::size_t>(std::upper_bound(step.begin(), step.end(), (1 - kEndShare) * at) - step.begin());
  if (end - begin >= kEndRows) {
    const numerics::Line line =
        numerics::least_squares_line(step.subspan(begin, end - begin), loss.subspan(begin, end - begin));
    return line.intercept + line.slope * at;
  }
  if (end == step.size() || step[end - 1] == at) return loss[end - 1];
  const double share = (at - step[end - 1]) / (step[end] - step[end - 1]);
  return loss[end - 1] + share * (loss[end] - loss[end - 1]);
}

LawForecast forecast_by_law(const ForecastBlocks& blocks, const RatePlan& plan, const std::vector<double>& steps,
                            double level) {
  PHASELAW_CHECK(blocks.step.size() >= 4 && !steps.empty() && steps.front() >= blocks.step.back());
  return CurveLaw(blocks, plan, steps).forecast(level);
}

}  // namespace phaselaw::advice
