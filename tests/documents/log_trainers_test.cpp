// SPDX-License-Identifier: Apache-2.0
// Invented logs in the form of each trainer.
#include <gtest/gtest.h>

#include "documents/log_reading.h"

namespace phaselaw::documents {
namespace {

using Lines = std::vector<std::string>;

// The table of a log, which must be recognised.
Reading read(const std::string& text) {
  auto reading = log_of(text);
  if (!reading) throw base::InputError("the log was not recognised");
  return *std::move(reading);
}

TEST(LogTrainers, PlainPairs) {
  const Reading log = read("step 100 loss 3.1\nstep 200 loss 2.9\nstep 300 loss nan\n");
  EXPECT_EQ(log.shape, "training log");
  EXPECT_EQ(header_of(log.table), "step;loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"100;3.1", "200;2.9", "300;nan"}));
  EXPECT_EQ(base::to_string(log.table.place(1, 1)), "run.log:2:15");
  EXPECT_TRUE(log.skipped.empty());
}

TEST(LogTrainers, IterationsAndEvaluationsAreOneCounter) {
  const Reading log = read(
      "found 3 shards\n"
      "step 0: train loss 6.20, val loss 6.21\niter 0: loss 6.19, time 900.1ms, mfu -100.00%\n"
      "iter 10: loss 5.50, time 50.2ms, mfu 12.11%\nsaving to out\nstep 20: train loss 5.10, val loss 5.13\n"
      "iter 20: loss 5.12, time 51.0ms, mfu 12.10%\nTraceback (most recent call last):\nKeyboardInterrupt\n");
  EXPECT_EQ(header_of(log.table), "step;train loss;val loss;loss;time;mfu");
  EXPECT_EQ(rows_of(log.table),
            (Lines{"0;6.20;6.21;6.19;900.1;-100.00%", "10;;;5.50;50.2;12.11%", "20;5.10;5.13;5.12;51.0;12.10%"}));
  EXPECT_TRUE(has_note(log, "step and iter count the same thing"));
  EXPECT_TRUE(has_note(log, "time (ms)"));
  EXPECT_EQ(skipped_of(log, "lines that are no record"), 4U);
}

TEST(LogTrainers, Megatron) {
  std::string text;
  for (int i = 1; i <= 3; ++i)
    text += fmt::format(
        " iteration {:8}/     900 | consumed samples: {:12} | elapsed time per iteration (ms): 410.2 | "
        "lm loss: {}.5E+00 | number of nan iterations:   0 |\n",
        10 * i, 320 * i, 9 - i);
  text += " validation loss at iteration 30 | lm loss value: 6.4E+00 | lm loss PPL: 6.0E+02 |\n";
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table),
            "iteration;consumed samples;elapsed time per iteration (ms);lm loss;number of nan iterations;"
            "validation/lm loss value;validation/lm loss PPL");
  EXPECT_EQ(rows_of(log.table),
            (Lines{"10;320;410.2;8.5E+00;0;;", "20;640;410.2;7.5E+00;0;;", "30;960;410.2;6.5E+00;0;6.4E+00;6.0E+02"}));
}

TEST(LogTrainers, PythonRecords) {
  const Reading log = read(
      "{'loss': 4.5, 'learning_rate': 4.9e-05, 'epoch': 0.05}\n{'loss': '4.1', 'learning_rate': 4.8e-05, 'epoch': 0.1}\n"
      "{'eval_loss': 4.0, 'eval': {'accuracy': 0.3, 'best': None}, 'epoch': 0.1}\n"
      "{'loss': nan, 'learning_rate': 0, 'epoch': 0.15}\n"
      "{'train_runtime': 10.5, 'train_loss': 4.3, 'epoch': 0.15}\n");
  EXPECT_EQ(header_of(log.table), "epoch;loss;learning_rate;eval_loss;eval.accuracy;eval.best");
  EXPECT_EQ(rows_of(log.table), (Lines{"0.05;4.5;4.9e-05;;;", "0.1;4.1;4.8e-05;4.0;0.3;", "0.15;nan;0;;;"}));
  EXPECT_EQ(skipped_of(log, "summaries of a whole run"), 1U);
}

TEST(LogTrainers, JsonAfterATimestamp) {
  const Reading log = read(
      "2024-05-01 10:00:00 | INFO | train_inner | {\"epoch\": 1, \"update\": 0.1, \"loss\": \"9.1\", \"num_updates\": "
      "\"100\"}\n"
      "2024-05-01 10:00:09 | INFO | train_inner | {\"epoch\": 1, \"update\": 0.2, \"loss\": \"8.1\", \"num_updates\": "
      "\"200\"}\n"
      "2024-05-01 10:00:10 | INFO | valid | {\"epoch\": 1, \"valid_loss\": \"8.3\", \"valid_num_updates\": \"200\"}\n");
  EXPECT_EQ(header_of(log.table), "epoch;update;step;loss;valid_loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;0.1;100;9.1;", "1;0.2;200;8.1;8.3"}));
}

TEST(LogTrainers, AHeldOutLossUnderAnotherNameKeepsItsPart) {
  std::string text;
  for (int i = 10; i <= 30; i += 10)
    text += fmt::format(
        " iteration {0:8}/ 90 | lm loss: 5.{0}E+00 | grad norm: 0.8 |\n"
        " validation loss at iteration {0} | lm loss value: 6.{0}E+00 | lm loss PPL: 2.1E+01 | \n",
        i);
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "iteration;lm loss;grad norm;validation/lm loss value;validation/lm loss PPL");
  EXPECT_EQ(row_of(log.table, 1), "20;5.20E+00;0.8;6.20E+00;2.1E+01");
  // A log of one part needs no such names.
  const Reading alone = read("eval: step 1 loss 3.5\neval: step 2 loss 3.25\neval: step 3 loss 3.125\n");
  EXPECT_EQ(header_of(alone.table), "step;loss");
}

TEST(LogTrainers, ABatchThatCountsTheStepsIsAStep) {
  const Reading log = read("[batch=1/90]:\n\t Train loss: 3.5\n[batch=2/90]:\n\t Train loss: 3.25\n");
  EXPECT_EQ(header_of(log.table), "step;Train loss");
  EXPECT_TRUE(has_note(log, "batch counts the steps"));
  // It may fall back at a restart, but not begin again, as it would in epochs that the log does not name.
  EXPECT_EQ(header_of(read("batch 10 loss 3.5\nbatch 20 loss 3.25\nbatch 15 loss 3.4\n").table), "step;loss");
  EXPECT_EQ(header_of(read("batch 10 loss 3.5\nbatch 20 loss 3.25\nbatch 10 loss 3.4\n").table), "batch;loss");
}

TEST(LogTrainers, FieldsWithBars) {
  const Reading log = read(
      "step     0 | loss: 5.4 | lr 3.0e-04 | dt: 99.1ms | tok/sec: 5,290\n"
      "step     1 | loss: 5.3 | lr 3.0e-04 | dt: 98.1ms | tok/sec: 5,301\n"
      "step     2 | loss: 5.2 | lr 3.0e-04 | dt: 1.2s | tok/sec: 301\n");
  EXPECT_EQ(header_of(log.table), "step;loss;lr;dt;tok/sec");
  EXPECT_EQ(rows_of(log.table),
            (Lines{"0;5.4;3.0e-04;99.1ms;5,290", "1;5.3;3.0e-04;98.1ms;5,301", "2;5.2;3.0e-04;1.2s;301"}));
  EXPECT_TRUE(has_note(log, "differs from line to line"));
}

TEST(LogTrainers, ValuesBeforeTheirNames) {
  const Reading log = read(
      "step    1/1000 | loss 9.2 (+nanz)| norm 0.9 (+0.1z)| lr 3e-4 | 99.1 ms | 45.0% bf16 MFU | 5290 tok/s\n"
      "step    2/1000 | loss 9.1 (-1.2z)| norm 0.8 (-0.1z)| lr 3e-4 | 98.1 ms | 45.1% bf16 MFU | 5301 tok/s\n"
      "val loss 9.3\n");
  EXPECT_EQ(header_of(log.table), "step;loss;norm;lr;ms;bf16 MFU;tok/s;val loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;9.2;0.9;3e-4;99.1;45.0%;5290;", "2;9.1;0.8;3e-4;98.1;45.1%;5301;9.3"}));
}

TEST(LogTrainers, KeyValue) {
  const Reading log = read(
      "ts=2024-05-01T10:00:00Z level=info run=a msg=\"one step\" step=5 loss=3.5\n"
      "ts=2024-05-01T10:00:01Z level=info run=b msg=\"one step\" step=5 loss=3.6\n"
      "ts=2024-05-01T10:00:02Z level=info run=a msg=\"one step\" step=10 loss=3.4\n");
  EXPECT_EQ(header_of(log.table), "step;level;run;msg;loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"5;info;a;one step;3.5", "5;info;b;one step;3.6", "10;info;a;one step;3.4"}));
}

TEST(LogTrainers, KerasCountsABarOnceWhenItIsComplete) {
  const std::string backspaces(5, '\b');
  const Reading log = read(
      "Epoch 1/3\n\r  1/938 [....] - ETA: 9s - loss: 2.3 - accuracy: 0.1\r 99/938 [=>..] - ETA: 1s - "
      "loss: 0.9 - accuracy: 0.5" +
      backspaces +
      "\r938/938 [====] - 3s 3ms/step - loss: 0.50 - accuracy: 0.80\r938/938 [====] - 4s 4ms/step - "
      "loss: 0.51 - accuracy: 0.81 - val_loss: 0.4\n"
      "Epoch 2/3\n938/938 - 3s - loss: 0.31 - accuracy: 0.91 - val_loss: 0.3 - 3s/epoch\n"
      "Epoch 3/3\n\x1b[1m100/938\x1b[0m \x1b[32m━━━━\x1b[0m 1s 3ms/step - accuracy: 0.9 - loss: 0.3\n");
  EXPECT_EQ(header_of(log.table), "Epoch;loss;accuracy;val_loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;0.51;0.81;0.4", "2;0.31;0.91;0.3"}));
  EXPECT_EQ(skipped_of(log, "earlier states of progress bars"), 4U);
  EXPECT_EQ(skipped_of(log, "lines with a counter but no value"), 1U);
}

TEST(LogTrainers, BarsWithACounter) {
  const Reading log = read(
      "\r  0%|          | 0/1000 [00:00<?, ?it/s]\r 12%|█▏   | 120/1000 [00:10<01:12, 12.1it/s, loss=3.21, lr=1e-4]"
      "\r 12%|█▏   | 120/1000 [00:10<01:12, 12.1it/s, loss=3.20, lr=1e-4]"
      "\r 50%|█████| 500/1000 [00:20<00:12, 1.1s/it, loss=2.9, lr=5e-5]\n");
  EXPECT_EQ(header_of(log.table), "step;loss;lr");
  EXPECT_EQ(rows_of(log.table), (Lines{"120;3.20;1e-4", "500;2.9;5e-5"}));
  EXPECT_EQ(skipped_of(log, "states of progress bars without a value"), 1U);
  EXPECT_EQ(skipped_of(log, "earlier states of progress bars"), 1U);
}

TEST(LogTrainers, LightningCountsOverAllEpochs) {
  std::string text;
  for (int epoch = 0; epoch < 2; ++epoch) {
    text += fmt::format("\rEpoch {0}:  50%|███  | 250/500 [00:05<00:05, 49.1it/s, v_num=0, train_loss={1}.5]\r", epoch,
                        3 - epoch);
    text += "Validation DataLoader 0:  50%|██ | 10/20 [00:00<00:00]\x1b[A\r";
    text += fmt::format(
        "Epoch {0}: 100%|█████| 500/500 [00:05<00:00, 49.1it/s, v_num=0, train_loss={1}.4, val_loss={1}.6]\n", epoch,
        3 - epoch);
  }
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "Epoch;batch;v_num;train_loss;val_loss;step");
  EXPECT_EQ(rows_of(log.table),
            (Lines{"0;250;0;3.5;;250", "0;500;0;3.4;3.6;500", "1;250;0;2.5;;750", "1;500;0;2.4;2.6;1000"}));
  EXPECT_TRUE(has_note(log, "(Epoch - 0) * 500 + batch"));
}

TEST(LogTrainers, BlocksUnderAHeader) {
  std::string text = "config:\n  max_duration=900\n  lr=1e-4\n";
  for (int i = 1; i <= 3; ++i)
    text += fmt::format(
        "2024-05-01 10:00:0{0}.123\tnode1:0\tolmo.train:967\tINFO\t[step={0}00/739328,epoch=0]\n"
        "    train/CrossEntropyLoss={1}.5\n    optim/total_grad_norm=0.{0}\n",
        i, 9 - i);
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "step;epoch;train/CrossEntropyLoss;optim/total_grad_norm");
  EXPECT_EQ(rows_of(log.table), (Lines{"100;0;8.5;0.1", "200;0;7.5;0.2", "300;0;6.5;0.3"}));
}

TEST(LogTrainers, ColoursAndRanks) {
  std::string text;
  for (int i = 1; i <= 2; ++i)
    for (int rank = 0; rank < 3; ++rank)
      text += fmt::format(
          "[rank{1}]:[titan] 2024-05-01 10:00:00 - root - INFO - \x1b[31mstep:  {0}  \x1b[32mloss:  {2}.5"
          "  \x1b[38;2;180;60;0mgrad_norm:  1.2  \x1b[33mmemory: 40.1GiB(50.2%)  \x1b[34mtps: 5,00{0}\x1b[39m\n",
          i, rank, 9 - i);
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "step;loss;grad_norm;memory;tps");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;8.5;1.2;40.1;5,001", "2;7.5;1.2;40.1;5,002"}));
  EXPECT_EQ(skipped_of(log, "lines that repeat a line of another rank"), 4U);
}

TEST(LogTrainers, RanksThatDifferAreToldApart) {
  const Reading log = read("0: step 1 loss 3.5\n1: step 1 loss 3.6\n1: step 2 loss 3.4\n0: step 2 loss 3.3\n");
  EXPECT_EQ(header_of(log.table), "step;loss;rank");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;3.5;0", "1;3.6;1", "2;3.4;1", "2;3.3;0"}));
}

TEST(LogTrainers, PrefixesOfLoggers) {
  const Reading log = read(
      "I0501 12:00:01.123456 140 train.py:88] step 10: loss = 3.5, accuracy = 0.1\n"
      "May  1 12:00:02 node7 trainer[140]: step 20: loss = 3.4, accuracy = 0.2\n"
      "[2024-05-01 12:00:03,123] [INFO] [engine.py:12:train] step 30: loss = 3.3, accuracy = 0.3\n"
      "WARNING:root:step 40: loss = 3.2, accuracy = 0.4\n");
  EXPECT_EQ(header_of(log.table), "step;loss;accuracy");
  EXPECT_EQ(rows_of(log.table), (Lines{"10;3.5;0.1", "20;3.4;0.2", "30;3.3;0.3", "40;3.2;0.4"}));
}

TEST(LogTrainers, ClassicPyTorch) {
  std::string text;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    for (int batch = 0; batch < 3; ++batch)
      text += fmt::format("Train Epoch: {0} [{1}/600 ({2}%)]\tLoss: {3}.{1:03}\n", epoch, batch * 200, batch * 33,
                          4 - epoch);
    text += fmt::format("\nTest set: Average loss: {}.5, Accuracy: 9000/10000 (90%)\n\n", 4 - epoch);
  }
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "Epoch;batch;Loss;Test/Average loss;Test/Accuracy;step");
  EXPECT_EQ(rows_of(log.table), (Lines{"1;0;3.000;;;0", "1;200;3.200;;;200", "1;400;3.400;3.5;9000/10000;400",
                                       "2;0;2.000;;;600", "2;200;2.200;;;800", "2;400;2.400;2.5;9000/10000;1000"}));
}

TEST(LogTrainers, CountersInBrackets) {
  const Reading log = read(
      "Epoch: [0][   0/50]\tTime  0.1 ( 0.3)\tLoss 6.9e+00 (6.95e+00)\nEpoch: [0][  25/50]\tTime  0.1 ( 0.2)\tLoss 6.5e+00 "
      "(6.7e+00)\nEpoch: [1][   0/50]\tTime  0.1 ( 0.3)\tLoss 6.1e+00 (6.1e+00)\n");
  EXPECT_EQ(header_of(log.table), "Epoch;batch;Time;Loss;step");
  EXPECT_EQ(rows_of(log.table), (Lines{"0;0;0.1;6.9e+00;0", "0;25;0.1;6.5e+00;25", "1;0;0.1;6.1e+00;50"}));
  EXPECT_TRUE(has_note(log, "parentheses"));
  EXPECT_EQ(rows_of(read("[100/900] loss 3.1\n[200/900] loss 2.9\n100/900\n").table), (Lines{"100;3.1", "200;2.9"}));
}

TEST(LogTrainers, NumbersInFrontCountTogetherWithNamedSteps) {
  const Reading log = read(
      "step 0: train loss 4.00, val loss 4.10\n0 | loss 4.01 | lr 3e-04 | 99.1ms\n10 | loss 3.90 | lr 3e-04 | 99.2ms\n"
      "20 | loss 3.80 | lr 3e-04 | 99.3ms\nstep 20: train loss 3.79, val loss 3.95\n");
  EXPECT_EQ(header_of(log.table), "step;train loss;val loss;loss;lr;ms");
  EXPECT_EQ(rows_of(log.table),
            (Lines{"0;4.00;4.10;4.01;3e-04;99.1", "10;;;3.90;3e-04;99.2", "20;3.79;3.95;3.80;3e-04;99.3"}));
  EXPECT_EQ(rows_of(read("[0]\ttrain-rmse:3.1\tvalid_0's l2:3.3\n[1]\ttrain-rmse:3.0\tvalid_0's l2:3.2\n").table),
            (Lines{"0;3.1;3.3", "1;3.0;3.2"}));
}

TEST(LogTrainers, TwoKindsOfLinesForOneStep) {
  std::string text;
  for (int i = 1; i <= 3; ++i)
    text += fmt::format(
        "[2024-05-01 10:00:00,123] [INFO] [logging.py:96:log_dist] [Rank 0] step={0}0, lr=[1e-05], "
        "mom=[(0.9, 0.95)]\nsteps: {0}0 loss: {1}.5 iter time (s): 1.2 samples/sec: 3.4\n",
        i, 9 - i);
  const Reading log = read(text);
  EXPECT_EQ(header_of(log.table), "step;lr;steps;loss;iter time (s);samples/sec");
  EXPECT_EQ(row_of(log.table, 1), "20;1e-05;20;7.5;1.2;3.4");
}

TEST(LogTrainers, DurationsAndSummariesOfTrackers) {
  const Reading log = read(
      "Epoch: 01 | Epoch Time: 0m 12s\n\tTrain Loss: 2.9 | Train Acc: 50.1%\nEpoch: 02 | Epoch Time: 1m 2s\n\tTrain Loss: "
      "2.8 | Train Acc: 51.1%\nwandb: Run summary:\nwandb: Epoch 02\nwandb: best/loss 2.8\n");
  EXPECT_EQ(header_of(log.table), "Epoch;Train Loss;Train Acc;best/loss");
  EXPECT_EQ(rows_of(log.table), (Lines{"01;2.9;50.1%;", "02;2.8;51.1%;2.8"}));
}

}  // namespace
}  // namespace phaselaw::documents
