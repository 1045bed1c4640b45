// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/token_surface.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

#include "phaselaw/data/associations.h"
#include "phaselaw/data/sources.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/theory/implied_exponents.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kEnvelopeStep = std::numbers::ln10 / 20;

constexpr const char* kModel = R"(seed = 1
[model]
readout = "tokens"
vocab = 32
n_layers = 1
n_heads = 2
activation = "gelu"
parametrisation = "standard"
branch_scale = 1.0
{}
[training]
optimizer = "adamw"
learning_rate = 0.004
beta2 = 0.98
warmup = 0.05
{}
[grid]
)";
// Durations reach beyond the best one of every size, because a smaller model is best for longer at the same charge.
std::string sizes_and_durations() {
  std::string list;
  for (const std::int64_t width : {8, 16, 32, 64})
    for (const std::int64_t steps : {256, 512, 1024, 2048, 4096}) {
      if (width == 64 && steps == 4096) continue;
      list += fmt::format("{}[{}, {}, {}, {}]", list.empty() ? "" : ", ", width, 4 * width, width / 2, steps);
    }
  return fmt::format("\"model.d_model, model.d_hidden, model.d_head, training.steps\" = [{}]\n", list);
}

struct TokenSettings {
  const char *data, *batch, *sizes;
  std::int64_t steps;  // of runs on n sequences
};
TokenSettings settings_of(const TokenSource& source) {
  if (source.name == "markov")
    return {"seq_len = 16\n{}\n[data]\nsource = \"markov\"\nmarkov_order = 2\nn_test = 256\n", "batch = 32\n",
            "[256, 512, 1024, 2048]", 2000};
  return {
      "seq_len = 3\n{}\n[data]\nsource = \"associations\"\nassociations_contexts = 32768\nassociations_exponent = 1.5\n"
      "associations_logit_std = 1.5\nn_test = 2048\n",
      "batch = 128\n", "[512, 1024, 2048, 4096, 8192]", 1500};
}

StudyRuns carry_out(const Context& context, const std::string& name, const std::string& start) {
  return carry_out_study(context, name, context.document(start + "seeds = 3\n", start + "seeds = 8\n", name));
}

StudyRuns grid_runs(const Context& context, const TokenSource& source) {
  const TokenSettings settings = settings_of(source);
  const std::string data = fmt::format(fmt::runtime(settings.data), "d_model = 8\nd_hidden = 32\nd_head = 4");
  const std::string training = std::string(settings.batch) +
                               "schedule = \"wsd\"\ndecay = 0.5\nmeasurements_per_doubling = 1\n"
                               "[accounting]\nn_params = 1\ntokens = 1\n";
  return carry_out(context, source.name,
                   fmt::format(kModel, data + "one_pass = true\n", training) + sizes_and_durations());
}

StudyRuns data_runs(const Context& context, const TokenSource& source) {
  const TokenSettings settings = settings_of(source);
  const std::string data = fmt::format(fmt::runtime(settings.data), "d_model = 32\nd_hidden = 128\nd_head = 16");
  const std::string training =
      std::string(settings.batch) + fmt::format("steps = {}\n[accounting]\ncompute = \"steps\"\n", settings.steps);
  return carry_out(context, source.name + "_data",
                   fmt::format(kModel, data, training) + fmt::format("\"data.n_data\" = {}\n", settings.sizes));
}

// One cell for each size: the final risk of every duration, against the tokens of that duration.
std::vector<SurfaceCell> duration_cells(const StudyRuns& runs) {
  std::map<std::int64_t, std::map<double, std::vector<double>>> found;  // size, tokens, teachers
  for (const auto& record : runs.runs) {
    const auto& point = runs.study.points.at(static_cast<std::size_t>(record.index));
    if (record.status != store::Status::kFinished)
      throw base::RunError(fmt::format("{}: run {} diverged; lower learning_rate", runs.store_path, record.index));
    found[point.n_params][record.measurements.back().tokens].push_back(record.measurements.back().excess_risk);
  }
  std::vector<SurfaceCell> cells;
  for (const auto& [n_params, durations] : found) {
    SurfaceCell cell{.n_params = static_cast<double>(n_params), .n_data = 1, .steps = {}, .risk = {}};
    for (const auto& [tokens, risks] : durations) {
      cell.steps.push_back(tokens);
      cell.risk.resize(risks.size());
      for (std::size_t teacher = 0; teacher < risks.size(); ++teacher) cell.risk[teacher].push_back(risks[teacher]);
    }
    cells.push_back(std::move(cell));
  }
  return cells;
}

data::DataOptions options_of(const CountingTask& task) {
  data::DataOptions options;
  options.source = data::Source::associations;
  options.associations_contexts = task.contexts;
  options.associations_exponent = task.exponent;
  options.associations_logit_std = task.logit_std;
  return options;
}

data::Associations associations_of(const CountingTask& task, std::uint64_t seed) {
  decltype(sweep::Experiment::model) student;
  student.vocab = task.vocab;
  student.seq_len = task.seq_len;
  return {options_of(task), student, seed};
}

double divergence(std::span<const double> p, std::span<const double> q) {
  double sum = 0;
  for (std::size_t v = 0; v < p.size(); ++v)
    if (p[v] > 0) sum += p[v] * std::log(p[v] / q[v]);
  return sum;
}

// The exponent of an averaged risk over teachers.
Effect exponent_of(const std::vector<double>& x, const std::vector<std::vector<double>>& risk_of_teacher) {
  return jackknife(risk_of_teacher.size(),
                   [&](Teachers teachers) {
                     std::vector<double> mean(x.size());
                     for (const std::size_t teacher : teachers)
                       for (std::size_t i = 0; i < x.size(); ++i)
                         mean[i] += risk_of_teacher[teacher][i] / static_cast<double>(teachers.size());
                     return std::vector<double>{-numerics::least_squares_power(x, mean).slope};
                   })
      .front();
}

void measure_known(const Context& context, TokenSurface& surface) {
  const CountingTask task;
  const std::vector<std::int64_t> n_data = {16384, 32768, 65536, 131072, 262144}, stored = {16, 32, 64, 128, 256};
  const std::uint64_t first = context.seed ? static_cast<std::uint64_t>(*context.seed) : 1;
  std::vector<std::vector<double>> counts, kept_contexts;
  for (std::uint64_t seed = first; seed < first + 4; ++seed) {
    counts.push_back(counting_risk(task, n_data, 0.5, seed));
    kept_contexts.push_back(stored_risk(task, stored, seed));
  }
  surface.counts = exponent_of({n_data.begin(), n_data.end()}, counts);
  surface.stored = exponent_of({stored.begin(), stored.end()}, kept_contexts);
}

}  // namespace

const std::vector<TokenSource>& token_sources() {
  static const std::vector<TokenSource> sources = {
      {.name = "markov"}, {.name = "associations", .data_exponent = 1.0 / 3, .model_exponent = 0.5}};
  return sources;
}

std::vector<double> GridNumbers::list() const {
  return {model, data, sum_model, sum_data, implied, envelope, params_of_charge, time_by_size};
}

Envelope grid_envelope(const std::vector<SurfaceCell>& sizes, Teachers teachers) {
  std::vector<std::vector<double>> log_charge, log_risk;
  for (const auto& cell : sizes) {
    auto charge = logs(cell.steps);
    for (double& c : charge) c += std::log(cell.n_params);
    log_charge.push_back(std::move(charge));
    log_risk.push_back(logs(mean_curve(cell, teachers)));
  }
  Envelope e;
  for (double c = log_charge.front().front(); c <= log_charge.back().back(); c += kEnvelopeStep) {
    double lowest = base::kInfinity;
    std::size_t size = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const double risk = interpolate(log_charge[i], log_risk[i], c);
      if (!(risk < lowest)) continue;
      lowest = risk;
      size = i;
    }
    if (std::isinf(lowest) || size == 0 || size + 1 == sizes.size()) continue;
    e.log_charge.push_back(c);
    e.log_risk.push_back(lowest);
    e.log_params.push_back(std::log(sizes[size].n_params));
    e.log_steps.push_back(c - std::log(sizes[size].n_params));
  }
  return e;
}

GridNumbers measure_grid(const std::vector<SurfaceCell>& sizes, Teachers teachers) {
  double longest = base::kInfinity;  // that every size has
  for (const auto& cell : sizes) longest = std::min(longest, cell.steps.back());
  std::vector<double> params, at_longest, slopes, n, d;
  tables::Measurements table;
  for (const auto& cell : sizes) {
    const auto risk = mean_curve(cell, teachers);
    for (std::size_t i = 0; i < risk.size(); ++i) {
      n.push_back(cell.n_params);
      d.push_back(cell.steps[i]);
      table.output.push_back(risk[i]);
    }
    const auto shared =
        static_cast<std::size_t>(std::upper_bound(cell.steps.begin(), cell.steps.end(), longest) - cell.steps.begin());
    params.push_back(cell.n_params);
    at_longest.push_back(risk[shared - 1]);
    slopes.push_back(
        -numerics::least_squares_power(std::span(cell.steps).first(shared), std::span<const double>(risk).first(shared))
             .slope);
  }
  table.columns.add("n_params", std::move(n));
  table.columns.add("tokens", std::move(d));
  fitting::FitOptions options;
  options.objective = fitting::Objective::l2;
  options.interval = fitting::IntervalMethod::none;
  const auto fit = fitting::fit_law(laws::law_from("A*N^-alpha + B*D^-beta"), table, options);
  GridNumbers numbers;
  numbers.model = -numerics::least_squares_power(params, at_longest).slope;
  numbers.data = slopes.back();
  numbers.sum_model = fit.find("alpha")->value;
  numbers.sum_data = fit.find("beta")->value;
  numbers.implied = theory::implied_by_isolated_laws(
                        {.n_params = numbers.sum_model, .n_data = numbers.sum_data, .n_steps = base::kInfinity}, {})
                        .excess_risk;
  const Envelope e = grid_envelope(sizes, teachers);
  numbers.envelope = -numerics::least_squares_line(e.log_charge, e.log_risk).slope;
  numbers.params_of_charge = numerics::least_squares_line(e.log_charge, e.log_params).slope;
  numbers.time_by_size = numerics::least_squares_line(logs(params), slopes).slope;
  return numbers;
}

std::vector<double> counting_risk(const CountingTask& task, const std::vector<std::int64_t>& n_data, double pseudo,
                                  std::uint64_t seed) {
  auto source = associations_of(task, seed);
  const auto vocab = static_cast<std::size_t>(task.vocab), contexts = static_cast<std::size_t>(task.contexts);
  std::vector<double> counts(contexts * vocab, pseudo), risks;
  numerics::RandomStream stream(seed, "reproduce/counting", 0);
  std::int64_t drawn = 0;
  for (const std::int64_t n : n_data) {
    for (; drawn < n; ++drawn) {
      const std::int64_t rank = source.rank_at(stream.uniform());
      const auto token = data::draw_token(source.row(rank), stream.uniform());
      counts[static_cast<std::size_t>(rank) * vocab + static_cast<std::size_t>(token)] += 1;
    }
    double risk = 0;
    for (std::size_t k = 0; k < contexts; ++k) {
      const std::span<const double> row(&counts[k * vocab], vocab);
      const double total = std::accumulate(row.begin(), row.end(), 0.0);
      std::vector<double> estimate(row.begin(), row.end());
      for (double& q : estimate) q /= total;
      const auto rank = static_cast<std::int64_t>(k);
      risk += source.probability(rank) * divergence(source.row(rank), estimate);
    }
    risks.push_back(risk);
  }
  return risks;
}

std::vector<double> stored_risk(const CountingTask& task, const std::vector<std::int64_t>& stored, std::uint64_t seed) {
  auto source = associations_of(task, seed);
  const std::vector<double> uniform(static_cast<std::size_t>(task.vocab), 1 / static_cast<double>(task.vocab));
  std::vector<double> tail(static_cast<std::size_t>(task.contexts) + 1);  // risk of all contexts from this rank on
  for (std::int64_t k = task.contexts; k-- > 0;)
    tail[static_cast<std::size_t>(k)] =
        tail[static_cast<std::size_t>(k) + 1] + source.probability(k) * divergence(source.row(k), uniform);
  std::vector<double> risks;
  for (const std::int64_t m : stored) risks.push_back(tail.at(static_cast<std::size_t>(m)));
  return risks;
}

TokenSurface token_surface(const Context& context, const TokenSource& source) {
  TokenSurface surface;
  surface.source = source;
  const auto runs = grid_runs(context, source);
  surface.sizes = duration_cells(runs);
  const auto effects = jackknife(surface.sizes.front().risk.size(), [&](Teachers teachers) {
    const GridNumbers numbers = measure_grid(surface.sizes, teachers);
    auto list = numbers.list();
    list.push_back(std::log(numbers.envelope / numbers.implied));
    return list;
  });
  Effect* const targets[] = {&surface.model,    &surface.data,     &surface.sum_model,        &surface.sum_data,
                             &surface.implied,  &surface.envelope, &surface.params_of_charge, &surface.time_by_size,
                             &surface.log_ratio};
  PHASELAW_CHECK(std::size(targets) == effects.size());
  for (std::size_t i = 0; i < effects.size(); ++i) *targets[i] = effects[i];

  const auto limited = data_runs(context, source);
  std::size_t left_out = 0;
  SurfacePath path{.name = source.name + ", one width", .noise = base::kNaN, .n_layers = 1, .p_model = 0, .cells = {}};
  path.cells = cells_of(limited, left_out);
  surface.data_limited = row_of(std::move(path), {.n_params = 0, .n_data = 0, .n_steps = 1});
  for (const auto* study : {&runs, &limited})
    for (const auto& point : study->study.points) surface.cost_flop += point.cost_flop;
  surface.configurations = {{source.name + " study", runs.study.json},
                            {source.name + " data study", limited.study.json}};
  if (source.name == "associations") measure_known(context, surface);
  return surface;
}

}  // namespace phaselaw::reproduce
