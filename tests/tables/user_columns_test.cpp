// SPDX-License-Identifier: Apache-2.0
// What the user says about columns, and what is asked where headings leave a doubt.
#include <chrono>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/output_kind.h"
#include "phaselaw/tables/rows.h"

namespace phaselaw::tables {
namespace {

using Numbers = std::vector<double>;

Rows read(const std::string& text, const ReadOptions& options = {}, const std::vector<std::string>& required = {}) {
  Rows rows = rows_from(documents::read_text(text, "t"), options);
  rows.require(required);
  return rows;
}

std::string error_of(const std::string& text, const ReadOptions& options = {},
                     const std::vector<std::string>& required = {}) {
  try {
    (void)read(text, options, required);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_in(const std::string& message, const std::string& words) {
  EXPECT_NE(message.find(words), std::string::npos) << message;
}

TEST(UserColumns, AreExpressionsOfOthers) {
  const std::string text = "size,step,batch,Top 1,train/loss\n70,10,512,0.25,3\n160,20,512,0.5,2\n";
  const Rows rows = read(text, {.col = {{"loss", "1-\"Top 1\""}, {"n_params", "size*1e6"}, {"D", "step*batch"}}});
  EXPECT_EQ(rows.data.output, (Numbers{0.75, 0.5}));
  EXPECT_EQ(rows.data.columns.get("n_params"), (Numbers{7e7, 1.6e8}));
  EXPECT_EQ(rows.data.columns.get("tokens"), (Numbers{5120, 10240}));
  EXPECT_EQ(rows.output_column, "1-\"Top 1\"");
  EXPECT_EQ(read(text, {.loss = "-ln(`Top 1`)"}).data.output[0], -std::log(0.25));
  // A name of the law, and a usual name in an expression.
  EXPECT_EQ(read(text, {.col = {{"x", "batch^2"}, {"n_params", "size"}}, .scale = {{"n_params", 1e6}}, .inputs = {"x"}})
                .data.columns.get("x"),
            (Numbers{262144, 262144}));
  EXPECT_EQ(read("params,acc\n1e6,0.5\n2e6,0.75\n", {.col = {{"loss", "1-acc"}, {"compute", "6*N"}}})
                .data.columns.get("compute"),
            (Numbers{6e6, 1.2e7}));
  // A text that is a heading is that column.
  const Rows own = read("N,val,loss,val-loss\n1e6,5,2,7\n2e6,6,2,8\n", {.col = {{"loss", "val-loss"}}});
  EXPECT_EQ(own.data.output, (Numbers{7, 8}));
  expect_in(error_of("N,train/loss\n1e6,3\n", {.col = {{"loss", "1-train/loss"}}}),
            "--col:1:3: unknown column 'train'; if you mean the heading train/loss, put it in double quotes");
  expect_in(error_of("N,acc\n1e6,3\n", {.col = {{"loss", "1-accc"}}}), "did you mean 'acc'");
  expect_in(error_of("N,acc\n1e6,3\n", {.col = {{"x", "1-acc"}}}), "unknown name 'x'");
}

TEST(UserColumns, CellsWithoutNumbersKeepTheirPlace) {
  const std::string text = "N,acc,kind\n1e6,0.5,a\n2e6,,a\n3e6,bad,b\n4e6,1,c\n";
  const ReadOptions error = {.col = {{"loss", "-ln(1-acc)"}}};
  expect_in(error_of(text, error), "t:4:5: expected a number in acc");
  ReadOptions chosen = error;
  chosen.where = {"kind!=b"};
  expect_in(error_of(text, chosen), "t:5:5: -ln(1-acc) has no finite value here, where acc = 1");
  chosen.where = {"kind=a"};
  const Rows rows = read(text, chosen);
  EXPECT_EQ(rows.data.output, Numbers{-std::log(0.5)});
  ASSERT_EQ(rows.warnings.size(), 1U);
  expect_in(rows.warnings[0], "1 row without a loss skipped (line 3)");
  // The row that a message offers to leave out.
  chosen.where = {"acc!=bad", "acc!=1"};
  EXPECT_EQ(read(text, chosen).data.output.size(), 1U);
}

TEST(UserColumns, TwoColumnsOfOneMeaningAreAsked) {
  const std::string text = "params,non_embedding_params,loss\n1200000,400000,5\n2900000,1100000,4\n";
  const std::string message = error_of(text, {}, {"n_params"});
  expect_in(message, "n_params could be params or non_embedding_params, which differ: 1200000 and 400000 in line 2");
  expect_in(message, "--col n_params=params or --col n_params=non_embedding_params");
  for (const char* name : {"params", "non_embedding_params"})
    EXPECT_EQ(error_of(text, {.col = {{"n_params", name}}}, {"n_params"}), "no error");
  EXPECT_EQ(error_of(text), "no error");  // no law reads them
  expect_in(error_of("tokens,D,loss\n100000,5,3\n", {}, {"tokens"}), "--col tokens=tokens or --col tokens=D");
  expect_in(error_of("model size,model params,loss\n1e6,2e6,3\n", {}, {"compute"}), "--col 'n_params=model params'");
  expect_in(error_of(text, {.where = {"N>1"}}), "choose with --col n_params=params");
  // Equal numbers, also in other units, leave no doubt.
  const Rows same = read("params,params (M),loss\n1200000,1.2,5\n2900000,2.9,4\n", {}, {"n_params"});
  EXPECT_EQ(same.data.columns.get("n_params"), (Numbers{1.2e6, 2.9e6}));
  EXPECT_EQ(same.notes.size(), 1U);
  // The column's own name is closer than any other.
  EXPECT_EQ(read("params,n_params,loss\n5,1200000,5\n6,2900000,4\n", {}, {"n_params"}).column_of.at("n_params"),
            "n_params");
  EXPECT_EQ(read("time,iteration,loss\n5,100,5\n6,200,4\n", {}, {"step"}).column_of.at("step"), "iteration");
}

TEST(UserColumns, TheMostHeldOutLossIsTakenAndTwoOfARoleAreAsked) {
  const Rows rows = read("N,loss,val_loss,train_loss\n1e6,1,2,3\n");
  EXPECT_EQ(rows.output_column, "val_loss");
  EXPECT_EQ(rows.notes.size(), 1U);
  const std::string text = "N,val_loss,test_loss\n1e6,3,4\n2e6,2,3\n";
  expect_in(error_of(text), "--loss val_loss or --loss test_loss");
  EXPECT_EQ(read(text, {.loss = "test_loss"}).data.output, (Numbers{4, 3}));
  EXPECT_EQ(error_of("N,val_loss,test_loss\n1e6,3,3\n2e6,2,2\n"), "no error");
  EXPECT_EQ(read("N,loss,lm_loss\n1e6,3,4\n").output_column, "loss");
  // Words are no losses.
  EXPECT_EQ(read("N,loss_kind,loss_opt\n1e6,train,4\n").output_column, "loss_opt");
  EXPECT_EQ(read("N,eval_loss,val_loss\n1e6,,4\n2e6,,3\n").output_column, "val_loss");
}

TEST(UserColumns, UnitsAtTheEndOfAHeading) {
  const struct {
    const char *header, *canonical;
    double value;
  } headings[] = {{"params_M", "n_params", 2e6},
                  {"tokens_B", "tokens", 2e9},
                  {"compute_1e18", "compute", 2e18},
                  {"params millions", "n_params", 2e6},
                  {"N/1e6", "n_params", 2e6},
                  {"params (millions)", "n_params", 2e6},
                  {"FLOPs (P)", "compute", 2e15},
                  {"FLOPs_P", "compute", 2e15},
                  {"flops (1E21)", "compute", 2e21},
                  {"compute (PF-days)", "compute", 2 * 8.64e19},
                  {"config.params_B", "n_params", 2e9},
                  {"train_tokens_b", "tokens", 2e9},
                  {"compute_pf-days", "compute", 2 * 8.64e19}};
  for (const auto& [header, canonical, value] : headings) {
    const Rows rows = read(fmt::format("{},loss\n2,3\n4,2.5\n", header), {}, {canonical});
    EXPECT_NEAR(rows.data.columns.get(canonical)[0] / value, 1, 1e-12) << header;
    EXPECT_EQ(rows.notes.size(), 1U) << header;
    EXPECT_EQ(
        read(fmt::format("{},loss\n2,3\n4,2.5\n", header), {.scale = {{canonical, 1}}}).data.columns.get(canonical)[0],
        2);
  }
  for (const char* header : {"params_x", "D_t", "N_k2", "tokens_per_batch", "n_params_v2"})
    EXPECT_EQ(read(fmt::format("{},loss\n2,3\n4,2.5\n", header)).column_of.size(), 1U) << header;
  EXPECT_EQ(read("size_M,loss\n2,3\n4,2.5\n", {.col = {{"n_params", "size_M"}}}).data.columns.get("n_params")[0], 2e6);
}

TEST(UserColumns, ImplausibleSizesAreAskedWithAFlagForBothReadings) {
  const std::string sizes = "model size,loss\n70,3.61\n160,3.21\n410,2.94\n1000,2.70\n1400,2.62\n";
  expect_in(error_of(sizes, {}, {"n_params"}),
            "t:2:1: 70 to 1,400 parameters (model size) are implausible for a model with losses of 2.62 to 3.61");
  EXPECT_EQ(read(sizes, {.scale = {{"n_params", 1e6}}}, {"n_params"}).data.columns.get("n_params")[0], 7e7);
  EXPECT_EQ(read(sizes, {.scale = {{"n_params", 1}}}, {"n_params"}).data.columns.get("n_params")[0], 70);
  const std::string tokens = "N,D,loss\n7e9,140,3.61\n13e9,300,3.21\n";
  expect_in(error_of(tokens, {}, {"tokens"}), "--scale tokens=1e9, or take it as it is with --scale tokens=1");
  EXPECT_EQ(read(tokens, {.scale = {{"tokens", 1e9}}}, {"tokens"}).data.columns.get("tokens")[0], 1.4e11);
  EXPECT_EQ(read(tokens, {.scale = {{"tokens", 1}}}, {"tokens"}).data.columns.get("tokens")[0], 140);
  const std::string days = "N,D,C,loss\n7e9,1.4e11,68,3.61\n13e9,3e11,271,3.21\n";
  expect_in(error_of(days, {}, {"compute"}), "--scale compute=8.64e19");
  EXPECT_EQ(error_of(days, {.scale = {{"compute", 8.64e19}}}, {"compute"}), "no error");
  EXPECT_EQ(error_of(days, {.scale = {{"compute", 1}}}, {"compute"}), "no error");
  // Toys: small losses, excess risks, sizes in their own proportion.
  EXPECT_EQ(error_of("N,loss\n70,0.61\n160,0.3\n410,0.1\n", {}, {"n_params"}), "no error");
  EXPECT_EQ(error_of("N,excess_risk\n70,3\n160,2\n410,1.5\n", {}, {"n_params"}), "no error");
  EXPECT_EQ(error_of("N,D,loss\n1347,3000,0.4\n4100,9000,0.3\n", {}, {"n_params", "tokens"}), "no error");
}

TEST(UserColumns, ConditionsOnMeaningsAreInTheirUnit) {
  const std::string text = "params (B),loss\n0.5,3\n1.4,2.5\n7,2\n";
  EXPECT_EQ(read(text, {.where = {"n_params>=1e9"}}).data.output, (Numbers{2.5, 2}));
  EXPECT_EQ(read(text, {.where = {"params (B)>=1"}}).data.output, (Numbers{2.5, 2}));
  EXPECT_EQ(read(text, {.where = {"N in (500M, 7B) and loss<2.5"}}).data.output, Numbers{2});
}

TEST(OutputKind, ByTheWordsOfTheHeading) {
  for (const char* name : {"accuracy", "val_acc", "testAcc", "F1", "BLEU", "exact match", "mutual information",
                           "mmlu_acc_norm", "win rate", "pass@1 (pass at 1)"})
    EXPECT_EQ(output_kind(name), OutputKind::score) << name;
  for (const char* name :
       {"loss", "val/loss", "nll", "error", "perplexity", "cross entropy", "reward model loss", "bpb"})
    EXPECT_EQ(output_kind(name), OutputKind::loss) << name;
  for (const char* name : {"loglik", "log-likelihood", "reward", "log_prob"})
    EXPECT_EQ(output_kind(name), OutputKind::negative) << name;
  for (const char* name : {"y", "gain", "account", "macc"}) EXPECT_EQ(output_kind(name), OutputKind::unknown) << name;
}

TEST(OutputKind, RankCorrelation) {
  const Numbers x = {1, 2, 3, 4}, up = {1, 4, 9, 16}, mixed = {2, 1, 4, 3};
  EXPECT_DOUBLE_EQ(*rank_correlation(x, up), 1);
  EXPECT_DOUBLE_EQ(*rank_correlation(x, mixed), 0.6);  // 1 - 6 sum d^2 / (n (n^2 - 1))
  EXPECT_DOUBLE_EQ(*rank_correlation(up, Numbers{4, 3, 2, 1}), -1);
  EXPECT_FALSE(rank_correlation(x, Numbers{1, 1, 1, 1}));
  EXPECT_FALSE(rank_correlation(x, Numbers{1, NAN, NAN, 2}));
}

TEST(UserColumns, ManyColumnsTakeLinearTime) {
  std::string header = "params,loss", row = "1e6,3";
  for (int c = 0; c < 100000; ++c) {
    header += fmt::format(",layer.{}.params_M{}", c, c);
    row += ",1";
  }
  Table table = documents::read_text(header + "\n" + row + "\n", "t").table;
  const auto begin = std::chrono::steady_clock::now();
  const Rows rows = rows_from(std::move(table));
  rows.require({"n_params"});
  EXPECT_EQ(rows.data.output, Numbers{3});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(took.count(), 5);  // half a second alone; quadratic work takes minutes
}

}  // namespace
}  // namespace phaselaw::tables
