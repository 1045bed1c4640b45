// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <filesystem>
#include <sstream>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/value.h"
#include "phaselaw/store/export.h"
#include "phaselaw/sweep/sweep.h"

// Twelve runs of a few milliseconds, and a folder for their stores.
namespace phaselaw::testing {

inline constexpr const char* kSmallStudy = R"(
seed = 3
[model]
d_model = 8
d_hidden = 16
n_heads = 1
d_head = 8
seq_len = 4
[data]
n_test = 16
noise = 0.1
[training]
steps = 40
batch = 4
learning_rate = 0.02
[grid]
"data.n_data" = [4, 8, 16]
"training.optimizer" = ["sgd", "adamw"]
seeds = 2
)";

class StudyFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("phaselaw-sweep-{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    base::set_interrupted(false);
    std::filesystem::remove_all(folder_);
  }
  std::string path(const std::string& name) { return folder_ / name; }
  store::Store open(const std::string& name) { return open(name, study_); }
  store::Store open(const std::string& name, const sweep::Study& study) {
    return store::Store::open_or_create(path(name), study.json, study.key);
  }
  static std::string exported(const store::Store& store) {
    std::ostringstream out;
    store::export_csv(store.runs(), out);
    return out.str();
  }
  std::filesystem::path folder_;
  sweep::Study study_ = sweep::study_from(base::parse_toml(kSmallStudy, "study.toml"));
};

}  // namespace phaselaw::testing
