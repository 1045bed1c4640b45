// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/least_squares_sums.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/vectors.h"

namespace phaselaw::numerics {

ResidualSums::Rho ResidualSums::rho(std::size_t i, double r, double delta) const {
  if (i >= n_robust_ || options_.loss == RobustLoss::none) return {r * r, 1, false};
  const double size = std::abs(r);
  if (options_.loss == RobustLoss::absolute)
    return size <= delta ? Rho{r * r / delta + delta, 1 / delta, false} : Rho{2 * size, 1 / size, true};
  return size <= delta ? Rho{r * r, 1, false} : Rho{delta * (2 * size - delta), delta / size, true};
}

template <class Turn>
void ResidualSums::for_chunks(const Turn& turn) const {
  const std::size_t n = problem_.n_residuals;
  const auto chunk = [&](std::int64_t c, int) {
    const std::size_t begin = static_cast<std::size_t>(c) * kChunk;
    turn(static_cast<std::size_t>(c), begin, std::min(n, begin + kChunk));
  };
  const auto count = static_cast<std::int64_t>((n + kChunk - 1) / kChunk);
  if (problem_.team != nullptr) return problem_.team->run(count, chunk);
  for (std::int64_t c = 0; c < count; ++c) chunk(c, 0);
}

double ResidualSums::cost(std::span<const double> residuals, double delta) const {
  std::array<double, 64> few{};
  std::vector<double> many;  // only for more than a million residuals
  const std::size_t chunks = (problem_.n_residuals + kChunk - 1) / kChunk;
  if (chunks > few.size()) many.resize(chunks);
  double* const part = chunks > few.size() ? many.data() : few.data();
  for_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    double total = 0;
    for (std::size_t i = begin; i < end; ++i) total += weight(i) * rho(i, residuals[i], delta).value;
    part[c] = total;
  });
  double total = 0;
  for (std::size_t c = 0; c < chunks; ++c) total += part[c];
  return 0.5 * total;
}

// K: the number of parameters, known to the compiler, which then keeps all sums in registers; bytes: the width of the
// vectors. A row is read in whole
// vectors; their lanes beyond K hold numbers of the next row, and are dropped at the end.
template <std::size_t K, std::size_t bytes>
void ResidualSums::add_rows(const ResidualSums& of, std::size_t begin, std::size_t end, const double* residuals,
                            const double* jacobian, double delta, double linear_part, LeastSquaresSums& out) {
  constexpr std::size_t kLanes = bytes / sizeof(double);
  using Vector = typename VectorOf<double, bytes>::type;
  constexpr std::size_t kParts = (K + kLanes - 1) / kLanes;
  static_assert(kParts * kLanes - K < kPadding);
  Vector gradient[kParts]{}, scale[kParts]{}, curvature[K][kParts]{};
  double length = 0;
  for (std::size_t i = begin; i < end; ++i) {
    const double r = residuals[i];
    const Rho loss = of.rho(i, r, delta);
    const double w = of.weight(i) * loss.derivative, c = loss.linear ? w * linear_part : w, wr = w * r;
    const double* row = jacobian + i * K;
    length += wr * r;
    Vector x[kParts];
#pragma GCC unroll 16
    for (std::size_t part = 0; part < kParts; ++part) {
      x[part] = load<Vector>(row + part * kLanes);
      gradient[part] += wr * x[part];
      scale[part] += w * (x[part] * x[part]);
    }
#pragma GCC unroll 16
    for (std::size_t a = 0; a < K; ++a)
#pragma GCC unroll 16
      for (std::size_t part = 0; part <= a / kLanes; ++part) curvature[a][part] += (c * row[a]) * x[part];
  }
  out.length = length;
  for (std::size_t a = 0; a < K; ++a) {
    out.gradient[a] = gradient[a / kLanes][a % kLanes];
    out.scale[a] = scale[a / kLanes][a % kLanes];
    for (std::size_t b = 0; b <= a; ++b) out.curvature[a * K + b] = curvature[a][b / kLanes][b % kLanes];
  }
}

template <std::size_t K>
void ResidualSums::add_rows_of(std::size_t begin, std::size_t end, const double* residuals, const double* jacobian,
                               double delta, double linear_part, LeastSquaresSums& out) const {
  if constexpr (K < kMaxSmallParameters)
    if (K < problem_.n_parameters) return add_rows_of<K + 1>(begin, end, residuals, jacobian, delta, linear_part, out);
  base::with_vector_bytes([&](auto bytes) {
    base::Versions<add_rows<K, bytes>>::template with_vectors<bytes>(*this, begin, end, residuals, jacobian, delta,
                                                                     linear_part, out);
  });
}

void ResidualSums::add(std::span<const double> residuals, std::span<const double> jacobian, double delta,
                       double linear_part, std::vector<LeastSquaresSums>& chunks, LeastSquaresSums& out) const {
  const std::size_t k = problem_.n_parameters, count = (problem_.n_residuals + kChunk - 1) / kChunk;
  if (count <= 1)
    return add_rows_of(0, problem_.n_residuals, residuals.data(), jacobian.data(), delta, linear_part, out);
  chunks.resize(std::max(chunks.size(), count));
  for_chunks([&](std::size_t c, std::size_t begin, std::size_t end) {
    add_rows_of(begin, end, residuals.data(), jacobian.data(), delta, linear_part, chunks[c]);
  });
  out = chunks[0];
  for (std::size_t c = 1; c < count; ++c) {
    out.length += chunks[c].length;
    for (std::size_t a = 0; a < k; ++a) {
      out.gradient[a] += chunks[c].gradient[a];
      out.scale[a] += chunks[c].scale[a];
      for (std::size_t b = 0; b <= a; ++b) out.curvature[a * k + b] += chunks[c].curvature[a * k + b];
    }
  }
}

}  // namespace phaselaw::numerics
