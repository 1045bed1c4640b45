// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/python_options.h"

#include <algorithm>

#include "phaselaw/advice/compare/compare_request.h"
#include "phaselaw/advice/diagnose/diagnose_request.h"
#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/advice/forecast/forecast_request.h"
#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/advice/plan/plan_request.h"
#include "phaselaw/base/fields_text.h"
#include "phaselaw/verbs/experiment.h"
#include "phaselaw/verbs/kernel.h"
#include "phaselaw/verbs/sweep.h"

namespace phaselaw::cli {

namespace {

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? fmt::format("\\{}", c) : std::string(1, c);
  return out + "\"";
}

std::string type_of(const bool&) { return "bool"; }
std::string type_of(const std::string&) { return "str"; }
std::string type_of(const double&) { return "float"; }
std::string type_of(const std::int64_t&) { return "int"; }
template <class E>
requires std::is_enum_v<E> std::string type_of(const E&) {
  std::vector<std::string> words;
  for (const std::string& word : base::enum_words<E>()) words.push_back(in_quotes(word));
  return fmt::format("Literal[{}]", fmt::join(words, ", "));
}
template <class T>
std::string type_of(const base::NumberOrWord<T>& x) {
  return type_of(x.value) + " | str";
}
template <class T>
std::string type_of(const std::optional<T>&) {
  return type_of(T{}) + " | None";
}
template <class T>
std::string type_of(const std::vector<T>&) {
  return fmt::format("{0} | Sequence[{0}]", type_of(T{}));
}
template <class T>
std::string type_of(const std::map<std::string, T>&) {
  return fmt::format("Mapping[str, {}]", type_of(T{}));
}

std::string type_of(const sweep::Settings&) { return "Mapping[str, Any]"; }

std::string literal(const base::Value& value) {
  if (value.is_null()) return "None";
  if (value.is_bool()) return value.boolean() ? "True" : "False";
  if (value.is_text()) return in_quotes(value.text());
  if (value.is_list()) return "()";
  if (value.is_table()) return "{}";
  return value.is_integer() ? fmt::to_string(value.integer()) : fmt::format("{}", value.number());
}

struct Described {
  std::string types, rows;
};

// All fields except those that the Python function names itself and those that only the program has.
template <class S>
Described describe(const std::vector<std::string>& others) {
  Described out;
  S options;
  S::fields(options, [&](std::string_view name, const auto& field, const base::Domain& domain, std::string_view help) {
    if (std::find(others.begin(), others.end(), name) != others.end()) return;
    const bool list = base::describe_flag(field, domain).is_list && base::detail::write(field).is_list();
    out.types += fmt::format("    {}: {}\n", name, type_of(field));
    const bool has_domain = domain.to_string() != "finite";
    const std::string unit = domain.unit.empty() ? "" : fmt::format(" [{}]", domain.unit);
    const std::string range = has_domain ? fmt::format("; {}", domain.to_string()) : "";
    out.rows += fmt::format("        {}: Option({}, {}, {}),\n", in_quotes(name), literal(base::detail::write(field)),
                            list ? "True" : "False", in_quotes(std::string(help) + unit + range));
  });
  return out;
}

}  // namespace

std::string python_options() {
  std::string types, rows;
  const auto add = [&](const char* name, const char* verb, const Described& described) {
    types += fmt::format("\n\nclass {}(TypedDict, total=False):\n{}", name, described.types);
    rows += fmt::format("    {}: {{\n{}    }},\n", in_quotes(verb), described.rows);
  };
  add("FitOptions", "fit", describe<advice::FitRequest>({"law"}));
  add("PlanOptions", "plan", describe<advice::PlanRequest>({"compute"}));
  add("IsoflopOptions", "isoflop", describe<advice::IsoflopRequest>({"law"}));
  add("DiagnoseOptions", "diagnose", describe<advice::DiagnoseRequest>({}));
  add("CompareOptions", "compare", describe<advice::CompareRequest>({}));
  add("ForecastOptions", "forecast", describe<advice::ForecastRequest>({}));
  add("ReadOptions", "read_table", describe<tables::ReadOptions>({}));
  add("PredictOptions", "predict", describe<verbs::PredictRequest>({}));
  add("KernelOptions", "kernel", describe<verbs::KernelRequest>({"weights", "distributed"}));
  add("RunOptions", "flow", describe<verbs::RunRequest>({}));
  add("SweepOptions", "sweep", describe<verbs::SweepRequest>({}));
  add("TheoryNumbers", "theory", describe<theory::TheoryNumbers>({}));
  return "# SPDX-License-Identifier: Apache-2.0\n"
         "# Written by `phaselaw keys --python`, from the fields of the options in C++. Do not edit; a test compares it.\n"
         "\"\"\"The keyword arguments of every verb: types for type checkers, and defaults and help for signatures.\"\"\"\n\n"
         "from __future__ import annotations\n\n"
         "from collections.abc import Mapping, Sequence\n"
         "from typing import Any, Literal, NamedTuple, TypedDict\n\n\n"
         "class Option(NamedTuple):\n"
         "    default: Any\n"
         "    is_list: bool\n"
         "    help: str\n" +
         types + "\n\nDESCRIBED: dict[str, dict[str, Option]] = {\n" + rows + "}\n";
}

}  // namespace phaselaw::cli
