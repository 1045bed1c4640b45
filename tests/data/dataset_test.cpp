// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"
#include "phaselaw/data/npy.h"
#include "phaselaw/data/teacher.h"
#include "phaselaw/model/transformer.h"

namespace phaselaw::data {
namespace {

model::ModelOptions student() {
  model::ModelOptions options;
  options.n_layers = 1;
  options.seq_len = 3;
  options.d_model = 4;
  options.d_hidden = 8;
  options.n_heads = 1;
  options.d_head = 4;
  return options;
}

DataOptions teacher_data(std::int64_t n_data, std::int64_t n_test, double noise) {
  DataOptions options;
  options.n_data = n_data;
  options.n_test = n_test;
  options.noise = noise;
  return options;
}

void expect_normalised(const std::vector<double>& x, std::size_t d) {
  for (std::size_t row = 0; row < x.size(); row += d) {
    double square = 0;
    for (std::size_t k = 0; k < d; ++k) square += x[row + k] * x[row + k];
    EXPECT_NEAR(square, static_cast<double>(d), static_cast<double>(d * d) * std::numeric_limits<double>::epsilon());
  }
}

TEST(TeacherData, HasTheStatedShapesAndRows) {
  const auto split = make_split(teacher_data(17, 5, 0.2), student(), 3);
  EXPECT_EQ(split.train.n, 17);
  EXPECT_EQ(split.train.x.size(), 17U * 3 * 4);
  EXPECT_EQ(split.train.y.size(), 17U * 3 * 4);
  EXPECT_EQ(split.test.clean.size(), 5U * 3 * 4);
  EXPECT_TRUE(split.target_known);
  EXPECT_TRUE(split.train.tokens.empty());
  EXPECT_EQ(split.hash.size(), 16U);
  expect_normalised(split.train.x, 4);
  expect_normalised(split.test.x, 4);
}

TEST(TeacherData, CleanIsTheTeacherOfItsOwnSize) {
  auto options = teacher_data(20, 3, 0.5);  // more than one pass of the teacher
  options.teacher_n_layers = 3;
  options.teacher_d_hidden = 5;
  options.teacher_n_heads = 2;
  options.teacher_d_head = 3;
  options.teacher_branch_scale = 1.5;
  auto narrow = student();
  narrow.output_scale = 7;  // the student's scales do not change the task
  narrow.init_scale = 0;
  const auto split = make_split(options, narrow, 9);
  auto plain = student();
  plain.n_layers = 3;
  plain.d_hidden = 5;
  plain.n_heads = 2;
  plain.d_head = 3;
  plain.branch_scale = 1.5;
  const model::Transformer<double> teacher(plain);
  const auto theta = teacher_parameters(options, narrow, 9);
  model::Transformer<double>::Workspace workspace(teacher, 1);
  std::vector<double> out(12);
  for (std::int64_t i = 0; i < 20; ++i) {
    teacher.forward(theta, {1, split.train.x.data() + i * 12, nullptr}, workspace, out.data());
    // One sequence or sixteen in a product: the order of its sums may differ, over at most 16 terms.
    for (std::size_t k = 0; k < 12; ++k)
      EXPECT_NEAR(out[k], split.train.clean[static_cast<std::size_t>(i) * 12 + k], 1e-12);
  }
}

TEST(TeacherData, TeacherSeedFixesTheTaskButNotTheInputs) {
  auto options = teacher_data(2, 2, 0);
  EXPECT_NE(teacher_parameters(options, student(), 1), teacher_parameters(options, student(), 2));
  options.teacher_seed = 5;
  EXPECT_EQ(teacher_parameters(options, student(), 1), teacher_parameters(options, student(), 2));
  EXPECT_NE(make_split(options, student(), 1).train.x, make_split(options, student(), 2).train.x);
}

TEST(TeacherData, NoiseHasTheStatedVariance) {
  constexpr double kNoise = 0.3;
  const auto split = make_split(teacher_data(500, 500, kNoise), student(), 11);
  for (const Dataset* set : {&split.train, &split.test}) {
    const auto count = static_cast<double>(set->y.size());
    double sum = 0, square = 0;
    for (std::size_t i = 0; i < set->y.size(); ++i) {
      const double noise = set->y[i] - set->clean[i];
      sum += noise;
      square += noise * noise;
    }
    // 4.5 standard errors: false alarm 7e-6 a check. Var of the mean square of a normal: 2 xi^4 / count.
    EXPECT_NEAR(sum / count, 0, 4.5 * kNoise / std::sqrt(count));
    EXPECT_NEAR(square / count, kNoise * kNoise, 4.5 * kNoise * kNoise * std::sqrt(2 / count));
  }
}

TEST(TeacherData, IsNestedRepeatableAndHashed) {
  const auto few = make_split(teacher_data(7, 4, 0.1), student(), 3),
             many = make_split(teacher_data(40, 9, 0.1), student(), 3);
  // A product with other sizes may sum in another order: x and noise are the same bits, F* within rounding.
  EXPECT_TRUE(std::equal(few.train.x.begin(), few.train.x.end(), many.train.x.begin()));
  for (std::size_t i = 0; i < few.train.y.size(); ++i) EXPECT_NEAR(few.train.y[i], many.train.y[i], 1e-12);
  for (std::size_t i = 0; i < few.test.y.size(); ++i) EXPECT_NEAR(few.test.y[i], many.test.y[i], 1e-12);
  const auto again = make_split(teacher_data(7, 4, 0.1), student(), 3);
  EXPECT_EQ(few.train.y, again.train.y);
  EXPECT_EQ(few.hash, again.hash);
  EXPECT_NE(few.hash, many.hash);
  EXPECT_NE(few.hash, make_split(teacher_data(7, 4, 0.1), student(), 4).hash);
  EXPECT_NE(few.hash, make_split(teacher_data(7, 4, 0.2), student(), 3).hash);
}

TEST(TeacherData, TargetPowerIsTheMeanSquareOfTheTeacher) {
  const auto split = make_split(teacher_data(6, 2, 0.4), student(), 3);
  double sum = 0;
  for (const double value : split.train.clean) sum += value * value;
  EXPECT_NEAR(split.target_power, sum / static_cast<double>(split.train.clean.size()), 1e-14 * sum);
}

DataOptions text_data(const std::string& path, std::int64_t n_data, std::int64_t n_test) {
  auto options = teacher_data(n_data, n_test, 0);
  options.source = Source::text;
  options.path = path;
  options.test_fraction = 0.5;
  return options;
}

model::ModelOptions token_student() {
  auto options = student();
  options.readout = model::Readout::tokens;
  return options;
}

TEST(TextData, TokensAreBytesAndTheirSuccessors) {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 200; ++i) text += i < 100 ? static_cast<char>('!' + i % 90) : '\xC3';
  for (std::size_t i = 101; i < 200; i += 2) text[i] = '\xA9';
  const auto split = make_split(text_data(scratch.file("t", text), 25, 25), token_student(), 1);
  ASSERT_EQ(split.train.tokens.size(), 75U);
  for (std::size_t i = 0; i < 75; ++i)
    EXPECT_EQ((split.train.tokens[i] - '!' + 1) % 90, split.train.next_tokens[i] - '!');
  for (std::size_t i = 0; i < 75; ++i) EXPECT_EQ(split.test.tokens[i] + split.test.next_tokens[i], 0xC3 + 0xA9);
  EXPECT_FALSE(split.target_known);
  EXPECT_TRUE(split.train.x.empty());
}

TEST(TextData, RegressionLooksUpFixedNormalisedRows) {
  const Scratch scratch;
  const auto options = text_data(scratch.file("t", std::string(100, 'a') + std::string(100, 'b')), 5, 5);
  auto wide = student();
  wide.readout = model::Readout::linear;
  wide.d_out = 6;
  const auto split = make_split(options, wide, 1), other = make_split(options, wide, 2);
  ASSERT_EQ(split.train.x.size(), 5U * 3 * 4);
  ASSERT_EQ(split.train.y.size(), 5U * 3 * 6);
  expect_normalised(split.train.x, 4);
  expect_normalised(split.train.y, 6);
  for (std::size_t i = 4; i < split.train.x.size(); ++i) EXPECT_EQ(split.train.x[i], split.train.x[i - 4]);  // all 'a'
  EXPECT_NE(split.train.x[0], split.test.x[0]);                                                              // 'b'
  EXPECT_EQ(split.train.x, other.train.x) << "the embedding is part of the task, not of the seed";
  EXPECT_TRUE(split.train.clean.empty());
  EXPECT_NEAR(split.target_power, 1, 1e-14);
}

struct ArrayFiles {
  Scratch scratch;
  DataOptions options = teacher_data(4, 2, 0);
  std::vector<double> x, y;

  ArrayFiles() {
    for (int i = 0; i < 7 * 3 * 4; ++i) x.push_back(i % 2 == 0 ? 1 : -1);
    for (int i = 0; i < 7 * 3 * 4; ++i) y.push_back(i);
    options.source = Source::arrays;
    options.x = scratch.path("x.npy");
    options.y = scratch.path("y.npy");
    write(options.x, {7, 3, 4}, x);
    write(options.y, {7, 3, 4}, y);
  }
  static void write(const std::string& path, std::vector<std::int64_t> shape, const std::vector<double>& values) {
    write_npy(path, shape, std::span<const double>(values));
  }
  [[nodiscard]] std::string message() const {
    return base::testing::message_of<base::InputError>([&] { static_cast<void>(make_split(options, student(), 1)); });
  }
};

TEST(ArrayData, FirstTrainLastTest) {
  const ArrayFiles files;
  const auto split = make_split(files.options, student(), 1);
  EXPECT_TRUE(std::equal(split.train.y.begin(), split.train.y.end(), files.y.begin()));
  EXPECT_EQ(split.train.y.size(), 4U * 12);
  EXPECT_TRUE(std::equal(split.test.y.begin(), split.test.y.end(), files.y.end() - 24));
  EXPECT_FALSE(split.target_known);
}

TEST(ArrayData, SeparateTestFiles) {
  ArrayFiles files;
  files.options.n_data = 7;
  files.options.x_test = files.scratch.path("xt.npy");
  files.options.y_test = files.scratch.path("yt.npy");
  ArrayFiles::write(files.options.x_test, {2, 3, 4}, std::vector<double>(24, 1));
  ArrayFiles::write(files.options.y_test, {2, 3, 4}, std::vector<double>(24, 8));
  EXPECT_EQ(make_split(files.options, student(), 1).test.y, std::vector<double>(24, 8));
  files.options.n_test = 3;
  EXPECT_NE(files.message().find("xt.npy: n_test = 3, found 2 sequences"), std::string::npos) << files.message();
}

TEST(ArrayData, WrongShapesAreNamed) {
  ArrayFiles files;
  files.options.n_data = 6;
  EXPECT_NE(files.message().find("x.npy: n_data = 6 and n_test = 2 needs 8 sequences, found 7"), std::string::npos)
      << files.message();
  files.options.n_data = 4;
  ArrayFiles::write(files.options.y, {6, 3, 4}, std::vector<double>(72, 1));
  EXPECT_NE(files.message().find("y.npy: expected shape (7, 3, 4) = (n, seq_len, d_out), found (6, 3, 4)"),
            std::string::npos)
      << files.message();
  ArrayFiles::write(files.options.x, {7, 4, 3}, files.x);
  EXPECT_NE(files.message().find("x.npy: expected shape (7, 3, 4)"), std::string::npos) << files.message();
}

TEST(DataOptions, ImpossibleCombinationsAreOneClearErrorEach) {
  const Scratch scratch;
  const std::string text = scratch.file("t", std::string(500, 'a'));
  const auto message = [](const DataOptions& options, const model::ModelOptions& model) {
    return base::testing::message_of<base::InputError>([&] {
      static_cast<void>(make_split(options, model, 1, {"study.toml", 4, 1}));
    });
  };
  const auto expect = [&](const DataOptions& options, const model::ModelOptions& model, const std::string& part) {
    EXPECT_NE(message(options, model).find(part), std::string::npos) << message(options, model);
  };
  expect(teacher_data(4, 2, 0), token_student(), "study.toml:4:1: the teacher makes vector targets");
  expect(teacher_data(4, 0, 0), student(), "n_test must be >= 1; found 0");
  expect(teacher_data(0, 2, 0), student(), "n_data must be >= 1; found 0");
  expect(teacher_data(4, 2, -0.1), student(), "noise must be >= 0; found -0.1");
  expect(text_data("", 4, 2), student(), "needs path");
  auto options = text_data(text, 4, 2);
  options.target = Target::tokens;
  expect(options, student(), "target = \"tokens\" needs readout = \"tokens\"; found readout \"identity\"");
  options.target = Target::regression;
  expect(options, token_student(), "target = \"regression\" needs readout");
  options.target = Target::automatic;
  options.noise = 0.1;
  expect(options, token_student(), "tokens need noise = 0, found 0.1");
  options.noise = 0;
  auto small = token_student();
  small.vocab = 255;
  expect(options, small, "vocab must be at least 256; found 255");
  options.source = Source::arrays;
  expect(options, student(), "found no x");
  options.x = options.y = "a.npy";
  options.x_test = "b.npy";
  expect(options, student(), "found no y_test");
  options.x_test.clear();
  expect(options, token_student(), "arrays hold vectors");
  expect(options, student(), "a.npy: cannot be read");
}

}  // namespace
}  // namespace phaselaw::data
