// SPDX-License-Identifier: Apache-2.0
// What is a log and what is not; counters, streams, repeated lines, errors.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "documents/log_reading.h"

namespace phaselaw::documents {
namespace {

using Lines = std::vector<std::string>;

Reading read_rules(const std::string& text) {
  auto reading = log_of(text);
  if (!reading) throw base::InputError("the log was not recognised");
  return *std::move(reading);
}

std::string error_of_log(const std::string& text) {
  try {
    return log_of(text) ? "read" : "not a log";
  } catch (const base::InputError& e) {
    return e.what();
  }
}

TEST(LogRules, OtherShapesAreLeftToTheirReaders) {
  for (const char* text : {
           "",
           "\n\n\n",
           "step,loss\n100,3.1\n200,2.9\n300,2.8\n",
           "| step | loss |\n|---|---|\n| 100 | 3.1 |\n| 200 | 2.9 |\n| 300 | 2.8 |\n",
           "The loss fell to 3.1 after 100 steps.\nIn 2020 there were 7,000,000 people.\nStep 5 has 3 parts.\n",
           "{\"step\": 100, \"loss\": 3.1}\n{\"step\": 200, \"loss\": 2.9}\n{\"step\": 300, \"loss\": 2.8}\n",
           "{\n  \"step\": 100,\n  \"loss\": 3.1,\n  \"step\": 200,\n  \"loss\": 2.9\n}\n",
           "model: small\nsteps: 1000\nlr: 3e-4\nepochs: 10\nbatch: 12\nloss: mse\n",
           "   model loss tokens\n0 small 3.1 2.0\n1 small 3.2 4.0\n2 large 3.3 2.0\n3 large 3.4 4.0\n",
           "name\tsize\tloss\nsmall\t124\t3.2\nmedium\t350\t3.0\nlarge\t774\t2.9\n",
       })
    EXPECT_EQ(error_of_log(text), "not a log") << text;
}

TEST(LogRules, ValuesBehindAWrappedNumberAreRead) {
  std::string text;
  for (int i = 1; i <= 4; ++i)
    text += fmt::format("loss tensor(3.{}, grad=(a, b(c))) lr np.float64(0.{}) step {}\n", i, i, i);
  const Reading log = read_rules(text);
  EXPECT_EQ(header_of(log.table), "step;loss;lr");
  EXPECT_EQ(row_of(log.table, 3), "4;3.4;0.4");
}

TEST(LogRules, BlanksAroundAQuotedNameAreNoPartOfIt) {
  std::string text;
  for (int i = 1; i <= 4; ++i) text += fmt::format("{{' loss': 3.{}, 'grad norm ': 0.{}, 'step': {}}}\n", i, i, i);
  const Reading log = read_rules(text);
  EXPECT_EQ(header_of(log.table), "step;loss;grad norm");
  EXPECT_EQ(row_of(log.table, 3), "4;3.4;0.4");
}

// A name with colours of a terminal is put together in a place that the next line uses again.
TEST(LogRules, TheStreamOfAColouredNameIsKept) {
  std::string text;
  for (int i = 1; i <= 4; ++i)
    text += fmt::format("train\x1b[0m step {0} loss 3.{0}\nvalidation\x1b[0m step {0} loss 3.{1}\n", i, i + 1);
  const Reading log = read_rules(text);
  EXPECT_EQ(header_of(log.table), "step;loss;stream");
  EXPECT_EQ(row_of(log.table, 0), "1;3.1;train");
  EXPECT_EQ(row_of(log.table, 7), "4;3.5;validation");
}

TEST(LogRules, LinesWithoutACounterAreRefusedWithAWayOn) {
  std::string text, numbered;
  for (int i = 0; i < 8; ++i) {
    const std::string line = fmt::format("loss: 3.{}, lr: 1e-4\n", i);
    text += line;
    numbered += fmt::format("{:6} {}", i + 1, line);
  }
  const std::string error = error_of_log(text);
  EXPECT_NE(error.find("run.log: 8 of 8 lines hold values with the names loss, lr"), error.npos) << error;
  EXPECT_NE(error.find("nl -ba -s ' ' LOG"), error.npos) << error;
  const Reading log = read_rules(numbered);  // what the command writes
  EXPECT_EQ(header_of(log.table), "step;loss;lr");
  EXPECT_EQ(row_of(log.table, 7), "8;3.7;1e-4");
}

TEST(LogRules, LinesOfRunsAreRows) {
  const Reading log = read_rules(
      "params=70M compute=1e18 loss=3.4\nparams=160M compute=3e18 loss=3.1\nparams=160M compute=1e19 loss=3.0\n");
  EXPECT_EQ(header_of(log.table), "params;compute;loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"70M;1e18;3.4", "160M;3e18;3.1", "160M;1e19;3.0"}));
  EXPECT_TRUE(has_note(log, "each line is a row"));
}

TEST(LogRules, CountersThatCountDifferentThingsStayApart) {
  std::string text;
  for (int i = 1; i <= 6; ++i) text += fmt::format("iter {}: loss 3.{}\nupdate {}: norm 1.{}\n", i * 8, i, i, i);
  const Reading log = read_rules(text);
  EXPECT_EQ(header_of(log.table), "iter;loss;update;norm");
  EXPECT_FALSE(has_note(log, "count the same thing"));
}

TEST(LogRules, TheFinestCounterIsTheAxis) {
  const Reading log = read_rules(
      "epoch 0 iter 10 loss 3.1\nepoch 0 iter 20 loss 3.0\nepoch 1 iter 30 loss 2.9\nepoch 1: val_loss 3.2\n");
  EXPECT_EQ(header_of(log.table), "epoch;iter;loss;val_loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"0;10;3.1;", "0;20;3.0;", "1;30;2.9;3.2"}));
  EXPECT_TRUE(has_note(log, "1 line without a counter of steps"));
}

TEST(LogRules, ARestartStaysInTheOrderOfLines) {
  const Reading log = read_rules(
      "step 10 loss 3.1\nstep 20 loss 3.0\nresuming from a checkpoint\nstep 10 loss 3.2\nstep 20 loss 2.9\n");
  EXPECT_EQ(rows_of(log.table), (Lines{"10;3.1", "20;3.0", "10;3.2", "20;2.9"}));
}

TEST(LogRules, ALineAboutAnEarlierStepIsNoRestart) {
  const Reading log = read_rules("step 10 loss 3.1\nstep 20 loss 3.0\nstep 30 loss 3.2\nbest loss: 3.0 at step 20\n");
  EXPECT_EQ(rows_of(log.table), (Lines{"10;3.1", "20;3.0", "30;3.2"}));
  EXPECT_EQ(skipped_of(log, "lines about an earlier step"), 1U);
}

TEST(LogRules, EqualCountersAreJoinedOnlyIfConsecutiveAndDisjoint) {
  const Reading log =
      read_rules("step 1 loss 3.1\nstep 1 acc 0.1\nstep 1 loss 3.0\nstep 2 loss 2.9\nstep 1 acc 0.2\nstep 2 acc 0.3\n");
  EXPECT_EQ(header_of(log.table), "step;loss;acc");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;3.1;0.1", "1;3.0;", "2;2.9;", "1;;0.2", "2;;0.3"}));
}

TEST(LogRules, StreamsWithEqualNamesAreToldApart) {
  const Reading log = read_rules("train | step 1 | loss 3.1\nvalid | step 1 | loss 3.3\ntrain | step 2 | loss 3.0\n");
  EXPECT_EQ(header_of(log.table), "step;loss;stream");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;3.1;train", "1;3.3;valid", "2;3.0;train"}));
  const Reading sides = read_rules(
      "Epoch 1 train: loss 3.1 acc 0.5 | val: loss 3.2 acc 0.4\nEpoch 2 train: loss 3.0 acc 0.6 | val: loss 3.1 acc 0.5\n");
  EXPECT_EQ(header_of(sides.table), "Epoch;train loss;train acc;val loss;val acc");
  EXPECT_EQ(row_of(sides.table, 1), "2;3.0;0.6;3.1;0.5");
}

TEST(LogRules, DivergedRunsKeepTheirValues) {
  const Reading log = read_rules(
      "step 1 loss 3.1 lr 1e-4\nstep 2 loss nan lr 1e-4\nstep 3 loss inf lr 1e-4\nstep 4: loss: -inf, lr: NaN\n");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;3.1;1e-4", "2;nan;1e-4", "3;inf;1e-4", "4;-inf;NaN"}));
  EXPECT_EQ(log.table.number(1, 1).kind, base::NumberKind::not_finite);
}

TEST(LogRules, ConfigurationsAndNoiseAreLeftOut) {
  const Reading log = read_rules(
      "{'lr': 0.1, 'batch_size': 12}\nepochs: 10\nlr: 0.1\nNamespace(lr=0.1, seed=3)\nnumber of parameters: 124.5M\n"
      "step 1 loss 3.1\nUserWarning: 3 workers on 2 cores\nstep 2 loss 3.0\nTraceback (most recent call last):\n"
      "  File \"train.py\", line 12, in main\nRuntimeError: out of memory, tried 20.00 GiB\n");
  EXPECT_EQ(header_of(log.table), "step;loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;3.1", "2;3.0"}));
  EXPECT_EQ(skipped_of(log, "lines that are no record"), 9U);
  EXPECT_EQ(log.skipped.front().example, "{'lr': 0.1, 'batch_size': 12}");
  EXPECT_EQ(log.skipped.front().lines, (std::vector<long>{1, 2, 3, 4, 5}));
}

TEST(LogRules, AnEpochOfUnknownLengthIsEstimatedWithANote) {
  const Reading log =
      read_rules("[1,  2000] loss: 2.2\n[1,  4000] loss: 2.0\n[2,  2000] loss: 1.9\n[2,  4000] loss: 1.8\n");
  EXPECT_EQ(header_of(log.table), "epoch;batch;loss;step");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;2000;2.2;2000", "1;4000;2.0;4000", "2;2000;1.9;6000", "2;4000;1.8;8000"}));
  EXPECT_TRUE(has_note(log, "of about 4000 steps"));
}

TEST(LogRules, LinesEndInEveryWay) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string e = end;
    const Reading log = read_rules("step 1 loss 3.1" + e + "step 2 loss 3.0" + e + "done" + e + "step 3 loss 2.9");
    EXPECT_EQ(rows_of(log.table), (Lines{"1;3.1", "2;3.0", "3;2.9"}));
    EXPECT_EQ(base::to_string(log.table.place(2, 1)), "run.log:4:13");
    EXPECT_EQ(log.table.line(2), 4);
  }
}

TEST(LogRules, SharedCases) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/tables/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no cases at " << folder;
  const auto file = [&](const std::string& name) {
    std::stringstream text;
    text << std::ifstream(folder + name).rdbuf();
    return read_rules(text.str());
  };
  const Reading trainer = file("09-json-that-trainers-write/hf.log");
  EXPECT_EQ(header_of(trainer.table), "epoch;loss;learning_rate;eval_loss;eval_runtime");
  EXPECT_EQ(row_of(trainer.table, 1), "0.1;3.5511;4.8e-05;3.4420;12.1");
  EXPECT_EQ(trainer.table.n_rows(), 3U);
  const Reading nano = file("10-text-logs-of-training/nano.log");
  EXPECT_EQ(header_of(nano.table), "step;train loss;val loss;loss;time;mfu");
  EXPECT_EQ(nano.table.n_rows(), 21U);
  EXPECT_EQ(row_of(nano.table, 20), "200;3.9120;3.9875;;;");
  EXPECT_EQ(skipped_of(nano, "lines that are no record"), 3U);
  const Reading mega = file("10-text-logs-of-training/mega.log");
  EXPECT_EQ(mega.table.n_rows(), 19U);
  EXPECT_EQ(mega.table.text(0, mega.table.column("lm loss")), "5.903280E+00");
  const Reading bars = file("10-text-logs-of-training/bars.log");
  EXPECT_EQ(header_of(bars.table), "step;loss;lr;norm;dt");
  EXPECT_EQ(bars.table.n_rows(), 20U);
}

}  // namespace
}  // namespace phaselaw::documents
