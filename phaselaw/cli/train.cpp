// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/experiment.h"

// phaselaw train EXP.toml --out DIR: trains one model and writes its curve, weights and run.json.
namespace phaselaw::cli {

namespace {

struct TrainFlags {
  verbs::ExperimentRequest request;
  std::string experiment, out;
};

void train(const Common& common, TrainFlags& flags) {
  flags.request.experiment = sweep::experiment_from(base::read_toml(flags.experiment));
  require_outputs(common);
  base::require_writable_directory(flags.out, "--out");
  const auto answer = verbs::train(flags.request);
  sweep::write_run(flags.out, answer.experiment, answer.result, made_by(common));
  emit_json(common, answer.json);
  const auto& last = answer.result.curve.back();
  if (common.json != "-")
    show(
        "{} after {} steps, {}: train loss {}, test loss {}, excess risk {}\n{}/curve.csv  weights.safetensors  "
        "run.json\n",
        answer.json.at("outcome").text(), base::format_count(last.step), base::format_flop(last.compute_flop),
        base::format_number(last.train_loss, 4), base::format_number(last.test_loss, 4),
        base::format_number(last.excess_risk, 4), flags.out);
  if (answer.result.outcome == training::Outcome::interrupted)
    throw base::Interrupted("interrupted; the curve and weights so far are in " + flags.out);
}

}  // namespace

void add_train(Program& program) {
  auto flags = std::make_shared<TrainFlags>();
  add_verb(program, "train", "train one model and record its curve", "phaselaw train examples/teacher.toml --out run",
           [&program, flags] { train(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); list its keys with phaselaw keys")
      .required("--out", flags->out, "directory for curve.csv, weights.safetensors and run.json")
      .fields(flags->request);
}

}  // namespace phaselaw::cli
