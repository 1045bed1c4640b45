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
#include "phaselaw/advice/compare/compare_request.h"
#include "phaselaw/advice/diagnose/diagnose_request.h"
#include "phaselaw/advice/fit/fit_tables.h"
#include "phaselaw/advice/fit/group_fits.h"
#include "phaselaw/advice/forecast/forecast_request.h"
#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/advice/table/table_request.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/log.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/format.h"
#include "phaselaw/tables/recognise.h"
#include "phaselaw/verbs/experiment_text.h"
#include "request.h"
#include "sources.h"

// fit, plan, isoflop, diagnose, compare, forecast, theory: keyword arguments are the fields of the verb's request;
// results are its JSON
// with the tables that the program prints.
namespace phaselaw::python {

namespace {

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

Answer fit(nb::handle source, nb::handle keywords) {
  auto request = request_of<advice::FitRequest>(keywords);
  documents::Reading reading = reading_of(source, request.read);
  return released([&] {
    if (!request.read.by.empty()) {
      const advice::GroupFits groups = advice::fit_groups(request, std::move(reading));
      return Answer{groups.json, advice::group_text(groups), {advice::group_table(groups)}};
    }
    const advice::FitAnswer found = advice::fit(request, std::move(reading));
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

// InputError in the words of predict() if the law needs a column that is neither given nor follows from those that are.
void require_inputs(const laws::Law& law, const tables::Columns& at, const std::vector<std::string>& given) {
  for (const std::string& name : law.columns()) {
    if (at.has(name)) continue;
    try {
      (void)at.get(name);
    } catch (const base::InputError&) {
      const std::string similar = tables::similar_column(name, given);
      throw base::InputError(fmt::format(
          "the law needs the column {}, {}; {}rename a column of the frame or dict, or give predict({}=...)", name,
          given.empty() ? "but no column was given" : fmt::format("found: {}", fmt::join(given, ", ")),
          similar.empty() ? "" : fmt::format("did you mean '{}'? ", similar), name));
    }
  }
}

// (value, lo, hi, run_lo, run_hi, warnings)
nb::tuple predict(const fitting::SavedFit& saved, nb::handle columns) {
  tables::Columns at;
  std::vector<std::string> given;  // the caller's names
  std::size_t rows = 0;
  for (const auto& [key, item] : nb::borrow<nb::dict>(columns)) {
    const auto name = nb::cast<std::string>(key);
    const auto values = array_of<double>(item, name.c_str(), {"n"});
    if (!at.names.empty() && static_cast<std::size_t>(values.shape.front()) != rows)
      throw base::InputError(
          {name}, fmt::format("expected {} numbers as in {}, found {}", rows, given.front(), values.shape.front()));
    given.push_back(name);
    rows = static_cast<std::size_t>(values.shape.front());
    const std::string canonical = tables::canonical_column(name);
    if (at.has(canonical))
      throw base::InputError({name}, fmt::format("another column is {}, too; leave one of them out", canonical));
    at.add(canonical, std::vector<double>(values.data, values.data + rows));
  }
  require_inputs(saved.fit.law, at, given);
  auto found = released([&] { return fitting::predict(saved.fit, saved.data, saved.options, at); });
  return nb::make_tuple(vector_to_numpy(std::move(found.value)), vector_to_numpy(std::move(found.lo)),
                        vector_to_numpy(std::move(found.hi)), vector_to_numpy(std::move(found.run_lo)),
                        vector_to_numpy(std::move(found.run_hi)), found.warnings);
}

Answer isoflop(nb::handle source, nb::handle keywords) {
  auto request = request_of<advice::IsoflopRequest>(keywords);
  documents::Reading reading = reading_of(source, request.read);
  return released([&] {
    const advice::IsoflopAnswer found = advice::isoflop(request, std::move(reading));
    return Answer{found.json, advice::isoflop_text(found), advice::isoflop_tables(found)};
  });
}

Answer diagnose(nb::handle source, nb::handle keywords) {
  auto request = request_of<advice::DiagnoseRequest>(keywords);
  std::vector<documents::Reading> readings = readings_of(source, request.read, true);
  return released([&] {
    const advice::DiagnoseAnswer found = advice::diagnose(request, std::move(readings));
    return Answer{
        found.json,
        advice::diagnose_text(found.diagnoses),
        {advice::table_of(advice::diagnose_rows(found.diagnoses),
                          "?: poorly constrained by the curve. Exponent and floor are those of the reducible loss.")}};
  });
}

// `sources`: for each recipe (name, source, fit), a source as of sources.h or None, and an Answer of a fit or None.
Answer compare(nb::handle sources, nb::handle keywords) {
  const auto request = request_of<advice::CompareRequest>(keywords);
  std::vector<advice::RecipeInput> inputs;
  for (nb::handle item : nb::borrow<nb::list>(sources)) {
    const auto recipe = nb::cast<nb::tuple>(item);
    advice::RecipeInput input;
    input.name = nb::cast<std::string>(recipe[0]);
    // A store chooses its own column of the loss, which other inputs may not have.
    tables::ReadOptions read = request.read;
    if (recipe[2].is_none())
      input.reading = reading_of(recipe[1], read);
    else
      input.fit = fitting::saved_fits_from(nb::cast<const Answer&>(recipe[2]).json, input.name).front();
    if (read.loss != request.read.loss) input.loss = read.loss;
    inputs.push_back(std::move(input));
  }
  return released([&] {
    const advice::CompareAnswer found = advice::compare(request, std::move(inputs));
    for (const advice::RecipeComparison& one : found.comparisons) {
      // Python warns of what the program would show.
      const std::vector<std::string> limits = advice::limit_sentences(one.limits);
      for (std::size_t i = 0; i < std::min(limits.size(), advice::kShownLimits); ++i) base::log_warning(limits[i]);
    }
    return Answer{found.json, advice::compare_text(found), advice::compare_tables(found)};
  });
}

// `ladder`: None, a fit as its Answer, or a source, where a path may be that of a FIT.json.
void read_ladder(nb::handle ladder, advice::ForecastRequest& request, advice::ForecastInputs& inputs) {
  if (ladder.is_none()) return;
  if (nb::isinstance<Answer>(ladder)) {
    inputs.ladder_fit = nb::cast<const Answer&>(ladder).json;
    inputs.ladder_source = "ladder";
    return;
  }
  std::vector<std::string> paths;
  if (nb::try_cast(ladder, paths) && paths.size() == 1 && paths.front().ends_with(".json")) {
    base::Value value = base::read_json(paths.front());
    inputs.ladder_source = paths.front();
    if (advice::is_fit(value)) {
      inputs.ladder_fit = std::move(value);
      return;
    }
  }
  inputs.ladder_table = reading_of(ladder, request.read);
}

// `registered`: a new file for the forecast, or "".
Answer forecast(nb::handle source, nb::handle history, nb::handle ladder, const std::string& registered,
                nb::handle keywords) {
  auto request = request_of<advice::ForecastRequest>(keywords);
  if (!registered.empty()) advice::require_new_register(registered, "register");
  advice::ForecastInputs inputs;
  nb::try_cast(source, inputs.sources);
  if (!source.is_none()) inputs.curves = readings_of(source, request.read, true);
  if (!history.is_none()) inputs.history = readings_of(history, request.read, true);
  read_ladder(ladder, request, inputs);
  return released([&] {
    const advice::ForecastAnswer found = advice::forecast(request, std::move(inputs));
    if (!registered.empty()) advice::write_register(found, registered, "register");
    return Answer{found.json,
                  advice::forecast_text(found.forecasts),
                  {advice::table_of(advice::forecast_rows(found.forecasts), "")}};
  });
}

// Without a source: the log that the file names.
Answer check_forecast(const std::string& registered, nb::handle source, nb::handle keywords) {
  const auto request = request_of<advice::ForecastRequest>(keywords);
  const advice::RegisteredForecast made = advice::registered_from(base::read_json(registered), registered);
  tables::ReadOptions read = request.read;
  std::vector<documents::Reading> curves =
      source.is_none() ? readings_of(nb::cast(made.paths), read, true) : readings_of(source, read, true);
  return released([&] {
    const advice::ForecastCheck found = advice::check(request, made, std::move(curves));
    return Answer{advice::to_value(found), advice::check_text(found), {}};
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

// The columns of a document: arrays of numbers, lists of texts, and None for empty cells of text.
nb::dict frame_of(const documents::Table& table, const std::vector<advice::ShownColumn>& shown) {
  nb::dict frame;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    if (shown[c].kind == "numbers") {
      std::vector<double> values(table.n_rows(), base::kNaN);
      for (std::size_t row = 0; row < values.size(); ++row) {
        const base::Number number = table.number(row, c);
        if (number.kind == base::NumberKind::finite) values[row] = number.value;
        if (number.kind == base::NumberKind::not_finite && table.text(row, c).find_first_of("iI") != std::string::npos)
          values[row] = base::kInfinity;
      }
      frame[table.header[c].c_str()] = vector_to_numpy(std::move(values));
      continue;
    }
    nb::list values;
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      values.append(table.is_empty(row, c) ? nb::none() : nb::cast(table.text(row, c)));
    frame[table.header[c].c_str()] = values;
  }
  return frame;
}

// A document as the verbs read it: {"frame": columns as they are, "columns": columns as a law reads them, ...}.
nb::dict read_table(nb::handle source, const std::string& output, nb::handle keywords) {
  auto request = request_of<advice::TableRequest>(keywords);
  request.read.output = output;
  request.keep_rows = true;
  documents::Reading reading = reading_of(source, request.read, true);
  auto answer = released([&] { return advice::table(request, std::move(reading)); });
  nb::dict columns, found;
  if (answer.rows) {
    auto& data = answer.rows->data;
    for (std::size_t i = 0; i < data.columns.names.size(); ++i)
      columns[data.columns.names[i].c_str()] = vector_to_numpy(std::move(data.columns.values[i]));
    columns[output.c_str()] = vector_to_numpy(std::move(data.output));
    // Python objects for a million rows would need more memory than their numbers.
    found["run"] =
        answer.rows->run_column.empty() ? nb::object(nb::none()) : nb::cast(std::vector<std::string>(answer.rows->run));
    NewArray<std::int64_t> line({static_cast<std::int64_t>(answer.rows->n_rows())});
    std::copy(answer.rows->line.begin(), answer.rows->line.end(), line.data.get());
    found["line"] = line.release();
    found["column_of"] = answer.rows->column_of;
  }
  answer.rows.reset();
  found["columns"] = columns;
  found["refused"] = answer.no_rows;
  found["frame"] = frame_of(answer.reading.table, answer.columns);
  found["json"] = to_python(advice::table_json(answer));
  found["text"] = advice::table_text(answer);
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
  module.def("fit", &fit, nb::arg("source"), nb::arg("keywords"));
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
  module.def("isoflop", &isoflop, nb::arg("source"), nb::arg("keywords"));
  module.def("diagnose", &diagnose, nb::arg("source"), nb::arg("keywords"));
  module.def("is_fit_file", &advice::is_fit_file, nb::arg("path"));
  module.def(
      "recipe_name", [](const std::string& path) { return advice::recipe_names({path}).front(); }, nb::arg("path"));
  module.def("compare", &compare, nb::arg("sources"), nb::arg("keywords"));
  module.def("forecast", &forecast, nb::arg("source").none(), nb::arg("history").none(), nb::arg("ladder").none(),
             nb::arg("registered"), nb::arg("keywords"));
  module.def("check_forecast", &check_forecast, nb::arg("registered"), nb::arg("source").none(), nb::arg("keywords"));
  module.def("theory", &theory, nb::arg("keywords"));
  module.def("read_table", &read_table, nb::arg("source"), nb::arg("output"), nb::arg("keywords"));
}

}  // namespace phaselaw::python
