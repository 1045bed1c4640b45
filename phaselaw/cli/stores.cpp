// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/store/export.h"
#include "phaselaw/store/merge.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/sweep/check.h"
#include "phaselaw/sweep/curves.h"

// phaselaw check study.db: verifies that the store is intact and whether the study is complete.
// phaselaw export study.db --format NAME: writes the runs as a table to stdout, or their curves for a dashboard.
// phaselaw merge OUT.db A.db B.db ...: joins the stores of a study's shards into one.
namespace phaselaw::cli {

namespace {

struct CheckFlags {
  std::string store;
  bool complete = false;
};

base::Value to_json(const sweep::StudyCheck& check) {
  return base::Value::table({{"sound", check.sound()},
                             {"problems", base::Value(check.problems)},
                             {"schema_version", check.file.schema_version},
                             {"study_key", check.study_key},
                             {"runs", check.points},
                             {"finished", check.file.finished},
                             {"diverged", check.file.diverged},
                             {"failed", check.file.failed},
                             {"missing", check.missing},
                             {"in_flight", check.in_flight},
                             {"measurements", check.file.measurements},
                             {"without_checksum", check.file.without_checksum},
                             {"programs", check.programs}});
}

void check_store(const Common& common, const CheckFlags& flags) {
  require_outputs(common);
  const auto check = sweep::check_study(flags.store);
  emit_json(common, to_json(check));
  if (common.json != "-") {
    for (const auto& problem : check.problems) fmt::print("{}\n", problem);
    if (check.sound()) {
      fmt::print("sound: study {}, schema {}; {} of {} runs present ({} finished, {} diverged), {} measurements\n",
                 check.study_key, check.file.schema_version, check.points - check.missing, check.points,
                 check.file.finished, check.file.diverged, check.file.measurements);
      if (check.file.failed > 0) fmt::print("{} failed runs; run the sweep again to repeat them\n", check.file.failed);
      if (check.in_flight > 0)
        fmt::print("{} unfinished runs; run the sweep again to continue them\n", check.in_flight);
      if (check.file.without_checksum > 0)
        fmt::print(
            "schema {} stores no checksums of these numbers, so changed numbers are not detected; run the sweep again to add checksums\n",
            check.file.schema_version);
      if (check.programs > 1)
        fmt::print(
            "the runs were made by {} different programs; list them with SELECT program, count(*) FROM runs GROUP BY program\n",
            check.programs);
    }
  }
  if (!check.sound())
    throw base::RunError(
        fmt::format("{}: {} problem{} found; restore the store from a copy, or repeat the runs named above",
                    flags.store, check.problems.size(), check.problems.size() == 1 ? "" : "s"));
  if (flags.complete && check.missing > 0)
    throw base::RunError(
        fmt::format("{}: {} of {} runs are missing; run the sweep again", flags.store, check.missing, check.points));
}

}  // namespace

void add_check(Program& program) {
  auto flags = std::make_shared<CheckFlags>();
  add_verb(program, "check",
           "verify a store: pages, checksums, and every run against its study; exit code 1 if a check fails",
           "phaselaw check study.db", [&program, flags] { check_store(program.common, *flags); })
      .positional("store", flags->store, "store of the study, such as study.db")
      .flag("--complete", flags->complete, "also exit with code 1 if a run of the study is missing");
}

namespace {

struct ExportFlags {
  std::string store, format = "csv", out;
};

void export_store(const Common& common, const ExportFlags& flags) {
  if (!common.json.empty())
    throw base::InputError({"--json"}, "the exported table is the result itself; omit --json, or use --format jsonl");
  const std::vector<std::string> formats = {"csv", "jsonl", "tensorboard", "tensorboard-csv", "wandb-jsonl"};
  if (std::find(formats.begin(), formats.end(), flags.format) == formats.end())
    throw base::InputError({"--format"}, base::unknown_name("format", flags.format, formats));
  const bool to_directory = flags.format == "tensorboard";
  if (to_directory && flags.out.empty())
    throw base::InputError({"--out"}, "format tensorboard writes one file for each run; name a directory with --out");
  if (!to_directory && !flags.out.empty())
    throw base::InputError(
        {"--out"}, fmt::format("format {} is written to stdout; redirect it with > FILE, or use --format tensorboard",
                               flags.format));
  const auto store = store::Store::open_read(flags.store);
  const auto derived = sweep::charged_column(sweep::accounting_of(store));
  if (to_directory) {
    base::require_writable_directory(flags.out, "--out");
    sweep::export_tensorboard(store, flags.out);
    fmt::print("{}: tensorboard --logdir {}\n", flags.out, flags.out);
  } else if (flags.format == "tensorboard-csv") {
    sweep::export_tensorboard_csv(store, std::cout);
  } else if (flags.format == "wandb-jsonl") {
    sweep::export_wandb_jsonl(store, std::cout);
  } else if (flags.format == "csv") {
    store::export_csv(store.runs(), std::cout, derived);
  } else {
    store::export_jsonl(store.runs(), std::cout, derived);
  }
}

}  // namespace

void add_export(Program& program) {
  auto flags = std::make_shared<ExportFlags>();
  add_verb(program, "export", "write the runs of a store as a table, or their curves for TensorBoard or W&B",
           "phaselaw export study.db --format csv > study.csv",
           [&program, flags] { export_store(program.common, *flags); })
      .positional("store", flags->store, "store of the study, such as study.db")
      .option("--format", flags->format,
              "csv or jsonl: one table; tensorboard: event files; tensorboard-csv or wandb-jsonl: curves as text")
      .words("csv|jsonl|tensorboard|tensorboard-csv|wandb-jsonl")
      .option("--out", flags->out, "with format tensorboard: directory for the event files");
}

namespace {

struct MergeFlags {
  std::string out;
  std::vector<std::string> inputs;
};

void merge_stores(const Common& common, const MergeFlags& flags) {
  base::require_writable_file(flags.out, "the output");
  require_outputs(common);
  const auto result = store::merge(flags.out, flags.inputs);
  emit_json(common, base::Value::table({{"runs", result.runs},
                                        {"added", result.added},
                                        {"duplicates", result.duplicates},
                                        {"inputs", static_cast<std::int64_t>(flags.inputs.size())}}));
  if (common.json != "-")
    fmt::print("{} runs in {}: {} added, {} present in several stores with equal results\n", result.runs, flags.out,
               result.added, result.duplicates);
}

}  // namespace

void add_merge(Program& program) {
  auto flags = std::make_shared<MergeFlags>();
  add_verb(program, "merge", "join the stores of a study's shards into one",
           "phaselaw merge study.db shard0.db shard1.db shard2.db",
           [&program, flags] { merge_stores(program.common, *flags); })
      .positional("out", flags->out, "store to write; an existing one of the same study is extended")
      .positional("inputs", flags->inputs, "stores of the same study");
}

}  // namespace phaselaw::cli
