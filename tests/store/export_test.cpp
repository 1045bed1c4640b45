// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/export.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"
#include "store/scratch.h"

namespace phaselaw::store {
namespace {

template <class Export>
std::string exported(const std::vector<RunRecord>& runs, Export&& write) {
  std::ostringstream out;
  write(runs, out, {});
  return out.str();
}
std::string csv(const std::vector<RunRecord>& runs) { return exported(runs, export_csv); }
std::string jsonl(const std::vector<RunRecord>& runs) { return exported(runs, export_jsonl); }

RunRecord small_run(std::int64_t index, const std::string& configuration, const std::string& summary) {
  RunRecord run;
  run.index = index;
  run.key = "k" + std::to_string(index);
  run.configuration = configuration;
  run.summary = summary;
  return run;
}

TEST(Export, HasTheDocumentedColumnsAndNumbers) {
  RunRecord a = small_run(0, R"({"seed":7,"data":{"n_data":32,"noise":0.1},"model":{"name":"x,\"y\""}})",
                          R"({"n_params":12,"train_loss":0.5,"note":"text is left out"})");
  RunRecord b = small_run(1, R"({"seed":7,"data":{"n_data":64,"noise":0.1},"model":{"name":"z"}})",
                          R"({"n_params":34,"train_loss":null})");
  a.measurements = {{.step = 0, .time = 0.0, .train_loss = 0.1}, {.step = 5, .time = 1e-7, .train_loss = 1.0 / 3}};
  b.status = Status::kDiverged;
  b.measurements = {{.step = 0, .compute_flop = 1e21, .train_loss = std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(
      csv({a, b}),
      "run,key,status,n_data,name,n_params,summary.train_loss,step,time,tokens,compute_flop,train_loss,test_loss,excess_risk\n"
      "0,k0,finished,32,\"x,\"\"y\"\"\",12,0.5,0,0,,,0.1,,\n"
      "0,k0,finished,32,\"x,\"\"y\"\"\",12,0.5,5,1e-07,,,0.3333333333333333,,\n"
      "1,k1,diverged,64,z,34,,0,,,1e+21,inf,,\n");
  EXPECT_EQ(jsonl({b}),
            R"({"run":1,"key":"k1","status":"diverged","n_params":34,"summary.train_loss":null,"step":0,"time":null,)"
            R"("tokens":null,"compute_flop":1e+21,"train_loss":null,"test_loss":null,"excess_risk":null})"
            "\n");
}

TEST(Export, NumbersReadBackToTheSameBits) {
  RunRecord run = small_run(0, "{}", "{}");
  double x = 1.0 / 3;
  for (int i = 0; i < 500; ++i) {
    x = x * -1.7e3 + 1e-3;
    if (!(std::abs(x) < 1e300)) x = 1e-300 / (i + 7);
    run.measurements.push_back({.step = i, .train_loss = x});
  }
  std::istringstream text(csv({run})), lines(jsonl({run}));
  std::string row, line;
  std::getline(text, row);
  for (const Measurement& m : run.measurements) {
    std::getline(text, row);
    std::getline(lines, line);
    std::istringstream fields(row);
    std::string field;
    for (int column = 0; column <= 7; ++column) std::getline(fields, field, ',');
    EXPECT_EQ(std::stod(field), m.train_loss) << row;
    EXPECT_EQ(base::parse_json(line, "line").at("train_loss").number(), m.train_loss) << line;
  }
}

TEST(Export, IsTheSameBytesForAnyOrderOfStoring) {
  std::string first_csv, first_jsonl;
  for (int order = 0; order < 4; ++order) {
    const Scratch scratch;
    std::vector<std::int64_t> indices(12);
    std::iota(indices.begin(), indices.end(), 0);
    if (order > 0) std::rotate(indices.begin(), indices.begin() + 3 * order, indices.end());
    if (order == 2) std::reverse(indices.begin(), indices.end());
    Store store = Store::open_or_create(scratch.path("study.db"), "{}", "key");
    for (const auto index : indices) {
      RunRecord run = sample_run(index, 7);
      run.seconds = 0.5 + order;  // the machine's business: must not show
      store.add(run);
    }
    if (order == 0) first_csv = csv(store.runs()), first_jsonl = jsonl(store.runs());
    EXPECT_EQ(csv(store.runs()), first_csv);
    EXPECT_EQ(jsonl(store.runs()), first_jsonl);
  }
  EXPECT_EQ(std::count(first_csv.begin(), first_csv.end(), '\n'), 1 + 12 * 7);
  EXPECT_EQ(std::count(first_jsonl.begin(), first_jsonl.end(), '\n'), 12 * 7);
}

TEST(Export, SortsRunsThatAreGivenInAnyOrder) {
  EXPECT_EQ(csv({sample_run(2, 2), sample_run(0, 2), sample_run(1, 2)}),
            csv({sample_run(0, 2), sample_run(1, 2), sample_run(2, 2)}));
}

TEST(Export, AnEmptyStudyHasAHeaderAndARunWithoutRowsHasOne) {
  const auto fields = base::field_names<Measurement>();
  const std::string heading = fmt::format("run,key,status,{}\n", fmt::join(fields, ","));
  EXPECT_EQ(csv({}), heading);
  EXPECT_EQ(jsonl({}), "");
  RunRecord failed = small_run(3, "{}", "{}");
  failed.status = Status::kFailed;
  EXPECT_EQ(csv({failed}), heading + "3,k3,failed" + std::string(fields.size(), ',') + "\n");
}

TEST(Export, SaysWhenTheOutputTakesNoMore) {
  std::ostringstream out;
  out.setstate(std::ios::badbit);
  EXPECT_THROW(export_csv({sample_run(0, 2)}, out), base::RunError);
  EXPECT_THROW(export_jsonl({sample_run(0, 2)}, out), base::RunError);
}

}  // namespace
}  // namespace phaselaw::store
