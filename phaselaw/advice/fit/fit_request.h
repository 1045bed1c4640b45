// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/fit/fit_limits.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/audit.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/lack_of_fit.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/tables/rows.h"

// Fits a law to a table: the work of `phaselaw fit` and `phaselaw.fit`, in the same way for every law and table.
//
//   law        a name, NAME@COLUMN or an expression (laws/law.h); all: every law that the columns allow, ranked
//   rows       all: every row. envelope: the rows that no other row dominates in (compute, output); intervals then
//              resample whole runs (fitting/envelope.h)
//   cluster    auto: rows of one run are resampled together if runs have several rows; none; or a column
//   schedule   the columns lr_sum and lr_drop (S1 and S2) follow from run, step and lr; without lr the user states the
//              schedule (tables/schedule_columns.h)
// Rows with zero compute or tokens (or lr_sum, for a law of it) at the start of a run (before the first step) are left out, and a note counts them.
// What concerns reading the rows goes to the log; what limits the fit is in the answer.
// Errors: InputError of the law, the table and the options, and for rows outside the domain of the law (row_checks.h);
// RunError if the one law that was asked for has no optimum.
namespace phaselaw::advice {

enum class RowChoice { all, envelope };
[[nodiscard]] base::EnumNames<RowChoice> enum_names(RowChoice);

struct FitRequest {
  std::string law = "all";
  RowChoice rows = RowChoice::all;
  tables::ReadOptions read;
  fitting::FitOptions fit;
  std::string cluster = "auto", weights, sd;  // columns
  double holdout = 0.2;
  std::map<std::string, double> audit;

  FitRequest() { fit.threads = 0; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    visit("law", self.law, anything(),
          "name of a law (see --laws), an expression, or all: fit and rank every law that applies");
    visit("rows", self.rows, anything(),
          "all: use all rows; envelope: use the lower envelope over runs, with intervals from resampled runs");
    tables::ReadOptions::fields(self.read, visit);
    fitting::FitOptions::fields(self.fit, visit);
    visit("cluster", self.cluster, anything(),
          "column of rows that are resampled together; auto: the column of runs; none");
    visit("weights", self.weights, anything(), "column with the weights of rows");
    visit("sd", self.sd, anything(), "column with the standard error of ln loss");
    visit("holdout", self.holdout, base::half_open(0, 1),
          "share of the rows, the largest by compute, that is held out and predicted from the rest; 0: none");
    visit("audit", self.audit, anything(),
          "name=value of published parameters; tests whether they are an optimum of these rows");
  }
  void validate() const;  // InputError
};

struct FitAnswer {
  tables::Rows rows;            // columns that were fitted
  fitting::FitOptions options;  // with weights, errors and clusters filled in
  fitting::Ranking ranking;     // of one law, or of all, best first
  bool ranked = false;
  std::optional<fitting::Audit> audit;
  std::vector<fitting::PooledGroups> pooled;  // columns of texts that one fit pools
  fitting::LackOfFit lack_of_fit;             // of the best law; the rows of an envelope are not tested
  RowFacts facts;                             // of the best law
  std::string summary;                        // fit_summary() of the best law
  std::vector<Limit> limits;                  // fit_limits() of the best law
  base::Value json;  // one law: a FIT.json; all: fits, ranking, early_form, notes; both: summary, limits,
                     // lack_of_fit, pooled, row_notes

  [[nodiscard]] const fitting::RankedLaw& best() const { return ranking.laws.front(); }
};

// All rows as one study, whatever `by` says; group_fits.h fits each group.
[[nodiscard]] FitAnswer fit(const FitRequest& request, documents::Reading reading);

// The two halves of fit(): the rows, and a fit of all or some of them.
struct FitRows {
  std::optional<laws::Law> law;  // unset: rank all
  tables::Rows rows;
  std::size_t in_table = 0;
  std::string output;
};
[[nodiscard]] FitRows read_fit_rows(const FitRequest& request, documents::Reading reading);
[[nodiscard]] FitAnswer fit(const FitRequest& request, FitRows rows);

}  // namespace phaselaw::advice
