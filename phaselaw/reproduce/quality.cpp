// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/quality.h"

#include <cmath>

#include "phaselaw/analysis/training_curve.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::reproduce {

namespace {

constexpr const char* kStudent = R"(seed = 1
[model]
n_layers = 1
d_model = 4
d_hidden = 8
n_heads = 1
d_head = 4
seq_len = 4
branch_scale = 0.7
[data]
source = "teacher"
n_data = 256
n_test = 512
[training]
optimizer = "gd"
learning_rate = 0.2
steps = 800
[flow]
n_test = 512
)";
constexpr int kQuickTeachers = 12, kFullTeachers = 64;
constexpr double kCleanNoise = 1;
const std::vector<double> kLinearTimes = numerics::log_spaced(0.3, 3e4, 51);

// 64 samples with noise 1, as large as the target; the noise ratios stand around the thresholds 2.25, 3 and 5.
QualityStudy design() {
  QualityStudy study;
  study.clean = 64;
  study.added = {16, 64, 192};
  study.linear_noise = {0.03, 0.1, 0.3, 1, 3};
  for (const std::int64_t n : {16, 32, 64, 128}) study.cells.push_back({SampleKind::distinct, n, 1});
  const std::vector<std::vector<double>> ratios = {{1, 1.75, 2.75, 4}, {1.5, 2.5, 3.5, 5}, {2.5, 4, 6, 9}};
  for (std::size_t i = 0; i < study.added.size(); ++i)
    for (const double ratio : ratios[i])
      study.cells.push_back({SampleKind::added, study.clean + study.added[i], ratio});
  for (const std::int64_t n : {64, 128, 256}) study.cells.push_back({SampleKind::drawn, n, 1});
  return study;
}

// One training set: rows of the pool with their noise.
data::Dataset training_set(const QualityStudy& study, const QualityCell& cell, const data::Dataset& pool,
                           std::uint64_t seed) {
  data::Dataset set;
  set.n = cell.n;
  set.seq_len = pool.seq_len;
  set.d_in = pool.d_in;
  set.d_out = pool.d_out;
  numerics::RandomStream draws(seed, "quality/draws");
  const auto in = static_cast<std::size_t>(pool.seq_len * pool.d_in);
  const auto out = static_cast<std::size_t>(pool.seq_len * pool.d_out);
  for (std::int64_t i = 0; i < cell.n; ++i) {
    const std::size_t from = cell.kind == SampleKind::drawn
                                 ? static_cast<std::size_t>(draws.below(static_cast<std::uint64_t>(study.clean)))
                                 : static_cast<std::size_t>(i);
    const bool is_added = cell.kind == SampleKind::added && i >= study.clean;
    const double xi = kCleanNoise * (is_added ? std::sqrt(cell.noise_ratio) : 1);
    numerics::RandomStream noise(seed, "quality/noise", from);  // of a sample: repetitions share it
    for (std::size_t k = 0; k < in; ++k) set.x.push_back(pool.x[from * in + k]);
    for (std::size_t k = 0; k < out; ++k) {
      set.clean.push_back(pool.clean[from * out + k]);
      set.y.push_back(set.clean.back() + xi * noise.normal());
    }
  }
  return set;
}

base::Value errors_to_value(const std::vector<analysis::LinearErrors>& errors) {
  base::Value list;
  for (const auto& e : errors) list.push_back(base::Value(std::vector<double>{e.bias, e.clean, e.added}));
  return list;
}

// {"risk": [cell][time], "linear": [set][time][bias, clean, added]}; a run that diverged is null.
base::Value measure_teacher(const QualityStudy& study, const sweep::Experiment& experiment, int threads) {
  const analysis::PreparedExperiment prepared(experiment);
  const auto& pool = prepared.split.train;
  const auto seed = static_cast<std::uint64_t>(experiment.seed);
  std::vector<base::Value> risk(study.cells.size());
  {
    const numerics::OneBlasThread one;
    base::parallel_for(static_cast<std::int64_t>(study.cells.size()), threads, [&](std::int64_t i, int) {
      data::Split split = prepared.split;
      split.train = training_set(study, study.cells[static_cast<std::size_t>(i)], pool, seed);
      const auto curve = analysis::training_curve(experiment, split);
      if (!curve.finished) return;
      for (const auto& point : curve.points) risk[static_cast<std::size_t>(i)].push_back(point.excess_risk);
    });
  }
  base::Value linear;
  const auto test = analysis::linear_set(prepared, prepared.split.test, 0, prepared.split.test.n);
  const auto clean = analysis::linear_set(prepared, pool, 0, study.clean);
  linear.push_back(errors_to_value(analysis::linear_errors(clean, {}, test, kLinearTimes)));
  for (const auto m : study.added) {
    const auto added = analysis::linear_set(prepared, pool, study.clean, m);
    linear.push_back(errors_to_value(analysis::linear_errors(clean, added, test, kLinearTimes)));
  }
  return base::Value::table({{"risk", base::Value(risk)}, {"linear", std::move(linear)}});
}

// False if a run diverged.
bool read_teacher(const base::Value& value, QualityTeacher& teacher) {
  for (const auto& cell : value.at("risk").list()) {
    if (cell.is_null()) return false;
    std::vector<double> risk;
    for (const auto& r : cell.list()) risk.push_back(r.number());
    teacher.risk.push_back(std::move(risk));
  }
  for (const auto& set : value.at("linear").list()) {
    std::vector<analysis::LinearErrors> errors;
    for (const auto& e : set.list())
      errors.push_back({e.list()[0].number(), e.list()[1].number(), e.list()[2].number()});
    teacher.linear.push_back(std::move(errors));
  }
  return true;
}

std::string text_of(const QualityStudy& study) {
  std::string text =
      fmt::format("n {} m {} noise {} times {:.17g}..{:.17g} {}\n", study.clean, fmt::join(study.added, " "),
                  kCleanNoise, kLinearTimes.front(), kLinearTimes.back(), kLinearTimes.size());
  for (const auto& c : study.cells) text += fmt::format("{} {} {}\n", static_cast<int>(c.kind), c.n, c.noise_ratio);
  return text;
}

}  // namespace

Finding quality(const Context& context) {
  Finding finding;
  QualityStudy study = design();
  const base::Value document = context.document(kStudent, kStudent, "quality");
  sweep::Experiment experiment = sweep::experiment_from(document);
  const std::int64_t first = experiment.seed;
  const int teachers = context.full() ? kFullTeachers : kQuickTeachers;
  base::Progress progress("quality", teachers);
  for (int k = 0; k < teachers; ++k) {
    base::throw_if_interrupted();
    experiment.seed = first + k;
    const auto value = kept(context, fmt::format("quality.{}", experiment.seed),
                            sweep::configuration_of(experiment).json + "\n" + text_of(study),
                            [&] { return measure_teacher(study, experiment, context.threads); });
    QualityTeacher teacher;
    if (read_teacher(value, teacher))
      study.teachers.push_back(std::move(teacher));
    else
      ++study.left_out;
    progress.advance(1);
  }
  if (study.teachers.empty()) throw base::RunError("data quality: runs of every teacher diverged");
  const auto results = analyse(study);
  auto& section = finding.section;
  section.title = "Noisier data, and repeated data";
  section.lead =
      "Do more samples help if they are noisier, and what are repeated samples worth? "
      "With equal weights and a fixed effective dimension, m samples with noise xi_b help n samples with noise xi_a "
      "as long as xi_b^2/xi_a^2 < 2 + m/n. Small student transformers learn known teachers from both kinds.";
  section.claims = claims_of(study, results);
  section.figures = figures_of(study, results);
  section.tables = tables_of(study, results);
  if (study.left_out > 0)
    section.paragraphs.push_back(
        fmt::format("{} teachers are not used because one of their runs diverged.", study.left_out));
  finding.configurations.emplace_back("quality student", base::to_json(document));
  return finding;
}

}  // namespace phaselaw::reproduce
