// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_fit.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/laws/identify.h"
#include "phaselaw/laws/law_data.h"
#include "phaselaw/laws/law_form.h"

namespace phaselaw::laws {

namespace {

template <class T>
std::vector<T> picked(const std::vector<T>& values, std::span<const std::size_t> chosen) {
  std::vector<T> out;
  if (!values.empty())
    for (const std::size_t row : chosen) out.push_back(values[row]);
  return out;
}

// The optimum of the simpler law that this one contains, as a start.
void add_nested_start(const Law& law, const Measurements& data, const LawOptions& options,
                      std::vector<std::map<std::string, double>>& starts) {
  if (law.nested.empty()) return;
  const Law simpler = law_from(law.nested, data.columns.names);
  LawOptions quick = options;
  quick.fit.interval = IntervalMethod::none;
  quick.starts.clear();
  quick.fixed.clear();
  for (const Parameter& parameter : simpler.parameters)
    if (const auto at = options.fixed.find(parameter.name); at != options.fixed.end()) quick.fixed.insert(*at);
  if (quick.fixed.size() == simpler.parameters.size()) return;
  const LawFit fit = fit_law(simpler, data, quick);
  if (fit.value.empty()) return;
  std::map<std::string, double>& start = starts.emplace_back();
  for (std::size_t p = 0; p < fit.value.size(); ++p) start[simpler.parameters[p].name] = fit.value[p];
}

}  // namespace

Measurements Measurements::rows(std::span<const std::size_t> chosen) const {
  return {columns.rows(chosen), picked(output, chosen)};
}

LawOptions LawOptions::rows(std::span<const std::size_t> chosen) const {
  LawOptions out = *this;
  out.fit.weights = picked(fit.weights, chosen);
  out.fit.sd = picked(fit.sd, chosen);
  out.fit.cluster = picked(fit.cluster, chosen);
  return out;
}

LogData checked_log_data(const Law& law, const Measurements& data) {
  const std::size_t n = data.columns.n_rows();
  if (data.output.size() != n)
    throw base::InputError(
        fmt::format("expected a {} for each of the {} rows, found {}", law.output, n, data.output.size()));
  if (n == 0) throw base::InputError("expected rows of measurements, found none");
  for (const std::string& name : law.columns()) {
    const std::vector<double> column = data.columns.get(name);
    for (std::size_t i = 0; i < n; ++i)
      if (!(column[i] >= 0) || std::isinf(column[i]))
        throw base::InputError(
            fmt::format("row {}: expected {} to be a finite number >= 0, found {}", i + 1, name, column[i]));
  }
  LogData log_data;
  log_data.n_inputs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!(data.output[i] > 0) || std::isinf(data.output[i]))
      throw base::InputError(
          fmt::format("row {}: expected a positive finite {}, found {}", i + 1, law.output, data.output[i]));
    log_data.log_loss.push_back(std::log(data.output[i]));
  }
  return log_data;
}

LawFit fit_law(const Law& law, const Measurements& data, const LawOptions& options) {
  const auto begin = base::Clock::now();
  const LogData log_data = checked_log_data(law, data);
  std::vector<std::map<std::string, double>> starts = options.starts;
  add_nested_start(law, data, options, starts);
  const LawForm form(law, data.columns, log_data, options.fixed, std::move(starts));
  LawFit fit{fit_form(form, log_data, options.fit), law, options.fixed, {}};
  if (!fit.theta.empty()) {
    fit.value = form.parameters(fit.theta);
    for (const auto& [name, value] : options.fixed) fit.parameters.push_back({name, value, value, value, true, true});
    judge_identifiability(form, log_data, data.columns, options.fit, fit);
  }
  fit.seconds = base::seconds_since(begin);
  return fit;
}

std::vector<double> parameters_at(const LawFit& fit, std::span<const double> theta) {
  std::vector<double> all;
  std::size_t j = 0;
  for (const Parameter& parameter : fit.form.parameters) {
    const auto fixed = fit.fixed.find(parameter.name);
    all.push_back(fixed != fit.fixed.end() ? fixed->second : fit.coordinates[j].parameter(theta[j]));
    if (fixed == fit.fixed.end()) ++j;
  }
  return all;
}

}  // namespace phaselaw::laws
