// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/lazy_or_rich.h"

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kWidthBound = -0.25;  // drift <= K omega sqrt(R/delta), R ~ m^-1/2

// Drift of the kernel along the exact flow: against width, if only the MLP of one layer learns; the same for two layers
// that learn completely; against the output scale.
constexpr const char* kModel = R"(seed = 1
[model]
d_model = 8
n_heads = 2
d_head = 4
seq_len = 4
activation = "tanh"
branch_scale = 1.0
init_scale = 0.0
)";
constexpr const char* kData = R"([data]
source = "teacher"
teacher_d_hidden = 64
n_data = 4
n_test = 1
[grid]
)";

struct Drift {
  std::string name, model, grid;
};
const Drift kOneLayer = {"lazy.one_layer", "n_layers = 1\ntrainable = [\"mlp.up\", \"mlp.down\"]\n",
                         "\"model.d_hidden\" = [32, 128, 512, 2048]\n"};
const Drift kTwoLayers = {"lazy.two_layers", "n_layers = 2\n", "\"model.d_hidden\" = [32, 128, 512]\n"};
const Drift kScale = {"lazy.output_scale", "n_layers = 2\nd_hidden = 128\n",
                      "\"model.output_scale\" = [3.0, 10.0, 30.0, 100.0]\n"};
constexpr int kQuickTeachers = 5, kFullTeachers = 20;

analysis::LazinessStudy carry_out(const Context& context, const Drift& drift, Finding& finding) {
  const std::string start = kModel + drift.model + kData;
  const std::string toml =
      start + drift.grid + fmt::format("seeds = {}\n", context.full() ? kFullTeachers : kQuickTeachers);
  const auto study = sweep::study_from(context.document(toml, toml, drift.name));
  finding.configurations.emplace_back(drift.name + " study", study.json);
  return analysis::laziness_study(
      study, context.threads, [&](const sweep::Point& point, const std::function<base::Value()>& measure) {
        return kept(context, fmt::format("{}.{}", drift.name, point.index), point.key, measure);
      });
}

report::Claim claim_of(const char* id, const char* statement, const analysis::LazinessStudy& study) {
  const auto slopes = teacher_slopes(drift_against_axis(study));
  report::Claim claim;
  claim.id = std::string("E5.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/convergence.md: perturbation of the kernel [R]";
  claim.standing = report::Standing::kImplied;
  set_measured(slopes, claim);
  claim.reading =
      fmt::format("Slope of ln drift on ln {} along exact gradient flows: {}.", study.axis, slopes.described());
  return claim;
}

std::string number(const report::Claim& claim) { return base::format_value(claim.measured, claim.lo, claim.hi); }

}  // namespace

std::vector<Observation> drift_against_axis(const analysis::LazinessStudy& study) {
  std::vector<Observation> points;
  for (const auto& point : study.points)
    for (const auto& [key, value] : point.keys)
      if (key == study.axis) points.push_back({point.seed, value, point.drift});
  return points;
}

std::vector<report::Claim> claims_of(const LazyOrRich& e) {
  auto one = claim_of(
      "one_layer_width",
      "One layer of which only the MLP learns: the kernel drifts less in wider models, at least as d_hidden^-1/4.",
      e.one_layer);
  auto two = claim_of(
      "two_layers_width",
      "Two layers that learn everything, fixed d_model: the kernel drifts less in wider models, at least as d_hidden^-1/4.",
      e.two_layers);
  for (auto* claim : {&one, &two}) {
    claim_at_most(kWidthBound, *claim);
    claim->predicted_text = "<= -1/4";
  }
  auto scale = claim_of("output_scale", "The drift is inversely proportional to the output scale.", e.scale);
  claim_exponent(-1, scale);
  scale.source = "docs/dynamics.md: lazy or rich [T]";
  scale.predicted_text = "-1";
  one.would_change = "Wider models or other activations with a slope above -1/4.";
  two.would_change =
      "A slope below -1/4 in wider models, or if d_model and n_heads grow together with d_hidden; here d_model is fixed.";
  scale.would_change = "Other scales, depths or activations with a slope that differs from -1 by more than a tenth.";
  two.finding = fmt::format(
      "The drift of the kernel goes as d_hidden to the power {} if only the MLP of one layer learns, and {} if two layers "
      "learn everything; the theory says at most -1/4.",
      number(one), number(two));
  std::vector<report::Claim> claims = {one, two, scale};
  for (auto& claim : claims_of(e.text)) claims.push_back(std::move(claim));
  return claims;
}

Finding lazy_or_rich(const Context& context) {
  Finding finding;
  LazyOrRich e;
  e.one_layer = carry_out(context, kOneLayer, finding);
  e.two_layers = carry_out(context, kTwoLayers, finding);
  e.scale = carry_out(context, kScale, finding);
  e.text = measure_lazy_text(context, finding);
  auto& section = finding.section;
  section.title = "Lazy or rich";
  section.lead =
      "All results of the theory hold while the kernel stays near its start. "
      "Here the exact gradient flow of the model runs for forty time constants of the fastest direction of its kernel, and the kernel is computed again. "
      "Then transformers of several sizes learn text by AdamW, and their kernels are followed along the training.";
  section.claims = claims_of(e);
  for (const auto* study : {&e.one_layer, &e.two_layers, &e.scale}) {
    auto figure = analysis::laziness_figure(*study);
    const auto slope = teacher_slopes(drift_against_axis(*study)).slope;  // the interval of the claim
    for (auto& series : figure.series)
      series.label = fmt::format("slope {}", base::format_value(slope.value, slope.lo, slope.hi));
    if (study == &e.one_layer) figure.title += ": one layer, only its MLP learns";
    if (study == &e.two_layers) figure.title += ": two layers, everything learns";
    section.figures.push_back(std::move(figure));
    for (const auto& warning : study->warnings) section.paragraphs.push_back("Note: " + warning + ".");
  }
  for (auto& figure : figures_of(e.text)) section.figures.push_back(std::move(figure));
  section.tables = {table_of(e.text)};
  return finding;
}

}  // namespace phaselaw::reproduce
