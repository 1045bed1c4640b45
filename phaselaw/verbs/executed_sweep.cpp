// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/executed_sweep.h"

#include <map>
#include <set>
#include <utility>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/ranks/run_task.h"
#include "phaselaw/sweep/data_files.h"
#include "phaselaw/sweep/work.h"

namespace phaselaw::verbs {

namespace {

double total_cost(const std::vector<const sweep::Point*>& points) {
  double sum = 0;
  for (const auto* point : points) sum += point->cost_flop;
  return sum;
}

}  // namespace

struct ExecutedSweep::State {
  State(const SweepRequest& request, const sweep::Shard& shard)
      : prepared(prepare_sweep(request, shard, true, false)),
        work(prepared.study, *prepared.store, shard),
        progress("sweep", total_cost(work.waiting_at_start())) {
    summary.already_there = work.already_there();
    summary.cost_flop = total_cost(work.waiting_at_start());
  }

  // The hash of the data files as they were when the first run with them was given out, so that files that change during
  // the sweep are noticed.
  const std::string& files_of(const sweep::Point& point) {
    const auto [known, fresh] = files.try_emplace(sweep::data_files(point.experiment.data));
    if (fresh) known->second = sweep::data_files_hash(point.experiment.data);
    return known->second;
  }

  ranks::Prepared prepared;
  sweep::StudyWork work;
  base::Progress progress;
  base::Clock::time_point start = base::Clock::now();
  sweep::SweepSummary summary;
  std::map<std::int64_t, const sweep::Point*> away;  // given out, without an answer
  std::map<std::vector<std::string>, std::string> files;
  std::set<std::string> workers, described;
};

ExecutedSweep::ExecutedSweep(const SweepRequest& request) {
  base::check_fields(request);
  state_ = std::make_unique<State>(request, request.shard.empty() ? sweep::Shard{} : sweep::shard_from(request.shard));
}

ExecutedSweep::~ExecutedSweep() = default;

std::optional<SubmittedRun> ExecutedSweep::next() {
  const sweep::Point* point = state_->work.next();
  if (point == nullptr) return std::nullopt;
  state_->away[point->index] = point;
  return SubmittedRun{point->index, point->cost_flop, ranks::task_of(*point, state_->files_of(*point))};
}

std::string ExecutedSweep::take(std::int64_t index, std::string_view bytes) {
  const auto found = state_->away.find(index);
  PHASELAW_CHECK(found != state_->away.end());
  const sweep::Point& point = *found->second;
  const auto answer = ranks::answer_from(bytes, point);
  if (!answer) return "its answer was damaged on the way or belongs to another run";
  state_->workers.insert(answer->worker);
  if (!answer->delivery) {
    const std::string text = fmt::format("run {} ({}): {}", index, answer->worker, answer->error);
    if (answer->input) throw base::InputError(text);
    throw base::RunError(text);
  }
  const store::RunRecord& record = answer->delivery->record;
  state_->work.take(point, record);
  state_->away.erase(found);
  auto& summary = state_->summary;
  ++summary.done;
  summary.diverged += record.status == store::Status::kDiverged ? 1 : 0;
  if (state_->described.insert(answer->delivery->data).second) base::log_info(answer->delivery->data);
  state_->progress.note(fmt::format("{} of {} runs", summary.done, state_->work.waiting_at_start().size()));
  state_->progress.advance(point.cost_flop);
  return "";
}

std::vector<std::int64_t> ExecutedSweep::left() {
  while (const auto* point = state_->work.next()) state_->away[point->index] = point;
  std::vector<std::int64_t> indices;
  for (const auto& [index, point] : state_->away) indices.push_back(index);
  return indices;
}

std::int64_t ExecutedSweep::runs() const { return static_cast<std::int64_t>(state_->prepared.study.points.size()); }
std::int64_t ExecutedSweep::done() const { return state_->summary.done; }

SweepAnswer ExecutedSweep::close() {
  SweepAnswer answer;
  answer.summary = state_->summary;
  answer.summary.elsewhere = state_->work.elsewhere();
  answer.summary.threads = static_cast<int>(state_->workers.size());
  answer.summary.seconds = base::seconds_since(state_->start);
  answer.json = sweep::to_value(runs(), answer.summary);
  warn_of_runs_elsewhere(answer.summary);
  state_.reset();
  return answer;
}

void ExecutedSweep::leave_to_parent() noexcept {
  if (state_) state_->work.leave_claims_to_parent();
}

}  // namespace phaselaw::verbs
