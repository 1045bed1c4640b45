// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/run_columns.h"

#include <chrono>
#include <filesystem>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/group_rows.h"
#include "phaselaw/tables/runs.h"

// How runs, streams and restarts of whole tables are recognised.
namespace phaselaw::tables {
namespace {

using Names = std::vector<std::string>;

Rows rows_of_curves(const std::string& text, ReadOptions options = {}) {
  options.every_stream = true;
  return rows_from(documents::read_text(text, "runs/t.csv"), options);
}
Rows rows_of_fit(const std::string& text, const ReadOptions& options = {}) {
  return rows_from(documents::read_text(text, "runs/t.csv"), options);
}

Names names_of(const std::vector<Curve>& curves) {
  Names names;
  for (const Curve& curve : curves) names.push_back(curve.name);
  return names;
}

bool any_has(const std::vector<std::string>& texts, const std::string& part) {
  return std::any_of(texts.begin(), texts.end(), [&](const auto& t) { return t.find(part) != std::string::npos; });
}

std::string error_of(const std::string& text, const ReadOptions& options = {}) {
  try {
    (void)curves_from(rows_of_curves(text, options));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

// `n` rows of a falling loss under the same cells in front.
std::string curve_text(const std::string& front, int n = 6, double height = 3) {
  std::string text;
  for (int i = 1; i <= n; ++i) text += fmt::format("{}{},{}\n", front, 100 * i, height - 0.1 * i);
  return text;
}

TEST(RunColumns, TwoColumnsTogetherNameTheRuns) {
  std::string text = "config,kind,note,step,loss\n";
  for (const char* front : {"s,base,x,", "s,fancy,x,", "m,base,x,", "m,fancy,x,"}) text += curve_text(front);
  const Rows rows = rows_of_curves(text);
  const auto curves = curves_from(rows);
  EXPECT_EQ(names_of(curves), (Names{"s/base", "s/fancy", "m/base", "m/fancy"}));
  for (const Curve& curve : curves) EXPECT_EQ(curve.loss.size(), 6U);
  EXPECT_TRUE(any_has(rows.notes, "the runs are named by config+kind")) << fmt::format("{}", rows.notes.size());
  EXPECT_EQ(rows.run_column, "config+kind");
}

// The same rows in the order of the steps.
TEST(RunColumns, TheOrderOfTheRowsDoesNotMatter) {
  std::string text = "width,seed,step,loss\n";
  for (int i = 1; i <= 8; ++i)
    for (int width : {64, 128})
      for (int seed : {1, 2}) text += fmt::format("{},{},{},{}\n", width, seed, i, 4.0 / i);
  EXPECT_EQ(names_of(curves_from(rows_of_curves(text))), (Names{"64/seed 1", "64/seed 2", "128/seed 1", "128/seed 2"}));
}

TEST(RunColumns, TwoWaysToTellRunsApartAreRefusedWithBoth) {
  std::string text = "color,shape,step,loss\n";
  for (int i = 1; i <= 8; ++i) {
    text += fmt::format("red,{},{},2\n", i % 2 == 0 ? "ball" : "cube", i);
    text += fmt::format("blue,{},{},3\n", i % 2 == 0 ? "cube" : "ball", i);
  }
  const std::string error = error_of(text);
  EXPECT_NE(error.find("--col run=color or --col run=shape"), std::string::npos) << error;
  EXPECT_EQ(error_of(text, {.col = {{"run", "color"}}}), "no error");
  EXPECT_EQ(error_of(text, {.col = {{"run", "shape"}}}), "no error");
}

TEST(RunColumns, RepeatedCountersWithoutAColumnAreRefused) {
  std::string text = "step,loss\n", named = "run,step,loss\n";
  for (int i = 1; i <= 8; ++i)
    for (const char* run : {"a", "b"}) {
      text += fmt::format("{},{}\n", i, 3.0 / i);
      named += fmt::format("{},{},{}\n", run, i, 3.0 / i);
    }
  const std::string error = error_of(text);
  EXPECT_NE(error.find("runs/t.csv:3"), std::string::npos) << error;
  EXPECT_NE(error.find("two rows at step 1 (lines 2 and 3)"), std::string::npos) << error;
  EXPECT_NE(error.find("add a column run"), std::string::npos) << error;
  EXPECT_EQ(error_of(named), "no error");  // what the message says to do
}

TEST(RunColumns, AUserWhoNamesTooFewColumnsIsToldWhich) {
  std::string text = "config,kind,step,loss\n";
  for (int i = 1; i <= 8; ++i)
    for (const char* front : {"s,base", "s,fancy", "m,base", "m,fancy"}) text += fmt::format("{},{},2\n", front, i);
  const std::string error = error_of(text, {.col = {{"run", "config"}}});
  EXPECT_NE(error.find("--col run=config+kind"), std::string::npos) << error;
  EXPECT_EQ(error_of(text, {.col = {{"run", "config+kind"}}}), "no error");
}

TEST(RunColumns, AUsualNameThatNamesOnlyGroupsIsNoRunOfAFit) {
  std::string text = "run,n_params,step,loss\n";
  for (int twice = 0; twice < 2; ++twice)
    for (int i = 0; i < 4; ++i)
      text += fmt::format("r{},{},4000,{}\n", i, (i + 1) * 1000000, 2 - 0.1 * i + 0.01 * twice);
  const Rows rows = rows_of_fit(text);
  EXPECT_EQ(rows.n_rows(), 8U);
  EXPECT_EQ(rows.run, Names(8));
  EXPECT_TRUE(any_has(rows.notes, "run names groups and not single runs, because run r0 has two rows at step 4000"));
  EXPECT_TRUE(rows.warnings.empty());
}

// Rows of several sizes under one name are no checkpoints of a run, whatever their order.
TEST(RunColumns, ARunHasOneSize) {
  const std::string text =
      "exp,n_params,tokens,loss\n0,1e6,1e8,4\n0,2e6,3e8,3\n0,4e6,9e8,2\n0,8e6,2e8,3.5\n0,9e6,4e8,3.2\n";
  const Rows rows = rows_of_fit(text);
  EXPECT_EQ(rows.n_rows(), 5U);
  EXPECT_EQ(rows.run, Names(5));
  EXPECT_TRUE(
      any_has(rows.notes, "exp names groups and not single runs, because run 0 has several values of n_params"));
}

TEST(RunColumns, GroupsArePartOfTheNameAndDivideRows) {
  std::string text = "set,run,step,loss\n";
  for (const char* front : {"c4,a,", "c4,b,", "web,a,", "web,b,"}) text += curve_text(front);
  EXPECT_EQ(names_of(curves_from(rows_of_curves(text, {.by = "set"}))), (Names{"c4/a", "c4/b", "web/a", "web/b"}));
  const Rows rows = rows_of_fit(text, {.by = "set"});
  const auto groups = groups_by(rows, "set");
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[1].name, "web");
  EXPECT_EQ(groups[1].rows.size(), 12U);
  EXPECT_NE(error_of(text, {.by = "sett"}).find("did you mean 'set'"), std::string::npos);
}

TEST(RunColumns, FilesAreRunsWithoutAColumnOfRuns) {
  Table table = documents::read_text("step,loss\n" + curve_text(""), "logs/a/train.csv").table;
  table.append(documents::read_text("step,loss\n" + curve_text("", 6, 4), "logs/b/train.csv").table);
  EXPECT_EQ(names_of(curves_from(rows_from(table, {.every_stream = true}))), (Names{"a/train", "b/train"}));
  const Rows fit = rows_from(table, {});
  EXPECT_EQ(fit.n_runs(), 2U);
  EXPECT_EQ(fit.run_column, "file");
}

TEST(RunColumns, AResumedRunIsToldAndItsAbandonedRowsAreNotUsed) {
  std::string text = "run,step,loss\n";
  text += curve_text("a,", 8);  // lines 2 to 9
  for (int i = 6; i <= 12; ++i) text += fmt::format("a,{},{}\n", 100 * i, 1.0 + 0.01 * i);
  const Rows rows = rows_of_curves(text);
  const auto curves = curves_from(rows);
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].loss.size(), 12U);
  EXPECT_DOUBLE_EQ(curves[0].loss[5], 1.06);
  EXPECT_TRUE(
      any_has(rows.notes, "run a was resumed at step 600 (line 10): 3 rows of step 600 to 800 before it are not used"))
      << fmt::format("{}", rows.notes.empty() ? "" : rows.notes[0]);
  EXPECT_EQ(rows_of_fit(text).n_rows(), 12U);
}

TEST(RunColumns, ARunThatBeginsAgainIsTwoRuns) {
  const std::string text = "step,loss\n" + curve_text("") + curve_text("", 6, 5);
  const Rows rows = rows_of_curves(text);
  EXPECT_EQ(names_of(curves_from(rows)), (Names{"t (1)", "t (2)"}));
  EXPECT_TRUE(any_has(rows.notes, "begins again at step 100 (line 8)"));
}

TEST(RunColumns, LongFormHasACurveForEachStream) {
  std::string text = "step,stream,value\n";
  for (int i = 0; i < 10; ++i)
    text += fmt::format("{0},val,{1}\n{0},acc,0.{0}\n{0},train,{2}\n{0},lr,0.001\n", i, 3 - 0.1 * i, 2.9 - 0.1 * i);
  const Rows rows = rows_of_curves(text);
  const auto curves = curves_from(rows);
  ASSERT_EQ(names_of(curves), (Names{"t (val)", "t (train)"}));
  EXPECT_EQ(curves[0].role, Role::held_out);
  EXPECT_EQ(curves[0].loss.size(), 10U);
  EXPECT_EQ(curves[0].partner.loss, curves[1].loss);
  EXPECT_EQ(curves[1].partner.loss, curves[0].loss);
  EXPECT_EQ(curves[1].rates.lr.size(), 10U);
  EXPECT_TRUE(any_has(rows.notes, "acc (10 rows)"));
  const Rows fit = rows_of_fit(text);
  EXPECT_EQ(fit.n_rows(), 10U);
  EXPECT_DOUBLE_EQ(fit.data.output[0], 3);
  EXPECT_TRUE(any_has(fit.notes, "--where stream=train"));
  EXPECT_DOUBLE_EQ(rows_of_fit(text, {.where = {"stream=train"}}).data.output[0], 2.9);
  // As the user may also read it.
  EXPECT_EQ(curves_from(rows_of_curves(text, {.col = {{"run", "stream"}}})).size(), 4U);
}

// A record of another kind without a value hides no streams; one with a value does, because it may be a run.
TEST(RunColumns, KindsOfRecordsWithoutAValueAreNoRuns) {
  std::string text = "kind,step,loss,lr\nconfig,,,0.001\n";
  for (int i = 0; i < 10; ++i) text += fmt::format("train,{0},{1},\nval,{0},{2},\n", i, 2.9 - 0.1 * i, 3 - 0.1 * i);
  EXPECT_EQ(names_of(curves_from(rows_of_curves(text))), (Names{"t (val)", "t (train)"}));
  EXPECT_EQ(rows_of_fit(text).n_rows(), 10U);
  const std::string with_value = text.replace(text.find("config,,,"), 9, "config,0,7,");
  EXPECT_EQ(names_of(curves_from(rows_of_curves(with_value))).size(), 3U);
}

TEST(RunColumns, OneWordThatNamesALossNamesTheValues) {
  const auto curves =
      curves_from(rows_of_curves("name,step,value\ntrain loss,1,3\ntrain loss,2,2.5\ntrain loss,3,2\n"));
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_EQ(curves[0].role, Role::training);
}

// Words of streams that name different runs: no row is left out.
TEST(RunColumns, WordsOfStreamsAtOtherPlacesAreNoStreamsOfAFit) {
  std::string text = "kind,n_params,loss\n";
  for (int i = 1; i <= 6; ++i) text += fmt::format("{},{}e6,{}\n", i % 2 == 0 ? "train" : "val", i, 3 - 0.1 * i);
  EXPECT_EQ(rows_of_fit(text).n_rows(), 6U);
  std::string paired = "kind,n_params,loss\n";
  for (int i = 1; i <= 6; ++i) paired += fmt::format("train,{0}e6,{1}\nval,{0}e6,{2}\n", i, 3 - 0.1 * i, 3.1 - 0.1 * i);
  EXPECT_EQ(rows_of_fit(paired).n_rows(), 6U);
}

TEST(RunColumns, SplitAndMetricTogether) {
  std::string text = "step,split,name,value\n";
  for (int i = 0; i < 6; ++i)
    text +=
        fmt::format("{0},train,loss,{1}\n{0},train,accuracy,0.5\n{0},eval,loss,{2}\n", i, 2 - 0.1 * i, 2.5 - 0.1 * i);
  EXPECT_EQ(names_of(curves_from(rows_of_curves(text))), (Names{"t (eval/loss)", "t (train/loss)"}));
}

// Streams of one run named by the words of a column that is usually the run's.
TEST(RunColumns, ARunColumnOfStreamWordsNamesStreams) {
  std::string text = "run,step,loss\n";
  for (int i = 0; i < 8; ++i) text += fmt::format("train,{0},{1}\nval,{0},{2}\n", i, 4 - 0.4 * i, 4 - 0.1 * i);
  EXPECT_EQ(names_of(curves_from(rows_of_curves(text))), (Names{"t (val)", "t (train)"}));
}

TEST(RunColumns, AMillionRowsOfTenThousandRuns) {
  std::vector<double> run, step, loss;
  for (int r = 0; r < 10000; ++r)
    for (int i = 0; i < 100; ++i) {
      run.push_back(r);
      step.push_back(i);
      loss.push_back(3 - 0.01 * i);
    }
  Table table("big");
  table.add_numbers("run", run);
  table.add_numbers("step", step);
  table.add_numbers("loss", loss);
  const auto start = std::chrono::steady_clock::now();
  const auto curves = curves_from(rows_from(std::move(table), {.every_stream = true}));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(curves.size(), 10000U);
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds));
  EXPECT_LT(seconds, 20);  // about 1 s on an idle core; the sanitizers are slower
}

TEST(RunColumns, SharedCases) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/tables/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no shared cases";
  const auto of = [&](const std::string& file) {
    return curves_from(read_rows(folder + file, {.every_stream = true}));
  };
  const auto streams = of("03-two-streams-in-one-file/streams.csv");
  ASSERT_EQ(names_of(streams), (Names{"streams (val)", "streams (train)"}));
  EXPECT_EQ(streams[0].loss.size(), 11U);
  EXPECT_EQ(streams[1].loss.size(), 20U);
  EXPECT_EQ(names_of(of("04-overfitting-called-divergence/overfit.csv")), (Names{"overfit (val)", "overfit (train)"}));
  EXPECT_EQ(names_of(of("06-groups-in-a-curve-file/groups.csv")), (Names{"s/base", "s/fancy", "m/base", "m/fancy"}));
}

}  // namespace
}  // namespace phaselaw::tables
