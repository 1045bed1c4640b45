// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "benchmarks/laws/curve_truth.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"

// Simulated curves as CSV files, and their truths, for other programs.
namespace phaselaw::study {

// Columns step or tokens, loss or val_loss, train_loss if it is recorded at the same steps, and lr.
inline std::string to_csv(const SimulatedCurve& simulated, bool with_rates) {
  const tables::Curve& curve = simulated.curve;
  const Series& at = curve.progress();
  const bool same_rows = curve.partner.loss.size() == curve.loss.size();
  std::string text = curve.step.empty() ? "tokens," : "step,";
  text += curve.quantity + (curve.partner.loss.empty() ? "" : ",train_loss") + (with_rates ? ",lr\n" : "\n");
  const auto rate = [&](double step) {
    if (simulated.rates.step.size() <= 2) return kPeakRate;
    return simulated.rates.lr[static_cast<std::size_t>(step) - 1];
  };
  const auto row = [&](double step, const std::string& loss, const std::string& training) {
    text += base::csv_number(step) + ',' + loss;
    if (!curve.partner.loss.empty()) text += ',' + training;
    if (with_rates) text += ',' + base::csv_number(rate(step));
    text += '\n';
  };
  // A missing cell is empty; a loss that is not a number is written as such.
  const auto cell = [](double v) { return std::isnan(v) ? std::string("nan") : base::csv_number(v); };
  if (same_rows || curve.partner.loss.empty()) {
    for (std::size_t i = 0; i < at.size(); ++i)
      row(at[i], cell(curve.loss[i]), same_rows ? cell(curve.partner.loss[i]) : "");
    return text;
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < curve.partner.loss.size(); ++i) {
    const double step = curve.partner.step[i];
    for (; next < at.size() && at[next] < step; ++next) row(at[next], cell(curve.loss[next]), "");
    const bool both = next < at.size() && at[next] == step;
    row(step, both ? cell(curve.loss[next]) : "", cell(curve.partner.loss[i]));
    if (both) ++next;
  }
  for (; next < at.size(); ++next) row(at[next], cell(curve.loss[next]), "");
  return text;
}

inline base::Value to_value(const CurveTruth& truth) {
  constexpr const char* kStates[] = {
      "any",         "falling",    "finished", "decaying", "finished_at_low_rate", "falling_or_decaying",
      "overfitting", "memorising", "diverged"};
  return base::Value::table({{"exponent", truth.exponent},
                             {"exponent_range", truth.exponent_range},
                             {"floor", truth.floor},
                             {"bend", truth.bend},
                             {"bend_absent", truth.bend_absent},
                             {"bend_tolerance", truth.bend_tolerance},
                             {"early", truth.early},
                             {"state", kStates[static_cast<int>(truth.state)]},
                             {"gain", truth.gain},
                             {"gain_any", truth.gain_any},
                             {"accelerates", truth.accelerates},
                             {"training_beside", truth.training_beside},
                             {"unstable", truth.unstable}});
}

}  // namespace phaselaw::study
