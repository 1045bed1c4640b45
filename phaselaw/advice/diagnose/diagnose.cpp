// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose.h"

#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"

namespace phaselaw::advice {

namespace {

Diagnosis diagnose_one(const tables::Curve& data, const DiagnoseOptions& options) {
  Diagnosis d;
  d.curve = prepare(data, options.schedule);
  d.n_params = data.n_params;
  d.n_data = data.n_data;
  d.notes = d.curve.notes;
  d.signature = signature_of(data, d.curve);
  if (d.signature.n_grad_spikes > 0)
    d.notes.push_back(fmt::format("{} gradient norms are more than ten times the median of the 50 before",
                                  d.signature.n_grad_spikes));
  d.rate_known = data.rates.known() || options.schedule.given();
  judge_end(data, d);
  if (d.rate_known)
    judge_with_rate(options, d);
  else
    judge_without_rate(d);
  judge_stage(d);
  return d;
}

}  // namespace

void DiagnoseOptions::validate() const {
  base::check_fields(*this);
  schedule.validate();
}

std::vector<Diagnosis> diagnose(std::span<const tables::Curve> curves, const DiagnoseOptions& options) {
  options.validate();
  std::vector<Diagnosis> diagnoses(curves.size());
  base::Progress progress("diagnose", static_cast<double>(curves.size()));
  base::parallel_for(static_cast<std::int64_t>(curves.size()), options.threads, [&](std::int64_t curve, int) {
    const auto i = static_cast<std::size_t>(curve);
    diagnoses[i] = diagnose_one(curves[i], options);
    progress.advance(1);
  });
  judge_together(diagnoses);
  for (Diagnosis& d : diagnoses) say_next(d);
  return diagnoses;
}

}  // namespace phaselaw::advice
