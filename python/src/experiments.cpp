// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <sstream>

#include <nanobind/stl/string.h>

#include "arrays.h"
#include "call.h"
#include "modules.h"
#include "phaselaw/analysis/flow_views.h"
#include "phaselaw/analysis/laziness_study.h"
#include "phaselaw/analysis/measured_constants.h"
#include "phaselaw/analysis/predict.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/store/export.h"
#include "phaselaw/sweep/sweep.h"
#include "phaselaw/verbs/kernel.h"
#include "request.h"

// What starts from an experiment or a study: kernel, flow, predict, theory, sweep, the data themselves.
namespace phaselaw::python {

namespace {

// A TOML file, or the same as a dict.
base::Value document_of(nb::handle experiment, const Request& request) {
  base::Value document = from_python(experiment, "experiment");
  if (document.is_text()) document = base::read_toml(document.text());
  if (!document.is_table())
    throw base::InputError({"experiment"},
                           fmt::format("expected a TOML file or a dict, found {}", describe(experiment)));
  if (request.given("seed")) document["seed"] = request.integer("seed");
  return document;
}

int threads_of(const Request& request) { return request.given("threads") ? request.count("threads", 1) : 0; }

template <class T>
nb::tuple kernel_in(const verbs::KernelRequest& asked) {
  struct Answer {
    verbs::KernelAnswer<T> kernel;
    numerics::Matrix<T> total;
    std::vector<kernel::KernelPart<T>> parts;
    verbs::KernelSpectrum spectrum;
  };
  auto answer = released([&] {
    auto kernel = verbs::tangent_kernel<T>(asked);
    auto total = kernel.kernel.total;  // the spectrum is computed in place
    auto parts = kernel.kernel.parts;
    auto spectrum = verbs::describe_spectrum<T>(kernel);
    return Answer{std::move(kernel), std::move(total), std::move(parts), std::move(spectrum)};
  });
  nb::dict parts;
  for (auto& part : answer.parts) parts[part.name.c_str()] = matrix_to_numpy(std::move(part.values));
  return nb::make_tuple(
      Json{std::move(answer.kernel.json)}, matrix_to_numpy(std::move(answer.total)), parts,
      vector_to_numpy(std::move(answer.spectrum.spectrum.eigenvalues)),
      answer.spectrum.coefficients.empty() ? nb::none() : vector_to_numpy(std::move(answer.spectrum.coefficients)));
}

// (json, total, {part: matrix}, eigenvalues, target coefficients or None)
nb::tuple experiment_kernel(nb::handle experiment, nb::handle table) {
  constexpr std::int64_t kMemoryLimit = std::int64_t{8} << 30;  // as the program's
  const Request request(table);
  const auto e = sweep::experiment_from(document_of(experiment, request));
  verbs::KernelRequest asked{e, e.kernel, request.given("weights") ? request.text("weights") : ""};
  auto& options = asked.options;
  if (request.given("reduce"))
    options.reduce = base::enum_from_text<kernel::Reduce>(request.text("reduce"), {"--reduce"}, "word");
  if (request.given("algorithm"))
    options.algorithm =
        base::enum_from_text<kernel::Algorithm>(request.text("algorithm"), {"--algorithm"}, "algorithm");
  if (request.flag("blocks")) options.detail = kernel::Detail::blocks;
  if (request.given("memory_limit"))
    options.memory_limit = request.integer("memory_limit");
  else if (options.memory_limit == 0)
    options.memory_limit = kMemoryLimit;
  if (request.given("threads")) options.threads = request.count("threads", 1);
  base::check_fields(options);
  const std::string dtype = request.text("dtype");
  if (dtype != "float32" && dtype != "float64")
    throw base::InputError({"dtype"}, base::unknown_name("type", dtype, {"float32", "float64"}));
  return dtype == "float32" ? kernel_in<float>(asked) : kernel_in<double>(asked);
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
    curves[c.view.c_str()] = curve;
  }
  return curves;
}

// (json, {view: curve}, eigenvalues, coefficients), or of a study (json, {}, None, None)
nb::tuple flow(nb::handle experiment, nb::handle table) {
  const Request request(table);
  const base::Value document = document_of(experiment, request);
  const int threads = threads_of(request);
  if (document.find("grid") != nullptr) {
    Json json = released([&] {
      const auto study = sweep::study_from(document);
      const auto found = analysis::laziness_study(study, threads);
      for (const auto& warning : found.warnings) base::log_warning(warning);
      return Json{analysis::to_value(found)};
    });
    return nb::make_tuple(std::move(json), nb::dict(), nb::none(), nb::none());
  }
  struct Answer {
    Json json;
    analysis::FlowViews views;
  };
  auto answer = released([&] {
    const analysis::Setting setting(sweep::experiment_from(document));
    base::log_info(setting.split.description);
    auto views = analysis::flow_views(setting, threads);
    for (const auto& warning : views.warnings) base::log_warning(warning);
    auto json = analysis::to_value(setting, views);
    return Answer{{std::move(json)}, std::move(views)};
  });
  auto& views = answer.views;
  return nb::make_tuple(std::move(answer.json), curves_of(views),
                        views.dense ? vector_to_numpy(std::move(views.spectrum.eigenvalues)) : nb::none(),
                        views.dense ? vector_to_numpy(std::move(views.coefficients)) : nb::none());
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

// (json, times, [{estimator, method, n_data, risk, lo, hi}], [{n_data, replicates, time, measured, ...}])
nb::tuple predict(nb::handle experiment, nb::handle table) {
  const Request request(table);
  const auto e = sweep::experiment_from(document_of(experiment, request));
  analysis::PredictOptions options;
  std::vector<std::int64_t> sizes;
  for (const auto& size : request.at("n_data").list()) sizes.push_back(size.integer());
  options.n_data = analysis::predicted_sizes(e.data.n_data, sizes);
  options.subsets = request.count("subsets", 1);
  options.folds = request.count("folds", 0);
  options.resamples = request.count("resamples", 0);
  options.check = request.flag("check");
  options.replicates = request.count("replicates", 1);
  options.threads = threads_of(request);
  struct Answer {
    Json json;
    analysis::Prediction prediction;
  };
  auto answer = released([&] {
    const analysis::Setting setting(e);
    base::log_info(setting.split.description);
    auto prediction = analysis::predict(setting, options);
    for (const auto& warning : prediction.warnings) base::log_warning(warning);
    auto json = analysis::to_value(setting, prediction);
    return Answer{{std::move(json)}, std::move(prediction)};
  });
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
  return nb::make_tuple(std::move(answer.json), vector_to_numpy(std::move(answer.prediction.times)), surfaces,
                        checked_of(answer.prediction.check));
}

Json theory_from(nb::handle experiment, nb::handle table) {
  const Request request(table);
  const auto e = sweep::experiment_from(document_of(experiment, request));
  const int threads = threads_of(request);
  return released([&] {
    const analysis::Setting setting(e);
    const auto constants = analysis::measured_constants(setting, threads);
    for (const auto& note : constants.notes) base::log_warning(note);
    return Json{analysis::to_value(constants)};
  });
}

Json run_sweep(nb::handle study_document, const std::string& out, nb::handle table) {
  const Request request(table);
  const auto study = sweep::study_from(document_of(study_document, request));
  sweep::SweepOptions options;
  options.threads = threads_of(request);
  if (request.given("shard")) options.shard = sweep::shard_from(request.text("shard"));
  options.snapshot_every_s = request.number("checkpoint_every");
  if (!(options.snapshot_every_s >= 0))
    throw base::InputError({"--checkpoint-every"},
                           fmt::format("expected seconds >= 0; found {}", options.snapshot_every_s));
  base::require_writable_file(out, "--out");
  return released([&] {
    auto store = store::Store::open_or_create(out, study.json, study.key);
    return Json{
        sweep::to_value(static_cast<std::int64_t>(study.points.size()), sweep::run_study(study, store, options))};
  });
}

// The rows of a store as `phaselaw export --format FORMAT` writes them.
std::string export_study(const std::string& path, const std::string& format) {
  return released([&] {
    std::ostringstream text;
    const auto runs = store::Store::open_read(path).runs();
    format == "csv" ? store::export_csv(runs, text) : store::export_jsonl(runs, text);
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

nb::dict dataset(const data::Dataset& set) {
  nb::dict arrays;
  arrays["x"] = array_or_none(set.x, {set.n, set.seq_len, set.d_in});
  arrays["y"] = array_or_none(set.y, {set.n, set.seq_len, set.d_out});
  arrays["clean"] = array_or_none(set.clean, {set.n, set.seq_len, set.d_out});
  arrays["tokens"] = tokens_or_none(set.tokens, {set.n, set.seq_len});
  arrays["next_tokens"] = tokens_or_none(set.next_tokens, {set.n, set.seq_len});
  return arrays;
}

// (resolved configuration, train, test, description)
nb::tuple make_split(nb::handle experiment, nb::handle table) {
  const Request request(table);
  const auto e = sweep::experiment_from(document_of(experiment, request));
  const auto split = released([&] { return data::make_split(e.data, e.model, static_cast<std::uint64_t>(e.seed)); });
  return nb::make_tuple(to_python(sweep::resolved(e)), dataset(split.train), dataset(split.test), split.description);
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
