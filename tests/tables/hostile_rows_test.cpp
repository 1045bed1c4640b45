// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <functional>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/runs.h"

// Runs, streams and restarts of tables that nobody wrote by hand.
namespace phaselaw::tables {
namespace {

double seconds_of(const std::function<void()>& act) {
  const auto start = std::chrono::steady_clock::now();
  act();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string study_text() {
  std::string text = "config,seed,stream,step,value\n";
  for (const char* config : {"a", "b"})
    for (int seed = 1; seed <= 2; ++seed)
      for (int i = 0; i < 8; ++i) {
        const int step = i < 5 ? i : i - 2;  // resumed at step 3
        text +=
            fmt::format("{0},{1},train,{2},{3}\n{0},{1},val,{2},{4}\n", config, seed, step, 3 - 0.1 * i, 3.1 - 0.1 * i);
      }
  return text;
}

TEST(HostileRows, TheStudyItselfIsRead) {
  const Rows rows = rows_from(documents::read_text(study_text(), "t"), {.every_stream = true});
  const auto curves = curves_from(rows);
  ASSERT_EQ(curves.size(), 8U);
  EXPECT_EQ(curves[0].name, "a/seed 1 (val)");
  for (const Curve& curve : curves) EXPECT_EQ(curve.step, (std::vector<double>{0, 1, 2, 3, 4, 5}));
  // Four runs with two streams each; three runs are named.
  EXPECT_EQ(rows.notes.back(), "1 more restart was treated in the same way");
  EXPECT_NE(rows.notes[rows.notes.size() - 2].find("4 rows of step 3 to 4"), std::string::npos)
      << rows.notes[rows.notes.size() - 2];
}

// Whatever the bytes, the rows are read or refused with a message.
TEST(HostileRows, MutatedBytesAreReadOrRefused) {
  const std::string study = study_text();
  std::mt19937 draw(3);
  int read = 0, refused = 0;
  for (int trial = 0; trial < 600; ++trial) {
    std::string text = study;
    for (unsigned i = 0; i <= draw() % 6; ++i) {
      const std::size_t at = draw() % text.size();
      const std::string_view marks = ",\n\"-e.0na train";
      if (draw() % 3 == 0)
        text.erase(at, 1 + draw() % 8);
      else
        text.insert(at, 1, marks[draw() % marks.size()]);
    }
    for (const bool curves : {true, false}) {
      try {
        const Rows rows = rows_from(documents::read_text(text, "t"), {.every_stream = curves});
        if (curves) (void)curves_from(rows);
        ++read;
      } catch (const base::InputError& error) {
        EXPECT_NE(std::string(error.what()), "");
        ++refused;
      }
    }
  }
  EXPECT_GT(read, 0);
  EXPECT_GT(refused, 0);
}

TEST(HostileRows, AHundredThousandColumns) {
  Table table("wide");
  constexpr int kRows = 8;
  std::vector<double> step;
  for (int i = 0; i < kRows; ++i) step.push_back(i / 2);  // each step twice
  table.add_numbers("step", step);
  table.add_numbers("loss", std::vector<double>(kRows, 2.0));
  table.add_numbers("width", {1, 2, 1, 2, 1, 2, 1, 2});
  for (int c = 0; c < 100000; ++c) table.add_numbers(fmt::format("x{}", c), std::vector<double>(kRows, c));
  std::vector<Curve> curves;
  const double seconds = seconds_of([&] { curves = curves_from(rows_from(std::move(table), {.every_stream = true})); });
  EXPECT_EQ(curves.size(), 2U);
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds));
  EXPECT_LT(seconds, 30);
}

// The place of each fault is found without another search through the document.
TEST(HostileRows, AFaultInEachOfManyColumns) {
  constexpr int kColumns = 100000;
  std::string text = "loss,compute";
  for (int c = 0; c < kColumns; ++c) text += fmt::format(",c{}", c);
  for (int row = 0; row < 4; ++row) {
    text += fmt::format("\n{},1e1{}", 3 - 0.1 * row, row);
    for (int c = 0; c < kColumns; ++c) text += row == 2 ? ",x" : ",1";
  }
  Rows rows;
  const double seconds = seconds_of([&] { rows = rows_from(documents::read_text(text, "t")); });
  EXPECT_EQ(rows.unusable.size(), static_cast<std::size_t>(kColumns) + 2);  // and the sums of learning rates
  EXPECT_TRUE(rows.unusable.at("c99999").starts_with("t:4:200008: ")) << rows.unusable.at("c99999");
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds));
  EXPECT_LT(seconds, 30);
}

// Every row is a run of its own name, and every step is repeated.
TEST(HostileRows, AsManyRunsAsRows) {
  std::vector<double> run, step, loss;
  for (int i = 0; i < 300000; ++i) {
    run.push_back(i);
    step.push_back(i % 10);
    loss.push_back(2);
  }
  Table table("many");
  table.add_numbers("id", run);
  table.add_numbers("step", step);
  table.add_numbers("loss", loss);
  std::string message;
  const double seconds = seconds_of([&] {
    try {
      (void)curves_from(rows_from(std::move(table), {.every_stream = true}));
    } catch (const base::InputError& error) {
      message = error.what();
    }
  });
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds));
  EXPECT_LT(seconds, 30);
}

}  // namespace
}  // namespace phaselaw::tables
