// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/verdict.h"

#include <cmath>

namespace phaselaw::reproduce {

using report::Verdict;

Verdict judge_number(double predicted, double lo, double hi, bool identified) {
  if (!identified || !std::isfinite(lo) || !std::isfinite(hi) || !std::isfinite(predicted))
    return Verdict::kInconclusive;
  if (predicted < lo || predicted > hi) return Verdict::kNotSupported;
  return hi - lo <= std::abs(predicted) ? Verdict::kSupported : Verdict::kInconclusive;
}

Verdict judge_at_most(double predicted, double lo, double hi) {
  if (!std::isfinite(lo) || !std::isfinite(hi)) return Verdict::kInconclusive;
  if (hi <= predicted) return Verdict::kSupported;
  return lo > predicted ? Verdict::kNotSupported : Verdict::kInconclusive;
}

Verdict judge_at_least(double predicted, double lo, double hi) { return judge_at_most(-predicted, -hi, -lo); }

Verdict judge_within(double predicted, double tolerance, double lo, double hi) {
  if (!std::isfinite(lo) || !std::isfinite(hi) || !std::isfinite(predicted)) return Verdict::kInconclusive;
  if (lo >= predicted - tolerance && hi <= predicted + tolerance) return Verdict::kSupported;
  return hi < predicted - tolerance || lo > predicted + tolerance ? Verdict::kNotSupported : Verdict::kInconclusive;
}

Verdict judge_agreement(double statistic, double critical, double widest, double common) {
  if (!std::isfinite(statistic) || !std::isfinite(critical)) return Verdict::kInconclusive;
  if (statistic > critical) return Verdict::kNotSupported;
  return widest <= std::abs(common) ? Verdict::kSupported : Verdict::kInconclusive;
}

Verdict judge_evidence(double aicc_in_favour) {
  if (aicc_in_favour > kDecisiveAicc) return Verdict::kSupported;
  if (aicc_in_favour < -kDecisiveAicc) return Verdict::kNotSupported;
  return Verdict::kInconclusive;
}

}  // namespace phaselaw::reproduce
