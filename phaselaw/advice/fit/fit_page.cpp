// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_page.h"

#include <algorithm>
#include <filesystem>

#include "phaselaw/advice/fit/fit_figures.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::format_number;

constexpr std::size_t kMostFigures = 3;  // figures of one kind: residuals against inputs, profiles

report::Table convergence_table(const fitting::Fit& fit) {
  const auto& c = fit.convergence;
  report::Table table;
  table.caption = "How the optimum was found.";
  table.columns = {"rows", "objective", "grid points", "starts", "agreed", "scaled gradient", "condition", "status"};
  table.rows = {{base::format_count(fit.n_points), format_number(fit.objective_value, 6),
                 base::format_count(c.grid_points), std::to_string(c.starts), std::to_string(c.agreed),
                 format_number(c.gradient_norm, 2, base::Notation::power),
                 format_number(c.condition, 2, base::Notation::power), c.status}};
  return table;
}

// "E + A*N^-alpha with E = 1.81 [1.75, 1.86], ..."; the formula alone if there are too many parameters for a sentence.
std::string law_with_values(const fitting::Fit& fit) {
  constexpr std::size_t kMostValues = 5;
  std::vector<std::string> values;
  for (const fitting::Estimate& e : fit.parameters)
    values.push_back(
        fmt::format("{} = {}", e.name, with_interval(e, base::notation_of(laws::unit_of(fit.law, e.name)))));
  return values.size() > kMostValues ? fit.formula()
                                     : fmt::format("{} with {}", fit.formula(), fmt::join(values, ", "));
}

report::Section numbers_of(const FitAnswer& answer) {
  const fitting::Fit& fit = answer.best().fit;
  report::Section numbers;
  numbers.title = "Parameters";
  numbers.lead = law_line(fit);
  numbers.tables = {parameter_table(fit, answer.facts.lack_of_fit.has_value())};
  if (answer.audit) numbers.paragraphs.push_back(audit_text(*answer.audit));
  return numbers;
}

// All limits by harm, and what was noted while the rows were read.
report::Section limits_of(const FitAnswer& answer) {
  report::Section section;
  section.title = "What limits this fit";
  for (const std::string& text : limit_sentences(answer.limits)) section.paragraphs.push_back(text + ".");
  for (const auto& text : answer.rows.warnings) section.paragraphs.push_back("While reading the rows: " + text + ".");
  for (const auto& text : answer.rows.notes) section.paragraphs.push_back("While reading the rows: " + text + ".");
  return section;
}

report::Section laws_of(const FitAnswer& answer) {
  report::Section section;
  section.title = "Other laws";
  section.tables = {ranking_table(answer.ranking)};
  section.tables.back().caption = "All laws that the columns allow, ordered by prediction error.";
  for (const auto& text : answer.ranking.notes) section.paragraphs.push_back("Skipped: " + text + ".");
  return section;
}

report::Section checks_of(const FitAnswer& answer, const FittedRows& rows) {
  const fitting::Fit& fit = answer.best().fit;
  report::Section checks;
  checks.title = "What the law does not describe";
  checks.figures = {predicted_against_actual(rows)};
  if (answer.best().holdout) add_held_out(rows, *answer.best().holdout, checks.figures.back());
  checks.figures.push_back(residuals(rows, "predicted " + fit.law.output, rows.predicted.value));
  const auto& columns = fit.law.columns();
  for (std::size_t i = 0; i < std::min(kMostFigures, columns.size()); ++i)
    checks.figures.push_back(residuals(rows, columns[i], rows.table.data.columns.get(columns[i])));
  return checks;
}

// Profiles of the parameters that are not identified, pairs of resamples, and the certificate of the optimum.
report::Section certainty_of(const FitAnswer& answer) {
  const fitting::Fit& fit = answer.best().fit;
  report::Section certainty;
  certainty.title = "How well the parameters are known";
  for (const auto& parameter : fit.parameters) {
    if (parameter.identified || parameter.fixed || certainty.figures.size() == kMostFigures) continue;
    const fitting::ProfileCurve curve = fitting::profile(fit, answer.rows.data, answer.options, parameter.name);
    if (!(curve.threshold > fit.objective_value)) continue;  // without noise every profile is a spike
    certainty.figures.push_back(advice::profile_figure(curve, fit));
  }
  if (auto figure = pairs(fit)) certainty.figures.push_back(std::move(*figure));
  certainty.tables = {convergence_table(fit)};
  return certainty;
}

}  // namespace

report::Page fit_page(const FitAnswer& answer, const fitting::Prediction& predicted) {
  const fitting::Fit& fit = answer.best().fit;
  const FittedRows rows = fitted_rows(answer.rows, fit, predicted);
  report::Page page;
  page.title = fmt::format("{}: {}", fit.name(), std::filesystem::path(answer.rows.table.source()).filename().string());
  page.answer = fmt::format("{}. {}", law_with_values(fit), answer.summary);
  if (!answer.limits.empty())
    if (const Limit worst = by_harm(answer.limits).front(); worst.harm != Harm::remark)
      page.notice = fmt::format("What limits this fit most: {}.", worst.text);
  page.figures = {against_size(rows)};
  page.sections.push_back(numbers_of(answer));
  if (report::Section limits = limits_of(answer); !limits.paragraphs.empty())
    page.sections.push_back(std::move(limits));
  if (answer.ranked) page.sections.push_back(laws_of(answer));
  page.sections.push_back(checks_of(answer, rows));
  page.sections.push_back(certainty_of(answer));
  return page;
}

}  // namespace phaselaw::advice
