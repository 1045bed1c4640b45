// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/schedule_columns.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/rows.h"

namespace phaselaw::tables {
namespace {

// The recursions of the paper in plain loops: S1 and S2 after `steps` steps of a cosine from `warmup` to `total`.
struct Plain {
  double s1 = 0, s2 = 0;
};
Plain plain_sums(int steps, int warmup, int total, double to) {
  Plain out;
  double m = 0, previous = 0;
  for (int i = 0; i <= steps; ++i) {
    const double share = i > warmup ? static_cast<double>(i - warmup) / (total - warmup) : 0;
    const double lr =
        i < warmup ? static_cast<double>(i + 1) / warmup : to + (1 - to) * 0.5 * (1 + std::cos(M_PI * share));
    if (i > 0) {
      out.s1 += previous;
      m = 0.999 * m + (i > warmup ? previous - lr : 0);
      out.s2 += m;
    }
    previous = lr;
  }
  return out;
}

// Two runs of 1,000 and 4,000 steps with a loss every tenth of the run. `every`: steps between records of lr; 0: no lr.
std::string table_text(int every) {
  std::string text = every > 0 ? "run,step,lr,loss\n" : "run,step,loss\n";
  for (const int total : {1000, 4000})
    for (int step = 0; step <= total; step += every > 0 ? every : total / 10) {
      const double share = step > 100 ? static_cast<double>(step - 100) / (total - 100) : 0;
      const double lr =
          step < 100 ? static_cast<double>(step + 1) / 100 : 0.1 + 0.9 * 0.5 * (1 + std::cos(M_PI * share));
      text += fmt::format("r{},{}", total, step) + (every > 0 ? fmt::format(",{}", lr) : "");
      text += step > 0 && step % (total / 10) == 0 ? fmt::format(",{}\n", 3 + 100.0 / (step + 10)) : ",\n";
    }
  return text;
}

ReadOptions stated() {
  ReadOptions options;
  options.schedules.stated = {100, Decay::cosine, {}, 0.1};
  return options;
}

Rows read(const std::string& text, const ReadOptions& options) {
  return rows_from(documents::read_text(text, "t"), options);
}

void expect_plain(const Rows& rows, double relative) {
  ASSERT_EQ(rows.n_rows(), 20U);
  const std::vector<double> step = rows.data.columns.get("step"), s1 = rows.data.columns.get("lr_sum"),
                            s2 = rows.data.columns.get("lr_drop");
  for (std::size_t i = 0; i < rows.n_rows(); ++i) {
    const Plain plain = plain_sums(static_cast<int>(step[i]), 100, rows.run[i] == "r1000" ? 1000 : 4000, 0.1);
    EXPECT_NEAR(s1[i], plain.s1, relative * plain.s1 + 1e-9) << i;
    EXPECT_NEAR(s2[i], plain.s2, relative * plain.s2 + 1e-9) << i;
  }
}

TEST(ScheduleColumns, AStatedScheduleGivesThePlainSums) { expect_plain(read(table_text(0), stated()), 1e-10); }

// Rows without a loss give their learning rates. Records every 20 steps are interpolated: second order in the gap.
TEST(ScheduleColumns, RecordsGiveThePlainSums) {
  expect_plain(read(table_text(1), {}), 1e-10);
  expect_plain(read(table_text(20), {}), 0.02);
}

TEST(ScheduleColumns, FiltersAndTheLastRowKeepTheHistory) {
  const Rows all = read(table_text(1), {});
  ReadOptions options;
  options.last = true;
  const Rows last = read(table_text(1), options);
  ASSERT_EQ(last.n_rows(), 2U);
  EXPECT_EQ(last.data.columns.get("lr_drop")[0], all.data.columns.get("lr_drop")[9]);
  EXPECT_EQ(last.data.columns.get("lr_drop")[1], all.data.columns.get("lr_drop")[19]);
  options.last = false;
  options.where = {"step>=900"};
  EXPECT_EQ(read(table_text(1), options).data.columns.get("lr_sum")[0], all.data.columns.get("lr_sum")[8]);
}

TEST(ScheduleColumns, PeaksAndPlannedStepsMayBeColumns) {
  const std::string text = "run,step,loss,peak,planned\na,500,3,0.5,1000\na,900,2.9,0.5,1000\nb,2000,2.8,2,4000\n";
  ReadOptions options = stated();
  options.schedules.peak_lr = "peak";
  options.schedules.run_steps = "planned";
  const Rows rows = read(text, options);
  EXPECT_NEAR(rows.data.columns.get("lr_sum")[1], 0.5 * plain_sums(900, 100, 1000, 0.1).s1, 1e-9);
  EXPECT_NEAR(rows.data.columns.get("lr_drop")[2], 2 * plain_sums(2000, 100, 4000, 0.1).s2, 1e-9);
  options.schedules.run_steps = "";  // the run ends at its last row
  EXPECT_NEAR(read(text, options).data.columns.get("lr_drop")[1], 0.5 * plain_sums(900, 100, 900, 0.1).s2, 1e-9);
  const std::string tokens = "run,tokens,batch,loss\na,500e3,1e3,3\na,900e3,1e3,2.9\n";
  options = stated();
  EXPECT_NEAR(read(tokens, options).data.columns.get("lr_drop")[0], plain_sums(500, 100, 900, 0.1).s2, 1e-9);
}

std::string error_of(const std::string& text, const ReadOptions& options) {
  try {
    read(text, options).require({"lr_sum", "lr_drop"});
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(ScheduleColumns, WhatIsMissingIsNamed) {
  const auto says = [](const std::string& text, const ReadOptions& options, const char* words) {
    EXPECT_NE(error_of(text, options).find(words), std::string::npos) << error_of(text, options);
  };
  says("run,step,loss\na,1,2\na,2,1.9\n", {}, "no lr was found");
  says("run,tokens,lr,loss\na,1e6,1,2\na,2e6,1,1.9\n", {}, "no step was found");
  says("run,step,lr,loss\na,10,0.1,2\nb,20,0.2,1.9\n", {}, "run a has it at 1 step; state the schedule");
  says("run,step,lr,loss\na,1,1,2\na,2,1,1.9\na,3,1,1.8\n", {}, "it does not change");
  says("step,lr,loss\n1,1,2\n2,0.9,1.9\n3,0.8,1.8\n3,1,2\n", {}, "no column names the run");
  says("run,tokens,loss\na,1e6,2\na,2e6,1.9\n", stated(), "a schedule counts steps");
  says("run,step,S1,S2,loss\na,1,1,0,2\n", stated(), "the table has lr_sum or lr_drop");
  ReadOptions options = stated();
  options.schedules.peak_lr = "-1";
  says(table_text(0), options, "expected a learning rate > 0, found -1");
  options.schedules.peak_lr = "pek";
  says(table_text(0), options, "--peak-lr");
  options = stated();
  options.schedules.run_steps = "planned";
  says("run,step,loss,planned\na,500,3,400\n", options, "beyond its 400 steps in column planned");
  RunSchedules alone;
  alone.peak_lr = "0.1";
  EXPECT_THROW(alone.validate(), base::InputError);
}

}  // namespace
}  // namespace phaselaw::tables
