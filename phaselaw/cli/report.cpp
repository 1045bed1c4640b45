// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/base/memory.h"
#include "phaselaw/cli/common.h"
#include "phaselaw/reproduce/reproduce.h"
#include "phaselaw/store/store.h"

// phaselaw report study.db --out FILE.html: one page from a study's store.
namespace phaselaw::cli {

namespace {

struct ReportFlags {
  std::string store, out;
  std::int64_t resamples = 400;
  std::string memory_limit = fmt::format("{}G", base::kMemoryLimit >> 30);
};

void write_report(const Common& common, const ReportFlags& flags) {
  base::require_writable_file(flags.out, "--out");
  require_outputs(common);
  const double limit = base::memory_limit_bytes(flags.memory_limit);
  const auto store = store::Store::open_read(flags.store);
  base::require_memory(reproduce::study_memory(store), limit, fmt::format("{}: the page of this study", flags.store));
  const auto page = reproduce::study_page(store, made_by(common), static_cast<int>(flags.resamples));
  report::write_page(page, flags.out, common.page_files);
  emit_json(common, base::Value::table({{"answer", page.answer}, {"page", flags.out}}));
  if (common.json != "-") show("{}\n{}\n", page.answer, flags.out);
}

}  // namespace

void add_report(Program& program) {
  auto flags = std::make_shared<ReportFlags>();
  add_verb(program, "report", "write one self-contained page from a study's store",
           "phaselaw report study.db --out study.html", [&program, flags] { write_report(program.common, *flags); })
      .positional("store", flags->store, "store of the study, such as study.db")
      .required("--out", flags->out, "file for the page, such as study.html")
      .page_files(program.common.page_files.figures, program.common.page_files.pdf)
      .option("--resamples", flags->resamples, "number of bootstrap resamples for the intervals",
              base::resample_counts())
      .option("--memory-limit", flags->memory_limit,
              "largest memory of this command, such as 500M or 8G; a study that needs more is refused");
}

}  // namespace phaselaw::cli
