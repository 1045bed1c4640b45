// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/ladder_ends.h"
#include "phaselaw/reproduce/own_runs.h"
#include "phaselaw/tables/messages.h"
#include "phaselaw/verbs/inputs.h"

// The section of experiment 8 (own_runs.h): reading, figures, table.
namespace phaselaw::reproduce {

namespace {

constexpr std::size_t kMostDrawn = 12;  // runs in a figure

std::vector<tables::Curve> read_curves(const Context& context) {
  const OwnRunsRequest& own = context.own;
  tables::ReadOptions read = own.read;
  std::vector<documents::Reading> readings = verbs::read_inputs(own.curves, read, true);
  tables::CurveSet set = tables::curves_of(std::move(readings), read);
  tables::log_messages(set.notes, set.warnings);
  std::vector<tables::Curve>& curves = set.curves;
  tables::keep_runs(curves, own.run);
  std::erase_if(curves, [](const tables::Curve& curve) { return curve.loss.empty(); });
  if (curves.empty())
    throw base::InputError({own.curves.front()},
                           "expected at least one run with a loss; found none; name the column with --loss");
  return std::move(curves);
}

report::Figure curve_figure(const std::vector<OwnRun>& runs) {
  const auto& first = runs.front().diagnosis.curve;
  report::Figure figure;
  figure.title = "Your runs";
  figure.x = {.label = first.clock, .unit = first.unit, .log = true};
  figure.y = {.label = first.quantity, .log = true};
  std::size_t drawn = 0;
  for (const OwnRun& run : runs) {
    const auto& curve = run.diagnosis.curve;
    if (curve.clock != first.clock || drawn == kMostDrawn) continue;
    figure.series.push_back({.label = curve.name,
                             .x = curve.x,
                             .y = curve.loss,
                             .style = report::Style::kLinePoints,
                             .colour = report::series_colour(drawn++),
                             .width = 1});
  }
  figure.caption = fmt::format("Block means of {} of {} runs, before any decay of the learning rate that was left out.",
                               drawn, runs.size());
  return figure;
}

report::Table run_table(const std::vector<OwnRun>& runs) {
  report::Table table;
  table.caption =
      "Each run: difference of QAICc in favour of an exponential start and of a bend; late exponent without a floor (the slope "
      "of the total loss) and over all floors that it allows. A dash: this run cannot decide.";
  table.columns = {"run",      "rows",         "clock", "start", "bend", "late part from", "exponent, E = 0",
                   "exponent", "floor allowed"};
  for (const OwnRun& run : runs) {
    const auto& curve = run.diagnosis.curve;
    std::vector<std::string> row = {curve.name, base::format_count(curve.n_rows), curve.clock,
                                    run.no_start.empty() ? base::format_number(run.start_gain, 2) : "–",
                                    run.no_bend.empty() ? base::format_number(run.bend_gain, 2) : "–"};
    if (run.late && run.no_late.empty()) {
      const auto& range = run.late->range;
      const auto& none = range.at.front();
      row.push_back(base::format_number(run.from, 2, base::notation_of(curve.unit)));
      row.push_back(base::format_value(none.exponent, none.lo, none.hi));
      row.push_back(base::format_value(range.exponent, range.lo, range.hi));
      row.push_back(
          fmt::format("{}{}", base::format_interval(range.floor_lo, range.floor_hi), range.bounded ? "" : ", open"));
    } else {
      row.insert(row.end(), {"–", "–", "–", "–"});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

// The frontier over at least three sizes, against the recorded compute, or 6 N D from parameters and tokens.
std::optional<LadderStudy> frontier_of(std::span<const tables::Curve> curves) {
  std::vector<LadderEnd> ends;
  std::set<double> sizes;
  for (const tables::Curve& curve : curves) {
    std::size_t last = curve.loss.size();
    while (last > 0 && !(std::isfinite(curve.loss[last - 1]) && curve.loss[last - 1] > 0)) --last;
    if (last == 0 || !(curve.n_params > 0) || (curve.compute.empty() && curve.tokens.empty())) return {};
    const double compute =
        curve.compute.empty() ? 6 * curve.n_params * curve.tokens[last - 1] : curve.compute[last - 1];
    if (!(compute > 0) || std::isinf(compute)) return {};
    ends.push_back({.n_params = static_cast<std::int64_t>(curve.n_params),
                    .steps = curve.step.empty() ? 0 : static_cast<std::int64_t>(curve.step[last - 1]),
                    .seed = static_cast<std::int64_t>(ends.size()),
                    .rate = static_cast<double>(ends.size()),  // every run is a cell of its own
                    .compute = compute,
                    .loss = curve.loss[last - 1]});
    sizes.insert(curve.n_params);
  }
  if (sizes.size() < 3) return {};
  try {
    return ladder_study("frontier", std::move(ends), curves.front().quantity);
  } catch (const base::InputError&) {
    return {};  // too few runs on the frontier
  }
}

// The frontier's claims need durations that grow with the sizes.
void add_frontier(const LadderStudy& frontier, Finding& finding) {
  std::set<std::int64_t> durations;
  for (const FrontierCell& cell : frontier.frontier) durations.insert(cell.steps);
  for (report::Claim& claim : claims_of(frontier)) {
    claim.id = "E8.frontier" + claim.id.substr(claim.id.rfind('_'));
    claim.statement = "Your runs' last losses: " + claim.statement;
    if (durations.size() == 1)
      claim.undecidable =
          "All runs on the frontier are equally long, so this is the exponent of the model's size at fixed data, and not that of "
          "the best runs.";
    finding.section.claims.push_back(std::move(claim));
  }
  auto figures = figures_of(frontier, base::kNaN);
  figures[1].title = "Last losses of your runs";
  figures[1].caption = "Each point is the last loss of a run. The line joins those on the lower convex hull.";
  figures.pop_back();  // without seeds, local slopes have no intervals
  std::move(figures.begin(), figures.end(), std::back_inserter(finding.section.figures));
  finding.section.tables.push_back(tables_of(frontier).back());
}

}  // namespace

Finding own_runs(const Context& context) {
  const std::vector<tables::Curve> curves = read_curves(context);
  advice::DiagnoseOptions options;
  options.schedule = context.own.schedule;
  options.threads = context.threads;
  const std::vector<OwnRun> runs = judged_runs(curves, options);
  const bool compute =
      std::any_of(runs.begin(), runs.end(), [](const auto& run) { return run.diagnosis.curve.clock == "compute"; });

  Finding finding;
  finding.section.title = "Your own runs";
  finding.section.lead = fmt::format(
      "{} run{} from {}. Within one run of fixed size and batch, compute is proportional to steps, {}so the exponents below are "
      "those of steps: the accounting of the theory then predicts 1/2, and 1/6 or 1/7 only for the best over sizes. "
      "The floor of a loss is not known, so each exponent is shown for all floors that the run allows.",
      runs.size(), runs.size() == 1 ? "" : "s", fmt::join(context.own.curves, ", "),
      compute ? "" : "and these logs have no compute, ");
  finding.section.claims = claims_of(runs);
  finding.leading.push_back(curve_figure(runs));
  std::vector<FloorMeasurement> late;
  for (const OwnRun& run : runs)
    if (run.late && run.no_late.empty() && late.size() < kMostDrawn &&
        (late.empty() || run.late->axis == late.front().axis))
      late.push_back(*run.late);
  if (!late.empty())
    finding.section.figures.push_back(
        floor_figure("Late exponent against the assumed floor: your runs", late, base::kNaN));
  finding.section.tables.push_back(run_table(runs));
  for (const OwnRun& run : runs)
    for (const std::string& note : run.diagnosis.notes)
      if (note.find("decay") != std::string::npos)
        finding.section.paragraphs.push_back(run.diagnosis.curve.name + ": " + note + ".");
  if (const auto frontier = frontier_of(curves)) add_frontier(*frontier, finding);
  return finding;
}

}  // namespace phaselaw::reproduce
