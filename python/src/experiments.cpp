// SPDX-License-Identifier: Apache-2.0
#include <sstream>
#include <variant>

#include <nanobind/stl/string.h>

#include "answer.h"
#include "arrays.h"
#include "call.h"
#include "modules.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/report/format.h"
#include "phaselaw/store/export.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/verbs/experiment_text.h"
#include "phaselaw/verbs/kernel.h"
#include "phaselaw/verbs/sweep.h"
#include "request.h"
#include "value.h"

// Functions of an experiment or a study: kernel, flow, predict, theory, sweep, and the data. Keyword arguments are the
// fields of the verbs' requests (phaselaw/verbs); python/phaselaw collects them in a dict.
namespace phaselaw::python {

namespace {

// The experiment with the keys of set={...}, which must have been read.
template <class Request>
sweep::Experiment experiment_of(nb::handle experiment, const Request& request) {
  return sweep::experiment_from(verbs::document_of(document_source(experiment), request.set, request.seed));
}

template <class T>
nb::tuple to_tuple(base::Value json, verbs::DenseAnswer<T>& dense) {
  nb::dict parts;
  for (auto& part : dense.kernel.parts) parts[part.name.c_str()] = matrix_to_numpy(std::move(part.values));
  auto& [spectrum, coefficients] = dense.spectrum;
  return nb::make_tuple(Json{std::move(json)}, matrix_to_numpy(std::move(dense.kernel.total)), parts,
                        vector_to_numpy(std::move(spectrum.eigenvalues)),
                        coefficients.empty() ? nb::none() : vector_to_numpy(std::move(coefficients)));
}

nb::tuple to_tuple(base::Value json, kernel::SpectralDensity& density) {
  return nb::make_tuple(Json{std::move(json)}, nb::none(), nb::dict(), vector_to_numpy(density.exact()), nb::none());
}

// (json, total, {part: matrix}, eigenvalues, target coefficients or None); spectrum_only: total is None, eigenvalues
// are the largest ones.
nb::tuple experiment_kernel(nb::handle experiment, nb::handle table) {
  verbs::KernelRequest request;
  read_arguments(table, request);  // for set, and again because arguments override the section [kernel]
  request.experiment = experiment_of(experiment, request);
  read_arguments(table, request);
  auto answer = released([&] { return verbs::tangent_kernel(request); });
  return std::visit([&](auto& found) { return to_tuple(std::move(answer.json), found); }, answer.found);
}

nb::dict curves_of(const analysis::FlowViews& views) {
  nb::dict curves;
  for (const auto& c : views.curves) {
    nb::dict curve;
    curve["what"] = c.what;
    curve["time"] = vector_to_numpy(c.time);
    curve["train_loss"] = vector_to_numpy(c.train_loss);
    curve["test_loss"] = vector_to_numpy(c.test_loss);
    curve["excess_risk"] = vector_to_numpy(c.excess_risk);
    const bool simulated = !c.train_loss_error.empty();
    curve["train_loss_error"] = simulated ? vector_to_numpy(c.train_loss_error) : nb::none();
    curve["test_loss_error"] = simulated ? vector_to_numpy(c.test_loss_error) : nb::none();
    curves[c.view.c_str()] = curve;
  }
  return curves;
}

nb::tuple to_tuple(verbs::FlowAnswer& answer) {
  auto& views = answer.views;
  return nb::make_tuple(Json{std::move(answer.json)}, curves_of(views),
                        views.dense ? vector_to_numpy(std::move(views.spectrum.eigenvalues)) : nb::none(),
                        views.dense ? vector_to_numpy(std::move(views.coefficients)) : nb::none());
}

nb::tuple to_tuple(verbs::DriftAnswer& answer) {
  return nb::make_tuple(Json{std::move(answer.json)}, nb::dict(), nb::none(), nb::none());
}

// (json, {view: curve}, eigenvalues, coefficients), or of a study (json, {}, None, None)
nb::tuple flow(nb::handle experiment, nb::handle table) {
  verbs::FlowRequest request;
  read_arguments(table, request);
  request.document = request.document_of(document_source(experiment));
  auto answer = released([&] { return verbs::flow(request); });
  return std::visit([](auto& found) { return to_tuple(found); }, answer);
}

nb::list checked_of(std::optional<analysis::Check>& check) {
  nb::list runs;
  if (!check) return runs;
  for (auto& c : check->runs) {
    nb::dict run;
    run["n_data"] = c.n_data;
    run["replicates"] = c.replicates;
    run["time"] = vector_to_numpy(std::move(c.time));
    run["measured"] = vector_to_numpy(std::move(c.measured));
    run["predicted"] = vector_to_numpy(std::move(c.predicted));
    run["compute"] = vector_to_numpy(std::move(c.compute));
    run["outcome"] = c.outcome;
    runs.append(run);
  }
  return runs;
}

Answer shown(base::Value json, const analysis::Prediction& prediction) {
  const verbs::TextRows rows = verbs::prediction_rows(prediction);
  const std::string caption =
      fmt::format("at t = {}; {}", base::format_number(prediction.times.back()), prediction.surfaces.front().method);
  return {std::move(json), report::text_table(rows), {advice::table_of(rows, caption)}};
}

// (json, times, [{estimator, method, n_data, risk, lo, hi}], [{n_data, replicates, time, measured, ...}])
nb::tuple predict(nb::handle experiment, nb::handle table) {
  verbs::PredictRequest request;
  read_arguments(table, request);
  request.experiment = experiment_of(experiment, request);
  auto answer = released([&] { return verbs::predict(request); });
  Answer found = shown(std::move(answer.json), answer.prediction);
  nb::list surfaces;
  for (auto& s : answer.prediction.surfaces) {
    nb::dict surface;
    surface["estimator"] = base::enum_to_text(s.estimator);
    surface["method"] = s.method;
    surface["n_data"] = vector_to_numpy(std::move(s.n_data));
    surface["risk"] = matrix_to_numpy(std::move(s.risk));
    surface["lo"] = matrix_to_numpy(std::move(s.lo));
    surface["hi"] = matrix_to_numpy(std::move(s.hi));
    surfaces.append(surface);
  }
  return nb::make_tuple(std::move(found), vector_to_numpy(std::move(answer.prediction.times)), surfaces,
                        checked_of(answer.prediction.check));
}

Answer theory_from(nb::handle experiment, nb::handle table) {
  verbs::ExperimentRequest request;
  read_arguments(table, request);
  request.experiment = experiment_of(experiment, request);
  return released([&] {
    auto [constants, json] = verbs::measured_constants(request);
    const verbs::TextRows measured = verbs::measured_rows(json), checks = verbs::check_rows(constants);
    return Answer{std::move(json),
                  report::text_table(measured) + "\n" + report::text_table(checks),
                  {advice::table_of(measured, ""), advice::table_of(checks, "")}};
  });
}

Json run_sweep(nb::handle study, const std::string& out, nb::handle table) {
  verbs::SweepRequest request;
  request.study = document_source(study);
  request.out = out;
  read_arguments(table, request);
  return released([&] { return Json{verbs::sweep(request).json}; });
}

// The rows of a store as written by `phaselaw export --format FORMAT`.
std::string export_study(const std::string& path, const std::string& format) {
  return released([&] {
    std::ostringstream text;
    const auto store = store::Store::open_read(path);
    const auto derived = sweep::charged_column(sweep::accounting_of(store));
    format == "csv" ? store::export_csv(store.runs(), text, derived) : store::export_jsonl(store.runs(), text, derived);
    return text.str();
  });
}

nb::object array_or_none(std::vector<double> values, std::initializer_list<std::int64_t> shape) {
  if (values.empty()) return nb::none();
  NewArray<double> array(shape);
  std::copy(values.begin(), values.end(), array.data.get());
  return array.release();
}

nb::object tokens_or_none(const std::vector<std::int32_t>& values, std::initializer_list<std::int64_t> shape) {
  if (values.empty()) return nb::none();
  NewArray<std::int32_t> array(shape);
  std::copy(values.begin(), values.end(), array.data.get());
  return array.release();
}

nb::dict dataset(const data::Dataset& set, std::int64_t input_len) {
  nb::dict arrays;
  arrays["x"] = array_or_none(set.x, {set.n, input_len, set.d_in});
  arrays["y"] = array_or_none(set.y, {set.n, set.seq_len, set.d_out});
  arrays["clean"] = array_or_none(set.clean, {set.n, set.seq_len, set.d_out});
  arrays["tokens"] = tokens_or_none(set.tokens, {set.n, input_len});
  arrays["next_tokens"] = tokens_or_none(set.next_tokens, {set.n, set.seq_len});
  arrays["probabilities"] = array_or_none(set.probabilities, {set.n, set.seq_len, set.d_out});
  return arrays;
}

// (resolved configuration, train, test, description)
nb::tuple make_split(nb::handle experiment, nb::handle table) {
  verbs::ExperimentRequest request;
  read_arguments(table, request);
  request.experiment = experiment_of(experiment, request);
  const sweep::Experiment e = request.seeded();
  const auto split = released([&] { return data::make_split(e.data, e.model, static_cast<std::uint64_t>(e.seed)); });
  return nb::make_tuple(to_python(sweep::resolved(e)), dataset(split.train, e.model.input_len()),
                        dataset(split.test, e.model.input_len()), split.description);
}

}  // namespace

void add_experiments(nb::module_& module) {
  module.def("experiment_kernel", &experiment_kernel, nb::arg("experiment").none(), nb::arg("request"));
  module.def("flow", &flow, nb::arg("experiment").none(), nb::arg("request"));
  module.def("predict", &predict, nb::arg("experiment").none(), nb::arg("request"));
  module.def("theory_from", &theory_from, nb::arg("experiment").none(), nb::arg("request"));
  module.def("sweep", &run_sweep, nb::arg("study").none(), nb::arg("out"), nb::arg("request"));
  module.def("export_study", &export_study, nb::arg("path"), nb::arg("format"));
  module.def("make_split", &make_split, nb::arg("experiment").none(), nb::arg("request"));
}

}  // namespace phaselaw::python
