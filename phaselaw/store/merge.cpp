// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/merge.h"

#include <filesystem>
#include <map>
#include <optional>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/store/checksum.h"

namespace phaselaw::store {

namespace {

struct MergedRun {
  std::string checksum;
  std::size_t input = 0;
  bool failed = false;
};

}  // namespace

MergeResult merge(const std::string& output, const std::vector<std::string>& inputs, const StoreOptions& options) {
  if (inputs.empty()) throw base::InputError("merge needs at least one input store; name the inputs after the output");
  std::vector<Store> stores;
  for (const auto& path : inputs) {
    std::error_code error;
    if (std::filesystem::equivalent(path, output, error))
      throw base::InputError({path}, "is both an input and the output; choose another output");
    stores.push_back(Store::open_read(path));
    if (stores.back().study_key() != stores.front().study_key())
      throw base::InputError({path}, different_studies(stores.front(), stores.back()) +
                                         fmt::format("; {} and it cannot be merged", inputs.front()));
  }
  const bool existing = std::filesystem::exists(output);
  std::vector<const Store*> all;
  for (const auto& store : stores) all.push_back(&store);
  const auto open_target = [&] {
    return Store::open_or_create(output, stores.front().study_json(), stores.front().study_key(), options);
  };
  // A new store is created when all inputs have been read, so that none is left by inputs that cannot be merged.
  std::optional<Store> target;
  if (existing) all.push_back(&target.emplace(open_target()));

  MergeResult result;
  std::map<std::int64_t, MergedRun> seen;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (const std::int64_t index : all[i]->run_indices()) {
      base::throw_if_interrupted();
      const RunRecord run = *all[i]->run(index);
      const MergedRun now{checksum(run), i, run.status == Status::kFailed};
      const auto [there, is_new] = seen.try_emplace(index, now);
      if (is_new) continue;
      MergedRun& before = there->second;
      if (before.failed) {
        before = now;
      } else if (!now.failed) {
        if (before.checksum != now.checksum)
          throw base::InputError(
              {all[i]->path()},
              fmt::format(
                  "run {} differs from the one in {} (checksums {} and {}), "
                  "so the stores were not made by the same program on the same kind of machine; repeat the run in one of them",
                  index, all[before.input]->path(), now.checksum, before.checksum));
        ++result.duplicates;
      }
    }
  if (!target) target.emplace(open_target());
  for (const auto& [index, source] : seen) {
    if (all[source.input] == &*target) continue;
    base::throw_if_interrupted();
    const RunRecord run = *all[source.input]->run(index);
    result.added += target->add(run) ? 1 : 0;
  }
  result.runs = static_cast<std::int64_t>(target->run_indices().size());
  return result;
}

}  // namespace phaselaw::store
