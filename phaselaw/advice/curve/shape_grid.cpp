// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/shape_grid.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/elementary.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::advice {

namespace {

constexpr double kLeastVariation = 1e-10;  // of y about its mean, relative to its square
constexpr double kRounding = 1e-14;        // of the squares of the loss: what cancels in chi2
constexpr double kLargestExponent = 300;   // y below exp(-300) is 0 for every sum, and its square is still a number

constexpr double kLeastExponent = 0.06, kLargestTwoStage = 6;
constexpr std::size_t kChain = 4;  // exponents until one is doubled

std::vector<double> exponents_up_to(double largest) {
  std::vector<double> q;
  for (std::size_t k = 0; k < kChainedExponents; ++k)
    q.push_back(kLeastExponent * std::exp2(static_cast<double>(k) / kChain));
  for (const double more : {6.0, 9.0, 15.0, 40.0, 200.0, 1e5})
    if (more <= largest) q.push_back(more);
  return q;
}

Eigen::Map<const Eigen::ArrayXd> array_of(std::span<const double> x) {
  return {x.data(), static_cast<Eigen::Index>(x.size())};
}

// The loops are called by base::Versions, which compiles them for each instruction set.

// w = W0(x inverse) for x >= 0: two steps of Halley's method from log(1+x) (1 - log(1 + log(1+x))/(2 + log(1+x))), which
// is within 2 %. Relative error below 1e-10.
void lambert_values(std::int64_t n, const double* x, double inverse, double* w) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const double z = x[i] * inverse, start = numerics::logarithm(z + 1);
    const double first = start * (1 - numerics::logarithm(start + 1) / (2 + start));
    // In f = w - x e^-w the exponentials cannot overflow.
    const double f = first - z * numerics::exponential(-first);
    const double second = first - f / (first + 1 - (first + 2) * f / (2 * first + 2));
    const double g = second - z * numerics::exponential(-second);
    w[i] = second - g / (second + 1 - (second + 2) * g / (2 * second + 2));
  }
}

// log = ln(1 + x factor)
void logarithms_of(std::int64_t n, const double* x, double factor, double* log) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) log[i] = numerics::logarithm(x[i] * factor + 1);
}

// y = e^(-q log)
void shapes_of(std::int64_t n, const double* log, double q, double* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const double exponent = -q * log[i];
    y[i] = numerics::exponential(exponent < -kLargestExponent ? -kLargestExponent : exponent);
  }
}

// y <- y^2. Squares of squares must not become denormal numbers, which are slow.
void square_shapes(std::int64_t n, double* y) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const double square = y[i] * y[i];
    y[i] = square < 1e-130 ? 1e-130 : square;
  }
}

struct ShapeSums {
  double y = 0, yy = 0, yl = 0;
};

ShapeSums shape_sums(std::int64_t n, const double* y, const double* w, const double* wl) {
  double sy = 0, syy = 0, syl = 0;
#pragma omp simd reduction(+ : sy, syy, syl)
  for (std::int64_t i = 0; i < n; ++i) {
    sy += w[i] * y[i];
    syy += w[i] * y[i] * y[i];
    syl += wl[i] * y[i];
  }
  return {sy, syy, syl};
}

double shape_product(std::int64_t n, const double* y, const double* wz) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += wz[i] * y[i];
  return sum;
}

}  // namespace

const std::vector<double>& scanned_exponents(bool two_stage) {
  static const std::vector<double> power = exponents_up_to(1e5), stages = exponents_up_to(kLargestTwoStage);
  return two_stage ? stages : power;
}

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
    base::Versions<lambert_values>::call(x_.size(), x_.data(), 1 / u, y_.data());
  } else {
    base::Versions<logarithms_of>::call(x_.size(), x_.data(), 1 / (q * u), y_.data());
  }
  base::Versions<shapes_of>::call(y_.size(), y_.data(), q, y_.data());
  return y_;
}

double ShapeGrid::shape_at(bool two_stage, double q, double u, double x) {
  return two_stage ? std::exp(-q * numerics::lambert_w0(x / u)) : std::exp(-q * std::log1p(x / (q * u)));
}

ShapeGrid::Sums ShapeGrid::sums_of_shape() const {
  const ShapeSums s = base::Versions<shape_sums>::call(y_.size(), y_.data(), w_.data(), wl_.data());
  const double yz = with_drop_ ? base::Versions<shape_product>::call(y_.size(), y_.data(), wz_.data()) : 0;
  return {s.y, s.yy, s.yl, yz};
}

ShapePoint ShapeGrid::solve(const Sums& s) const {
  const double variation = std::max(s.yy - s.y * s.y / sw_, kLeastVariation * s.yy);
  ShapePoint p;
  p.amplitude = s.yl / variation;
  p.floor = mean_ - p.amplitude * s.y / sw_;
  p.curvature = sw_ * variation / s.yy;
  p.chi2 = sll_ - p.amplitude * s.yl;
  if (p.floor < 0) {
    p.chi2 += p.curvature * p.floor * p.floor;
    p.floor = 0;
    p.amplitude = (s.yl + mean_ * s.y) / s.yy;
  }
  if (!(p.amplitude >= 0) || !std::isfinite(p.chi2)) {
    p.chi2 = sll_;
    p.floor = mean_;
    p.amplitude = 0;
    if (!(std::isfinite(p.curvature) && p.curvature > 0)) p.curvature = sw_;
  }
  p.chi2 = std::max(p.chi2, kRounding * sll_);
  return with_drop_ ? solve_with_drop(p, s) : p;
}

ShapePoint ShapeGrid::solve_with_drop(const ShapePoint& plain, const Sums& s) const {
  // About the means.
  const double yy = std::max(s.yy - s.y * s.y / sw_, kLeastVariation * s.yy), yz = s.yz - s.y * sz_ / sw_;
  const double zz = szz_ - sz_ * sz_ / sw_;
  const double rest = yy - yz * yz / zz;
  if (!(rest > kLeastVariation * yy)) return plain;
  ShapePoint p;
  const double rest_l = s.yl - szl_ * yz / zz;
  p.amplitude = rest_l / rest;
  p.drop = -(szl_ - p.amplitude * yz) / zz;
  p.floor = mean_ - p.amplitude * s.y / sw_ + p.drop * sz_ / sw_;
  p.chi2 = sll_ - szl_ * szl_ / zz - p.amplitude * rest_l;
  const double raw = s.yy * szz_ - s.yz * s.yz;
  p.curvature = sw_ * rest * zz / raw;
  if (p.floor < 0) {
    p.chi2 += p.curvature * p.floor * p.floor;
    p.floor = 0;
    const double yl = s.yl + mean_ * s.y, zl = szl_ + mean_ * sz_;
    p.amplitude = (yl * szz_ - zl * s.yz) / raw;
    p.drop = (p.amplitude * s.yz - zl) / szz_;
  }
  p.chi2 = std::max(p.chi2, kRounding * sll_);
  const bool sound = p.drop >= 0 && p.amplitude >= 0 && std::isfinite(p.chi2) && p.curvature > 0;
  return sound ? p : plain;
}

ShapePoint ShapeGrid::at(double q, double u) {
  (void)shape(q, u);
  const Sums s = sums_of_shape();
  ShapePoint p = solve(s);
  p.mean_shape = s.y / sw_;
  p.variation = std::max(s.yy - s.y * p.mean_shape, kLeastVariation * s.yy);
  p.q = q;
  p.u = u;
  return p;
}

void ShapeGrid::scan_chain(std::size_t chain, double scale, double lo, double hi, std::vector<Best>& best) {
  base::Versions<shapes_of>::call(y_.size(), log_.data(), best[chain].q, y_.data());
  for (std::size_t i = chain; i < kChainedExponents && i < best.size(); i += kChain) {
    const Sums s = sums_of_shape();
    const double u = two_stage_ ? scale : scale / best[i].q;
    base::Versions<square_shapes>::call(y_.size(), y_.data());  // y^2 below exp(-300) is 0 for every sum
    if (u < lo || u > hi) continue;
    const double chi2 = solve(s).chi2;
    if (chi2 < best[i].chi2) best[i] = {best[i].q, u, chi2};
  }
}

std::vector<ShapeGrid::Best> ShapeGrid::scan(double lo, double hi, double ratio) {
  std::vector<Best> best;
  for (const double q : scanned_exponents(two_stage_)) best.push_back({q, lo, std::numeric_limits<double>::infinity()});
  // Scales of the logarithm: u, or q u for the exponents of the chains.
  const double largest = two_stage_ ? 1 : best[kChainedExponents - 1].q, least = two_stage_ ? 1 : best[0].q;
  const double slack = std::sqrt(ratio);
  for (double scale = lo * least; scale < hi * largest * slack; scale *= ratio) {
    if (two_stage_)
      base::Versions<lambert_values>::call(x_.size(), x_.data(), 1 / scale, log_.data());
    else
      base::Versions<logarithms_of>::call(x_.size(), x_.data(), 1 / scale, log_.data());
    for (std::size_t chain = 0; chain < kChain; ++chain) scan_chain(chain, scale, lo / slack, hi * slack, best);
    if (!two_stage_) continue;
    for (std::size_t i = kChainedExponents; i < best.size(); ++i) {
      base::Versions<shapes_of>::call(y_.size(), log_.data(), best[i].q, y_.data());
      const double chi2 = solve(sums_of_shape()).chi2;
      if (chi2 < best[i].chi2) best[i] = {best[i].q, scale, chi2};
    }
  }
  if (two_stage_) return best;
  for (std::size_t i = kChainedExponents; i < best.size(); ++i)
    for (double u = lo; u < hi * slack; u *= ratio) {
      const double chi2 = at(best[i].q, u).chi2;
      if (chi2 < best[i].chi2) best[i] = {best[i].q, u, chi2};
    }
  return best;
}

}  // namespace phaselaw::advice
