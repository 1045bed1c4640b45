// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/laws/compare.h"
#include "phaselaw/laws/fit_json.h"
#include "phaselaw/laws/measured_table.h"
#include "phaselaw/laws/selection.h"

// Fits a law to a table of runs, or the two-stage law to curves in compute: what `phaselaw fit` and `phaselaw.fit` do.
//
//   two-stage       the curve, or the lower envelope of several runs' curves
//   all             every law of the loss that the columns allow, ranked; of a table with compute alone, the forms of
//                   curves
//   NAME, or text   that law (laws/law.h)
// A store (study.db) holds curves: two-stage or all. Warnings and notes go to the log.
// Errors: InputError as the laws' own.
namespace phaselaw::verbs {

struct FitRequest {
  std::string law = "two-stage";
  laws::FitOptions fit;                 // without weights, sd and cluster, which are columns of the table:
  std::string weights, sd;              // "": none
  std::string cluster = "auto";         // auto: the run's, where runs have several rows; none
  std::map<std::string, double> fixed;  // parameters that are known
  double holdout = 0.2;                 // share of the rows, the largest, predicted from the rest
  std::optional<double> exponent;       // two-stage: known beforehand
  std::optional<double> floor;          // two-stage: known beforehand ...
  bool floor_by_quantity = true;        // ... or 0 for an excess risk, free for a loss
  void validate() const;                // InputError
};

// "huber", ..., "automatic", ...; InputError naming the flag and the nearest known word.
[[nodiscard]] laws::Objective objective_from(const std::string& word);
[[nodiscard]] laws::IntervalMethod interval_from(const std::string& word);

// A law of named columns.
struct TableFit {
  laws::MeasuredTable table;
  laws::LawFit fit;  // the best one of a ranking
  laws::LawOptions options;
  std::optional<laws::Holdout> held_out;
  std::vector<laws::Holdout> backtest;
  std::optional<laws::Ranking> ranking;
  base::Value json;
};

// Forms of curves in compute.
struct CurvesFit {
  std::optional<laws::Fit> fit;                // two-stage
  std::optional<laws::Comparison> comparison;  // all
  base::Value json;
};

// The options of a law on this table: columns of weights, errors and clusters looked up.
[[nodiscard]] laws::LawOptions law_options(const FitRequest& request, const laws::MeasuredTable& table);
[[nodiscard]] TableFit fit_table(const FitRequest& request, laws::MeasuredTable table);

[[nodiscard]] CurvesFit fit_curves(const FitRequest& request, const laws::MeasuredTable& table);
[[nodiscard]] CurvesFit fit_store(const FitRequest& request, const std::string& path);

// Chooses among them. `raw` is what was read; the law says which column is its output. `page`: a page is wanted, which
// only a law of named columns has.
using FitAnswer = std::variant<TableFit, CurvesFit>;
[[nodiscard]] FitAnswer fit(const FitRequest& request, laws::Table raw, laws::ReadOptions options, bool page = false);
[[nodiscard]] FitAnswer fit(const FitRequest& request, const std::string& path, const laws::ReadOptions& options,
                            bool page = false);

}  // namespace phaselaw::verbs
