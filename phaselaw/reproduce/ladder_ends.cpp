// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/ladder_ends.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/sweep/ladder.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Style;

// All cells at their best rates.
std::vector<FrontierCell> cells_of(const std::vector<LadderEnd>& ends) {
  std::map<std::tuple<std::int64_t, std::int64_t, double>, std::vector<const LadderEnd*>> groups;
  for (const LadderEnd& end : ends) groups[{end.n_params, end.steps, end.rate}].push_back(&end);
  std::size_t seeds = 0;
  for (const auto& [key, list] : groups) seeds = std::max(seeds, list.size());
  std::map<std::pair<std::int64_t, std::int64_t>, FrontierCell> best;
  for (auto& [key, list] : groups) {
    if (list.size() < seeds) continue;
    std::sort(list.begin(), list.end(), [](const auto* a, const auto* b) { return a->seed < b->seed; });
    const LadderEnd& first = *list.front();
    FrontierCell cell{.n_params = first.n_params, .steps = first.steps, .rate = first.rate, .compute = first.compute};
    for (const LadderEnd* end : list) cell.losses.push_back(end->loss);
    cell.loss = numerics::mean(cell.losses);
    FrontierCell& own = best.try_emplace({first.n_params, first.steps}, cell).first->second;
    if (cell.loss < own.loss) own = std::move(cell);
  }
  std::vector<FrontierCell> cells;
  for (auto& [key, cell] : best) cells.push_back(std::move(cell));
  return cells;
}

// The lower convex hull of (ln C, loss), up to its lowest point.
std::vector<FrontierCell> frontier_of(std::vector<FrontierCell> cells) {
  std::sort(cells.begin(), cells.end(),
            [](const auto& a, const auto& b) { return std::pair(a.compute, a.loss) < std::pair(b.compute, b.loss); });
  std::vector<FrontierCell> hull;
  const auto slope = [](const FrontierCell& a, const FrontierCell& b) {
    return (b.loss - a.loss) / (std::log(b.compute) - std::log(a.compute));
  };
  for (FrontierCell& cell : cells) {
    if (!hull.empty() && (cell.compute == hull.back().compute || cell.loss >= hull.back().loss)) continue;
    while (hull.size() > 1 && slope(hull[hull.size() - 2], hull.back()) >= slope(hull.back(), cell)) hull.pop_back();
    hull.push_back(std::move(cell));
  }
  return hull;
}

struct Rows {
  std::vector<double> compute, loss;
};

// The ends of all seeds on the frontier.
Rows rows_of(const std::vector<FrontierCell>& frontier) {
  Rows rows;
  for (const FrontierCell& cell : frontier)
    for (const double value : cell.losses) {
      rows.compute.push_back(cell.compute);
      rows.loss.push_back(value);
    }
  return rows;
}

Figure loss_figure(const LadderStudy& study) {
  Figure figure;
  figure.title = fmt::format("Loss at the end of each run: {}", study.name);
  figure.x = {"training compute", "FLOP, exact", true};
  figure.y = {"test loss", study.measured.unit, true};
  std::map<std::int64_t, report::Series> by_size;
  for (const LadderEnd& end : study.ends) {
    report::Series& series = by_size[end.n_params];
    series.x.push_back(end.compute);
    series.y.push_back(end.loss);
  }
  std::size_t colour = 0;
  for (auto& [size, series] : by_size) {
    series.label = base::format_number(static_cast<double>(size), 2, base::Notation::suffix) + " parameters";
    series.style = Style::kPoints;
    series.colour = report::series_colour(colour++);
    figure.series.push_back(std::move(series));
  }
  report::Series frontier{.label = "frontier", .colour = Colour::kBlack, .width = 1.5};
  for (const FrontierCell& cell : study.frontier) {
    frontier.x.push_back(cell.compute);
    frontier.y.push_back(cell.loss);
  }
  figure.series.push_back(std::move(frontier));
  figure.caption =
      "Each point is the end of a run of its own, after the decay of its learning rate: a size, a duration, a largest rate and a seed. "
      "The line joins the means over the seeds, at the best rates, on the lower convex hull.";
  return figure;
}

Figure slope_figure(const LadderStudy& study, double known) {
  Figure figure;
  figure.title = fmt::format("Local slopes between neighbours on the frontier: {}", study.name);
  figure.x = {"training compute", "FLOP, exact", true};
  figure.y = {"-d ln(L - E)/d ln C", ""};
  struct Shown {
    double floor;
    std::string label;
    Colour colour;
  };
  std::vector<Shown> shown = {{0, "E = 0", Colour::kBlack}};
  const auto& range = study.measured.range;
  if (range.floor > 0 && range.floor < range.smallest)
    shown.push_back({range.floor, fmt::format("E = {}, best", base::format_number(range.floor)), Colour::kVermillion});
  if (std::isfinite(known) && known < range.smallest)
    shown.push_back({known, fmt::format("E = {}, known", base::format_number(known)), Colour::kGreen});
  for (const Shown& s : shown) {
    report::Series series{.label = s.label, .style = Style::kLinePoints, .colour = s.colour};
    for (const LocalSlope& slope : local_slopes(study, s.floor)) {
      series.x.push_back(slope.compute);
      series.y.push_back(slope.slope);
      if (std::isfinite(slope.lo)) series.error_lo.push_back(slope.lo), series.error_hi.push_back(slope.hi);
    }
    figure.series.push_back(std::move(series));
  }
  figure.horizontal_marks = {{theory::edition_v1().exponent(), "1/6", Colour::kPurple},
                             {theory::edition_v3().exponent(), "1/7", Colour::kSkyBlue}};
  figure.caption =
      "The slope between two neighbouring points of the frontier, for different floors: mean over the seeds, bars 95 %.";
  return figure;
}

}  // namespace

LadderStudy ladder_study(const std::string& name, std::vector<LadderEnd> ends, const std::string& unit) {
  LadderStudy study;
  study.name = name;
  study.ends = std::move(ends);
  study.frontier = frontier_of(cells_of(study.ends));
  if (study.frontier.size() < 3)
    throw base::InputError(
        {name},
        fmt::format("expected at least three cells of size and duration on the frontier of loss against compute; "
                    "found {}; add durations or sizes",
                    study.frontier.size()));
  const Rows rows = rows_of(study.frontier);
  study.measured = {name, "compute", unit, fitting::exponent_over_floors(rows.compute, rows.loss)};
  return study;
}

LadderStudy ladder_study(const std::string& name, const StudyRuns& runs, const std::string& unit) {
  std::vector<LadderEnd> ends;
  std::int64_t unusable = 0;
  for (const store::RunRecord& record : runs.runs) {
    const sweep::Experiment& experiment = runs.study.points[static_cast<std::size_t>(record.index)].experiment;
    const bool finished = record.status == store::Status::kFinished && !record.measurements.empty();
    const double loss = finished ? record.measurements.back().test_loss : 0;
    if (!(loss > 0) || std::isinf(loss)) {
      ++unusable;
      continue;
    }
    ends.push_back({.n_params = sweep::trainable_params(experiment.model),
                    .steps = experiment.training.steps,
                    .seed = experiment.seed,
                    .rate = base::parse_json(record.summary, runs.store_path).at("learning_rate").number(),
                    .compute = record.measurements.back().compute_flop,
                    .loss = loss});
  }
  LadderStudy study = ladder_study(name, std::move(ends), unit);
  study.unusable = unusable;
  return study;
}

std::vector<LocalSlope> local_slopes(const LadderStudy& study, double floor) {
  std::vector<LocalSlope> slopes;
  for (std::size_t k = 1; k < study.frontier.size(); ++k) {
    const FrontierCell &a = study.frontier[k - 1], &b = study.frontier[k];
    const double distance = std::log(b.compute / a.compute);
    std::vector<double> by_seed;
    for (std::size_t s = 0; s < a.losses.size(); ++s) {
      PHASELAW_CHECK(floor < a.losses[s] && floor < b.losses[s]);
      by_seed.push_back(std::log((a.losses[s] - floor) / (b.losses[s] - floor)) / distance);
    }
    const Mean mean = mean_of(by_seed);
    slopes.push_back({std::sqrt(a.compute * b.compute), mean.value, mean.lo, mean.hi});
  }
  return slopes;
}

std::vector<report::Claim> claims_of(const LadderStudy& study, double known) {
  std::vector<report::Claim> claims;
  const auto& range = study.measured.range;
  const bool usable = std::isfinite(known) && known < range.smallest;
  const Rows rows = rows_of(study.frontier);
  const auto add = [&](const theory::Edition& edition, const char* fraction) {
    report::Claim claim = exponent_claim(study.measured, edition.exponent(), fraction);
    claim.id = fmt::format("E1.{}.exponent_{}", study.name, edition.name);
    claim.statement = fmt::format(
        "The reducible loss of the best runs falls as compute to the power -{}, whatever the floor.", fraction);
    if (usable) {
      const auto at = fitting::exponent_at_floor(rows.compute, rows.loss, known);
      claim.statement =
          fmt::format("The loss of the best runs above its known floor falls as compute to the power -{}.", fraction);
      claim.measured = at.exponent;
      claim.lo = at.lo;
      claim.hi = at.hi;
      claim.degrees = range.dof + 1;  // the floor is not fitted
      claim.reading = fmt::format("At the known floor {}. Without that knowledge: {}", base::format_number(known, 4),
                                  claim.reading);
      claim.finding = fmt::format("{}: above the known floor the exponent of compute is {}, beside {}.", study.name,
                                  base::format_value(at.exponent, at.lo, at.hi), fraction);
    }
    // The paper states the exponent for M ~ n^3, and this ladder chooses its sizes freely: b, p_M and p_T are not measured
    // here, so agreement would not support the law.
    claim.source = fmt::format("exponent of edition {} [S], on a ladder of free sizes", edition.name);
    claim.standing = report::Standing::kOpenQuestion;
    claims.push_back(std::move(claim));
  };
  add(theory::edition_v1(), "1/6");
  add(theory::edition_v3(), "1/7");
  return claims;
}

std::vector<Figure> figures_of(const LadderStudy& study, double known) {
  Figure floors =
      floor_figure(fmt::format("Exponent against the assumed floor: {}", study.name), {study.measured}, known);
  return {std::move(floors), loss_figure(study), slope_figure(study, known)};
}

std::vector<report::Table> tables_of(const LadderStudy& study) {
  report::Table table;
  table.caption = "The frontier: loss at the end of the runs, and the slope to the next point without a floor.";
  table.columns = {"compute (FLOP)", "parameters", "steps", "learning rate", "seeds", "loss", "slope, E = 0"};
  const auto slopes = local_slopes(study, 0);
  for (std::size_t k = 0; k < study.frontier.size(); ++k) {
    const FrontierCell& cell = study.frontier[k];
    const Mean loss = mean_of(cell.losses);
    table.rows.push_back({base::format_number(cell.compute, 3, base::Notation::power),
                          base::format_number(static_cast<double>(cell.n_params), 3, base::Notation::suffix),
                          base::format_count(cell.steps), base::format_number(cell.rate),
                          base::format_count(cell.losses.size()), base::format_value(loss.value, loss.lo, loss.hi),
                          k < slopes.size() ? base::format_value(slopes[k].slope, slopes[k].lo, slopes[k].hi) : ""});
  }
  return {std::move(table), floor_table({study.measured})};
}

Finding finding_of(const LadderStudy& study, const StudyRuns& runs, std::string title, std::string lead, double known) {
  Finding finding;
  finding.section.title = std::move(title);
  finding.section.lead = std::move(lead);
  finding.section.claims = claims_of(study, known);
  finding.section.tables = tables_of(study);
  auto figures = figures_of(study, known);
  finding.leading.push_back(std::move(figures.front()));
  figures.erase(figures.begin());
  finding.section.figures = std::move(figures);
  std::set<std::int64_t> sizes;
  for (const FrontierCell& cell : study.frontier) sizes.insert(cell.n_params);
  std::set<std::int64_t> all;
  for (const LadderEnd& end : study.ends) all.insert(end.n_params);
  finding.section.paragraphs.push_back(fmt::format(
      "{} of the {} sizes are on the frontier. Its first and last points are at the edge of the ladder, where a size that was "
      "not trained could be better.",
      sizes.size(), all.size()));
  if (study.unusable > 0)
    finding.section.paragraphs.push_back(fmt::format("{} runs diverged and are not used.", study.unusable));
  finding.configurations.emplace_back(study.name + " study", runs.study.json);
  return finding;
}

}  // namespace phaselaw::reproduce
