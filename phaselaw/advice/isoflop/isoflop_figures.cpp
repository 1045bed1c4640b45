// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop_figures.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

constexpr std::size_t kShownBowls = 7;  // number of colours besides black, which shows the vertices
constexpr std::size_t kCurvePoints = 49;

// All budgets, or as many evenly chosen ones as can be distinguished.
std::vector<std::size_t> shown_budgets(const IsoflopResult& r) {
  std::vector<std::size_t> shown;
  const std::size_t n = r.budgets.size(), count = std::min(n, kShownBowls);
  for (std::size_t i = 0; i < count; ++i) shown.push_back(count == 1 ? 0 : i * (n - 1) / (count - 1));
  return shown;
}

// The fitted parabola from the smallest to the largest size of its window; empty without one.
Series parabola_curve(const Bowl& bowl, double window, Colour colour) {
  Series curve;
  curve.style = Style::kLine;
  curve.colour = colour;
  const BowlWindow used = window_of(bowl, window);
  if (used.count < kLeastSizes) return curve;
  const auto parabola = parabola_of(bowl, used);
  if (!parabola) return curve;
  const double lo = bowl.x[used.first], hi = bowl.x[used.first + used.count - 1];
  for (std::size_t i = 0; i < kCurvePoints; ++i) {
    const double x = lo + (hi - lo) * static_cast<double>(i) / (kCurvePoints - 1);
    curve.x.push_back(std::exp(x));
    curve.y.push_back(parabola->at(x));
  }
  return curve;
}

// The highest loss within the window of a parabola; runs far above it would flatten the bowls.
double highest_shown(const IsoflopResult& r, const Sizes& sizes) {
  constexpr double kMargin = 1.05;
  double highest = 0;
  for (const IsoflopBudget& budget : r.budgets) {
    const Bowl bowl = bowl_of(sizes, budget);
    const BowlWindow used = window_of(bowl, r.window);
    for (std::size_t i = used.first; i < used.first + used.count; ++i) highest = std::max(highest, bowl.y[i]);
  }
  return kMargin * highest;
}

void add_vertices(const IsoflopMethod& parabola, const std::vector<std::size_t>& shown, Figure& figure) {
  Series vertices;
  vertices.label = "vertex with interval";
  vertices.style = Style::kPoints;
  vertices.colour = Colour::kBlack;
  for (const std::size_t b : shown) {
    const Vertex& vertex = parabola.vertices[b];
    if (!vertex.inside) continue;
    vertices.x.push_back(vertex.n_params.value);
    vertices.y.push_back(vertex.loss);
    if (!vertex.n_params.lo || !vertex.n_params.hi) continue;
    Series interval;
    interval.label = vertices.label;
    interval.colour = Colour::kBlack;
    interval.x = {*vertex.n_params.lo, *vertex.n_params.hi};
    interval.y = {vertex.loss, vertex.loss};
    figure.series.push_back(std::move(interval));
  }
  figure.series.push_back(std::move(vertices));
}

std::string method_label(const IsoflopMethod& method, bool tokens) {
  const std::string name = method.name == "parametric" ? "fitted law" : method.name;
  if (!method.power) return name;
  return fmt::format("{}: {} = {}", name, tokens ? "b" : "a",
                     with_interval(tokens ? method.power->b : method.power->a));
}

// Points with the ends of their intervals as error bars, which end at the point where they are unknown.
Series points_of(const IsoflopMethod& method, bool tokens, double shift) {
  Series series;
  series.style = Style::kPoints;
  for (const Vertex& vertex : method.vertices) {
    if (!vertex.inside) continue;
    const fitting::Estimate& e = tokens ? vertex.tokens : vertex.n_params;
    series.x.push_back(vertex.compute * shift);
    series.y.push_back(e.value);
    series.error_lo.push_back(e.lo.value_or(e.value));
    series.error_hi.push_back(e.hi.value_or(e.value));
  }
  return series;
}

// The fitted law as a line with a band.
Series law_curve(const IsoflopMethod& method, bool tokens) {
  Series series = points_of(method, tokens, 1);
  series.style = Style::kLine;
  series.band_lo = std::move(series.error_lo);
  series.band_hi = std::move(series.error_hi);
  series.error_lo.clear();
  series.error_hi.clear();
  return series;
}

}  // namespace

Figure bowl_figure(const IsoflopResult& r) {
  Figure figure;
  figure.title = "Loss against size at equal compute";
  figure.x = {"n_params", "parameters", true};
  figure.y = {"loss", "", true};
  const Sizes sizes = sizes_of(r.data);
  const auto shown = shown_budgets(r);
  const double highest = highest_shown(r, sizes);
  std::size_t above = 0;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const IsoflopBudget& budget = r.budgets[shown[i]];
    Series runs;
    runs.label = base::format_flop(budget.compute);
    runs.style = Style::kPoints;
    runs.colour = report::series_colour(i);
    for (const std::size_t row : budget.rows) {
      if (sizes.loss[row] > highest) {
        ++above;
        continue;
      }
      runs.x.push_back(sizes.n_params[row]);
      runs.y.push_back(sizes.loss[row]);
    }
    figure.series.push_back(parabola_curve(bowl_of(sizes, budget), r.window, runs.colour));
    figure.series.push_back(std::move(runs));
  }
  if (const IsoflopMethod* parabola = r.method("parabola")) add_vertices(*parabola, shown, figure);
  figure.caption =
      "Points are runs, lines the fitted parabolas. A vertex is used if it lies inside the range of sizes.";
  if (r.budgets.size() > shown.size())
    figure.caption += fmt::format(" {} of {} budgets are shown.", shown.size(), r.budgets.size());
  if (above > 0) figure.caption += fmt::format(" {} runs far above the parabolas are not shown.", above);
  return figure;
}

Figure optimum_figure(const IsoflopResult& r, bool tokens) {
  Figure figure;
  figure.title = tokens ? "Best tokens against compute, by every method" : "Best size against compute, by every method";
  figure.x = {"compute", "FLOP", true};
  figure.y = {tokens ? "tokens" : "n_params", tokens ? "tokens" : "parameters", true};
  constexpr double kBeside = 1.04;  // so that the bars of two methods do not cover each other
  double shift = 1;
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    const IsoflopMethod& method = r.methods[i];
    const bool law = method.name == "parametric";
    Series series = law ? law_curve(method, tokens) : points_of(method, tokens, shift);
    if (!law) shift *= kBeside;
    if (series.x.empty()) continue;
    series.label = method_label(method, tokens);
    series.colour = report::series_colour(i);
    figure.series.push_back(std::move(series));
  }
  figure.caption =
      "Bars and the band are intervals of each optimum; methods of one budget stand side by side. The legend gives the "
      "exponent of compute with its interval.";
  return figure;
}

Figure experiments_figure(const std::vector<IsoflopExperiment>& experiments) {
  Figure figure;
  figure.title = "Best size against compute, by experiment";
  figure.x = {"compute", "FLOP", true};
  figure.y = {"n_params", "parameters", true};
  std::size_t left_out = 0;
  for (const IsoflopExperiment& one : experiments) {
    const IsoflopMethod* method = one.result ? one.result->leading() : nullptr;
    if (method == nullptr || figure.series.size() == report::kColours - 1) {
      ++left_out;
      continue;
    }
    Series series = points_of(*method, false, 1);
    series.style = Style::kLinePoints;
    series.label = one.name;
    series.colour = report::series_colour(figure.series.size());
    figure.series.push_back(std::move(series));
  }
  figure.caption = left_out > 0 ? fmt::format("The first {} experiments with an exponent are shown; {} are not.",
                                              figure.series.size(), left_out)
                                : "The optima of each experiment are joined.";
  return figure;
}

Figure exponents_figure(const std::vector<IsoflopExperiment>& experiments) {
  Figure figure;
  figure.title = "Exponent of n_params, by experiment";
  figure.x = {"row of the table", "", false, 0, static_cast<double>(experiments.size() + 1)};
  figure.y = {"a", "", false};
  Series series;
  series.style = Style::kPoints;
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    const IsoflopMethod* method = experiments[i].result ? experiments[i].result->leading() : nullptr;
    if (method == nullptr) continue;
    const fitting::Estimate& a = method->power->a;
    series.x.push_back(static_cast<double>(i + 1));
    series.y.push_back(a.value);
    series.error_lo.push_back(a.lo.value_or(a.value));
    series.error_hi.push_back(a.hi.value_or(a.value));
  }
  figure.series.push_back(std::move(series));
  figure.caption = "Bars are intervals. Experiments are numbered as the rows of the table below.";
  return figure;
}

}  // namespace phaselaw::advice
