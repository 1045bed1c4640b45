// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop_request.h"

#include <algorithm>
#include <iterator>

#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::format_number;
using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

constexpr std::size_t kShownBowls = 8;  // number of available colours

const IsoflopMethod* method_of(const IsoflopResult& r, std::string_view name) {
  for (const auto& method : r.methods)
    if (method.name == name) return &method;
  return nullptr;
}

// All budgets, or as many evenly chosen ones as can be distinguished.
std::vector<std::size_t> shown_budgets(const IsoflopResult& r) {
  std::vector<std::size_t> shown;
  const std::size_t n = r.budgets.size(), count = std::min(n, kShownBowls);
  for (std::size_t i = 0; i < count; ++i) shown.push_back(count == 1 ? 0 : i * (n - 1) / (count - 1));
  return shown;
}

Figure bowls(const IsoflopResult& r) {
  Figure figure;
  figure.title = "Loss against size at equal compute";
  figure.x = {"n_params", "", true};
  figure.y = {"loss", "", true};
  const std::vector<double> n_params = r.data.columns.get("n_params");
  const auto shown = shown_budgets(r);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto& budget = r.budgets[shown[i]];
    Series line;
    line.label = base::format_flop(budget.compute);
    line.style = Style::kLinePoints;
    line.colour = report::series_colour(i);
    for (const std::size_t row : budget.rows) {
      line.x.push_back(n_params[row]);
      line.y.push_back(r.data.output[row]);
    }
    figure.series.push_back(std::move(line));
  }
  const auto* parabola = method_of(r, "parabola");
  if (parabola != nullptr) {
    Series vertices;
    vertices.label = "vertex of the parabola";
    vertices.style = Style::kPoints;
    vertices.colour = Colour::kBlack;
    for (const auto& vertex : parabola->vertices)
      if (vertex.inside) {
        vertices.x.push_back(vertex.n_params.value);
        vertices.y.push_back(vertex.loss);
      }
    figure.series.push_back(std::move(vertices));
  }
  figure.caption = fmt::format(
      "Runs of one budget are joined{}. A vertex is used if the minimum lies inside the range of sizes.",
      r.budgets.size() > shown.size() ? fmt::format("; {} of {} budgets are shown", shown.size(), r.budgets.size())
                                      : "");
  return figure;
}

Figure against_compute(const IsoflopResult& r, bool tokens) {
  Figure figure;
  figure.title = tokens ? "Best tokens against compute, by every method" : "Best size against compute, by every method";
  figure.x = {"compute", "FLOP", true};
  figure.y = {tokens ? "tokens" : "n_params", "", true};
  for (std::size_t i = 0; i < r.methods.size(); ++i) {
    const auto& method = r.methods[i];
    Series series;
    series.label = method.name;
    if (method.power)
      series.label +=
          fmt::format(": {} {}", tokens ? "b" : "a", with_interval(tokens ? method.power->b : method.power->a));
    series.colour = report::series_colour(i);
    series.style = method.name == "parametric" ? Style::kLine : Style::kPoints;
    for (const auto& vertex : method.vertices) {
      if (!vertex.inside) continue;
      const fitting::Estimate& e = tokens ? vertex.tokens : vertex.n_params;
      series.x.push_back(vertex.compute);
      series.y.push_back(e.value);
      if (series.style != Style::kPoints) continue;
      series.error_lo.push_back(e.lo.value_or(e.value));
      series.error_hi.push_back(e.hi.value_or(e.value));
    }
    figure.series.push_back(std::move(series));
  }
  figure.caption = "Bars: intervals of each optimum. The names give the exponent of compute with its interval.";
  return figure;
}

report::Table vertices_of(const IsoflopMethod& method) {
  report::Table table;
  table.caption = "Optima by " + method.name + ".";
  table.columns = {"compute (FLOP)", "n_params", "tokens", "loss", "bias of ln n_params", "remark"};
  for (const auto& v : method.vertices)
    table.rows.push_back({format_number(v.compute, 3, base::Notation::power),
                          v.inside ? with_interval(v.n_params, base::Notation::suffix) : "–",
                          v.inside ? with_interval(v.tokens, base::Notation::suffix) : "–",
                          v.inside ? format_number(v.loss, 4) : "–", v.bias ? format_number(*v.bias, 2) : "–",
                          v.inside ? "" : v.why});
  return table;
}

}  // namespace

std::vector<std::vector<std::string>> isoflop_rows(const IsoflopResult& r) {
  std::vector<std::vector<std::string>> rows = {
      {"method", "budgets", "a (n_params ~ C^a)", "b (tokens ~ C^b)", "bias of a", "corrected a"}};
  for (const auto& method : r.methods) {
    const bool known = method.power.has_value();
    rows.push_back({method.name, known ? std::to_string(method.power->budgets) : "–",
                    known ? with_interval(method.power->a) : "too few budgets",
                    known ? with_interval(method.power->b) : "–",
                    method.bias_a ? format_number(*method.bias_a, 2) : "–",
                    known && method.bias_a ? format_number(method.power->a.value - *method.bias_a, 3) : "–"});
  }
  return rows;
}

report::Page isoflop_page(const IsoflopResult& r) {
  report::Page page;
  page.title = "Compute-optimal sizes by three methods";
  const auto* parabola = method_of(r, "parabola");
  const auto* parametric = method_of(r, "parametric");
  page.answer = fmt::format(
      "{} budgets, {} runs. n_params grows as compute to the power {} by the parabola, {} by {}.", r.budgets.size(),
      r.data.output.size(), parabola && parabola->power ? with_interval(parabola->power->a) : "(unknown)",
      parametric && parametric->power ? with_interval(parametric->power->a) : "(unknown)", r.fit.fit.name());
  page.figures = {bowls(r), against_compute(r, false)};
  report::Section methods;
  methods.title = "Comparison of the methods";
  methods.lead =
      "Bias: each method is applied to the fitted law's own losses, without noise, at the same sizes; "
      "the bias is the difference from the law's exponent. "
      "A parabola has a bias because the bowl is asymmetric, and the size of the bias depends on the range of sizes. "
      "A dash: too few budgets have the law's own minimum inside the range of sizes.";
  methods.figures = {against_compute(r, true)};
  methods.tables.push_back(table_of(isoflop_rows(r), "Exponents of the compute-optimal size and tokens."));
  for (const auto& note : r.notes) methods.paragraphs.push_back("Note: " + note + ".");
  page.sections.push_back(std::move(methods));
  report::Section optima;
  optima.title = "Optima of all budgets";
  for (const auto& method : r.methods) optima.tables.push_back(vertices_of(method));
  page.sections.push_back(std::move(optima));
  return page;
}

}  // namespace phaselaw::advice
