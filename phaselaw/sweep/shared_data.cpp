// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/shared_data.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "phaselaw/data/teacher.h"

namespace phaselaw::sweep {

std::string data_identity(const Experiment& e) {
  base::Value value = base::Value::table({{"seed", e.seed},
                                          {"data", base::write_fields(e.data)},
                                          {"seq_len", e.model.seq_len},
                                          {"d_model", e.model.d_model},
                                          {"outputs", e.model.outputs()},
                                          {"vocab", e.model.vocab},
                                          {"tokens", e.model.reads_tokens()}});
  if (e.model.has_encoder()) value["source_len"] = e.model.source_rows();
  if (e.data.source == data::Source::teacher || e.data.source == data::Source::token_teacher)
    value["teacher"] = base::write_fields(data::teacher_options(e.data, e.model));
  return base::to_json(value, -1);
}

void check_data(const std::vector<const Point*>& points) {
  std::map<std::string, Experiment> largest;
  for (const Point* point : points) {
    Experiment e = point->experiment;
    e.seed = 0;
    e.data.n_data = 1;
    const auto [entry, fresh] = largest.try_emplace(data_identity(e), point->experiment);
    if (!fresh && entry->second.data.n_data < point->experiment.data.n_data) entry->second = point->experiment;
  }
  for (const auto& [identity, e] : largest) data::check(e.data, e.model);
}

struct SharedData::State {
  std::mutex mutex;
  std::condition_variable made;
  std::set<std::string> being_made;
  std::map<std::string, std::weak_ptr<const data::Split>> there;
};

SharedData::SharedData() : state_(std::make_unique<State>()) {}
SharedData::~SharedData() = default;

std::shared_ptr<const data::Split> SharedData::get(const Experiment& e) {
  const std::string identity = data_identity(e);
  std::unique_lock lock(state_->mutex);
  while (true) {
    if (const auto found = state_->there.find(identity); found != state_->there.end())
      if (auto split = found->second.lock()) return split;
    if (!state_->being_made.contains(identity)) break;
    state_->made.wait(lock);
  }
  state_->being_made.insert(identity);
  lock.unlock();
  std::shared_ptr<const data::Split> split;
  std::exception_ptr failure;
  try {
    split = std::make_shared<const data::Split>(data::make_split(e.data, e.model, static_cast<std::uint64_t>(e.seed)));
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  state_->being_made.erase(identity);
  std::erase_if(state_->there, [](const auto& entry) { return entry.second.expired(); });
  if (split) state_->there[identity] = split;
  lock.unlock();
  state_->made.notify_all();
  if (failure) std::rethrow_exception(failure);
  return split;
}

}  // namespace phaselaw::sweep
