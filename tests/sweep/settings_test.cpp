// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/settings.h"

#include <gtest/gtest.h>

#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/keys.h"
#include "phaselaw/sweep/templates.h"

namespace phaselaw {
namespace {

using base::parse_toml;
using base::Value;

sweep::Settings settings_of(const std::vector<std::string>& texts) {
  sweep::Settings settings;
  settings.read_flags(texts);
  return settings;
}

Value merged(const std::string& file, const std::vector<std::string>& texts) {
  return sweep::with_settings(parse_toml(file, "e.toml"), settings_of(texts));
}

std::string error_of(const std::string& file, const std::vector<std::string>& texts) {
  try {
    const Value document = merged(file, texts);
    document.find("grid") == nullptr ? (void)sweep::experiment_from(document) : (void)sweep::study_from(document);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_error(const std::string& file, const std::vector<std::string>& texts, const std::string& part) {
  EXPECT_NE(error_of(file, texts).find(part), std::string::npos) << error_of(file, texts);
}

TEST(Settings, ReplaceAndAddKeys) {
  const auto e = sweep::experiment_from(
      merged("[model]\nn_layers = 3\nd_hidden = 8\n",
             {"model.n_layers=4", "training.optimizer=adamw", " data.noise = 0.5 ", "seed=11", "data.path=a b=c.txt",
              "training.learning_rate=1e-3", "model.norm_gain=true", "training.microbatch=auto"}));
  EXPECT_EQ(e.model.n_layers, 4);
  EXPECT_EQ(e.model.d_hidden, 8);
  EXPECT_EQ(e.training.optimizer, training::OptimizerKind::adamw);
  EXPECT_EQ(e.data.noise, 0.5);
  EXPECT_EQ(e.seed, 11);
  EXPECT_EQ(e.data.path, "a b=c.txt");
  EXPECT_EQ(e.training.learning_rate.value, 1e-3);
  EXPECT_TRUE(e.model.norm_gain);
  EXPECT_TRUE(e.training.microbatch.is_word());
}

// The merged document is the one that a person would have written.
TEST(Settings, GiveTheDocumentOfTheEditedFile) {
  const Value edited = parse_toml("seed = 2\n[model]\nn_layers = 4\n[data]\nn_data = 9\n", "e.toml");
  const Value set = merged("seed = 1\n[model]\nn_layers = 3\n[data]\nn_data = 9\n", {"model.n_layers=4", "seed=2"});
  EXPECT_EQ(base::to_json(set), base::to_json(edited));
}

// Every key, given its default: the experiment is that of the empty file.
TEST(Settings, EveryKeyCanBeSet) {
  const Value nothing = parse_toml("seed = 0\n", "e.toml");
  const std::string resolved = base::to_json(sweep::resolved(sweep::experiment_from(nothing)));
  int tried = 0;
  for (const sweep::Key& key : sweep::all_keys()) {
    if (key.section == "ladder" || key.section == "accounting") continue;
    const std::string json = base::to_json(key.default_value, -1);
    for (const std::string& text : {json, key.default_value.is_text() ? key.default_value.text() : json}) {
      if (text.empty()) continue;
      const auto e = sweep::experiment_from(sweep::with_settings(nothing, settings_of({key.dotted() + "=" + text})));
      EXPECT_EQ(base::to_json(sweep::resolved(e)), resolved) << key.dotted() << "=" << text;
      ++tried;
    }
  }
  EXPECT_GT(tried, 150);
}

TEST(Settings, ReachTheGridHoweverItIsSpelled) {
  for (const char* spelled : {"\"data.n_data\" = [4, 8]", "data.n_data = [4, 8]"}) {
    const std::string file = std::string("[model]\nd_hidden = 8\n[grid]\n") + spelled + "\n";
    for (const char* setting : {"grid.data.n_data=[2, 4, 16]", "grid.\"data.n_data\"=[2, 4, 16]"}) {
      const auto study = sweep::study_from(merged(file, {setting, "grid.seeds=2"}));
      ASSERT_EQ(study.points.size(), 6U) << spelled << setting;
      EXPECT_EQ(study.points.back().experiment.data.n_data, 16);
    }
  }
  const std::string together = "[grid]\n\"data.n_data, model.d_hidden\" = [[4, 8], [8, 16]]\n";
  const auto study = sweep::study_from(merged(together, {"grid.\"data.n_data, model.d_hidden\"=[[2, 4]]"}));
  ASSERT_EQ(study.points.size(), 1U);
  EXPECT_EQ(study.points[0].experiment.model.d_hidden, 4);
  EXPECT_EQ(sweep::study_from(merged(together, {"grid.training.steps=[2, 3]"})).points.size(), 4U);
}

TEST(Settings, TheStudyIsStoredAsMerged) {
  const std::string file = "[model]\nd_hidden = 8\n[grid]\nseeds = 2\n";
  const auto set = sweep::study_from(merged(file, {"model.d_hidden=16"}));
  const auto edited = sweep::study_from(parse_toml("[model]\nd_hidden = 16\n[grid]\nseeds = 2\n", "s.toml"));
  EXPECT_EQ(set.key, edited.key);
  EXPECT_EQ(set.json, edited.json);
}

TEST(Settings, ErrorsNameTheFlag) {
  const std::string file = "[model]\nn_layers = 3\n";
  expect_error(file, {"model.n_layer=4"}, "--set: unknown key in [model] 'n_layer'; did you mean 'n_layers'?");
  expect_error(file, {"modle.n_layers=4"}, "--set: unknown section 'modle'; did you mean 'model'?");
  expect_error(file, {"n_layers=4"}, "--set: the key 'n_layers' needs its section; did you mean 'model.n_layers'?");
  expect_error(file, {"n_layer=4"}, "did you mean 'model.n_layers'?");
  expect_error(file, {"model.n_layers"},
               "--set: expected section.key=value, such as model.n_layers=4; found 'model.n_layers'");
  expect_error(file, {"=4"}, "--set: expected section.key=value");
  expect_error(file, {"model.n_layers="}, "--set model.n_layers: expected a value after the equals sign");
  expect_error(file, {"model.n_layers=four"}, "--set model.n_layers: expected a value of TOML");
  expect_error(file, {"model.n_layers=4\n[data]\nn_data=3"}, "--set model.n_layers: expected a value of TOML");
  expect_error(file, {"model.n_layers=0"}, "--set model.n_layers: n_layers must be >= 1; found 0");
  expect_error(file, {"model.n_layers=\"4\""}, "--set model.n_layers: n_layers: expected an integer");
  expect_error(file, {"model.n_layers=[4]"}, "--set model.n_layers: n_layers: expected an integer");
  expect_error(file, {"training.optimizer=adam"},
               "--set training.optimizer: unknown optimizer 'adam'; did you mean 'adamw'?");
  expect_error(file, {"model.n_layers=4", "model.n_layers=5"},
               "--set model.n_layers: is given twice; omit one of them");
  expect_error(file, {"model.n_heads=3", "model.n_kv_heads=2"},
               "e.toml:1:1 with --set model.n_heads, model.n_kv_heads: n_kv_heads must divide n_heads = 3");
  expect_error(file, {"data.source=text"}, "--set data.source: source = \"text\" needs path");
  expect_error(file, {"model.d_hidden=4 * d_modl"}, "--set model.d_hidden: unknown key in [model] 'd_modl'");
  expect_error(file, {"grid.=4"}, "--set: ");
  const std::string study = file + "[grid]\n\"data.n_data\" = [4, 8]\n";
  expect_error(study, {"data.n_data=4"},
               "--set data.n_data: the grid varies this key, so the value would not be used; "
               "give its values by --set 'grid.data.n_data=[...]'");
  expect_error(study, {"grid.data.n_dat=[4]"}, "--set grid.data.n_dat: unknown key in [data] 'n_dat'");
  expect_error(study, {"grid.seeds=0"}, "--set grid.seeds: grid.seeds must be >= 1; found 0");
  expect_error(file, {"grid.data.n_data=[]"},
               "--set grid.data.n_data: grid key 'data.n_data': expected a list with at least one value");
}

TEST(Settings, AnExpressionNeedsNoQuotationMarks) {
  const auto e = sweep::experiment_from(merged("[model]\nd_model = 8\n", {"model.d_hidden=4 * d_model"}));
  EXPECT_EQ(e.model.d_hidden, 32);
  EXPECT_EQ(sweep::experiment_from(merged("[model]\nd_model = 8\n", {"model.d_hidden=\"4 * d_model\""})).model.d_hidden,
            32);
  EXPECT_EQ(sweep::experiment_from(merged("[model]\nd_model = 8\n", {"model.d_hidden=d_model"})).model.d_hidden, 8);
}

TEST(Templates, AreValidAndSayWhatEachKeyIs) {
  std::size_t experiments = 0;
  for (const auto& one : sweep::all_templates()) {
    EXPECT_NE(one.command.find("{}"), std::string::npos) << one.name;
    if (!one.file.ends_with(".toml")) continue;
    const Value document = parse_toml(one.text, one.file);
    EXPECT_NO_THROW(document.find("grid") == nullptr ? (void)sweep::experiment_from(document)
                                                     : (void)sweep::study_from(document))
        << one.text;
    ++experiments;
    // Every key stands below its meaning.
    std::size_t described = 0;
    for (const auto& [section, table] : document.entries()) {
      if (section == "seed" || section == "grid") continue;
      for (const auto& [name, value] : table.entries()) {
        const sweep::Key* key = sweep::find_key(section, name);
        ASSERT_NE(key, nullptr) << section << name;
        const std::string start = "# " + key->help.substr(0, 20);
        EXPECT_NE(one.text.find(start), std::string::npos) << start << one.text;
        ++described;
      }
    }
    EXPECT_GE(described, 5U) << one.name;
  }
  EXPECT_EQ(experiments, 7U);
}

}  // namespace
}  // namespace phaselaw
