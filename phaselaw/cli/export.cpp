// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/export.h"

#include <iostream>
#include <memory>

#include "phaselaw/cli/common.h"
#include "phaselaw/store/store.h"

// phaselaw export study.db --format csv|jsonl: the runs as a table on stdout.
namespace phaselaw::cli {

namespace {

struct ExportFlags {
  std::string store, format = "csv";
};

void export_store(const ExportFlags& flags) {
  if (flags.format != "csv" && flags.format != "jsonl")
    throw base::InputError({"--format"}, base::unknown_name("format", flags.format, {"csv", "jsonl"}));
  const auto runs = store::Store::open_read(flags.store).runs();
  flags.format == "csv" ? store::export_csv(runs, std::cout) : store::export_jsonl(runs, std::cout);
}

}  // namespace

void add_export(Program& program) {
  auto flags = std::make_shared<ExportFlags>();
  add_verb(program, "export", "write the runs of a store as a table to stdout",
           "phaselaw export study.db --format csv > study.csv", [flags] { export_store(*flags); })
      .positional("store", flags->store, "the store, study.db")
      .option("--format", flags->format, "csv or jsonl");
}

}  // namespace phaselaw::cli
