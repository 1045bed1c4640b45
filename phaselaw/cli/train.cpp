// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/report/format.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/sweep.h"

// phaselaw train EXP.toml --out DIR: one model, its curve, weights and run.json.
namespace phaselaw::cli {

namespace {

struct TrainFlags {
  std::string experiment, out;
};

void train(const Common& common, const TrainFlags& flags) {
  auto experiment = sweep::experiment_from(base::read_toml(flags.experiment));
  if (common.seed) experiment.seed = *common.seed;
  training::require_precision(experiment.training.precision);
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  numerics::require_thread_safe_blas();
  sweep::RunContext context;
  context.threads = common.threads > 0 ? common.threads : sweep::default_threads();
  const auto result = sweep::carry_out(experiment, context);
  base::log_info(result.data);
  sweep::write_run(flags.out, experiment, result, made_by(common));
  emit_json(common, result.summary);
  const auto& last = result.curve.back();
  if (common.json != "-")
    fmt::print(
        "{} after {} steps, {}: train loss {}, test loss {}, excess risk {}\n{}/curve.csv  weights.safetensors  "
        "run.json\n",
        result.summary.at("outcome").text(), last.step, report::format_flop(last.compute_flop),
        report::format_number(last.train_loss, 4), report::format_number(last.test_loss, 4),
        report::format_number(last.excess_risk, 4), flags.out);
  if (result.outcome == training::Outcome::diverged)
    base::log_warning(
        fmt::format("the run diverged: {}; lower training.learning_rate", result.summary.at("reason").text()));
  if (result.outcome == training::Outcome::interrupted)
    throw base::Interrupted("interrupted; the curve and weights up to here are in " + flags.out);
}

}  // namespace

void add_train(Program& program) {
  auto flags = std::make_shared<TrainFlags>();
  add_verb(program, "train", "train one model and record its curve", "phaselaw train examples/teacher.toml --out run",
           [&program, flags] { train(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); keys: phaselaw keys")
      .required("--out", flags->out, "directory for curve.csv, weights.safetensors, run.json");
}

}  // namespace phaselaw::cli
