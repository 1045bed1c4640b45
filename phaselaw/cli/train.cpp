// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/verbs/train.h"

// phaselaw train EXP.toml --out DIR: trains one model and writes its curve, weights and run.json; can be resumed.
namespace phaselaw::cli {

namespace {

struct TrainFlags {
  verbs::TrainRequest request;
  std::string experiment;
};

// A training that was resumed leaves the same files as one that was not, so its command is that from the beginning.
base::Value made_from_the_beginning(const Common& common) {
  base::Value value = made_by(common);
  std::string command = common.command + " ";
  for (const std::string flag : {" --resume", " --overwrite"})
    if (const auto at = command.find(flag + " "); at != std::string::npos) command.erase(at, flag.size());
  command.pop_back();
  value["command"] = command;
  return value;
}

void train(const Common& common, TrainFlags& flags) {
  flags.request.experiment = sweep::experiment_from(base::read_toml(flags.experiment));
  require_outputs(common);
  base::require_writable_directory(flags.request.out, "--out");
  const auto answer = verbs::train(flags.request);
  verbs::write_training(flags.request, answer, made_from_the_beginning(common));
  emit_json(common, answer.json);
  if (common.json == "-") return;
  const auto number = [&](const char* key) {
    const base::Value& value = answer.json.at(key);
    return value.is_number() ? value.number() : base::kNaN;
  };
  if (answer.already_there) show("already trained: ");
  show(
      "{} after {} steps, {}: train loss {}, test loss {}, excess risk {}\n{}/curve.csv  weights.safetensors  run.json\n",
      answer.json.at("outcome").text(), base::format_count(number("steps")), base::format_flop(number("compute_flop")),
      base::format_number(number("train_loss"), 4), base::format_number(number("test_loss"), 4),
      base::format_number(number("excess_risk"), 4), flags.request.out);
}

}  // namespace

void add_train(Program& program) {
  auto flags = std::make_shared<TrainFlags>();
  add_verb(program, "train", "train one model and record its curve; add --resume to continue an interrupted one",
           "phaselaw train examples/teacher.toml --out run", [&program, flags] { train(program.common, *flags); })
      .positional("experiment", flags->experiment, "experiment file (TOML); list its keys with phaselaw keys")
      .required("--out", flags->request.out, "directory for curve.csv, weights.safetensors and run.json")
      .fields(flags->request);
}

}  // namespace phaselaw::cli
