// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/base/build_info.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/instruction_set.h"
#include "value.h"

// phaselaw._core: the compiled module. The package around it (python/phaselaw) has the public names, types and
// documentation.
NB_MODULE(_core, module) {
  using namespace phaselaw::python;
  module.doc() = "The compiled part of phaselaw; use the package.";
  add_errors(module);
  static_cast<void>(phaselaw::base::instruction_set());  // a wrong PHASELAW_ISA ends the import
  add_json(module);
  add_transformer(module);
  add_kernel(module);
  add_laws(module);
  add_experiments(module);
  add_executed_sweep(module);
  using phaselaw::base::notation_of;
  module.def(
      "format_number",
      [](double value, int digits, const std::string& unit) {
        return phaselaw::base::format_number(value, digits, notation_of(unit));
      },
      nanobind::arg("value"), nanobind::arg("digits") = 3, nanobind::arg("unit") = "");
  module.def(
      "format_value",
      [](double value, double lo, double hi, const std::string& unit) {
        return phaselaw::base::format_value(value, lo, hi, notation_of(unit));
      },
      nanobind::arg("value"), nanobind::arg("lo"), nanobind::arg("hi"), nanobind::arg("unit") = "");
  module.def("format_flop", &phaselaw::base::format_flop, nanobind::arg("flop"));
  module.def("made_by", [] { return to_python(phaselaw::base::made_by()); });
}
