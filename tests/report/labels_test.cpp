// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/labels.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

TEST(Text, WiderLettersTakeMoreRoom) {
  EXPECT_GT(text_width("WWWW", 15), 2 * text_width("iiii", 15));
  EXPECT_DOUBLE_EQ(text_width("loss", 30), 2 * text_width("loss", 15));
  EXPECT_DOUBLE_EQ(text_width("αβγ", 10), 3 * text_width("α", 10));  // by characters, not by bytes
  EXPECT_EQ(text_width("", 15), 0);
}

TEST(Text, BreaksBetweenWordsAndFits) {
  const std::string text = "objective over its minimum,\tless 1\nand pneumonoultramicroscopicsilicovolcanoconiosis";
  for (const double width : {40.0, 90.0, 200.0, 2000.0}) {
    std::istringstream lines(wrapped(text, width, 13));
    std::string joined;
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(text_width(line, 13), width) << line;
      joined += line;
    }
    std::erase(joined, ' ');
    EXPECT_EQ(joined, "objectiveoveritsminimum,less1andpneumonoultramicroscopicsilicovolcanoconiosis");
  }
  EXPECT_EQ(wrapped("a b\nc", 2000, 13), "a b c");
}

std::vector<PlacedText> at(const std::vector<double>& places) {
  std::vector<PlacedText> labels;
  for (const double y : places) labels.push_back({"label", 100, y});
  return labels;
}

TEST(PushApart, KeepsOrderAndDistanceWithTheSmallestMoves) {
  const double height = size_of("label", 15).height;
  auto labels = at({100, 104, 300});
  push_apart(labels, 0, 400, 15);
  EXPECT_NEAR(labels[0].y, 102 - height / 2, 1e-9);  // each moves by the same
  EXPECT_NEAR(labels[1].y, 102 + height / 2, 1e-9);
  EXPECT_EQ(labels[2].y, 300);
  labels = at({398, 397, 396});  // at the lower end, in reverse order
  push_apart(labels, 0, 400, 15);
  EXPECT_NEAR(labels[0].y, 400 - height / 2, 1e-9);
  EXPECT_NEAR(labels[2].y, 400 - 2.5 * height, 1e-9);
}

TEST(PushApart, LeavesLabelsThatStandBesideEachOther) {
  auto labels = at({100, 100});
  labels[1].x = 300;
  push_apart(labels, 0, 400, 15);
  EXPECT_EQ(labels[0].y, 100);
  EXPECT_EQ(labels[1].y, 100);
}

TEST(PushApart, NothingOverlapsWhateverThePlaces) {
  for (int seed = 1; seed < 200; ++seed) {
    std::vector<double> places;
    for (int i = 0; i < 9; ++i) places.push_back(200 + 190 * std::sin(1.7 * seed * (i + 1)));
    auto labels = at(places);
    push_apart(labels, 0, 400, 15);
    std::sort(labels.begin(), labels.end(), [](const PlacedText& a, const PlacedText& b) { return a.y < b.y; });
    for (std::size_t i = 1; i < labels.size(); ++i)
      EXPECT_GE(labels[i].y - labels[i - 1].y, size_of("label", 15).height - 1e-9);
    EXPECT_GE(labels.front().y, 0);
    EXPECT_LE(labels.back().y, 400);
  }
}

}  // namespace
}  // namespace phaselaw::report
