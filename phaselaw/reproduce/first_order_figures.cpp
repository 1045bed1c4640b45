// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/first_order_gap.h"
#include "phaselaw/theory/first_order.h"

// The figures and the table of first_order_gap.h.
namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

constexpr Colour kColourOf[] = {Colour::kVermillion, Colour::kOrange, Colour::kBlue, Colour::kGreen};
constexpr double kSmallestLoss = 1e-12;

Figure loss_figure(const LossCurves& curves) {
  Figure figure;
  figure.title = fmt::format("Loss against iterations, kc = {}", base::format_number(curves.condition_number));
  figure.x = {"iterations", "", true};
  figure.y = {"loss over initial loss", "", true, kSmallestLoss, 3};
  Series oracle, gd;
  oracle.label = "oracle bound q^(2k)";
  oracle.style = gd.style = Style::kDashed;
  oracle.colour = Colour::kBlack;
  gd.label = "((kc-1)/(kc+1))^(2k)";
  gd.colour = Colour::kPurple;
  for (const double k : curves.iterations)
    for (auto* line : {&oracle, &gd}) {
      const double loss = std::exp(line == &oracle ? theory::log_oracle_bound(curves.condition_number, k)
                                                   : theory::log_gd_loss(curves.condition_number, k));
      if (loss < kSmallestLoss) continue;
      line->x.push_back(k);
      line->y.push_back(loss);
    }
  for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m) {
    Series series;
    series.label = name_of(kFirstOrderMethods[m]);
    series.colour = kColourOf[m];
    for (std::size_t k = 0; k < curves.loss[m].size() && curves.loss[m][k] > kSmallestLoss; ++k) {
      series.x.push_back(curves.iterations[k]);
      series.y.push_back(curves.loss[m][k]);
    }
    figure.series.push_back(std::move(series));
  }
  figure.series.push_back(std::move(gd));
  figure.series.push_back(std::move(oracle));
  figure.caption = fmt::format(
      "Tangent kernel of a transformer at its start ({}). "
      "Each method starts from the worst start on this kernel, after each number of steps; "
      "conjugate gradients from the hardest start found for a loss of {}. "
      "They may go below the oracle's line, because this kernel is not the worst quadratic.",
      curves.label, base::format_number(kLossFactors[kMainFactor]));
  return figure;
}

Figure steps_figure(const FirstOrderGap& e, bool worst) {
  Figure figure;
  const std::string accuracy = base::format_number(kLossFactors[kMainFactor]);
  figure.title = fmt::format("Iterations against condition number: {}", worst ? "worst start" : "residual of the data");
  figure.x = {"condition number kc", "", true};
  figure.y = {"iterations to " + accuracy + " of the loss", "", true};
  double low = INFINITY, high = 0;
  for (const auto& kernel : e.kernels) {
    low = std::min(low, kernel.condition_number);
    high = std::max(high, kernel.condition_number);
  }
  for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m) {
    Series series;
    series.label = name_of(kFirstOrderMethods[m]);
    series.style = Style::kPoints;
    series.colour = kColourOf[m];
    for (const auto& kernel : e.kernels) {
      series.x.push_back(kernel.condition_number);
      series.y.push_back((worst ? kernel.worst : kernel.actual)[kMainFactor][m]);
    }
    figure.series.push_back(std::move(series));
  }
  if (low < high) {
    Series oracle, gd;
    oracle.label = "oracle bound";
    oracle.colour = Colour::kBlack;
    gd.label = "gradient descent, bound";
    gd.colour = Colour::kPurple;
    oracle.style = gd.style = Style::kDashed;
    oracle.x = gd.x = numerics::log_spaced(low, high, 60);
    for (const double kc : oracle.x) {
      oracle.y.push_back(theory::oracle_steps(kc, kLossFactors[kMainFactor]));
      gd.y.push_back(theory::gd_steps(kc, kLossFactors[kMainFactor]));
    }
    figure.series.push_back(std::move(gd));
    figure.series.push_back(std::move(oracle));
  }
  figure.caption =
      worst ? "Each point is one kernel. "
              "The iterations of gradient descent grow as kc, those of Chebyshev and heavy ball as its square root: "
              "this is the condition-number gap. "
              "Conjugate gradients benefit from the small number of distinct modes of a kernel."
            : "The same kernels from f - y at the start of training. "
              "The residual lies mostly along fast modes, so every method is faster than in its worst case.";
  return figure;
}

}  // namespace

std::vector<Figure> figures_of(const FirstOrderGap& e) {
  return {loss_figure(e.curves), steps_figure(e, true), steps_figure(e, false)};
}

report::Table table_of(const FirstOrderGap& e) {
  report::Table table;
  table.caption = "Iterations to " + base::format_number(kLossFactors[kMainFactor]) +
                  " of the initial loss: from the worst start, and from the residual of the data.";
  table.columns = {"kernel", "rows", "kc"};
  for (const char* start : {"worst", "data"})
    for (const auto method : kFirstOrderMethods) table.columns.push_back(fmt::format("{}, {}", name_of(method), start));
  auto kernels = e.kernels;
  std::sort(kernels.begin(), kernels.end(),
            [](const auto& a, const auto& b) { return a.condition_number < b.condition_number; });
  for (const auto& kernel : kernels) {
    table.rows.push_back({kernel.label, base::format_count(kernel.rows), base::format_number(kernel.condition_number)});
    for (const auto* steps : {&kernel.worst, &kernel.actual})
      for (const double count : (*steps)[kMainFactor]) table.rows.back().push_back(base::format_number(count, 4));
  }
  return table;
}

}  // namespace phaselaw::reproduce
