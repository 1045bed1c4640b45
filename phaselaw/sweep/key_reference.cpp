// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/key_reference.h"

#include "phaselaw/base/fields_text.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/sweep/experiment.h"
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

// The keys of one section, each as a table with a field for each question.
template <class Options>
void keys_of(const char* name, const Options& defaults, base::Value& keys) {
  Options::fields(defaults,
                  [&](std::string_view key, const auto& field, const base::Domain& domain, std::string_view help) {
                    const base::FlagShape shape = base::describe_flag(field, domain);
                    std::string type = shape.is_switch ? "boolean" : shape.type.substr(0, shape.type.find('|'));
                    type = type == "INT" || type == "SIZE" ? "integer" : type == "NUMBER" ? "number" : type;
                    type = !shape.words.empty() ? "word" : type == "TEXT" ? "text" : type;
                    base::Value words = base::detail::write(shape.words);
                    if (const auto bar = shape.type.find('|'); shape.words.empty() && bar != std::string::npos)
                      words.push_back(shape.type.substr(bar + 1));
                    base::Value entry = base::Value::table({{"section", name},
                                                            {"name", key},
                                                            {"type", type},
                                                            {"words", words},
                                                            {"list", shape.is_list},
                                                            {"default", base::detail::write(field)}});
                    const base::Value range = domain.to_value();
                    for (const auto& [bound, value] : range.entries()) entry[bound] = value;
                    entry["help"] = help;
                    keys.push_back(std::move(entry));
                  });
}

}  // namespace

base::Value key_table() {
  const Experiment e;
  base::Value keys{base::Value::List{}};
  keys_of("model", e.model, keys);
  keys_of("data", e.data, keys);
  keys_of("training", e.training, keys);
  keys_of("kernel", e.kernel, keys);
  keys_of("flow", e.flow, keys);
  keys_of("ladder", LadderOptions{}, keys);
  keys_of("accounting", Accounting{}, keys);
  return keys;
}

std::string key_reference() {
  const Experiment e;
  std::string text = fmt::format(
      "# Experiment and study files\n\n"
      "The files are TOML. This page is written by `phaselaw keys`; do not edit it. "
      "A key that is not listed here is an error, reported with its place in the file. "
      "`seed` (an integer {}, default 0) stands above the sections. Examples are in `examples/`.\n\n",
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
