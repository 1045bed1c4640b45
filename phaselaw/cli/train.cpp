// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/report/text_plot.h"
#include "phaselaw/verbs/text_sample.h"
#include "phaselaw/verbs/train.h"

// phaselaw train EXP.toml --out DIR: trains one model and writes its curve, weights and run.json; can be resumed.
// phaselaw train EXP.toml --dry-run: says what that would cost, and writes nothing.
namespace phaselaw::cli {

namespace {

struct TrainFlags {
  verbs::TrainRequest request;
  std::string experiment;
  bool dry_run = false;
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

// The loss against the steps, and what the model writes if its data are text.
void show_training(const verbs::TrainAnswer& answer) {
  report::TextSeries train{"train loss", '*', {}, {}}, test{"test loss", '+', {}, {}};
  for (const auto& row : answer.result.curve) {
    for (report::TextSeries* series : {&train, &test}) series->x.push_back(static_cast<double>(row.step));
    train.y.push_back(row.train_loss);
    test.y.push_back(row.test_loss);
  }
  show("{}", report::text_plot({train, test}, "steps"));
  verbs::TextSample sample;
  try {
    sample = verbs::sample_text(answer.experiment, answer.result.theta);
  } catch (const base::InputError&) {
    return;  // the text is gone; the training is written
  }
  if (!sample.continuation.empty())
    show("a test text of {} bytes, and what the model writes after it (a random draw, not its best guess):\n{}|{}\n",
         sample.prompt.size(), sample.prompt, sample.continuation);
}

// What the training would cost.
void show_plan(const Common& common, const verbs::TrainRequest& request) {
  require_outputs(common);
  const auto plan = verbs::plan_train(request);
  emit_json(common, plan.json);
  if (common.json == "-") return;
  const auto mib = [](double bytes) { return fmt::format("{} MiB", base::format_number(bytes / (1 << 20))); };
  const auto& memory = plan.memory;
  const std::vector<std::vector<std::string>> rows = {
      {"quantity", "value", "of which"},
      {"parameters", base::format_count(plan.n_params),
       fmt::format("{} trainable", base::format_count(plan.n_params_trainable))},
      {"compute", base::format_flop(plan.compute_flop),
       plan.experiment.training.learning_rate.is_word() ? "without the search for the learning rate" : ""},
      {"time", base::format_duration(plan.seconds),
       fmt::format("on {} thread{}, measured just now", plan.threads, plan.threads == 1 ? "" : "s")},
      {"memory", mib(memory.total()),
       fmt::format("data {}, parameters {}, passes {}, curve {}; {} available", mib(memory.data),
                   mib(memory.parameters), mib(memory.passes), mib(memory.curve), mib(plan.machine_memory))}};
  show("{}{}\n", text_table(rows),
       plan.outputs.empty()
           ? "nothing was trained; add --out DIR and omit --dry-run to train"
           : fmt::format("nothing was trained; without --dry-run this writes {}", fmt::join(plan.outputs, "  ")));
}

void train(const Common& common, TrainFlags& flags) {
  flags.request.experiment = sweep::experiment_from(flags.request.document_of(flags.experiment));
  if (flags.dry_run) return show_plan(common, flags.request);
  if (flags.request.out.empty())
    throw base::InputError({"--out"}, "is required: a directory for the results, such as --out run; or add --dry-run");
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
  if (answer.already_there)
    show("already trained: ");
  else if (!common.quiet)
    show_training(answer);
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
      .option("--out", flags->request.out, "directory for curve.csv, weights.safetensors and run.json (required)")
      .flag("--dry-run", flags->dry_run, "print size, compute, time and memory of the training, and stop")
      .fields(flags->request);
}

}  // namespace phaselaw::cli
