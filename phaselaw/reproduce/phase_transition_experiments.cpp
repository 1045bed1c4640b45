// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/reproduce/phase_transition.h"

// Experiment 1 on real text, with an unknown floor.
namespace phaselaw::reproduce {

namespace {

// Real English: bytes, next-byte cross-entropy.
constexpr const char* kText = R"(seed = 1
[model]
readout = "tokens"
vocab = 256
n_layers = 2
d_model = 32
d_hidden = 128
n_heads = 2
d_head = 16
seq_len = 32
activation = "gelu"
parametrisation = "standard"
branch_scale = 1.0
[data]
source = "text"
target = "tokens"
n_test = 256
[training]
optimizer = "adamw"
batch = 16
learning_rate = 0.003
warmup = 0.02
)";
constexpr const char* kQuickText = R"(steps = 2000
[grid]
"data.n_data" = [512, 2048, 8192, 32768]
seeds = 2
)";
constexpr const char* kFullText = R"(steps = 8000
[grid]
"data.n_data" = [256, 512, 1024, 2048, 4096, 8192, 16384, 32768]
seeds = 3
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

StudyRuns text_runs(const Context& context) {
  const std::string start = kText;
  base::Value document = context.document(start + kQuickText, start + kFullText, "text");
  document.set("data.path", context.text);
  return carry_out_study(context, "text", document);
}

Finding phase_transition_on_text(const Context& context) {
  const auto runs = text_runs(context);
  return finding_of(
      analyse_runs(context, "text", runs), runs, "Phase transition: real English, byte by byte",
      "The same question for an unknown target. A decoder-only transformer predicts the next byte of the text at " +
          context.text +
          ". The entropy of English is not known: "
          "the loss has an unknown floor, which is fitted, and only the part above it is compared with the theory.",
      1);
}

}  // namespace phaselaw::reproduce
