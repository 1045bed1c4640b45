// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/advice/table/table_request.h"
#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/documents/long_text.h"
#include "phaselaw/verbs/inputs.h"

// phaselaw table FILE...: how a document is read, and its table in long form.
namespace phaselaw::cli {

namespace {

struct TableFlags {
  std::vector<std::string> files;
  std::string out;
  advice::TableRequest request;
};

void run_table(const Common& common, TableFlags& flags) {
  require_outputs(common);
  const bool json_lines = flags.out.ends_with(".jsonl") || flags.out.ends_with(".ndjson");
  if (!flags.out.empty() && !json_lines && !flags.out.ends_with(".csv"))
    throw base::InputError({"--out"},
                           fmt::format("expected a file that ends in .csv or .jsonl, found '{}'", flags.out));
  if (!flags.out.empty()) base::require_writable_file(flags.out, "--out");
  documents::Reading reading = verbs::read_input(flags.files, flags.request.read, true);
  const advice::TableAnswer answer = advice::table(flags.request, std::move(reading));
  if (!flags.out.empty())
    base::write_file(flags.out, json_lines ? documents::long_json_lines(answer.reading.table)
                                           : documents::long_csv(answer.reading.table));
  if (!common.json.empty()) emit_json(common, advice::table_json(answer));
  if (common.json == "-") return;
  show("{}", advice::table_text(answer));
  if (!flags.out.empty()) show("\n{}\n", flags.out);
}

}  // namespace

void add_table(Program& program) {
  auto flags = std::make_shared<TableFlags>();
  add_verb(program, "table", "show how a document is read, and write its table in long form",
           "phaselaw table train.log\n  phaselaw table results.md --table 2 --out runs.csv",
           [&program, flags] { run_table(program.common, *flags); })
      .positional("files", flags->files, "files, - for standard input, or a folder (docs/documents.md); or study.db")
      .fields(flags->request)
      .option("--out", flags->out, "file for the table in long form, .csv or .jsonl");
}

}  // namespace phaselaw::cli
