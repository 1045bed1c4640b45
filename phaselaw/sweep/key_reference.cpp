// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/key_reference.h"

#include "phaselaw/sweep/accounting.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/keys.h"
#include "phaselaw/sweep/ladder.h"

namespace phaselaw::sweep {

namespace {

template <class T>
std::string kind_of(const T&, const base::Domain& domain) {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else if constexpr (std::is_enum_v<T>) {
    std::string words;
    for (const auto& [name, value] : enum_names(T{})) words += (words.empty() ? "" : ", ") + std::string(name);
    return words;
  } else if constexpr (std::is_same_v<T, std::int64_t>) {
    return "integer " + domain.to_string();
  } else if constexpr (std::is_same_v<T, double>) {
    return "number " + domain.to_string();
  } else {
    return "list of text";
  }
}

template <class T>
std::string kind_of(const base::NumberOrWord<T>& field, const base::Domain& domain) {
  return fmt::format("{}, or \"{}\"", kind_of(field.value, domain), fmt::join(field.allowed, "\", \""));
}

template <class Options>
std::string section(const char* name, const char* what, const Options& defaults) {
  std::string text =
      fmt::format("## [{}]\n\n{}\n\n| key | default | value | meaning |\n|---|---|---|---|\n", name, what);
  Options::fields(
      defaults, [&](std::string_view key, const auto& field, const base::Domain& domain, std::string_view help) {
        const std::string unit = domain.unit.empty() ? "" : fmt::format(" {}", domain.unit);
        text += fmt::format("| `{}` | `{}` | {}{} | {} |\n", key, base::to_json(base::detail::write(field), -1),
                            kind_of(field, domain), unit, help);
      });
  return text + "\n";
}

// The type of a key in the table for programs.
std::string type_of(const Key& key) {
  switch (key.kind) {
    case KeyKind::flag:
      return "boolean";
    case KeyKind::integer:
      return "integer";
    case KeyKind::number:
      return "number";
    case KeyKind::word:
      return "word";
    default:
      return "text";
  }
}

}  // namespace

base::Value key_table() {
  base::Value keys{base::Value::List{}};
  for (const Key& key : all_keys()) {
    base::Value entry = base::Value::table({{"section", key.section},
                                            {"name", key.name},
                                            {"type", type_of(key)},
                                            {"words", base::detail::write(key.words)},
                                            {"list", key.kind == KeyKind::texts},
                                            {"default", key.default_value}});
    const base::Value range = key.domain.to_value();
    for (const auto& [bound, value] : range.entries()) entry[bound] = value;
    entry["help"] = key.help;
    keys.push_back(std::move(entry));
  }
  return keys;
}

std::string key_reference() {
  const Experiment e;
  std::string text = fmt::format(
      "# Experiment and study files\n\n"
      "The files are TOML. This page is written by `phaselaw keys`; do not edit it. "
      "A key that is not listed here is an error, reported with its place in the file. "
      "`seed` (an integer {}, default 0) stands above the sections. Examples are in `examples/`, and `phaselaw init` "
      "writes files to start from. `phaselaw keys --schema` prints these keys as a JSON Schema, with which editors "
      "complete keys and mark errors.\n\n"
      "`--set model.n_layers=4` replaces a key of the file, on every verb that reads one; it may be repeated. The right "
      "side is a value of TOML; words and texts need no quotation marks.\n\n"
      "In [model], [data] and [training] a number may be an expression in other keys: `d_hidden = \"4 * d_model\"`, "
      "`learning_rate = \"0.1 / model.d_model\"`. A name without a section is a key of the same section. Operators are "
      "+, -, *, / and ^; functions are round, floor, ceil, sqrt, exp, ln, log2 and log10. Fractions are computed exactly, "
      "and an integer that does not come out exactly is an error. In a study, each point of the grid has its own "
      "value.\n\n",
      base::seeds().to_string());
  text += section("model", "The transformer; equations in `phaselaw/model/options.h`.", e.model);
  text += section("data", "Sequences and targets; details in `phaselaw/data/dataset.h`.", e.data);
  text += section("training", "How the loss is minimised; details in `phaselaw/training/`.", e.training);
  text += section("kernel", "The output of `phaselaw kernel`; its flags override these keys.", e.kernel);
  text += section("flow", "The flow computed by `phaselaw flow` and `phaselaw predict`.", e.flow);
  text +=
      "## [grid], in a study only\n\n"
      "Each key is `\"section.key\"` with a list of values; the study runs every combination. "
      "Keys that change together are one axis: `\"data.n_data, model.d_hidden\" = [[8, 24], [16, 56]]`. "
      "`seeds = K` repeats each with seeds `seed`, `seed + 1`, ... "
      "The runs are numbered with the alphabetically last key varying fastest and replicates innermost.\n\n"
      "`n_params = [1e4, 1e5]`, or `n_params = { from = 1e4, to = 1e6, points = 5 }` with equal ratios, is a ladder of model sizes: "
      "for each number of trainable parameters a shape is computed.\n\n";
  text += section("ladder", "How `grid.n_params` is converted to a shape; the rule is in `phaselaw/sweep/ladder.h`.",
                  LadderOptions{});
  text += section("accounting",
                  "In a study only: the compute that a run is charged, for envelopes and exponents. Exact FLOP are "
                  "recorded in any case; the rule is in `phaselaw/sweep/accounting.h`.",
                  Accounting{});
  text.pop_back();  // one newline at the end
  return text;
}

}  // namespace phaselaw::sweep
