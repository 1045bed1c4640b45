// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/sweep/experiment.h"

// Data sets shared between runs: runs with equal data use one copy, which exists as long as one of them uses it.
namespace phaselaw::sweep {

// data::make_split depends only on this text: [data] as resolved, the seed, the shapes of sequences and outputs, and
// for a teacher its own model. Equal texts mean equal data.
[[nodiscard]] std::string data_identity(const Experiment& experiment);

// Checks the data of these runs as the runs would (data::check), before any of them starts: InputError of the first that
// does not fit. Of runs that differ only in the seed or n_data, the one with most data is checked. Cost: one pass
// through the files for each other combination of data options.
void check_data(const std::vector<const Point*>& points);

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
