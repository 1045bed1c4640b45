// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/selection.h"

// A weighted average of fitted laws as one predictor, and how far these laws disagree.
//
//   ln L(x) = sum_i w_i ln L_i(x),   w_i >= 0,   sum_i w_i = 1
//   deviation(x) = ( sum_i w_i (ln L_i(x) - ln L(x))^2 )^(1/2)
// The mean is that of logarithms, because the errors of a fit are relative: it does not depend on the unit of the loss,
// and it is the combination that the errors of the back-test measure (decision 030). Lowest and highest are taken over
// all members, whatever their weight. Cost: that of its laws. Source: [T: Burnham and Anderson 2002, chapter 4].
namespace phaselaw::fitting {

struct Member {
  laws::Law law;
  std::vector<double> parameters;  // all, in the law's order
  double weight = 0;               // >= 0
};

// What several laws say about one positive quantity.
struct Spread {
  double value = 0;  // weighted geometric mean
  double lowest = 0, highest = 0;
  double deviation = 0;  // weighted standard deviation of the logarithm
};
// Weights need not sum to 1. InputError if no weight is positive. Values that are not finite and positive are left out
// together with their weight; if none remains, all fields are NaN.
[[nodiscard]] Spread spread_of(std::span<const double> values, std::span<const double> weights);

class AveragedLaw {
 public:
  // InputError if no member has a positive weight. The weights are scaled to sum 1.
  explicit AveragedLaw(std::vector<Member> members);

  // At each row. InputError for a column that a member needs and that is missing.
  [[nodiscard]] std::vector<double> evaluate(const tables::Columns& columns) const;
  [[nodiscard]] std::vector<Spread> spread(const tables::Columns& columns) const;

  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  // "chinchilla-tied (0.62), over-training (0.38)", largest weight first; weights below 0.5 % are counted.
  [[nodiscard]] std::string description() const;

 private:
  std::vector<Member> members_;
};

// The laws of a ranking that predict as well as the best, with their weights.
[[nodiscard]] std::vector<Member> surviving_laws(const Ranking& ranking);

}  // namespace phaselaw::fitting
