// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file_check.h"

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit_file.h"

// Fit files that contradict themselves are refused with the field; files that the program wrote, also with fewer digits,
// are not.
namespace phaselaw::fitting {
namespace {

SavedFit fitted(const std::string& law, const FitOptions& options) {
  SavedFit saved;
  const laws::Law form = laws::law_from(law);
  saved.data = laws::testing::exact_measurements(form, 40, 1);
  numerics::RandomStream stream(7, "fit_file_check", 0);
  for (double& loss : saved.data.output) loss *= std::exp(0.02 * stream.normal());
  saved.options = options;
  saved.fit = fit_law(form, saved.data, saved.options);
  return saved;
}

std::string message_of(const base::Value& file) {
  try {
    (void)saved_fit_from(base::parse_json(base::to_json(file), "fit.json"));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "accepted";
}

// The file with each of its numbers rounded to `digits`.
base::Value rounded(const base::Value& value, int digits) {
  if (value.is_number() && !value.is_integer()) return std::stod(fmt::format("{:.{}g}", value.number(), digits));
  if (value.is_list()) {
    base::Value list{base::Value::List{}};
    for (const base::Value& item : value.list()) list.push_back(rounded(item, digits));
    return list;
  }
  if (!value.is_table()) return value;
  base::Value table = base::Value::table();
  for (const auto& [key, item] : value.entries()) table[key] = rounded(item, digits);
  return table;
}

std::vector<FitOptions> all_options() {
  std::vector<FitOptions> all;
  for (const Objective objective :
       {Objective::huber, Objective::l1, Objective::l2, Objective::l2_raw, Objective::asymmetric})
    for (const IntervalMethod interval : {IntervalMethod::none, IntervalMethod::profile, IntervalMethod::sandwich,
                                          IntervalMethod::bootstrap, IntervalMethod::bca}) {
      if (interval == IntervalMethod::profile && objective == Objective::l1) continue;
      FitOptions options;
      options.objective = objective;
      options.interval = interval;
      options.resamples = 20;
      all.push_back(options);
    }
  FitOptions weighted = all.front();
  for (int i = 0; i < 40; ++i) weighted.weights.push_back(1 + i % 3);
  all.push_back(weighted);
  FitOptions errors = all.front();
  for (int i = 0; i < 40; ++i) errors.sd.push_back(0.01 * (1 + i % 4));
  errors.objective = Objective::l2;
  all.push_back(errors);
  FitOptions clustered = all.front();
  clustered.interval = IntervalMethod::bootstrap;
  for (int i = 0; i < 40; ++i) clustered.cluster.push_back(std::to_string(i / 4));
  all.push_back(clustered);
  FitOptions held = all.front();
  held.fix = {{"E", 1.5}};
  all.push_back(held);
  return all;
}

TEST(FitFileCheck, WhatTheProgramWritesIsAccepted) {
  for (const FitOptions& options : all_options())
    for (const char* law : {"chinchilla", "kaplan"}) {
      if (options.fix.contains("E") && std::string(law) == "kaplan") continue;
      const SavedFit saved = fitted(law, options);
      const base::Value file = to_value(saved);
      const std::string which =
          fmt::format("{} {} {}", law, base::enum_name(options.objective), base::enum_name(options.interval));
      EXPECT_EQ(message_of(file), "accepted") << which;
      EXPECT_EQ(message_of(rounded(file, 12)), "accepted") << which << ", rounded";
    }
}

// The numbers for people alone with fewer digits, as an editor may leave them.
TEST(FitFileCheck, RoundedParametersAreAccepted) {
  FitOptions options;
  options.interval = IntervalMethod::profile;
  const base::Value file = to_value(fitted("chinchilla", options));
  base::Value shown = file;
  shown["parameters"] = rounded(file.at("parameters"), 6);
  shown["derived"] = rounded(file.at("derived"), 6);
  shown["residual_scale"] = rounded(file.at("residual_scale"), 6);
  EXPECT_EQ(message_of(shown), "accepted");
  shown["parameters"] = rounded(file.at("parameters"), 2);
  EXPECT_NE(message_of(shown).find("parameters."), std::string::npos);
}

class EditedFile : public ::testing::Test {
 protected:
  static base::Value with(base::Value file, const std::string& path, base::Value value) {
    file.set(path, std::move(value));
    return file;
  }
  static base::Value without(const base::Value& file, const std::string& table, const std::string& name) {
    base::Value out = file;
    base::Value kept = base::Value::table();
    for (const auto& [key, value] : file.at(table).entries())
      if (key != name) kept[key] = value;
    out[table] = kept;
    return out;
  }
  static void expect_names(const base::Value& file, const std::string& field) {
    const std::string message = message_of(file);
    EXPECT_NE(message.find("'" + field), std::string::npos) << message << "\nexpected: " << field;
    EXPECT_NE(message.find("write the file again"), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
  static const base::Value& profiled() {
    static const base::Value file = [] {
      FitOptions options;
      options.interval = IntervalMethod::profile;
      options.objective = Objective::l2;
      return to_value(fitted("chinchilla", options));
    }();
    return file;
  }
  static const base::Value& resampled() {
    static const base::Value file = [] {
      FitOptions options;
      options.interval = IntervalMethod::bootstrap;
      options.resamples = 50;
      options.objective = Objective::l2;
      return to_value(fitted("chinchilla", options));
    }();
    return file;
  }
};

TEST_F(EditedFile, ParametersOutsideTheirDomains) {
  for (const char* name : {"A", "B", "alpha", "beta"})
    for (const double value : {-1.0, 0.0, 1e308, 1e-300})
      expect_names(with(profiled(), fmt::format("parameters.{}.value", name), value),
                   fmt::format("parameters.{}.value", name));
  expect_names(with(profiled(), "parameters.E.value", -0.5), "parameters.E.value");
  expect_names(with(profiled(), "parameters.alpha.value", base::Value()), "parameters.alpha.value");
}

TEST_F(EditedFile, ParametersThatAreMissingOrUnknown) {
  for (const char* name : {"E", "A", "B", "alpha", "beta"})
    expect_names(without(profiled(), "parameters", name), fmt::format("parameters.{}", name));
  expect_names(with(profiled(), "parameters.gamma", profiled().at("parameters").at("beta")), "parameters.gamma");
  for (const auto& [name, value] : profiled().at("derived").entries())
    expect_names(without(profiled(), "derived", name), "derived." + name);
}

// Any stated number that differs in the fifth digit from what the rest of the file gives.
TEST_F(EditedFile, NumbersThatContradictTheRest) {
  for (const base::Value* file : {&profiled(), &resampled()}) {
    for (const char* table : {"parameters", "derived"})
      for (const auto& [name, estimate] : file->at(table).entries())
        for (const double factor : {1.0001, 0.9999, 2.0}) {
          const std::string field = fmt::format("{}.{}.value", table, name);
          if (estimate.at("value").number() == 0) continue;
          expect_names(with(*file, field, factor * estimate.at("value").number()), field);
        }
    expect_names(with(*file, "objective_value", 1.01 * file->at("objective_value").number()), "objective_value");
    expect_names(with(*file, "residual_scale", 1.01 * file->at("residual_scale").number()), "residual_scale");
    expect_names(with(*file, "n_points", 41), "n_points");
  }
}

// Both statements of a parameter changed alike: the rows then contradict it, or no search would have gone there.
TEST_F(EditedFile, ParametersThatTheRowsContradict) {
  const base::Value& file = profiled();
  const auto& coordinates = file.at("optimum").at("coordinates").list();
  for (std::size_t j = 0; j < coordinates.size(); ++j) {
    if (!coordinates[j].at("logarithmic").boolean()) continue;
    for (const double shift : {0.1, -0.1, 709.0}) {
      base::Value theta{base::Value::List{}};
      for (std::size_t i = 0; i < coordinates.size(); ++i)
        theta.push_back(file.at("optimum").at("theta").list()[i].number() + (i == j ? shift : 0));
      const std::string name = coordinates[j].at("name").text();
      base::Value changed = with(file, "optimum.theta", theta);
      changed.set(fmt::format("parameters.{}", name), base::Value::table({{"value", std::exp(theta.list()[j].number())},
                                                                          {"lo", base::Value()},
                                                                          {"hi", base::Value()},
                                                                          {"identified", false}}));
      const std::string message = message_of(changed);
      EXPECT_NE(message, "accepted") << name << " " << shift;
      EXPECT_TRUE(message.find("residual_scale") != std::string::npos ||
                  message.find("optimum.theta[") != std::string::npos || message.find("finite") != std::string::npos)
          << message;
    }
  }
  base::Value rows = file;
  base::Value::List output = file.at("data").at("output").list();
  output[3] = 1.2 * output[3].number();
  rows["data"]["output"] = base::Value(output);
  expect_names(rows, "residual_scale");
}

TEST_F(EditedFile, IntervalsThatDoNotContainTheEstimate) {
  const base::Value& estimate = profiled().at("parameters").at("alpha");
  const double value = estimate.at("value").number(), lo = estimate.at("lo").number(), hi = estimate.at("hi").number();
  expect_names(with(profiled(), "parameters.alpha.lo", value + 0.1 * (hi - value)), "parameters.alpha.lo");
  expect_names(with(profiled(), "parameters.alpha.hi", value - 0.1 * (value - lo)), "parameters.alpha.hi");
  expect_names(with(profiled(), "parameters.alpha.lo", hi + 1), "parameters.alpha.lo");
  EXPECT_EQ(message_of(with(profiled(), "parameters.alpha.hi", base::Value())), "accepted");
  // Percentiles of refits lie between the refits.
  const double most = resampled().at("parameters").at("alpha").at("hi").number();
  expect_names(with(resampled(), "parameters.alpha.hi", 10 * most), "parameters.alpha.hi");
  expect_names(with(resampled(), "parameters.alpha.lo", 1e-6), "parameters.alpha.lo");
  expect_names(with(resampled(), "parameters.alpha.lo", 10 * most), "parameters.alpha.lo");
}

TEST_F(EditedFile, HeldParametersAreThoseThatAreHeld) {
  FitOptions options;
  options.interval = IntervalMethod::none;
  options.fix = {{"E", 1.5}};
  const base::Value file = to_value(fitted("chinchilla", options));
  EXPECT_EQ(message_of(file), "accepted");
  expect_names(with(file, "parameters.E.value", 1.6), "parameters.E.value");
  expect_names(with(file, "fixed.E", 1.6), "parameters.E.value");
  expect_names(with(file, "parameters.alpha.fixed", true), "parameters.alpha");
}

}  // namespace
}  // namespace phaselaw::fitting
