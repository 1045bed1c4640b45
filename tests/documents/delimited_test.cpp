// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/delimited.h"

#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"

namespace phaselaw::documents {
namespace {

std::optional<Reading> try_read(std::string text, const DocumentOptions& options = {}) {
  return read_delimited({"x.csv", std::make_shared<const std::string>(std::move(text)), ""}, options);
}

// The heading and the rows as text: "a,b|1,2|3,4"; "none" if it is no delimited text.
std::string flat(const std::string& text, const DocumentOptions& options = {}) {
  const auto reading = try_read(text, options);
  if (!reading) return "none";
  std::string out = fmt::format("{}", fmt::join(reading->table.header, ","));
  for (std::size_t r = 0; r < reading->table.n_rows(); ++r)
    for (std::size_t c = 0; c < reading->table.n_columns(); ++c)
      out += (c == 0 ? "|" : ",") + reading->table.text(r, c);
  return out;
}

std::string error_in(const std::string& text, const DocumentOptions& options = {}) {
  try {
    return "no error: " + flat(text, options);
  } catch (const base::InputError& error) {
    return error.what();
  }
}

std::string skipped_in(const std::string& text) {
  std::string out;
  const auto reading = try_read(text);
  if (!reading) return "none";
  for (const Skipped& skipped : reading->skipped)
    out += fmt::format("{} {} ({});", skipped.count, skipped.reason, fmt::join(skipped.lines, " "));
  return out;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_CONTAINS(text, part) EXPECT_TRUE(contains(text, part)) << text

TEST(Delimited, EverySeparator) {
  for (const char* separator : {",", ";", "\t", "|", " ", "   ", " \t ", ", ", " | ", " ; "}) {
    const std::string s = separator;
    EXPECT_EQ(flat("step" + s + "loss\n1" + s + "3.5\n20" + s + "3.25\n"), "step,loss|1,3.5|20,3.25") << s;
  }
  EXPECT_EQ(try_read("a;b\n1;2\n")->separator, "semicolon");
  EXPECT_EQ(try_read("a   b\n1   2\n")->separator, "runs of spaces");
}

TEST(Delimited, EveryEndOfLineAndByteOrderMark) {
  for (const char* end : {"\n", "\r\n", "\r"}) {
    const std::string e = end;
    EXPECT_EQ(flat("a,b" + e + "1,2" + e + "3,4" + e), "a,b|1,2|3,4");
    EXPECT_EQ(flat("\xef\xbb\xbf"
                   "a,b" +
                   e + e + "1,2" + e + "3,4"),
              "a,b|1,2|3,4");
  }
  const auto reading = try_read("a,b\r\n1,2\r\n\r\n3,4\r\n");
  EXPECT_EQ(reading->table.line(1), 4);
  EXPECT_EQ(base::to_string(reading->table.place(1, 1)), "x.csv:4:3");
}

TEST(Delimited, Quotes) {
  EXPECT_EQ(flat("run,loss\n\"a, b\",3.5\n\"say \"\"hi\"\"\",3\n"), "run,loss|a, b,3.5|say \"hi\",3");
  EXPECT_EQ(flat("run,loss\n\"a \\\"b\\\"\",3.5\n5\" disk,3\n"), "run,loss|a \"b\",3.5|5\" disk,3");
  EXPECT_EQ(flat("run,loss\n\"two\nlines\",3.5\nb,3\n"), "run,loss|two\nlines,3.5|b,3");
  EXPECT_EQ(try_read("run,loss\n\"two\nlines\",3.5\nb,3\n")->table.line(1), 4);
  EXPECT_EQ(flat("run,loss\n\"a\" b,3.5\nc,3\n"), "run,loss|\"a\" b,3.5|c,3");
  EXPECT_EQ(flat("\"my run\" loss\n\"a b\" 3.5\nc 3\n"), "my run,loss|a b,3.5|c,3");
  EXPECT_EQ(flat("size,loss\n\"1,200,000\",3.5\n\"2,400,000\",3\n"), "size,loss|1,200,000,3.5|2,400,000,3");
  EXPECT_CONTAINS(error_in("a,b\n1,2\n3,\"4\n5,6\n"), "x.csv:3:3: expected a closing quote");
}

TEST(Delimited, DecimalCommaDoesNotMakeTheCommaASeparator) {
  EXPECT_EQ(flat("size;loss\n1200000;4,91\n4800000;4,33\n"), "size,loss|1200000,4,91|4800000,4,33");
  EXPECT_EQ(try_read("a;b\n1,5;2,5\n2,5;3,5\n")->table.text(0, 1), "2,5");
  EXPECT_EQ(try_read("a\tb\n1,200,000\t2,5\n2,400,000\t3,5\n")->table.text(0, 0), "1,200,000");
  EXPECT_EQ(try_read("step loss\n1 2,5\n2 3,5\n")->table.text(1, 1), "3,5");
}

TEST(Delimited, CommentsBlankLinesTitlesAndWordsBelowAreLeftOutAndCounted) {
  EXPECT_EQ(flat("# runs\n% of May\n\na,b\n// one\n1,2\n\n3,4\n"), "a,b|1,2|3,4");
  EXPECT_EQ(skipped_in("# runs\n% of May\n\na,b\n// one\n1,2\n\n3,4\n"), "3 comment lines (1 2 5);");
  EXPECT_EQ(flat("My results of 2025\n\na,b\n1,2\n3,4\n,\nbest run: the second\n"), "a,b|1,2|3,4");
  EXPECT_EQ(skipped_in("My results of 2025\n\na,b\n1,2\n3,4\n,\nbest run: the second\n"),
            "1 lines above the table (1);1 rows without a value (6);1 lines below the table (7);");
  EXPECT_EQ(skipped_in(" a | b \n---+---\n 1 | 2\n 3 | 4\n(2 rows)\n"),
            "1 lines of dashes (2);1 lines below the table (5);");
  EXPECT_EQ(skipped_in("a,b\n1,2\na,b\n1,3\n"), "1 repeated headings (3);");
  EXPECT_EQ(skipped_in("a,b,c\n1,2,3\n2,2,3\n1,3"), "1 rows that were cut at the end of the document (4);");
}

TEST(Delimited, AHeadingInTheCommentAboveTheRows) {
  EXPECT_EQ(flat("#step,loss\n1,2\n3,4\n"), "step,loss|1,2|3,4");
  EXPECT_EQ(flat("# made by hand\n# step loss\n1 2\n3 4\n"), "step,loss|1,2|3,4");
  EXPECT_EQ(flat("#\tstep\tloss\n1\t2\n3\t4\n"), "step,loss|1,2|3,4");
  EXPECT_EQ(flat("# c, d\na,b\n1,2\n3,4\n"), "a,b|1,2|3,4");
  EXPECT_EQ(skipped_in("# made by hand\n# step loss\n1 2\n3 4\n"), "1 comment lines (1);");
}

TEST(Delimited, TheFirstLineOfExcel) { EXPECT_EQ(flat("sep=;\r\na;b\r\n1;2,5\r\n"), "a,b|1,2,5"); }

TEST(Delimited, ColumnsWithoutAHeading) {
  EXPECT_EQ(flat(",a,b\n0,10,5\n1,20,6\n"), "a,b|10,5|20,6");
  EXPECT_EQ(flat("Unnamed: 0,a,b\n0,10,5\n1,20,6\n"), "a,b|10,5|20,6");
  EXPECT_EQ(flat("a,b,,\n10,5,,\n20,6,,\n"), "a,b|10,5|20,6");
  EXPECT_EQ(flat(",a\nx,10\ny,20\n"), "unnamed,a|x,10|y,20");
  EXPECT_EQ(flat(",a\n0,10\n5,20\n"), "unnamed,a|0,10|5,20");
  EXPECT_EQ(flat("a b\n1 10 5\n2 20 6\n"), "a,b|10,5|20,6");
  EXPECT_EQ(flat("a,b\n10,5,\n20,6,\n"), "a,b|10,5|20,6");
  EXPECT_CONTAINS(error_in("a,b\n10,5,7\n20,6,7\n"), "x.csv:2: expected 2 cells as in the heading (a, b), found 3");
  EXPECT_EQ(try_read(",a,b\n0,10,5\n1,20,6\n")->notes,
            std::vector<std::string>{"A column without a heading that numbers the rows was left out."});
}

TEST(Delimited, TwoColumnsOfOneName) {
  EXPECT_EQ(flat("a,b,a\n1,2,1\n3,4,3\n"), "a,b|1,2|3,4");
  EXPECT_CONTAINS(error_in("a,b,a\n1,2,1\n3,4,5\n"),
                  "x.csv:3:5: columns 1 and 3 are both called 'a' at line 1 but hold different cells: '3' and '5'");
}

TEST(Delimited, WithoutAHeadingTheMessageLeadsToSuccess) {
  EXPECT_CONTAINS(error_in("0,7.5\n20,6.5\n"), "x.csv:1: expected a heading, found numbers (0, 7.5)");
  EXPECT_CONTAINS(error_in("0,7.5\n20,6.5\n"), "--names step,loss,");
  EXPECT_EQ(flat("0,7.5\n20,6.5\n", {.names = "step,loss"}), "step,loss|0,7.5|20,6.5");
  EXPECT_CONTAINS(error_in("0 val 7.5\n0 train 7.4\n10 val 6\n"), "--names step,stream,loss,");
  EXPECT_EQ(flat("0 val 7.5\n0 train 7.4\n", {.names = "step,stream,loss"}), "step,stream,loss|0,val,7.5|0,train,7.4");
  EXPECT_CONTAINS(error_in("a,1,3.5\nb,2,3.25\n"), "--names");
  EXPECT_CONTAINS(error_in("0,7.5\n20,6.5\n", {.names = "step"}), "expected 2 names");
  EXPECT_CONTAINS(error_in("a,b\n20,6.5\n", {.names = "step,loss"}), "leave out --names");
}

TEST(Delimited, TheHeadingOfAMatrixHoldsNumbers) {
  EXPECT_EQ(flat("model,100,300\na,3.5,3.25\nb,3.4,3.2\n"), "model,100,300|a,3.5,3.25|b,3.4,3.2");
  EXPECT_EQ(flat(",1e18,1e19\na,3.5,3.25\nb,3.4,3.2\n"), "unnamed,1e18,1e19|a,3.5,3.25|b,3.4,3.2");
  EXPECT_EQ(flat("n_params,100,300\n7e7,3.5,3.25\n8e7,3.4,3.2\n"), "n_params,100,300|7e7,3.5,3.25|8e7,3.4,3.2");
}

TEST(Delimited, FaultyLinesAreErrorsWithTheNextStep) {
  EXPECT_CONTAINS(error_in("a,b\n1,2\n3,4,5\n6,7\n"),
                  "x.csv:3: expected 2 cells (separator: comma) as in the heading at line 1, found 3 in '3,4,5'");
  EXPECT_EQ(flat("a,b\n1,2\n#3,4,5\n6,7\n"), "a,b|1,2|6,7");
  EXPECT_CONTAINS(error_in("a,b\n1,2\n3\n6,7\n"), "x.csv:3: expected 2 cells");
  EXPECT_CONTAINS(error_in("a,b\n1,2\nwords\n6,7\n"), "x.csv:3: expected 2 cells");
  EXPECT_CONTAINS(error_in("a,b\nM,nats\n1,2\n3,4\n"), "two lines of words are above the numbers");
  EXPECT_EQ(flat("a,b\n# M,nats\n1,2\n3,4\n"), "a,b|1,2|3,4");
  EXPECT_CONTAINS(error_in("step,loss\n"), "expected rows of numbers below the heading (step, loss)");
}

TEST(Delimited, TwoSeparatorsThatAreEquallyGoodAreRefused) {
  const std::string both = "loss\n3,1\n3,0\n";
  EXPECT_CONTAINS(error_in(both), "the separator is not clear");
  EXPECT_CONTAINS(error_in(both), "3 | 1");
  EXPECT_CONTAINS(error_in(both), "3,1");
  EXPECT_EQ(flat(both, {.decimal = ","}), "loss|3,1|3,0");
  EXPECT_EQ(flat(both, {.names = "a,b"}), "a,b|3,1|3,0");
  EXPECT_CONTAINS(error_in("1,500 200,5\n2,500 300,5\n"), "the separator is not clear");
}

TEST(Delimited, OneColumnOfNumbers) {
  EXPECT_EQ(flat("loss\n3.1\n3.0\n"), "loss|3.1|3.0");
  EXPECT_CONTAINS(error_in("3.1\n3.0\n"), "no error: none");
}

TEST(Delimited, OtherDocumentsAreNotDelimited) {
  for (const char* text :
       {"", "\n\n", "Some words, and a number: 3.5 % better.\nMore words follow here.\n", "{\"a\": 1}\n{\"a\": 2}\n",
        "step 100 loss 3.1\nstep 200 loss 3.0\n", "step: 100, loss: 3.1\nstep: 200, loss: 3.0\n",
        "step=100 loss=3.1\nstep=200 loss=3.0\n", "one\ntwo\nthree\n"})
    EXPECT_EQ(error_in(text), "no error: none") << text;
  EXPECT_EQ(error_in(std::string("a,b\n1,\0\n", 8)), "no error: none");
}

}  // namespace
}  // namespace phaselaw::documents
