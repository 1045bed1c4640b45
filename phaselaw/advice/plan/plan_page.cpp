// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan_page.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "phaselaw/advice/plan/frontier.h"
#include "phaselaw/advice/plan/plan_limits.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

// The data of the figures, computed once.
struct PlanView {
  const fitting::SavedFit& saved;
  const Plan& plan;
  std::vector<FrontierPoint> frontier;
  std::vector<Contour> contours;
  std::vector<Vertex> optima;  // measured
  const std::optional<Design>& design;
  std::string loss_label;  // at which sizes the law is drawn against compute
};
constexpr std::size_t kShownComputes = 25, kContours = 6;

using base::format_number;
using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

std::vector<double> column(const fitting::SavedFit& saved, const char* name) {
  return column_or_none(saved.data.columns, name);
}

Series points(std::string label, std::vector<double> x, std::vector<double> y, Colour colour) {
  Series series;
  series.label = std::move(label);
  series.x = std::move(x);
  series.y = std::move(y);
  series.style = Style::kPoints;
  series.colour = colour;
  return series;
}

Series frontier_line(const PlanView& v, fitting::Estimate FrontierPoint::*field, std::string label) {
  Series line;
  line.label = std::move(label);
  line.width = 2.5;
  line.colour = Colour::kBlue;
  bool band = true;
  for (const FrontierPoint& point : v.frontier) {
    const fitting::Estimate& e = point.*field;
    line.x.push_back(point.compute.value);
    line.y.push_back(e.value);
    line.band_lo.push_back(e.lo.value_or(e.value));
    line.band_hi.push_back(e.hi.value_or(e.value));
    band = band && e.lo && e.hi;
  }
  if (!band) line.band_lo.clear(), line.band_hi.clear();
  return line;
}

Series fitted_runs(const std::vector<double>& x, const std::vector<double>& y) {
  constexpr std::size_t kMany = 100;  // overlapping points appear darker
  Series runs = points("fitted runs", x, y, Colour::kBlack);
  runs.opacity = x.size() > kMany ? 0.3 : 0.7;
  return runs;
}

Figure against_compute(const PlanView& v, bool tokens) {
  Figure figure;
  figure.title = tokens ? "Tokens to train on, against compute" : "Parameters to train, against compute";
  figure.x = {"compute", "FLOP", true};
  figure.y = {tokens ? "tokens" : "n_params", "", true};
  const Series runs = fitted_runs(column(v.saved, "compute"), column(v.saved, tokens ? "tokens" : "n_params"));
  if (!runs.x.empty() && runs.x.size() == runs.y.size()) figure.series.push_back(runs);
  figure.series.push_back(
      frontier_line(v, tokens ? &FrontierPoint::tokens : &FrontierPoint::n_params, "best under the law"));
  if (!v.optima.empty()) {
    std::vector<double> x, y;
    for (const Vertex& vertex : v.optima) {
      x.push_back(vertex.compute);
      y.push_back(tokens ? vertex.tokens.value : vertex.n_params.value);
    }
    figure.series.push_back(points("measured optima", x, y, Colour::kGreen));
  }
  Series planned = points("this plan", {}, {}, Colour::kVermillion);
  for (const PlanPoint& p : v.plan.points) {
    const fitting::Estimate& e = tokens ? p.tokens : p.n_params;
    planned.x.push_back(p.compute.value);
    planned.y.push_back(e.value);
    planned.error_lo.push_back(e.lo.value_or(e.value));
    planned.error_hi.push_back(e.hi.value_or(e.value));
  }
  figure.series.push_back(planned);
  const fitting::Estimate& a = tokens ? v.plan.points.front().exponent_tokens : v.plan.points.front().exponent_n_params;
  figure.caption = v.plan.method == "none" ? std::string("There are no intervals.")
                                           : fmt::format("Band and bars: {} intervals ({}).",
                                                         base::format_percent(v.plan.level, 4), v.plan.method);
  if (!std::isnan(a.value))
    figure.caption += fmt::format(" It grows as compute to the power {} at {}.", with_interval(a),
                                  base::format_flop(v.plan.points.front().compute.value));
  if (!v.optima.empty())
    figure.caption += " Measured optima: lowest point of Akima's spline through the runs of one budget.";
  return figure;
}

Figure loss_against_compute(const PlanView& v) {
  Figure figure;
  figure.title = "Loss against compute";
  figure.x = {"compute", "FLOP", true};
  figure.y = {"loss", "nats", true};
  const Series runs = fitted_runs(column(v.saved, "compute"), v.saved.data.output);
  if (!runs.x.empty()) figure.series.push_back(runs);
  figure.series.push_back(frontier_line(v, &FrontierPoint::loss, v.loss_label));
  Series planned = points("this plan, one new run", {}, {}, Colour::kVermillion);
  for (const PlanPoint& p : v.plan.points) {
    planned.x.push_back(p.compute.value);
    planned.y.push_back(p.loss.value);
    planned.error_lo.push_back(p.run.lo.value_or(p.loss.value));
    planned.error_hi.push_back(p.run.hi.value_or(p.loss.value));
  }
  figure.series.push_back(planned);
  const fitting::Estimate& floor = v.plan.points.front().floor;
  if (floor.value > 0)
    figure.horizontal_marks.push_back({floor.value, fmt::format("floor {}", with_interval(floor)), Colour::kBlack});
  if (v.plan.method != "none")
    figure.caption = fmt::format(
        "Band: {} interval of the law's value. Bars: interval for one new run, which includes the scatter between runs.",
        base::format_percent(v.plan.level, 4));
  if (v.plan.past)
    figure.caption += fmt::format(
        " A fit to the cheapest 80 % of these runs had a mean error of {} on the rest, at up to {} times their compute.",
        base::format_percent(v.plan.past->mean_abs_rel_error), format_number(v.plan.past->compute_factor));
  return figure;
}

Figure map(const PlanView& v) {
  Figure figure;
  figure.title = "Loss over parameters and tokens, with the efficient frontier";
  figure.x = {"n_params", "", true};
  figure.y = {"tokens", "", true};
  for (std::size_t i = 0; i < v.contours.size(); ++i) {
    Series line;
    line.label = "equal loss";
    line.x = v.contours[i].n_params;
    line.y = v.contours[i].tokens;
    line.colour = Colour::kSkyBlue;
    line.width = 1.2;
    figure.series.push_back(std::move(line));
  }
  figure.series.push_back(fitted_runs(column(v.saved, "n_params"), column(v.saved, "tokens")));
  Series line;
  line.label = "efficient frontier";
  line.width = 2.5;
  line.colour = Colour::kBlue;
  for (const FrontierPoint& point : v.frontier) {
    line.x.push_back(point.n_params.value);
    line.y.push_back(point.tokens.value);
  }
  figure.series.push_back(line);
  Series planned = points("this plan", {}, {}, Colour::kVermillion);
  for (const PlanPoint& p : v.plan.points) {
    planned.x.push_back(p.n_params.value);
    planned.y.push_back(p.tokens.value);
  }
  figure.series.push_back(planned);
  if (v.design)
    figure.series.push_back(
        points("most informative next run", {v.design->best.n_params}, {v.design->best.tokens}, Colour::kGreen));
  std::string losses;
  for (const Contour& contour : v.contours) losses += (losses.empty() ? "" : ", ") + format_number(contour.loss, 4);
  figure.caption = fmt::format(
      "Contours of the fitted law at losses {}; the frontier joins the points where they touch lines of equal compute.",
      losses);
  return figure;
}

Figure bowls(const PlanView& v) {
  Figure figure;
  figure.title = "Loss along each compute: the cost of a wrong size";
  figure.x = {"n_params", "", true};
  figure.y = {"loss", "nats", true};
  Series best = points("best size", {}, {}, Colour::kBlack);
  for (std::size_t i = 0; i < v.plan.points.size(); ++i) {
    const PlanPoint& p = v.plan.points[i];
    Series line;
    line.label = base::format_flop(p.compute.value);
    line.colour = report::series_colour(i);
    bool band = true;
    for (const IsoflopPoint& at : p.isoflop) {
      line.x.push_back(at.n_params);
      line.y.push_back(at.loss);
      line.band_lo.push_back(at.lo.value_or(at.loss));
      line.band_hi.push_back(at.hi.value_or(at.loss));
      band = band && at.lo && at.hi;
    }
    if (!band) line.band_lo.clear(), line.band_hi.clear();
    figure.series.push_back(std::move(line));
    best.x.push_back(p.n_params.value);
    best.y.push_back(p.loss.value);
  }
  best.label = v.plan.points.front().n_params.fixed || v.plan.points.front().tokens.fixed ||
                       v.plan.points.front().tokens_per_param.fixed
                   ? "sizes held"
                   : "best size";
  figure.series.push_back(best);
  figure.caption =
      fmt::format("Bands: {} intervals of the law. The curve is flat near the best size, so nearby sizes cost little.",
                  base::format_percent(v.plan.level, 4));
  return figure;
}

}  // namespace

namespace {

// What is drawn against compute: the best sizes, or the tokens per parameter of the runs if no sizes are determined.
Situation drawn(const Plan& plan, Situation situation) {
  for (const PlanPoint& p : plan.points)
    if (p.measured) situation.tokens_per_param = p.measured->tokens_per_param;
  if (plan.of_sizes) {
    situation.n_params = situation.tokens = std::nullopt;
    situation.tokens_per_param = plan.points.front().tokens_per_param.value;
  }
  return situation;
}

std::string loss_label(const Situation& situation) {
  if (situation.tokens_per_param)
    return fmt::format("law, {} tokens per parameter", format_number(*situation.tokens_per_param));
  return situation.n_params || situation.tokens ? "law, size held" : "law, best sizes";
}

bool of_best_sizes(const Plan& plan) {
  return std::all_of(plan.points.begin(), plan.points.end(),
                     [](const PlanPoint& p) { return !p.measured && std::isfinite(p.n_params.value); });
}

report::Section plan_section(const PlanView& v) {
  report::Section plan;
  plan.title = "The plan";
  plan.tables.push_back(
      table_of(plan_rows(v.plan), fmt::format("{}: {}; {}.", v.plan.law, v.plan.formula, how_computed(v.plan))));
  plan.tables.push_back(table_of(
      plan_details(v.plan, true),
      "Elasticity: the relative decrease, in per cent, of the loss above its floor for one per cent more of a resource."));
  std::string last;
  for (const PlanPoint& p : v.plan.points) {
    const std::string said =
        fmt::format("{}{}: {}", p.bottleneck_certain() ? "" : "uncertain: ", p.bottleneck, p.reason);
    if (p.reason.empty() || said == last) continue;  // the points of a plan often share it
    plan.paragraphs.push_back(fmt::format("{}: {}.", base::format_flop(p.compute.value), said));
    last = said;
  }
  return plan;
}

// The three worst in sentences, and the rest as a list.
report::Section limits_section(const std::vector<std::string>& limits) {
  report::Section section;
  section.title = "What limits this plan";
  std::vector<std::vector<std::string>> rest = {{"further limits"}};
  for (std::size_t i = 0; i < limits.size(); ++i)
    if (i < kShownLimits)
      section.paragraphs.push_back(limits[i] + ".");
    else
      rest.push_back({limits[i]});
  if (rest.size() > 1) section.tables.push_back(table_of(std::move(rest), "Less harmful than these."));
  return section;
}

report::Section sizes_section(const PlanView& v) {
  report::Section shape;
  shape.title = "Sizes";
  shape.figures.push_back(against_compute(v, true));
  if (std::any_of(v.plan.points.begin(), v.plan.points.end(), [](const PlanPoint& p) { return !p.isoflop.empty(); }))
    shape.figures.push_back(bowls(v));
  if (!v.contours.empty()) shape.figures.push_back(map(v));
  return shape;
}

}  // namespace

report::Page plan_page(const PlanAnswer& answer, const Situation& asked) {
  const Situation situation = drawn(answer.plan, asked);
  const std::vector<double> shown = computes_to_show(answer.fit, answer.plan, kShownComputes);
  std::vector<double> levels;
  for (std::size_t i = 0; i < kContours; ++i) levels.push_back(shown[i * (shown.size() - 1) / (kContours - 1)]);
  const PlanView v{answer.fit,
                   answer.plan,
                   frontier(answer.fit, situation, shown),
                   loss_contours(answer.fit, situation, levels),
                   measured_optima(answer.fit.data),
                   answer.design,
                   loss_label(situation)};
  report::Page page;
  page.title = "What to train next";
  page.answer = plan_answer(v.plan);
  const bool sizes = of_best_sizes(v.plan);
  if (sizes) page.figures.push_back(against_compute(v, false));
  page.figures.push_back(loss_against_compute(v));
  page.sections.push_back(plan_section(v));
  if (const auto limits = limit_sentences(answer.limits()); !limits.empty())
    page.sections.push_back(limits_section(limits));
  if (sizes) page.sections.push_back(sizes_section(v));
  if (v.design) {
    report::Section next;
    next.title = "The most informative next run";
    next.paragraphs.push_back(fmt::format(
        "The run that narrows the interval of {} most, by the linearised information of the fit.", v.design->quantity));
    next.tables.push_back(table_of(design_rows(*v.design), "Expected width of the interval, after/before."));
    page.sections.push_back(std::move(next));
  }
  return page;
}

}  // namespace phaselaw::advice
