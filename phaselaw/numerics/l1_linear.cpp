// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <Eigen/QR>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/l1_fit.h"

namespace phaselaw::numerics {

namespace {

using Vec = Eigen::VectorXd;
using Mat = Eigen::MatrixXd;

constexpr double kShift = 1e-14;     // of the largest residual: tells rows apart that are 0 together
constexpr double kDescends = 1e-12;  // slope that counts as descent; columns have the weighted 1-norm 1
constexpr double kParallel = 1e-12;  // share of a row's gradient along an edge below which it does not cross

// A hyperplane of the current vertex: a residual that is 0, or a face of the box.
struct Plane {
  std::size_t index = 0;  // the row, or the parameter of a face
  int side = 0;           // 0: a row; -1, 1: the lower, upper face
};

double sign(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

// The walk. Unknowns are x_j = d_j / unit_j, so that every column of the Jacobian has the weighted 1-norm 1.
class Walk {
 public:
  explicit Walk(const LinearL1Problem& problem)
      : problem_(problem),
        n_(problem.residuals.size()),
        k_(problem.n_parameters),
        jacobian_(problem.jacobian.begin(), problem.jacobian.end()),
        residual_(n_),
        along_(n_),
        is_active_(n_, false),
        unit_(Vec::Ones(index(k_))),
        x_(Vec::Zero(index(k_))) {
    Vec norm = Vec::Zero(index(k_));
    double largest = 0;
    for (std::size_t i = 0; i < n_; ++i) {
      largest = std::max(largest, std::abs(problem.residuals[i]));
      for (std::size_t j = 0; j < k_; ++j) norm[index(j)] += weight(i) * std::abs(jacobian_[i * k_ + j]);
    }
    for (std::size_t j = 0; j < k_; ++j)
      if (norm[index(j)] > 0) unit_[index(j)] = 1 / norm[index(j)];
    shift_ = kShift * largest;
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t j = 0; j < k_; ++j) jacobian_[i * k_ + j] *= unit_[index(j)];
    move();
  }

  // Steps until no edge descends; false if `most` steps were not enough.
  bool run(int most) {
    for (; pivots_ < most; ++pivots_) {
      const Vec slope = gradient();
      if (!factorise()) return false;
      Vec direction = -slope;
      if (!active_.empty()) direction -= basis_ * (basis_.transpose() * direction);
      double descent = -direction.squaredNorm();
      std::size_t dropped = n_;
      if (direction.norm() <= kDescends) {
        const std::size_t leaving = leaving_plane(slope, direction, descent);
        if (leaving == active_.size()) return true;
        if (active_[leaving].side == 0) dropped = active_[leaving].index;
        active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(leaving));
      }
      if (dropped < n_) is_active_[dropped] = false;
      advance(direction, descent, dropped);
    }
    return false;
  }

  LinearL1Result result(bool optimal) {
    LinearL1Result out;
    out.optimal = optimal;
    out.pivots = pivots_;
    // Rows that are 0 by coincidence keep the sign of their shift, which belongs to these multipliers.
    const Vec slope = gradient();
    Vec multipliers;
    if (!active_.empty()) multipliers = factorise() ? multipliers_of(slope) : Vec::Zero(index(active_.size()));
    out.multipliers.resize(n_);
    for (std::size_t i = 0; i < n_; ++i) out.multipliers[i] = is_active_[i] ? 0 : weight(i) * sign(residual_[i]);
    settle();
    for (std::size_t a = 0; a < active_.size(); ++a)
      if (active_[a].side == 0) {
        out.active.push_back(active_[a].index);
        out.multipliers[active_[a].index] = multipliers[index(a)];
      }
    for (std::size_t j = 0; j < k_; ++j)
      out.step.push_back(std::clamp(x_[index(j)] * unit_[index(j)], problem_.lower[j], problem_.upper[j]));
    for (std::size_t i = 0; i < n_; ++i) {
      double r = problem_.residuals[i];
      for (std::size_t j = 0; j < k_; ++j) r += problem_.jacobian[i * k_ + j] * out.step[j];
      out.cost += weight(i) * std::abs(r);
    }
    return out;
  }

 private:
  static Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }
  double weight(std::size_t i) const { return problem_.weights.empty() ? 1 : problem_.weights[i]; }
  // A copy without allocation: dot products with mapped memory depend on its alignment in the last digits.
  using Row = Eigen::Matrix<double, Eigen::Dynamic, 1, 0, kMaxSmallParameters, 1>;
  Row row(std::size_t i) const { return Eigen::Map<const Vec>(jacobian_.data() + i * k_, index(k_)); }
  // A shift between 1/2 and 1, of either sign, that differs from row to row.
  double shift(std::size_t i) const {
    const double share = std::fmod(0.6180339887498949 * static_cast<double>(i + 1), 1.0);
    return shift_ * (share < 0.5 ? share - 1 : share);
  }

  // Residuals at x; those of the vertex are exactly 0.
  void move() {
    for (std::size_t i = 0; i < n_; ++i)
      residual_[i] = is_active_[i] ? 0 : problem_.residuals[i] + shift(i) + row(i).dot(x_);
  }

  Vec gradient() const {
    Vec total = Vec::Zero(index(k_));
    for (std::size_t i = 0; i < n_; ++i)
      if (!is_active_[i]) total += weight(i) * sign(residual_[i]) * row(i);
    return total;
  }

  Vec normal(const Plane& plane) const {
    if (plane.side == 0) return row(plane.index);
    return Vec::Unit(index(k_), index(plane.index));
  }

  // Orthonormal basis of the gradients of the vertex, and their coordinates in it.
  bool factorise() {
    const Eigen::Index m = index(active_.size());
    if (m == 0) return true;
    Mat normals(index(k_), m);
    for (Eigen::Index a = 0; a < m; ++a) {
      normals.col(a) = normal(active_[static_cast<std::size_t>(a)]);
      const double length = normals.col(a).norm();
      if (!(length > 0)) return false;
      normals.col(a) /= length;
    }
    const Eigen::HouseholderQR<Mat> qr(normals);
    basis_ = qr.householderQ() * Mat::Identity(index(k_), m);
    triangle_ = qr.matrixQR().topRows(m).triangularView<Eigen::Upper>();
    return (triangle_.diagonal().array().abs() > std::numeric_limits<double>::epsilon()).all();
  }

  // m with sum_a m_a normal_a = -slope, in the least-squares sense.
  Vec multipliers_of(const Vec& slope) const {
    Vec m = triangle_.triangularView<Eigen::Upper>().solve(-(basis_.transpose() * slope));
    for (std::size_t a = 0; a < active_.size(); ++a) m[index(a)] /= normal(active_[a]).norm();
    return m;
  }

  // The plane with the steepest descending edge, that edge and its slope; active_.size() if none descends.
  std::size_t leaving_plane(const Vec& slope, Vec& direction, double& descent) const {
    std::size_t best = active_.size();
    if (active_.empty()) return best;
    const Vec multipliers = multipliers_of(slope);
    double steepest = -kDescends;
    for (std::size_t a = 0; a < active_.size(); ++a) {
      const Plane& plane = active_[a];
      const double m = multipliers[index(a)];
      const double excess = plane.side == 0 ? std::abs(m) - weight(plane.index) : -plane.side * m;
      if (!(excess > 0)) continue;
      const double across = plane.side == 0 ? sign(m) : -plane.side;  // direction . normal
      Vec unit = Vec::Unit(index(active_.size()), index(a));
      const Vec edge =
          basis_ * triangle_.transpose().triangularView<Eigen::Lower>().solve(unit) * (across / normal(plane).norm());
      const double length = edge.norm();
      if (!(-excess / length < steepest)) continue;
      steepest = -excess / length;
      descent = -excess;
      direction = edge;
      best = a;
    }
    return best;
  }

  // To the minimum along the direction: the weighted median of the rows that it crosses, or a face of the box.
  void advance(const Vec& direction, double slope, std::size_t dropped) {
    crossings_.clear();
    const double length = direction.norm();
    for (std::size_t i = 0; i < n_; ++i) {
      along_[i] = row(i).dot(direction);
      if (is_active_[i] || i == dropped || !(residual_[i] * along_[i] < 0)) continue;
      if (std::abs(along_[i]) <= kParallel * length * row(i).norm()) continue;
      crossings_.emplace_back(-residual_[i] / along_[i], i);
    }
    double end = std::numeric_limits<double>::infinity();
    Plane stop{0, 1};
    for (std::size_t j = 0; j < k_; ++j) {
      const double v = direction[index(j)];
      const bool held = std::any_of(active_.begin(), active_.end(),
                                    [&](const Plane& plane) { return plane.side != 0 && plane.index == j; });
      if (held || v == 0) continue;
      const double face = (v > 0 ? problem_.upper[j] : problem_.lower[j]) / unit_[index(j)];
      const double room = std::max(0.0, (face - x_[index(j)]) / v);
      if (room < end) {
        end = room;
        stop = {j, v > 0 ? 1 : -1};
      }
    }
    std::make_heap(crossings_.begin(), crossings_.end(), std::greater<>());
    while (!crossings_.empty() && crossings_.front().first < end) {
      const auto [t, i] = crossings_.front();
      std::pop_heap(crossings_.begin(), crossings_.end(), std::greater<>());
      crossings_.pop_back();
      slope += 2 * weight(i) * std::abs(along_[i]);
      if (!(slope >= 0)) continue;
      end = t;
      stop = {i, 0};
    }
    x_ += end * direction;
    active_.push_back(stop);
    if (stop.side == 0) is_active_[stop.index] = true;
    move();
  }

  // x from the equations of the vertex, without the shifts.
  void settle() {
    shift_ = 0;
    if (active_.empty() || !factorise()) return move();
    Vec right(index(active_.size()));
    for (std::size_t a = 0; a < active_.size(); ++a) {
      const Plane& plane = active_[a];
      const Vec direction = normal(plane);
      const double target = plane.side == 0  ? -problem_.residuals[plane.index]  // a row; otherwise the face of a bound
                            : plane.side > 0 ? problem_.upper[plane.index] / unit_[index(plane.index)]
                                             : problem_.lower[plane.index] / unit_[index(plane.index)];
      right[index(a)] = (target - direction.dot(x_)) / direction.norm();
    }
    x_ += basis_ * triangle_.transpose().triangularView<Eigen::Lower>().solve(right);
    move();
  }

  const LinearL1Problem& problem_;
  std::size_t n_, k_;
  std::vector<double> jacobian_, residual_, along_;
  std::vector<bool> is_active_;
  std::vector<Plane> active_;
  std::vector<std::pair<double, std::size_t>> crossings_;
  Vec unit_, x_;
  Mat basis_, triangle_;
  double shift_ = 0;
  int pivots_ = 0;
};

}  // namespace

LinearL1Result minimise_linear_l1(const LinearL1Problem& problem) {
  const std::size_t n = problem.residuals.size(), k = problem.n_parameters;
  PHASELAW_CHECK(n >= 1 && k >= 1 && k <= kMaxSmallParameters);
  PHASELAW_CHECK_EQ(problem.jacobian.size(), n * k);
  PHASELAW_CHECK(problem.weights.empty() || problem.weights.size() == n);
  PHASELAW_CHECK(problem.lower.size() == k && problem.upper.size() == k);
  Walk walk(problem);
  const bool optimal = walk.run(static_cast<int>(50 * k + 200));
  return walk.result(optimal);
}

}  // namespace phaselaw::numerics
