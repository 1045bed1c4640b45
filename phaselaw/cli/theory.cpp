// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"
#include "phaselaw/verbs/experiment.h"

// phaselaw theory [numbers]: evaluates the paper's formulas. The flags are the fields of theory::TheoryNumbers.
// phaselaw theory --from EXP.toml: evaluates them at numbers measured on a real model, data set and flow.
namespace phaselaw::cli {

namespace {

void add_items(const base::Value::List& items, const std::string& name, std::vector<std::vector<std::string>>& rows);

// One row for each known number. If a number and its logarithm are both known, the logarithm is shown only where the
// number is out of range.
void add_rows(const base::Value& table, const std::string& prefix, std::vector<std::vector<std::string>>& rows) {
  for (const auto& [key, value] : table.entries()) {
    const bool is_log = key.starts_with("log10_");
    if (value.is_null() || (is_log && !table.at(key.substr(6)).is_null())) continue;
    if (value.is_table())
      add_rows(value, prefix + key + ".", rows);
    else if (value.is_list())
      add_items(value.list(), prefix + key, rows);
    else if (value.is_text())
      rows.push_back({prefix + key, value.text()});
    else if (value.is_bool())
      rows.push_back({prefix + key, value.boolean() ? "yes" : "no"});
    else
      rows.push_back({prefix + key, report::format_number(value.number(), 6)});
  }
}

// The entries of a list of tables, counted from 1.
void add_items(const base::Value::List& items, const std::string& name, std::vector<std::vector<std::string>>& rows) {
  for (std::size_t i = 0; i < items.size(); ++i)
    if (items[i].is_table()) add_rows(items[i], fmt::format("{}.{}.", name, i + 1), rows);
}

struct TheoryFlags {
  GivenFlags numbers, run;  // the flags of the two forms of the command
  std::string from;
};

// Refuses flags of the other form, which would be ignored.
void refuse(const GivenFlags& given, const char* why) {
  if (!given.flags.empty()) throw base::InputError({base::flag_of(given.flags.front().first)}, why);
}

void print(const Common& common, const TheoryFlags& flags) {
  refuse(flags.run, "is used only with --from; add --from, or omit it");
  theory::TheoryNumbers numbers;
  flags.numbers.over(numbers);
  const auto answer = verbs::theory(numbers);
  emit_json(common, answer.json);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"quantity", "value"}};
  add_rows(answer.json, "", rows);
  fmt::print("{}", text_table(rows));
}

void print_measured(const Common& common, const TheoryFlags& flags) {
  refuse(flags.numbers, "is measured by --from; omit it");
  verbs::ExperimentRequest request;
  flags.run.over(request);
  request.experiment = sweep::experiment_from(base::read_toml(flags.from));
  const auto [constants, result] = verbs::measured_constants(request);
  emit_json(common, result);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"measured", "value"}};
  add_rows(result.at("measured"), "", rows);
  fmt::print("{}\n", text_table(rows));
  rows = {{"bound", "log10 bound", "log10 measured", "holds", "vacuous", "largest factor"}};
  for (const auto& check : constants.checks)
    rows.push_back({check.statement, fmt::format("{:.1f}", check.log10_bound),
                    fmt::format("{:.1f}", check.log10_measured), check.holds ? "yes" : "no",
                    check.vacuous ? "yes" : "no", check.blame});
  fmt::print("{}", text_table(rows));
}

}  // namespace

void add_theory(Program& program) {
  auto flags = std::make_shared<TheoryFlags>();
  add_verb(program, "theory", "evaluate the paper's definitions, bounds and laws",
           "phaselaw theory --compute 1e12 --noise 0.3",
           [&program, flags] {
             require_outputs(program.common);
             flags->from.empty() ? print(program.common, *flags) : print_measured(program.common, *flags);
           })
      .option("--from", flags->from, "experiment file; the constants are measured on its model, data and flow")
      .fields(verbs::ExperimentRequest{}, flags->run)
      .fields(theory::TheoryNumbers{}, flags->numbers);
}

}  // namespace phaselaw::cli
