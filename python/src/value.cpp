// SPDX-License-Identifier: Apache-2.0
#include "value.h"

#include <cmath>

#include <nanobind/stl/string.h>

namespace phaselaw::python {

nb::object to_python(const base::Value& value) {
  if (value.is_null()) return nb::none();
  if (value.is_bool()) return nb::bool_(value.boolean());
  if (value.is_integer()) return nb::int_(value.integer());
  if (value.is_number()) return std::isfinite(value.number()) ? nb::object(nb::float_(value.number())) : nb::none();
  if (value.is_text()) return nb::str(value.text().c_str(), value.text().size());
  if (value.is_list()) {
    nb::list list;
    for (const auto& item : value.list()) list.append(to_python(item));
    return list;
  }
  nb::dict dict;
  for (const auto& [key, item] : value.entries()) dict[nb::str(key.c_str(), key.size())] = to_python(item);
  return dict;
}

std::string describe(nb::handle object) {
  if (nb::hasattr(object, "dtype") && nb::hasattr(object, "shape")) {
    std::string shape = nb::cast<std::string>(nb::str(nb::handle(object.attr("shape"))));
    return nb::cast<std::string>(nb::str(nb::handle(object.attr("dtype")))) + " of shape " + shape;
  }
  const std::string name = nb::cast<std::string>(object.type().attr("__name__"));
  return (std::string("aeiouAEIOU").find(name.front()) == std::string::npos ? "a " : "an ") + name;
}

base::Value from_python(nb::handle object, const std::string& where) {
  base::Value value;
  PyObject* p = object.ptr();
  if (object.is_none()) return value;
  if (PyBool_Check(p)) {
    value = base::Value(p == Py_True);
  } else if (PyUnicode_Check(p)) {
    value = base::Value(nb::cast<std::string>(object));
  } else if (PyFloat_Check(p)) {
    value = base::Value(PyFloat_AS_DOUBLE(p));
  } else if (nb::isinstance<nb::dict>(object)) {
    value = base::Value::table();
    for (const auto& [key, item] : nb::borrow<nb::dict>(object)) {
      if (!PyUnicode_Check(key.ptr()))
        throw base::InputError({where}, fmt::format("expected keys that are text, found {}", describe(key)));
      const auto name = nb::cast<std::string>(key);
      value[name] = from_python(item, where.empty() ? name : where + "." + name);
    }
  } else if (nb::isinstance<nb::list>(object) || nb::isinstance<nb::tuple>(object)) {
    value = base::Value(base::Value::List{});
    for (const auto& item : object) value.push_back(from_python(item, where));
  } else if (nb::hasattr(object, "__fspath__")) {
    value = from_python(object.attr("__fspath__")(), where);
  } else if (nb::hasattr(object, "tolist")) {  // NumPy's scalars and arrays
    return from_python(object.attr("tolist")(), where);
  } else if (PyIndex_Check(p)) {
    const nb::object number = nb::steal(PyNumber_Index(p));
    int overflow = 0;
    const long long integer = number.is_valid() ? PyLong_AsLongLongAndOverflow(number.ptr(), &overflow) : 0;
    if (!number.is_valid() || PyErr_Occurred() != nullptr) throw nb::python_error();
    value = overflow != 0 ? base::Value(nb::cast<double>(nb::float_(number))) : base::Value(std::int64_t{integer});
  } else if (nb::hasattr(object, "__float__")) {  // Fraction, Decimal
    value = base::Value(nb::cast<double>(nb::float_(object)));
  } else {
    throw base::InputError({where},
                           fmt::format("expected text, a number, a list or a dict; found {}", describe(object)));
  }
  value.set_where({where});
  return value;
}

void add_json(nb::module_& module) {
  nb::class_<Json>(module, "Json", "A result, as the program writes it.")
      .def(
          "json", [](const Json& self, int indent) { return base::to_json(self.value, indent); }, nb::arg("indent") = 2,
          "Returns the text of the program's --json; indent < 0 gives one line.")
      .def(
          "to_dict", [](const Json& self) { return to_python(self.value); },
          nb::sig("def to_dict(self) -> dict[str, typing.Any]"), "Returns a dict; unknown numbers are None.");
}

}  // namespace phaselaw::python
