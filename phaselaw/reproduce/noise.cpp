// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/noise.h"

#include <algorithm>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/noise.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kLevel = 0.975;  // two-sided 95 %
// Half the distance between the predicted slopes of neighbouring schedules (s = 0, 1/4, 1/2: -1, -1/2, 0): a slope
// within it is nearer to this schedule than to the next.
constexpr double kSlopeTolerance = 0.25;

// A small student of a teacher of its own class; xi = 2 at n = 64 in every case, larger than the target, so that noise
// and not the lack of data determines the result.
constexpr const char* kStudy = R"(seed = 1
[model]
n_layers = 2
d_model = 8
d_hidden = 32
n_heads = 2
d_head = 4
seq_len = 4
branch_scale = 0.7
[data]
source = "teacher"
teacher_seed = 101
n_test = 512
noise = {}
noise_exponent = {}
noise_kind = "{}"
[training]
optimizer = "sgd"
batch = 16
learning_rate = 0.016
)";
constexpr const char* kQuickStudy = R"(steps = 8000
[grid]
"data.n_data" = [64, 128, 256, 512, 1024]
seeds = 3
)";
constexpr const char* kFullStudy = R"(steps = 24000
[grid]
"data.n_data" = [64, 128, 256, 512, 1024, 2048]
seeds = 6
)";
constexpr double kFirstSize = 64, kNoiseThere = 2;

double lowest(const RunCurve& run) { return *std::min_element(run.value.begin(), run.value.end()); }

// Sizes at which every run of every case passed its minimum.
std::vector<std::int64_t> common_sizes(const NoiseExperiment& e) {
  std::map<std::int64_t, bool> complete;
  for (const auto* list : {&e.schedules, &e.kinds})
    for (const auto& c : *list)
      for (const auto& run : c.curves.runs) {
        auto& all = complete.try_emplace(run.n_data, true).first->second;
        all = all && passed_its_minimum(run);
      }
  std::vector<std::int64_t> sizes;
  for (const auto& [n, all] : complete)
    if (all) sizes.push_back(n);
  return sizes;
}

std::vector<BestRisk> best_at(const StudyCurves& curves, const std::vector<std::int64_t>& sizes) {
  std::vector<BestRisk> best;
  for (const auto& run : curves.runs)
    if (std::find(sizes.begin(), sizes.end(), run.n_data) != sizes.end())
      best.push_back({run.n_data, run.seed, lowest(run)});
  return best;
}

double median_at(const std::vector<BestRisk>& best, std::int64_t n) {
  std::vector<double> values;
  for (const auto& b : best)
    if (b.n_data == n) values.push_back(b.value);
  return values.empty() ? NAN : numerics::median(values);
}

// The control may still be falling at its end: its risk is then too large and the share too small.
double noise_share(const NoiseExperiment& e, const NoiseCase& c) {
  double least = NAN;
  for (const auto n : e.sizes) {
    const double share = 1 - median_at(e.clean.best, n) / median_at(c.best, n);
    if (!(least <= share)) least = share;
  }
  return least;
}

Measured student_mean(const std::vector<double>& values) {
  Measured m;
  m.points = values.size();
  if (values.empty()) return m;
  m.value = numerics::mean(values);
  if (values.size() < 2) return m;
  const auto n = static_cast<double>(values.size());
  const double half = numerics::student_t_quantile(kLevel, n - 1) * numerics::standard_deviation(values) / std::sqrt(n);
  m.lo = m.value - half;
  m.hi = m.value + half;
  return m;
}

void compare(const std::vector<BestRisk>& gaussian, NoiseCase& kind) {
  std::map<std::pair<std::int64_t, std::int64_t>, double> reference;
  for (const auto& b : gaussian) reference[{b.n_data, b.seed}] = b.value;
  std::vector<BestRisk> ratios;
  std::map<std::int64_t, std::vector<double>> by_seed;
  for (const auto& b : kind.best)
    if (const auto found = reference.find({b.n_data, b.seed}); found != reference.end()) {
      ratios.push_back({b.n_data, b.seed, b.value / found->second});
      by_seed[b.seed].push_back(std::log(ratios.back().value));
    }
  kind.slope_less_gaussian = log_slope(ratios);
  std::vector<double> means;
  for (const auto& [seed, logs] : by_seed) means.push_back(numerics::mean(logs));
  auto& ratio = kind.ratio_to_gaussian;
  ratio = student_mean(means);
  for (double* end : {&ratio.value, &ratio.lo, &ratio.hi}) *end = std::exp(*end);
}

report::Claim claim_of(std::string id, std::string statement, double predicted, const Measured& m) {
  report::Claim claim;
  claim.id = "E2." + std::move(id);
  claim.statement = std::move(statement);
  claim.predicted = predicted;
  claim.measured = m.value;
  claim.lo = m.lo;
  claim.hi = m.hi;
  return claim;
}

std::string evidence_of(const NoiseCase& c) {
  return fmt::format("{} runs; noise is at least {} of their best risk", c.best.size(),
                     base::format_percent(c.noise_share));
}

// The effect of noise cannot be measured in runs that are dominated by something else.
void require_noise(const NoiseCase& c, report::Claim& claim) {
  if (c.noise_share >= kLeastNoiseShare) return;
  claim.verdict = report::Verdict::kInconclusive;
  claim.reading += " This is less than half, so noise does not dominate these runs.";
}

report::Claim schedule_claim(const NoiseCase& c) {
  const double predicted = theory::data_exponent(c.exponent);
  const bool flat = predicted == 0;
  auto claim =
      claim_of(c.name + (flat ? "_stays_flat" : "_data_exponent"),
               flat ? "Where the noise grows as n^1/2, more data do not lower the best excess risk."
                    : fmt::format("{}: the best excess risk falls as n^{}.", c.label, base::format_number(predicted)),
               predicted, c.slope);
  claim.source = "docs/theory/noise.md: n^(2s - 1), r = 1 [S]";
  claim.predicted_text = flat ? fmt::format("0 +- {}", kSlopeTolerance) : base::format_number(predicted);
  claim.verdict =
      flat ? judge_within(0, kSlopeTolerance, claim.lo, claim.hi) : judge_number(predicted, claim.lo, claim.hi, true);
  claim.reading =
      fmt::format("Slope of ln(best excess risk) on ln n, least squares over runs, Student t; {}.{}", evidence_of(c),
                  flat ? " The tolerance is half the distance to the slope predicted for n^1/4." : "");
  require_noise(c, claim);
  claim.would_change =
      "More data, if the estimation term is larger than what the student cannot yet represent or reach, at every size.";
  return claim;
}

report::Claim compute_claim(const NoiseCase& c, const theory::Edition& edition) {
  const auto* q = c.envelope.find("q");
  const double predicted = theory::compute_exponent(edition, c.exponent);
  auto claim = claim_of(
      c.name + "_compute_" + std::string(edition.name),
      fmt::format("{}: the envelope over all n falls as compute^-1/{}.", c.label, base::format_number(1 / predicted)),
      predicted, {q->value, q->lo.value_or(NAN), q->hi.value_or(NAN), c.envelope.n_points});
  claim.source = fmt::format("docs/theory/noise.md: (1 - 2s)/(p - 2s), edition {} [S]", edition.name);
  claim.predicted_text = fmt::format("1/{}", base::format_number(1 / predicted));
  claim.verdict = judge_number(predicted, claim.lo, claim.hi, q->identified && c.envelope.convergence.certified);
  claim.reading = fmt::format("Exponent q of {} on {} envelope points, runs resampled.{}", c.envelope.formula(),
                              c.envelope.n_points, q->identified ? "" : " The data constrain q poorly.");
  claim.would_change = "Runs with more compute and data, with an envelope that becomes flatter in its last decades.";
  return claim;
}

std::vector<report::Claim> kind_claims(const NoiseCase& c) {
  auto slope = claim_of(c.name + "_slope",
                        fmt::format("{} of the same mean square does not change the exponent of the data.", c.label), 0,
                        c.slope_less_gaussian);
  slope.predicted_text = fmt::format("0 +- {}", kSlopeTolerance);
  slope.verdict = judge_within(0, kSlopeTolerance, slope.lo, slope.hi);
  slope.reading = fmt::format(
      "Slope of ln(best risk / best risk with Gaussian noise) on ln n over {} pairs of runs, Student t; {}.",
      c.slope_less_gaussian.points, evidence_of(c));
  slope.would_change = "A difference of slopes beyond the tolerance over more sizes, or with heavier tails.";
  auto floor = claim_of(c.name + "_floor",
                        fmt::format("{} of the same mean square does not change the best excess risk.", c.label), 1,
                        c.ratio_to_gaussian);
  floor.predicted_text = "ratio 1";
  floor.verdict = judge_number(1, floor.lo, floor.hi, true);
  floor.reading =
      fmt::format("Geometric mean of (best risk / best risk with Gaussian noise) over n, Student t over {} seeds.",
                  c.ratio_to_gaussian.points);
  floor.would_change = "More seeds, which narrow the interval, or a loss other than the square.";
  for (auto* claim : {&slope, &floor}) {
    claim->source = "docs/theory/noise.md, open question 4 [S]; the bound depends only on xi^2 [R]";
    require_noise(c, *claim);
  }
  return {slope, floor};
}

}  // namespace

Measured log_slope(const std::vector<BestRisk>& best) {
  std::vector<double> n, value;
  for (const auto& b : best) n.push_back(static_cast<double>(b.n_data)), value.push_back(b.value);
  const auto line = numerics::least_squares_power(n, value);
  return {line.slope, line.lo, line.hi, best.size()};
}

void analyse(NoiseExperiment& e, int resamples, std::uint64_t seed) {
  e.sizes = common_sizes(e);
  e.clean.best = best_at(e.clean.curves, e.sizes);
  for (auto* list : {&e.schedules, &e.kinds})
    for (auto& c : *list) {
      c.best = best_at(c.curves, e.sizes);
      c.slope = log_slope(c.best);
      c.noise_share = noise_share(e, c);
    }
  for (auto& c : e.schedules) {
    c.envelope = envelope_law(c.curves, resamples, seed);
  }
  for (auto& c : e.kinds) compare(e.schedules.front().best, c);
}

std::vector<report::Claim> claims_of(const NoiseExperiment& e) {
  std::vector<report::Claim> claims;
  for (const auto& c : e.schedules) claims.push_back(schedule_claim(c));
  for (const auto& c : e.schedules)
    if (c.exponent > 0 && theory::data_exponent(c.exponent) < 0)
      for (const auto& edition : {theory::edition_v1(), theory::edition_v3()})
        claims.push_back(compute_claim(c, edition));
  for (const auto& c : e.kinds)
    for (auto& claim : kind_claims(c)) claims.push_back(std::move(claim));
  return claims;
}

Finding noise(const Context& context) {
  Finding finding;
  NoiseExperiment e;
  const auto carry_out = [&](const char* name, const char* label, double level, double s, const char* kind) {
    const std::string start = fmt::format(kStudy, level / std::pow(kFirstSize, s), s, kind);
    const std::string id = std::string("noise.") + name;
    auto runs = carry_out_study(context, id, context.document(start + kQuickStudy, start + kFullStudy, id));
    NoiseCase c;
    c.name = name;
    c.label = label;
    c.exponent = s;
    c.curves = study_curves(runs.runs, runs.store_path);
    finding.configurations.emplace_back(id + " study", runs.study.json);
    return c;
  };
  e.clean = carry_out("none", "No noise", 0, 0, "gaussian");
  e.schedules = {carry_out("constant", "Constant noise", kNoiseThere, 0, "gaussian"),
                 carry_out("quarter", "Noise growing as n^1/4", kNoiseThere, 0.25, "gaussian"),
                 carry_out("half", "Noise growing as n^1/2", kNoiseThere, 0.5, "gaussian")};
  e.kinds = {
      carry_out("heteroscedastic", "Noise that depends on the input", kNoiseThere, 0, "heteroscedastic"),
      carry_out("student_t", "Heavy-tailed noise (Student t, 3 degrees of freedom)", kNoiseThere, 0, "student_t"),
      carry_out("mixture", "A mixture of clean and noisy sources, half and half", kNoiseThere, 0, "mixture")};
  analyse(e, context.resamples(), static_cast<std::uint64_t>(context.seed.value_or(1)));
  auto& section = finding.section;
  section.title = "Noise that grows with the data, and other noise";
  section.lead =
      "More data help as long as the noise grows more slowly than n^1/2: the excess risk falls as n^(2s - 1) if the noise grows as n^s. "
      "A student transformer learns a known teacher from noisy targets. "
      "Every run is evaluated at its best stopping time, because with noise the excess risk falls, bends and rises again.";
  section.claims = claims_of(e);
  section.tables = tables_of(e);
  auto figures = figures_of(e);
  finding.leading.push_back(figures.front());
  section.figures.assign(figures.begin() + 1, figures.end());
  for (const auto* list : {&e.schedules, &e.kinds})
    for (const auto& c : *list)
      if (c.curves.diverged > 0)
        section.paragraphs.push_back(fmt::format("{}: {} runs diverged and are not used.", c.label, c.curves.diverged));
  section.paragraphs.push_back(
      fmt::format("Slopes use n = {}: the sizes at which every run of every case passed its minimum. "
                  "All seeds share one teacher, so the intervals do not include the choice of the teacher.",
                  fmt::join(e.sizes, ", ")));
  for (const auto& c : e.schedules) finding.fits["noise." + c.name] = to_value(c.envelope);
  return finding;
}

}  // namespace phaselaw::reproduce
