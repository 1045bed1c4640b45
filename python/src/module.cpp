// SPDX-License-Identifier: Apache-2.0
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/base/build_info.h"
#include "value.h"

// phaselaw._core: the library as Python sees it. The package around it (python/phaselaw) has the names, types and
// documentation that people use.
NB_MODULE(_core, module) {
  using namespace phaselaw::python;
  module.doc() = "The compiled part of phaselaw; use the package.";
  add_errors(module);
  add_json(module);
  add_transformer(module);
  add_kernel(module);
  add_laws(module);
  add_experiments(module);
  module.def("made_by", [] { return to_python(phaselaw::base::made_by()); });
}
