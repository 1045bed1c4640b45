// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/experiment.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/sweep/shared_data.h"
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
  // Before the store exists, so that none is left for a study that cannot run.
  std::vector<const sweep::Point*> points;
  for (const auto& point : result.study.points) points.push_back(&point);
  sweep::check_data(points);
  auto store = store::Store::open_or_create(result.store_path, result.study.json, result.study.key);
  double flop = 0;
  for (const auto& point : result.study.points) flop += point.cost_flop;
  base::log_info(fmt::format("{}: {} runs, {}", name, result.study.points.size(), base::format_flop(flop)));
  const auto summary = sweep::run_study(result.study, store, {.threads = context.threads, .title = name});
  // The runs of another process may be missing from the verdicts.
  if (summary.elsewhere > 0)
    throw base::RunError(
        fmt::format("{}: another process is doing {} of the runs; run the command again when it has ended",
                    result.store_path, summary.elsewhere));
  result.runs = store.runs();
  return result;
}

namespace {

// Whether a part of the value says that it was interrupted, as a flow does that stopped early.
bool was_interrupted(const base::Value& value) {
  if (value.is_text()) return value.text() == "interrupted";
  if (value.is_list()) return std::any_of(value.list().begin(), value.list().end(), was_interrupted);
  return value.is_table() && std::any_of(value.entries().begin(), value.entries().end(),
                                         [](const auto& entry) { return was_interrupted(entry.second); });
}

}  // namespace

base::Value kept(const Context& context, const std::string& name, const std::string& inputs,
                 const std::function<base::Value()>& measure) {
  const auto folder = context.out / "kept";
  const auto path = folder / (name + ".json");
  if (std::filesystem::exists(path)) {
    const base::Value entry = base::read_json(path);
    const auto* made_from = entry.find("inputs");
    // Older versions kept parts that an interrupt had ended.
    if (made_from != nullptr && made_from->text() == inputs && !was_interrupted(entry.at("value")))
      return entry.at("value");
  }
  base::Value value = measure();
  // What ended early is no result, whether the measurement noticed it or not.
  base::throw_if_interrupted();
  if (was_interrupted(value)) throw base::Interrupted("interrupted; everything finished so far is kept");
  std::filesystem::create_directories(folder);
  const std::string json = base::to_json(base::Value::table({{"inputs", inputs}, {"value", std::move(value)}}));
  base::write_file(path, json + "\n");
  return base::parse_json(json, path).at("value");  // the first call returns the same form as the later ones
}

}  // namespace phaselaw::reproduce
