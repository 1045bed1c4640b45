// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/table.h"

#include <random>

#include <gtest/gtest.h>

namespace phaselaw::documents {
namespace {

Table small(const std::string& source, std::string words) {
  const auto text = std::make_shared<const std::string>(std::move(words));
  Table table(source, text);
  table.add_column("a");
  table.add_column("b");
  table.set(table.add_row(1), 0, std::string_view(*text).substr(0, 1));
  table.set(0, 1, std::string_view(*text).substr(2, 1));
  table.set(table.add_row(2), 0, std::string_view(*text).substr(4, 1));
  table.set(1, 1, "copied");
  return table;
}

TEST(Table, KnowsThePlaceOfEveryCell) {
  const Table table = small("x.csv", "1,2\n3,4\n");
  EXPECT_EQ(table.text(0, 1), "2");
  EXPECT_EQ(base::to_string(table.place(0, 1)), "x.csv:1:3");
  EXPECT_EQ(base::to_string(table.place(1, 0)), "x.csv:2:1");
  EXPECT_EQ(table.text(1, 1), "copied");
  EXPECT_EQ(base::to_string(table.place(1, 1)), "x.csv:2");
  EXPECT_EQ(table.number(1, 0).value, 3);
}

// Against counting, for every byte of random texts with all line ends.
TEST(Table, LinesEndLikeThoseOfItsText) {
  std::mt19937 draw(5);
  for (int trial = 0; trial < 300; ++trial) {
    auto text = std::make_shared<std::string>();
    for (auto i = draw() % 12; i > 0; --i) *text += "ab\n\r"[draw() % 4];
    const LineStarts starts(text);
    long line = 1, column = 1;
    for (std::size_t i = 0; i < text->size(); ++i) {
      EXPECT_EQ(starts.place(i).line, line) << trial << " " << i;
      EXPECT_EQ(starts.place(i).column, column) << trial << " " << i;
      const bool ends = (*text)[i] == '\n' || ((*text)[i] == '\r' && text->substr(i + 1, 1) != "\n");
      line += ends;
      column = ends ? 1 : column + 1;
    }
  }
}

TEST(Table, JoinsTablesByNameAndKeepsTheirFiles) {
  Table table = small("x.csv", "1,2\n3,4\n");
  Table other = small("y.csv", "5,6\n7,8\n");
  other.header[1] = "c";
  table.append(other);
  ASSERT_EQ(table.n_rows(), 4U);
  EXPECT_EQ(table.header, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(table.text(2, 0), "5");
  EXPECT_TRUE(table.is_empty(2, 1));
  EXPECT_TRUE(table.is_empty(0, 2));
  EXPECT_EQ(table.text(2, 2), "6");
  EXPECT_EQ(table.text(3, 2), "copied");
  EXPECT_EQ(base::to_string(table.place(3, 0)), "y.csv:2:1");
  EXPECT_EQ(base::to_string(table.place(1, 0)), "x.csv:2:1");
}

TEST(Table, JoinsColumnsOfDifferentStylesInPlainDigits) {
  Table table = small("x.csv", "1;2\n3;4\n");
  const auto text = std::make_shared<const std::string>("1.000;2,5\n");
  Table other("y.csv", text);
  other.add_column("a");
  other.add_column("b");
  other.set(other.add_row(1), 0, std::string_view(*text).substr(0, 5));
  other.set(0, 1, std::string_view(*text).substr(6, 3));
  other.set_style(0, {.decimal = ',', .thousands = '.'});
  other.set_style(1, {.decimal = ','});
  table.append(other);
  EXPECT_EQ(table.number(0, 0).value, 1);
  EXPECT_EQ(table.number(2, 0).value, 1000);
  EXPECT_EQ(table.number(2, 1).value, 2.5);
  EXPECT_EQ(table.text(1, 1), "copied");
}

TEST(Table, NumbersThatWereNeverText) {
  Table table("x.npy");
  table.add_numbers("a", {1.5, NAN, 2});
  table.set_empty(2, 0);
  EXPECT_EQ(table.number(0, 0).value, 1.5);
  EXPECT_EQ(table.number(1, 0).kind, base::NumberKind::not_finite);
  EXPECT_EQ(table.number(2, 0).kind, base::NumberKind::missing);
  EXPECT_EQ(table.text(0, 0), "1.5");
  EXPECT_EQ(table.text(2, 0), "");
  Table text = small("x.csv", "1,2\n3,4\n");
  table.append(text);
  EXPECT_EQ(table.text(0, 0), "1.5");
  EXPECT_EQ(table.text(4, 0), "3");
  EXPECT_EQ(table.number(4, 0).value, 3);
}

TEST(Table, KeepsRowsInTheOrderAskedFor) {
  Table table = small("x.csv", "1,2\n3,4\n");
  const std::size_t rows[] = {1, 0};
  table.keep(rows);
  EXPECT_EQ(table.text(0, 0), "3");
  EXPECT_EQ(table.line(0), 2);
}

TEST(Table, WholeRowsAreAddedAndColumnsDroppedTogether) {
  const auto text = std::make_shared<const std::string>("1,2,3");
  Table table("x.csv", text);
  for (const char* name : {"a", "b", "c"}) table.add_column(name);
  table.reserve(2);
  const std::string_view all = *text;
  const std::string_view cells[] = {all.substr(0, 1), "copied", all.substr(4, 1)};
  EXPECT_EQ(table.add_row(7, cells), 0U);
  EXPECT_EQ(table.text(0, 1), "copied");
  EXPECT_EQ(base::to_string(table.place(0, 0)), "x.csv:1:1");
  table.drop_columns({true, false, false});
  EXPECT_EQ(table.header, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(table.text(0, 0), "copied");
  EXPECT_EQ(table.text(0, 1), "3");
  EXPECT_EQ(table.line(0), 7);
}

// Copies share their cells; whatever changes one of them, the other stays as it was.
TEST(Table, ACopyIsAValueOfItsOwn) {
  Table first = small("x.csv", "1,2\n3,4\n");
  first.set(0, 0, "written");
  first.add_numbers("numbers", {0.5, 1.5});
  const Table before = first;
  const auto expect_unchanged = [&](const char* what) {
    ASSERT_EQ(before.n_rows(), 2U) << what;
    ASSERT_EQ(before.n_columns(), 3U) << what;
    EXPECT_EQ(before.text(0, 0), "written") << what;
    EXPECT_EQ(before.text(1, 0), "3") << what;
    EXPECT_EQ(before.text(0, 2), "0.5") << what;
    EXPECT_FALSE(before.is_empty(1, 2)) << what;
    EXPECT_TRUE(before.style(1).is_plain()) << what;
    EXPECT_TRUE(before.ambiguity(1).empty()) << what;
    EXPECT_EQ(before.text(1, 1), "copied") << what;
    EXPECT_EQ(base::to_string(before.place(0, 1)), "x.csv:1:3") << what;
  };
  {
    Table copy = before;
    copy.set(1, 0, "another");
    copy.set_empty(1, 2);
    EXPECT_EQ(copy.text(0, 0), "written");
    EXPECT_EQ(copy.text(1, 0), "another");
    EXPECT_TRUE(copy.is_empty(1, 2));
    expect_unchanged("cells");
  }
  {
    Table copy = before;
    copy.set_style(1, {.decimal = ','});
    copy.set_ambiguity(1, "unclear");
    copy.add_column("more");
    expect_unchanged("columns");
  }
  {
    Table copy = before;
    const std::size_t rows[] = {1};
    copy.keep(rows);
    EXPECT_EQ(copy.text(0, 0), "3");
    copy.drop_column(0);
    expect_unchanged("rows left out");
  }
  {
    Table copy = before;
    copy.append(small("y.csv", "5,6\n"));
    copy.append(before);
    EXPECT_EQ(copy.n_rows(), 6U);
    EXPECT_EQ(copy.text(2, 0), "5");
    EXPECT_EQ(copy.text(4, 0), "written");
    expect_unchanged("rows joined");
  }
  {
    Table copy = small("y.csv", "5,6\n");
    const Table own = copy;
    copy.add_row(9);
    EXPECT_EQ(own.n_rows(), 2U);
    EXPECT_EQ(copy.n_rows(), 3U);
  }
}

}  // namespace
}  // namespace phaselaw::documents
