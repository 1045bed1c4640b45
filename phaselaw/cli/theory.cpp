// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/analysis/measured_constants.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"
#include "phaselaw/theory/evaluate.h"

// phaselaw theory [numbers]: the paper's formulas at plain numbers. The flags are the fields of theory::TheoryNumbers.
// phaselaw theory --from EXP.toml: at the numbers that an actual model, data set and flow have.
namespace phaselaw::cli {

namespace {

// A row for every known number; of a number and its logarithm, the logarithm only where the number is out of range.
void add_rows(const base::Value& table, const std::string& prefix, std::vector<std::vector<std::string>>& rows) {
  for (const auto& [key, value] : table.entries()) {
    const bool is_log = key.starts_with("log10_");
    if (value.is_null() || value.is_list() || (is_log && !table.at(key.substr(6)).is_null())) continue;
    if (value.is_table())
      add_rows(value, prefix + key + ".", rows);
    else if (value.is_text())
      rows.push_back({prefix + key, value.text()});
    else if (value.is_bool())
      rows.push_back({prefix + key, value.boolean() ? "yes" : "no"});
    else
      rows.push_back({prefix + key, report::format_number(value.number(), 6)});
  }
}

void print(const Common& common, const theory::TheoryNumbers& numbers) {
  require_outputs(common);
  const base::Value result = theory::to_value(theory::evaluate(numbers));
  emit_json(common, result);
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"quantity", "value"}};
  add_rows(result, "", rows);
  fmt::print("{}", text_table(rows));
}

void print_measured(const Common& common, const std::string& file) {
  require_outputs(common);
  auto e = sweep::experiment_from(base::read_toml(file));
  if (common.seed) e.seed = *common.seed;
  const analysis::Setting setting(e);
  const auto constants = analysis::measured_constants(setting, common.threads);
  for (const auto& note : constants.notes) base::log_warning(note);
  const base::Value result = analysis::to_value(constants);
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
  auto numbers = std::make_shared<theory::TheoryNumbers>();
  auto from = std::make_shared<std::string>();
  Verb verb = add_verb(program, "theory", "evaluate the paper's definitions, bounds and laws at plain numbers",
                       "phaselaw theory --compute 1e12 --noise 0.3", [&program, numbers, from] {
                         from->empty() ? print(program.common, *numbers) : print_measured(program.common, *from);
                       });
  verb.option("--from", *from, "experiment file: measure the constants on its model, data and flow instead");
  theory::TheoryNumbers::fields(
      *numbers, [&verb](std::string_view name, auto& field, const base::Domain&, std::string_view meaning) {
        verb.option(theory::flag_of(name).c_str(), field, std::string(meaning).c_str());
      });
}

}  // namespace phaselaw::cli
