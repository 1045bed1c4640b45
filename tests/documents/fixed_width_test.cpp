// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/fixed_width.h"

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/delimited.h"

namespace phaselaw::documents {
namespace {

std::string aligned(const std::string& text) {
  const auto reading = read_delimited({"x.txt", std::make_shared<const std::string>(text), ""}, {});
  if (!reading) return "none";
  std::string out = fmt::format("{}", fmt::join(reading->table.header, ","));
  for (std::size_t r = 0; r < reading->table.n_rows(); ++r)
    for (std::size_t c = 0; c < reading->table.n_columns(); ++c)
      out += (c == 0 ? "|" : ",") + reading->table.text(r, c);
  return out;
}

TEST(FixedWidth, CellsWithSpaces) {
  EXPECT_EQ(aligned("model name   params   val loss\n"
                    "GPT small       12M       3.41\n"
                    "GPT medium      25M       3.2\n"
                    "tiny           120M       3\n"),
            "model name,params,val loss|GPT small,12M,3.41|GPT medium,25M,3.2|tiny,120M,3");
}

TEST(FixedWidth, EmptyCells) {
  EXPECT_EQ(aligned("step   val loss   train loss\n"
                    "  10                   3.510\n"
                    "  20      3.412        3.400\n"
                    "  30                   3.310\n"),
            "step,val loss,train loss|10,,3.510|20,3.412,3.400|30,,3.310");
}

TEST(FixedWidth, ARuleOfDashesGivesTheColumns) {
  EXPECT_EQ(aligned("model   size  loss\n"
                    "------ ----- -----\n"
                    "a b              3\n"
                    "b        12M   2.5\n"
                    "c d e f  25M   2.1\n"),
            "none");
  EXPECT_EQ(aligned("model    size  loss\n"
                    "------- ----- -----\n"
                    "a b               3\n"
                    "b         12M   2.5\n"
                    "c d e f   25M   2.1\n"),
            "model,size,loss|a b,,3|b,12M,2.5|c d e f,25M,2.1");
}

// The rule of a table that the lines above it do not belong to.
TEST(FixedWidth, ARuleThatNoLineIsAlignedWithGivesNoColumns) {
  EXPECT_TRUE(
      fixed_columns("all runs of it: se\nr06 34000000 1800000000\nr07 3.544\n  ======  =====  ====\n", 1).empty());
  EXPECT_TRUE(fixed_columns("abcdef\nghijkl\nmnopqr\n--- --\n", 1).empty());
}

TEST(FixedWidth, ARuleUnderTheHeadingIsLeftOut) {
  EXPECT_EQ(aligned("Budget   Params\n---------------\n2e17     41,200,000\n5e17     66,000,000\n"),
            "Budget,Params|2e17,41,200,000|5e17,66,000,000");
}

TEST(FixedWidth, CharactersAreCountedAndNotBytes) {
  EXPECT_EQ(aligned("modèle d'été   taille   perte\n"
                    "é é                12     3.5\n"
                    "déjà vu                   3.2\n"
                    "e                  14     3.1\n"),
            "modèle d'été,taille,perte|é é,12,3.5|déjà vu,,3.2|e,14,3.1");
}

TEST(FixedWidth, ALineThatIsNotAlignedBelowTheSampleIsAnError) {
  std::string text = "step   val loss   train loss\n";
  for (int i = 0; i < 4000; ++i)
    text += i % 2 == 0 ? "  10                   3.510\n" : "  10      3.412        3.510\n";
  EXPECT_EQ(aligned(text).substr(0, 46), "step,val loss,train loss|10,,3.510|10,3.412,3.");
  text += "123456789 3.412        3.510\n";
  try {
    FAIL() << aligned(text).substr(0, 60);
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("x.txt:4002: expected 3 cells (separator: fixed width)"),
              std::string::npos)
        << error.what();
  }
}

TEST(FixedWidth, ProseHasNoColumns) {
  EXPECT_TRUE(fixed_columns("Some words about 3 runs\nthat went well in 2025\nand others that did not 5\n", 1).empty());
  EXPECT_TRUE(fixed_columns("a b\n1 2\n", 1).empty());
}

}  // namespace
}  // namespace phaselaw::documents
