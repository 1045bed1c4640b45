// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/reproduce.h"

#include <unistd.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/reproduce/experiment.h"

namespace phaselaw::reproduce {
namespace {

namespace fs = std::filesystem;

class ReproduceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    base::set_quiet(true);
    folder_ = fs::temp_directory_path() / fmt::format("phaselaw-reproduce-{}", ::getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override {
    base::set_interrupted(false);
    base::set_quiet(false);
    fs::remove_all(folder_);
  }
  [[nodiscard]] ReproduceOptions options() const {
    return {.only = {"LB.two_point"},
            .text = std::string(PHASELAW_SOURCE_DIR) + "/README.md",
            .out = folder_,
            .seed = {},
            .time_limit = {},
            .made_by = base::Value::table()};
  }
  [[nodiscard]] base::Value results() const { return base::read_json(folder_ / "results.json"); }
  [[nodiscard]] std::string page() const { return base::read_text(folder_ / "report.html"); }
  fs::path folder_;
};

TEST_F(ReproduceTest, CutShortItSaysSoAndTheNextCallCarriesOutTheRest) {
  base::set_interrupted(true);  // as Ctrl-C
  EXPECT_EQ(reproduce(options()).unfinished, std::vector<std::string>{"LB.two_point"});
  EXPECT_FALSE(results().at("complete").boolean());
  EXPECT_TRUE(results().at("claims").list().empty());
  EXPECT_NE(page().find("the program was interrupted"), std::string::npos);

  base::set_interrupted(false);
  const auto whole = reproduce(options());
  EXPECT_TRUE(whole.unfinished.empty());
  EXPECT_TRUE(results().at("complete").boolean());
  EXPECT_EQ(results().at("claims").list().size(), 5U);
  EXPECT_EQ(page().find("Incomplete"), std::string::npos);

  // What was kept is not measured again: one entry is replaced by another number, which then counts.
  const fs::path entry = folder_ / "kept/two_point.0.json";
  base::Value kept_value = base::read_json(entry);
  auto risks = kept_value.at("value").at("risks").list();
  risks.front()["value"] = 0.001;
  kept_value["value"]["risks"] = base::Value(risks);
  base::write_file(entry, base::to_json(kept_value));
  const auto again = reproduce(options());
  for (const auto& claim : again.claims)
    if (claim.id == "LB.two_point.risk_bound") {
      EXPECT_EQ(claim.measured, 0.001);
    }
}

TEST_F(ReproduceTest, UnknownNamesAreRefused) {
  auto unknown = options();
  unknown.only = {"LB.orakle"};
  EXPECT_THROW((void)reproduce(unknown), base::InputError);
  unknown = options();
  unknown.preset = "fulll";
  EXPECT_THROW((void)reproduce(unknown), base::InputError);
}

TEST(Experiments, HaveTheirOwnIds) {
  for (std::size_t i = 0; i < experiments().size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(experiments()[i].id, experiments()[j].id);
}

}  // namespace
}  // namespace phaselaw::reproduce
