// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/work.h"

#include <algorithm>
#include <filesystem>

#include "phaselaw/base/number.h"

namespace phaselaw::sweep {

namespace {

std::vector<const Point*> longest_first(const Study& study) {
  std::vector<const Point*> points;
  for (const Point& point : study.points) points.push_back(&point);
  std::stable_sort(points.begin(), points.end(),
                   [](const Point* a, const Point* b) { return a->cost_flop > b->cost_flop; });
  return points;
}

}  // namespace

Shard shard_from(const std::string& text) {
  const auto slash = std::min(text.find('/'), text.size());
  const auto index = base::parse_integer(text.substr(0, slash));
  const auto count = slash < text.size() ? base::parse_integer(text.substr(slash + 1)) : std::nullopt;
  if (!index || !count || *index < 0 || *index >= *count)
    throw base::InputError(
        {"--shard"}, fmt::format("expected i/k with 0 <= i < k, such as 0/4 for the first of four; found '{}'", text));
  return {*index, *count};
}

std::vector<const Point*> points_of(const Study& study, const Shard& shard) {
  if (shard.count > static_cast<std::int64_t>(kMaxPoints))
    throw base::InputError({"--shard"}, fmt::format("at most {} shards; found {}", kMaxPoints, shard.count));
  std::vector<double> load(static_cast<std::size_t>(shard.count), 0.0);
  std::vector<const Point*> mine;
  for (const Point* point : longest_first(study)) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += point->cost_flop;
    if (least - load.begin() == shard.index) mine.push_back(point);
  }
  return mine;
}

StudyWork::StudyWork(const Study& study, store::Store& store, const Shard& shard)
    : store_(store), folder_(store.path() + "-runs"), claims_(store.path()) {
  const auto there = store.finished_runs();
  for (const std::int64_t index : there) static_cast<void>(store.run(index));  // its checksum must hold
  for (const Point* point : points_of(study, shard))
    if (there.contains(point->index))
      ++already_there_;
    else
      waiting_at_start_.push_back(point);
  waiting_.assign(waiting_at_start_.begin(), waiting_at_start_.end());
  // Left by a kill between storing a run and removing its snapshot.
  remove_snapshots([&](std::int64_t index) { return there.contains(index); });
}

StudyWork::~StudyWork() {
  std::error_code ignored;
  std::filesystem::remove(folder_, ignored);  // only if it is empty
}

void StudyWork::remove_snapshots(const std::function<bool(std::int64_t index)>& done) const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const std::string name = entry.path().filename();
    const auto index = base::parse_integer(name.substr(0, name.find('.')));
    if (index && done(*index)) std::filesystem::remove(entry.path(), ignored);
  }
}

const Point* StudyWork::next() {
  const std::lock_guard lock(mutex_);
  // Runs held by others are tried again after all others, in the order in which they were found.
  std::size_t retries = held_by_others_.size();
  while (true) {
    const Point* point = nullptr;
    if (!waiting_.empty()) {
      point = waiting_.front();
      waiting_.pop_front();
      if (waiting_.empty()) retries = held_by_others_.size();
    } else if (retries > 0) {
      --retries;
      point = held_by_others_.front();
      held_by_others_.pop_front();
    } else {
      return nullptr;
    }
    if (!claims_.take(point->index)) {
      held_by_others_.push_back(point);
      continue;
    }
    // The claim is ours now; the previous holder may have finished the run.
    if (!store_.is_finished(point->index)) return point;
    claims_.release(point->index);
  }
}

void StudyWork::give_back(const Point& point) {
  const std::lock_guard lock(mutex_);
  claims_.release(point.index);
  waiting_.push_front(&point);
}

void StudyWork::take(const Point& point, const store::RunRecord& record) {
  store_.add(record);
  // The run is stored, so its snapshot and any incomplete file are removed.
  remove_snapshots([&](std::int64_t index) { return index == point.index; });
  claims_.release(point.index);
}

std::int64_t StudyWork::elsewhere() {
  const std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(held_by_others_.size());
}

std::string StudyWork::snapshot_path(const Point& point) const {
  return fmt::format("{}/{}.state", folder_, point.index);
}

}  // namespace phaselaw::sweep
