// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit/fit_page.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/profile.h"
#include "report/markup.h"

namespace phaselaw::advice {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// 60 rows of `name` at the usual truths, with 1 % noise, as a table that was read.
tables::Rows table_of(const laws::Law& law, const std::vector<double>& parameters) {
  const tables::Columns columns = laws::testing::full_table(60, 0);
  std::vector<double> loss = laws::evaluate(law, columns, parameters);
  numerics::RandomStream noise(5, "fit_page");
  std::string csv = "n_params,tokens,val_loss\n";
  const std::vector<double> n = columns.get("n_params"), d = columns.get("tokens");
  for (std::size_t i = 0; i < loss.size(); ++i)
    csv += fmt::format("{:.0f},{:.0f},{:.9g}\n", n[i], d[i], loss[i] * std::exp(0.01 * noise.normal()));
  return tables::rows_from(documents::read_text(csv, "synthetic.csv"));
}

struct Case {
  tables::Rows table;
  fitting::FitOptions options;
  fitting::Fit fit;
  std::optional<fitting::Holdout> held_out;
  [[nodiscard]] FitAnswer answer(const fitting::Ranking* ranking = nullptr) const {
    FitAnswer out;
    out.rows = table;
    out.options = options;
    out.ranked = ranking != nullptr;
    if (ranking != nullptr) out.ranking = *ranking;
    if (ranking == nullptr) out.ranking.laws = {{fit, held_out, {}, 0, 0, 0}};
    out.summary = fit_summary(out.best().fit, out.facts);
    out.limits = fit_limits(out.best(), out.facts);
    return out;
  }
};

report::Page page_of(const Case& c, const fitting::Ranking* ranking = nullptr) {
  const FitAnswer answer = c.answer(ranking);
  return fit_page(answer, fitting::predict(answer.best().fit, c.table.data, c.options, c.table.data.columns));
}

Case fitted(const laws::Law& law, tables::Rows table,
            fitting::IntervalMethod method = fitting::IntervalMethod::bootstrap) {
  Case out{std::move(table), {}, {}, {}};
  out.options.objective = fitting::Objective::l2;
  out.options.interval = method;
  out.options.resamples = 60;
  out.fit = fitting::fit_law(law, out.table.data, out.options);
  out.held_out = fitting::holdout(law, out.table.data, out.options, 0.2);
  return out;
}

Case chinchilla() {
  const laws::Law law = laws::law_from("chinchilla");
  return fitted(law, table_of(law, laws::testing::true_parameters(law)));
}

// Data without a floor, and with a term in the tokens that no run is short enough to see.
Case undetermined() {
  const laws::Law law = laws::law_from("chinchilla");
  return fitted(law, table_of(law, {0, 406.4, 1e-12, 0.34, 0.28}), fitting::IntervalMethod::profile);
}

std::vector<report::Figure> figures_of(const report::Page& page) {
  std::vector<report::Figure> all = page.figures;
  for (const auto& section : page.sections) all.insert(all.end(), section.figures.begin(), section.figures.end());
  return all;
}

const report::Figure* find(const std::vector<report::Figure>& figures, const std::string& title) {
  for (const auto& figure : figures)
    if (contains(figure.title, title)) return &figure;
  return nullptr;
}

TEST(FitPage, HoldsItsFiguresAndBuilds) {
  const Case c = chinchilla();
  const fitting::Ranking ranking =
      fitting::rank_laws({laws::law_from("chinchilla"), laws::law_from("kaplan")}, c.table.data, c.options);
  const report::Page page = page_of(c, &ranking);
  const auto figures = figures_of(page);
  for (const char* title :
       {"Reducible part against compute", "Predicted against measured", "Residuals against predicted loss",
        "Residuals against n_params", "Residuals against tokens", "Resamples: "})
    EXPECT_NE(find(figures, title), nullptr) << title;
  const report::Markup markup = report::read_markup(report::build_page(page));
  EXPECT_EQ(markup.problem, "");
  EXPECT_FALSE(contains(markup.text, "excess risk"));
  EXPECT_TRUE(contains(page.answer, "with E = ") && contains(page.answer, "The rows determine ")) << page.answer;
  for (const char* words : {"All laws that the columns allow", "kaplan", "condition"})
    EXPECT_TRUE(contains(markup.text, words)) << words;
}

// What is drawn is what was measured, less the fitted floor; what is held out is what the smaller rows predicted.
TEST(FitPage, DrawsTheRowsTheyAre) {
  const Case c = chinchilla();
  const auto figures = figures_of(page_of(c));
  const report::Figure& size = *find(figures, "Reducible part");
  const double floor = c.fit.find("E")->value;
  ASSERT_GT(floor, 0);
  ASSERT_EQ(size.series.size(), 2U);
  const report::Series &law = size.series[0], &measured = size.series[1];
  const std::vector<double> n = c.table.data.columns.get("n_params"), d = c.table.data.columns.get("tokens");
  for (std::size_t k = 0; k < measured.x.size(); ++k) {
    std::size_t row = 0;
    while (row < n.size() && std::abs(6 * n[row] * d[row] / measured.x[k] - 1) > 1e-12) ++row;
    ASSERT_LT(row, n.size());
    EXPECT_NEAR(measured.y[k], c.table.data.output[row] - floor, 1e-12);
  }
  ASSERT_EQ(law.x.size(), 30U);  // every other of 60
  const fitting::Prediction predicted = fitting::predict(c.fit, c.table.data, c.options, c.table.data.columns);
  for (std::size_t k = 0; k < law.x.size(); ++k) {
    std::size_t row = 0;
    while (row < n.size() && std::abs(6 * n[row] * d[row] / law.x[k] - 1) > 1e-12) ++row;
    ASSERT_LT(row, n.size());
    EXPECT_NEAR(law.y[k], predicted.value[row] - floor, 1e-12);
    EXPECT_NEAR(law.error_hi[k], predicted.run_hi[row] - floor, 1e-12);
    EXPECT_LE(law.error_lo[k], law.y[k]);
  }
  ASSERT_TRUE(c.held_out);
  const report::Figure& prediction = *find(figures, "Predicted against");
  const report::Series& held = prediction.series.back();
  ASSERT_EQ(held.x.size(), c.held_out->n_predicted);
  double error = 0;
  for (std::size_t k = 0; k < held.x.size(); ++k) error += std::abs(held.y[k] / held.x[k] - 1);
  EXPECT_NEAR(error / static_cast<double>(held.x.size()), c.held_out->mean_abs_rel_error, 1e-12);
}

TEST(FitPage, SaysWhatTheDataDoNotDetermine) {
  const Case c = undetermined();
  ASSERT_FALSE(c.fit.find("beta")->identified);
  const report::Page page = page_of(c);
  const auto figures = figures_of(page);
  std::string captions;
  for (const auto& figure : figures)
    if (contains(figure.title, "Profile of")) captions += figure.caption + "\n";
  EXPECT_TRUE(contains(captions, "unbounded above") || contains(captions, "unbounded below")) << captions;
  ASSERT_FALSE(c.fit.convergence.certified);
  EXPECT_TRUE(contains(page.answer, "must not be used")) << page.answer;
  EXPECT_TRUE(contains(page.notice, "no certified optimum")) << page.notice;
  const auto limits = std::find_if(page.sections.begin(), page.sections.end(),
                                   [](const report::Section& s) { return s.title == "What limits this fit"; });
  ASSERT_NE(limits, page.sections.end());
  EXPECT_TRUE(std::any_of(limits->paragraphs.begin(), limits->paragraphs.end(),
                          [](const std::string& text) { return contains(text, "the rows do not identify "); }));
  EXPECT_EQ(report::read_markup(report::build_page(page)).problem, "");
  EXPECT_TRUE(contains(fitting_checklist(c.answer()), ": not identified"));
}

// Data that fall ever faster put the floor at 0, which is no estimate of it.
TEST(FitPage, SaysThatAFloorIsAtItsBound) {
  const laws::Law law = laws::law_from("E + A*N^(-alpha)");
  std::vector<double> falling;
  for (const auto& parameter : law.parameters)
    falling.push_back(parameter.name == "E" ? -0.1 : parameter.name == "A" ? 406.4 : 0.34);
  const Case c = fitted(law, table_of(law, falling));
  ASSERT_EQ(c.fit.find("E")->value, 0);
  const auto figures = figures_of(page_of(c));
  EXPECT_TRUE(contains(find(figures, "Whole loss against")->caption, "floor E is 0"));
  ASSERT_NE(find(figures, "Profile of E"), nullptr);
  const fitting::ProfileCurve curve = fitting::profile(c.fit, c.table.data, c.options, "E");
  EXPECT_EQ(curve.value.front(), 0);  // there is nothing below the bound to walk to
  EXPECT_TRUE(std::is_sorted(curve.value.begin(), curve.value.end()));
  EXPECT_TRUE(contains(find(figures, "Profile of E")->caption, "E is at its bound, 0"))
      << find(figures, "Profile of E")->caption;
}

// Nothing is subtracted from a law without a floor, or from a law with a non-negative parameter that is not a floor.
TEST(FitPage, TakesOnlyAFloorOff) {
  laws::Law law = laws::law_from("A*N^(-alpha) + G*D^(-beta)");
  for (auto& parameter : law.parameters)
    if (parameter.name == "G") parameter.domain = laws::ParameterDomain::non_negative;
  const Case c = fitted(law, table_of(law, {406.4, 0.34, 410.7, 0.28}), fitting::IntervalMethod::none);
  const auto figures = figures_of(page_of(c));
  ASSERT_EQ(find(figures, "Reducible"), nullptr);
  const report::Figure& size = *find(figures, "loss against compute");
  EXPECT_TRUE(contains(size.caption, "no floor")) << size.caption;
  EXPECT_TRUE(size.series[0].error_lo.empty());
}

TEST(Checklist, EveryItemHasAValue) {
  for (Case c : {chinchilla(), undetermined()})
    for (const auto& held_out : {c.held_out, std::optional<fitting::Holdout>()}) {
      c.held_out = held_out;
      std::istringstream lines(fitting_checklist(c.answer()));
      std::size_t items = 0;
      for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("  ")) continue;
        ++items;
        ASSERT_GT(line.size(), 24U) << line;
        EXPECT_NE(line[24], ' ') << line;
        EXPECT_FALSE(contains(line, "nan")) << line;
        EXPECT_TRUE(!contains(line, "not stated") || contains(line, "; please ")) << line;
      }
      EXPECT_GT(items, 25U);
    }
}

TEST(Checklist, SaysWhatWasDone) {
  const Case c = chinchilla();
  const std::string text = fitting_checklist(c.answer());
  for (const char* words :
       {"60 fitted", "synthetic.csv", "column 'val_loss'",
        "column 'n_params'; not stated; please say whether embeddings are counted", "6 n_params tokens",
        "l2 on the residual of its logarithm", "bootstrap at 95 %", "60 resamples used of 60, seed 0",
        "the largest 12 rows predicted from the other 48", "yes: converged", "60 distinct"})
    EXPECT_TRUE(contains(text, words)) << words << "\n" << text;
}

}  // namespace
}  // namespace phaselaw::advice
