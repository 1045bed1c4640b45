// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/field_reader.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/message_of.h"

namespace phaselaw::base {

namespace {

using testing::contains;
using testing::message_of;

const Value& document() {
  static const Value value = parse_json(
      R"({"law": "chinchilla", "optimum": {"theta": [1, 2, "x"], "converged": true}, "n": 3, "sd": null})", "FIT.json");
  return value;
}

FieldReader reader() { return {document(), "write the file again"}; }

TEST(FieldReader, ReadsEveryKind) {
  EXPECT_EQ(reader().at("law").text(), "chinchilla");
  EXPECT_EQ(reader().at("n").count(), 3);
  EXPECT_TRUE(reader().at("optimum").at("converged").boolean());
  EXPECT_EQ(reader().at("sd").number_or(7), 7);
  const Value infinite =
      Value::table({{"sd", std::numeric_limits<double>::infinity()}});  // as it is before it is written
  EXPECT_EQ(FieldReader(infinite, "").at("sd").number_or(7), 7);
  EXPECT_EQ(reader().at("optimum").at("theta").items()[1].number(), 2);
  EXPECT_EQ(reader().at("optimum").entries().size(), 2U);
  EXPECT_FALSE(reader().has("rows"));
}

struct Options {
  double level = 0.95;
  std::int64_t resamples = 400;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("level", self.level, strictly_between(0, 1), "");
    visit("resamples", self.resamples, at_least(1), "");
  }
};

TEST(FieldReader, OptionsWrittenBeforeAFieldWasAddedKeepItsDefault) {
  Options options;
  const Value written = Value::table({{"level", 0.5}});
  FieldReader(written, "").read_into(options);
  EXPECT_EQ(options.level, 0.5);
  EXPECT_EQ(options.resamples, 400);
}

TEST(FieldReader, ErrorsNameThePathAndWhatToDo) {
  const auto kind = message_of<InputError>([] { (void)reader().at("optimum").at("theta").items()[2].number(); });
  EXPECT_TRUE(contains(kind, "optimum.theta[2]")) << kind;
  EXPECT_TRUE(contains(kind, "write the file again")) << kind;
  const auto missing = message_of<InputError>([] { (void)reader().at("optimum").at("thetas"); });
  EXPECT_TRUE(contains(missing, "optimum.thetas")) << missing;
  const auto domain = message_of<InputError>([] { (void)reader().at("n").as<double>(strictly_between(0, 1)); });
  EXPECT_TRUE(contains(domain, "(0, 1)")) << domain;
}

}  // namespace

}  // namespace phaselaw::base
