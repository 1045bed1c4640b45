// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/table.h"

#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/rows.h"

namespace phaselaw::tables {
namespace {

Rows rows_of(const std::string& text, const ReadOptions& options = {}) {
  return rows_from(documents::read_text(text, "t.csv"), options);
}

std::string message_of(const std::string& text, const ReadOptions& options = {}) {
  try {
    rows_of(text, options).require({"compute"});
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Table, ReadsCommasQuotesAndLineEnds) {
  const documents::Table table =
      documents::read_text("\xef\xbb\xbfname,\"a \"\"b\"\"\",c\r\n\"x,y\",1,\n\n\"two\nlines\",2,3\n", "t.csv").table;
  EXPECT_EQ(table.header, (std::vector<std::string>{"name", "a \"b\"", "c"}));
  ASSERT_EQ(table.n_rows(), 2U);
  EXPECT_EQ(table.text(0, 0), "x,y");
  EXPECT_EQ(table.text(0, 2), "");
  EXPECT_EQ(table.text(1, 0), "two\nlines");
  EXPECT_EQ(table.line(1), 4);
  EXPECT_EQ(table.number(1, 2).value, 3);
}

TEST(Table, ReadsTabs) {
  const Rows read = rows_from(documents::read_text("name\tflops\tloss\na, b\t1e3\t2.5", "t.tsv"));
  EXPECT_EQ(read.run, std::vector<std::string>{"a, b"});
  EXPECT_EQ(read.data.columns.get("compute"), std::vector<double>{1e3});
  EXPECT_EQ(read.data.output, std::vector<double>{2.5});
}

TEST(Table, RecognisesColumnsByTheNamesPeopleUse) {
  for (const char* name : {"compute", "compute_flop", "FLOPs", "C", "Compute FLOP"}) {
    const Rows read = rows_of(std::string("step,") + name + ",Val Loss\n1,10,2\n");
    EXPECT_EQ(read.column_of.at("compute"), name);
    EXPECT_EQ(read.output_column, "Val Loss");
    EXPECT_EQ(read.run_column, "");
  }
  EXPECT_EQ(rows_of("run,C,loss\na,1,3\nb,+2,2\n").run, (std::vector<std::string>{"a", "b"}));
}

TEST(Table, ColumnsCanBeNamed) {
  const Rows read = rows_of("x,y,loss\n1,2,3\n", {.col = {{"compute", "y"}, {"loss", "x"}}});
  EXPECT_EQ(read.data.columns.get("compute"), std::vector<double>{2});
  EXPECT_EQ(read.data.output, std::vector<double>{1});
  EXPECT_EQ(rows_of("x,y,loss\n1,2,3\n", {.loss = "y"}).data.output, std::vector<double>{2});
  EXPECT_NE(message_of("xx,y\n1,2\n", {.col = {{"compute", "x"}, {"loss", "y"}}}).find("did you mean 'xx'"),
            std::string::npos);
  EXPECT_NE(message_of("x,y\n1,2\n", {.col = {{"comput", "x"}}}).find("did you mean 'compute'"), std::string::npos);
}

TEST(Table, ErrorsCarryTheirPlace) {
  const auto expect = [](const std::string& text, const std::string& place, const std::string& words) {
    const std::string message = message_of(text);
    EXPECT_TRUE(message.starts_with("t.csv" + place)) << message;
    EXPECT_NE(message.find(words), std::string::npos) << message;
  };
  expect("", ":1:1", "empty file");
  expect("C,loss\n", ":1", "found none");
  expect("C,loss\n1,2\n1\n", ":3", "expected 2 cells");
  expect("C,loss\n1,2\n1,2,3\n", ":3", "expected 2 cells (separator: comma) as in the heading at line 1, found 3");
  expect("C,loss\n1,two\n", ":2:3", "'two'");
  expect("C,loss\n1,\n", ":2:3", "no row has a loss");
  expect("C,loss\n1,nan\n", ":2:3", "finite number");
  expect("C,loss\n1,inf\n", ":2:3", "finite number");
  expect("C,loss\n1,1e999\n", ":2:3", "double precision");
  expect("C,loss\n1,-2\n", ":2:3", "positive loss");
  expect("C,loss\n-1,2\n", ":2:1", "compute");
  expect("C,loss\n1,2x\n2,3\n", ":2:3", "'3' at line 3 and '2x' at line 2");
  expect("C,\n1,2\n", ":1", "C, unnamed");
  expect("C,C\n1,2\n", ":2:3", "both called 'C'");
  expect("C,loss\n\"1\"x,2\n", ":2:1", "found '\"1\"x'");
  expect("C,loss\n1\"1,2\n", ":2:1", "found '1\"1'");
  expect(std::string("C,loss\n1,\0\n", 11), ":2:", "binary");
  expect("steps,loss\n1,2\n", "", "column compute");
}

TEST(Table, AMissingFileIsTheUsersError) { EXPECT_THROW((void)read_rows("/nonexistent/curve.csv"), base::InputError); }

}  // namespace
}  // namespace phaselaw::tables
