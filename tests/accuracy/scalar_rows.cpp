// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "accuracy/rows.h"
#include "laws/law_truths.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/model/elementwise.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::accuracy {

namespace {

constexpr int kPoints = 200'000;

// e^x and tanh x of type T at evenly spaced points, against the C library in long double.
template <class T>
void see_functions(T lowest, T highest, Row& exponential, Row& tangent) {
  for (int i = 0; i <= kPoints; ++i) {
    const T share = static_cast<T>(i) / static_cast<T>(kPoints);
    const T x = lowest + share * (highest - lowest), y = T(-12) + share * T(24);
    exponential.see(static_cast<double>(std::abs(model::exponential(x) / std::exp(static_cast<long double>(x)) - 1)));
    tangent.see(static_cast<double>(std::abs(model::hyperbolic_tangent(y) - std::tanh(static_cast<long double>(y)))));
  }
}

// W(w e^w) = w, with the product rounded to double once: |dW| <= eps (|w| + (1 + |w|) / (1 + w)) is its condition.
Row lambert_row() {
  Row row{"Lambert W_0", "its inverse w e^w in long double", "w from -0.999 to 700", "units of eps times its condition",
          8};
  for (long double w = -0.999L; w < 700; w += 0.0113L) {
    const auto z = static_cast<double>(w * std::exp(w));
    const auto v = static_cast<double>(w);
    const double unit = std::numeric_limits<double>::epsilon() * (std::abs(v) + (1 + std::abs(v)) / (1 + v));
    row.see(std::abs(numerics::lambert_w0(z) - v) / unit);
  }
  return row;
}

Row laws_row() {
  const auto& laws = laws::all_laws();
  Row row{"parameters of a fitted law", "those that made the data",
          fmt::format("{} laws, 160 rows without noise", laws.size()), "difference / parameter", 1e-8};
  fitting::FitOptions options;
  options.objective = fitting::Objective::l2;
  options.interval = fitting::IntervalMethod::none;
  for (const auto& law : laws) {
    const auto fit = fitting::fit_law(law, laws::testing::exact_measurements(law, 160), options);
    const auto truth = laws::testing::true_parameters(law);
    for (std::size_t p = 0; p < truth.size(); ++p) row.see(std::abs(fit.value[p] - truth[p]) / truth[p]);
  }
  return row;
}

}  // namespace

std::vector<Row> scalar_rows() {
  const std::string points = "200,001 points in ", library = "the C library in long double";
  Row exp_double{"e^x, double", library, points + "[-708, 709]", "relative", 4e-16};
  Row exp_float{"e^x, float", library, points + "[-87, 88]", "relative", 2.7e-7};
  Row tanh_double{"tanh x, double", library, points + "[-12, 12]", "absolute", 4.5e-16};
  Row tanh_float{"tanh x, float", library, points + "[-12, 12]", "absolute", 2.4e-7};
  see_functions<double>(-708, 709, exp_double, tanh_double);
  see_functions<float>(-87, 88, exp_float, tanh_float);
  return {exp_double, exp_float, tanh_double, tanh_float, lambert_row(), laws_row()};
}

}  // namespace phaselaw::accuracy
