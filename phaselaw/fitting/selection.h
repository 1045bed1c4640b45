// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/backtest.h"

// Which law to believe: all laws that the columns allow are fitted, sit the same exam (backtest.h) and are weighed by the
// rule of choice.h.
//
//   ranked    certified laws that can be fitted to the three longest slices with two rows to spare. Their exam are the
//             slices to which the largest of them can be fitted, so no law is excused a hard one. Units are rows, or
//             clusters of rows
//   order     the law with the largest weight, the other laws that predict as well, those that the exam refutes, and
//             then the laws that are not ranked, with the reason. A law that is not certified is never first unless none is
//   skipped   laws without a column, or with columns of one value only; notes name them
// Intervals are computed for the laws that predict as well as the best. Laws are fitted by options.threads threads; the
// result does not depend on their number.
namespace phaselaw::fitting {

struct RankedLaw {
  Fit fit;
  std::optional<Holdout> holdout;
  std::vector<Holdout> backtest;
  double delta_aicc = 0, delta_bic = 0;       // difference from the lowest of the certified laws
  double score = 0;                           // mean |ln(predicted/measured)| of the exam; infinity if it was not sat
  double difference = 0, standard_error = 0;  // of the score, from the best; NaN if not ranked
  bool survives = false;                      // predicts as well as the best
  double weight = 0;                          // in an average of laws; all weights sum to 1
  std::string reason{};                       // why the law is not ranked; empty if it is
};
// A single fit with its prediction errors, computed without intervals. `holdout_fraction` 0: none.
[[nodiscard]] RankedLaw judged(Fit fit, const tables::Measurements& data, const FitOptions& options,
                               double holdout_fraction);

struct Ranking {
  std::vector<RankedLaw> laws;     // best first
  std::vector<std::string> notes;  // laws that were skipped or could not be fitted, and why; columns of one value
  std::string rule{};              // one sentence: why the first law is the first
};

// The laws of the catalogue that predict `output`. A law of training steps is used with tokens or compute if the
// columns have no steps.
[[nodiscard]] std::vector<laws::Law> rivals(const tables::Columns& columns, const std::string& output = "loss");

// Fits all `laws` that the columns allow, by `fit` (default: fit_law on these rows), which is called by several threads.
// A parameter of options.fix is fixed in the laws that have it. `misfits`: whether a fit shows a lack of fit; without
// it, none does. `holdout_fraction` 0: no exam; the order is that of AICc. InputError if none can be fitted, or no law
// has such a parameter.
using FitFunction = std::function<Fit(const laws::Law& law, const FitOptions& options)>;
using MisfitFunction = std::function<bool(const Fit& fit)>;
[[nodiscard]] Ranking rank_laws(const std::vector<laws::Law>& laws, const tables::Measurements& data,
                                const FitOptions& options, double holdout_fraction = 0.2, const FitFunction& fit = {},
                                const MisfitFunction& misfits = {});

// The form of the start of a curve [T: Burnham and Anderson 2002]: laws with an exponential start (two-stage,
// exponential) against laws with a power start (power, shifted-power), by the lowest AICc of each group. "exponential"
// if the first is lower by more than kDecisiveAicc, "power" if the second is (odds of about 20 to 1), otherwise
// "inconclusive".
inline constexpr double kDecisiveAicc = 6;
struct EarlyForm {
  std::string word;
  double exponential = 0, power = 0;  // lowest AICc of each group; infinity if the group is empty
};
[[nodiscard]] EarlyForm early_form(const Ranking& ranking);

}  // namespace phaselaw::fitting
