// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/noise.h"

#include <cmath>

#include "phaselaw/analysis/linear_student.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

// A student of 128 parameters, and a teacher of its class for each seed. In every case the noise is 1 at n = 128, as
// large as the target.
constexpr const char* kStudy = R"(seed = 1
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
n_test = 512
noise = {}
noise_exponent = {}
noise_kind = "{}"
[training]
optimizer = "gd"
learning_rate = 0.2
steps = 3000
[grid]
"data.n_data" = [32, 64, 128, 256, 512, 1024]
seeds = {}
)";
constexpr int kQuickTeachers = 4, kFullTeachers = 16;
constexpr double kSizeOfNoise = 128, kNoiseThere = 1;

report::Claim claim_of(std::string id, std::string statement, const Effect& measured) {
  report::Claim claim;
  claim.id = "E2." + std::move(id);
  claim.statement = std::move(statement);
  set_measured(measured, claim);
  return claim;
}

std::string evidence_of(const NoiseResults& results, const NoiseResult& result) {
  return fmt::format("{} teachers (jackknife); noise is at least {} of the best risk", results.teachers,
                     base::format_percent(result.noise_share));
}

// The effect of noise cannot be measured in runs that are dominated by something else.
void require_noise(const NoiseResult& result, report::Claim& claim) {
  if (!(result.noise_share >= kLeastNoiseShare))
    claim.undecidable = fmt::format("Noise is only {} of the best risk at some size, less than half of it.",
                                    base::format_percent(std::max(0.0, result.noise_share)));
}

report::Claim schedule_claim(const NoiseCase& c, const NoiseResults& results, const NoiseResult& result) {
  const double predicted = theory::data_exponent(c.noise.exponent);
  const bool flat = predicted == 0;
  auto claim =
      claim_of(c.name + (flat ? "_stays_flat" : "_data_exponent"),
               flat ? "Where the noise grows as n^1/2, more data do not lower the best excess risk."
                    : fmt::format("{}: the best excess risk falls as n^{}.", c.label, base::format_number(predicted)),
               result.slope);
  claim.standing = report::Standing::kStated;
  claim.source = "docs/theory/noise.md: n^(2s - 1), r = 1 [S]";
  claim_equal(predicted, kNoiseSlopeMargin, claim);
  claim.predicted_text = fmt::format("{} within {}", base::format_number(predicted), kNoiseSlopeMargin);
  claim.reading = fmt::format(
      "Slope of ln(best excess risk) on ln n over n = {:.0f} to {:.0f}; {}. Without the risk of the twin that has no "
      "noise: {}. d_eff at the best time grows from {} to {}.",
      result.points.front().n, result.points.back().n, evidence_of(results, result), text_of(result.noise_slope),
      base::format_number(result.points.front().d_eff, 3), base::format_number(result.points.back().d_eff, 3));
  require_noise(result, claim);
  claim.would_change =
      "More data for the same student: the slope tends to 2s - 1 when d_eff at the best time reaches the rank of the kernel.";
  claim.finding = fmt::format("{}: the best excess risk of a small student changes as n^{} (stated: n^{}).", c.label,
                              text_of(result.slope), base::format_number(predicted));
  return claim;
}

std::vector<report::Claim> dimension_claims(const NoiseResults& results) {
  const auto& result = results.schedules.front();
  auto level =
      claim_of("effective_dimension",
               "What constant noise adds to the best excess risk is xi^2 d_eff/(n L o), with d_eff of the kernel "
               "at initialisation at the best time.",
               result.level);
  claim_equal(1, kNoiseLevelMargin, level);
  level.predicted_text = fmt::format("ratio 1 within {}", kNoiseLevelMargin);
  level.reading = fmt::format(
      "Geometric mean over sizes of (best risk - risk of the twin without noise at the same time)/prediction; {}.",
      evidence_of(results, result));
  level.would_change = "A student that leaves its initial kernel, or noise so small that the cross term is not.";
  level.finding =
      fmt::format("Noise adds {} times xi^2 d_eff/(n L o) to the best excess risk, with d_eff known before training.",
                  text_of(result.level));
  auto slope = claim_of("effective_dimension_slope",
                        "The part of the risk that constant noise adds falls with n as d_eff/n does, with d_eff of the "
                        "kernel at initialisation.",
                        result.slope_beyond);
  claim_equal(0, kNoiseSlopeMargin, slope);
  slope.predicted_text = fmt::format("0 within {}", kNoiseSlopeMargin);
  slope.reading = fmt::format("Slope of ln(noise part) less that of ln(xi^2 d_eff/(n L o)) on ln n; {}.",
                              evidence_of(results, result));
  slope.would_change = "Sizes at which the student leaves its initial kernel by a different amount.";
  for (auto* claim : {&level, &slope}) {
    claim->standing = report::Standing::kImplied;
    claim->source = "docs/theory/excess-risk.md: xi^2 d_eff/n [S], with the d_eff of gradient flow [T]";
    require_noise(result, *claim);
  }
  return {level, slope};
}

std::vector<report::Claim> kind_claims(const NoiseCase& c, const NoiseResults& results, const NoiseResult& result) {
  auto slope = claim_of(c.name + "_slope",
                        fmt::format("{} of the same mean square does not change the exponent of the data.", c.label),
                        result.ratio_slope);
  claim_equal(0, kNoiseSlopeMargin, slope);
  slope.predicted_text = fmt::format("0 within {}", kNoiseSlopeMargin);
  slope.reading =
      fmt::format("Slope of ln(best risk/best risk with Gaussian noise) on ln n, the same teachers and inputs; {}.",
                  evidence_of(results, result));
  slope.would_change = "A difference of slopes beyond the margin over more sizes, or with heavier tails.";
  auto level =
      claim_of(c.name + "_level",
               fmt::format("{} of the same mean square does not change the best excess risk.", c.label), result.ratio);
  claim_equal(1, kNoiseKindMargin, level);
  level.predicted_text = fmt::format("ratio 1 within {}", kNoiseKindMargin);
  level.reading = fmt::format("Geometric mean over sizes of best risk/best risk with Gaussian noise; {}.",
                              evidence_of(results, result));
  level.would_change = "More teachers, which narrow the interval, or a loss other than the square.";
  level.finding =
      fmt::format("{}: {} times the risk of Gaussian noise with the same mean square.", c.label, text_of(result.ratio));
  for (auto* claim : {&slope, &level}) {
    claim->standing = report::Standing::kOpenQuestion;
    claim->source = "docs/theory/noise.md, open question 4 [S]; the bound depends only on xi^2 [R]";
    require_noise(result, *claim);
  }
  return {slope, level};
}

// Spectra of the kernel at initialisation for every size and teacher; one entry is kept for each teacher.
void measure_spectra(const Context& context, const sweep::Study& study, NoiseStudy& noise) {
  const auto& sizes = noise.twin.sizes;
  const numerics::OneBlasThread one;
  noise.spectra.assign(sizes.size(), std::vector<std::vector<double>>(noise.twin.teachers.size()));
  base::parallel_for(static_cast<std::int64_t>(noise.twin.teachers.size()), context.threads, [&](std::int64_t k, int) {
    base::throw_if_interrupted();
    const auto teacher = static_cast<std::size_t>(k);
    const std::int64_t seed = noise.twin.teachers[teacher];
    sweep::Experiment experiment = study.points.front().experiment;
    experiment.seed = seed;
    experiment.data.n_data = sizes.back();
    const auto value = kept(context, fmt::format("noise.spectra.{}", seed), study.key + fmt::format(" {}", seed), [&] {
      const analysis::PreparedExperiment prepared(experiment);
      base::Value list;
      analysis::LinearSet set;
      for (const auto n : sizes) {  // the sequences of a size are the first of the next one
        const auto more = analysis::linear_set(prepared, prepared.split.train, set.n, n - set.n);
        set = set.n == 0 ? more : joined(set, more);
        list.push_back(base::Value(analysis::kernel_spectrum(set)));
      }
      return list;
    });
    for (std::size_t i = 0; i < sizes.size(); ++i)
      for (const auto& h : value.list()[i].list()) noise.spectra[i][teacher].push_back(h.number());
  });
}

}  // namespace

std::vector<report::Claim> claims_of(const NoiseStudy& study, const NoiseResults& results) {
  std::vector<report::Claim> claims;
  for (std::size_t i = 0; i < study.schedules.size(); ++i)
    claims.push_back(schedule_claim(study.schedules[i], results, results.schedules[i]));
  for (auto& claim : dimension_claims(results)) claims.push_back(std::move(claim));
  for (std::size_t i = 0; i < study.kinds.size(); ++i)
    for (auto& claim : kind_claims(study.kinds[i], results, results.kinds[i])) claims.push_back(std::move(claim));
  return claims;
}

Finding noise(const Context& context) {
  Finding finding;
  NoiseStudy study;
  sweep::Study runs_of_twin;
  const auto carry_out = [&](const char* name, double xi, double s, const char* kind) {
    const double scale = xi / std::pow(kSizeOfNoise, s);
    const std::string id = std::string("noise.") + name;
    auto runs = carry_out_study(context, id,
                                context.document(fmt::format(kStudy, scale, s, kind, kQuickTeachers),
                                                 fmt::format(kStudy, scale, s, kind, kFullTeachers), id));
    finding.configurations.emplace_back(id + " study", runs.study.json);
    runs_of_twin = runs.study;
    return risk_curves(runs.runs, runs.store_path);
  };
  const auto add = [&](std::vector<NoiseCase>& list, const char* name, const char* label, double s, const char* kind) {
    list.push_back({name, label, {kNoiseThere / std::pow(kSizeOfNoise, s), s}, carry_out(name, kNoiseThere, s, kind)});
  };
  study.twin = carry_out("none", 0, 0, "gaussian");
  measure_spectra(context, runs_of_twin, study);
  const auto& model = runs_of_twin.points.front().experiment.model;
  study.outputs = static_cast<double>(model.seq_len * model.outputs());
  add(study.schedules, "constant", "Constant noise", 0, "gaussian");
  add(study.schedules, "quarter", "Noise growing as n^1/4", 0.25, "gaussian");
  add(study.schedules, "half", "Noise growing as n^1/2", 0.5, "gaussian");
  add(study.kinds, "heteroscedastic", "Noise that depends on the input", 0, "heteroscedastic");
  add(study.kinds, "student_t", "Heavy-tailed noise (Student t, 3 degrees of freedom)", 0, "student_t");
  add(study.kinds, "mixture", "A mixture of clean and noisy sources", 0, "mixture");
  const auto results = analyse(study);
  auto& section = finding.section;
  section.title = "Noise that grows with the data, and other noise";
  section.lead =
      "More data help as long as the noise grows more slowly than n^1/2: the excess risk falls as n^(2s - 1) if the noise grows as n^s. "
      "Small student transformers learn known teachers from noisy targets by gradient descent. "
      "Every size is evaluated at its best time, and a twin without noise learns the same data.";
  section.claims = claims_of(study, results);
  section.tables = tables_of(study, results);
  auto figures = figures_of(study, results);
  finding.leading.push_back(figures.front());
  section.figures.assign(figures.begin() + 1, figures.end());
  section.paragraphs.push_back(fmt::format(
      "{} teachers have a finished run in every case. The student has 128 parameters, but its kernel has rank {}: in the other "
      "directions of the weights the outputs do not change.",
      results.teachers, study.spectra.back().front().size()));
  return finding;
}

}  // namespace phaselaw::reproduce
