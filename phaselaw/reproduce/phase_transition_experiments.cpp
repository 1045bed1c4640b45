// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/reproduce/phase_transition.h"

// Experiment 1 on a teacher, with known excess risk.
namespace phaselaw::reproduce {

namespace {

// Fixed data, growing compute, for several sizes of the data: a student learns a teacher of the same class from noisy
// targets, by plain SGD, so that the excess risk is known exactly up to test sampling.
constexpr const char* kTeacher = R"(seed = 1
[model]
n_layers = 2
d_model = 16
d_hidden = 64
n_heads = 2
d_head = 8
seq_len = 8
branch_scale = 0.7
[data]
source = "teacher"
teacher_seed = 101
n_test = 256
noise = 0.3
[training]
optimizer = "sgd"
batch = 16
learning_rate = 0.016
)";
constexpr const char* kQuickTeacher = R"(steps = 12000
[grid]
"data.n_data" = [8, 16, 32, 64, 128, 256, 512]
seeds = 3
)";
constexpr const char* kFullTeacher = R"(steps = 36000
[grid]
"data.n_data" = [8, 16, 32, 64, 128, 256, 512, 1024, 2048]
seeds = 5
)";

}  // namespace

PhaseTransition analyse_runs(const Context& context, const std::string& name, const StudyRuns& runs) {
  return analyse(name, study_curves(runs.runs, runs.store_path), context.resamples(),
                 static_cast<std::uint64_t>(runs.study.points.front().experiment.seed));
}

Finding finding_of(const PhaseTransition& analysis, const StudyRuns& runs, std::string title, std::string lead,
                   std::size_t leading) {
  Finding finding;
  finding.section.title = std::move(title);
  finding.section.lead = std::move(lead);
  finding.section.claims = claims_of(analysis);
  finding.section.paragraphs = notes_of(analysis);
  finding.section.tables = tables_of(analysis);
  auto figures = figures_of(analysis);
  finding.leading.push_back(figures[leading]);
  figures.erase(figures.begin() + static_cast<std::ptrdiff_t>(leading));
  finding.section.figures = std::move(figures);
  finding.configurations.emplace_back(analysis.name + " study", runs.study.json);
  finding.fits[analysis.name] = to_value(analysis.law);
  return finding;
}

StudyRuns teacher_runs(const Context& context) {
  const std::string start = kTeacher;
  return carry_out_study(context, "teacher", context.document(start + kQuickTeacher, start + kFullTeacher, "teacher"));
}

Finding phase_transition_on_teacher(const Context& context) {
  const auto runs = teacher_runs(context);
  return finding_of(
      analyse_runs(context, "teacher", runs), runs, "Phase transition: a teacher with known noise",
      "At fixed data the excess risk falls exponentially in compute, bends, and reaches a floor; "
      "the best over all data sizes then falls as a small power of compute. "
      "A student transformer learns a random teacher of the same class from noisy targets. "
      "The teacher is known, so the excess risk, the mean of (F - F*)^2 per output coordinate on fresh inputs, is measured directly.",
      0);
}

}  // namespace phaselaw::reproduce
