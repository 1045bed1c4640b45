// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/executed_sweep.h"

#include <memory>
#include <string>

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/ranks/run_task.h"
#include "request.h"
#include "value.h"

// A sweep with the workers of an executor: python/phaselaw/_executor.py submits the tasks and passes the answers on.
namespace phaselaw::python {

namespace {

std::string_view view_of(const nb::bytes& bytes) { return {bytes.c_str(), bytes.size()}; }
nb::bytes to_bytes(const std::string& text) { return nb::bytes(text.data(), text.size()); }

// (index, FLOP, task), or None
nb::object next_run(verbs::ExecutedSweep& sweep) {
  const auto run = released([&] { return sweep.next(); });
  if (!run) return nb::none();
  return nb::make_tuple(run->index, run->cost_flop, to_bytes(run->task));
}

std::string take_answer(verbs::ExecutedSweep& sweep, std::int64_t index, const nb::bytes& answer) {
  return released([&, bytes = view_of(answer)] { return sweep.take(index, bytes); });
}

}  // namespace

void add_executed_sweep(nb::module_& module) {
  nb::class_<verbs::ExecutedSweep>(module, "ExecutedSweep", "The caller's side of a sweep with an executor.")
      .def(
          "__init__",
          [](verbs::ExecutedSweep* self, nb::handle study, const std::string& out, nb::handle table) {
            verbs::SweepRequest request;
            request.study = document_source(study);
            request.out = out;
            read_arguments(table, request);
            released([&] { new (self) verbs::ExecutedSweep(request); });
          },
          nb::arg("study").none(), nb::arg("out"), nb::arg("request"))
      .def("next", &next_run)
      .def("take", &take_answer, nb::arg("index"), nb::arg("answer"))
      .def("left", [](verbs::ExecutedSweep& sweep) { return released([&] { return sweep.left(); }); })
      .def("runs", &verbs::ExecutedSweep::runs)
      .def("done", &verbs::ExecutedSweep::done)
      .def("close", [](verbs::ExecutedSweep& sweep) { return released([&] { return Json{sweep.close().json}; }); })
      .def("leave_to_parent", &verbs::ExecutedSweep::leave_to_parent);
  module.def(
      "carry_out_task",
      [](const nb::bytes& task) {
        return to_bytes(released([bytes = view_of(task)] { return ranks::carry_out_task(bytes); }));
      },
      nb::arg("task"));
}

}  // namespace phaselaw::python
