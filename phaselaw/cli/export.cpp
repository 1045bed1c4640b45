// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/export.h"

#include <algorithm>
#include <iostream>
#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/curves.h"

// phaselaw export study.db --format NAME: the runs as a table on stdout, or curves for a training dashboard.
namespace phaselaw::cli {

namespace {

struct ExportFlags {
  std::string store, format = "csv", out;
};

void export_store(const ExportFlags& flags) {
  const std::vector<std::string> formats = {"csv", "jsonl", "tensorboard", "tensorboard-csv", "wandb-jsonl"};
  if (std::find(formats.begin(), formats.end(), flags.format) == formats.end())
    throw base::InputError({"--format"}, base::unknown_name("format", flags.format, formats));
  const bool to_directory = flags.format == "tensorboard";
  if (to_directory && flags.out.empty())
    throw base::InputError({"--out"}, "format tensorboard writes a file for each run; name a directory");
  if (!to_directory && !flags.out.empty())
    throw base::InputError(
        {"--out"}, fmt::format("format {} is written to stdout; use > FILE, or --format tensorboard", flags.format));
  const auto store = store::Store::open_read(flags.store);
  if (to_directory) {
    base::require_writable_directory(flags.out, "--out");
    sweep::export_tensorboard(store, flags.out);
    fmt::print("{}: tensorboard --logdir {}\n", flags.out, flags.out);
  } else if (flags.format == "tensorboard-csv") {
    sweep::export_tensorboard_csv(store, std::cout);
  } else if (flags.format == "wandb-jsonl") {
    sweep::export_wandb_jsonl(store, std::cout);
  } else if (flags.format == "csv") {
    store::export_csv(store.runs(), std::cout);
  } else {
    store::export_jsonl(store.runs(), std::cout);
  }
}

}  // namespace

void add_export(Program& program) {
  auto flags = std::make_shared<ExportFlags>();
  add_verb(program, "export", "write the runs of a store as a table, or their curves for TensorBoard or W&B",
           "phaselaw export study.db --format csv > study.csv", [flags] { export_store(*flags); })
      .positional("store", flags->store, "the store, study.db")
      .option("--format", flags->format,
              "csv or jsonl: one table; tensorboard: event files; tensorboard-csv, wandb-jsonl: curves as text")
      .words("csv|jsonl|tensorboard|tensorboard-csv|wandb-jsonl")
      .option("--out", flags->out, "format tensorboard: directory for the event files");
}

}  // namespace phaselaw::cli
