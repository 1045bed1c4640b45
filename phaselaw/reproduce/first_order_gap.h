// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"

// The optimisation lower bound on measured kernels: gradient descent, heavy ball, Chebyshev and conjugate gradients on
// the tangent kernels of transformers at their start (docs/theory/lower-bounds.md, theory/first_order.h).
//
// Worst start of gradient descent, heavy ball and Chebyshev, which have polynomials p_k independent of the start: the
// loss factor is max_i p_k(h_i)^2 over the modes of the kernel that are not null. Conjugate gradients adapt to the
// start: the hardest one is searched by multiplying the weight of each mode by |p_k(h_i)| repeatedly (Lawson 1961), and
// the hardest that was found is used. Actual start: f0 - y of the data. Null modes, which no method changes, are
// excluded from every loss. Iterations are exact: the first count with a loss factor at or below the accuracy.
namespace phaselaw::reproduce {

enum class FirstOrderMethod { gradient_descent, heavy_ball, chebyshev, conjugate_gradient };
inline constexpr std::array kFirstOrderMethods = {FirstOrderMethod::gradient_descent, FirstOrderMethod::heavy_ball,
                                                  FirstOrderMethod::chebyshev, FirstOrderMethod::conjugate_gradient};
[[nodiscard]] std::string name_of(FirstOrderMethod method);

inline constexpr std::array kLossFactors = {1e-2, 1e-4, 1e-8};
inline constexpr std::size_t kMainFactor = 1;  // of kLossFactors: the one in claims and figures

using PerMethod = std::array<double, kFirstOrderMethods.size()>;

// Iterations on one kernel, by accuracy and method.
struct KernelSteps {
  std::string label;
  std::int64_t rows = 0, rank = 0;
  double condition_number = 1;
  std::array<PerMethod, kLossFactors.size()> worst{}, actual{};
};

// Loss factor against iterations, from the worst start.
struct LossCurves {
  std::string label;
  double condition_number = 1;
  std::vector<double> iterations;
  std::array<std::vector<double>, kFirstOrderMethods.size()> loss;
};

// Loss over the oracle bound q^(2k) on the worst quadratic of k steps, the smallest over the methods.
struct OracleRatio {
  double condition_number = 1, ratio = 1;
  int k = 0;
  std::string method;
};

struct FirstOrderGap {
  std::vector<KernelSteps> kernels;
  LossCurves curves;
  std::vector<OracleRatio> oracle;
};

// `problem` contains the kernel and the actual start.
[[nodiscard]] KernelSteps measure_steps(const dynamics::ClosedForm& problem, std::string label);
[[nodiscard]] LossCurves measure_curves(const dynamics::ClosedForm& problem, std::string label);

// The worst quadratic for k steps: the k + 1 points of [1, kc] where Chebyshev's polynomial is +-1, with the weights
// for which no polynomial of degree k is better (theory/first_order.h). All four methods run on it.
[[nodiscard]] OracleRatio worst_quadratic(double condition_number, int k);

// LB.oracle.worst_quadratic, .gd_exponent, .heavy_ball_exponent, .chebyshev_exponent, .conjugate_gradient_exponent,
// .gap_on_data
[[nodiscard]] std::vector<report::Claim> claims_of(const FirstOrderGap& experiment);
[[nodiscard]] std::vector<report::Figure> figures_of(const FirstOrderGap& experiment);
[[nodiscard]] report::Table table_of(const FirstOrderGap& experiment);

[[nodiscard]] Finding first_order_gap(const Context& context);

}  // namespace phaselaw::reproduce
