// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/fields.h"
#include "value.h"

// Keyword arguments: the fields of a request (phaselaw/advice, phaselaw/verbs) by their names.
namespace phaselaw::python {

// Sets the fields that the call gives; None is not given. InputError naming the argument, or the nearest known one.
template <class Request>
void read_arguments(nb::handle keywords, Request& request) {
  base::Value given = base::Value::table();
  const base::Value all = from_python(keywords, "");
  for (const auto& [name, value] : all.entries()) {
    if (value.is_null()) continue;
    base::Value& entry = given[name] = value;
    entry.set_where({});  // the message has the name
  }
  base::read_fields(given, request, "arguments");
}

}  // namespace phaselaw::python
