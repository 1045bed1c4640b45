// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "phaselaw/base/log.h"
#include "phaselaw/laws/envelope.h"
#include "phaselaw/laws/envelope_fit.h"
#include "phaselaw/laws/two_stage_fit.h"
#include "phaselaw/store/store.h"
#include "phaselaw/verbs/fit.h"
#include "phaselaw/verbs/study_curves.h"

// Curves in compute: one, or the lower envelope over several.
namespace phaselaw::verbs {

namespace {

laws::Curves rows_of(const std::vector<laws::EnvelopePoint>& envelope) {
  laws::Curves rows;
  for (const auto& point : envelope) {
    rows.run.push_back(point.run);
    rows.compute.push_back(point.compute);
    rows.loss.push_back(point.loss);
  }
  return rows;
}

// `what`: which column or quantity, for people.
CurvesFit fit_them(const FitRequest& request, laws::Curves curves, bool excess_risk, const std::string& what) {
  laws::TwoStageOptions options;
  options.fit = request.fit;
  options.known.exponent = request.exponent;
  // An excess risk goes to 0, a loss to a floor that is not known.
  if (request.floor_by_quantity)
    options.known.floor = excess_risk ? std::optional<double>(0.0) : std::nullopt;
  else
    options.known.floor = request.floor;
  const bool several =
      std::adjacent_find(curves.run.begin(), curves.run.end(), std::not_equal_to<>()) != curves.run.end();
  if (several)
    base::log_info(fmt::format("several runs: fitting the lower envelope of {}; intervals resample runs", what));
  CurvesFit answer;
  if (request.law == "all") {
    if (several) {
      // Rows of an envelope are minima over runs: intervals that resample rows would be too narrow (decision 007).
      options.fit.interval = laws::IntervalMethod::none;
      base::log_warning("--law all over several runs ranks the forms without intervals; --law two-stage has them");
      curves = rows_of(laws::staircase(curves));
    }
    answer.comparison = laws::compare_forms(curves.compute, curves.loss, options.known, options.fit);
    answer.json = laws::to_value(*answer.comparison);
    return answer;
  }
  answer.fit = several ? laws::fit_two_stage_envelope(curves, options)
                       : laws::fit_two_stage(curves.compute, curves.loss, options);
  answer.json = laws::to_value(*answer.fit);
  for (const auto& warning : answer.fit->warnings) base::log_warning(warning);
  return answer;
}

}  // namespace

CurvesFit fit_curves(const FitRequest& request, const laws::MeasuredTable& table) {
  table.require({"compute"});
  laws::Curves curves;
  const std::vector<double> compute = table.data.columns.get("compute");
  for (std::size_t i = 0; i < compute.size(); ++i) {
    if (compute[i] == 0) continue;  // a run's curve may begin there
    curves.run.push_back(table.run[i]);
    curves.compute.push_back(compute[i]);
    curves.loss.push_back(table.data.output[i]);
  }
  if (curves.compute.empty())
    throw base::InputError({table.table.source}, "expected rows with a positive compute, found none");
  for (const auto& warning : table.warnings) base::log_warning(warning);
  return fit_them(request, std::move(curves), laws::plain_name(table.output_column) == "excessrisk",
                  table.output_column);
}

CurvesFit fit_store(const FitRequest& request, const std::string& path) {
  const auto curves = study_curves(store::Store::open_read(path).runs(), path);
  return fit_them(request, curves.flat(), curves.quantity == Quantity::excess_risk, curves.label());
}

}  // namespace phaselaw::verbs
