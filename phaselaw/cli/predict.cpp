// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/grace.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/experiment_text.h"

// phaselaw predict EXP.toml --out DIR: predicts the learning curve from the kernel, without training.
namespace phaselaw::cli {

namespace {

struct PredictFlags {
  verbs::PredictRequest request;
  std::string experiment, out;
};

void run_predict(const Common& common, PredictFlags& flags) {
  flags.request.experiment = sweep::experiment_from(flags.request.document_of(flags.experiment));
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  const auto answer = verbs::predict(flags.request);
  const auto& prediction = answer.prediction;
  {
    const base::FinishFirst group;
    base::write_file(std::filesystem::path(flags.out) / "predicted.csv", analysis::predicted_csv(prediction));
    write_results(common, flags.out, "predict.json", answer.json, analysis::predict_page(answer.prepared, prediction));
  }
  if (common.json == "-") return;
  show("{}at t = {}; exponent in compute {}; predicted in {} s\n", text_table(verbs::prediction_rows(prediction)),
       base::format_number(prediction.times.back()),
       base::format_value(prediction.envelope.exponent, prediction.envelope.lo, prediction.envelope.hi),
       base::format_number(prediction.seconds));
  if (prediction.check)
    show("median error over all n and t: {}; the training took {} s, {} times as long as the prediction\n",
         base::format_percent(prediction.check->median_error), base::format_number(prediction.check->seconds),
         base::format_number(prediction.check->seconds / prediction.seconds));
  show("{}/report.html  predicted.csv  predict.json\n", flags.out);
}

}  // namespace

void add_predict(Program& program) {
  auto flags = std::make_shared<PredictFlags>();
  add_verb(program, "predict", "predict the learning curve from the kernel, without training",
           "phaselaw predict examples/predict.toml --n-data 8,16,32 --out predicted",
           [&program, flags] { run_predict(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); subsets are drawn from its training set")
      .required("--out", flags->out, "directory for report.html, predicted.csv, predict.json")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .fields(flags->request);
}

}  // namespace phaselaw::cli
