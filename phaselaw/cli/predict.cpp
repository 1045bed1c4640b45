// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <filesystem>
#include <memory>

#include "phaselaw/analysis/predict.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/format.h"

// phaselaw predict EXP.toml --out DIR: the learning curve from the kernel, without training.
namespace phaselaw::cli {

namespace {

struct PredictFlags {
  std::string experiment, out, n_data;
  int subsets = 4, folds = 0, resamples = 200, replicates = 2;
  bool check = false;
};

std::vector<std::int64_t> sizes_of(const std::string& text) {
  std::vector<std::int64_t> sizes;
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc() || (stop != end && *stop != ','))
      throw base::InputError({"--n-data"}, fmt::format("expected sizes such as 8,16,32; found '{}'", text));
    sizes.push_back(value);
    at = stop + 1;
  }
  return sizes;
}

void run_predict(const Common& common, const PredictFlags& flags) {
  auto e = sweep::experiment_from(base::read_toml(flags.experiment));
  if (common.seed) e.seed = *common.seed;
  analysis::PredictOptions options;
  options.n_data = analysis::predicted_sizes(e.data.n_data, sizes_of(flags.n_data));
  options.subsets = flags.subsets;
  options.folds = flags.folds;
  options.resamples = flags.resamples;
  options.check = flags.check;
  options.replicates = flags.replicates;
  options.threads = common.threads;
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  const analysis::Setting setting(e);
  base::log_info(setting.split.description);
  const auto prediction = analysis::predict(setting, options);
  for (const auto& warning : prediction.warnings) base::log_warning(warning);

  const std::filesystem::path folder(flags.out);
  base::write_file(folder / "predicted.csv", analysis::predicted_csv(prediction));
  write_results(common, flags.out, "predict.json", analysis::to_value(setting, prediction),
                analysis::predict_page(setting, prediction));
  if (common.json == "-") return;
  std::vector<std::vector<std::string>> rows = {{"n", "predicted test loss", "trained"}};
  const auto& surface = prediction.surfaces.front();
  const auto last = static_cast<numerics::Index>(prediction.times.size()) - 1;
  for (std::size_t i = 0; i < surface.n_data.size(); ++i) {
    const auto row = static_cast<numerics::Index>(i);
    const auto* run = prediction.check ? &prediction.check->runs[i] : nullptr;
    rows.push_back({std::to_string(surface.n_data[i]),
                    report::format_value(surface.risk(row, last), surface.lo(row, last), surface.hi(row, last)),
                    run == nullptr || run->measured.empty() ? "-" : report::format_number(run->measured.back())});
  }
  fmt::print("{}at t = {}; exponent in compute {}; predicted in {} s\n", text_table(rows),
             report::format_number(prediction.times.back()),
             report::format_value(prediction.envelope.exponent, prediction.envelope.lo, prediction.envelope.hi),
             report::format_number(prediction.seconds));
  if (prediction.check)
    fmt::print("median error over all n and t: {} %; the training took {} s, {} times the prediction\n",
               report::format_number(100 * prediction.check->median_error),
               report::format_number(prediction.check->seconds),
               report::format_number(prediction.check->seconds / prediction.seconds));
  fmt::print("{}/report.html  predicted.csv  predict.json\n", flags.out);
}

}  // namespace

void add_predict(Program& program) {
  auto flags = std::make_shared<PredictFlags>();
  add_verb(program, "predict", "predict the learning curve from the kernel, without training",
           "phaselaw predict examples/predict.toml --n-data 8,16,32 --out predicted",
           [&program, flags] { run_predict(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); its training set is the pool")
      .required("--out", flags->out, "directory for report.html, predicted.csv, predict.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .option("--n-data", flags->n_data, "sizes, e.g. 8,16,32; default: doubling from 4 to data.n_data")
      .option("--subsets", flags->subsets, "random subsets of the pool for each size", 1)
      .option("--folds", flags->folds, "leave sequences out in this many folds where n is larger; 0: one at a time", 0)
      .option("--resamples", flags->resamples, "bootstrap resamples of the intervals", 0)
      .flag("--check", flags->check, "train the real models too and report the error of the prediction")
      .option("--replicates", flags->replicates, "with --check: models trained for each size, on random subsets", 1);
}

}  // namespace phaselaw::cli
