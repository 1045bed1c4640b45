// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/choice.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr double kRefuted = 0.025;    // one-sided level at which the exam refutes a law
constexpr double kWorstError = 1;     // errors in ln beyond a factor e count as this, so that one row cannot decide
constexpr double kImmaterial = 0.01;  // share of the best score below which a difference is none
constexpr double kRounding = 1e-12;

double bounded(double error) { return std::isfinite(error) ? std::min(error, kWorstError) : kWorstError; }

double score_of(const Contender& contender, const Exam& exam) {
  double score = 0;
  for (std::size_t i = 0; i < exam.weight.size(); ++i) score += exam.weight[i] * bounded(contender.error[i]);
  return score;
}

std::size_t lowest(const std::vector<double>& values) {
  return static_cast<std::size_t>(std::min_element(values.begin(), values.end()) - values.begin());
}

// The exam's effective number of units.
double effective_units(const Exam& exam) {
  std::vector<double> share(*std::max_element(exam.unit.begin(), exam.unit.end()) + 1);
  for (std::size_t i = 0; i < exam.unit.size(); ++i) share[exam.unit[i]] += exam.weight[i];
  double squares = 0;
  for (const double w : share) squares += w * w;
  return 1 / squares;
}

double standard_error(const Contender& law, const Contender& best, double difference, const Exam& exam, double units) {
  std::vector<double> part(*std::max_element(exam.unit.begin(), exam.unit.end()) + 1);
  for (std::size_t i = 0; i < exam.unit.size(); ++i)
    part[exam.unit[i]] += exam.weight[i] * (bounded(law.error[i]) - bounded(best.error[i]) - difference);
  double squares = 0;
  for (const double p : part) squares += p * p;
  return units > 1 ? std::sqrt(squares / (1 - 1 / units)) : base::kInfinity;
}

// Scores, differences and survival; returns the law with the best score.
std::size_t mark(const std::vector<Contender>& contenders, const Exam& exam, std::vector<Standing>& standings) {
  std::vector<double> score;
  for (const Contender& contender : contenders) {
    PHASELAW_CHECK_EQ(contender.error.size(), exam.weight.size());
    score.push_back(score_of(contender, exam));
  }
  const std::size_t best = lowest(score);
  const double units = effective_units(exam);
  const double quantile =
      units > 1 + kRounding ? numerics::student_t_quantile(1 - kRefuted, units - 1) : base::kInfinity;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    Standing& standing = standings[i];
    standing.score = score[i];
    standing.difference = score[i] - score[best];
    standing.standard_error =
        i == best ? 0 : standard_error(contenders[i], contenders[best], standing.difference, exam, units);
    standing.survives =
        i == best || !std::isfinite(quantile) ||
        standing.difference <= std::max(quantile * standing.standard_error, kImmaterial * score[best] + kRounding);
  }
  return best;
}

// Akaike weights of the surviving laws; the law with the lowest criterion among them, if one has a criterion.
std::optional<std::size_t> akaike(const std::vector<Contender>& contenders, std::vector<Standing>& standings) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    if (standings[i].survives && std::isfinite(contenders[i].criterion) &&
        (!best || contenders[i].criterion < contenders[*best].criterion))
      best = i;
  if (!best) return best;
  double total = 0;
  for (std::size_t i = 0; i < contenders.size(); ++i)
    if (standings[i].survives && std::isfinite(contenders[i].criterion)) {
      standings[i].weight = std::exp(-0.5 * (contenders[i].criterion - contenders[*best].criterion));
      total += standings[i].weight;
    }
  for (Standing& standing : standings) standing.weight /= total;
  return best;
}

}  // namespace

Choice choose_law(const std::vector<Contender>& contenders, const Exam& exam, std::optional<std::size_t> reference,
                  const Misfits& misfits) {
  PHASELAW_CHECK(!contenders.empty());
  Choice choice;
  choice.standings.resize(contenders.size());
  if (exam.weight.empty())
    for (Standing& standing : choice.standings) standing = {base::kInfinity, 0, 0, true, 0};
  const std::optional<std::size_t> predictor =
      exam.weight.empty() ? std::nullopt : std::optional(mark(contenders, exam, choice.standings));
  const std::optional<std::size_t> likeliest = akaike(contenders, choice.standings);
  choice.best = likeliest.value_or(predictor.value_or(0));
  if (!likeliest) choice.standings[choice.best].weight = 1;
  if (!misfits || !predictor || !misfits(reference.value_or(choice.best))) return choice;

  const bool keeps_reference = reference && choice.standings[*reference].survives;
  choice.rule = keeps_reference ? Rule::reference : Rule::exam;
  choice.best = keeps_reference ? *reference : *predictor;
  for (Standing& standing : choice.standings) standing.weight = 0;
  choice.standings[choice.best].weight = 1;
  return choice;
}

std::string sentence(Rule rule, const std::string& reference, const std::string& best) {
  switch (rule) {
    case Rule::akaike:
      return fmt::format("{} has the lowest AICc of the laws that predict the larger runs as well as the best", best);
    case Rule::reference:
      return fmt::format(
          "{} does not fit these rows within their noise, so AICc is not trusted; "
          "the law is kept because no other predicts the larger runs significantly better",
          reference);
    case Rule::exam:
      return fmt::format(
          "{} does not fit these rows within their noise, so AICc is not trusted; {} predicts the larger runs best",
          reference, best);
  }
  return "";
}

}  // namespace phaselaw::fitting
