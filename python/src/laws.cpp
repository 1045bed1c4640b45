// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "call.h"
#include "modules.h"
#include "phaselaw/base/log.h"
#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/theory/evaluate.h"
#include "phaselaw/verbs/curves.h"
#include "phaselaw/verbs/fit.h"
#include "phaselaw/verbs/plan.h"
#include "request.h"

// fit, plan, isoflop, diagnose, theory: tables in, the program's JSON out.
namespace phaselaw::python {

namespace {

using Text = std::optional<std::string>;  // a table as text; None: `source` is a file

tables::Table table_of(const std::string& source, const Text& text) {
  return text ? tables::parse_table(*text, source) : tables::read_table(source);
}

fitting::FitOptions fit_options(const Request& request) {
  fitting::FitOptions options;
  options.objective = verbs::objective_from(request.text("objective"));
  options.interval = verbs::interval_from(request.text("interval"));
  options.delta = request.number("delta");
  options.asymmetry = request.number("asymmetry");
  options.level = request.number("level");
  options.resamples = request.count("resamples", 2);
  options.seed = request.seed();
  options.threads = request.threads();
  options.validate();
  return options;
}

verbs::FitRequest fit_request(const Request& request) {
  verbs::FitRequest fit;
  fit.law = request.text("law");
  fit.fit = fit_options(request);
  if (request.given("weights")) fit.weights = request.text("weights");
  if (request.given("sd")) fit.sd = request.text("sd");
  fit.cluster = request.given("cluster") ? request.text("cluster") : "none";
  fit.fixed = request.named_numbers("fixed");
  fit.holdout = request.number("holdout");
  fit.exponent = request.maybe("exponent");
  fit.floor_by_quantity = request.at("floor").is_text() && request.text("floor") == "auto";
  if (!fit.floor_by_quantity) fit.floor = request.maybe("floor");
  return fit;
}

Json fit(const std::string& source, const Text& text, nb::handle table) {
  const Request request(table);
  const verbs::FitRequest asked = fit_request(request);
  const tables::ReadOptions read = request.read_options();
  return released([&] {
    auto answer = text ? verbs::fit(asked, tables::parse_table(*text, source), read) : verbs::fit(asked, source, read);
    return Json{std::visit([](auto& a) { return std::move(a.json); }, answer)};
  });
}

Json plan(const Json& fitted, const std::string& source, const std::string& law, nb::handle table) {
  const Request request(table);
  verbs::PlanRequest asked;
  asked.computes = request.numbers("compute");
  asked.losses = request.numbers("loss");
  auto& situation = asked.options.situation;
  situation.n_params = request.maybe("n_params");
  situation.tokens = request.maybe("tokens");
  situation.tokens_per_param = request.maybe("tokens_per_param");
  situation.inference_tokens = request.maybe("inference_tokens").value_or(0);
  situation.at = request.named_numbers("at");
  situation.cost.convention = laws::flop_convention_from(request.text("flop_convention"));
  situation.cost.family = {request.number("aspect_ratio"), request.maybe("vocab").value_or(0),
                           request.maybe("seq_len").value_or(0), request.maybe("flop_per_param").value_or(0)};
  if (request.given("next_run")) asked.next_run = request.text("next_run");
  asked.next_budget = request.maybe("next_budget");
  asked.validate();
  return released([&] {
    const fitting::SavedFit saved = fitting::choose_fit(fitted.value, source, law);
    return Json{verbs::plan(saved, asked).json};
  });
}

// (value, lo, hi, run_lo, run_hi, warnings)
nb::tuple predict(const fitting::SavedFit& saved, nb::handle columns) {
  tables::Columns at;
  std::string first;  // as the caller names it
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

Json isoflop(const std::string& source, const Text& text, nb::handle table) {
  const Request request(table);
  advice::IsoflopOptions options;
  options.tolerance = request.number("tolerance");
  options.window = request.number("window");
  options.law = request.text("law");
  options.fit = fit_options(request);
  options.validate();
  const tables::ReadOptions read = request.read_options();
  return released([&] {
    const auto measured = tables::measured_from(table_of(source, text), read);
    for (const auto& warning : measured.warnings) base::log_warning(warning);
    const auto found =
        laws::isoflop(measured.data, measured.n_runs() > 1 ? measured.run : std::vector<std::string>{}, options);
    for (const auto& note : found.notes) base::log_warning(note);
    return Json{to_value(found)};
  });
}

Json diagnose(const std::vector<std::string>& sources, const Text& text, nb::handle table) {
  const Request request(table);
  advice::DiagnoseOptions options;
  options.prepare.schedule = {request.number("warmup"), request.text("decay"),
                              request.maybe("decay_from").value_or(base::kNaN), request.number("decay_to")};
  options.level = request.number("level");
  options.threads = request.threads();
  const auto columns = request.named_texts("columns");
  const auto runs = request.texts("runs");
  return released([&] {
    std::vector<tables::CurveData> curves;
    for (const std::string& source : sources)
      for (auto& curve :
           text ? verbs::curves_of(tables::parse_table(*text, source), columns) : verbs::read_curves(source, columns))
        curves.push_back(std::move(curve));
    verbs::keep_runs(curves, runs);
    return Json{to_value(laws::diagnose(curves, options))};
  });
}

void read(const base::Value& value, std::string& out) { out = value.text(); }
void read(const base::Value& value, double& out) { out = value.number(); }
void read(const base::Value& value, std::optional<double>& out) { out = value.number(); }

Json theory(nb::handle table) {
  const Request request(table);
  theory::TheoryNumbers numbers;
  std::vector<std::string> known;
  theory::TheoryNumbers::fields(
      numbers, [&](std::string_view name, auto& field, const base::Domain&, std::string_view) {
        known.emplace_back(name);
        if (const base::Value* given = request.all().find(name); given != nullptr && !given->is_null())
          read(*given, field);
      });
  for (const auto& [name, value] : request.all().entries())
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError(base::unknown_name("number", name, known));
  return Json{theory::to_value(theory::evaluate(numbers))};
}

// What a law would see of a table: {"columns": {name: array}, "output": array, ...}.
nb::dict read_table(const std::string& source, const Text& text, const std::string& output, nb::handle options) {
  tables::ReadOptions read = Request(options).read_options();
  read.output = output;
  auto measured = released([&] { return tables::measured_from(table_of(source, text), read); });
  nb::dict columns;
  auto& data = measured.data;
  for (std::size_t i = 0; i < data.columns.names.size(); ++i)
    columns[data.columns.names[i].c_str()] = vector_to_numpy(std::move(data.columns.values[i]));
  columns[output.c_str()] = vector_to_numpy(std::move(data.output));
  nb::dict found;
  found["columns"] = columns;
  found["run"] = measured.run;
  found["line"] = measured.line;
  found["column_of"] = to_python([&] {
    base::Value names = base::Value::table();
    for (const auto& [name, own] : measured.column_of) names[name] = own;
    return names;
  }());
  found["notes"] = measured.notes;
  found["warnings"] = measured.warnings;
  return found;
}

}  // namespace

void add_laws(nb::module_& module) {
  module.def("fit", &fit, nb::arg("source"), nb::arg("text").none(), nb::arg("request"));
  module.def("plan", &plan, nb::arg("fitted"), nb::arg("source"), nb::arg("law"), nb::arg("request"));
  nb::class_<fitting::SavedFit>(module, "SavedFit");
  module.def(
      "saved_fit", [](const Json& fitted, const std::string& source) { return fitting::choose_fit(fitted.value, source); },
      nb::arg("fitted"), nb::arg("source"));
  module.def("predict_law", &predict, nb::arg("fitted"), nb::arg("columns"));
  module.def("isoflop", &isoflop, nb::arg("source"), nb::arg("text").none(), nb::arg("request"));
  module.def("diagnose", &diagnose, nb::arg("sources"), nb::arg("text").none(), nb::arg("request"));
  module.def("theory", &theory, nb::arg("numbers"));
  module.def("read_table", &read_table, nb::arg("source"), nb::arg("text").none(), nb::arg("output"),
             nb::arg("options"));
}

}  // namespace phaselaw::python
