// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

// What a terminal and the tables of the page say.
namespace phaselaw::advice {

namespace {

using base::format_number;
using base::Notation;
using TextRows = std::vector<std::vector<std::string>>;

constexpr const char* kNone = "–";

const Vertex* largest_vertex(const IsoflopMethod& method) {
  const Vertex* largest = nullptr;
  for (const Vertex& vertex : method.vertices)
    if (vertex.inside && (largest == nullptr || vertex.compute > largest->compute)) largest = &vertex;
  return largest;
}

std::string exponent_or_none(const std::optional<OptimumPower>& power) {
  return power ? with_interval(power->a) : kNone;
}

// Removes a column without content.
void drop_if_empty(TextRows& rows, std::size_t column) {
  if (std::any_of(rows.begin() + 1, rows.end(), [&](const auto& row) { return !row[column].empty(); })) return;
  for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
}

std::string in_words(const IsoflopMethod& method) {
  if (method.name == "parabola") return "the parabola";
  if (method.name == "akima") return "Akima's spline";
  if (method.name == "envelope") return "the envelope";
  if (method.name == "optima") return "the given optima";
  return "the fitted law";
}

// The exponent of the law excludes that of the bowls, bias included, and the other way round.
std::string disagreement(const IsoflopResult& result) {
  const IsoflopMethod *bowls = result.method("parabola"), *law = result.method("parametric");
  if (bowls == nullptr || law == nullptr || !bowls->power || !law->power) return "";
  const fitting::Estimate &a = bowls->power->a, &b = law->power->a;
  if (!a.lo || !a.hi || !b.lo || !b.hi) return "";
  const double bias = bowls->bias_a.value_or(0);
  const bool apart = *a.hi - bias < *b.lo || *b.hi < *a.lo - bias;
  return apart ? fmt::format(" The fitted law gives {}, which contradicts it.", with_interval(b)) : "";
}

std::vector<std::string> method_names(const std::vector<IsoflopExperiment>& experiments) {
  std::vector<std::string> names;
  for (const char* name : {"envelope", "parabola", "akima", "parametric", "optima"})
    if (std::any_of(experiments.begin(), experiments.end(), [&](const IsoflopExperiment& one) {
          return one.result && one.result->method(name) != nullptr && one.result->method(name)->power;
        }))
      names.emplace_back(name);
  return names;
}

}  // namespace

std::string isoflop_sentence(const IsoflopResult& result) {
  const IsoflopMethod* method = result.leading();
  if (method == nullptr) {
    std::string text = "The exponent is unknown.";
    for (const IsoflopMethod& one : result.methods)
      if (!one.why.empty()) return text + fmt::format(" By {}: {}.", in_words(one), one.why);
    return text;
  }
  std::string text = fmt::format("n_params grows as compute to the power {} by {}", with_interval(method->power->a),
                                 in_words(*method));
  if (const Vertex* at = largest_vertex(*method))
    text += fmt::format("; at {} the best size is {}", base::format_flop(at->compute),
                        with_interval(at->n_params, Notation::suffix));
  return text + "." + disagreement(result);
}

TextRows isoflop_rows(const IsoflopResult& result) {
  TextRows rows = {{"method", "budgets", "a (n_params ~ C^a)", "b (tokens ~ C^b)", "bias of a", "a - bias", "remark"}};
  for (const IsoflopMethod& method : result.methods) {
    const bool known = method.power.has_value();
    rows.push_back({method.name, known ? std::to_string(method.power->budgets) : kNone, exponent_or_none(method.power),
                    known ? with_interval(method.power->b) : kNone,
                    method.bias_a ? format_number(*method.bias_a, 2) : kNone,
                    known && method.bias_a ? format_number(method.power->a.value - *method.bias_a, 3) : kNone,
                    known ? method.power->why : method.why});
  }
  drop_if_empty(rows, 6);
  return rows;
}

TextRows experiment_rows(const std::vector<IsoflopExperiment>& experiments) {
  const std::vector<std::string> methods = method_names(experiments);
  TextRows rows = {{"experiment", "budgets"}};
  for (const std::string& name : methods) rows.front().push_back("a by " + name);
  for (const char* heading : {"compute (FLOP)", "best n_params", "remark"}) rows.front().emplace_back(heading);
  for (const IsoflopExperiment& one : experiments) {
    std::vector<std::string> row(rows.front().size(), kNone);
    row.front() = one.name;
    row.back() = one.error;
    if (one.result) {
      row[1] = std::to_string(one.result->budgets.size());
      for (std::size_t m = 0; m < methods.size(); ++m)
        if (const IsoflopMethod* method = one.result->method(methods[m])) row[2 + m] = exponent_or_none(method->power);
      const IsoflopMethod* leading = one.result->leading();
      row.back() = leading != nullptr ? leading->power->why : "no method has an exponent";
      if (const Vertex* at = leading != nullptr ? largest_vertex(*leading) : nullptr) {
        row[2 + methods.size()] = format_number(at->compute, 3, Notation::power);
        row[3 + methods.size()] = with_interval(at->n_params, Notation::suffix);
      }
    }
    rows.push_back(std::move(row));
  }
  drop_if_empty(rows, rows.front().size() - 1);
  return rows;
}

TextRows convention_text(const IsoflopResult& result) {
  TextRows rows = {{"compute counted as", "a by parabola", "a by the law", "remark"}};
  for (const ConventionRow& row : result.conventions)
    rows.push_back({row.convention, exponent_or_none(row.parabola), exponent_or_none(row.parametric), row.missing});
  drop_if_empty(rows, 3);
  return rows;
}

std::vector<report::Table> isoflop_tables(const IsoflopAnswer& answer) {
  if (!answer.by.empty())
    return {table_of(experiment_rows(answer.experiments), fmt::format("Experiments by {}.", answer.by))};
  const IsoflopResult& result = *answer.experiments.front().result;
  std::vector<report::Table> tables = {
      table_of(isoflop_rows(result), "Exponents of the compute-optimal size and tokens.")};
  if (!result.conventions.empty())
    tables.push_back(table_of(convention_text(result), "Exponents under other FLOP conventions."));
  return tables;
}

std::string isoflop_text(const IsoflopAnswer& answer) {
  std::string text;
  if (answer.by.empty()) text = isoflop_sentence(*answer.experiments.front().result) + "\n\n";
  const std::vector<report::Table> tables = isoflop_tables(answer);
  for (std::size_t i = 0; i < tables.size(); ++i)
    text += (i > 0 ? "\n" : "") + report::text_table(text_rows(tables[i]));
  return text;
}

}  // namespace phaselaw::advice
