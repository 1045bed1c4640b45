// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/growing_curves.h"

#include <gtest/gtest.h>

#include "advice/watch_logs.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

// Curves from new lines only are the curves of the whole document.
namespace phaselaw::advice {
namespace {

using testing::log_rows;

std::vector<tables::Curve> whole(const std::string& text) {
  std::vector<documents::Reading> readings;
  readings.push_back(documents::read_text(text, "run.log"));
  return tables::curves_of(std::move(readings), {}).curves;
}

void expect_same(const std::vector<tables::Curve>& a, const std::vector<tables::Curve>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].quantity, b[i].quantity);
    EXPECT_EQ(a[i].step, b[i].step);
    EXPECT_EQ(a[i].loss, b[i].loss);
    EXPECT_EQ(a[i].partner.step, b[i].partner.step);
    EXPECT_EQ(a[i].partner.loss, b[i].partner.loss);
    EXPECT_EQ(a[i].rates.lr, b[i].rates.lr);
    EXPECT_EQ(a[i].grad_norm, b[i].grad_norm);
    EXPECT_EQ(a[i].dense_loss, b[i].dense_loss);
  }
}

class GrowingForm : public ::testing::TestWithParam<const char*> {};

TEST_P(GrowingForm, PiecesOfAnySizeGiveTheCurvesOfTheWholeDocument) {
  const std::string text = log_rows(GetParam(), 1, 900);
  for (std::uint64_t draw = 0; draw < 4; ++draw) {
    numerics::RandomStream stream(3, "pieces", draw);
    GrowingCurves growing({});
    std::size_t done = text.find('\n', text.size() / 3) + 1, pieces = 0;
    growing.read(text.substr(0, done), "run.log");
    ASSERT_TRUE(growing.by_lines());
    while (done < text.size()) {
      const auto size = static_cast<std::size_t>(std::exp(8 * stream.uniform()));
      const std::size_t end = std::min(text.find('\n', std::min(done + size, text.size() - 1)), text.size() - 1) + 1;
      ASSERT_TRUE(growing.append(std::string_view(text).substr(done, end - done), "run.log")) << done;
      done = end;
      ++pieces;
    }
    EXPECT_GT(pieces, 5U);
    expect_same(growing.curves(), whole(text));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, GrowingForm, ::testing::Values("csv", "jsonl", "log"));

TEST(GrowingCurves, StepsThatFallNeedTheWholeDocument) {
  const std::string text = log_rows("csv", 1, 200);
  GrowingCurves growing({});
  growing.read(text, "run.csv");
  EXPECT_FALSE(growing.append("1500,2.5,0.001\n", "run.csv"));  // a resumed run
  EXPECT_FALSE(growing.append("2000,2.5,0.001\n", "run.csv"));  // the last step again
  EXPECT_FALSE(growing.append("10,2.5,0.001\n", "run.csv"));
  expect_same(growing.curves(), whole(text));  // unchanged
  EXPECT_TRUE(growing.append("2010,2.5,0.001\n", "run.csv"));
  EXPECT_EQ(growing.curves().front().loss.back(), 2.5);
}

TEST(GrowingCurves, ALineThatIsNoRowChangesNothing) {
  const std::string text = log_rows("csv", 1, 100);
  GrowingCurves growing({});
  growing.read(text, "run.csv");
  EXPECT_FALSE(growing.append("a,b\n", "run.csv") && growing.curves().front().loss.size() != 100);
  EXPECT_EQ(growing.curves().front().loss.size(), 100U);
}

TEST(GrowingCurves, LossesThatAreNotFiniteAreRows) {
  GrowingCurves growing({});
  growing.read(log_rows("csv", 1, 100), "run.csv");
  ASSERT_TRUE(growing.append("1010,nan,0.001\n1020,inf,0.001\n", "run.csv"));
  EXPECT_TRUE(std::isnan(growing.curves().front().loss[100]));
  EXPECT_TRUE(std::isinf(growing.curves().front().loss[101]));
}

TEST(GrowingCurves, RefusesAScoreAndADocumentWithoutALoss) {
  GrowingCurves growing({});
  std::string score = "step,accuracy\n";
  for (int i = 1; i < 60; ++i) score += fmt::format("{},{}\n", i, 1 - 0.9 / i);
  EXPECT_THROW(growing.read(score, "run.csv"), base::InputError);
  EXPECT_THROW(growing.read("hello\n", "run.csv"), base::InputError);
  EXPECT_TRUE(growing.curves().empty());
}

TEST(GrowingCurves, TheSampleIsSmallForALongLog) {
  const std::string text = log_rows("jsonl", 1, 5000);
  const documents::Reading reading = documents::read_text(text, "run.jsonl");
  const std::string sample = sample_of_lines(text, reading.table);
  EXPECT_LT(sample.size(), text.size() / 50);
  EXPECT_NE(sample.find("eval_loss"), std::string::npos);
}

TEST(WithoutLast, CutsEverySeriesAtTheSameStep) {
  const std::vector<tables::Curve> curves = whole(log_rows("jsonl", 1, 400));
  const tables::Curve cut = without_last(curves.front(), 6);
  EXPECT_EQ(cut.quantity, "eval_loss");
  ASSERT_EQ(cut.loss.size(), curves.front().loss.size() - 6);
  EXPECT_EQ(cut.step.size(), cut.loss.size());
  EXPECT_LE(cut.partner.step.back(), cut.step.back());
  EXPECT_EQ(cut.partner.loss.size(), cut.partner.step.size());
  EXPECT_EQ(cut.partner.loss.size(), static_cast<std::size_t>(cut.step.back() / 10));
  EXPECT_TRUE(without_last(curves.front(), 1000).loss.empty());
}

}  // namespace
}  // namespace phaselaw::advice
