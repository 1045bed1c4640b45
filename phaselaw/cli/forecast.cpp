// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/advice/forecast/forecast_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw forecast CURVE... --to STEP: the final loss of a running or planned run.
namespace phaselaw::cli {

namespace {

struct ForecastFlags {
  std::vector<std::string> files, history;
  std::string ladder, new_register, check, out;
  advice::ForecastRequest request;
};

// A FIT.json, or a table of smaller runs.
void read_ladder(ForecastFlags& flags, advice::ForecastInputs& inputs) {
  if (flags.ladder.empty()) return;
  inputs.ladder_source = flags.ladder;
  if (std::filesystem::path(flags.ladder).extension() == ".json") {
    base::Value value = base::read_json(flags.ladder);
    if (advice::is_fit(value)) {
      inputs.ladder_fit = std::move(value);
      return;
    }
  }
  inputs.ladder_table = verbs::read_input({flags.ladder}, flags.request.read);
}

void run_check(const Common& common, ForecastFlags& flags) {
  const advice::RegisteredForecast registered = advice::registered_from(base::read_json(flags.check), flags.check);
  std::vector<std::string> paths = flags.files.empty() ? registered.paths : flags.files;
  if (paths.empty())
    throw base::InputError({"--check"},
                           fmt::format("{} was made before the run had a curve; name the curve, such as phaselaw "
                                       "forecast run.csv --check {}",
                                       flags.check, flags.check));
  const advice::ForecastCheck found =
      advice::check(flags.request, registered, verbs::read_inputs(paths, flags.request.read, true));
  base::Value json = advice::to_value(found);
  json["made_by"] = made_by(common);
  emit_json(common, json);
  if (common.json != "-") show("{}", advice::check_text(found));
}

void run_forecast(const Common& common, ForecastFlags& flags) {
  require_outputs(common);
  flags.request.options.validate();
  if (!flags.check.empty()) {
    if (!flags.new_register.empty())
      throw base::InputError({"--register"}, "cannot be used with --check; make the new forecast by itself");
    return run_check(common, flags);
  }
  if (!flags.new_register.empty()) advice::require_new_register(flags.new_register, "--register");
  if (!flags.out.empty()) base::require_writable_directory(flags.out, "--out");
  advice::ForecastInputs inputs;
  inputs.sources = flags.files;
  if (!flags.files.empty()) inputs.curves = verbs::read_inputs(flags.files, flags.request.read, true);
  if (!flags.history.empty()) inputs.history = verbs::read_inputs(flags.history, flags.request.read, true);
  read_ladder(flags, inputs);
  const advice::ForecastAnswer answer = advice::forecast(flags.request, std::move(inputs));
  if (!flags.new_register.empty()) advice::write_register(answer, flags.new_register, "--register");
  write_answer(common, flags.out, "forecast.json", answer.json, [&] { return advice::forecast_page(answer); });
  if (common.json == "-") return;
  show("{}", advice::forecast_text(answer.forecasts));
  if (!flags.new_register.empty()) show("\nregistered in {}\n", flags.new_register);
  if (!flags.out.empty()) show("\n{}/report.html  forecast.json\n", flags.out);
}

}  // namespace

void add_forecast(Program& program) {
  auto flags = std::make_shared<ForecastFlags>();
  add_verb(program, "forecast", "forecast the final loss of a running or planned run, with its interval",
           "phaselaw forecast run.csv --to 10000 --decay linear --decay-from 0.8",
           [&program, flags] { run_forecast(program.common, *flags); })
      .optional_positional(
          "curves", flags->files,
          "curves so far: files, - or a folder with a loss and step, tokens or compute; none for a planned run")
      .option("--history", flags->history,
              "curves of complete earlier runs of the same or a similar recipe; may be repeated")
      .option("--ladder", flags->ladder,
              "smaller runs as a table, or their law as FIT.json, for --n-params and --tokens")
      .fields(flags->request)
      .option("--register", flags->new_register, "new file for the forecast with its date and the hash of its inputs")
      .option("--check", flags->check, "compare the forecast in this file with what happened since")
      .option("--out", flags->out, "directory for report.html and forecast.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf);
}

}  // namespace phaselaw::cli
