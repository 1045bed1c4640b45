// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/cli/run.h"

// Runs the program in this process on files of a folder of its own.
namespace phaselaw::testing {

struct Outcome {
  int code = 0;
  std::string out, err;
};

class CliFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("phaselaw-cli-{}", ::getpid());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    write("exp.toml",
          "[model]\nd_model = 8\nd_hidden = 8\nn_heads = 1\nseq_len = 4\n[data]\nn_data = 8\nn_test = 8\n"
          "noise = 0.1\n[training]\nsteps = 64\nbatch = 4\nlearning_rate = 0.01\n");
    write("study.toml", base::read_text(path("exp.toml")) + "[grid]\n\"data.n_data\" = [4, 8]\nseeds = 2\n");
    write("curve.csv", curve());
  }
  void TearDown() override {
    base::set_interrupted(false);
    base::set_quiet(false);
    std::filesystem::remove_all(folder_);
  }
  std::string path(const std::string& name) { return folder_ / name; }
  void write(const std::string& name, const std::string& text) { std::ofstream(path(name), std::ios::binary) << text; }

  // A curve that equals the law to its last digit. For reading tables, E + A (1 + C/C0)^-q would work too.
  static std::string curve() {
    std::string text = "compute,loss\n";
    for (double c = 1; c < 1e9; c *= 1.6) text += fmt::format("{},{}\n", c, 0.5 + 3 * std::pow(1 + c / 1e4, -0.3));
    return text;
  }

  Outcome run(const std::vector<std::string>& words) {
    std::vector<const char*> argv = {"phaselaw"};
    for (const auto& word : words) argv.push_back(word.c_str());
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = cli::run(static_cast<int>(argv.size()), argv.data());
    std::fflush(stdout);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    return outcome;
  }

  void expect_bad(const std::vector<std::string>& words, const std::string& message) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << fmt::format("{}", fmt::join(words, " ")) << "\n" << outcome.err;
    EXPECT_NE(outcome.err.find(message), std::string::npos) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }

  std::filesystem::path folder_;
};

}  // namespace phaselaw::testing
