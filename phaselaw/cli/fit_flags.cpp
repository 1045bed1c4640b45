// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/fit_flags.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <thread>

namespace phaselaw::cli {

namespace {

std::pair<std::string, std::string> named(const char* flag, const std::string& text, const char* example) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw base::InputError({flag}, fmt::format("expected {}; found '{}'", example, text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

std::optional<double> number_or(const char* flag, const std::string& text, const std::string& word) {
  if (text == word) return {};
  const auto parse = [&](std::string_view part) {
    double value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || !std::isfinite(value))
      throw base::InputError({flag}, fmt::format("expected {}a number or a fraction such as 1/6; found '{}'",
                                                 word.empty() ? "" : word + ", ", text));
    return value;
  };
  const auto slash = text.find('/');
  if (slash == std::string::npos) return parse(text);
  const double below = parse(std::string_view(text).substr(slash + 1));
  if (below == 0) throw base::InputError({flag}, fmt::format("'{}' divides by zero", text));
  return parse(std::string_view(text).substr(0, slash)) / below;
}

std::map<std::string, double> named_values(const char* flag, const std::vector<std::string>& texts) {
  std::map<std::string, double> values;
  for (const std::string& text : texts) {
    const auto [name, number] = named(flag, text, "name=number");
    if (number.empty()) throw base::InputError({flag}, fmt::format("expected name=number; found '{}'", text));
    values[name] = *number_or(flag, number, "");
  }
  return values;
}

laws::FitOptions fit_options(const Common& common, const FitFlags& flags) {
  laws::FitOptions options;
  options.objective = verbs::objective_from(flags.objective);
  options.interval = verbs::interval_from(flags.interval);
  options.delta = flags.delta;
  options.asymmetry = flags.asymmetry;
  options.level = flags.level;
  options.resamples = flags.resamples;
  options.seed = static_cast<std::uint64_t>(common.seed.value_or(0));
  options.threads =
      common.threads > 0 ? common.threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  options.validate();
  return options;
}

verbs::FitRequest fit_request(const Common& common, const FitFlags& flags) {
  verbs::FitRequest request;
  request.law = flags.law;
  request.fit = fit_options(common, flags);
  request.weights = flags.weights;
  request.sd = flags.sd;
  request.cluster = flags.cluster;
  request.fixed = named_values("--fix", flags.fixed);
  request.holdout = flags.holdout;
  request.exponent = number_or("--exponent", flags.exponent, "free");
  request.floor_by_quantity = flags.floor == "auto";
  if (!request.floor_by_quantity) request.floor = number_or("--floor", flags.floor, "free");
  request.validate();
  return request;
}

laws::ReadOptions read_options(const FitFlags& flags) {
  laws::ReadOptions options;
  for (const auto& text : flags.columns) {
    const auto [name, column] = named("--col", text, "name=COLUMN, e.g. loss=val_loss");
    options.columns[name] = column;
  }
  if (!flags.loss.empty()) options.columns["loss"] = flags.loss;
  options.scale = named_values("--scale", flags.scale);
  options.where = flags.where;
  options.last = flags.last;
  return options;
}

}  // namespace phaselaw::cli
