// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/experiment_text.h"

#include "phaselaw/base/format.h"

namespace phaselaw::verbs {

namespace {

constexpr int kDigitsOfTheory = 6;  // formulas of plain numbers: a reader compares them with a calculation of their own

std::string text_of(const base::Value& value) {
  if (value.is_text()) return value.text();
  if (value.is_bool()) return value.boolean() ? "yes" : "no";
  if (value.is_integer()) return base::format_count(value.number());
  return base::format_number(value.number(), kDigitsOfTheory);
}

void add_known(const base::Value& table, const std::string& prefix, TextRows& rows) {
  for (const auto& [key, value] : table.entries()) {
    if (value.is_null() || (key.starts_with("log10_") && !table.at(key.substr(6)).is_null())) continue;
    if (value.is_table()) {
      add_known(value, prefix + key + ".", rows);
    } else if (value.is_list()) {
      const auto& items = value.list();
      for (std::size_t i = 0; i < items.size(); ++i)
        if (items[i].is_table()) add_known(items[i], fmt::format("{}{}.{}.", prefix, key, i + 1), rows);
    } else {
      rows.push_back({prefix + key, text_of(value)});
    }
  }
}

}  // namespace

TextRows theory_rows(const base::Value& json) {
  TextRows rows = {{"quantity", "value"}};
  const base::Value* law = json.find("isolated_law");
  if (law == nullptr) {
    add_known(json, "", rows);
    return rows;
  }
  for (const auto& [key, value] : law->entries())
    if (!value.is_null() && !value.is_list()) rows.push_back({key, text_of(value)});
  return rows;
}

TextRows isolated_law_rows(const base::Value& json) {
  const base::Value* law = json.find("isolated_law");
  if (law == nullptr) return {};
  const std::string resource = law->at("resource").text();
  TextRows rows = {{resource, "excess_risk", "reducible", "elasticity"}};
  for (const base::Value& point : law->at("points").list()) {
    rows.emplace_back();
    for (const std::string& column : rows.front()) rows.back().push_back(text_of(point.at(column)));
  }
  return rows;
}

TextRows measured_rows(const base::Value& json) {
  TextRows rows = {{"measured", "value"}};
  add_known(json.at("measured"), "", rows);
  return rows;
}

TextRows check_rows(const analysis::MeasuredConstants& constants) {
  TextRows rows = {{"bound", "source", "log10 bound", "log10 measured", "holds", "vacuous", "largest factor"}};
  for (const auto& check : constants.checks)
    rows.push_back({check.statement, check.source, base::format_number(check.log10_bound),
                    base::format_number(check.log10_measured), check.holds ? "yes" : "no", check.vacuous ? "yes" : "no",
                    check.blame});
  return rows;
}

TextRows prediction_rows(const analysis::Prediction& prediction) {
  const auto& surface = prediction.surfaces.front();
  const auto last = static_cast<numerics::Index>(prediction.times.size()) - 1;
  TextRows rows = {{"n", "predicted test loss"}};
  if (prediction.check) rows.front().emplace_back("trained");
  for (std::size_t i = 0; i < surface.n_data.size(); ++i) {
    const auto row = static_cast<numerics::Index>(i);
    rows.push_back({base::format_count(surface.n_data[i]),
                    base::format_value(surface.risk(row, last), surface.lo(row, last), surface.hi(row, last))});
    if (!prediction.check) continue;
    const std::vector<double>& measured = prediction.check->runs[i].measured;
    rows.back().push_back(base::format_number(measured.empty() ? base::kNaN : measured.back()));
  }
  return rows;
}

}  // namespace phaselaw::verbs
