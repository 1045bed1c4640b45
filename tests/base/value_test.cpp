// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/value.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/message_of.h"

namespace phaselaw::base {
namespace {

using testing::contains;
using testing::message_of;

TEST(TomlReader, KeepsKindsAndValues) {
  const Value doc =
      parse_toml("a = 7\nb = 0.5\nc = \"text\"\nd = true\ne = [1, 2.5, \"x\"]\n[t]\nu.v = -3\n", "a.toml");
  EXPECT_EQ(doc.at("a").integer(), 7);
  EXPECT_EQ(doc.at("b").number(), 0.5);
  EXPECT_EQ(doc.at("c").text(), "text");
  EXPECT_TRUE(doc.at("d").boolean());
  ASSERT_EQ(doc.at("e").list().size(), 3U);
  EXPECT_EQ(doc.at("e").list()[1].number(), 2.5);
  EXPECT_EQ(doc.at("t").at("u").at("v").integer(), -3);
}

TEST(TomlReader, KnowsThePlaceOfEveryValue) {
  const Value doc = parse_toml("seed = 7\n[model]\nd_model =   16\n[grid]\nlist = [1,\n  2]\n", "study.toml");
  EXPECT_EQ(to_string(doc.at("seed").where()), "study.toml:1:8");
  EXPECT_EQ(to_string(doc.at("model").where()), "study.toml:2:1");
  EXPECT_EQ(to_string(doc.at("model").at("d_model").where()), "study.toml:3:13");
  EXPECT_EQ(to_string(doc.at("grid").at("list").list()[1].where()), "study.toml:6:3");
}

TEST(TomlReader, KeepsTheOrderOfTheFile) {
  const Value doc = parse_toml("zeta = 1\nalpha = 2\n[model]\nm = 1\nb = 2\n[data]\nx = {q = 1, c = 2}\n", "a.toml");
  const auto keys = [](const Value& table) {
    std::string joined;
    for (const auto& entry : table.entries()) joined += entry.first + " ";
    return joined;
  };
  EXPECT_EQ(keys(doc), "zeta alpha model data ");
  EXPECT_EQ(keys(doc.at("model")), "m b ");
  EXPECT_EQ(keys(doc.at("data").at("x")), "q c ");
}

TEST(TomlReader, SyntaxErrorHasItsPlace) {
  const auto message = message_of<InputError>([] { (void)parse_toml("a = 1\nb = = 2\n", "bad.toml"); });
  EXPECT_TRUE(message.starts_with("bad.toml:2:5: not valid TOML")) << message;
  EXPECT_TRUE(
      message_of<InputError>([] { (void)parse_toml("a = 1\na = 2\n", "twice.toml"); }).starts_with("twice.toml:2:"));
  EXPECT_TRUE(
      message_of<InputError>([] { (void)parse_toml("a = \"\xff\"\n", "bytes.toml"); }).starts_with("bytes.toml:1:"));
}

TEST(TomlReader, RefusesDatesAtTheirPlace) {
  const auto message = message_of<InputError>([] { (void)parse_toml("x = 1\nday = 2020-01-02\n", "d.toml"); });
  EXPECT_TRUE(message.starts_with("d.toml:2:7: ")) << message;
  EXPECT_TRUE(contains(message, "date")) << message;
}

TEST(JsonReader, SyntaxErrorHasItsPlace) {
  const auto message = message_of<InputError>([] { (void)parse_json("{\n  \"a\": 1,\n  \"b\": }\n", "bad.json"); });
  EXPECT_TRUE(message.starts_with("bad.json:3:8: ")) << message;
  EXPECT_TRUE(message_of<InputError>([] { (void)parse_json("", "empty.json"); }).starts_with("empty.json:1:"));
}

TEST(JsonReader, NumbersBeyondTheirTypeAreClear) {
  EXPECT_EQ(parse_json("9223372036854775807", "j").integer(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_json("18446744073709551615", "j").number(), 18446744073709551615.0);
  EXPECT_TRUE(message_of<InputError>([] { (void)parse_json("{\"a\": 1e999}", "big.json"); }).starts_with("big.json"));
}

TEST(Json, RoundTripKeepsValueAndOrder) {
  const std::string text =
      R"({"z":1,"a":[true,null,"line\nbreak \"quoted\" \u00e9",{"deep":{"er":[[],{}]}}],"x":0.1,"n":-5})";
  const Value doc = parse_json(text, "j");
  EXPECT_EQ(to_json(doc, -1),
            R"({"z":1,"a":[true,null,"line\nbreak \"quoted\" é",{"deep":{"er":[[],{}]}}],"x":0.1,"n":-5})");
  EXPECT_EQ(to_json(parse_json(to_json(doc), "j")), to_json(doc));
}

TEST(Json, DoublesRoundTripToTheLastBit) {
  for (const double x : {0.1, 1.0 / 3.0, 1e-300, -2.5e300, std::nextafter(1.0, 2.0), 5e-324, 1e22, 123456789.0}) {
    const Value back = parse_json(to_json(Value(x)), "j");
    EXPECT_EQ(back.number(), x);
    EXPECT_FALSE(back.is_integer()) << x;
  }
}

TEST(Json, UnknownNanAndInfinityAreNull) {
  const double infinity = std::numeric_limits<double>::infinity();
  const Value list(Value::List{Value(), std::nan(""), infinity, -infinity});
  EXPECT_EQ(to_json(list, -1), "[null,null,null,null]");
}

TEST(Json, TextThatIsNotUtf8IsWrittenAnyway) {
  EXPECT_EQ(to_json(Value("a\xff"), -1), "\"a\xef\xbf\xbd\"");  // U+FFFD
}

TEST(ValueTree, IndexMakesKeysAndTables) {
  Value doc;
  doc["b"]["c"] = 1;
  doc["a"].push_back(2);
  doc["b"]["c"] = 3;
  EXPECT_EQ(to_json(doc, -1), R"({"b":{"c":3},"a":[2]})");
}

TEST(ValueTree, DottedSetMakesTheTablesOnTheWay) {
  Value doc = Value::table({{"data", Value::table({{"noise", 0.1}})}});
  doc.set("data.n_data", 64);
  doc.set("seed", 7);
  doc.set("model.deep.er", "x");
  doc.set("data.noise", 0.5);
  EXPECT_EQ(to_json(doc, -1), R"({"data":{"noise":0.5,"n_data":64},"seed":7,"model":{"deep":{"er":"x"}}})");
  EXPECT_EQ(message_of<InputError>([&] { doc.set("seed.x", 1); }), "expected a table, found the integer 7");
}

TEST(ValueTree, FindAndAt) {
  const Value doc = parse_toml("noise = 1\nseed = 2\n", "a.toml");
  EXPECT_EQ(doc.find("nosuch"), nullptr);
  ASSERT_NE(doc.find("seed"), nullptr);
  EXPECT_EQ(doc.find("seed")->integer(), 2);
  const auto message = message_of<InputError>([&] { (void)doc.at("nosuch"); });
  EXPECT_TRUE(contains(message, "expected the key 'nosuch'") && contains(message, "noise, seed")) << message;
}

TEST(ValueTree, WrongKindSaysExpectedFoundAndWhere) {
  const Value doc = parse_toml("a = \"x\"\nb = 2\nc = [1]\nd = 1.5\n", "k.toml");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.at("a").number(); }),
            "k.toml:1:5: expected a number, found the text \"x\"");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.at("b").text(); }),
            "k.toml:2:5: expected text in quotes, found the integer 2");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.at("c").boolean(); }),
            "k.toml:3:5: expected true or false, found a list");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.at("d").integer(); }),
            "k.toml:4:5: expected an integer, found the number 1.5");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.list(); }), "k.toml:1:1: expected a list [..], found a table");
  EXPECT_EQ(message_of<InputError>([&] { (void)doc.at("c").entries(); }), "k.toml:3:5: expected a table, found a list");
}

TEST(ValueTree, WholeNumbersWrittenAsRealsAreIntegers) {
  EXPECT_EQ(parse_toml("steps = 1e6\n", "a").at("steps").integer(), 1000000);
  EXPECT_THROW((void)Value(1e300).integer(), InputError);
  EXPECT_THROW((void)Value(std::nan("")).integer(), InputError);
}

TEST(ValueTreeDeathTest, IndexingTextIsOurBug) {
  Value text("x");
  EXPECT_DEATH(text["key"] = 1, "is_table");
  EXPECT_DEATH(text.push_back(1), "is_list");
}

TEST(Value, HostileNestingIsAnErrorAndNeverACrash) {
  const auto nested = [](std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); };
  EXPECT_NO_THROW((void)to_json(parse_json(nested(kDeepestNesting), "ok.json")));
  for (const std::size_t levels : {kDeepestNesting + 1, std::size_t{200'000}}) {
    EXPECT_TRUE(contains(message_of<InputError>([&] { (void)parse_json(nested(levels), "deep.json"); }),
                         "deep.json: expected at most 1000 levels"));
    EXPECT_TRUE(contains(message_of<InputError>([&] { (void)parse_json(std::string(levels, '['), "open.json"); }),
                         "open.json: expected at most 1000 levels"));
    std::string key = "a";
    for (std::size_t i = 0; i < levels; ++i) key += ".a";
    EXPECT_TRUE(contains(message_of<InputError>([&] { (void)parse_toml("x = 1\n" + key + " = 1\n", "deep.toml"); }),
                         "deep.toml:2: expected at most 1000 parts in a dotted key"));
    EXPECT_THROW((void)parse_toml("a = " + nested(levels), "deep.toml"), InputError);
  }
  // A text and a comment with many dots are no keys.
  const std::string dots(5000, '.');
  EXPECT_EQ(parse_toml("a = \"" + dots + "\" # " + dots + "\nb = '" + dots + "'", "ok.toml").at("a").text(), dots);
}

TEST(Value, AKeyTwiceIsRefused) {
  EXPECT_TRUE(contains(message_of<InputError>([] { (void)parse_json(R"({"a": 1, "b": {"a": 2, "a": 3}})", "t.json"); }),
                       "t.json: the key 'a' occurs twice in one JSON object"));
  EXPECT_EQ(parse_json(R"({"a": 1, "b": {"a": 2}})", "t.json").at("b").at("a").integer(), 2);
}

// 100,000 keys in time that only a linear reader has.
TEST(Value, WideObjectsAreReadInLinearTime) {
  std::string text = "{";
  for (int i = 0; i < 100'000; ++i) text += fmt::format("{}\"key{}\": {}", i > 0 ? "," : "", i, i);
  const Value value = parse_json(text + "}", "wide.json");
  EXPECT_EQ(value.entries().size(), 100'000U);
  EXPECT_EQ(value.entries().back().second.integer(), 99'999);
}

}  // namespace
}  // namespace phaselaw::base
