// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/surface_study.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numbers>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

namespace {

constexpr std::int64_t kFirstParams = 128;                        // per layer, at n = 8
constexpr std::int64_t kAttentionParams = 64, kHiddenParams = 8;  // per layer and per hidden unit, d_model 4

constexpr const char* kStudent = R"(seed = 1
[model]
seq_len = 4
d_model = 4
n_heads = 1
d_head = 4
branch_scale = 0.7
n_layers = {}
d_hidden = 8
[data]
source = "teacher"
teacher_d_hidden = 64
n_test = 512
noise = {}
[training]
optimizer = "gd"
learning_rate = 0.1
steps = {}
[accounting]
compute = "model-data-steps"
[grid]
)";

// Decayed runs on many sequences without noise: what is left is the error of the model.
constexpr const char* kModelLaw = R"(seed = 1
[model]
n_layers = 1
seq_len = 4
d_model = 8
d_hidden = 8
n_heads = 1
d_head = 8
branch_scale = 0.7
[data]
source = "teacher"
n_data = 8192
n_test = 1024
teacher_d_hidden = 1024
[training]
optimizer = "adamw"
learning_rate = 0.01
schedule = "wsd"
decay = 0.5
batch = 64
steps = 8000
measurements_per_doubling = 1
[accounting]
compute = "model-data-steps"
[grid]
"model.d_hidden" = [4, 8, 16, 32, 64, 128]
)";

// Many parameters, no noise: time limits the risk.
constexpr std::int64_t kTimeData = 128, kTimeHidden = 248, kTimeSteps = 8000;

// The jackknife of one statistic.
Effect effect(std::size_t teachers, const std::function<double(Teachers)>& statistic) {
  return jackknife(teachers, [&](Teachers chosen) { return std::vector<double>{statistic(chosen)}; }).front();
}

StudyRuns carry_out(const Context& context, const std::string& name, const std::string& start,
                    std::int64_t quick_teachers, std::int64_t full_teachers) {
  return carry_out_study(context, name,
                         context.document(start + fmt::format("seeds = {}\n", quick_teachers),
                                          start + fmt::format("seeds = {}\n", full_teachers), name));
}

std::string student(std::int64_t n_layers, double noise, std::int64_t steps) {
  return fmt::format(kStudent, n_layers, noise, steps);
}

}  // namespace

const std::vector<SurfaceDesign>& surface_designs() {
  // A larger noise has its best time earlier, T* ~ xi^-2, and a smaller one later; there the largest sizes would cost
  // more than they tell.
  static const std::vector<SurfaceDesign> designs = {
      {.name = "surface", .noise = 0.5},
      {.name = "surface_noise_1", .noise = 1, .steps = 800, .powers = {0, 3}, .full_teachers = 64},
      {.name = "surface_noise_0.25",
       .noise = 0.25,
       .steps = 4000,
       .sizes = {8, 11, 16, 23, 32},
       .powers = {0, 3},
       .full_teachers = 64},
      {.name = "surface_layers_2",
       .noise = 0.5,
       .n_layers = 2,
       .sizes = {8, 11, 16, 23, 32, 45},
       .powers = {3},
       .quick_teachers = 4,
       .full_teachers = 60}};
  return designs;
}

std::int64_t surface_d_hidden(int power, std::int64_t n_data) {
  const double first = static_cast<double>(kFirstParams);
  const double layer = power == 0 ? 2 * first : first * std::pow(static_cast<double>(n_data) / 8, power);
  return std::llround((layer - static_cast<double>(kAttentionParams)) / static_cast<double>(kHiddenParams));
}

StudyRuns surface_runs(const Context& context, const SurfaceDesign& design) {
  std::set<std::pair<std::int64_t, std::int64_t>> cells;
  for (const std::int64_t n : design.sizes)
    for (const int power : design.powers) cells.emplace(n, surface_d_hidden(power, n));
  std::string list;
  for (const auto& [n, hidden] : cells) list += fmt::format("{}[{}, {}]", list.empty() ? "" : ", ", n, hidden);
  const std::string start = student(design.n_layers, design.noise, design.steps) +
                            fmt::format("\"data.n_data, model.d_hidden\" = [{}]\n", list);
  return carry_out(context, design.name, start, design.quick_teachers, design.full_teachers);
}

std::vector<SurfaceCell> cells_of(const StudyRuns& runs, std::size_t& left_out) {
  const auto point_of = [&](const store::RunRecord& record) -> const sweep::Point& {
    return runs.study.points.at(static_cast<std::size_t>(record.index));
  };
  std::set<std::int64_t> failed;
  for (const auto& record : runs.runs)
    if (record.status != store::Status::kFinished) failed.insert(point_of(record).experiment.seed);
  left_out += failed.size();
  std::map<std::pair<std::int64_t, std::int64_t>, SurfaceCell> cells;
  for (const auto& record : runs.runs) {  // in order of index, so that teachers have the same order in every cell
    const sweep::Point& point = point_of(record);
    if (failed.contains(point.experiment.seed)) continue;
    SurfaceCell& cell = cells[{point.experiment.data.n_data, point.n_params}];
    cell.n_data = static_cast<double>(point.experiment.data.n_data);
    cell.n_params = static_cast<double>(point.n_params);
    std::vector<double> steps, risk;
    for (const auto& m : record.measurements) {
      if (m.step == 0) continue;
      steps.push_back(static_cast<double>(m.step));
      risk.push_back(m.excess_risk);
    }
    PHASELAW_CHECK(cell.steps.empty() || cell.steps == steps);
    cell.steps = std::move(steps);
    cell.risk.push_back(std::move(risk));
  }
  std::vector<SurfaceCell> list;
  for (auto& [key, cell] : cells) list.push_back(std::move(cell));
  if (list.empty())
    throw base::RunError(
        fmt::format("{}: every teacher has a run that diverged; lower learning_rate", runs.store_path));
  return list;
}

namespace {

std::string path_name(const SurfaceDesign& design, int power) {
  return fmt::format("noise {}{}, {}", design.noise,
                     design.n_layers == 1 ? "" : fmt::format(", {} layers", design.n_layers),
                     power == 0   ? "M fixed"
                     : power == 1 ? "M ~ n"
                                  : fmt::format("M ~ n^{}", power));
}

}  // namespace

std::vector<SurfacePath> surface_paths(const StudyRuns& runs, const SurfaceDesign& design) {
  std::size_t left_out = 0;
  const auto cells = cells_of(runs, left_out);
  std::vector<SurfacePath> paths;
  for (const int power : design.powers) {
    SurfacePath path{.name = path_name(design, power),
                     .noise = design.noise,
                     .n_layers = design.n_layers,
                     .p_model = static_cast<double>(power),
                     .cells = {}};
    for (const std::int64_t n : design.sizes) {
      const auto params =
          static_cast<double>(design.n_layers * (kAttentionParams + kHiddenParams * surface_d_hidden(power, n)));
      const auto found = std::find_if(cells.begin(), cells.end(), [&](const SurfaceCell& cell) {
        return cell.n_data == static_cast<double>(n) && cell.n_params == params;
      });
      PHASELAW_CHECK(found != cells.end());
      path.cells.push_back(*found);
    }
    paths.push_back(std::move(path));
  }
  return paths;
}

SurfaceRow row_of(SurfacePath path, const theory::Charge& charge) {
  SurfaceRow row;
  row.charge = charge;
  const auto all = all_teachers(path.teachers());
  const auto effects = jackknife(path.teachers(), [&](Teachers teachers) {
    const PathNumbers numbers = measure_path(path, charge, teachers);
    auto list = numbers.list();
    list.push_back(std::log(numbers.envelope / numbers.implied));
    return list;
  });
  Effect* const targets[] = {&row.data_exponent,  &row.time_exponent,   &row.envelope,
                             &row.implied,        &row.threshold,       &row.params_of_charge,
                             &row.data_of_charge, &row.steps_of_charge, &row.log_ratio};
  PHASELAW_CHECK(std::size(targets) == effects.size());
  for (std::size_t i = 0; i < effects.size(); ++i) *targets[i] = effects[i];
  const auto best = best_times(path, all);
  for (const auto& time : best) row.interior = row.interior && time.interior;
  const auto charge_of = [&](const SurfaceCell& cell, const BestTime& time) {
    return log_charge(charge, cell.n_params, cell.n_data, time.log_steps);
  };
  row.decades =
      (charge_of(path.cells.back(), best.back()) - charge_of(path.cells.front(), best.front())) / std::numbers::ln10;
  const Envelope e = envelope_of(path, charge, all);
  const auto at_largest = std::count(e.log_data.begin(), e.log_data.end(), std::log(path.cells.back().n_data));
  row.share_of_largest = static_cast<double>(at_largest) / static_cast<double>(e.log_data.size());
  row.path = std::move(path);
  return row;
}

Effect accounting_slope(const std::vector<SurfacePath>& paths) {
  return effect(paths.front().teachers(), [&](Teachers teachers) {
    std::vector<double> power, inverse, b;
    for (const auto& path : paths) {
      const auto numbers = measure_path(path, {}, teachers);
      power.push_back(path.p_model);
      inverse.push_back(1 / numbers.envelope);
      b.push_back(numbers.data_exponent);
    }
    return numerics::least_squares_line(power, inverse).slope * numerics::mean(b);
  });
}

Effect model_tax(const std::vector<SurfacePath>& paths) {
  return effect(paths.front().teachers(), [&](Teachers teachers) {
    std::vector<double> log_params, log_risk;
    for (const auto& path : paths) {
      const SurfaceCell& cell = path.cells.back();
      log_params.push_back(std::log(cell.n_params));
      log_risk.push_back(best_time(cell.steps, mean_curve(cell, teachers)).log_risk);
    }
    return numerics::least_squares_line(log_params, log_risk).slope;
  });
}

ModelLaw model_law(const Context& context) {
  ModelLaw law;
  law.runs = carry_out(context, "surface_model", kModelLaw, 3, 6);
  std::size_t left_out = 0;
  const auto cells = cells_of(law.runs, left_out);
  const auto risks = [&](Teachers teachers) {
    std::vector<double> risk;
    for (const auto& cell : cells) risk.push_back(mean_curve(cell, teachers).back());
    return risk;
  };
  for (const auto& cell : cells) law.n_params.push_back(cell.n_params);
  const std::size_t teachers = cells.front().risk.size();
  law.risk = risks(all_teachers(teachers));
  const auto effects = jackknife(teachers, [&](Teachers chosen) {
    const PowerLaw power = power_law(law.n_params, risks(chosen));
    return std::vector<double>{power.exponent, power.change};
  });
  law.exponent = effects[0];
  law.change = effects[1];
  return law;
}

FallingCurves falling_curves(SurfaceCell cell) {
  FallingCurves curves;
  std::vector<double> gains, exponential, power, exponents;
  for (const auto& risk : cell.risk) {
    const FallingForm form = falling_form(cell.steps, risk);
    gains.push_back(form.gain);
    exponential.push_back(form.exponential_residual);
    power.push_back(form.power_residual);
    const auto late = static_cast<std::size_t>(
        std::lower_bound(cell.steps.begin(), cell.steps.end(), cell.steps.back() / 10) - cell.steps.begin());
    exponents.push_back(
        power_law(std::span(cell.steps).subspan(late), std::span<const double>(risk).subspan(late)).exponent);
  }
  curves.gain = effect_of(gains);
  curves.exponential_residual = numerics::mean(exponential);
  curves.power_residual = numerics::mean(power);
  curves.exponent = effect_of(exponents);
  curves.cell = std::move(cell);
  return curves;
}

namespace {

// The measurements of a cell until its averaged risk has fallen to twice its minimum.
SurfaceCell first_stage_of(const SurfaceCell& cell) {
  const auto mean = mean_curve(cell, all_teachers(cell.risk.size()));
  const double end = std::exp(log_threshold_steps(cell.steps, mean));
  SurfaceCell stage = cell;
  const auto last =
      static_cast<std::size_t>(std::upper_bound(cell.steps.begin(), cell.steps.end(), end) - cell.steps.begin());
  stage.steps.resize(last);
  for (auto& risk : stage.risk) risk.resize(last);
  return stage;
}

void add_study(const Context& context, const SurfaceDesign& design, VectorSurface& surface,
               std::vector<SurfacePath>& fixed) {
  const auto runs = surface_runs(context, design);
  std::size_t left_out = 0;
  (void)cells_of(runs, left_out);
  if (left_out > 0)
    surface.notes.push_back(
        fmt::format("{}: {} teachers were left out, because a run of theirs diverged.", design.name, left_out));
  surface.configurations.emplace_back(design.name + " study", runs.study.json);
  for (const auto& point : runs.study.points) surface.cost_flop += point.cost_flop;
  auto paths = surface_paths(runs, design);
  if (paths.front().p_model == 0) fixed.push_back(paths.front());
  if (surface.rows.empty()) {
    surface.slope = accounting_slope(paths);
    surface.tax = model_tax(paths);
    surface.first_stage = falling_curves(first_stage_of(paths.back().cells.back()));
    surface.others.push_back(row_of(paths.front(), {.n_params = 0, .n_data = 0, .n_steps = 1}));
  }
  std::reverse(paths.begin(), paths.end());
  for (auto& path : paths) surface.rows.push_back(row_of(std::move(path), {}));
}

}  // namespace

VectorSurface vector_surface(const Context& context) {
  VectorSurface surface;
  std::vector<SurfacePath> fixed;
  for (const auto& design : surface_designs()) add_study(context, design, surface, fixed);
  std::size_t teachers = fixed.front().teachers();
  for (const auto& path : fixed) teachers = std::min(teachers, path.teachers());
  const auto laws = jackknife(teachers, [&](Teachers chosen) {
    const TimeLaw plain = time_law(fixed, chosen), divided = time_law(fixed, chosen, true);
    return std::vector<double>{plain.of_data, plain.of_noise, divided.of_data};
  });
  surface.time_of_data = laws[0];
  surface.time_of_noise = laws[1];
  surface.time_of_data_without_log = laws[2];
  surface.model = model_law(context);
  surface.configurations.emplace_back("surface_model study", surface.model.runs.study.json);
  const std::string start =
      student(1, 0, kTimeSteps) + fmt::format("\"data.n_data, model.d_hidden\" = [[{}, {}]]\n", kTimeData, kTimeHidden);
  const auto time_runs = carry_out(context, "surface_time", start, 4, 12);
  surface.configurations.emplace_back("surface_time study", time_runs.study.json);
  std::size_t left_out = 0;
  surface.time = falling_curves(cells_of(time_runs, left_out).front());
  return surface;
}

}  // namespace phaselaw::reproduce
