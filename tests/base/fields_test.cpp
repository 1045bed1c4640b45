// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/fields.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/message_of.h"

namespace phaselaw::elsewhere {

// An enum of another layer, which is not found by the namespace of the readers.
enum class Shade { light, dark };

base::EnumNames<Shade> enum_names(Shade) {
  static constexpr std::pair<std::string_view, Shade> kNames[] = {{"light", Shade::light}, {"dark", Shade::dark}};
  return kNames;
}

}  // namespace phaselaw::elsewhere

namespace phaselaw::base {

enum class Shape { round, flat };

EnumNames<Shape> enum_names(Shape) {
  static constexpr std::pair<std::string_view, Shape> kNames[] = {{"round", Shape::round}, {"flat", Shape::flat}};
  return kNames;
}

namespace {

using testing::contains;
using testing::message_of;

struct Options {
  std::int64_t n_layers = 2;
  double noise = 0.1;
  double share = 0.5;
  bool causal = true;
  std::string name = "none";
  Shape shape = Shape::round;
  NumberOrWord<double> learning_rate{0.01, "", {"auto", "good"}};
  std::vector<std::string> parts = {"all"};

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("n_layers", self.n_layers, at_least(1), "depth");
    visit("noise", self.noise, anything(), "noise");
    visit("share", self.share, strictly_between(0, 1), "share");
    visit("causal", self.causal, anything(), "mask");
    visit("name", self.name, anything(), "name");
    visit("shape", self.shape, anything(), "shape");
    visit("learning_rate", self.learning_rate, positive(), "step");
    visit("parts", self.parts, anything(), "parts");
  }
};

Options read(const std::string& toml) {
  Options options;
  read_fields(parse_toml(toml, "x.toml"), options, "model");
  return options;
}

std::string refusal(const std::string& toml) {
  return message_of<InputError>([&] { (void)read(toml); });
}

struct Optionals {
  std::optional<double> noise;
  std::optional<elsewhere::Shade> shade;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("noise", self.noise, positive(), "noise");
    visit("shade", self.shade, anything(), "shade");
  }
};

TEST(Fields, OptionalsOfNumbersAndNames) {
  Optionals options;
  read_fields(parse_toml("shade = \"dark\"", "x.toml"), options, "model");
  EXPECT_EQ(options.shade, elsewhere::Shade::dark);
  EXPECT_FALSE(options.noise.has_value());
  EXPECT_EQ(write_fields(options).at("shade").text(), "dark");
  EXPECT_TRUE(write_fields(options).at("noise").is_null());
  const std::string refused =
      message_of<InputError>([&] { read_fields(parse_toml("shade = \"grey\"", "x.toml"), options, "model"); });
  EXPECT_TRUE(contains(refused, "known: light, dark")) << refused;
}

TEST(Fields, SetWhatIsGivenAndKeepTheRest) {
  const Options options =
      read("n_layers = 5\ncausal = false\nname = \"n\"\nshape = \"flat\"\nnoise = 3\nparts = [\"a\", \"b\"]");
  EXPECT_EQ(options.n_layers, 5);
  EXPECT_FALSE(options.causal);
  EXPECT_EQ(options.name, "n");
  EXPECT_EQ(options.shape, Shape::flat);
  EXPECT_EQ(options.noise, 3.0);
  EXPECT_EQ(options.parts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.share, 0.5);
  EXPECT_EQ(options.learning_rate.value, 0.01);
}

TEST(Fields, UnknownKeyHasItsPlaceAndTheNearestName) {
  const auto message = refusal("noise = 1\n  n_layer = 3\n");
  EXPECT_TRUE(message.starts_with("x.toml:2:")) << message;
  EXPECT_TRUE(contains(message, "unknown key in [model] 'n_layer'; did you mean 'n_layers'?")) << message;
  EXPECT_TRUE(contains(message, "learning_rate")) << message;
}

TEST(Fields, WrongTypeNamesKeyExpectedAndFound) {
  EXPECT_EQ(refusal("n_layers = \"two\""), "x.toml:1:12: n_layers: expected an integer >= 1, found the text \"two\"");
  EXPECT_EQ(refusal("n_layers = 2.5"), "x.toml:1:12: n_layers: expected an integer >= 1, found the number 2.5");
  EXPECT_EQ(refusal("noise = [1]"), "x.toml:1:9: noise: expected a finite number, found a list");
  EXPECT_EQ(refusal("causal = 1"), "x.toml:1:10: causal: expected true or false, found the integer 1");
  EXPECT_EQ(refusal("name = 1"), "x.toml:1:8: name: expected text in quotes, found the integer 1");
  EXPECT_EQ(refusal("shape = 1"), "x.toml:1:9: shape: expected \"round\" or \"flat\", found the integer 1");
  EXPECT_EQ(refusal("parts = \"all\""), "x.toml:1:9: parts: expected a list of quoted texts, found the text \"all\"");
  EXPECT_EQ(refusal("parts = [\"all\", 3]"),
            "x.toml:1:17: parts: expected a list of quoted texts, found the integer 3");
}

TEST(Fields, DomainIsQuotedWithTheValue) {
  EXPECT_EQ(refusal("n_layers = 0"), "x.toml:1:12: n_layers must be >= 1; found 0");
  EXPECT_EQ(refusal("share = 1"), "x.toml:1:9: share must be in (0, 1); found 1");
  EXPECT_EQ(refusal("noise = nan"), "x.toml:1:9: noise must be finite; found nan");
  EXPECT_EQ(refusal("noise = inf"), "x.toml:1:9: noise must be finite; found inf");
  EXPECT_EQ(refusal("learning_rate = 0"), "x.toml:1:17: learning_rate must be > 0; found 0");
}

TEST(Fields, WordsInPlaceOfNumbers) {
  const Options options = read("learning_rate = \"auto\"");
  EXPECT_TRUE(options.learning_rate.is_word());
  EXPECT_EQ(options.learning_rate.word, "auto");
  EXPECT_FALSE(read("learning_rate = 0.5").learning_rate.is_word());
  EXPECT_EQ(refusal("learning_rate = \"fast\""),
            "x.toml:1:17: learning_rate: expected a number > 0 or \"auto\" or \"good\", found the text \"fast\"");
}

TEST(Fields, ANumberReplacesAWord) {
  Options options = read("learning_rate = \"auto\"");
  read_fields(parse_toml("learning_rate = 2", "y.toml"), options, "model");
  EXPECT_FALSE(options.learning_rate.is_word());
  EXPECT_EQ(options.learning_rate.value, 2.0);
  options.learning_rate.word = "good";
  options.learning_rate = 3.0;
  EXPECT_FALSE(options.learning_rate.is_word());
}

TEST(Fields, UnknownEnumNameSuggests) {
  EXPECT_EQ(refusal("shape = \"rond\""), "x.toml:1:9: unknown shape 'rond'; did you mean 'round'? known: round, flat");
  EXPECT_EQ(enum_to_text(Shape::flat), "flat");
}

TEST(Fields, WriteReadRoundTripIsTheIdentity) {
  Options options =
      read("n_layers = 5\nshare = 0.3\ncausal = false\nshape = \"flat\"\nlearning_rate = \"good\"\nparts = []");
  const Value written = write_fields(options);
  EXPECT_EQ(written.entries().size(), 8U);
  Options back;
  read_fields(parse_json(to_json(written), "j"), back, "model");
  EXPECT_EQ(to_json(write_fields(back)), to_json(written));
  EXPECT_EQ(back.parts.size(), 0U);
  EXPECT_EQ(back.learning_rate.word, "good");
}

TEST(Fields, CheckFindsValuesSetInCode) {
  Options options;
  EXPECT_NO_THROW(check_fields(options));
  options.share = 0;
  EXPECT_EQ(message_of<InputError>([&] { check_fields(options); }), "share must be in (0, 1); found 0");
  options.share = 0.5;
  options.learning_rate = -1.0;
  EXPECT_THROW(check_fields(options), InputError);
  options.learning_rate.word = "auto";
  EXPECT_NO_THROW(check_fields(options));
}

TEST(Domains, BoundariesAreAsWritten) {
  struct Row {
    Domain domain;
    double x;
    bool inside;
  };
  for (const Row& row : {Row{at_least(1), 1, true}, Row{at_least(1), 0.999, false}, Row{positive(), 0, false},
                         Row{positive(), 5e-324, true}, Row{between(0, 1), 0, true}, Row{between(0, 1), 1, true},
                         Row{strictly_between(0, 1), 0, false}, Row{strictly_between(0, 1), 1, false},
                         Row{half_open(0, 1), 0, true}, Row{half_open(0, 1), 1, false}, Row{anything(), -1e308, true},
                         Row{anything(), HUGE_VAL, false}, Row{anything(), std::nan(""), false}})
    EXPECT_EQ(row.domain.contains(row.x), row.inside) << row.x << " " << row.domain.to_string();
}

TEST(Domains, AreWrittenAsMathematics) {
  EXPECT_EQ(at_least(1).to_string(), ">= 1");
  EXPECT_EQ(positive().to_string(), "> 0");
  EXPECT_EQ(half_open(0, 0.5).to_string(), "in [0, 0.5)");
  EXPECT_EQ((Domain{-HUGE_VAL, 3, false, true}.to_string()), "< 3");
  EXPECT_EQ(anything().to_string(), "finite");
  EXPECT_EQ(between(0, 1e40).to_string(), "in [0, 1e40]");
  EXPECT_EQ(between(4096, 1e6).to_string(), "in [4096, 1e6]");
  EXPECT_EQ(seeds().to_string(), "in [0, 9007199254740991]");
}

// A limit of the program stands in the documentation, and in messages about numbers that exceed it.
TEST(Domains, LimitsOfTheProgramAreMentionedWhereTheyMatter) {
  const Domain sizes = at_least(1).up_to(1e9);
  EXPECT_TRUE(sizes.contains(1e9));
  EXPECT_FALSE(sizes.contains(1e9 + 1));
  EXPECT_EQ(sizes.to_string(), "in [1, 1e9]");
  EXPECT_EQ(sizes.beside(0).to_string(), ">= 1");
  EXPECT_EQ(sizes.beside(2e9).to_string(), "in [1, 1e9]");
  EXPECT_EQ(between(0, 1).beside(-1).to_string(), "in [0, 1]");
  const Value range = half_open(0, 0.5).in("s").to_value();
  EXPECT_EQ(range.at("minimum").number(), 0);
  EXPECT_TRUE(range.at("maximum").is_null());
  EXPECT_EQ(range.at("exclusive_maximum").number(), 0.5);
  EXPECT_EQ(range.at("unit").text(), "s");
  EXPECT_TRUE(anything().to_value().at("unit").is_null());
}

}  // namespace
}  // namespace phaselaw::base
