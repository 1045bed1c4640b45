// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/store/store.h"

namespace phaselaw::store {

// A directory of its own for one test, removed at its end.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "phaselaw-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no scratch directory";
    folder_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  [[nodiscard]] std::string folder() const { return folder_.string(); }

 private:
  std::filesystem::path folder_;
};

// The numbers of a measurement, in the order of its fields.
inline std::vector<double> numbers_of(const Measurement& m) {
  std::vector<double> numbers;
  Measurement::fields(m, [&](auto, const auto& x, auto&&...) { numbers.push_back(static_cast<double>(x)); });
  return numbers;
}

// A run in which every number follows from (index, rows).
inline RunRecord sample_run(std::int64_t index, int rows) {
  RunRecord run;
  run.index = index;
  run.key = "key-" + std::to_string(index);
  run.configuration =
      R"({"seed":)" + std::to_string(index) + R"(,"data":{"n_data":)" + std::to_string(32 << (index % 3)) + "}}";
  run.summary = R"({"n_params":)" + std::to_string(1000 + index) + "}";
  for (int i = 0; i < rows; ++i) {
    Measurement m;
    m.step = 10 * i;
    m.time = 0.1 * i;
    m.tokens = 320.0 * i;
    m.compute_flop = 1e9 * i / 3;
    m.train_loss = 1.0 / (1 + i + static_cast<double>(index));
    m.test_loss = 1.5 * m.train_loss;
    run.measurements.push_back(m);
  }
  return run;
}

}  // namespace phaselaw::store
