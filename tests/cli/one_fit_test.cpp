// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

// One road from a table to a fit: writing a page changes nothing of the result, and no flag is ignored.
namespace phaselaw {
namespace {

class OneFit : public testing::CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    std::string curve = "compute,loss\n", sizes = "n_params,tokens,loss,sd,w\n", lines,
                export_of_sweep = "run,step,flops,val_loss\n";
    int i = 0;
    const auto noise = [&i] { return 1 + 0.01 * std::sin(9.7 * ++i); };
    for (double c = 1; c < 1e9; c *= 2.3)
      curve += fmt::format("{},{}\n", c, (0.5 + 3 * std::pow(1 + c / 1e4, -0.3)) * noise());
    for (double n = 1e7; n < 5e9; n *= 3)
      for (double d = 2e8; d < 1e11; d *= 4) {
        const double loss = (1.69 + 406.4 * std::pow(n, -0.34) + 410.7 * std::pow(d, -0.28)) * noise();
        sizes += fmt::format("{},{},{},{},{}\n", n, d, loss, 0.01 * (1 + i % 3), 1 + i % 2);
        lines += fmt::format("{{\"params\": {}, \"tokens\": {}, \"eval\": {{\"loss\": {}}}}}\n", n, d, loss);
      }
    for (int run = 0; run < 6; ++run)
      for (int step = 0; step <= 320; step += 32) {
        const double cost = 1e6 * std::pow(3, run) * step;
        export_of_sweep +=
            fmt::format("r{},{},{},{}\n", run, step, cost,
                        (0.4 + 2 * std::pow(1 + cost / 1e7, -0.2) * (1 + 0.3 * std::exp(-step / 60.0))) * noise());
      }
    write("one.csv", curve);
    write("sweep.csv", export_of_sweep);
    write("sizes.csv", sizes);
    write("lines.jsonl", lines);
    ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("study.db"), "--quiet"}).code, 0);
  }

  // The result without what may differ: times and how it was made.
  static base::Value without_times(const base::Value& value) {
    if (value.is_list()) {
      base::Value::List list;
      for (const auto& item : value.list()) list.push_back(without_times(item));
      return base::Value(std::move(list));
    }
    if (!value.is_table()) return value;
    base::Value out = base::Value::table();
    for (const auto& [key, item] : value.entries())
      if (key != "seconds" && key != "made_by") out[key] = without_times(item);
    return out;
  }
  base::Value json_of(std::vector<std::string> words) {
    words.insert(words.end(), {"--json", path("out.json"), "--quiet"});
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << fmt::format("{}", fmt::join(words, " ")) << outcome.err;
    return outcome.code == 0 ? base::read_json(path("out.json")) : base::Value();
  }
};

TEST_F(OneFit, WritingAPageChangesNothing) {
  const std::vector<std::vector<std::string>> tables = {
      {"fit", path("one.csv"), "--law", "two-stage"},
      {"fit", path("sweep.csv"), "--law", "two-stage", "--rows", "envelope"},
      {"fit", path("sizes.csv")},
      {"fit", path("study.db"), "--law", "power", "--fix", "E=0"},
      {"fit", path("lines.jsonl"), "--law", "chinchilla", "--col", "loss=eval.loss"},
      {"fit", path("sizes.csv"), "--law", "E + P*N^-p + Q*D^-q", "--interval", "profile", "--objective", "l2"}};
  for (auto words : tables) {
    if (words[1].ends_with("sizes.csv") && words.size() == 2) words.insert(words.end(), {"--interval", "none"});
    const base::Value plain = without_times(json_of(words));
    words.insert(words.end(), {"--out", path("page")});
    const base::Value with_page = without_times(json_of(words));
    EXPECT_EQ(base::to_json(plain), base::to_json(with_page)) << fmt::format("{}", fmt::join(words, " "));
    EXPECT_EQ(base::to_json(plain), base::to_json(without_times(base::read_json(path("page/fit.json")))));
    EXPECT_TRUE(std::filesystem::exists(path("page/report.html")));
    std::filesystem::remove_all(path("page"));
  }
}

TEST_F(OneFit, EveryFitIsAFitFile) {
  for (const char* table : {"one.csv", "sweep.csv", "study.db"}) {
    (void)json_of({"fit", path(table), "--law", "power", "--resamples", "20"});
    const auto outcome = run({"plan", "--fit", path("out.json"), "--compute", "1e10", "--json", "-", "--quiet"});
    EXPECT_EQ(outcome.code, 0) << table << outcome.err;
  }
}

// Each option changes the result, or is refused with the reason.
TEST_F(OneFit, NoOptionIsIgnored) {
  const std::vector<std::string> sizes = {"fit", path("sizes.csv"), "--law", "chinchilla", "--resamples", "20"};
  const std::string before = base::to_json(without_times(json_of(sizes)));
  const std::vector<std::vector<std::string>> options = {
      {"--objective", "l1"},
      {"--delta", "0.01"},
      {"--interval", "sandwich"},
      {"--level", "0.9"},
      {"--fix", "E=1.7"},
      {"--seed", "1"},
      {"--cluster", "n_params"},
      {"--weights", "w"},
      {"--sd", "sd"},
      {"--holdout", "0.3"},
      {"--where", "n_params>2e7"},
      {"--scale", "tokens=2"},
      {"--audit", "E=1.69", "A=406.4", "B=410.7", "alpha=0.34", "beta=0.28"},
      {"--loss", "sd"}};
  for (const auto& option : options) {
    std::vector<std::string> words = sizes;
    if (option.front() == "--interval") words.resize(words.size() - 2);  // sandwich intervals use no resamples
    words.insert(words.end(), option.begin(), option.end());
    EXPECT_NE(base::to_json(without_times(json_of(words))), before) << option.front();
  }
  // The number of threads must not change anything.
  std::vector<std::string> threads = sizes;
  threads.insert(threads.end(), {"--threads", "1"});
  EXPECT_EQ(base::to_json(without_times(json_of(threads))), before);

  const auto refused = [&](std::vector<std::string> more, const std::string& message) {
    std::vector<std::string> words = {"fit", path("sizes.csv"), "--law", "chinchilla", "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    expect_bad(words, message);
  };
  refused({"--objective", "l2", "--delta", "0.01"}, "--delta: is used only with the objectives huber and asymmetric");
  refused({"--asymmetry", "2"}, "--asymmetry: is used only with the objective asymmetric");
  refused({"--interval", "none", "--level", "0.9"}, "--level: no intervals are computed");
  refused({"--interval", "profile", "--resamples", "20"}, "--resamples: intervals by profile use no resamples");
  refused({"--rows", "envelope"}, "--rows: the envelope needs several runs");
  refused({"--last"}, "--last");
  refused({"--exponent", "1/6"}, "--exponent: this flag was removed; use --fix q=VALUE");
  refused({"--floor", "0"}, "--floor: this flag was removed; use --fix E=VALUE");
  expect_bad({"fit", path("sizes.csv"), "--audit", "E=1"}, "--audit: needs the parameters of one law");
  expect_bad({"fit", path("sizes.csv"), "--fix", "EE=1", "--quiet"}, "did you mean 'E'");
}

TEST_F(OneFit, WithoutALawAllThatApplyAreRanked) {
  const base::Value all = json_of({"fit", path("sizes.csv"), "--interval", "none"});
  const base::Value named = json_of({"fit", path("sizes.csv"), "--law", "all", "--interval", "none"});
  EXPECT_EQ(base::to_json(without_times(all)), base::to_json(without_times(named)));
  EXPECT_GT(all.at("fits").list().size(), 5U);
  // A curve in compute: the laws of training steps are taken as laws of compute, so that both starts are there.
  const base::Value curve = json_of({"fit", path("one.csv"), "--interval", "none"});
  EXPECT_EQ(curve.at("early_form").text(), "power");
}

TEST_F(OneFit, AStoreIsFittedAsItsExport) {
  const auto exported = run({"export", path("study.db")});
  write("export.csv", exported.out);
  const std::vector<std::string> law = {"--law", "A*C^-a", "--interval", "none", "--cluster", "none"};
  std::vector<std::string> from_store = {"fit", path("study.db")},
                           from_csv = {"fit", path("export.csv"), "--loss", "excess_risk"};
  from_store.insert(from_store.end(), law.begin(), law.end());
  from_csv.insert(from_csv.end(), law.begin(), law.end());
  EXPECT_EQ(base::to_json(json_of(from_store).at("optimum")), base::to_json(json_of(from_csv).at("optimum")));
}

TEST_F(OneFit, PublishedParametersAreAudited) {
  const base::Value fit = json_of({"fit", path("sizes.csv"), "--law", "chinchilla", "--interval", "none", "--audit",
                                   "E=1.9", "A=406.4", "B=410.7", "alpha=0.34", "beta=0.28"});
  EXPECT_FALSE(fit.at("audit").at("is_optimum").boolean());
  std::vector<std::string> words = {"fit", path("sizes.csv"), "--law", "chinchilla", "--interval", "none", "--audit"};
  for (const auto& [name, estimate] : fit.at("parameters").entries())
    words.push_back(fmt::format("{}={}", name, estimate.at("value").number()));
  EXPECT_TRUE(json_of(words).at("audit").at("is_optimum").boolean());
}

}  // namespace
}  // namespace phaselaw
