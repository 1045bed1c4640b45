// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "advice/compare_designs.h"
#include "cli/cli_fixture.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/value.h"

// compare on files, groups, fits and stores.
namespace phaselaw::cli {
namespace {

using testing::Outcome;

class CompareVerb : public testing::CliFixture {
 protected:
  std::string file(const std::string& name, const advice::RecipePoints& points, const std::string& loss = "val_loss") {
    std::string text = "compute," + loss + "\n";
    for (std::size_t i = 0; i < points.loss.size(); ++i)
      text += fmt::format("{},{}\n", points.resource[i], points.loss[i]);
    write(name, text);
    return path(name);
  }
  void expect_refused(const std::vector<std::string>& words, const std::string& part) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << outcome.out;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_TRUE(outcome.out.empty()) << outcome.out;
  }
  advice::testing::RecipePair pair = advice::testing::draw({.budgets = 6, .gain = 2}, 0);
};

TEST_F(CompareVerb, WritesTheAnswerThePageAndTheJson) {
  const std::string adam = file("adam.csv", pair.baseline), muon = file("muon.csv", pair.candidate);
  const Outcome outcome = run({"compare", adam, muon, "--out", path("out")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.find("muon is better than adam: at "), 0U) << outcome.out;
  EXPECT_TRUE(std::filesystem::exists(path("out") + "/report.html"));
  const base::Value json = base::read_json(path("out") + "/compare.json");
  const base::Value& one = json.at("comparisons").list()[0];
  EXPECT_EQ(one.at("recipe").text(), "muon");
  const base::Value& runs = one.at("runs").list()[0];
  const base::Value& lead = runs.at("places").list()[static_cast<std::size_t>(runs.at("leading").integer())];
  EXPECT_GT(lead.at("speedup").at("lo").number(), 1);
}

TEST_F(CompareVerb, AFitFileIsARecipe) {
  const std::string adam = file("adam.csv", pair.baseline), muon = file("muon.csv", pair.candidate);
  ASSERT_EQ(run({"fit", adam, "--law", "power", "--json", path("adam.json"), "--quiet"}).code, 0);
  const Outcome tables = run({"compare", adam, muon, "--json", "-", "--quiet"});
  const Outcome fits = run({"compare", path("adam.json"), muon, "--json", "-", "--quiet"});
  ASSERT_EQ(fits.code, 0) << fits.err;
  const auto factor = [](const Outcome& outcome) {
    const base::Value json = base::parse_json(outcome.out, "stdout");
    const base::Value& runs = json.at("comparisons").list()[0].at("runs").list()[0];
    return runs.at("places").list()[0].at("speedup").at("value").number();
  };
  EXPECT_EQ(factor(tables), factor(fits));
}

TEST_F(CompareVerb, AStoreIsReadByItsExcessRiskAndItsGroupsAreRecipes) {
  ASSERT_EQ(run({"sweep", path("study.toml"), "--out", path("study.db"), "--quiet"}).code, 0);
  const Outcome outcome = run({"compare", path("study.db"), "--by", "n_data", "--json", "-", "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const base::Value json = base::parse_json(outcome.out, "stdout");
  EXPECT_EQ(json.at("baseline").text(), "4");
  EXPECT_EQ(json.at("quantity").text(), "excess_risk");
  EXPECT_EQ(json.at("comparisons").list()[0].at("recipe").text(), "8");
}

TEST_F(CompareVerb, RefusesBadInputInOneSentence) {
  const std::string adam = file("adam.csv", pair.baseline), muon = file("muon.csv", pair.candidate);
  expect_refused({"compare", adam}, "expected two recipes or more");
  expect_refused({"compare", adam, muon, "--baseline", "sgd"}, "unknown recipe 'sgd'");
  expect_refused({"compare", adam, muon, "--floor", "9"},
                 "--floor: expected a floor from 0 to below the smallest loss");
  expect_refused({"compare", adam, muon, "--level", "1"}, "--level");
  expect_refused({"compare", adam, muon, "--resource", "tokens"}, "no common column");
  expect_refused({"compare", adam, path("none.csv")}, "none.csv");
  expect_refused({"compare", adam, file("train.csv", pair.candidate, "train_loss")}, "cannot be compared");
  expect_refused({"compare", adam, muon, "--last"}, "finished runs are compared by their last rows anyway");
  write("one.csv", "compute,loss,group\n1e18,3,a\n1e19,2,a\n");
  expect_refused({"compare", path("one.csv"), "--by", "group"}, "found one, a");
  expect_refused({"compare", path("one.csv"), "--by", "grup"}, "group");
}

TEST_F(CompareVerb, NothingIsWrittenWhenTheInputIsRefused) {
  const std::string adam = file("adam.csv", pair.baseline);
  (void)run({"compare", adam, path("none.csv"), "--out", path("half")});
  EXPECT_FALSE(std::filesystem::exists(path("half") + "/compare.json"));
  EXPECT_FALSE(std::filesystem::exists(path("half") + "/report.html"));
}

}  // namespace
}  // namespace phaselaw::cli
