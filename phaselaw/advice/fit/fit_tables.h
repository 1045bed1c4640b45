// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/page.h"

// Fits as tables and text, for the page, the terminal and Python.
namespace phaselaw::advice {

// quantity, value and interval, identified, meaning: parameters, then derived quantities. An end that the data do not
// give is "unbounded". `nominal`: the law misses its rows, so the intervals do not have their level.
[[nodiscard]] report::Table parameter_table(const fitting::Fit& fit, bool nominal = false);

// Best first: law, parameters, AICc and BIC above the lowest, error held out, error of the back-test, converged.
[[nodiscard]] report::Table ranking_table(const fitting::Ranking& ranking);

// A fit as text: the law and what its rows determine, the parameters, the laws by prediction error if they were ranked,
// and what limits the fit. `verbose` adds the certificate of the optimum, the held-out error, all laws and all limits.
inline constexpr std::size_t kShownLaws = 6;
[[nodiscard]] std::string fit_text(const FitAnswer& answer, bool verbose = false);
// The tables of that text: the ranking, unless null, and the parameters of the best law.
[[nodiscard]] std::vector<report::Table> fit_tables(const fitting::Ranking* ranking, const fitting::RankedLaw& best);

// A fit file, or several fits in one file, as the same text and tables.
struct FitDocument {
  std::string text;
  std::vector<report::Table> tables;
};
[[nodiscard]] FitDocument fit_document(const base::Value& document, const std::string& source);

// "chinchilla: E + A*N^-alpha + B*D^-beta"; a law given as an expression is named by its formula.
[[nodiscard]] std::string law_line(const fitting::Fit& fit);

[[nodiscard]] std::vector<std::string> fit_facts(const fitting::Fit& fit,
                                                 const std::optional<fitting::Holdout>& holdout);
[[nodiscard]] std::string audit_text(const fitting::Audit& audit);

// line, run, measured, predicted, its interval for a new run, ln residual: one row for each fitted row.
[[nodiscard]] std::string residuals_csv(const FitAnswer& answer, const fitting::Prediction& predicted);

// The checklist of what a reader needs to repeat a scaling-law fit, filled in from the fit itself: plain text, one
// line per item. What the table cannot tell is marked "not stated", with what to add.
[[nodiscard]] std::string fitting_checklist(const FitAnswer& answer);

}  // namespace phaselaw::advice
