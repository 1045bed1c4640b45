// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/quality.h"
#include "phaselaw/reproduce/verdict.h"

// The claims of the experiment on data quality (quality.h).
namespace phaselaw::reproduce {

namespace {

constexpr LeastSquaresCase kLeastSquares = {.parameters = 8, .n = 32, .added = 32};
constexpr int kGroups = 10, kRepetitions = 400;

report::Claim claim_of(std::string id, std::string statement, const Effect& measured) {
  report::Claim claim;
  claim.id = "E2." + std::move(id);
  claim.statement = std::move(statement);
  claim.standing = report::Standing::kOpenQuestion;
  claim.source = "docs/theory/noise.md, open question 4 [S]; equal weights and fixed d_eff [T]";
  set_measured(measured, claim);
  return claim;
}

std::vector<report::Claim> threshold_claims(const QualityStudy& study, const QualityResults& results) {
  std::vector<std::string> each, end;
  for (const auto& t : results.thresholds) {
    each.push_back(fmt::format("{} at m/n = {} (2 + m/n = {})", text_of(t.best),
                               base::format_number(t.added_over_clean),
                               base::format_number(ideal_threshold(t.added_over_clean))));
    end.push_back(text_of(t.end));
  }
  auto level =
      claim_of("quality_threshold",
               "m added samples lower the best excess risk of trained students as long as the variance of their "
               "noise is below 2 + m/n times that of the n others.",
               results.to_ideal);
  claim_equal(1, kThresholdMargin, level);
  level.predicted_text = fmt::format("ratio 1 within {}", kThresholdMargin);
  level.reading = fmt::format(
      "Geometric mean over m/n of the measured threshold/(2 + m/n); thresholds {}; at the last step {}; {} samples, {} "
      "teachers (jackknife).",
      fmt::join(each, ", "), fmt::join(end, ", "), study.clean, study.teachers.size());
  level.would_change =
      "Students that are limited by bias (little noise, a hard target), for which added inputs help at any noise.";
  level.finding = fmt::format("Noisier samples help trained students up to xi_b^2/xi_a^2 = {} times 2 + m/n.",
                              text_of(results.to_ideal));
  auto growth = claim_of("quality_growth", "The threshold grows with the share of added samples as 2 + m/n does.",
                         results.growth);
  claim_equal(1, kThresholdMargin, growth);
  growth.predicted_text = fmt::format("slope 1 within {}", kThresholdMargin);
  growth.reading = fmt::format("Slope of ln threshold on ln(2 + m/n) over m/n = {} to {}; {} teachers (jackknife).",
                               base::format_number(results.thresholds.front().added_over_clean),
                               base::format_number(results.thresholds.back().added_over_clean), study.teachers.size());
  growth.would_change = "A wider range of m/n, where the inputs of many added samples lower the bias.";
  return {level, growth};
}

// The linearised students at the largest noise and at the smallest one.
std::vector<report::Claim> kernel_claims(const QualityStudy& study, const QualityResults& results) {
  std::vector<report::Claim> claims;
  for (std::size_t i = 0; i < study.linear_noise.size(); ++i) {
    const double xi = study.linear_noise[i];
    const Effect& ratio = results.linear_to_ideal[i];
    if (i + 1 == study.linear_noise.size()) {
      claims.push_back(claim_of("quality_kernel_noise",
                                "On the kernel at initialisation, where noise dominates, the threshold is 2 + m/n.",
                                ratio));
      claim_equal(1, kThresholdMargin, claims.back());
      claims.back().predicted_text = fmt::format("ratio 1 within {}", kThresholdMargin);
      claims.back().would_change = "An effective dimension close to the number of rows, which raises the threshold.";
    } else if (i == 0) {
      claims.push_back(claim_of("quality_kernel_bias",
                                "On the kernel at initialisation, with little noise, added samples help far beyond "
                                "2 + m/n, because new inputs lower the bias.",
                                ratio));
      claim_at_least(1 + kThresholdMargin, claims.back());
      claims.back().predicted_text = fmt::format("ratio above {}", 1 + kThresholdMargin);
      claims.back().would_change = "A target that the student learns from few inputs.";
    } else {
      continue;
    }
    claims.back().reading = fmt::format(
        "Geometric mean over m/n of threshold/(2 + m/n) at the best time, xi_a = {}, exact in the noise; {} teachers "
        "(jackknife).",
        base::format_number(xi), study.teachers.size());
  }
  return claims;
}

std::vector<report::Claim> draw_claims(const QualityStudy& study, const QualityResults& results) {
  const double most = results.draws.back().draws;
  auto distinct = claim_of("duplicates_distinct",
                           fmt::format("{:.0f} samples drawn with replacement from {} distinct ones are worth the "
                                       "distinct ones: their noise is not averaged by repetition.",
                                       most, study.clean),
                           results.useful_to_distinct);
  claim_equal(1, kDistinctMargin, distinct);
  distinct.predicted_text = fmt::format("useful n/distinct n = 1 within {}", kDistinctMargin);
  distinct.reading = fmt::format(
      "Number of distinct samples with the same best risk, interpolated between sizes, over {}; {} teachers (jackknife).",
      study.clean, study.teachers.size());
  distinct.would_change = "Repetitions with new noise, which would be averaged.";
  distinct.finding = fmt::format("{:.0f} samples drawn from {} distinct ones are worth {} times the distinct ones.",
                                 most, study.clean, text_of(results.useful_to_distinct));
  auto formula = claim_of("duplicates_formula",
                          "n samples drawn with replacement from g distinct ones are worth n g/(n + g) distinct ones.",
                          results.useful_to_formula);
  claim_equal(1, kThresholdMargin, formula);
  formula.predicted_text = fmt::format("ratio 1 within {}", kThresholdMargin);
  formula.reading =
      fmt::format("Geometric mean over the numbers of draws of useful n/(n g/(n + g)); {} teachers (jackknife).",
                  study.teachers.size());
  formula.would_change = "Students that are limited by bias, for which the number of distinct inputs counts.";
  return {distinct, formula};
}

report::Claim least_squares_claim() {
  const auto simulated = simulated_thresholds(kLeastSquares, kGroups, kRepetitions, 1);
  const double ratio = static_cast<double>(kLeastSquares.added) / static_cast<double>(kLeastSquares.n);
  const double load = static_cast<double>(kLeastSquares.parameters + 1) / static_cast<double>(kLeastSquares.n);
  const double exact = least_squares_threshold(ratio, load);
  auto claim = claim_of("quality_least_squares",
                        "The threshold of least squares with a Gaussian design is 1 + (1 + m/n)/(1 - (d + 1)/n).",
                        effect_of(simulated));
  claim.standing = report::Standing::kSelfCheck;
  claim.source = "docs/theory/noise.md [T]";
  claim_equal(exact, 0.02 * exact, claim);
  claim.predicted_text = base::format_number(exact, 4);
  claim.reading = fmt::format("{} simulated designs with d = {}, n = m = {}, the noise averaged exactly.",
                              kGroups * kRepetitions, kLeastSquares.parameters, kLeastSquares.n);
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const QualityStudy& study, const QualityResults& results) {
  std::vector<report::Claim> claims = threshold_claims(study, results);
  for (auto& claim : kernel_claims(study, results)) claims.push_back(std::move(claim));
  if (!results.draws.empty())
    for (auto& claim : draw_claims(study, results)) claims.push_back(std::move(claim));
  claims.push_back(least_squares_claim());
  return claims;
}

}  // namespace phaselaw::reproduce
