// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/reproduce/lazy_or_rich.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

constexpr int kTeachers = 6;

double shift(int teacher, double noise) { return noise * (teacher - 0.5 * (kTeachers + 1)) / kTeachers; }

analysis::LazinessStudy study(const char* axis, const std::vector<double>& values, double slope, double noise) {
  analysis::LazinessStudy s;
  s.axis = axis;
  for (const double x : values)
    for (int teacher = 1; teacher <= kTeachers; ++teacher) {
      analysis::LazyPoint p;
      p.keys = {{axis, x}, {"model.other", 1}};
      p.seed = teacher;
      p.drift = 0.3 * std::pow(x, slope + shift(teacher, noise));
      s.points.push_back(p);
    }
  return s;
}

// Losses 5, 4, 3, 2 with drifts that fall with the size at the last step, and at equal loss.
std::vector<analysis::TrainingLaziness> trainings(double slope, double noise) {
  std::vector<analysis::TrainingLaziness> runs;
  for (const std::int64_t size : {1000, 2000, 4000})
    for (int seed = 1; seed <= kTeachers; ++seed) {
      analysis::TrainingLaziness run;
      run.n_params = size;
      run.seed = seed;
      run.outcome = "finished";
      run.signature = "none";
      const double level = std::pow(static_cast<double>(size), slope + shift(seed, noise));
      for (int i = 0; i < 4; ++i)
        run.records.push_back({8 << i, 100.0 * i, 5.0 - i, 0.1 * i * level, 0, 0.1 + 0.1 * i});
      runs.push_back(run);
    }
  return runs;
}

LazyOrRich planted(double width, double scale, double text, double noise) {
  return {study("model.d_hidden", {32, 128, 512}, width, noise),
          study("model.d_hidden", {32, 128, 512}, width, noise),
          study("model.output_scale", {3, 10, 30}, scale, noise),
          {trainings(text, noise)}};
}

report::Claim decided(const LazyOrRich& e, const std::string& id) {
  auto claims = claims_of(e);
  decide(claims);
  for (const auto& c : claims)
    if (c.id == "E5." + id) return c;
  throw std::runtime_error("no claim " + id);
}

constexpr const char* kAll[] = {"one_layer_width", "two_layers_width", "output_scale", "text_equal_tokens",
                                "text_equal_loss"};

TEST(LazyOrRich, TrueClaimsAreSupported) {
  const auto e = planted(-0.5, -1, -0.3, 0.05);
  for (const char* id : kAll) EXPECT_EQ(decided(e, id).verdict, Verdict::kSupported) << id;
  EXPECT_NEAR(decided(e, "one_layer_width").measured, -0.5, 1e-12);
  EXPECT_NEAR(decided(e, "text_equal_tokens").measured, -0.3, 1e-12);
  EXPECT_NEAR(decided(e, "text_equal_loss").measured, -0.3, 1e-12);
}

TEST(LazyOrRich, FalseClaimsAreRefuted) {
  const auto e = planted(0, -0.5, 0.3, 0.05);
  for (const char* id : kAll) EXPECT_EQ(decided(e, id).verdict, Verdict::kNotSupported) << id;
}

TEST(LazyOrRich, ScatterBetweenTeachersIsInconclusive) {
  const auto e = planted(-0.5, -1, -0.3, 4);
  for (const char* id : kAll) EXPECT_EQ(decided(e, id).verdict, Verdict::kInconclusive) << id;
}

TEST(LazyText, ASizeThatDoesNotReachTheLossDecidesNothing) {
  auto e = planted(-0.5, -1, -0.3, 0.05);
  for (auto& run : e.text.runs)
    if (run.n_params == 1000)
      for (auto& record : run.records) record.train_loss += kEqualLoss;
  EXPECT_EQ(decided(e, "text_equal_loss").verdict, Verdict::kInconclusive);
  EXPECT_EQ(decided(e, "text_equal_tokens").verdict, Verdict::kSupported);
  e.text.runs.front().outcome = "diverged";
  e.text.runs.back().outcome = "diverged";
  EXPECT_EQ(decided(e, "text_equal_tokens").verdict, Verdict::kInconclusive);
}

TEST(LazyText, LazyAndRichTrainingsAreTold) {
  auto e = planted(-0.5, -1, -0.3, 0.05);  // drifts of 0.3 4000^-0.3 = 0.025 at the last step
  EXPECT_EQ(decided(e, "text_lazy").verdict, Verdict::kSupported);
  for (auto& run : e.text.runs)
    for (auto& record : run.records) record.drift *= 100;
  EXPECT_EQ(decided(e, "text_lazy").verdict, Verdict::kNotSupported);
  e.text.runs.back().outcome = "diverged";
  EXPECT_EQ(decided(e, "text_lazy").verdict, Verdict::kInconclusive);
}

TEST(LazyText, FiguresAndTableHaveEverySize) {
  const auto e = planted(-0.5, -1, -0.3, 0.05).text;
  EXPECT_EQ(figures_of(e)[0].series.size(), 3U);
  EXPECT_EQ(figures_of(e)[1].series.size(), 2U);
  EXPECT_EQ(table_of(e).rows.size(), 3U);
}

}  // namespace
}  // namespace phaselaw::reproduce
