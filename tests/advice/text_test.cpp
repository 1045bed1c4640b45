// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/text.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace phaselaw::advice {
namespace {

const std::vector<Limit> kFive = {{Harm::remark, "The unit is unknown"},
                                  {Harm::extrapolated, "The compute is beyond the runs"},
                                  {Harm::wrong, "The fit is not certified"},
                                  {Harm::extrapolated, "The tokens are beyond the runs"},
                                  {Harm::undetermined, "The rows do not bound E"}};

TEST(Limits, TheMostHarmfulComeFirstAndTheRestIsCounted) {
  EXPECT_EQ(limits_text("what limits this plan", kFive, false),
            "what limits this plan:\n"
            "- The fit is not certified\n"
            "- The rows do not bound E\n"
            "- The compute is beyond the runs\n"
            "and 2 more: --verbose\n");
}

TEST(Limits, VerboseShowsAllOfThemInTheOrderOfThePage) {
  const std::string text = limits_text("what limits this fit", kFive, true);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 6);
  EXPECT_EQ(text.find("more: --verbose"), std::string::npos);
  std::size_t at = 0;
  for (const std::string& sentence : limit_sentences(kFive)) {
    const std::size_t found = text.find(sentence, at);
    ASSERT_NE(found, std::string::npos) << sentence;
    at = found;
  }
}

TEST(Limits, ThreeNeedNoLastLineAndNoneNeedNoBlock) {
  const std::vector<Limit> three(kFive.begin(), kFive.begin() + 3);
  EXPECT_EQ(limits_text("what limits this plan", three, false), limits_text("what limits this plan", three, true));
  EXPECT_EQ(limits_text("what limits this plan", {}, false), "");
}

TEST(Limits, ARepetitionIsSaidOnceWithItsGreatestHarm) {
  const std::vector<Limit> twice = {{Harm::remark, "The floor is open"}, {Harm::wrong, "The floor is open"}};
  const std::vector<Limit> once = by_harm(twice);
  ASSERT_EQ(once.size(), 1u);
  EXPECT_EQ(once.front().harm, Harm::wrong);
}

}  // namespace
}  // namespace phaselaw::advice
