// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/lazy_or_rich.h"

#include "phaselaw/report/format.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kWidthBound = -0.25;  // drift <= K omega sqrt(R/delta), R ~ m^-1/2

analysis::LazinessStudy carry_out(const std::string& toml, const char* name, std::optional<std::int64_t> seed,
                                  int threads) {
  base::Value document = base::parse_toml(toml, name);
  if (seed) document["seed"] = *seed;
  return analysis::laziness_study(sweep::study_from(document), threads);
}

report::Claim claim_of(const char* id, const char* statement, double predicted, const analysis::LazinessStudy& study) {
  const auto& slope = study.slopes.front();
  report::Claim claim;
  claim.id = std::string("E5.") + id;
  claim.statement = statement;
  claim.source = "theory section 4: perturbation of the kernel [R]";
  claim.predicted = predicted;
  claim.measured = slope.value;
  claim.lo = slope.lo;
  claim.hi = slope.hi;
  claim.reading = fmt::format("Slope of ln drift on ln {} over {} exact gradient flows (least squares, Student t).",
                              study.axis, slope.points);
  return claim;
}

}  // namespace

LazyOrRich lazy_or_rich(const Preset& preset, std::optional<std::int64_t> seed, int threads) {
  return {carry_out(preset.one_layer_toml, "preset, one layer", seed, threads),
          carry_out(preset.width_toml, "preset, two layers", seed, threads),
          carry_out(preset.scale_toml, "preset, output scale", seed, threads)};
}

std::vector<report::Claim> claims_of(const LazyOrRich& e) {
  auto one = claim_of("one_layer_width",
                      "One layer of which only the MLP learns: the kernel drifts less in wider models, at least as "
                      "d_hidden^-1/4.",
                      kWidthBound, e.one_layer);
  auto two =
      claim_of("two_layers_width",
               "Two layers that learn everything, fixed d_model: the kernel drifts less in wider models, at least "
               "as d_hidden^-1/4.",
               kWidthBound, e.two_layers);
  for (auto* claim : {&one, &two}) {
    claim->predicted_text = "<= -1/4";
    claim->verdict = judge_at_most(kWidthBound, claim->lo, claim->hi);
  }
  auto scale = claim_of("output_scale", "The drift is inversely proportional to the output scale.", -1, e.scale);
  scale.source = "theory section 4: what makes it lazy [T]";
  scale.predicted_text = "-1";
  scale.verdict = judge_number(-1, scale.lo, scale.hi, true);
  return {one, two, scale};
}

report::Section section_of(const LazyOrRich& e) {
  report::Section section;
  section.title = "Lazy or rich";
  section.paragraphs = {
      "Everything the theory proves holds while the kernel stays near its start. Here the exact gradient flow of the "
      "model "
      "is followed until the fastest direction of its kernel is learned forty times over, and the kernel is computed "
      "again. A bound on a slope is supported when the whole 95 % interval obeys it, not supported when the whole "
      "interval "
      "breaks it."};
  for (const auto* study : {&e.one_layer, &e.two_layers, &e.scale}) {
    auto figure = analysis::laziness_figure(*study);
    if (study == &e.one_layer) figure.title += ": one layer, only its MLP learns";
    if (study == &e.two_layers) figure.title += ": two layers, everything learns";
    section.figures.push_back(std::move(figure));
    for (const auto& warning : study->warnings) section.paragraphs.push_back("Note: " + warning + ".");
  }
  return section;
}

}  // namespace phaselaw::reproduce
