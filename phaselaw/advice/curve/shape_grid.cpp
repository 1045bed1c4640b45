// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/shape_grid.h"

#include <algorithm>
#include <cmath>

namespace phaselaw::advice {

namespace {

constexpr double kLeastVariation = 1e-10;  // of y about its mean, relative to its square
constexpr double kLargestExponent = 300;   // y below exp(-300) is 0 for every sum, and its square is still a number

Eigen::Map<const Eigen::ArrayXd> array_of(std::span<const double> x) {
  return {x.data(), static_cast<Eigen::Index>(x.size())};
}

// W0(x) for x >= 0: two steps of Halley's method from log(1+x) (1 - log(1 + log(1+x))/(2 + log(1+x))), which is within
// 2 %. Relative error below 1e-10.
void lambert_of(const Eigen::ArrayXd& x, double inverse, Eigen::ArrayXd& w) {
  w = (x * inverse).log1p();
  w = w * (1 - w.log1p() / (2 + w));
  for (int k = 0; k < 2; ++k) {
    // In f = w - x e^-w the exponentials cannot overflow.
    w = w - (w - x * inverse * (-w).exp()) / (w + 1 - (w + 2) * (w - x * inverse * (-w).exp()) / (2 * w + 2));
  }
}

}  // namespace

ShapeGrid::ShapeGrid(bool two_stage, std::span<const double> x, std::span<const double> loss,
                     std::span<const double> error, std::span<const double> z)
    : two_stage_(two_stage), x_(array_of(x)), w_(array_of(error).square().inverse()), y_(x_.size()), log_(x_.size()) {
  const auto l = array_of(loss);
  sw_ = w_.sum();
  mean_ = (w_ * l).sum() / sw_;
  wl_ = w_ * (l - mean_);
  sll_ = (wl_ * (l - mean_)).sum();
  if (z.empty()) return;
  wz_ = w_ * array_of(z);
  sz_ = wz_.sum();
  szz_ = (wz_ * array_of(z)).sum();
  szl_ = (wl_ * array_of(z)).sum();
  with_drop_ = szz_ - sz_ * sz_ / sw_ > kLeastVariation * szz_;
}

const Eigen::ArrayXd& ShapeGrid::shape(double q, double u) {
  if (two_stage_) {
    lambert_of(x_, 1 / u, log_);
    y_ = (log_ * -q).max(-kLargestExponent).exp();
  } else {
    y_ = ((x_ * (1 / (q * u)) + 1).log() * -q).max(-kLargestExponent).exp();
  }
  return y_;
}

double ShapeGrid::shape_at(bool two_stage, double q, double u, double x) {
  if (!two_stage) return std::exp(-q * std::log1p(x / (q * u)));
  Eigen::ArrayXd at(1), w(1);
  at[0] = x;
  lambert_of(at, 1 / u, w);
  return std::exp(-q * w[0]);
}

ShapePoint ShapeGrid::solve() const {
  const double sy = (w_ * y_).sum(), syy = (w_ * y_ * y_).sum(), syl = (wl_ * y_).sum();
  const double variation = std::max(syy - sy * sy / sw_, kLeastVariation * syy);
  ShapePoint p;
  p.amplitude = syl / variation;
  p.floor = mean_ - p.amplitude * sy / sw_;
  p.curvature = sw_ * variation / syy;
  p.chi2 = sll_ - p.amplitude * syl;
  if (p.floor < 0) {
    p.chi2 += p.curvature * p.floor * p.floor;
    p.floor = 0;
    p.amplitude = (syl + mean_ * sy) / syy;
  }
  if (!(p.amplitude >= 0) || !std::isfinite(p.chi2)) {
    p.chi2 = sll_;
    p.floor = mean_;
    p.amplitude = 0;
    if (!(std::isfinite(p.curvature) && p.curvature > 0)) p.curvature = sw_;
  }
  return with_drop_ ? solve_with_drop(p, sy, syy, syl) : p;
}

ShapePoint ShapeGrid::solve_with_drop(const ShapePoint& plain, double sy, double syy, double syl) const {
  const double syz = (wz_ * y_).sum();
  // About the means.
  const double yy = std::max(syy - sy * sy / sw_, kLeastVariation * syy), yz = syz - sy * sz_ / sw_;
  const double zz = szz_ - sz_ * sz_ / sw_;
  const double rest = yy - yz * yz / zz;
  if (!(rest > kLeastVariation * yy)) return plain;
  ShapePoint p;
  const double rest_l = syl - szl_ * yz / zz;
  p.amplitude = rest_l / rest;
  p.drop = -(szl_ - p.amplitude * yz) / zz;
  p.floor = mean_ - p.amplitude * sy / sw_ + p.drop * sz_ / sw_;
  p.chi2 = sll_ - szl_ * szl_ / zz - p.amplitude * rest_l;
  const double raw = syy * szz_ - syz * syz;
  p.curvature = sw_ * rest * zz / raw;
  if (p.floor < 0) {
    p.chi2 += p.curvature * p.floor * p.floor;
    p.floor = 0;
    const double yl = syl + mean_ * sy, zl = szl_ + mean_ * sz_;
    p.amplitude = (yl * szz_ - zl * syz) / raw;
    p.drop = (p.amplitude * syz - zl) / szz_;
  }
  const bool sound = p.drop >= 0 && p.amplitude >= 0 && std::isfinite(p.chi2) && p.curvature > 0;
  return sound ? p : plain;
}

ShapePoint ShapeGrid::at(double q, double u) {
  (void)shape(q, u);
  ShapePoint p = solve();
  p.q = q;
  p.u = u;
  return p;
}

void ShapeGrid::scan(std::span<const double> qs, double first, double ratio, std::size_t count,
                     std::vector<Best>& best) {
  best.assign(qs.size(), {std::numeric_limits<double>::infinity(), 0});
  double u = first;
  for (std::size_t k = 0; k < count; ++k, u *= ratio) {
    if (two_stage_) lambert_of(x_, 1 / u, log_);
    for (std::size_t i = 0; i < qs.size(); ++i) {
      if (two_stage_)
        y_ = (log_ * -qs[i]).max(-kLargestExponent).exp();
      else
        (void)shape(qs[i], u);
      const double chi2 = solve().chi2;
      if (chi2 < best[i].chi2) best[i] = {chi2, k};
    }
  }
}

}  // namespace phaselaw::advice
