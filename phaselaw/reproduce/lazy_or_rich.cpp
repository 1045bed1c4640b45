// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/lazy_or_rich.h"

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
n_data = 4
n_test = 1
[grid]
)";

struct Drift {
  std::string name, model, quick_grid, full_grid;
};
const Drift kOneLayer = {"lazy.one_layer", "n_layers = 1\ntrainable = [\"mlp.up\", \"mlp.down\"]\n",
                         "\"model.d_hidden\" = [32, 128, 512]\nseeds = 5\n",
                         "\"model.d_hidden\" = [32, 64, 128, 256, 512, 1024, 2048]\nseeds = 10\n"};
const Drift kTwoLayers = {"lazy.two_layers", "n_layers = 2\n", "\"model.d_hidden\" = [32, 128, 512]\nseeds = 3\n",
                          "\"model.d_hidden\" = [32, 64, 128, 256, 512, 1024]\nseeds = 6\n"};
const Drift kScale = {"lazy.output_scale", "n_layers = 2\nd_hidden = 128\n",
                      "\"model.output_scale\" = [3.0, 10.0, 30.0]\nseeds = 3\n",
                      "\"model.output_scale\" = [1.0, 3.0, 10.0, 30.0, 100.0]\nseeds = 6\n"};

analysis::LazinessStudy carry_out(const Context& context, const Drift& drift, Finding& finding) {
  const std::string start = kModel + drift.model + kData;
  const auto study = sweep::study_from(context.document(start + drift.quick_grid, start + drift.full_grid, drift.name));
  finding.configurations.emplace_back(drift.name + " study", study.json);
  return analysis::laziness_study(
      study, context.threads, [&](const sweep::Point& point, const std::function<base::Value()>& measure) {
        return kept(context, fmt::format("{}.{}", drift.name, point.index), point.key, measure);
      });
}

report::Claim claim_of(const char* id, const char* statement, double predicted, const analysis::LazinessStudy& study) {
  const auto& slope = study.slopes.front();
  report::Claim claim;
  claim.id = std::string("E5.") + id;
  claim.statement = statement;
  claim.source = "docs/theory/convergence.md: perturbation of the kernel [R]";
  claim.predicted = predicted;
  claim.measured = slope.value;
  claim.lo = slope.lo;
  claim.hi = slope.hi;
  claim.reading = fmt::format("Slope of ln drift on ln {} over {} exact gradient flows (least squares, Student t).",
                              study.axis, slope.points);
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const LazyOrRich& e) {
  auto one = claim_of(
      "one_layer_width",
      "One layer of which only the MLP learns: the kernel drifts less in wider models, at least as d_hidden^-1/4.",
      kWidthBound, e.one_layer);
  auto two = claim_of(
      "two_layers_width",
      "Two layers that learn everything, fixed d_model: the kernel drifts less in wider models, at least as d_hidden^-1/4.",
      kWidthBound, e.two_layers);
  for (auto* claim : {&one, &two}) {
    claim->predicted_text = "<= -1/4";
    claim->verdict = judge_at_most(kWidthBound, claim->lo, claim->hi);
  }
  auto scale = claim_of("output_scale", "The drift is inversely proportional to the output scale.", -1, e.scale);
  scale.source = "docs/dynamics.md: lazy or rich [T]";
  scale.predicted_text = "-1";
  scale.verdict = judge_number(-1, scale.lo, scale.hi, true);
  one.would_change = "Wider models or other activations with a slope above -1/4.";
  two.would_change =
      "A slope below -1/4 in wider models, or if d_model and n_heads grow together with d_hidden; here d_model is fixed.";
  scale.would_change = "An interval of the slope that excludes -1 at other scales, depths or activations.";
  return {one, two, scale};
}

Finding lazy_or_rich(const Context& context) {
  Finding finding;
  LazyOrRich e;
  e.one_layer = carry_out(context, kOneLayer, finding);
  e.two_layers = carry_out(context, kTwoLayers, finding);
  e.scale = carry_out(context, kScale, finding);
  auto& section = finding.section;
  section.title = "Lazy or rich";
  section.lead =
      "All results of the theory hold while the kernel stays near its start. "
      "Here the exact gradient flow of the model runs for forty time constants of the fastest direction of its kernel, and the kernel is computed again.";
  section.claims = claims_of(e);
  for (const auto* study : {&e.one_layer, &e.two_layers, &e.scale}) {
    auto figure = analysis::laziness_figure(*study);
    if (study == &e.one_layer) figure.title += ": one layer, only its MLP learns";
    if (study == &e.two_layers) figure.title += ": two layers, everything learns";
    section.figures.push_back(std::move(figure));
    for (const auto& warning : study->warnings) section.paragraphs.push_back("Note: " + warning + ".");
  }
  return finding;
}

}  // namespace phaselaw::reproduce
