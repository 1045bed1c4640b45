// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/json.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {
namespace {

Document document_of(std::string_view text) {
  auto own = std::make_shared<std::string>(text);
  own->reserve(own->size() + Document::kPadding);
  return {.source = "t.json", .text = std::move(own), .compression = ""};
}

Reading read(std::string_view text, const DocumentOptions& options = {}) {
  auto reading = read_json(document_of(text), options);
  EXPECT_TRUE(reading.has_value()) << "not taken for JSON: " << text;
  return reading ? *std::move(reading) : Reading();
}

std::string error_of(std::string_view text, const DocumentOptions& options = {}) {
  try {
    if (!read_json(document_of(text), options)) return "no JSON";
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_words(const std::string& message, std::initializer_list<const char*> words) {
  for (const char* word : words)
    EXPECT_NE(message.find(word), std::string::npos) << "no '" << word << "' in: " << message;
}

std::string notes_of(const Reading& reading) { return fmt::format("{}", fmt::join(reading.notes, " ")); }

// The table as text: "step,loss|1,3|2,2.5".
std::string table_of(const Reading& reading) {
  std::string out = fmt::format("{}", fmt::join(reading.table.header, ","));
  for (std::size_t row = 0; row < reading.table.n_rows(); ++row)
    for (std::size_t c = 0; c < reading.table.n_columns(); ++c)
      out += (c == 0 ? "|" : ",") + reading.table.text(row, c);
  return out;
}

TEST(Json, LinesAndArraysOfRecords) {
  const std::string records[] = {R"({"step": 1, "loss": 3.50, "cfg": {"lr": 1e-3}})",
                                 R"({"step": 2, "loss": NaN, "cfg": {"lr": "1e-4"}})",
                                 R"({"step": 3, "loss": -Infinity, "cfg": null, "done": true})"};
  const std::string expected = "step,loss,cfg.lr,done|1,3.50,1e-3,|2,NaN,1e-4,|3,-Infinity,,true";
  for (const char* separator : {"\n", "\r\n", "\r", "\n\n  \n", "", ",\n"}) {
    const Reading reading = read(fmt::format("{}", fmt::join(records, separator)));
    EXPECT_EQ(table_of(reading), expected) << separator;
    EXPECT_EQ(reading.shape, "JSON lines");
    EXPECT_TRUE(reading.notes.empty()) << notes_of(reading);
  }
  EXPECT_EQ(table_of(read(fmt::format("\xef\xbb\xbf[{}]\n", fmt::join(records, ",")))), expected);
  EXPECT_EQ(table_of(read(fmt::format("{{\"data\": {{\"rows\": [{}]}}}}", fmt::join(records, ",")))), expected);
}

TEST(Json, EveryCellKnowsItsPlace) {
  const Reading reading = read("{\"step\": 1,\n \"loss\": 3.5}\n{\"step\": 2, \"name\": \"a\\u00e9\\n\\\"\"}\n");
  const Table& table = reading.table;
  EXPECT_EQ(base::to_string(table.place(0, table.column("loss"))), "t.json:2:10");
  EXPECT_EQ(base::to_string(table.place(1, 0)), "t.json:3:10");
  EXPECT_EQ(table.line(1), 3);
  EXPECT_EQ(table.text(1, table.column("name")), "a\xc3\xa9\n\"");
  EXPECT_EQ(base::to_string(table.place(1, table.column("name"))), "t.json:3");
}

TEST(Json, NumbersStayAsTheyAreWritten) {
  EXPECT_EQ(table_of(read(R"([{"n": 123456789012345678901234567890, "x": -0.0, "y": 1E+5, "s": "7.0"}])")),
            "n,x,y,s|123456789012345678901234567890,-0.0,1E+5,7.0");
}

TEST(Json, ACutLastLineIsLeftOut) {
  const std::string good = "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"loss\": 2}\n",
                    last = "{\"step\": 3, \"loss\": 1.5}";
  for (std::size_t length = 1; length < last.size(); ++length)
    for (const char* end : {"", "\n"}) {
      const Reading reading = read(good + last.substr(0, length) + end);
      EXPECT_EQ(table_of(reading), "step,loss|1,3|2,2") << length;
      ASSERT_EQ(reading.skipped.size(), 1U);
      EXPECT_EQ(reading.skipped[0].lines, std::vector<long>{3});
      expect_words(notes_of(reading), {"line 3", "cut off"});
    }
  expect_words(error_of("{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"lo\n{\"step\": 3, \"loss\": 2}\n"),
               {"t.json:2:16: expected a closing quote", "found the end of the line", "line 2, column 1"});
}

TEST(Json, LinesOfOtherTextAreCounted) {
  const Reading reading = read("{\"step\": 1, \"loss\": 3}\nwandb: syncing\n{\"step\": 2, \"loss\": 2}\n");
  EXPECT_EQ(table_of(reading), "step,loss|1,3|2,2");
  ASSERT_EQ(reading.skipped.size(), 1U);
  EXPECT_EQ(reading.skipped[0].example, "wandb: syncing");
  EXPECT_EQ(reading.skipped[0].lines, std::vector<long>{2});
}

TEST(Json, OtherTextIsNoJson) {
  for (const char* text :
       {"", "\n", "step,loss\n1,2\n", "{'loss': 3.1, 'epoch': 0.1}\n", "[{'loss': 3.1}]", "[10/90] loss 3\n",
        "[INFO] step 1\n", "[2024-01-01 10:00:00] step 1\n", "[1] loss 3\n[2] loss 2\n", "{\\small x}",
        "{\"lr\": 1}\nstep 1\nstep 2\nstep 3\nstep 4\nstep 5\nstep 6\nstep 7\nstep 8\nstep 9\n"})
    EXPECT_EQ(error_of(text), "no JSON") << text;
}

TEST(Json, FaultsSayWhatWasExpectedAndFound) {
  expect_words(error_of("{\"step\": 1\n \"loss\": 2}"),
               {"t.json:2:2: expected ',' or '}'", "found '\"", "line 1, column 1"});
  expect_words(error_of("[{\"step\": 1}, {\"step\" 2}]"), {"t.json:1:23: expected ':'", "found '2'"});
  expect_words(error_of("[{\"step\": 1}, {\"step\": 2"),
               {"expected ',' or '}', found the end of the document", "complete"});
  expect_words(error_of("[{\"step\": 1},]"), {"t.json:1:14: expected a value, found ']'", "comma"});
  expect_words(error_of("[{\"step\": tru}]"), {"t.json:1:11: expected a value, found 'tru'"});
  expect_words(error_of("{\"step\": 1} trailing"), {"t.json:1:13: expected the end of the line", "'trailing'"});
  for (const char* empty : {"[]", "{}", "[[]]", "[{}]", "{\"a\": {\"b\": []}}"})
    expect_words(error_of(empty), {"holds no table", "array of objects", "lines of objects"});
}

TEST(Json, StateOfATrainer) {
  const Reading reading = read(R"({"best_metric": 0.4, "global_step": 300, "log_history": [
    {"epoch": 0.1, "loss": 2.9, "step": 100},
    {"epoch": 0.2, "eval_loss": 2.5, "step": 200},
    {"epoch": 0.3, "train_runtime": 12.5, "train_loss": 2.7, "step": 300}],
    "trial_params": null, "stateful_callbacks": {"x": {"args": [1, 2]}}})");
  EXPECT_EQ(table_of(reading), "epoch,loss,step,eval_loss|0.1,2.9,100,|0.2,,200,2.5");
  ASSERT_EQ(reading.skipped.size(), 1U);
  EXPECT_EQ(reading.skipped[0].count, 1U);
  EXPECT_EQ(reading.skipped[0].lines, std::vector<long>{4});
  expect_words(notes_of(reading), {"beside 'log_history'"});
}

TEST(Json, ScalarsOfTensorBoard) {
  EXPECT_EQ(table_of(read("[[1700000000.5, 10, 3.2], [1700000001.5, 20, 2.9]]")),
            "wall_time,step,value|1700000000.5,10,3.2|1700000001.5,20,2.9");
  EXPECT_EQ(table_of(read("[1700000000.5, 10, 3.2]\n[1700000001.5, 20, 2.9]\n")),
            "wall_time,step,value|1700000000.5,10,3.2|1700000001.5,20,2.9");
  // Tags of one step are one row, in the order of the steps, whatever the order of the tags.
  EXPECT_EQ(table_of(read("{\"train/loss\": [[1700000000, 10, 3.2], [1700000002, 20, 2.9], [1700000009, 30, 2.5]],"
                          " \"eval/loss\": [[1700000003, 20, 3.1], [1700000011, 40, 3.0]]}")),
            "wall_time,step,train/loss,eval/loss|1700000000,10,3.2,|1700000002,20,2.9,3.1|1700000009,30,2.5,|"
            "1700000011,40,,3.0");
  // A restart goes back in steps, and stays behind what was written before it.
  EXPECT_EQ(table_of(read("{\"a\": [[1700000000, 1, 9], [1700000001, 2, 8], [1700000003, 1, 7], [1700000004, 2, 6]],"
                          " \"b\": [[1700000005, 2, 5]]}")),
            "wall_time,step,a,b|1700000000,1,9,|1700000001,2,8,|1700000003,1,7,|1700000004,2,6,5");
}

TEST(Json, HistoryOfKerasGetsEpochs) {
  const Reading reading = read(R"({"loss": [3, 2], "val_loss": [3.5, 2.5], "lr": [0.1, 0.05]})");
  EXPECT_EQ(table_of(reading), "epoch,loss,val_loss,lr|1,3,3.5,0.1|2,2,2.5,0.05");
  expect_words(notes_of(reading), {"epoch"});
  EXPECT_EQ(table_of(read(R"({"epoch": [0, 1], "loss": [3, 2]})")), "epoch,loss|0,3|1,2");
  EXPECT_EQ(table_of(read(R"({"n_params": [1e6, 2e6], "loss": [3, 2]})")), "n_params,loss|1e6,3|2e6,2");
  EXPECT_EQ(table_of(read(R"({"history": {"loss": [3, 2]}, "params": {"epochs": 2}})")),
            "params.epochs,epoch,loss|2,1,3|2,2,2");
  expect_words(error_of(R"({"loss": [3, 2, 1], "val_loss": [3.5]})"), {"--table"});
}

TEST(Json, HistoriesInsideRecordsAreRuns) {
  const std::string pairs =
      "{\"cfg\": {\"h\": 32}, \"final_loss\": 3.0, \"history\": [[100, 3.6], [200, 3.0]]}\n"
      "{\"cfg\": {\"h\": 64}, \"final_loss\": 2.9, \"history\": [[100, 3.4], [200, 2.9]]}\n";
  const Reading reading = read(pairs);
  EXPECT_EQ(table_of(reading),
            "run,cfg.h,final_loss,step,loss|1,32,3.0,100,3.6|1,32,3.0,200,3.0|2,64,2.9,100,3.4|"
            "2,64,2.9,200,2.9");
  expect_words(notes_of(reading), {"step, loss", "run"});
  EXPECT_EQ(reading.table.line(3), 2);
  EXPECT_EQ(table_of(read(pairs, {.names = "it,nll"})).substr(0, 28), "run,cfg.h,final_loss,it,nll|");
  EXPECT_EQ(table_of(read(R"({"name": "a", "log": {"step": [1, 2], "loss": [3, 2]}}
                             {"name": "b", "log": {"step": [1], "loss": [4]}})")),
            "name,step,loss|a,1,3|a,2,2|b,1,4");
  EXPECT_EQ(table_of(read(
                R"([{"run": "a", "steps": [1, 2], "loss": [3, 2]}, {"run": "b", "steps": [5, 6], "loss": [4, 3]}])")),
            "run,steps,loss|a,1,3|a,2,2|b,5,4|b,6,3");
  EXPECT_EQ(table_of(read(R"([{"id": 7, "loss": 2, "curve": [{"step": 1, "loss": 3}, {"step": 2, "loss": 2}]},
                              {"id": 8, "loss": 1, "curve": [{"step": 1, "loss": 1}]}])")),
            "id,record.loss,step,loss|7,2,1,3|7,2,2,2|8,1,1,1");
  EXPECT_EQ(table_of(read(R"([{"name": "a\u00e9", "log": {"step": [1, 2, 3], "loss": [3, 2, 1]}}])")),
            "name,step,loss|a\xc3\xa9,1,3|a\xc3\xa9,2,2|a\xc3\xa9,3,1");
  // A key may be missing; the record has no rows then.
  const Reading without = read(pairs + "{\"cfg\": {\"h\": 96}, \"final_loss\": null}\n");
  EXPECT_EQ(without.table.n_rows(), 4U);
  ASSERT_EQ(without.skipped.size(), 1U);
  EXPECT_EQ(without.skipped[0].lines, std::vector<long>{3});
  expect_words(error_of("{\"steps\": [1, 2], \"loss\": [3, 2]}\n{\"steps\": [1, 2], \"loss\": [3]}\n"),
               {"t.json:2:", "2", "1"});
}

TEST(Json, ListsBesideACurvePointStayText) {
  const Reading reading = read(
      "{\"step\": 1, \"loss\": 3, \"betas\": [0.9, 0.95], \"one\": [7], \"none\": []}\n"
      "{\"step\": 2, \"loss\": 2, \"betas\": [0.9, 0.95], \"layers\": [{\"norm\": 1}]}\n");
  EXPECT_EQ(table_of(reading).substr(0, 28), "step,loss,betas,one,none,lay");
  EXPECT_EQ(reading.table.text(0, 2), "[0.9, 0.95]");
  EXPECT_EQ(reading.table.text(0, 3), "7");
  EXPECT_EQ(reading.table.n_rows(), 2U);
  expect_words(notes_of(reading), {"betas", "stay text"});
}

TEST(Json, SeriesWithXAndY) {
  EXPECT_EQ(table_of(read(R"([{"x": [1, 2], "y": [3.5, 2.5], "name": "train loss"},
                              {"x": [2], "y": [2.75], "name": "val loss"}])")),
            "name,step,value|train loss,1,3.5|train loss,2,2.5|val loss,2,2.75");
}

TEST(Json, MetricsOfMlflow) {
  EXPECT_EQ(table_of(read(R"({"metrics": [{"key": "loss", "value": 3, "step": 1, "timestamp": 1700000000000},
      {"key": "loss", "value": 2, "step": 2, "timestamp": 1700000001000},
      {"key": "acc", "value": 0.5, "step": 2, "timestamp": 1700000001001}]})")),
            "timestamp,step,loss,acc|1700000000000,1,3,|1700000001000,2,2,0.5");
  EXPECT_EQ(table_of(read(R"({"runs": [
      {"info": {"run_id": "a"}, "data": {"metrics": [{"key": "loss", "value": 3, "step": 9}], "params": [{"key": "lr", "value": "0.1"}]}},
      {"info": {"run_id": "b"}, "data": {"metrics": [{"key": "loss", "value": 2, "step": 9}], "params": [{"key": "lr", "value": "0.2"}]}}]})")),
            "info.run_id,data.metrics.loss,data.params.lr|a,3,0.1|b,2,0.2");
}

TEST(Json, OrientsOfPandas) {
  const std::string expected = "n,loss|10,3.5|20,";
  for (const char* text :
       {R"({"columns": ["n", "loss"], "index": [0, 1], "data": [[10, 3.5], [20, null]]})",
        R"({"n": {"0": 10, "1": 20}, "loss": {"0": 3.5, "1": null}})",
        R"([{"n": 10, "loss": 3.5}, {"n": 20, "loss": null}])",
        R"({"schema": {"fields": [{"name": "n", "type": "integer"}, {"name": "loss", "type": "number"}],
                               "pandas_version": "1.4.0"}, "data": [{"n": 10, "loss": 3.5}, {"n": 20, "loss": null}]})",
        R"([["n", "loss"], [10, 3.5], [20, null]])"})
    EXPECT_EQ(table_of(read(text)), expected) << text;
  EXPECT_EQ(table_of(read(R"({"0": {"n": 10, "loss": 3.5}, "1": {"n": 20, "loss": null}})")),
            "index,n,loss|0,10,3.5|1,20,");
  EXPECT_EQ(table_of(read(R"({"loss": {"100": 3.5, "200": 3}, "val": {"200": 4}})")),
            "index,loss,val|100,3.5,|200,3,4");
  EXPECT_EQ(table_of(read("[[10, 3.5], [20, null]]", {.names = "n,loss"})), expected);
}

TEST(Json, ObjectsByTheNamesOfTheirRuns) {
  EXPECT_EQ(table_of(read(R"({"a": {"n_params": 10, "loss": 3}, "b": {"n_params": 20, "loss": 2}})")),
            "run,n_params,loss|a,10,3|b,20,2");
  EXPECT_EQ(table_of(read(R"({"a": {"step": [1, 2], "loss": [3, 2]}, "b": {"step": [1], "loss": [4]}})")),
            "run,step,loss|a,1,3|a,2,2|b,1,4");
}

TEST(Json, ListsByTheNamesOfTheirRunsOrMetrics) {
  EXPECT_EQ(table_of(read(R"({"a": [{"step": 1, "loss": 3}, {"step": 2, "loss": 2}], "b": [{"step": 1, "loss": 4}]})")),
            "run,step,loss|a,1,3|a,2,2|b,1,4");
  EXPECT_EQ(table_of(read(R"({"train": [{"step": 1, "loss": 3}], "val": [{"step": 1, "loss": 4}]})")),
            "split,step,loss|train,1,3|val,1,4");
  EXPECT_EQ(table_of(read(R"({"a": [[1, 3.5], [2, 2.5]], "b": [[1, 4.5]]})")),
            "run,step,value|a,1,3.5|a,2,2.5|b,1,4.5");
  EXPECT_EQ(table_of(read(R"({"loss": [[1, 3.5], [2, 2.5]], "val_loss": [[2, 4.5]]})")),
            "step,loss,val_loss|1,3.5,|2,2.5,4.5");
}

TEST(Json, RunsInsideExperiments) {
  const Reading reading = read(R"({"project": "p", "experiments": [
      {"lr": 0.1, "runs": [{"seed": 1, "history": [{"step": 1, "loss": 3}]}, {"seed": 2, "history": [{"step": 1, "loss": 4}]}]},
      {"lr": 0.2, "runs": [{"seed": 1, "history": [{"step": 1, "loss": 5}, {"step": 2, "loss": 6}]}]}]})");
  EXPECT_EQ(table_of(reading), "run,project,lr,seed,step,loss|1,p,0.1,1,1,3|2,p,0.1,2,1,4|3,p,0.2,1,1,5|3,p,0.2,1,2,6");
}

TEST(Json, TrialsOfOptuna) {
  EXPECT_EQ(
      table_of(read(R"([{"number": 0, "state": "COMPLETE", "values": [0.5], "params": {"lr": 0.1}, "user_attrs": {}},
                              {"number": 1, "state": "PRUNED", "values": null, "params": {"lr": 0.2}, "user_attrs": {}}])")),
      "number,state,values,params.lr|0,COMPLETE,0.5,0.1|1,PRUNED,,0.2");
}

TEST(Json, SeveralTablesAreListed) {
  const std::string text =
      R"({"first": [{"step": 1, "loss": 3}], "second": {"more": [{"step": 1, "loss": 5}, {"step": 2, "loss": 4}]}})";
  expect_words(error_of(text), {"2 tables", "first (line 1, 1 row: step, loss)", "second.more", "--table first"});
  EXPECT_EQ(table_of(read(text, {.table = "first"})), "step,loss|1,3");
  EXPECT_EQ(table_of(read(text, {.table = "second.more"})), "step,loss|1,5|2,4");
  expect_words(error_of(text, {.table = "third"}), {"--table", "third", "first"});
  // The only curve is chosen, and the note names the other list.
  const Reading reading = read(R"({"tags": [{"a": 1}], "points": [{"step": 1, "loss": 3}]})");
  EXPECT_EQ(reading.table.find("loss").has_value(), true);
  expect_words(notes_of(reading), {"'points'", "'tags'", "--table"});
}

TEST(Json, DoubtfulDocumentsAreNotReadTheWrongWay) {
  // Points of the validation with steps of their own are not those of the training.
  const std::string two = R"({"steps": [1, 2], "loss": [3, 2], "eval_steps": [5, 6], "eval_loss": [4, 3]})";
  expect_words(error_of(two), {"2 tables", "steps (line 1, 2 rows: steps, loss)", "eval_steps"});
  EXPECT_EQ(table_of(read(two, {.table = "eval_steps"})), "eval_steps,eval_loss|5,4|6,3");
  // A list of the configuration is no column of the measured loss.
  EXPECT_EQ(table_of(read(R"({"loss": 3, "dims": [64, 128]})")), "loss,dims|3,[64, 128]");
  EXPECT_EQ(table_of(read("{\"step\": 1, \"loss\": [3, 2]}\n{\"step\": 2, \"loss\": [2, 1]}\n")),
            "step,loss|1,[3, 2]|2,[2, 1]");
  EXPECT_EQ(table_of(read(R"({"loss": {"100": 3, "200": 2}})")), "index,loss|100,3|200,2");
  expect_words(error_of(R"([[{"step": 1, "loss": 2}], [{"step": 1, "loss": 3}]])"), {"t.json:1:3:", "jq -c '.[][]'"});
  expect_words(error_of(R"([{"step": 1, "loss": 2}])", {.table = "runs"}), {"--table", "'runs'"});
  expect_words(notes_of(read(R"([{"step": 1, "loss": 2}])", {.names = "a,b"})), {"--names", "not used"});
  expect_words(error_of("[[1, 2]]", {.names = "a"}), {"--names", "expected 2 names", "found 1"});
}

TEST(Json, RepeatedKeysAndEqualNames) {
  const Reading reading = read(R"([{"a.b": 1, "a": {"b": 2}, "loss": 3, "loss": 4, "": 5}])");
  EXPECT_EQ(table_of(reading), "a.b,a.b_2,loss,unnamed|1,2,4,5");
  expect_words(notes_of(reading), {"twice", "'a.b'"});
}

TEST(Json, SharedCases) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/tables/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no cases at " << folder;
  const auto file = [&](const std::string& name) {
    std::ostringstream text;
    text << std::ifstream(folder + name).rdbuf();
    return read(text.str());
  };
  EXPECT_EQ(file("09-json-that-trainers-write/state.json").table.header,
            (std::vector<std::string>{"epoch", "learning_rate", "loss", "step", "eval_loss", "eval_runtime"}));
  EXPECT_EQ(file("09-json-that-trainers-write/tb.json").table.n_rows(), 3U);
  const Reading nested = file("26-curves-nested-in-json-lines/nested.jsonl");
  EXPECT_EQ(nested.table.n_rows(), 16U);
  EXPECT_EQ(nested.table.header,
            (std::vector<std::string>{"run", "cfg.hidden", "cfg.lr", "n_params", "final_loss", "step", "loss"}));
}

}  // namespace
}  // namespace phaselaw::documents
