// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/wide_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "phaselaw/documents/long_form.h"
#include "small_tables.h"

namespace phaselaw::documents {
namespace {

TEST(WideMatrix, NumbersInTheHeadingBecomeAColumn) {
  Reading reading = comma_table("model,100,300,900,n_params\na,3.9,3.8,3.5,2e7\nb,3.6,,3.2,9e7\n");
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(cells(reading.table), (Rows{{"model", "n_params", "x", "value"},
                                        {"a", "2e7", "100", "3.9"},
                                        {"a", "2e7", "300", "3.8"},
                                        {"a", "2e7", "900", "3.5"},
                                        {"b", "9e7", "100", "3.6"},
                                        {"b", "9e7", "900", "3.2"}}));
  EXPECT_EQ(base::to_string(reading.table.place(1, 3)), "x.csv:2:7");
  EXPECT_EQ(base::to_string(reading.table.place(4, 0)), "x.csv:3:1");
  EXPECT_EQ(reading.notes,
            (std::vector<std::string>{"The 3 headings 100 to 900 were read as values of the column 'x', and the cells "
                                      "below them as the column 'value'. Say what they are, for example with --col "
                                      "step=x or --col tokens=x and --col loss=value."}));
  ASSERT_EQ(reading.skipped.size(), 1U);
  EXPECT_EQ(reading.skipped[0].count, 1U);
  EXPECT_EQ(reading.skipped[0].lines, std::vector<long>{3});
  EXPECT_EQ(reading.shape, "delimited text, wide matrix");
}

TEST(WideMatrix, WordsBesideTheNumbersNameTheColumns) {
  const auto header = [](const std::string& text) {
    Reading reading = comma_table(text);
    return to_long_form(reading) ? reading.table.header : std::vector<std::string>{"unchanged"};
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(header("run,step 100,step 1k,step 10k\na,3,2,1\n"), (Names{"run", "step", "value"}));
  EXPECT_EQ(header("run,1B tokens,2B tokens,4B tokens\na,3,2,1\n"), (Names{"run", "tokens", "value"}));
  EXPECT_EQ(header("model\\step,100,200,400\na,3,2,1\n"), (Names{"model", "step", "value"}));
  EXPECT_EQ(header("n_params\\tokens,100,200,400\n7,3,2,1\n"), (Names{"n_params", "tokens", "value"}));
  EXPECT_EQ(header("loss,100,200,400\na,3,2,1\n"), (Names{"run", "x", "loss"}));
  EXPECT_EQ(header("step,width=128,width=256,width=512\n1,3,2,1\n"), (Names{"step", "width", "value"}));
  EXPECT_EQ(header("epoch,seed_0,seed_1,seed_2\n1,3,2,1\n2,3,2,1\n"), (Names{"epoch", "seed", "value"}));
  EXPECT_EQ(header("step,gpt-10M,gpt-50M,gpt-1.3B\n1,3,2,1\n2,3,2,1\n"), (Names{"step", "run", "value"}));
  EXPECT_EQ(header("x,100,200,400\na,3,2,1\n"), (Names{"x", "x_2", "value"}));
}

TEST(WideMatrix, OtherTablesAreLeftAsTheyAre) {
  for (const char* text : {
           "step,train_loss,val_loss,grad_norm\n1,3,4,1\n",  // metrics
           "step,layer_0,layer_1,layer_2\n1,3,4,1\n",        // quantities of parts
           "model,top1,top5,top10\na,3,4,5\n",               //
           "model,100,300\na,3,4\n",                         // two headings
           "model,100,900,300\na,3,4,5\n",                   // in no order
           "model,100,300,900\na,x,4,5\n",                   // words below
           "step,loss,0.1,0.5,0.9\n1,3,2,3,4\n",             // beside a metric
           "i,0,1,2\n0,3,2,3\n1,3,2,3\n",                    // numbers of columns
           "100,300,900\n3,2,1\n",                           // nothing tells rows apart
           "step,-1,-2,-3\n1,1,2,3\n",                       //
           "step,a-10M,b-50M,c-100M\n1,3,2,1\n2,3,2,1\n",    // different names
           "model,100 loss,300 loss,900 loss\na,3,2,1\n",    // not a number only
           "model,step 100,epoch 200,step 300\na,3,2,1\n",   //
           "model,100,300,900\na,,,\n",                      // empty
           "",                                               //
       }) {
    Reading reading = comma_table(text);
    const Rows before = cells(reading.table);
    EXPECT_FALSE(to_long_form(reading)) << text;
    EXPECT_EQ(cells(reading.table), before) << text;
    EXPECT_TRUE(reading.skipped.empty()) << text;
  }
}

TEST(WideMatrix, KeepsNumbersThatWereNeverText) {
  Reading reading;
  reading.table = Table("x.npz");
  reading.table.add_numbers("n_params", {1e6, 2e6});
  for (const char* name : {"100", "200", "300"}) reading.table.add_numbers(name, {3, 2.5});
  reading.table.set_empty(1, 2);
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(reading.table.n_rows(), 5U);
  EXPECT_TRUE(reading.table.holds_numbers(2));
  EXPECT_EQ(reading.table.number(4, 0).value, 2e6);
  EXPECT_EQ(reading.table.number(4, 1).value, 300);
  EXPECT_EQ(reading.table.number(4, 2).value, 2.5);
}

TEST(WideMatrix, PivotedBackItIsTheSame) {
  std::mt19937_64 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    const std::size_t rows = 1 + random() % 6, columns = 3 + random() % 6;
    std::string text = "model,kind";
    std::vector<std::string> x;
    for (std::size_t c = 0; c < columns; ++c) x.push_back(fmt::format("{}", 10 * (c + 1) * (c + 1)));
    for (const auto& name : x) text += "," + name;
    Rows want;
    for (std::size_t r = 0; r < rows; ++r) {
      text += fmt::format("\nm{},k{}", r, random() % 2);
      want.emplace_back();
      for (std::size_t c = 0; c < columns; ++c) {
        want[r].push_back(
            random() % 4 == 0 && r + c > 0 ? "" : fmt::format("{}", static_cast<double>(random() % 1000) / 100));
        text += "," + want[r][c];
      }
    }
    Reading reading = comma_table(text + "\n");
    ASSERT_TRUE(to_long_form(reading)) << text;
    Rows got(rows, std::vector<std::string>(columns));
    for (std::size_t i = 0; i < reading.table.n_rows(); ++i) {
      const auto r = std::stoul(reading.table.text(i, 0).substr(1));
      const auto c = static_cast<std::size_t>(std::find(x.begin(), x.end(), reading.table.text(i, 2)) - x.begin());
      got.at(r).at(c) = reading.table.text(i, 3);
    }
    EXPECT_EQ(got, want) << text;
  }
}

TEST(WideMatrix, ReadsTheSharedCase) {
  const std::string path = PHASELAW_SOURCE_DIR "/../shared/cases/tables/14-wide-matrix/wide.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "the shared cases are not there";
  Reading reading = comma_table(base::read_text(path));
  ASSERT_TRUE(to_long_form(reading));
  EXPECT_EQ(reading.table.n_rows(), 18U);
  EXPECT_EQ(reading.table.header, (std::vector<std::string>{"model", "n_params", "x", "value"}));
  EXPECT_EQ(reading.table.text(17, 3), "1.8606");
}

}  // namespace
}  // namespace phaselaw::documents
