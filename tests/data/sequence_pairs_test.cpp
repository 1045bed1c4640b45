// SPDX-License-Identifier: Apache-2.0
// Data of an encoder-decoder: inputs with source_len rows before the seq_len rows that have targets.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"
#include "phaselaw/data/dataset.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/model/reference/transformer.h"

namespace phaselaw::data {
namespace {

constexpr std::int64_t kSource = 5, kLength = 3, kModel = 4, kInput = kSource + kLength;

model::ModelOptions student() {
  model::ModelOptions options;
  options.n_layers = options.n_encoder_layers = 1;
  options.seq_len = kLength;
  options.source_len = kSource;
  options.d_model = kModel;
  options.d_hidden = 8;
  options.n_heads = 1;
  options.d_head = 4;
  return options;
}

std::string message(const DataOptions& options, const model::ModelOptions& model = student()) {
  return base::testing::message_of<base::InputError>([&] { static_cast<void>(make_split(options, model, 1)); });
}

// The targets are those of the reference model in plain loops, with the teacher's weights and the whole input.
TEST(SequencePairs, TheTeacherIsAnEncoderDecoder) {
  DataOptions options;
  options.n_data = 6;
  options.n_test = 2;
  options.teacher_d_hidden = 16;
  const auto split = make_split(options, student(), 4);
  EXPECT_EQ(split.train.x.size(), static_cast<std::size_t>(6 * kInput * kModel));
  EXPECT_EQ(split.train.y.size(), static_cast<std::size_t>(6 * kLength * kModel));
  const auto teacher = teacher_options(options, student());
  EXPECT_EQ(teacher.n_encoder_layers, 1);
  const model::ParameterTable table(teacher);
  const auto theta = teacher_parameters(options, student(), 4);
  double power = 0, error = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    model::reference::Sequence<double> sequence;
    for (std::size_t l = 0; l < static_cast<std::size_t>(kInput); ++l) {
      const auto row = split.train.x.begin() + static_cast<std::ptrdiff_t>((i * kInput + l) * kModel);
      sequence.vectors.emplace_back(row, row + kModel);
    }
    const auto outputs = model::reference::forward(teacher, table, theta, sequence).outputs;
    for (std::size_t l = 0; l < outputs.size(); ++l)
      for (std::size_t k = 0; k < outputs[l].size(); ++k) {
        const double found = split.train.y[(i * kLength + l) * kModel + k];
        error += std::pow(found - outputs[l][k], 2);
        power += outputs[l][k] * outputs[l][k];
      }
  }
  EXPECT_LT(std::sqrt(error / power), 1e-12);
}

TEST(SequencePairs, SmallerSetsAreTheStartOfLargerOnes) {
  DataOptions options;
  options.n_data = 9;
  options.noise = 0.3;
  const auto large = make_split(options, student(), 4);
  options.n_data = 4;
  const auto small = make_split(options, student(), 4);
  EXPECT_TRUE(std::equal(small.train.x.begin(), small.train.x.end(), large.train.x.begin()));
  EXPECT_TRUE(std::equal(small.train.y.begin(), small.train.y.end(), large.train.y.begin()));
}

// The noise of a target grows with the first coordinate of the decoder's row that it belongs to, not of the source's.
TEST(SequencePairs, HeteroscedasticNoiseFollowsTheDecodersRows) {
  DataOptions options;
  options.n_data = 500;
  options.noise = 0.3;
  options.noise_kind = NoiseKind::heteroscedastic;
  const auto split = make_split(options, student(), 3);
  for (std::size_t i = 0; i < 500; ++i)
    for (std::size_t l = 0; l < static_cast<std::size_t>(kLength); ++l) {
      const double scale = 0.3 * std::abs(split.train.x[(i * kInput + kSource + l) * kModel]);
      for (std::size_t k = 0; k < static_cast<std::size_t>(kModel); ++k) {
        const std::size_t at = (i * kLength + l) * kModel + k;
        EXPECT_LT(std::abs(split.train.y[at] - split.train.clean[at]), 8.6 * scale + 1e-12);  // what normal() can reach
      }
    }
}

TEST(SequencePairs, ArraysHaveTheSourceBeforeTheDecodersRows) {
  const Scratch scratch;
  DataOptions options;
  options.source = Source::arrays;
  options.n_data = 2;
  options.n_test = 1;
  options.x = scratch.path("x.npy");
  options.y = scratch.path("y.npy");
  const auto write = [](const std::string& path, std::int64_t rows, std::size_t size) {
    std::vector<double> values(size);
    for (std::size_t i = 0; i < size; ++i) values[i] = static_cast<double>(i);
    const std::vector<std::int64_t> shape = {3, rows, kModel};
    write_npy(path, shape, std::span<const double>(values));
  };
  write(options.x, kInput, 3 * kInput * kModel);
  write(options.y, kLength, 3 * kLength * kModel);
  const auto split = make_split(options, student(), 1);
  EXPECT_EQ(split.test.x.front(), 2 * kInput * kModel);
  EXPECT_EQ(split.test.y.front(), 2 * kLength * kModel);
  EXPECT_EQ(split.test.x.size(), static_cast<std::size_t>(kInput * kModel));
  write(options.x, kLength, 3 * kLength * kModel);
  EXPECT_NE(
      message(options).find("x.npy: expected shape (3, 8, 4) = (n, source_len + seq_len, d_model), found (3, 3, 4)"),
      std::string::npos)
      << message(options);
}

TEST(SequencePairs, SourcesWithoutPairsAreRefused) {
  const Scratch scratch;
  DataOptions options;
  options.source = Source::text;
  options.path = scratch.file("t", std::string(500, 'a'));
  EXPECT_NE(message(options).find("an encoder needs pairs of sequences"), std::string::npos) << message(options);
  model::ModelOptions tokens = student();
  tokens.readout = model::Readout::tokens;
  EXPECT_NE(message(options, tokens).find("an encoder needs pairs of sequences"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::data
