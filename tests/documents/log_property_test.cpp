// SPDX-License-Identifier: Apache-2.0
// Random curves rendered by a random grammar are read back; damaged logs are read or refused; hostile ones in bounded
// time.
#include <gtest/gtest.h>

#include <cmath>
#include <ctime>
#include <random>

#include "documents/log_reading.h"

namespace phaselaw::documents {
namespace {

using Draw = std::mt19937_64;

template <class T>
const T& one_of(Draw& draw, const std::vector<T>& choices) {
  return choices[draw() % choices.size()];
}

struct RenderedLog {
  std::string text, header;
  std::vector<std::string> rows;
  std::size_t noise = 0;
};

std::string value_text(Draw& draw) {
  const double x = std::ldexp(static_cast<double>(draw() >> 12), -50) - 1;
  switch (draw() % 8) {
    case 0:
      return draw() % 2 == 0 ? "nan" : "inf";
    case 1:
      return fmt::format("{:.3e}", x);
    case 2:
      return fmt::format("{:.4E}", x * 1e9);
    case 3:
      return fmt::format("{}", draw() % 1000);
    case 4:
      return fmt::format("{}", x);
    default:
      return fmt::format("{:.4f}", x);
  }
}

// One line per step with the same names, with a prefix, and lines of noise between them.
RenderedLog rendered(Draw& draw) {
  const std::vector<std::string> words = {"loss",      "aux",   "norm",  "grad",  "kl",   "moe",
                                          "z",         "speed", "ppl",   "bits",  "lm",   "train_loss",
                                          "eval/loss", "x.y",   "acc@1", "top-1", "Größe"};
  const std::vector<std::string> noise = {
      "saving a checkpoint", "Warning: slow disk", "----", "", "see https://example.org/a?b=c",
      "node3 is up",         "It's done, isn't it"};
  const std::string counter = one_of<std::string>(draw, {"step", "iter", "iteration", "global_step", "Step", "update"});
  const std::string join = one_of<std::string>(draw, {": ", "=", " ", " = ", ":", ":   "});
  const std::string apart = one_of<std::string>(draw, {", ", " | ", "; ", "  ", "\t", " - "});
  const std::string prefix = one_of<std::string>(
      draw, {"", "2024-05-01 10:00:00,123 INFO ", "[2024-05-01T10:00:00Z] ", "I0501 10:00:00.123456 140 train.py:88] ",
             "\x1b[32m", "[rank0]: ", "   ", "INFO:root:", "May  3 10:00:00 "});
  const std::string end = one_of<std::string>(draw, {"\n", "\r\n"});
  const std::string unit = one_of<std::string>(draw, {"", "ms", " ms", "GiB", " tok/s"});
  std::vector<std::string> names = {"loss"};
  while (names.size() < 1 + draw() % 5) {
    std::string name = one_of(draw, words);
    for (std::size_t more = draw() % 3; more > 0; --more) name += " " + one_of(draw, words);
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  RenderedLog log;
  log.header = counter == "update" ? "step" : counter;
  for (const std::string& name : names) log.header += ";" + name;
  std::size_t step = 0;
  for (std::size_t line = 0; line < 12; ++line) {
    step += 1 + draw() % 50;
    std::string text = prefix + counter + join + std::to_string(step), row = std::to_string(step);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const std::string value = value_text(draw);
      text += apart + names[i] + join + value + (i == 1 && value != "nan" && value != "inf" ? unit : "");
      row += ";" + value;
    }
    log.text += text + end;
    log.rows.push_back(row);
    if (draw() % 4 == 0) {
      const std::string& between = one_of(draw, noise);
      log.text += between + end;
      log.noise += between.empty() ? 0 : 1;
    }
  }
  return log;
}

TEST(LogProperty, ARandomGrammarIsReadBack) {
  Draw draw(1);
  for (int round = 0; round < 1500; ++round) {
    RenderedLog expected = rendered(draw);
    const auto log = log_of(expected.text);
    ASSERT_TRUE(log) << expected.text;
    ASSERT_EQ(header_of(log->table), expected.header) << expected.text;
    ASSERT_EQ(rows_of(log->table), expected.rows) << expected.text;
    std::size_t skipped = 0;
    for (const Skipped& reason : log->skipped) skipped += reason.count;
    ASSERT_EQ(skipped, expected.noise) << expected.text;
  }
}

TEST(LogProperty, EveryCellStandsInTheText) {
  Draw draw(2);
  for (int round = 0; round < 200; ++round) {
    const RenderedLog expected = rendered(draw);
    const auto log = log_of(expected.text);
    ASSERT_TRUE(log);
    for (std::size_t column = 0; column < log->table.n_columns(); ++column) {
      const base::Location place = log->table.place(3, column);
      ASSERT_EQ(place.line, log->table.line(3));
      std::size_t begin = 0;
      for (long line = 1; line < place.line; ++line) begin = expected.text.find('\n', begin) + 1;
      const std::string cell = log->table.text(3, column);
      ASSERT_EQ(expected.text.substr(begin + static_cast<std::size_t>(place.column) - 1, cell.size()), cell);
    }
  }
}

TEST(LogProperty, DamagedLogsAreReadOrRefused) {
  Draw draw(3);
  const std::string pieces = "{}[]()'\"|:=,;/\r\n\t\b\x1b%<>.-+eE0159 \0\x80\xE2\xC2";
  std::size_t read = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text = rendered(draw).text;
    text +=
        "Epoch 1/2\n 9/9 [===] - 1s - loss: 0.5\n{'loss': 3.1, 'a': {'b': 2}, 'epoch': 1}\n 12%|█ | 12/100 [00:01<00:02, loss=3]\r";
    for (std::size_t change = draw() % 12; change > 0; --change) {
      const std::size_t at = draw() % text.size();
      const char byte = draw() % 2 == 0 ? pieces[draw() % pieces.size()] : static_cast<char>(draw());
      if (draw() % 3 == 0)
        text.insert(at, 1 + draw() % 3, byte);
      else if (draw() % 2 == 0)
        text.erase(at, 1 + draw() % 9);
      else
        text[at] = byte;
    }
    try {
      const auto log = log_of(text);
      read += log ? 1 : 0;
      if (!log) continue;
      for (std::size_t row = 0; row < log->table.n_rows(); ++row) ASSERT_GT(log->table.line(row), 0);
      ASSERT_EQ(rows_of(log->table).size(), log->table.n_rows());
    } catch (const base::InputError& e) {
      ASSERT_NE(std::string(e.what()).find("run.log"), std::string::npos);
    }
  }
  EXPECT_GT(read, 1000U);
}

std::string repeated_text(const std::string& piece, std::size_t times) {
  std::string out;
  out.reserve(piece.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

// The processor time of a reading, in seconds.
double seconds_of(const std::string& text, std::string& outcome) {
  const std::clock_t start = std::clock();
  try {
    const auto log = log_of(text);
    outcome = log ? fmt::format("{} rows", log->table.n_rows()) : "not a log";
  } catch (const base::InputError& e) {
    outcome = e.what();
  }
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

TEST(LogProperty, HostileLinesAreReadInLinearTime) {
  const std::string some = repeated_text("step 1 loss 3\nstep 2 loss 2\n", 10);
  for (const char* piece : {"x", "a b c 1 ", "' \" ", "a ( ", "a [1", "1/ ", "{'a':", "loss 3 ", "train: loss 3 ",
                            "\x1b[31mloss ", "1:", "nan ", "a=", "12%|", "tensor(1 ", "\\\"", "1 it "}) {
    const std::string p = piece;
    std::string outcome;
    const double seconds =
        seconds_of(some + "step 3 " + repeated_text(p, (std::size_t{2} << 20) / p.size()) + "\n", outcome);
    EXPECT_LT(seconds, 10) << piece;  // also with sanitizers
    EXPECT_NE(outcome.find("rows"), outcome.npos) << piece << ": " << outcome;
  }
  std::string outcome;
  EXPECT_LT(seconds_of(some + std::string((std::size_t{16} << 20) + 1, 'x'), outcome), 10);
  EXPECT_NE(outcome.find("run.log:21: the line has 16777217 bytes"), outcome.npos) << outcome;
}

TEST(LogProperty, ManyNamesAreBounded) {
  std::string wide, sparse, many;
  for (int step = 0; step < 3; ++step) {
    wide += fmt::format("step {}", step);
    for (int i = 0; i < 100'000; ++i) wide += fmt::format(" n{}={}", i, i);
    wide += "\n";
  }
  for (int i = 0; i < 300'000; ++i) {
    sparse += fmt::format("step {} loss 3 a{} 4\n", i, i % 50'000);
    many += fmt::format("step {} loss 3 a{} 4\n", i, i);
  }
  std::string outcome;
  EXPECT_LT(seconds_of(wide, outcome), 10);
  EXPECT_EQ(outcome, "3 rows");
  EXPECT_LT(seconds_of(sparse, outcome), 10);
  EXPECT_NE(outcome.find("nearly all of the table would be empty"), outcome.npos) << outcome;
  EXPECT_LT(seconds_of(many, outcome), 10);
  EXPECT_NE(outcome.find("different names of values"), outcome.npos) << outcome;
}

}  // namespace
}  // namespace phaselaw::documents
