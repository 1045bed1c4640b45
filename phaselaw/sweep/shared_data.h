// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "phaselaw/data/dataset.h"
#include "phaselaw/sweep/experiment.h"

// Data sets shared between runs: runs with equal data use one copy, which exists as long as one of them uses it.
namespace phaselaw::sweep {

// data::make_split depends only on this text: [data] as resolved, the seed, the shapes of sequences and outputs, and
// for a teacher its own model. Equal texts mean equal data.
[[nodiscard]] std::string data_identity(const Experiment& experiment);

class SharedData {
 public:
  SharedData();
  ~SharedData();

  // The first caller creates the data; concurrent callers wait for it. May be called from any thread. Throws as
  // data::make_split.
  [[nodiscard]] std::shared_ptr<const data::Split> get(const Experiment& experiment);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::sweep
