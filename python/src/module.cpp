// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/base/build_info.h"
#include "phaselaw/report/format.h"
#include "value.h"

// phaselaw._core: the compiled module. The package around it (python/phaselaw) has the public names, types and
// documentation.
NB_MODULE(_core, module) {
  using namespace phaselaw::python;
  module.doc() = "The compiled part of phaselaw; use the package.";
  add_errors(module);
  add_json(module);
  add_transformer(module);
  add_kernel(module);
  add_laws(module);
  add_experiments(module);
  module.def("format_number", &phaselaw::report::format_number, nanobind::arg("x"), nanobind::arg("digits") = 3);
  module.def("format_value", &phaselaw::report::format_value, nanobind::arg("value"), nanobind::arg("lo"),
             nanobind::arg("hi"));
  module.def("format_flop", &phaselaw::report::format_flop, nanobind::arg("flop"));
  module.def("made_by", [] { return to_python(phaselaw::base::made_by()); });
}
