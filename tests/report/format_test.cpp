// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/format.h"

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

TEST(Format, ColumnsOfNumbersEndAtOnePlace) {
  EXPECT_EQ(text_table({{"curve", "value and interval", "rows", "reading"},
                        {"a", "0.21 [0.065, 0.97]", "16", "flat"},
                        {"long", "8.0 [4.2, 4400]", "1,250", "2 spikes"},
                        {"c", "–", "–", ""}}),
            "curve  value and interval   rows  reading\n"
            "a      0.21 [0.065, 0.97]     16  flat\n"
            "long    8.0 [4.2, 4400]    1,250  2 spikes\n"
            "c         –                    –\n");
}

TEST(Format, AHeadingMayBeWiderOrNarrowerThanItsNumbers) {
  EXPECT_EQ(text_table({{"n", "tokens seen"}, {"1,000", "3"}, {"7", "12"}}),
            "    n  tokens seen\n1,000            3\n    7           12\n");
  EXPECT_EQ(text_table({{"error"}, {"12 %"}, {"2.6 %"}, {"–"}}), "error\n 12 %\n2.6 %\n  –\n");
  EXPECT_EQ(text_table({{"at compute", "1e21"}, {"floor", "0.5 [0.2, 0.8]"}, {"beyond", "1,250 above"}}),
            "at compute   1e21\nfloor         0.5 [0.2, 0.8]\nbeyond      1,250 above\n");
  EXPECT_EQ(text_table({{"interval"}, {"[0.1, 0.2]"}, {"[10, 20]"}}), "interval\n[0.1, 0.2]\n[10, 20]\n");
  EXPECT_EQ(text_table({{"only", "headings"}}), "only  headings\n");
  EXPECT_EQ(text_table({}), "");
}

TEST(Format, WhatReadsAsANumber) {
  for (const char* cell : {"", "–", "3", "-0.5", "<= 1/4", "[1, 2]", "160k [48k, 1.7M]", "2.6 %", "≈ 3"})
    EXPECT_TRUE(reads_as_number(cell)) << cell;
  for (const char* cell : {"yes", "v1", "ratio 1", "-", "∞"}) EXPECT_FALSE(reads_as_number(cell)) << cell;
}

TEST(Format, TextIsEscapedAndAlwaysValidUtf8) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&amp;'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("ξ² – 😀\n\t"), "ξ² – 😀\n\t");
  EXPECT_EQ(escape_html(std::string("a\x01\x00z\x7f", 5)), "az");
  EXPECT_EQ(escape_html("\xff|\xc0\xaf|\xed\xa0\x80|\xe2\x82"), "\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd");
}

}  // namespace
}  // namespace phaselaw::report
