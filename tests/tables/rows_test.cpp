// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/rows.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

namespace phaselaw::tables {
namespace {

Rows read(const std::string& text, const ReadOptions& options = {}) {
  return rows_from(documents::read_text(text, "t"), options);
}

std::string error_of(const std::string& text, const ReadOptions& options = {},
                     const std::vector<std::string>& required = {}) {
  try {
    read(text, options).require(required);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_error(const std::string& text, const std::string& place, const std::string& words,
                  const ReadOptions& options = {}, const std::vector<std::string>& required = {"n_params"}) {
  const std::string message = error_of(text, options, required);
  EXPECT_TRUE(message.starts_with(place)) << message;
  EXPECT_NE(message.find(words), std::string::npos) << message;
}

bool any_of(const std::vector<std::string>& messages, const std::string& words) {
  for (const std::string& message : messages)
    if (message.find(words) != std::string::npos) return true;
  return false;
}

using Numbers = std::vector<double>;

TEST(Rows, HeadingsSayTheirUnits) {
  const struct {
    const char *header, *canonical;
    double value;
  } headings[] = {{"params (M)", "n_params", 2e6},
                  {"Params [B]", "n_params", 2e9},
                  {"N (millions)", "n_params", 2e6},
                  {"model size (parameters)", "n_params", 2},
                  {"tokens (B)", "tokens", 2e9},
                  {"D (T)", "tokens", 2e12},
                  {"train tokens (B tokens)", "tokens", 2e9},
                  {"compute (FLOP)", "compute", 2},
                  {"flops (EFLOPs)", "compute", 2e18},
                  {"training compute (PF-days)", "compute", 1.728e20},
                  {"FLOPs (P)", "compute", 2e15},
                  {"flops (1e18)", "compute", 2e18},
                  {"compute (10^18 FLOP)", "compute", 2e18},
                  {"flops (x1e+18)", "compute", 2e18},
                  {"compute (zettaFLOP)", "compute", 2e21},
                  {"compute (PFLOP/s-days)", "compute", 1.728e20},
                  {"tokens (1e9)", "tokens", 2e9},
                  {"params (1e6 parameters)", "n_params", 2e6},
                  {"step (k)", "step", 2000},
                  {"steps (steps)", "step", 2},
                  {"config.n_params (M)", "n_params", 2e6}};
  for (const auto& [header, canonical, value] : headings) {
    const auto table = read(fmt::format("{},loss (nats)\n2,3\n2,2.5\n", header));
    EXPECT_EQ(table.column_of.at(canonical), header);
    EXPECT_EQ(table.data.columns.get(canonical), (Numbers{value, value})) << header;
    EXPECT_EQ(any_of(table.notes, "as its heading says"), value != 2) << header;
    EXPECT_EQ(table.data.output, (Numbers{3, 2.5}));
  }
  // What is not a unit of the column is not guessed at.
  for (const char* header : {"params (GB)", "params (nats)", "tokens (M", "(M)", "params ()", "flops (PFLOP/s)",
                             "flops (1e99)", "flops (2e18)"})
    EXPECT_TRUE(read(fmt::format("{},loss\n2,3\n2,2.5\n", header)).column_of.size() == 1) << header;
  // The user's own factor is instead of it, also where the column was named by hand.
  EXPECT_EQ(read("params (M),loss\n2000000,3\n4000000,2\n", {.scale = {{"n_params", 1}}}).data.columns.get("n_params"),
            (Numbers{2e6, 4e6}));
  EXPECT_EQ(read("size (M),loss\n2,3\n4,2\n", {.col = {{"n_params", "size (M)"}}}).data.columns.get("n_params"),
            (Numbers{2e6, 4e6}));
  expect_error("params (M),loss\n2M,3\n4M,2\n", "t:2:1", "give the unit only once");
  expect_error("params (M),loss\n2,3\n4M,2\n", "t:2:1", "write all cells in the same way");
  // A column that the user named is not taken in a unit that is not known, but a remark in brackets is no unit.
  for (const char* header : {"params (GB)", "params (nats)", "size (XB)", "size (2e3)"})
    expect_error(fmt::format("{},loss\n2,3\n4,2\n", header), "t:1: ", "--scale n_params=FACTOR",
                 {.col = {{"n_params", header}}});
  EXPECT_EQ(read("params (non-embedding),loss\n2e6,3\n4e6,2\n", {.col = {{"n_params", "params (non-embedding)"}}})
                .data.columns.get("n_params"),
            (Numbers{2e6, 4e6}));
  EXPECT_EQ(read("size (XB),loss\n2e6,3\n4e6,2\n", {.col = {{"n_params", "size (XB)"}}, .scale = {{"n_params", 1}}})
                .data.columns.get("n_params"),
            (Numbers{2e6, 4e6}));
}

TEST(Rows, APrefixThatHeadingsShareIsLeftOutLast) {
  const Rows t =
      read("value,params_n_params,params_tokens,params_lr\n3,1e7,1e9,0.1\n2,2e7,1e9,0.1\n", {.loss = "value"});
  EXPECT_EQ(t.column_of.at("n_params"), "params_n_params");
  EXPECT_EQ(t.column_of.at("tokens"), "params_tokens");
  // A whole name comes first, and a prefix of one heading is no prefix.
  EXPECT_EQ(read("loss,params_n_params,params_lr,N\n3,1e7,1,3e7\n2,2e7,1,4e7\n").column_of.at("n_params"), "N");
  EXPECT_EQ(read("loss,config_tokens,N\n3,1e7,3e7\n2,2e7,4e7\n").column_of.count("tokens"), 0U);
}

TEST(Rows, RecognisesTheNamesPeopleUse) {
  const struct {
    const char *header, *canonical;
  } names[] = {{"N", "n_params"},
               {"Model Size", "n_params"},
               {"params_active_precise", "n_params"},
               {"params_total", "n_params"},
               {"config.n_params", "n_params"},
               {"D", "tokens"},
               {"Training Tokens", "tokens"},
               {"C", "compute"},
               {"Training FLOPs", "compute"},
               {"tok_mult", "tokens_per_param"},
               {"_step", "step"},
               {"trainer/global_step", "step"},
               {"depth", "n_layers"}};
  for (const auto& [header, canonical] : names) {
    const Rows t = read(std::string(header) + ",loss\n100000,2\n200000,1\n");
    EXPECT_EQ(t.data.columns.names, std::vector<std::string>{canonical}) << header;
    EXPECT_EQ(t.column_of.at(canonical), header);
    EXPECT_EQ(t.data.output, (Numbers{2, 1}));
    EXPECT_EQ(t.line, (std::vector<long>{2, 3}));
  }
  for (const char* loss : {"L", "Val Loss", "eval/loss", "train/loss", "final_loss", "metrics.val_loss",
                           "lambada_logppl", "loss_c4_val", "Cross-Entropy"})
    EXPECT_EQ(read(std::string("N,") + loss + "\n100,2\n").output_column, loss);
}

TEST(Rows, AmongSeveralTheLikeliestIsTakenAndTheOthersNamed) {
  const Rows t = read("step,train/loss,val_loss,N,params_total\n1,3,2,5000,7000\n");
  EXPECT_EQ(t.output_column, "val_loss");
  EXPECT_TRUE(any_of(t.notes, "but train/loss would also fit"));
  EXPECT_TRUE(any_of(t.notes, "n_params is taken from N, but params_total"));
  EXPECT_EQ(read("step,train/loss,val_loss\n1,3,2\n", {.col = {{"loss", "train/loss"}}}).data.output, Numbers{3});
  // No known name and no way to choose.
  expect_error("N,loss_c4,loss_pile,loss_upper_pile\n1,2,3,4\n", "t:1", "loss_c4, loss_pile; choose one with --col");
  expect_error("N,lambada_ppl\n1,2\n", "t:1", "logarithm");
  expect_error("N,speed\n1,2\n", "t:1", "--col loss=COLUMN");
}

TEST(Rows, OtherColumnsKeepTheirNamesAndTheOutputIsWhatTheLawPredicts) {
  const Rows t = read("heads,C,best_lr,loss\n8,1e18,0.02,3\n", {.col = {{"lr", "best_lr"}}, .output = "lr"});
  EXPECT_EQ(t.data.output, Numbers{0.02});
  EXPECT_EQ(t.data.columns.get("heads"), Numbers{8});
  EXPECT_EQ(t.data.columns.get("loss"), Numbers{3});
  EXPECT_FALSE(t.data.columns.has("lr"));
  EXPECT_EQ(read("C,mmlu\n1,0.5\n", {.col = {{"error", "mmlu"}}, .output = "error"}).data.output, Numbers{0.5});
}

TEST(Rows, JsonLinesWithNestedKeysMissingKeysAndPythonsNaN) {
  const std::string text =
      "{\"name\":\"a \\\"NaN\\\"\",\"config\":{\"n_params\":70000000,\"lr\":0.1},\"val/loss\":3.25,\"tags\":[1,2]}\r\n\n"
      "{\"name\":\"b\",\"config\":{\"n_params\":1.4e9},\"val/loss\":2.5,\"extra\":null}\n"
      "{\"name\":\"c\",\"config\":{\"n_params\":2},\"val/loss\":NaN}\n";
  const Rows t = read(text, {.where = {"val/loss>0"}});
  EXPECT_EQ(t.data.columns.get("n_params"), (Numbers{7e7, 1.4e9}));
  EXPECT_EQ(t.data.output, (Numbers{3.25, 2.5}));
  EXPECT_EQ(t.run, (std::vector<std::string>{"a \"NaN\"", "b"}));
  EXPECT_EQ(t.line, (std::vector<long>{1, 3}));
  EXPECT_NE(t.unusable.at("lr").find("t:3: expected a number for lr, found nothing"), std::string::npos);
  expect_error(text, "t:4:48: ", "finite number for loss, found NaN");
  // The last record of a running program may be cut, and a list of records is a table too.
  for (const char* one : {"{\"loss\":1}\n{\"loss\":\n", "{\"loss\":1}\n5\n", "[{\"loss\":1}]"})
    EXPECT_EQ(read(one).data.output, Numbers{1}) << one;
  expect_error("{}\n", "t: ", "holds no table");
}

TEST(Rows, ChartsExportedByWandbBecomeOneRowForEachRunAndStep) {
  const std::string text =
      "\"Step\",\"big - net - train/loss\",\"big - net - train/loss__MIN\",\"big - net - train/loss__MAX\",\"small - train/loss\",\"small - _step\"\n"
      "0,5,5,5,6,0\n10,4,4,4,,\n20,3,3,3,5.5,20\n";
  const Rows t = read(text);
  EXPECT_EQ(t.run, (std::vector<std::string>{"big - net", "small", "big - net", "big - net", "small"}));
  EXPECT_EQ(t.data.output, (Numbers{5, 6, 4, 3, 5.5}));
  EXPECT_EQ(t.data.columns.get("step"), (Numbers{0, 0, 10, 20, 20}));
  EXPECT_EQ(t.n_runs(), 2U);
  const Rows last = read(text, {.last = true});
  EXPECT_EQ(last.data.output, (Numbers{3, 5.5}));
  // Hyphens in other tables' names are left alone.
  EXPECT_EQ(read("N,D,loss,a - b\n1000,2,3,4\n").data.columns.get("a - b"), Numbers{4});
}

TEST(Rows, AChartWithoutOneValueIsRefused) {
  expect_error("Step\trun a - train/loss\trun b - train/loss\n\t\t\n", "t:", "expected a heading");
}

TEST(Rows, MarksAndLineEnds) {
  const Rows t = read("\xef\xbb\xbfN;loss\r\n100000;2\r\n\r\n200000;1");
  EXPECT_EQ(t.data.columns.get("n_params"), (Numbers{1e5, 2e5}));
  EXPECT_EQ(t.line, (std::vector<long>{2, 4}));
  const auto path = std::filesystem::temp_directory_path() / "phaselaw_measured_table_test";
  const auto file_error = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    std::string message = "no error";
    try {
      (void)read_rows(path);
    } catch (const base::InputError& error) {
      message = error.what();
    }
    std::filesystem::remove(path);
    return message;
  };
  EXPECT_NE(file_error(std::string("\x1f\x8b\x08\x00xyz", 7)).find("gzip data"), std::string::npos);
  EXPECT_NE(file_error(std::string("\xff\xfeN\0", 4)).find("no table was found"), std::string::npos);
  EXPECT_NE(file_error("").find("empty"), std::string::npos);
  EXPECT_EQ(file_error("{\"N\": 5000, \"loss\": 2}\n"), "no error");
}

TEST(Rows, BadNumbersCarryTheirPlace) {
  expect_error("N,loss\n1e6,2\n,1\n", "t:3:1: ", "found nothing");
  expect_error("N,loss\n1e6,2\nNA,1\n", "t:3:1: ", "--where 'N!='");
  expect_error("N,loss\n1e6,2\n-1e6,1\n", "t:3:1: ", "> 0, found -1e6");
  expect_error("N,loss\n1e6,2\n0,1\n", "t:3:1: ", "> 0, found 0");
  expect_error("N,loss\n1e6,2\nnan,1\n", "t:3:1: ", "finite");
  expect_error("N,loss\n1e6,2\ninf,1\n", "t:3:1: ", "finite");
  expect_error("N,loss\n1e6,2\n1e999,1\n", "t:3:1: ", "double precision");
  EXPECT_EQ(read("N,loss\n\"1,000,000\",2\n\"10,000\",1\n").data.columns.get("n_params"), (Numbers{1e6, 1e4}));
  for (const char* bad : {"0", "-1", "nan", "-inf", "x", "1e-999"})
    expect_error(fmt::format("N,loss\n1e6,2\n1e7,{}\n", bad), "t:3:5: ", "loss");
  expect_error("N,loss\n1e6,2\n1e7,\"3\n", "t:3:5: ", "closing quote");
  expect_error("N,N,loss\n1,2,3\n", "t:2:3: ", "both called 'N'");
  expect_error("N,loss\n", "t:1: ", "found none");
  expect_error("N,loss\n1e6,\n1e7,NA\n", "t:2:5: ", "no row has a loss");
  // A bad column matters only to a law that needs it.
  EXPECT_EQ(error_of("N,D,loss\nx,5e4,2\n", {}, {"tokens"}), "no error");
  expect_error("N,D,loss\nx,5e4,2\n", "t:2:1: ", "'x'", {}, {"compute"});
  // Denormal and huge numbers are numbers, but the logarithm of a denormal loss has lost its digits.
  const Rows t = read("C,loss\n1e308,2.3e-308\n5e-324,1\n");
  EXPECT_EQ(t.data.columns.get("compute"), (Numbers{1e308, 5e-324}));
  EXPECT_EQ(t.data.output, (Numbers{2.3e-308, 1}));
  expect_error("C,loss\n1,2\n2,5e-324\n", "t:3:3: ", "lose their digits", {}, {"compute"});
  expect_error("C,loss\n1e308,2\n", "t:2:1: ", "beyond double", {.scale = {{"compute", 10}}}, {"compute"});
}

TEST(Rows, AbsurdAndMixedUnitsNameTheRowAndTheFactor) {
  expect_error("N,D,loss\n0.07,3e11,2\n1.4,3e11,1\n", "t:2:1: ", "multiply it by 1e9: --scale n_params=1e9");
  expect_error("N,D,loss\n1e6,20.5,2\n1e7,300,1\n", "t:2:5: ", "billions", {}, {"tokens"});
  expect_error("N,D,loss\n7e7,3e11,2\n1.4,3e11,1\n", "t:3:1: ", "mixed units in n_params: 1.4 here, 7e7 in line 2");
  expect_error("N,D,loss\n70M,3e11,2\n160,3e11,1\n", "t:2:1: ", "'160' at line 3 and '70M' at line 2");
  // Suffixes are units.
  const Rows suffixed = read("N,D,loss\n70M,300B,2\n1.4B,0.3T,1\n");
  EXPECT_EQ(suffixed.data.columns.get("n_params"), (Numbers{7e7, 1.4e9}));
  EXPECT_EQ(suffixed.data.columns.get("tokens"), (Numbers{3e11, 3e11}));
  // The user may say what the unit is, and insist.
  EXPECT_EQ(read("N,loss\n0.07,2\n1.4,1\n", {.scale = {{"N", 1e9}}}).data.columns.get("n_params"),
            (Numbers{7e7, 1.4e9}));
  EXPECT_EQ(read("N,loss\n0.07,2\n", {.scale = {{"n_params", 1}}}).data.columns.get("n_params"), Numbers{0.07});
  expect_error("N,loss\n1,2\n", "--scale", "positive factor", {.scale = {{"n_params", -1}}});
  expect_error("N,loss\n1,2\n", "--scale", "unknown column 'tokens'", {.scale = {{"tokens", 2}}});
  // Whole numbers may be toys, so they are a question.
  expect_error("N,D,loss\n70,3e11,2\n410,3e11,1\n", "t:2:1: ", "--scale n_params=1e6, or take it as it is");
  EXPECT_TRUE(read("N,D,loss\n70,3000,2\n410,3000,1\n").warnings.empty());
  expect_error("N,D,C,loss\n1e6,1e9,6,2\n1e6,2e9,12,1\n", "t:2:9: ", "--scale compute=1e15", {}, {"compute"});
  EXPECT_TRUE(any_of(read("N,D,C,loss\n1e6,1e9,9e15,2\n").notes, "1.5 times 6 n_params tokens"));
  EXPECT_TRUE(any_of(read("N,loss\n1e6,2\n1e7,3684074\n").warnings, "in line 3, which is large for a loss in nats"));
}

TEST(Rows, MixedPrecisionsAreSaid) {
  const std::string rows = "float32,1,3\nfloat32,2,2\nbfloat16,3,1\n";
  for (const char* name : {"precision", "config.precision", "train/dtype"}) {
    const auto mixed = read(std::string(name) + ",N,loss\n" + rows);
    EXPECT_TRUE(any_of(mixed.warnings, "2 precisions (bfloat16 in 1 row, float32 in 2 rows)")) << name;
    EXPECT_TRUE(any_of(mixed.warnings, "--where " + std::string(name) + "=bfloat16")) << name;
    EXPECT_EQ(mixed.precisions().at("float32"), 2U);
    EXPECT_TRUE(
        read(std::string(name) + ",N,loss\n" + rows, {.where = {std::string(name) + "=float32"}}).warnings.empty());
  }
  EXPECT_TRUE(read("N,loss\n1,3\n2,2\n").precisions().empty());
  EXPECT_TRUE(read("precision,N,loss\nfloat32,1,3\nfloat32,2,2\n").warnings.empty());
}

TEST(Rows, RowsLeftOutAreSaid) {
  const Rows t = read("N,loss\n1e6,2\n2e6,\n1e6,2\n3e6,1\n");
  EXPECT_EQ(t.line, (std::vector<long>{2, 5}));
  EXPECT_TRUE(any_of(t.warnings, "1 row without a loss skipped (line 3)"));
  EXPECT_TRUE(any_of(t.warnings, "(line 4; the first repeats line 2)"));
  // Same numbers of another run are not a copy.
  EXPECT_EQ(read("run,N,loss\na,1e6,2\nb,1e6,2\n").n_rows(), 2U);
}

TEST(Rows, RowsAreChosen) {
  const std::string text = "kind,C,loss\nweb,1e18,3\ncode,1e18,3.5\nweb,1e19,2\ncode,1e19,\n";
  EXPECT_EQ(read(text, {.where = {"kind=web"}}).data.output, (Numbers{3, 2}));
  EXPECT_EQ(read(text, {.where = {"kind!=web"}}).data.output, Numbers{3.5});
  EXPECT_EQ(read(text, {.where = {"compute>=1e19", "kind=web"}}).line, std::vector<long>{4});
  EXPECT_EQ(read(text, {.where = {"C<1.0e19"}}).line, (std::vector<long>{2, 3}));
  EXPECT_EQ(read(text, {.where = {"C==1e+18"}}).line, (std::vector<long>{2, 3}));
  expect_error(text, "--where: ", "kind contains: code, web", {.where = {"kind=wbe"}});
  expect_error(text, "--where:1:1: ", "did you mean 'kind'", {.where = {"knid=web"}});
  expect_error(text, "--where:1:1: ", "expected column=value", {.where = {"kind"}});
  expect_error(text, "--where:1:4: ", "expected a number after >=", {.where = {"C>=big"}});
}

TEST(Rows, TheLastRowOfEachRun) {
  const std::string text = "model,variant,step,loss\na,x,2,3\na,x,10,2\nb,x,9,1\na,y,10,5\na,y,2,6\n";
  expect_error(text, "t:5: ", "--col run=a+b", {.last = true}, {});
  const Rows t = read(text, {.col = {{"run", "model+variant"}}, .last = true});
  EXPECT_EQ(t.run, (std::vector<std::string>{"a/x", "b/x", "a/y"}));
  EXPECT_EQ(t.data.output, (Numbers{2, 1, 5}));
  // A column found automatically that does not tell the runs apart names groups.
  EXPECT_TRUE(
      any_of(read(text).notes, "model names groups and not single runs, because run a has two rows at step 10"));
  EXPECT_EQ(read(text).run, std::vector<std::string>(5));
  EXPECT_TRUE(any_of(read(text, {.col = {{"run", "model"}}}).warnings, "join columns with --col run=a+b"));
  expect_error("step,loss\n1,2\n", "--last", "--col run=COLUMN", {.last = true}, {});
}

TEST(Rows, ColumnsForWeightsAndClusters) {
  const Rows t = read("run,w,sd,N,loss\na,1,0.1,5000,3\nb,2,x,6000,2\n");
  EXPECT_EQ(t.numbers("w"), (Numbers{1, 2}));
  EXPECT_EQ(t.numbers("params"), (Numbers{5000, 6000}));
  EXPECT_EQ(t.texts("run"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(t.texts("n_params"), (std::vector<std::string>{"5000", "6000"}));
  EXPECT_THROW((void)t.numbers("sd"), base::InputError);
  EXPECT_THROW((void)t.texts("rnu"), base::InputError);
  const std::size_t second[] = {1};
  const Rows rows = t.rows(second);
  EXPECT_EQ(rows.data.output, Numbers{2});
  EXPECT_EQ(rows.line, std::vector<long>{3});
  EXPECT_EQ(rows.texts("w"), std::vector<std::string>{"2"});
}

TEST(Rows, PlacesAndNamesOfTheTable) {
  const Rows t = read("Model Size,D,loss\n5e5,2e7,3\n6e5,3e7,2\n");
  EXPECT_EQ(base::to_string(t.place("n_params", 1)), "t:3:1");
  EXPECT_EQ(base::to_string(t.place("D", 0)), "t:2:5");
  EXPECT_EQ(base::to_string(t.place("compute", 1)), "t:3");  // computed from others
  EXPECT_EQ(t.own_name("N"), "Model Size");
  EXPECT_EQ(t.own_name("width"), "width");
}

TEST(Rows, AMissingColumnNamesTheMostSimilar) {
  const struct {
    const char *header, *column, *similar;
  } cases[] = {{"n_parms", "n_params", "n_parms"},
               {"Prameters (B)", "n_params", "Prameters (B)"},
               {"totl_tokens", "tokens", "totl_tokens"},
               {"train/tokns", "tokens", "train/tokns"},
               {"FLOPs (Q)", "compute", "FLOPs (Q)"}};
  for (const auto& [header, column, similar] : cases)
    expect_error(fmt::format("{},seed,loss\n5,1,3\n6,2,2\n", header),
                 "t:1: ", fmt::format("did you mean '{}'?", similar), {}, {column});
  // Nothing is similar, or only what already has a meaning.
  for (const char* column : {"n_params", "d_model", "compute"})
    EXPECT_EQ(error_of("seed,step,loss\n5,1,3\n6,2,2\n", {}, {column}).find("did you mean"), std::string::npos)
        << column;
}

// The published tables are read without being told anything, or say what they need.
TEST(Rows, PublishedTables) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/data/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no published measurements at " << folder;
  const auto file = [&](const std::string& name, const ReadOptions& options = {}) {
    Rows t = read_rows(folder + name, options);
    t.require({"n_params", "tokens"});
    return t;
  };
  const Rows gemstones = file("gemstones/hot_100b.csv");
  EXPECT_EQ(gemstones.n_rows(), 770U);
  EXPECT_EQ(gemstones.n_runs(), 22U);
  gemstones.require({"d_model", "n_layers", "compute"});
  EXPECT_TRUE(gemstones.warnings.empty()) << gemstones.warnings.front();
  EXPECT_EQ(file("datablations/all.csv").n_rows(), 296U);
  const Rows gadre =
      file("gadre_overtrain/models.csv", {.col = {{"loss", "loss_c4_val"}}, .where = {"dataset_name=rpj"}});
  gadre.require({"compute", "tokens_per_param"});
  EXPECT_GT(gadre.n_rows(), 30U);
  EXPECT_THROW((void)file("gadre_overtrain/models.csv"), base::InputError);
  EXPECT_GT(file("porian_isoflop/isoflop_points.csv", {.where = {"exp=0", "loss_kind=train"}}).n_rows(), 50U);
  const Rows pythia = file("pythia/lambada_by_step.csv",
                           {.col = {{"run", "model+variant"}, {"n_params", "params_non_embedding"}}, .last = true});
  EXPECT_EQ(pythia.n_rows(), 16U);
  EXPECT_EQ(pythia.output_column, "lambada_logppl");
}

}  // namespace
}  // namespace phaselaw::tables
