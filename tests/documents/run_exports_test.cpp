// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/run_exports.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "phaselaw/documents/long_form.h"
#include "phaselaw/documents/runs_table.h"
#include "small_tables.h"

namespace phaselaw::documents {
namespace {

TEST(RunExports, ColumnsForEachRunBecomeRows) {
  Reading reading = comma_table(
      "Step,big - net - train/loss,big - net - train/loss__MIN,big - net - train/loss__MAX,small - train/loss,small - _step\n"
      "1,3.5,3.5,3.5,,\n2,3.0,3.0,3.0,4.5,2\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(
      cells(reading.table),
      (Rows{
          {"Step", "run", "train/loss"}, {"1", "big - net", "3.5"}, {"2", "big - net", "3.0"}, {"2", "small", "4.5"}}));
  EXPECT_EQ(base::to_string(reading.table.place(2, 2)), "x.csv:3:15");
  ASSERT_EQ(reading.skipped.size(), 2U);
  EXPECT_EQ(reading.skipped[0].reason, "columns of minima and maxima that repeat the value");
  EXPECT_EQ(reading.skipped[0].count, 2U);
  EXPECT_EQ(reading.skipped[1].reason, "steps at which a run has no value");
  EXPECT_EQ(reading.skipped[1].count, 1U);
  EXPECT_EQ(reading.skipped[1].example, "small");
}

TEST(RunExports, KeepsTheSpreadOfAGroup) {
  Reading reading = comma_table(
      "Step,lr: 1e-3 - loss,lr: 1e-3 - loss__MIN,lr: 1e-3 - loss__MAX,lr: 1e-4 - loss,lr: 1e-4 - loss__MIN,lr: 1e-4 - loss__MAX\n"
      "1,3,2.9,3.1,4,4,4\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table), (Rows{{"Step", "run", "loss", "loss__MIN", "loss__MAX"},
                                        {"1", "lr: 1e-3", "3", "2.9", "3.1"},
                                        {"1", "lr: 1e-4", "4", "4", "4"}}));
  EXPECT_EQ(reading.notes.size(), 2U);
}

TEST(RunExports, TheStepOfEachRunIsItsAxis) {
  Reading reading = comma_table("Step,a - loss,a - _step,b - loss,b - _step\n0,3,10,4,20\n1,2,20,3,40\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table),
            (Rows{{"Step", "run", "loss"}, {"10", "a", "3"}, {"20", "b", "4"}, {"20", "a", "2"}, {"40", "b", "3"}}));
  EXPECT_EQ(reading.notes.at(1),
            "The column _step of each run is its axis; the axis of the export differs from it and is left out.");
  reading = comma_table("Relative Time (Process),a - loss,a - _step\n0.5,3,10\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table), (Rows{{"Relative Time (Process)", "run", "loss", "_step"}, {"0.5", "a", "3", "10"}}));
}

TEST(RunExports, ReadsTheKeysOfNeptune) {
  Reading reading = comma_table("step,ABC-1/train/loss,ABC-12/train/loss\n1,3,4\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table), (Rows{{"step", "run", "train/loss"}, {"1", "ABC-1", "3"}, {"1", "ABC-12", "4"}}));
}

TEST(RunExports, OtherTablesAreLeftAsTheyAre) {
  for (const char* text : {
           "Model,MMLU - 5 shot,GSM8K - 8 shot\na,3,4\n",   // rows have names
           "params,MMLU - 5 shot,GSM8K - 8 shot\n1,3,4\n",  // runs of different metrics
           "step,loss - train,loss - val\n1,3,4\n",         // a metric of streams
           "step,train/loss,val/loss\n1,3,4\n",             //
           "step,a - loss,b - loss\n",                      // no rows
           "a,b,c,x - y\n1,2,3,4\n",                        // more columns than an export has
           "step,a - loss,b - loss\n1,,\n",                 // no values
       }) {
    Reading reading = comma_table(text);
    const Rows before = cells(reading.table);
    EXPECT_FALSE(to_long_form(reading)) << text;
    EXPECT_EQ(cells(reading.table), before) << text;
    EXPECT_TRUE(reading.skipped.empty()) << text;
  }
}

TEST(RunExports, PivotedBackItIsTheSame) {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t runs = 1 + random() % 5, metrics = 1 + random() % 3, rows = 1 + random() % 5;
    std::string text = "Step";
    for (std::size_t r = 0; r < runs; ++r)
      for (std::size_t m = 0; m < metrics; ++m) text += fmt::format(",r{} - m{}", r, m);
    Rows want;
    for (std::size_t row = 0; row < rows; ++row) {
      text += fmt::format("\n{}", row);
      want.emplace_back();
      for (std::size_t c = 0; c < runs * metrics; ++c) {
        want[row].push_back(random() % 3 == 0 && row + c > 0 ? "" : fmt::format("{}", random() % 100));
        text += "," + want[row][c];
      }
    }
    Reading reading = comma_table(text + "\n");
    ASSERT_TRUE(to_long_form(reading)) << text;
    Rows got(rows, std::vector<std::string>(runs * metrics));
    for (std::size_t i = 0; i < reading.table.n_rows(); ++i)
      for (std::size_t m = 0; m < metrics; ++m)
        got.at(std::stoul(reading.table.text(i, 0))).at(std::stoul(reading.table.text(i, 1).substr(1)) * metrics + m) =
            reading.table.text(i, 2 + m);
    EXPECT_EQ(got, want) << text;
  }
}

TEST(RunsTable, ObjectsInCellsBecomeColumns) {
  Reading reading;
  reading.table = Table("x.csv");
  for (const char* name : {"name", "config", "loss", "notes"}) reading.table.add_column(name);
  const char* objects[] = {
      R"({"lr": 0.001, "model": {"depth": 4, "name": "a, b"}, "list": [1, {"k": "]"}], "none": null})",
      R"({'lr': 1e-4, 'model': {}, 'on': True})", "", R"({"lr": {"value": 5, "desc": null}})"};
  for (const char* object : objects) {
    const std::size_t row = reading.table.add_row(1);
    reading.table.set(row, 1, object);
    reading.table.set(row, 2, "3");
    reading.table.set(row, 3, row == 0 ? "{open" : "words");
  }
  EXPECT_FALSE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table), (Rows{{"name", "loss", "notes", "config.lr", "config.model.depth",
                                         "config.model.name", "config.list", "config.none", "config.on"},
                                        {"", "3", "{open", "0.001", "4", "a, b", "[1, {\"k\": \"]\"}]", "", ""},
                                        {"", "3", "words", "1e-4", "", "", "", "", "True"},
                                        {"", "3", "words", "", "", "", "", "", ""},
                                        {"", "3", "words", "5", "", "", "", "", ""}}));
  EXPECT_EQ(reading.notes.size(), 2U);
}

TEST(RunsTable, LeavesColumnsThatAreNoObjects) {
  std::string deep;
  for (int i = 0; i < 50'000; ++i) deep += "{\"a\":";
  for (const std::string& cell : {deep, std::string("{"), std::string("{\"a\": 1"), std::string("{a: 1}"),
                                  std::string("{\"a\": 1} x"), std::string("{\"a\" 1}"), std::string("{\"a\": [1}"),
                                  std::string("{\"a\": }"), std::string("{\"a\\"), std::string("{\"a\": \"b")}) {
    Reading reading;
    reading.table = Table("x.csv");
    reading.table.add_column("config");
    reading.table.set(reading.table.add_row(1), 0, cell);
    EXPECT_FALSE(to_long_form(reading));
    EXPECT_EQ(reading.table.header, std::vector<std::string>{"config"}) << cell.substr(0, 40);
    EXPECT_EQ(reading.notes.size(), 1U);
  }
}

TEST(RunsTable, NotesRunsThatDidNotFinish) {
  Reading reading = comma_table("Name,State,loss\na,finished,3\nb,crashed,4\nc,running,5\nd,crashed,6\n");
  EXPECT_FALSE(to_long_form(reading));
  EXPECT_EQ(
      reading.notes,
      (std::vector<std::string>{
          "3 of 4 runs did not finish by the column 'State' (2 crashed, 1 running); leave them out with --where 'State=finished'."}));
  for (const char* text :
       {"Name,State\na,finished\n", "Name,State\na,Ohio\nb,failed\n", "Name,status_code\na,failed\n"}) {
    Reading other = comma_table(text);
    to_long_form(other);
    EXPECT_TRUE(other.notes.empty()) << text;
  }
}

TEST(RunExports, AMillionCellsTakeHalfASecond) {
  std::string text = "Step";
  for (int c = 0; c < 1000; ++c) text += fmt::format(",run-{} - loss", c);
  for (int r = 0; r < 1000; ++r) {
    text += fmt::format("\n{}", r);
    for (int c = 0; c < 1000; ++c) text += ",3.25";
  }
  Reading reading = comma_table(std::move(text));
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(to_long_form(reading));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_EQ(reading.table.n_rows(), 1'000'000U);
  EXPECT_LT(seconds, 5) << "a bound for a loaded machine; 0.1 s were measured";
  RecordProperty("milliseconds", static_cast<int>(1000 * seconds));
}

TEST(RunExports, ManyColumnsOfAllKindsTakeLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  for (int kind = 0; kind < 4; ++kind) {
    std::string text = "Step", row = "\n1";
    for (int c = 0; c < 100'000; ++c) {
      text += kind == 0   ? fmt::format(",r{} - loss", c)
              : kind == 1 ? fmt::format(",r{} - m{}", c, c)
              : kind == 2 ? fmt::format(",r{} - m{}__MIN", c, c)
                          : fmt::format(",{}", c + 5);
      row += ",3";
    }
    Reading reading = comma_table(text + row + "\n");
    to_long_form(reading);
    EXPECT_EQ(reading.table.n_rows(), kind == 0 || kind == 3 ? 100'000U : 1U) << kind;
  }
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 10);
}

}  // namespace
}  // namespace phaselaw::documents
