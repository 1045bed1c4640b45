// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <optional>

#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "answer.h"
#include "arrays.h"
#include "call.h"
#include "modules.h"
#include "phaselaw/advice/diagnose/diagnose_request.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/advice/fit/group_fits.h"
#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/log.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/documents.h"
#include "phaselaw/verbs/experiment_text.h"
#include "request.h"

// fit, plan, isoflop, diagnose, theory: keyword arguments are the fields of the verb's request; results are its JSON
// with the tables that the program prints.
namespace phaselaw::python {

namespace {

using Text = std::optional<std::string>;  // a table as text; None: `source` is a file

tables::Table table_of(const std::string& source, const Text& text, tables::ReadOptions& read,
                       bool whole_runs = false) {
  return text ? tables::parse_table(*text, source) : verbs::read_document(source, read, whole_runs);
}

template <class Request>
Request request_of(nb::handle keywords) {
  Request request;
  read_arguments(keywords, request);
  return request;
}

Answer answer_of(base::Value document, const std::string& source) {
  const advice::FitDocument shown = advice::fit_document(document, source);
  return {std::move(document), shown.text, shown.tables};
}

Answer fit(const std::string& source, const Text& text, nb::handle keywords) {
  auto request = request_of<advice::FitRequest>(keywords);
  return released([&] {
    tables::Table table = table_of(source, text, request.read);
    if (!request.read.by.empty()) {
      const advice::GroupFits groups = advice::fit_groups(request, std::move(table));
      return Answer{groups.json, advice::group_text(groups), {advice::group_table(groups)}};
    }
    const advice::FitAnswer found = advice::fit(request, std::move(table));
    // Python warns of what the program would show.
    const std::vector<std::string> limits = advice::limit_sentences(found.limits);
    for (std::size_t i = 0; i < std::min(limits.size(), advice::kShownLimits); ++i) base::log_warning(limits[i]);
    return Answer{found.json, advice::fit_text(found),
                  advice::fit_tables(found.ranked ? &found.ranking : nullptr, found.best())};
  });
}

Answer plan(const base::Value& fitted, const std::string& source, nb::handle keywords) {
  const auto request = request_of<advice::PlanRequest>(keywords);
  return released([&] {
    const advice::PlanAnswer found = advice::plan(fitted, source, request);
    // Python warns of what the program would show.
    const std::vector<std::string> limits = advice::limit_sentences(found.limits());
    for (std::size_t i = 0; i < std::min(limits.size(), advice::kShownLimits); ++i) base::log_warning(limits[i]);
    return Answer{found.json,
                  advice::plan_text(found),
                  {advice::table_of(advice::plan_rows(found.plan), advice::plan_answer(found.plan)),
                   advice::table_of(advice::plan_details(found.plan, true), "")}};
  });
}

// (value, lo, hi, run_lo, run_hi, warnings)
nb::tuple predict(const fitting::SavedFit& saved, nb::handle columns) {
  tables::Columns at;
  std::string first;  // by the caller's name
  std::size_t rows = 0;
  for (const auto& [key, item] : nb::borrow<nb::dict>(columns)) {
    const auto name = nb::cast<std::string>(key);
    const auto values = array_of<double>(item, name.c_str(), {"n"});
    if (!at.names.empty() && static_cast<std::size_t>(values.shape.front()) != rows)
      throw base::InputError({name},
                             fmt::format("expected {} numbers as in {}, found {}", rows, first, values.shape.front()));
    if (at.names.empty()) first = name;
    rows = static_cast<std::size_t>(values.shape.front());
    const std::string canonical = tables::canonical_column(name);
    if (at.has(canonical)) throw base::InputError({name}, "given twice");
    at.add(canonical, std::vector<double>(values.data, values.data + rows));
  }
  auto found = released([&] { return fitting::predict(saved.fit, saved.data, saved.options, at); });
  return nb::make_tuple(vector_to_numpy(std::move(found.value)), vector_to_numpy(std::move(found.lo)),
                        vector_to_numpy(std::move(found.hi)), vector_to_numpy(std::move(found.run_lo)),
                        vector_to_numpy(std::move(found.run_hi)), found.warnings);
}

Answer isoflop(const std::string& source, const Text& text, nb::handle keywords) {
  auto request = request_of<advice::IsoflopRequest>(keywords);
  return released([&] {
    tables::Table table = table_of(source, text, request.read);
    const advice::IsoflopAnswer found = advice::isoflop(request, std::move(table));
    return Answer{found.json, advice::isoflop_text(found), advice::isoflop_tables(found)};
  });
}

Answer diagnose(const std::vector<std::string>& sources, const Text& text, nb::handle keywords) {
  auto request = request_of<advice::DiagnoseRequest>(keywords);
  return released([&] {
    std::vector<tables::Table> tables;
    for (const std::string& source : sources) tables.push_back(table_of(source, text, request.read, true));
    const advice::DiagnoseAnswer found = advice::diagnose(request, std::move(tables));
    return Answer{
        found.json,
        advice::diagnose_text(found.diagnoses),
        {advice::table_of(advice::diagnose_rows(found.diagnoses),
                          "?: poorly constrained by the curve. Exponent and floor are those of the reducible loss.")}};
  });
}

Answer theory(nb::handle keywords) {
  base::Value json = verbs::theory(request_of<theory::TheoryNumbers>(keywords)).json;
  const verbs::TextRows rows = verbs::theory_rows(json), law = verbs::isolated_law_rows(json);
  std::string text = report::text_table(rows);
  std::vector<report::Table> tables = {advice::table_of(rows, "")};
  if (!law.empty()) {
    text += "\n" + report::text_table(law);
    tables.push_back(advice::table_of(law, "Reducible is the excess risk above the floor."));
  }
  return {std::move(json), std::move(text), std::move(tables)};
}

// A table as a law reads it: {"columns": {name: array}, "run": [..], ...}.
nb::dict read_table(const std::string& source, const Text& text, const std::string& output, nb::handle keywords) {
  auto read = request_of<tables::ReadOptions>(keywords);
  read.output = output;
  auto rows = released([&] {
    tables::Table table = table_of(source, text, read);
    return tables::rows_from(std::move(table), read);
  });
  nb::dict columns;
  auto& data = rows.data;
  for (std::size_t i = 0; i < data.columns.names.size(); ++i)
    columns[data.columns.names[i].c_str()] = vector_to_numpy(std::move(data.columns.values[i]));
  columns[output.c_str()] = vector_to_numpy(std::move(data.output));
  nb::dict found;
  found["columns"] = columns;
  found["run"] = rows.run;
  found["line"] = rows.line;
  found["column_of"] = to_python([&] {
    base::Value names = base::Value::table();
    for (const auto& [name, own] : rows.column_of) names[name] = own;
    return names;
  }());
  found["notes"] = rows.notes;
  found["warnings"] = rows.warnings;
  return found;
}

// An estimate as the program's tables show it.
std::string estimate_text(std::optional<double> value, std::optional<double> lo, std::optional<double> hi, bool fixed,
                          const std::string& unit) {
  return advice::with_interval({"", value.value_or(base::kNaN), lo, hi, false, fixed}, base::notation_of(unit));
}

// The units of a fit's parameters and derived quantities, by name.
std::map<std::string, std::string> units_of(const Answer& fitted) {
  const fitting::Fit fit = fitting::saved_fits_from(fitted.json, "fit").front().fit;
  std::map<std::string, std::string> units;
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const fitting::Estimate& e : *list) units[e.name] = laws::unit_of(fit.law, e.name);
  return units;
}

nb::list tables_of(const Answer& answer) {
  nb::list list;
  for (const report::Table& table : answer.tables) {
    nb::list rows;
    for (const auto& row : table.rows) rows.append(nb::cast(row));
    list.append(nb::make_tuple(table.caption, nb::cast(table.columns), rows));
  }
  return list;
}

}  // namespace

void add_laws(nb::module_& module) {
  nb::class_<Answer>(module, "Answer", "A result of a verb, kept as the program writes it.")
      .def(
          "json", [](const Answer& self, int indent) { return base::to_json(self.json, indent); },
          nb::arg("indent") = 2, "Returns the text of the program's --json; indent < 0 gives one line.")
      .def(
          "to_dict", [](const Answer& self) { return to_python(self.json); },
          "Returns a dict; unknown numbers are None.")
      .def(
          "text", [](const Answer& self) { return self.text; }, "Returns the text that the program prints.")
      .def("tables", &tables_of, "Returns its tables: (caption, names of columns, rows of text).");
  module.def("fit", &fit, nb::arg("source"), nb::arg("text").none(), nb::arg("keywords"));
  module.def(
      "fit_from",
      [](nb::handle document, const std::string& source) { return answer_of(from_python(document, source), source); },
      nb::arg("document"), nb::arg("source"), "Reads a FIT.json, or a list of several, as a result.");
  module.def(
      "plan",
      [](const Answer& fitted, const std::string& source, nb::handle keywords) {
        return plan(fitted.json, source, keywords);
      },
      nb::arg("fitted"), nb::arg("source"), nb::arg("keywords"));
  nb::class_<fitting::SavedFit>(module, "SavedFit");
  module.def(
      "saved_fit", [](const Answer& fitted) { return fitting::saved_fits_from(fitted.json, "fit").front(); },
      nb::arg("fitted"));
  module.def("estimate_text", &estimate_text, nb::arg("value").none(), nb::arg("lo").none(), nb::arg("hi").none(),
             nb::arg("fixed"), nb::arg("unit"));
  module.def("units_of", &units_of, nb::arg("fitted"));
  module.def("column_unit", &tables::unit_of, nb::arg("column"));
  module.def("predict_law", &predict, nb::arg("fitted"), nb::arg("columns"));
  module.def("isoflop", &isoflop, nb::arg("source"), nb::arg("text").none(), nb::arg("keywords"));
  module.def("diagnose", &diagnose, nb::arg("sources"), nb::arg("text").none(), nb::arg("keywords"));
  module.def("theory", &theory, nb::arg("keywords"));
  module.def("read_table", &read_table, nb::arg("source"), nb::arg("text").none(), nb::arg("output"),
             nb::arg("keywords"));
}

}  // namespace phaselaw::python
