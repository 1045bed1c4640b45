// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phaselaw/advice/fit_tables.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/fit_flags.h"
#include "phaselaw/laws/compare.h"
#include "phaselaw/laws/envelope.h"
#include "phaselaw/laws/envelope_fit.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/laws/two_stage_fit.h"
#include "phaselaw/report/format.h"
#include "phaselaw/reproduce/study_curves.h"
#include "phaselaw/store/store.h"

// Curves in compute: one, or the lower envelope over several.
namespace phaselaw::cli {

namespace {

struct MeasuredCurves {
  laws::Curves curves;
  bool excess_risk = false;
  std::string what;  // for people: which column or quantity
};

MeasuredCurves read(const FitFlags& flags) {
  if (std::filesystem::path(flags.table).extension() == ".db") {
    const auto curves = reproduce::study_curves(store::Store::open_read(flags.table).runs(), flags.table);
    return {curves.flat(), curves.quantity == reproduce::Quantity::excess_risk, curves.label()};
  }
  const auto table = laws::read_measured(flags.table, read_options(flags));
  table.require({"compute"});
  MeasuredCurves data{{}, laws::plain_name(table.output_column) == "excessrisk", table.output_column};
  const std::vector<double> compute = table.data.columns.get("compute");
  for (std::size_t i = 0; i < compute.size(); ++i) {
    if (compute[i] == 0) continue;  // a run's curve may begin there
    data.curves.run.push_back(table.run[i]);
    data.curves.compute.push_back(compute[i]);
    data.curves.loss.push_back(table.data.output[i]);
  }
  if (data.curves.compute.empty())
    throw base::InputError({flags.table}, "expected rows with a positive compute, found none");
  for (const auto& warning : table.warnings) base::log_warning(warning);
  return data;
}

laws::Curves rows_of(const std::vector<laws::EnvelopePoint>& envelope) {
  laws::Curves rows;
  for (const auto& point : envelope) {
    rows.run.push_back(point.run);
    rows.compute.push_back(point.compute);
    rows.loss.push_back(point.loss);
  }
  return rows;
}

void print_fit(const laws::Fit& fit) {
  fmt::print("{}: {}\n", fit.law, fit.formula);
  const report::Table table = advice::parameter_table(fit);
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  fmt::print("{}{} rows, residual {} (std of ln loss), AICc {}; {} of {} starts agree, {}; {} intervals at {} %\n",
             text_table(rows), fit.n_points, report::format_number(fit.residual_scale),
             report::format_number(fit.aicc, 5), fit.convergence.agreed, fit.convergence.starts, fit.convergence.status,
             laws::to_string(fit.method), 100 * fit.level);
}

}  // namespace

void fit_curves(const Common& common, const FitFlags& flags) {
  laws::TwoStageOptions options;
  options.fit = fit_options(common, flags);
  options.known.exponent = number_or("--exponent", flags.exponent, "free");
  if (options.known.exponent && !(*options.known.exponent > 0))
    throw base::InputError({"--exponent"}, fmt::format("must be > 0; found {}", *options.known.exponent));

  MeasuredCurves data = read(flags);
  // An excess risk goes to 0, a loss to a floor that is not known.
  if (flags.floor == "auto")
    options.known.floor = data.excess_risk ? std::optional<double>(0.0) : std::nullopt;
  else
    options.known.floor = number_or("--floor", flags.floor, "free");
  const bool several = std::adjacent_find(data.curves.run.begin(), data.curves.run.end(), std::not_equal_to<>()) !=
                       data.curves.run.end();
  if (several)
    base::log_info(fmt::format("several runs: fitting the lower envelope of {}; intervals resample runs", data.what));
  if (flags.law == "all") {
    if (several) {
      // Rows of an envelope are minima over runs: intervals that resample rows would be too narrow (decision 007).
      options.fit.interval = laws::IntervalMethod::none;
      base::log_warning("--law all over several runs ranks the forms without intervals; --law two-stage has them");
      data.curves = rows_of(laws::staircase(data.curves));
    }
    const auto comparison = laws::compare_forms(data.curves.compute, data.curves.loss, options.known, options.fit);
    emit_json(common, laws::to_value(comparison));
    if (common.json == "-") return;
    for (const auto& fit : comparison.fits) print_fit(fit);
    fmt::print("early form: {}\n", comparison.early_form);
    return;
  }
  const auto fit = several ? laws::fit_two_stage_envelope(data.curves, options)
                           : laws::fit_two_stage(data.curves.compute, data.curves.loss, options);
  emit_json(common, laws::to_value(fit));
  if (common.json != "-") print_fit(fit);
  for (const auto& warning : fit.warnings) base::log_warning(warning);
}

}  // namespace phaselaw::cli
