// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/fields_text.h"

#include <gtest/gtest.h>

#include "base/message_of.h"

namespace phaselaw::base {

enum class Colour { red, blue };

EnumNames<Colour> enum_names(Colour) {
  static constexpr std::pair<std::string_view, Colour> kNames[] = {{"red", Colour::red}, {"blue", Colour::blue}};
  return kNames;
}

namespace {

using testing::contains;
using testing::message_of;

struct Options {
  double level = 0.9;
  std::int64_t resamples = 200;
  std::int64_t memory = 8LL << 30;
  bool last = false;
  std::string law = "all";
  Colour colour = Colour::red;
  NumberOrWord<double> step{0.1, "", {"auto"}};
  std::optional<double> budget = {};
  std::vector<double> losses = {};
  std::vector<std::string> where = {};
  std::map<std::string, double> fix = {};
  std::map<std::string, std::string> col = {};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("level", self.level, strictly_between(0, 1), "");
    visit("resamples", self.resamples, at_least(1), "");
    visit("memory", self.memory, positive().in("bytes"), "");
    visit("last", self.last, anything(), "");
    visit("law", self.law, anything(), "");
    visit("colour", self.colour, anything(), "");
    visit("step", self.step, positive(), "");
    visit("budget", self.budget, positive(), "");
    visit("losses", self.losses, anything(), "");
    visit("where", self.where, anything(), "");
    visit("fix", self.fix, anything(), "");
    visit("col", self.col, anything(), "");
  }
};

std::string refusal(std::string_view name, const std::vector<std::string>& texts) {
  Options options;
  return message_of<InputError>([&] { set_field(options, name, texts); });
}

TEST(FieldsText, SetEveryKindOfField) {
  Options options;
  set_field(options, "level", {"1/2"});
  set_field(options, "resamples", {"2k"});
  set_field(options, "memory", {"500M"});
  set_field(options, "last", {});
  set_field(options, "law", {"chinchilla"});
  set_field(options, "colour", {"blue"});
  set_field(options, "budget", {"1e21"});
  set_field(options, "losses", {"2.5,2.4", "2.3"});
  set_field(options, "where", {"a>1,b>2"});
  set_field(options, "fix", {"alpha=0.5", "E=1.7"});
  set_field(options, "col", {"loss=val,loss"});
  EXPECT_EQ(options.level, 0.5);
  EXPECT_EQ(options.resamples, 2000);
  EXPECT_EQ(options.memory, 500LL << 20);
  EXPECT_TRUE(options.last);
  EXPECT_EQ(options.law, "chinchilla");
  EXPECT_EQ(options.colour, Colour::blue);
  EXPECT_EQ(options.budget, 1e21);
  EXPECT_EQ(options.losses, (std::vector<double>{2.5, 2.4, 2.3}));
  EXPECT_EQ(options.where, std::vector<std::string>{"a>1,b>2"});
  EXPECT_EQ(options.fix, (std::map<std::string, double>{{"alpha", 0.5}, {"E", 1.7}}));
  EXPECT_EQ(options.col, (std::map<std::string, std::string>{{"loss", "val,loss"}}));
}

TEST(FieldsText, NumbersOrWordsAreEither) {
  Options options;
  set_field(options, "step", {"auto"});
  EXPECT_TRUE(options.step.is_word());
  set_field(options, "step", {"0.3"});
  EXPECT_FALSE(options.step.is_word());
  EXPECT_EQ(options.step.value, 0.3);
}

TEST(FieldsText, RefusalsNameTheFlagTheDomainAndTheWord) {
  const auto level = refusal("level", {"2"});
  EXPECT_TRUE(contains(level, "--level")) << level;
  EXPECT_TRUE(contains(level, "(0, 1)")) << level;
  EXPECT_TRUE(contains(level, "'2'")) << level;
  EXPECT_TRUE(contains(refusal("level", {"half"}), "such as 0.2, 1/6"));
  EXPECT_TRUE(contains(refusal("resamples", {"1.5"}), "an integer"));
  EXPECT_TRUE(contains(refusal("resamples", {"1e30"}), "an integer"));
  EXPECT_TRUE(contains(refusal("memory", {"8GB"}), "8G or 500M"));
  EXPECT_TRUE(contains(refusal("colour", {"blu"}), "'blue'"));
  EXPECT_TRUE(contains(refusal("losses", {"2.5,,2.4"}), "--losses"));
  for (const char* text : {"alpha", "=1", "alpha="})
    EXPECT_TRUE(contains(refusal("fix", {text}), "name=number")) << text;
  EXPECT_TRUE(contains(refusal("fix", {"alpha=x"}), "--fix"));
}

// An unset variable of a shell leaves an empty word, and a forgotten value the next flag.
TEST(FieldsText, EmptyWordsAndFlagsAreNoValues) {
  for (const char* field :
       {"level", "resamples", "memory", "law", "colour", "step", "budget", "losses", "where", "fix", "col"})
    for (const char* text : {"", " ", "--quiet"}) {
      const std::string said = refusal(field, {text});
      EXPECT_TRUE(contains(said, flag_of(field))) << field << ": " << said;
      EXPECT_TRUE(contains(said, text)) << said;
    }
  EXPECT_TRUE(contains(refusal("law", {"--quiet"}), "found the flag '--quiet'"));
}

TEST(FieldsText, NumbersThatAreNoneAreRefused) {
  for (const char* field : {"level", "resamples", "memory", "step", "budget", "losses"})
    for (const char* text : {"nan", "NaN", "inf", "-inf", "1e999", "0x10", "1 2", "null", "-"})
      EXPECT_TRUE(contains(refusal(field, {text}), flag_of(field))) << field << " " << text;
}

// Beyond 2^53 a number is not the integer that was typed, so it is refused and not rounded.
TEST(FieldsText, IntegersAreExactOrRefused) {
  Options options;
  set_field(options, "resamples", {"9007199254740991"});
  EXPECT_EQ(options.resamples, 9007199254740991);
  for (const char* text : {"9007199254740992", "9007199254740993", "99999999999999999999", "1e300"})
    EXPECT_TRUE(contains(refusal("resamples", {text}), "in [1, 9007199254740991]")) << text;
  EXPECT_TRUE(contains(refusal("resamples", {"0"}), "expected an integer >= 1")) << refusal("resamples", {"0"});
}

TEST(FieldsText, DescribeEveryKindOfField) {
  const Options options;
  EXPECT_EQ(describe_flag(options.level, {}).default_text, "0.9");
  EXPECT_EQ(describe_flag(options.memory, positive().in("bytes")).type, "SIZE");
  EXPECT_EQ(describe_flag(options.memory, positive().in("bytes")).default_text, "8G");
  EXPECT_TRUE(describe_flag(options.last, {}).is_switch);
  EXPECT_EQ(describe_flag(options.colour, {}).words, (std::vector<std::string>{"red", "blue"}));
  EXPECT_EQ(describe_flag(options.step, {}).type, "NUMBER|auto");
  EXPECT_EQ(describe_flag(options.budget, {}).default_text, "");
  EXPECT_TRUE(describe_flag(options.losses, {}).is_list);
  EXPECT_EQ(describe_flag(options.fix, {}).type, "NAME=NUMBER");
}

}  // namespace

}  // namespace phaselaw::base
