// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/advice/isoflop/isoflop_figures.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using base::format_number;

constexpr std::size_t kExperimentsWithFigures = 20;  // 0.1 MB each, and a page has a limit

report::Table vertices_of(const IsoflopMethod& method) {
  report::Table table;
  table.caption = "Optima by " + method.name + ".";
  table.columns = {"compute (FLOP)", "n_params", "tokens", "loss", "bias of ln n_params", "remark"};
  for (const auto& v : method.vertices)
    table.rows.push_back({format_number(v.compute, 3, base::Notation::power),
                          v.inside ? with_interval(v.n_params, base::Notation::suffix) : "–",
                          v.inside ? with_interval(v.tokens, base::Notation::suffix) : "–",
                          v.inside ? format_number(v.loss, 4) : "–", v.bias ? format_number(*v.bias, 2) : "–", v.why});
  return table;
}

report::Section comparison(const IsoflopResult& r) {
  report::Section methods;
  methods.title = "Comparison of the methods";
  if (r.method("parametric") != nullptr)
    methods.lead =
        "Bias: each method is applied to the fitted law's own losses, without noise, at the same sizes; "
        "the bias is the difference from the law's exponent. "
        "A parabola has a bias because the bowl is asymmetric, and the size of the bias depends on the range of sizes. "
        "A dash: too few budgets have the law's own minimum inside the range of sizes.";
  methods.figures = {optimum_figure(r, true)};
  methods.tables.push_back(table_of(isoflop_rows(r), "Exponents of the compute-optimal size and tokens."));
  for (const IsoflopMethod& method : r.methods)
    if (method.power)
      methods.paragraphs.push_back(fmt::format("Interval of a by {}: {}.", method.name, method.power->interval));
  if (r.noise_dof > 0)
    methods.paragraphs.push_back(
        fmt::format("The losses scatter by {} about the parabolas.", base::format_percent(r.noise)));
  for (const auto& note : r.notes) methods.paragraphs.push_back("Note: " + note + ".");
  return methods;
}

void add_conventions(const IsoflopResult& r, report::Page& page) {
  if (r.conventions.size() < 2) return;
  report::Section section;
  section.title = "Other ways to count compute";
  section.lead =
      "A convention changes which runs have equal compute. The losses are moved to equal compute along the fitted law, and "
      "the same methods are applied again.";
  section.tables = {table_of(convention_text(r), "Exponents under other FLOP conventions.")};
  page.sections.push_back(std::move(section));
}

void add_one(const IsoflopResult& r, report::Page& page) {
  page.title = "Compute-optimal sizes";
  page.answer = isoflop_sentence(r);
  if (r.method("optima") == nullptr) page.figures.push_back(bowl_figure(r));
  page.figures.push_back(optimum_figure(r, false));
  page.sections.push_back(comparison(r));
  add_conventions(r, page);
  report::Section optima;
  optima.title = "Optima of all budgets";
  for (const auto& method : r.methods) optima.tables.push_back(vertices_of(method));
  page.sections.push_back(std::move(optima));
}

void add_many(const IsoflopAnswer& answer, report::Page& page) {
  page.title = fmt::format("Compute-optimal sizes of {} experiments", answer.experiments.size());
  std::vector<double> a;
  for (const IsoflopExperiment& one : answer.experiments)
    if (one.result && one.result->leading() != nullptr) a.push_back(one.result->leading()->power->a.value);
  page.answer = a.empty() ? "No experiment has an exponent."
                          : fmt::format("n_params grows as compute to a power between {} and {} in {} experiments.",
                                        format_number(*std::min_element(a.begin(), a.end())),
                                        format_number(*std::max_element(a.begin(), a.end())), a.size());
  page.figures = {experiments_figure(answer.experiments), exponents_figure(answer.experiments)};
  report::Section all;
  all.title = "Experiments";
  all.lead = fmt::format("The rows are divided by {}; each experiment is fitted apart.", answer.by);
  all.tables = isoflop_tables(answer);
  page.sections.push_back(std::move(all));
  for (const IsoflopExperiment& one : answer.experiments) {
    if (!one.result) continue;
    report::Section section;
    section.title = one.name;
    section.lead = isoflop_sentence(*one.result);
    const bool drawn = page.sections.size() <= kExperimentsWithFigures;
    if (drawn && one.result->method("optima") == nullptr) section.figures.push_back(bowl_figure(*one.result));
    if (drawn) section.figures.push_back(optimum_figure(*one.result, false));
    section.tables.push_back(table_of(isoflop_rows(*one.result), "Exponents of the compute-optimal size and tokens."));
    for (const auto& note : one.result->notes) section.paragraphs.push_back("Note: " + note + ".");
    page.sections.push_back(std::move(section));
  }
}

}  // namespace

report::Page isoflop_page(const IsoflopAnswer& answer) {
  report::Page page;
  if (answer.by.empty())
    add_one(*answer.experiments.front().result, page);
  else
    add_many(answer, page);
  return page;
}

}  // namespace phaselaw::advice
