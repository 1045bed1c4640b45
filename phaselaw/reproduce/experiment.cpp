// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/experiment.h"

#include <array>

#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/log.h"
#include "phaselaw/sweep/sweep.h"

namespace phaselaw::reproduce {

namespace {

constexpr std::array<std::pair<std::string_view, Preset>, 2> kPresets = {
    {{"quick", Preset::quick}, {"full", Preset::full}}};

}  // namespace

base::EnumNames<Preset> enum_names(Preset) { return kPresets; }

base::Value Context::document(const std::string& quick_toml, const std::string& full_toml,
                              const std::string& name) const {
  base::Value document =
      base::parse_toml(full() ? full_toml : quick_toml, fmt::format("preset {}, {}", base::enum_to_text(preset), name));
  if (seed) document["seed"] = *seed;
  return document;
}

StudyRuns carry_out_study(const Context& context, const std::string& name, const base::Value& document) {
  StudyRuns result;
  result.study = sweep::study_from(document);
  result.store_path = context.out / (name + ".db");
  auto store = store::Store::open_or_create(result.store_path, result.study.json, result.study.key);
  double flop = 0;
  for (const auto& point : result.study.points) flop += point.cost_flop;
  base::log_info(fmt::format("{}: {} runs, {}", name, result.study.points.size(), base::format_flop(flop)));
  (void)sweep::run_study(result.study, store, {.threads = context.threads, .title = name});
  result.runs = store.runs();
  return result;
}

base::Value kept(const Context& context, const std::string& name, const std::string& inputs,
                 const std::function<base::Value()>& measure) {
  const auto folder = context.out / "kept";
  const auto path = folder / (name + ".json");
  if (std::filesystem::exists(path)) {
    const base::Value entry = base::read_json(path);
    if (const auto* made_from = entry.find("inputs"); made_from != nullptr && made_from->text() == inputs)
      return entry.at("value");
  }
  base::Value value = measure();
  std::filesystem::create_directories(folder);
  const std::string json = base::to_json(base::Value::table({{"inputs", inputs}, {"value", std::move(value)}}));
  base::write_file(path, json + "\n");
  return base::parse_json(json, path).at("value");  // the first call returns the same form as the later ones
}

}  // namespace phaselaw::reproduce
