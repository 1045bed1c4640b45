// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop_page.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "phaselaw/advice/plan_page.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

using report::Colour;
using report::Figure;
using report::format_number;
using report::Series;
using report::Style;

const laws::IsoflopMethod* method(const laws::IsoflopResult& result, const std::string& name) {
  for (const laws::IsoflopMethod& m : result.methods)
    if (m.name == name) return &m;
  return nullptr;
}

std::string title_of(const std::string& name) {
  static const std::map<std::string, std::string> titles = {{"envelope", "1 envelope of curves"},
                                                            {"parabola", "2 parabola"},
                                                            {"akima", "2 Akima spline"},
                                                            {"parametric", "3 fitted law"}};
  return titles.at(name);
}

Colour colour_of(const std::string& name) {
  static const std::map<std::string, Colour> colours = {{"envelope", Colour::kGreen},
                                                        {"parabola", Colour::kVermillion},
                                                        {"akima", Colour::kBlue},
                                                        {"parametric", Colour::kBlack}};
  return colours.at(name);
}

std::string per_cent(const std::optional<double>& log_bias) {
  return log_bias ? fmt::format("{:+.1f} %", 100 * std::expm1(*log_bias)) : "–";
}

// The bowls of the budgets, at most nine of them, with the vertices of the two bowl methods.
Figure bowls(const laws::IsoflopResult& result) {
  Figure figure;
  figure.title = "IsoFLOP bowls and their lowest points";
  figure.x = {"n_params", "", true};
  figure.y = {"loss", "nats", true};
  constexpr Colour kBudgets[] = {Colour::kSkyBlue, Colour::kOrange, Colour::kGreen,
                                 Colour::kPurple,  Colour::kGrey,   Colour::kYellow};
  const std::size_t step = (result.budgets.size() + 8) / 9;
  const std::vector<double> n = result.data.columns.get("n_params");
  std::vector<bool> shown(result.budgets.size());
  for (std::size_t b = 0, drawn = 0; b < result.budgets.size(); b += step, ++drawn) {
    shown[b] = true;
    Series rows;
    rows.label = report::format_flop(result.budgets[b].compute);
    rows.style = Style::kLinePoints;
    rows.width = 1;
    rows.colour = kBudgets[drawn % std::size(kBudgets)];
    for (const std::size_t i : result.budgets[b].rows) {
      rows.x.push_back(n[i]);
      rows.y.push_back(result.data.output[i]);
    }
    figure.series.push_back(std::move(rows));
  }
  for (const char* name : {"parabola", "akima"}) {
    Series vertices;
    vertices.label = fmt::format("lowest: {}", title_of(name).substr(2));
    vertices.style = Style::kPoints;
    vertices.colour = colour_of(name);
    const laws::IsoflopMethod& m = *method(result, name);
    for (std::size_t b = 0; b < m.vertices.size(); ++b)
      if (shown[b] && m.vertices[b].inside) {
        vertices.x.push_back(m.vertices[b].n_params.value);
        vertices.y.push_back(m.vertices[b].loss);
      }
    figure.series.push_back(std::move(vertices));
  }
  figure.caption = fmt::format("Runs of one compute joined by lines; {} of {} budgets shown.",
                               (result.budgets.size() + step - 1) / step, result.budgets.size());
  return figure;
}

Figure optima(const laws::IsoflopResult& result, bool tokens) {
  Figure figure;
  figure.title = tokens ? "Best tokens against compute, by each method" : "Best size against compute, by each method";
  figure.x = {"compute", "FLOP", true};
  figure.y = {tokens ? "tokens" : "n_params", "", true};
  std::string exponents;
  for (const laws::IsoflopMethod& m : result.methods) {
    Series series;
    series.label = title_of(m.name);
    series.colour = colour_of(m.name);
    series.style = m.name == "parametric" ? Style::kLine : Style::kPoints;
    bool band = m.name == "parametric";
    for (const laws::Vertex& vertex : m.vertices) {
      if (!vertex.inside) continue;
      const laws::Estimate& e = tokens ? vertex.tokens : vertex.n_params;
      series.x.push_back(vertex.compute);
      series.y.push_back(e.value);
      auto& lo = band ? series.band_lo : series.error_lo;
      auto& hi = band ? series.band_hi : series.error_hi;
      lo.push_back(e.lo.value_or(e.value));
      hi.push_back(e.hi.value_or(e.value));
    }
    if (m.name == "envelope") series.error_lo.clear(), series.error_hi.clear();
    if (m.power)
      exponents += fmt::format("{}{}: {}", exponents.empty() ? "" : "; ", title_of(m.name),
                               with_interval(tokens ? m.power->b : m.power->a));
    if (!series.x.empty()) figure.series.push_back(std::move(series));
  }
  figure.caption = fmt::format("Exponents in compute: {}. Bars and band: {:.0f} % intervals.", exponents,
                               100 * result.fit.options.fit.level);
  return figure;
}

Figure bias(const laws::IsoflopResult& result) {
  Figure figure;
  figure.title = "What the method itself adds: the same grid on the fitted law without noise";
  figure.x = {"compute", "FLOP", true};
  figure.y = {"found over true best size", "", false};
  for (const char* name : {"parabola", "akima"}) {
    Series series;
    series.label = title_of(name).substr(2);
    series.colour = colour_of(name);
    series.style = Style::kLinePoints;
    for (const laws::Vertex& vertex : method(result, name)->vertices)
      if (vertex.bias) {
        series.x.push_back(vertex.compute);
        series.y.push_back(std::exp(*vertex.bias));
      }
    if (!series.x.empty()) figure.series.push_back(std::move(series));
  }
  figure.horizontal_marks.push_back({1, "no bias", Colour::kBlack});
  figure.caption =
      "The bowl of a law with two exponents is lopsided; a parabola's vertex then moves with the width and the place "
      "of the grid.";
  return figure;
}

report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption) {
  report::Table table;
  table.caption = std::move(caption);
  table.columns = rows.front();
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

}  // namespace

std::vector<std::vector<std::string>> isoflop_methods(const laws::IsoflopResult& result) {
  std::vector<std::vector<std::string>> rows = {
      {"method", "n_params ~ C^a, a", "tokens ~ C^b, b", "r2", "computes", "bias of a", "bias of n_params"}};
  for (const laws::IsoflopMethod& m : result.methods) {
    double least = 0, most = 0;
    bool known = false;
    for (const laws::Vertex& vertex : m.vertices)
      if (vertex.bias) {
        least = known ? std::min(least, *vertex.bias) : *vertex.bias;
        most = known ? std::max(most, *vertex.bias) : *vertex.bias;
        known = true;
      }
    rows.push_back({title_of(m.name), m.power ? with_interval(m.power->a) : "–",
                    m.power ? with_interval(m.power->b) : "–", m.power ? format_number(m.power->r2, 4) : "–",
                    std::to_string(m.power ? m.power->budgets : 0), m.bias_a ? fmt::format("{:+.3f}", *m.bias_a) : "–",
                    known ? fmt::format("{} .. {}", per_cent(least), per_cent(most)) : "–"});
  }
  return rows;
}

std::vector<std::vector<std::string>> isoflop_vertices(const laws::IsoflopResult& result) {
  std::vector<std::vector<std::string>> rows = {{"budget (FLOP)", "runs"}};
  std::vector<const laws::IsoflopMethod*> shown;
  for (const char* name : {"parabola", "akima", "parametric"})
    if (const laws::IsoflopMethod* m = method(result, name)) {
      shown.push_back(m);
      rows[0].push_back("n_params, " + title_of(name).substr(2));
    }
  rows[0].emplace_back("tokens, Akima spline");
  rows[0].emplace_back("bias, parabola");
  rows[0].emplace_back("bias, spline");
  for (std::size_t b = 0; b < result.budgets.size(); ++b) {
    std::vector<std::string> row = {format_number(result.budgets[b].compute),
                                    std::to_string(result.budgets[b].rows.size())};
    for (const laws::IsoflopMethod* m : shown)
      row.push_back(m->vertices[b].inside ? with_interval(m->vertices[b].n_params) : m->vertices[b].why);
    const laws::Vertex &parabola = method(result, "parabola")->vertices[b],
                       &akima = method(result, "akima")->vertices[b];
    row.push_back(akima.inside ? with_interval(akima.tokens) : "–");
    row.push_back(per_cent(parabola.bias));
    row.push_back(per_cent(akima.bias));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string isoflop_answer(const laws::IsoflopResult& result) {
  std::string text;
  double highest_lo = -1e300, lowest_hi = 1e300;
  std::size_t counted = 0;
  for (const laws::IsoflopMethod& m : result.methods) {
    if (!m.power) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", title_of(m.name).substr(2), with_interval(m.power->a));
    if (!m.power->a.lo || !m.power->a.hi) continue;
    highest_lo = std::max(highest_lo, *m.power->a.lo);
    lowest_hi = std::min(lowest_hi, *m.power->a.hi);
    ++counted;
  }
  if (text.empty()) return "No method finds three budgets with a best size inside their grid.";
  std::string verdict;
  if (counted >= 2)
    verdict =
        highest_lo <= lowest_hi
            ? fmt::format(" The intervals have {} in common.", report::format_interval(highest_lo, lowest_hi))
            : " The intervals do not all overlap: the methods disagree by more than noise, so take none for granted.";
  return fmt::format("The best size grows as compute to the power a: {}.{}", text, verdict);
}

report::Page isoflop_page(const laws::IsoflopResult& result) {
  report::Page page;
  page.title = "The compute-optimal size in three ways";
  page.answer = isoflop_answer(result);
  page.figures = {bowls(result), optima(result, false)};
  report::Section section;
  section.title = "Methods";
  section.tables = {
      table_of(isoflop_methods(result),
               fmt::format("Intervals of {:.0f} %. Bias: what the method finds on the fitted law's own losses at the "
                           "table's sizes, without noise, against that law's best size.",
                           100 * result.fit.options.fit.level)),
      table_of(isoflop_vertices(result), "The best size at each budget.")};
  for (const std::string& note : result.notes) section.paragraphs.push_back("Note: " + note + ".");
  for (const std::string& warning : result.fit.fit.warnings)
    section.paragraphs.push_back("Note, of the fitted law: " + warning + ".");
  section.figures = {optima(result, true)};
  const laws::IsoflopMethod* parabola = method(result, "parabola");
  if (std::any_of(parabola->vertices.begin(), parabola->vertices.end(), [](const laws::Vertex& v) { return v.bias; }))
    section.figures.push_back(bias(result));
  page.sections.push_back(std::move(section));
  page.bibtex.emplace_back(
      "@article{hoffmann2022training,\n  title = {Training Compute-Optimal Large Language Models},\n  author = "
      "{Hoffmann, Jordan and Borgeaud, Sebastian and Mensch, Arthur and others},\n  journal = {arXiv:2203.15556},\n  "
      "year = {2022}\n}");
  page.bibtex.emplace_back(
      "@article{akima1970,\n  title = {A New Method of Interpolation and Smooth Curve Fitting Based on Local "
      "Procedures},\n  author = {Akima, Hiroshi},\n  journal = {Journal of the ACM},\n  volume = {17},\n  number = "
      "{4},\n  "
      "pages = {589--602},\n  year = {1970}\n}");
  return page;
}

}  // namespace phaselaw::advice
