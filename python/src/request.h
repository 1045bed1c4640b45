// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/errors.h"
#include "phaselaw/base/fields.h"
#include "value.h"

// Keyword arguments: the fields of a request (phaselaw/advice, phaselaw/verbs) by their names.
namespace phaselaw::python {

// `value` and its contents without places, because the messages of fields have the name.
[[nodiscard]] inline base::Value without_place(base::Value value) {
  if (value.is_list()) {
    base::Value::List items;
    for (const auto& item : value.list()) items.push_back(without_place(item));
    value = base::Value(std::move(items));
  }
  value.set_where({});
  return value;
}

// The name of a TOML file, or its contents as a dict.
[[nodiscard]] inline base::Value document_source(nb::handle experiment) {
  base::Value source = from_python(experiment, "experiment");
  if (!source.is_text() && !source.is_table())
    throw base::InputError({"experiment"},
                           fmt::format("expected a TOML file or a dict, found {}", describe(experiment)));
  return source;
}

// Sets the fields given in the call; None leaves a field unchanged. InputError naming the argument, or the nearest
// known one.
template <class Request>
void read_arguments(nb::handle keywords, Request& request) {
  base::Value given = base::Value::table();
  const base::Value all = from_python(keywords, "");
  for (const auto& [name, value] : all.entries())
    if (!value.is_null()) given[name] = without_place(value);
  base::read_fields(given, request, "arguments");
}

}  // namespace phaselaw::python
