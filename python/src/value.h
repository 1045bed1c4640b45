// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nanobind/nanobind.h>

#include "phaselaw/base/value.h"

// Conversion between Python objects and the document tree.
namespace phaselaw::python {

namespace nb = nanobind;

// A result as the program writes it; numbers that are not finite are None.
[[nodiscard]] nb::object to_python(const base::Value& value);

// Accepts None, bool, int, float, str, os.PathLike, dict, list, tuple and their NumPy counterparts. `where` names the
// value in errors; InputError for any other type.
[[nodiscard]] base::Value from_python(nb::handle object, const std::string& where);

// A result that stays in C++ until it is read.
struct Json {
  base::Value value;
};
void add_json(nb::module_& module);

// "an int", "a DataFrame", "float32 of shape (3, 4)": for errors.
[[nodiscard]] std::string describe(nb::handle object);

}  // namespace phaselaw::python
