// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/laws/fit_json.h"

// Reading FIT.json: every field is named by its path ("optimum.theta") in errors.
namespace phaselaw::laws {

namespace {

using base::InputError;
using base::Value;

constexpr const char* kFormat = "phaselaw-fit-1";
using base::kInfinity;
using base::kNaN;

// A value and the path that led to it.
class Field {
 public:
  Field(const Value& value, std::string path, base::Location where)
      : value_(value), path_(std::move(path)), where_(std::move(where)) {}

  [[noreturn]] void wrong(const std::string& expected) const {
    throw InputError(
        where_, fmt::format("field '{}': expected {}; write the file again with phaselaw fit --json", path_, expected));
  }
  [[noreturn]] void wrong_kind(const std::string& expected) const {
    wrong(fmt::format("{}, found {}", expected, value_.kind()));
  }
  [[nodiscard]] Field at(std::string_view key) const {
    const std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
    if (!value_.is_table()) wrong_kind("a table");
    const Value* found = value_.find(key);
    if (found == nullptr)
      throw InputError(where_, fmt::format("the field '{}' is missing: not a whole fit of this program; write the file "
                                           "again with phaselaw fit --json",
                                           path));
    return {*found, path, where_};
  }
  [[nodiscard]] std::vector<Field> items() const {
    if (!value_.is_list()) wrong_kind("a list");
    std::vector<Field> out;
    for (std::size_t i = 0; i < value_.list().size(); ++i)
      out.emplace_back(value_.list()[i], fmt::format("{}[{}]", path_, i), where_);
    return out;
  }
  [[nodiscard]] std::vector<std::pair<std::string, Field>> entries() const {
    if (!value_.is_table()) wrong_kind("a table");
    std::vector<std::pair<std::string, Field>> out;
    for (const auto& [key, child] : value_.entries())
      out.emplace_back(key, Field(child, fmt::format("{}.{}", path_, key), where_));
    return out;
  }
  [[nodiscard]] bool is_null() const { return value_.is_null(); }
  [[nodiscard]] double number() const {
    if (!value_.is_number()) wrong_kind("a number");
    return value_.number();
  }
  [[nodiscard]] double number_or(double unknown) const { return is_null() ? unknown : number(); }
  [[nodiscard]] double positive() const {
    const double x = number();
    if (!(x > 0)) wrong_kind("a number > 0");
    return x;
  }
  [[nodiscard]] std::optional<double> maybe() const {
    return is_null() ? std::nullopt : std::optional<double>(number());
  }
  [[nodiscard]] std::int64_t count() const {
    if (!value_.is_whole_number() || value_.integer() < 0) wrong_kind("a whole number >= 0");
    return value_.integer();
  }
  [[nodiscard]] int small_count() const {
    const std::int64_t n = count();
    if (n > std::numeric_limits<int>::max()) wrong_kind("a smaller number");
    return static_cast<int>(n);
  }
  [[nodiscard]] bool boolean() const {
    if (!value_.is_bool()) wrong_kind("true or false");
    return value_.boolean();
  }
  [[nodiscard]] const std::string& text() const {
    if (!value_.is_text()) wrong_kind("a text");
    return value_.text();
  }
  [[nodiscard]] std::vector<double> numbers() const {
    std::vector<double> out;
    for (const Field& item : items()) out.push_back(item.number());
    return out;
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Field& item : items()) out.push_back(item.text());
    return out;
  }
  template <class E>
  [[nodiscard]] E choice(std::initializer_list<E> values) const {
    std::vector<std::string> known;
    for (const E value : values) {
      known.emplace_back(to_string(value));
      if (known.back() == text()) return value;
    }
    throw InputError(where_, fmt::format("field '{}': {}", path_, base::unknown_name("word", text(), known)));
  }
  [[nodiscard]] const base::Location& where() const { return where_; }

 private:
  const Value& value_;
  std::string path_;
  base::Location where_;
};

Objective objective_of(const Field& field) {
  return field.choice(
      {Objective::huber, Objective::l1, Objective::l2, Objective::l2_raw, Objective::l1_raw, Objective::asymmetric});
}
IntervalMethod method_of(const Field& field) {
  return field.choice({IntervalMethod::none, IntervalMethod::automatic, IntervalMethod::bootstrap, IntervalMethod::bca,
                       IntervalMethod::profile, IntervalMethod::sandwich});
}

Law law_of(const Field& form, const std::vector<std::string>& columns) {
  Law law;
  law.name = form.at("name").text();
  law.help = form.at("help").text();
  law.source = form.at("source").text();
  law.output = form.at("output").text();
  law.nested = form.at("nested").text();
  law.expression = Expression::parse(form.at("expression").text(), columns,
                                     fmt::format("{}: field 'form.expression'", base::to_string(form.where())));
  for (const Field& item : form.at("parameters").items()) {
    Parameter p;
    p.name = item.at("name").text();
    p.domain =
        item.at("domain").choice({ParameterDomain::positive, ParameterDomain::non_negative, ParameterDomain::real});
    p.unit = item.at("unit").text();
    p.meaning = item.at("meaning").text();
    p.low = item.at("low").number();
    p.high = item.at("high").number();
    law.parameters.push_back(std::move(p));
  }
  const std::vector<std::string>& names = law.expression.parameters();
  const bool same = names.size() == law.parameters.size() &&
                    std::equal(names.begin(), names.end(), law.parameters.begin(),
                               [](const std::string& name, const Parameter& p) { return name == p.name; });
  if (!same) form.at("parameters").wrong(fmt::format("the expression's own: {}", fmt::join(names, ", ")));
  return law;
}

std::vector<Estimate> estimates_of(const Field& table) {
  std::vector<Estimate> list;
  for (const auto& [name, field] : table.entries()) {
    Estimate estimate;
    estimate.name = name;
    estimate.value = field.at("value").number_or(kNaN);
    estimate.lo = field.at("lo").maybe();
    estimate.hi = field.at("hi").maybe();
    estimate.identified = field.at("identified").boolean();
    for (const auto& [key, flag] : field.entries())
      if (key == "fixed") estimate.fixed = flag.boolean();
    list.push_back(std::move(estimate));
  }
  return list;
}

void read_summary(const Field& root, LawFit& fit) {
  fit.law = root.at("law").text();
  fit.formula = root.at("formula").text();
  fit.n_points = static_cast<std::size_t>(root.at("n_points").count());
  fit.objective_value = root.at("objective_value").number_or(0);
  fit.parameters = estimates_of(root.at("parameters"));
  fit.derived = estimates_of(root.at("derived"));
  const Field convergence = root.at("convergence");
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
  fit.warnings = root.at("warnings").texts();
  fit.seconds = root.at("seconds").number_or(kNaN);
}

Measurements data_of(const Field& field) {
  Measurements data;
  for (const Field& item : field.at("output").items()) data.output.push_back(item.positive());
  if (data.output.empty()) field.at("output").wrong("rows, found none");
  for (const auto& [name, column] : field.at("columns").entries()) {
    std::vector<double> values;
    for (const Field& item : column.items()) values.push_back(item.number_or(kNaN));
    if (values.size() != data.output.size())
      column.wrong(fmt::format("{} numbers, as in data.output; found {}", data.output.size(), values.size()));
    if (data.columns.has(name)) column.wrong("one column of that name, found two");
    data.columns.add(name, std::move(values));
  }
  return data;
}

FitOptions options_of(const Field& field, std::size_t n_rows) {
  FitOptions options;
  options.objective = objective_of(field.at("objective"));
  options.delta = field.at("delta").positive();
  options.interval = method_of(field.at("interval"));
  options.level = field.at("level").positive();
  if (!(options.level < 1)) field.at("level").wrong_kind("a number in (0, 1)");
  options.resamples = field.at("resamples").small_count();
  options.seed = static_cast<std::uint64_t>(field.at("seed").count());
  options.asymmetry = field.at("asymmetry").positive();
  options.weights = field.at("weights").numbers();
  options.sd = field.at("sd").numbers();
  options.cluster = field.at("cluster").texts();
  const auto same_length = [&](const char* name, std::size_t found) {
    if (found != 0 && found != n_rows)
      field.at(name).wrong(fmt::format("one for each of the {} rows or none, found {}", n_rows, found));
  };
  same_length("weights", options.weights.size());
  same_length("sd", options.sd.size());
  same_length("cluster", options.cluster.size());
  return options;
}

void read_optimum(const Field& field, LawFit& fit) {
  for (const Field& item : field.at("coordinates").items()) {
    Coordinate c;
    c.name = item.at("name").text();
    c.logarithmic = item.at("logarithmic").boolean();
    c.log_unit = item.at("log_unit").number();
    c.lower = item.at("lower").number_or(-kInfinity);
    c.upper = item.at("upper").number_or(kInfinity);
    fit.coordinates.push_back(std::move(c));
  }
  std::vector<std::string> expected, found;
  for (const Parameter& p : fit.form.parameters)
    if (!fit.fixed.contains(p.name)) expected.push_back(p.name);
  for (const Coordinate& c : fit.coordinates) found.push_back(c.name);
  if (expected != found)
    field.at("coordinates")
        .wrong(fmt::format("the free parameters {}; found {}", fmt::join(expected, ", "), fmt::join(found, ", ")));
  fit.theta = field.at("theta").numbers();
  if (fit.theta.empty()) return;  // a fit that did not converge
  const std::size_t k = fit.coordinates.size();
  if (fit.theta.size() != k) field.at("theta").wrong(fmt::format("{} numbers, found {}", k, fit.theta.size()));
  for (const Field& row : field.at("replicates").items()) {
    const std::vector<double> theta = row.numbers();
    if (theta.size() != k) row.wrong(fmt::format("{} numbers, found {}", k, theta.size()));
    fit.replicates.insert(fit.replicates.end(), theta.begin(), theta.end());
  }
  fit.value = parameters_at(fit, fit.theta);
}

}  // namespace

SavedFit saved_fit_from(const base::Value& value) {
  const Field root(value, "", value.where());
  if (!value.is_table() || value.find("format") == nullptr || !value.at("format").is_text() ||
      value.at("format").text() != kFormat)
    throw InputError(value.where(), fmt::format("expected a fit, a table whose field 'format' is \"{}\"; make one with "
                                                "phaselaw fit TABLE.csv --law chinchilla --json fit.json",
                                                kFormat));
  SavedFit saved;
  saved.data = data_of(root.at("data"));
  saved.options.fit = options_of(root.at("options"), saved.data.output.size());
  LawFit& fit = saved.fit;
  fit.form = law_of(root.at("form"), saved.data.columns.names);
  read_summary(root, fit);
  for (const auto& [name, held] : root.at("fixed").entries()) {
    if (std::none_of(fit.form.parameters.begin(), fit.form.parameters.end(),
                     [&known = name](const Parameter& p) { return p.name == known; }))
      held.wrong("a parameter of the law");
    fit.fixed[name] = held.number();
  }
  saved.options.fixed = fit.fixed;
  fit.objective = saved.options.fit.objective;
  fit.delta = saved.options.fit.delta;
  fit.clustered = !saved.options.fit.cluster.empty();
  fit.level = root.at("interval").at("level").number();
  fit.resamples = static_cast<int>(root.at("interval").at("resamples").number_or(0));
  std::string method = root.at("interval").at("method").text();
  constexpr std::string_view kCluster = "cluster ";
  if (method.starts_with(kCluster)) method.erase(0, kCluster.size());
  const Value word(method);
  fit.method = method_of(Field(word, "interval.method", root.where()));
  read_optimum(root.at("optimum"), fit);
  for (const std::string& name : fit.form.columns()) {
    try {
      (void)saved.data.columns.get(name);
    } catch (const InputError&) {
      root.at("data").at("columns").wrong(fmt::format("the column {}, which the law needs", name));
    }
  }
  return saved;
}

SavedFit read_fit(const std::string& path, const std::string& law) {
  return choose_fit(base::read_json(path), path, law);
}

SavedFit choose_fit(const Value& value, const std::string& path, const std::string& law) {
  const Value* fits = value.is_table() ? value.find("fits") : nullptr;
  if (fits == nullptr || !fits->is_list()) {
    SavedFit saved = saved_fit_from(value);
    if (!law.empty() && law != saved.fit.law) throw InputError({path}, base::unknown_name("law", law, {saved.fit.law}));
    return saved;
  }
  std::vector<std::string> names;
  for (const Value& item : fits->list()) {
    const Value* name = item.is_table() ? item.find("law") : nullptr;
    if (name == nullptr || !name->is_text()) continue;
    names.push_back(name->text());
    if (names.back() == law) return saved_fit_from(item);
  }
  if (law.empty())
    throw InputError({path},
                     fmt::format("holds {} fits; choose one with --law: {}", names.size(), fmt::join(names, ", ")));
  throw InputError({path}, base::unknown_name("law", law, names));
}

}  // namespace phaselaw::laws
