// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/fitting/predict.h"

namespace phaselaw::fitting {
namespace {

SavedFit fitted(const std::string& law, IntervalMethod method, bool clustered = false) {
  SavedFit saved;
  const laws::Law form = laws::law_from(law);
  saved.data = laws::testing::exact_measurements(form, 40, 1);
  numerics::RandomStream stream(5, "fit_json", 0);
  for (double& loss : saved.data.output) loss *= std::exp(0.02 * stream.normal());
  saved.options.interval = method;
  saved.options.resamples = 30;
  saved.options.objective = Objective::l2;
  if (clustered)
    for (std::size_t i = 0; i < 40; ++i) saved.options.cluster.push_back(std::to_string(i / 4));
  saved.fit = fit_law(form, saved.data, saved.options);
  return saved;
}

SavedFit through_text(const SavedFit& saved) {
  return saved_fit_from(base::parse_json(base::to_json(to_value(saved)), "fit.json"));
}

// Every number to the last bit: the text of the copy is the text of the original, and so is what is computed from it.
TEST(FitJson, RoundTripIsExact) {
  for (const bool clustered : {false, true})
    for (const char* law : {"chinchilla", "repeated-data", "k*C^a", "power@tokens"}) {
      SavedFit saved;
      if (std::string(law) == "power@tokens" || std::string(law) == "k*C^a") {
        saved.data = fitted("chinchilla", IntervalMethod::none).data;
        saved.options.interval = IntervalMethod::sandwich;
        saved.options.fix = {{std::string(law) == "k*C^a" ? "a" : "E", 0.25}};
        saved.fit = fit_law(laws::law_from(law), saved.data, saved.options);
      } else {
        saved = fitted(law, IntervalMethod::bootstrap, clustered);
        ASSERT_FALSE(saved.fit.replicates.empty());
      }
      const SavedFit copy = through_text(saved);
      EXPECT_EQ(base::to_json(to_value(copy)), base::to_json(to_value(saved))) << law;
      EXPECT_EQ(copy.fit.theta, saved.fit.theta);
      EXPECT_EQ(copy.fit.value, saved.fit.value);
      EXPECT_EQ(copy.fit.replicates, saved.fit.replicates);
      EXPECT_EQ(copy.data.output, saved.data.output);
      EXPECT_EQ(copy.data.columns.values, saved.data.columns.values);
      EXPECT_EQ(copy.fit.fixed, saved.fit.fixed);
      EXPECT_EQ(copy.fit.clustered, saved.fit.clustered);
      const Prediction a = predict(saved.fit, saved.data, saved.options, saved.data.columns);
      const Prediction b = predict(copy.fit, copy.data, copy.options, copy.data.columns);
      EXPECT_EQ(a.lo, b.lo);
      EXPECT_EQ(a.run_hi, b.run_hi);
    }
}

// A second route to "whole": a refit from what was read ends at the same bits.
TEST(FitJson, TheFileIsEnoughToRepeatTheFit) {
  const SavedFit saved = fitted("chinchilla", IntervalMethod::bootstrap);
  const SavedFit copy = through_text(saved);
  const Fit again = fit_law(copy.fit.law, copy.data, copy.options);
  EXPECT_EQ(again.theta, saved.fit.theta);
  EXPECT_EQ(again.replicates, saved.fit.replicates);
}

std::string message_of(const std::string& text) {
  try {
    (void)saved_fit_from(base::parse_json(text, "fit.json"));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_says(const std::string& message, const std::string& part) {
  EXPECT_NE(message.find(part), std::string::npos) << message << "\nexpected: " << part;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST(FitJson, ForeignFilesAreRefused) {
  for (const char* text : {"{}", "[]", "3", "null", "\"x\"", R"({"format": 3})", R"({"format": "other"})",
                           R"({"law": "chinchilla", "parameters": {}})"})
    expect_says(message_of(text), "fit.json: expected a fit");
  expect_says(message_of(R"({"format": "phaselaw-fit-1"})"), "'data' is missing");
  expect_says(message_of("{\"law\": "), "fit.json:1:");
}

// Without any one of its fields but the options, or with any field of another kind, a file is refused with the field's
// name.
TEST(FitJson, EveryFieldIsNamedWhenMissingOrWrong) {
  const base::Value whole = to_value(fitted("chinchilla", IntervalMethod::bootstrap));
  int checked = 0;
  const auto damage = [&](const std::vector<std::string>& path, bool remove) {
    const auto rebuild = [&](auto&& self, const base::Value& value, std::size_t depth) -> base::Value {
      base::Value out = base::Value::table();
      for (const auto& [key, child] : value.entries()) {
        if (key != path[depth])
          out[key] = child;
        else if (depth + 1 < path.size())
          out[key] = self(self, child, depth + 1);
        else if (!remove)
          out[key] = child.is_bool() || child.is_table() ? base::Value(3.5) : base::Value(true);
      }
      return out;
    };
    const std::string message = message_of(base::to_json(rebuild(rebuild, whole, 0)));
    expect_says(message, path.front() == "format" ? "format" : fmt::format("{}", fmt::join(path, ".")));
    ++checked;
  };
  for (const auto& [key, child] : whole.entries()) {
    if (key == "objective" || key == "delta") continue;  // repeated in options
    for (const bool remove : {true, false}) {
      damage({key}, remove);
      if (!child.is_table() || key == "fixed") continue;
      for (const auto& [inner, grandchild] : child.entries()) {
        if ((key == "data" && inner == "columns") || key == "parameters" || key == "derived") continue;
        if (key == "options" && remove) continue;  // an option added since then has its default
        damage({key, inner}, remove);
      }
    }
  }
  EXPECT_GT(checked, 90);
}

TEST(FitJson, PartsThatDoNotFitTogether) {
  const base::Value whole = to_value(fitted("chinchilla", IntervalMethod::bootstrap));
  const auto with = [&](const std::string& path, base::Value value) {
    base::Value changed = whole;
    changed.set(path, std::move(value));
    return message_of(base::to_json(changed));
  };
  const auto list = [](std::size_t n) { return base::Value(base::Value::List(n, base::Value(1.0))); };
  expect_says(with("data.columns.tokens", list(39)), "'data.columns.tokens': expected 40 numbers");
  expect_says(with("options.weights", list(3)), "'options.weights'");
  expect_says(with("optimum.theta", list(4)), "'optimum.theta': expected 5 numbers");
  expect_says(with("form.expression", "E + A*N^-alpha"), "'form.parameters'");
  expect_says(with("form.expression", "E + "), "'form.expression'");
  expect_says(with("fixed.gamma", 3.0), "'fixed.gamma'");
  expect_says(with("fixed.alpha", 0.3), "'optimum.coordinates'");
  expect_says(with("options.objective", "hubber"), "did you mean 'huber'");
  expect_says(with("options.level", 1.0), "'options.level'");
  base::Value lost = whole;
  base::Value columns = base::Value::table();
  columns["n_params"] = whole.at("data").at("columns").at("n_params");
  lost["data"]["columns"] = columns;
  expect_says(message_of(base::to_json(lost)), "the column tokens");
}

TEST(FitJson, OneOfSeveral) {
  base::Value fits;
  fits.push_back(to_value(fitted("chinchilla", IntervalMethod::none)));
  fits.push_back(to_value(fitted("chinchilla-tied", IntervalMethod::none)));
  const base::Value document = base::Value::table({{"fits", fits}});
  EXPECT_EQ(saved_fits_from(document, "fits.json", "chinchilla-tied").front().fit.name(), "chinchilla-tied");
  const auto all = saved_fits_from(document, "fits.json");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all.front().fit.name(), "chinchilla");
  try {
    (void)saved_fits_from(document, "fits.json", "chinchila");
    FAIL();
  } catch (const base::InputError& error) {
    expect_says(error.what(), "did you mean 'chinchilla'");
  }
  EXPECT_EQ(saved_fits_from(fits.list().front(), "fit.json").size(), 1U);
  EXPECT_THROW((void)saved_fits_from(base::Value::table(), "empty.json"), base::InputError);
}

// A file of the format before: without derived quantities, held parameters and threads among the options.
TEST(FitJson, TheFirstFormatIsRead) {
  const SavedFit saved = fitted("chinchilla", IntervalMethod::bootstrap);
  base::Value old = to_value(saved);
  old["format"] = "phaselaw-fit-1";
  const auto without = [](const base::Value& table, std::initializer_list<std::string_view> names) {
    base::Value out = base::Value::table();
    for (const auto& [key, value] : table.entries())
      if (std::find(names.begin(), names.end(), key) == names.end()) out[key] = value;
    return out;
  };
  old["options"] = without(old.at("options"), {"fix", "threads"});
  old["form"] = without(old.at("form"), {"derived"});
  old = without(old, {"holdout", "backtest"});
  const SavedFit read = saved_fit_from(base::parse_json(base::to_json(old), "old.json"));
  EXPECT_EQ(read.fit.theta, saved.fit.theta);
  EXPECT_EQ(read.options.resamples, saved.options.resamples);
}

}  // namespace
}  // namespace phaselaw::fitting
