// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <nanobind/nanobind.h>

#include "phaselaw/base/value.h"

// Between Python's objects and the document tree.
namespace phaselaw::python {

namespace nb = nanobind;

// A result as the program writes it: numbers that are not finite are None.
[[nodiscard]] nb::object to_python(const base::Value& value);

// None, bool, int, float, str, os.PathLike, dict, list, tuple and what NumPy has for them. `where`: for errors about
// the value; InputError for anything else.
[[nodiscard]] base::Value from_python(nb::handle object, const std::string& where);

// What stays in C++ until somebody looks at it.
struct Json {
  base::Value value;
};
void add_json(nb::module_& module);

// "an int", "a DataFrame", "float32 of shape (3, 4)": for errors.
[[nodiscard]] std::string describe(nb::handle object);

}  // namespace phaselaw::python
