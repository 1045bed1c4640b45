// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Which of several fitted laws to believe, and with which weight: the rule of rank_laws on plain numbers.
//
// All laws sit the same exam: the same predictions of large runs from smaller ones, with errors |ln(predicted/measured)|.
//
//   score        weighted mean of a law's errors
//   difference   score minus that of the best law, from the paired differences d_u of each unit (row or run)
//   error        SE^2 = sum_u W_u^2 (d_u - d)^2 / (1 - sum_u W_u^2),  W_u the weight of a unit, sum 1, d_u its mean
//                difference, d the difference; n_eff = 1/sum_u W_u^2 [T: Kish 1965]
//   survives     difference <= t SE, with t Student's quantile at 97.5 % for n_eff - 1 degrees of freedom, or
//                difference <= 1 % of the best score, as for two forms of the same law
//   weight       Akaike weights of the surviving laws, w_i ~ exp(-AICc_i/2) [T: Burnham and Anderson 2002]
//
// Akaike weights assume that one of the laws is true. If the reference law (chinchilla) shows a lack of fit, this is not
// assumed: the weight is 1 for the reference if it survives, and for the law with the best score if not. Without a
// reference, the law with the lowest AICc is examined for a lack of fit, and the law with the best score replaces it.
// Source of the rule: [R], measured in docs/laws.md; decision 030 says what else was tried.
namespace phaselaw::fitting {

struct Contender {
  double criterion = 0;       // AICc
  std::vector<double> error;  // of each prediction; >= 0, infinite or NaN where the law has no value
};

// The predictions: their weights (> 0, sum 1) and the unit of each. Empty if nothing could be predicted.
struct Exam {
  std::vector<double> weight;
  std::vector<std::size_t> unit;
};

struct Standing {
  double score = 0, difference = 0, standard_error = 0;  // infinite without an exam: score
  bool survives = false;
  double weight = 0;
};

enum class Rule {
  akaike,     // the surviving laws by AICc
  reference,  // no law is taken as true: the reference
  exam,       // no law is taken as true, and the exam refutes the reference: the law that predicts best
};

struct Choice {
  std::vector<Standing> standings;  // in the order of the contenders
  std::size_t best = 0;             // the law with the largest weight
  Rule rule = Rule::akaike;
};

// Whether a contender shows a lack of fit. It is asked for one law only.
using Misfits = std::function<bool(std::size_t contender)>;

// At least one contender, each with an error for every prediction of the exam (PHASELAW_CHECK). `reference`: the
// position of the reference law.
// Cost: contenders x predictions.
[[nodiscard]] Choice choose_law(const std::vector<Contender>& contenders, const Exam& exam,
                                std::optional<std::size_t> reference, const Misfits& misfits = {});

// One sentence for people: how the weights were found.
[[nodiscard]] std::string sentence(Rule rule, const std::string& reference, const std::string& best);

}  // namespace phaselaw::fitting
