// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/field_reader.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/fit_file_check.h"

// Reads FIT.json. Errors name each field by its path ("optimum.theta").
namespace phaselaw::fitting {

namespace {

using base::InputError;
using base::Value;

constexpr const char *kFormat = "phaselaw-fit-3", *kSecondFormat = "phaselaw-fit-2", *kFirstFormat = "phaselaw-fit-1";
using base::kInfinity;
using base::kNaN;

using base::FieldReader;
constexpr const char* kRemedy = "write the file again with phaselaw fit --json";

laws::Law law_of(const FieldReader& form, const std::vector<std::string>& columns, bool first_format) {
  laws::Law law;
  law.name = form.at("name").text();
  law.help = form.at("help").text();
  law.source = form.at("source").text();
  law.output = form.at("output").text();
  law.nested = form.at("nested").text();
  // A column of the table may have the name of a parameter, which it does not replace.
  std::vector<std::string> inputs = columns;
  for (const FieldReader& item : form.at("parameters").items()) std::erase(inputs, item.at("name").text());
  law.expression =
      laws::Expression::parse(form.at("expression").text(), inputs,
                              fmt::format("{}: field 'form.expression'", base::to_string(form.value().where())));
  for (const FieldReader& item : form.at("parameters").items()) {
    laws::Parameter p;
    p.name = item.at("name").text();
    p.domain = item.at("domain").as<laws::ParameterDomain>();
    p.unit = item.at("unit").text();
    p.meaning = item.at("meaning").text();
    p.low = item.at("low").number();
    p.high = item.at("high").number();
    law.parameters.push_back(std::move(p));
  }
  const std::vector<std::string>& names = law.expression.parameters();
  const bool same = names.size() == law.parameters.size() &&
                    std::equal(names.begin(), names.end(), law.parameters.begin(),
                               [](const std::string& name, const laws::Parameter& p) { return name == p.name; });
  if (!same) form.at("parameters").wrong(fmt::format("the expression's own: {}", fmt::join(names, ", ")));
  if (first_format) return law;  // format 1 had no derived quantities
  for (const FieldReader& item : form.at("derived").items()) {
    laws::DerivedQuantity q;
    q.name = item.at("name").text();
    q.unit = item.at("unit").text();
    q.meaning = item.at("meaning").text();
    q.positive = item.at("positive").boolean();
    q.expression = laws::Expression::parse_quantity(item.at("expression").text(), columns, "field 'form.derived'");
    const auto known = [&](const std::vector<std::string>& own, const std::vector<std::string>& of_law) {
      return std::all_of(own.begin(), own.end(), [&](const std::string& name) {
        return std::find(of_law.begin(), of_law.end(), name) != of_law.end();
      });
    };
    if (!known(q.expression.parameters(), names) || !known(q.expression.columns(), law.columns()))
      item.at("expression").wrong("the parameters and columns of the law itself");
    law.derived.push_back(std::move(q));
  }
  return law;
}

std::vector<Estimate> estimates_of(const FieldReader& table) {
  std::vector<Estimate> list;
  for (const auto& [name, field] : table.entries()) {
    Estimate estimate;
    estimate.name = name;
    estimate.value = field.at("value").number_or(kNaN);
    estimate.lo = field.at("lo").as<std::optional<double>>();
    estimate.hi = field.at("hi").as<std::optional<double>>();
    estimate.identified = field.at("identified").boolean();
    for (const auto& [key, flag] : field.entries())
      if (key == "fixed") estimate.fixed = flag.boolean();
    list.push_back(std::move(estimate));
  }
  return list;
}

void read_summary(const FieldReader& root, Fit& fit) {
  if (root.at("law").text() != fit.law.name)
    root.at("law").wrong(fmt::format("the name of its form, {}", fit.law.name));
  (void)root.at("formula").text();
  fit.n_points = static_cast<std::size_t>(root.at("n_points").count());
  fit.objective_value = root.at("objective_value").number_or(0);
  fit.parameters = estimates_of(root.at("parameters"));
  fit.derived = estimates_of(root.at("derived"));
  const FieldReader convergence = root.at("convergence");
  fit.convergence.grid_points = static_cast<std::size_t>(convergence.at("grid_points").count());
  fit.convergence.starts = convergence.at("starts").small_count();
  fit.convergence.agreed = convergence.at("agreed").small_count();
  fit.convergence.iterations = convergence.at("iterations").small_count();
  fit.convergence.gradient_norm = convergence.at("gradient_norm").number_or(kNaN);
  fit.convergence.condition = convergence.at("condition").number_or(kInfinity);
  fit.convergence.certified = convergence.at("certified").boolean();
  fit.convergence.status = convergence.at("status").text();
  fit.aicc = root.at("selection").at("aicc").number_or(kNaN);
  fit.bic = root.at("selection").at("bic").number_or(kNaN);
  fit.residual_scale = root.at("residual_scale").number_or(kNaN);
  fit.warnings = root.at("warnings").as<std::vector<std::string>>();
  fit.seconds = root.at("seconds").number_or(kNaN);
}

tables::Measurements data_of(const FieldReader& field) {
  tables::Measurements data;
  for (const FieldReader& item : field.at("output").items()) data.output.push_back(item.as<double>());
  if (data.output.empty()) field.at("output").wrong("rows, found none");
  for (const auto& [name, column] : field.at("columns").entries()) {
    std::vector<double> values;
    for (const FieldReader& item : column.items()) values.push_back(item.number_or(kNaN));
    if (values.size() != data.output.size())
      column.wrong(fmt::format("{} numbers, as in data.output; found {}", data.output.size(), values.size()));
    if (data.columns.has(name)) column.wrong("one column of that name, found two");
    data.columns.add(name, std::move(values));
  }
  return data;
}

FitOptions options_of(const FieldReader& field, std::size_t n_rows) {
  FitOptions options;
  field.read_into(options);
  options.weights = field.at("weights").as<std::vector<double>>();
  options.sd = field.at("sd").as<std::vector<double>>();
  options.cluster = field.at("cluster").as<std::vector<std::string>>();
  const auto same_length = [&](const char* name, std::size_t found) {
    if (found != 0 && found != n_rows)
      field.at(name).wrong(fmt::format("one for each of the {} rows or none, found {}", n_rows, found));
  };
  same_length("weights", options.weights.size());
  same_length("sd", options.sd.size());
  same_length("cluster", options.cluster.size());
  return options;
}

ErrorModel errors_from(const FieldReader& field, std::size_t n_rows) {
  ErrorModel errors;
  errors.cut = field.at("cut").number_or(kInfinity);
  errors.exponent = field.at("exponent").number();
  errors.row_factors = field.at("row_factors").as<std::vector<double>>();
  errors.groups = field.at("groups").as<std::vector<std::string>>();
  if (!(errors.cut > 0)) field.at("cut").wrong("a number > 0, or null");
  for (const char* name : {"row_factors", "groups"}) {
    const std::size_t found = name == std::string_view("groups") ? errors.groups.size() : errors.row_factors.size();
    if (found != 0 && found != n_rows)
      field.at(name).wrong(fmt::format("one for each of the {} rows or none, found {}", n_rows, found));
  }
  for (const double factor : errors.row_factors)
    if (!(factor > 0) || std::isinf(factor)) field.at("row_factors").wrong("finite numbers > 0");
  return errors;
}

void read_optimum(const FieldReader& field, Fit& fit) {
  for (const FieldReader& item : field.at("coordinates").items()) {
    Coordinate c;
    c.name = item.at("name").text();
    c.logarithmic = item.at("logarithmic").boolean();
    c.log_unit = item.at("log_unit").number();
    c.lower = item.at("lower").number_or(-kInfinity);
    c.upper = item.at("upper").number_or(kInfinity);
    fit.coordinates.push_back(std::move(c));
  }
  std::vector<std::string> expected, found;
  for (const laws::Parameter& p : fit.law.parameters)
    if (!fit.fixed.contains(p.name)) expected.push_back(p.name);
  for (const Coordinate& c : fit.coordinates) found.push_back(c.name);
  if (expected != found)
    field.at("coordinates")
        .wrong(fmt::format("the free parameters {}; found {}", fmt::join(expected, ", "), fmt::join(found, ", ")));
  fit.theta = field.at("theta").as<std::vector<double>>();
  if (fit.theta.empty()) return;  // a fit that did not converge
  const std::size_t k = fit.coordinates.size();
  if (fit.theta.size() != k) field.at("theta").wrong(fmt::format("{} numbers, found {}", k, fit.theta.size()));
  for (const FieldReader& row : field.at("replicates").items()) {
    const std::vector<double> theta = row.as<std::vector<double>>();
    if (theta.size() != k) row.wrong(fmt::format("{} numbers, found {}", k, theta.size()));
    fit.replicates.insert(fit.replicates.end(), theta.begin(), theta.end());
  }
  fit.value = parameters_at(fit, fit.theta);
}

}  // namespace

namespace {

Holdout holdout_of(const FieldReader& field) {
  Holdout out;
  out.fraction = field.at("fraction").number();
  out.n_fitted = static_cast<std::size_t>(field.at("n_fitted").count());
  out.n_predicted = static_cast<std::size_t>(field.at("n_predicted").count());
  out.compute_factor = field.at("compute_factor").number_or(kNaN);
  out.mean_abs_rel_error = field.at("mean_abs_rel_error").number_or(kNaN);
  out.bias = field.at("bias").number_or(kNaN);
  return out;
}

}  // namespace

SavedFit saved_fit_from(const base::Value& value) {
  const Value* format = value.is_table() ? value.find("format") : nullptr;
  const bool first = format != nullptr && format->is_text() && format->text() == kFirstFormat;
  const bool second = format != nullptr && format->is_text() && format->text() == kSecondFormat;
  if (!first && !second && (format == nullptr || !format->is_text() || format->text() != kFormat))
    throw InputError(
        value.where(),
        fmt::format(
            "expected a fit, a table with 'format' = \"{}\"; make one with phaselaw fit TABLE.csv --law chinchilla --json fit.json",
            kFormat));
  const FieldReader root(value, kRemedy);
  SavedFit saved;
  saved.data = data_of(root.at("data"));
  Value options = root.at("options").value();
  if (first && options.is_table()) {  // format 1 had neither
    options["fix"] = root.at("fixed").value();
    options["threads"] = 1;
  }
  saved.options = options_of(root.at_value("options", options), saved.data.output.size());
  if (!is_raw(saved.options.objective))
    for (const FieldReader& item : root.at("data").at("output").items()) (void)item.as<double>(base::positive());
  Fit& fit = saved.fit;
  fit.law = law_of(root.at("form"), saved.data.columns.names, first);
  read_summary(root, fit);
  for (const auto& [name, held] : root.at("fixed").entries()) {
    if (std::none_of(fit.law.parameters.begin(), fit.law.parameters.end(),
                     [&known = name](const laws::Parameter& p) { return p.name == known; }))
      held.wrong("a parameter of the law");
    fit.fixed[name] = held.number();
  }
  saved.options.fix = fit.fixed;
  fit.objective = saved.options.objective;
  if (!first && !second && !root.at("errors").is_null())
    fit.errors = errors_from(root.at("errors"), saved.data.output.size());
  const double delta = root.at("delta").number_or(kNaN);
  if (std::isfinite(delta)) fit.delta = delta;
  fit.level = root.at("interval").at("level").number();
  fit.resamples = static_cast<int>(root.at("interval").at("resamples").number_or(0));
  const FieldReader method = root.at("interval").at("method");
  constexpr std::string_view kCluster = "cluster ";
  fit.clustered = method.text().starts_with(kCluster) || !saved.options.cluster.empty() ||
                  (fit.errors && !fit.errors->groups.empty());
  const Value word(method.text().starts_with(kCluster) ? method.text().substr(kCluster.size()) : method.text());
  fit.method = root.at("interval").at_value("method", word).as<IntervalMethod>();
  read_optimum(root.at("optimum"), fit);
  for (const std::string& name : fit.law.columns()) {
    try {
      (void)saved.data.columns.get(name);
    } catch (const InputError&) {
      root.at("data").at("columns").wrong(fmt::format("the column {}, which the law needs", name));
    }
  }
  require_agreement(root, saved);
  if (first) return saved;
  if (!root.at("holdout").is_null()) saved.holdout = holdout_of(root.at("holdout"));
  for (const FieldReader& item : root.at("backtest").items()) saved.backtest.push_back(holdout_of(item));
  return saved;
}

std::vector<SavedFit> saved_fits_from(const Value& value, const std::string& source, const std::string& law) {
  const Value* fits = value.is_table() ? value.find("fits") : nullptr;
  if (const Value* groups = value.is_table() ? value.find("groups") : nullptr; groups != nullptr && groups->is_list())
    throw InputError({source},
                     "expected one fit, found one for each group of --by; fit the rows of one group with "
                     "phaselaw fit TABLE --where COLUMN=GROUP --json FIT.json, and use that file");
  std::vector<SavedFit> all;
  std::vector<std::string> names;
  const auto take = [&](const Value& item) {
    const Value* name = item.is_table() ? item.find("law") : nullptr;
    if (name != nullptr && name->is_text()) names.push_back(name->text());
    if (law.empty() || (name != nullptr && name->is_text() && name->text() == law)) all.push_back(saved_fit_from(item));
  };
  if (fits == nullptr || !fits->is_list())
    take(value);
  else
    for (const Value& item : fits->list()) take(item);
  if (!all.empty()) return all;
  if (names.empty()) (void)saved_fit_from(value);  // throws with what it expects
  throw InputError({source}, base::unknown_name("law", law, names));
}

}  // namespace phaselaw::fitting
