// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/check.h"

#include <memory>

#include "phaselaw/cli/common.h"

// phaselaw check study.db: is the store sound, and is the study complete?
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
      fmt::print("sound: study {}, schema {}; {} of {} runs there ({} finished, {} diverged), {} measurements\n",
                 check.study_key, check.file.schema_version, check.points - check.missing, check.points,
                 check.file.finished, check.file.diverged, check.file.measurements);
      if (check.file.failed > 0)
        fmt::print("{} failed runs; the same sweep command carries them out again\n", check.file.failed);
      if (check.in_flight > 0)
        fmt::print("{} runs in flight; the same sweep command goes on with them\n", check.in_flight);
      if (check.file.without_checksum > 0)
        fmt::print(
            "schema {} has no checksums of these numbers: changed ones would not be found; a sweep of the study "
            "adds them\n",
            check.file.schema_version);
      if (check.programs > 1)
        fmt::print("the runs were made by {} different programs: SELECT program, count(*) FROM runs GROUP BY program\n",
                   check.programs);
    }
  }
  if (!check.sound())
    throw base::RunError(
        fmt::format("{}: {} problem{}; restore it from a copy, or carry the runs named above out again", flags.store,
                    check.problems.size(), check.problems.size() == 1 ? "" : "s"));
  if (flags.complete && check.missing > 0)
    throw base::RunError(
        fmt::format("{}: {} of {} runs are missing; run the sweep again", flags.store, check.missing, check.points));
}

}  // namespace

void add_check(Program& program) {
  auto flags = std::make_shared<CheckFlags>();
  add_verb(program, "check", "verify a store: pages, checksums, every run against its study; exit code 1 if not sound",
           "phaselaw check study.db", [&program, flags] { check_store(program.common, *flags); })
      .positional("store", flags->store, "the store, study.db")
      .flag("--complete", flags->complete, "exit code 1 as well when a run of the study is missing");
}

}  // namespace phaselaw::cli
