// SPDX-License-Identifier: Apache-2.0
#include "sources.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/vector.h>

#include "arrays.h"
#include "call.h"
#include "phaselaw/documents/arrow_stream.h"
#include "phaselaw/verbs/inputs.h"

namespace phaselaw::python {

namespace {

documents::Reading reading_of_stream(const std::string& name, nb::handle frame) {
  const nb::object capsule = frame.attr("__arrow_c_stream__")();
  auto* stream = static_cast<documents::ArrowArrayStream*>(PyCapsule_GetPointer(capsule.ptr(), "arrow_array_stream"));
  if (stream == nullptr) throw nb::python_error();
  return documents::read_arrow(*stream, name);
}

void add_list(documents::Table& table, const std::string& name, const nb::list& values) {
  bool numbers = true;
  for (nb::handle value : values) numbers = numbers && (value.is_none() || PyFloat_Check(value.ptr()));
  if (numbers) {
    std::vector<double> column;
    for (nb::handle value : values) column.push_back(value.is_none() ? 0 : nb::cast<double>(value));
    const std::size_t at = table.add_numbers(name, std::move(column));
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (values[row].is_none()) table.set_empty(row, at);
    return;
  }
  const std::size_t at = table.add_column(name);
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (!values[row].is_none()) table.set(row, at, nb::cast<std::string_view>(values[row]));
}

documents::Reading reading_of_columns(const std::string& name, const nb::dict& columns) {
  documents::Reading reading;
  reading.table = documents::Table(name);
  reading.shape = "columns";
  for (const auto& [key, column] : columns) {
    if (reading.table.n_columns() == 0)
      for (std::size_t row = 0; row < nb::len(column); ++row) reading.table.add_row(static_cast<long>(row) + 1);
    const auto heading = nb::cast<std::string>(key);
    if (nb::isinstance<nb::list>(column)) {
      add_list(reading.table, heading, nb::borrow<nb::list>(column));
      continue;
    }
    const auto values = array_of<double>(column, heading.c_str(), {"rows"});
    reading.table.add_numbers(heading, std::vector<double>(values.data, values.data + reading.table.n_rows()));
  }
  return reading;
}

}  // namespace

std::vector<documents::Reading> readings_of(nb::handle source, tables::ReadOptions& read, bool whole_runs) {
  if (nb::isinstance<nb::list>(source)) {
    const auto paths = nb::cast<std::vector<std::string>>(source);
    return released([&] { return verbs::read_inputs(paths, read, whole_runs); });
  }
  const auto pair = nb::cast<nb::tuple>(source);
  const auto name = nb::cast<std::string>(pair[0]);
  std::vector<documents::Reading> one;
  one.push_back(nb::isinstance<nb::dict>(pair[1]) ? reading_of_columns(name, nb::borrow<nb::dict>(pair[1]))
                                                  : reading_of_stream(name, pair[1]));
  return one;
}

documents::Reading reading_of(nb::handle source, tables::ReadOptions& read, bool whole_runs) {
  return documents::joined(readings_of(source, read, whole_runs));
}

}  // namespace phaselaw::python
