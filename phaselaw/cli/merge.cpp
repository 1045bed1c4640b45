// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/merge.h"

#include <memory>

#include "phaselaw/base/files.h"
#include "phaselaw/cli/common.h"

// phaselaw merge OUT.db A.db B.db ...: the shards of a study as one store.
namespace phaselaw::cli {

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
    fmt::print("{} runs in {}: {} added, {} in more than one store and the same in each\n", result.runs, flags.out,
               result.added, result.duplicates);
}

}  // namespace

void add_merge(Program& program) {
  auto flags = std::make_shared<MergeFlags>();
  add_verb(program, "merge", "join the stores of a study's shards into one",
           "phaselaw merge study.db shard0.db shard1.db shard2.db",
           [&program, flags] { merge_stores(program.common, *flags); })
      .positional("out", flags->out, "the store to make, or one of the same study to add to")
      .positional("inputs", flags->inputs, "stores of the same study");
}

}  // namespace phaselaw::cli
