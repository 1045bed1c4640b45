// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/errors.h"

#include <gtest/gtest.h>

namespace phaselaw::base {
namespace {

TEST(Location, ShowsOnlyWhatIsKnown) {
  EXPECT_EQ(to_string(Location{}), "");
  EXPECT_EQ(to_string(Location{"--noise"}), "--noise");
  EXPECT_EQ(to_string(Location{"a.toml", 4}), "a.toml:4");
  EXPECT_EQ(to_string(Location{"a.toml", 4, 9}), "a.toml:4:9");
  EXPECT_EQ(to_string(Location{"a.toml", 0, 9}), "a.toml");
}

TEST(InputErrors, PutThePlaceFirst) {
  EXPECT_STREQ(InputError({"a.toml", 4, 9}, "expected a number").what(), "a.toml:4:9: expected a number");
  EXPECT_STREQ(InputError(Location{}, "expected a number").what(), "expected a number");
  EXPECT_STREQ(InputError("plain").what(), "plain");
}

TEST(InputErrors, AreOneLineWhateverTheyQuote) {
  EXPECT_STREQ(InputError({"a\n.csv", 4}, "found 'x\r\n\ty\x1b[31m'").what(),
               "a\\n.csv:4: found 'x\\r\\n\\ty\\x1b[31m'");
  EXPECT_STREQ(InputError(Location{"a.csv"}, "found 'é'").what(), "a.csv: found 'é'");
}

TEST(InputErrors, KeepTheirEndsIfTheyQuoteALongInput) {
  std::string name;
  for (int i = 0; i < 20000; ++i) name += "é";
  const std::string message = InputError({"a.npz"}, "found '" + name + "'; copy it again").what();
  EXPECT_LE(message.size(), 4000U);
  EXPECT_TRUE(message.starts_with("a.npz: found 'éé"));
  EXPECT_TRUE(message.ends_with("éé'; copy it again"));
  EXPECT_NE(message.find("é ... é"), message.npos);
}

TEST(NearestName, FindsOneEditOfEachKind) {
  const std::vector<std::string> known = {"n_layers", "d_model", "noise"};
  EXPECT_EQ(nearest_name("n_layer", known), "n_layers");    // left out
  EXPECT_EQ(nearest_name("n_layerss", known), "n_layers");  // put in
  EXPECT_EQ(nearest_name("d_modal", known), "d_model");     // replaced
  EXPECT_EQ(nearest_name("niose", known), "noise");         // two letters in the wrong order
  EXPECT_EQ(nearest_name("d_model", known), "d_model");
}

TEST(NearestName, IsSilentWhenNothingIsNear) {
  const std::vector<std::string> known = {"n_layers", "d_model", "noise"};
  EXPECT_EQ(nearest_name("temperature", known), "");
  EXPECT_EQ(nearest_name("zq", known), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
}

TEST(NearestName, HalfTheLengthIsTheLimit) {
  EXPECT_EQ(nearest_name("abcd", {"abxy"}), "abxy");
  EXPECT_EQ(nearest_name("abcd", {"axyz"}), "");
}

TEST(UnknownName, NamesTheNearestAndAllKnown) {
  EXPECT_EQ(unknown_name("key", "widht", {"depth", "width"}),
            "unknown key 'widht'; did you mean 'width'? known: depth, width");
  EXPECT_EQ(unknown_name("verb", "frobnicate", {"fit", "train"}), "unknown verb 'frobnicate'; known: fit, train");
}

TEST(CheckDeathTest, PrintsBothSidesAndAborts) {
  const int found = 3;
  EXPECT_DEATH(PHASELAW_CHECK_EQ(found, 4), "errors_test.cpp:[0-9]+: expected found == 4; found 3 against 4");
  EXPECT_DEATH(PHASELAW_CHECK_LE(found, 2), "expected found <= 2; found 3 against 2");
  EXPECT_DEATH(PHASELAW_CHECK_LT(found, 3), "expected found < 3");
  EXPECT_DEATH(PHASELAW_CHECK(found == 4), "expected found == 4");
}

TEST(Check, EvaluatesEachSideOnce) {
  int calls = 0;
  PHASELAW_CHECK_EQ(++calls, 1);
  PHASELAW_CHECK(++calls == 2);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace phaselaw::base
