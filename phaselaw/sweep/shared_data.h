// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "phaselaw/data/dataset.h"
#include "phaselaw/sweep/experiment.h"

// Data sets that runs share: two runs whose data are the same numbers hold them once, as long as one of them is there.
namespace phaselaw::sweep {

// What data::make_split makes of a run depends on this text alone: [data] as resolved, the seed, the shapes of
// sequences and outputs, and for a teacher its own model. Equal texts, equal data.
[[nodiscard]] std::string data_identity(const Experiment& experiment);

class SharedData {
 public:
  SharedData();
  ~SharedData();

  // Made by the first who asks; others who ask meanwhile wait for it. From any thread. Throws as data::make_split.
  [[nodiscard]] std::shared_ptr<const data::Split> get(const Experiment& experiment);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::sweep
