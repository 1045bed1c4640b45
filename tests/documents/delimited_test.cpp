// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/delimited.h"

#include <cmath>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"
#include "phaselaw/documents/long_text.h"
#include "phaselaw/documents/number_columns.h"

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

TEST(Delimited, ARefusalIsOneLineAlsoForACellOfSeveralLines) {
  const std::string error = error_in("note,loss\n\"a\nb\",3\n\"c\nd\",2\n\"e\nf\",1,9\n");
  EXPECT_CONTAINS(error, "x.csv:6: expected 2 cells (separator: comma) as in the heading at line 1, found 3");
  EXPECT_CONTAINS(error, "\"e\\nf\",1,9");
  EXPECT_FALSE(contains(error, "\n")) << error;
}

// Alone, the quote of the heading would go on to its end; with the next line, it is no quote.
TEST(Delimited, AQuoteInAHeadingWithOneCellLess) {
  EXPECT_EQ(flat("notes\n\"name,size,loss\n\"a \"\"small\"\" one\",1,2,3\nb,4,5,6\n"),
            "unnamed,\"name,size,loss|a \"small\" one,1,2,3|b,4,5,6");
}

TEST(Delimited, EverySeparator) {
  for (const char* separator : {",", ";", "\t", "|", " ", "   ", " \t ", ", ", " | ", " ; "}) {
    const std::string s = separator;
    EXPECT_EQ(flat("step" + s + "loss\n1" + s + "3.5\n20" + s + "3.25\n"), "step,loss|1,3.5|20,3.25") << s;
  }
  EXPECT_EQ(try_read("a;b\n1;2\n")->separator, "semicolon");
  EXPECT_EQ(try_read("a   b\n1   2\n")->separator, "runs of spaces");
}

TEST(Delimited, SpacesBetweenTabsAreInsideCells) {
  EXPECT_EQ(flat("run\tsize\tloss\na\t12 000 000\t3.5\nb\t250 000 000\t3.25\n"),
            "run,size,loss|a,12 000 000,3.5|b,250 000 000,3.25");
  EXPECT_EQ(flat("when\tstep\tloss\n2026-01-02 10:00:00\t1\t3.5\n2026-01-02 10:00:01\t2\t3.25\n"),
            "when,step,loss|2026-01-02 10:00:00,1,3.5|2026-01-02 10:00:01,2,3.25");
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
  EXPECT_CONTAINS(error_in("step loss (nats)\n1 3.5\n2 3\n"), "(and line 1 has 3 cells)");
  EXPECT_CONTAINS(error_in("0,7.5\n20,6.5\n", {.names = "step"}), "expected 2 names");
  EXPECT_CONTAINS(error_in("a,b\n20,6.5\n", {.names = "step,loss"}), "leave out --names");
}

TEST(Delimited, TheHeadingOfAMatrixHoldsNumbers) {
  EXPECT_EQ(flat("model,100,300\na,3.5,3.25\nb,3.4,3.2\n"), "model,100,300|a,3.5,3.25|b,3.4,3.2");
  EXPECT_EQ(flat(",1e18,1e19\na,3.5,3.25\nb,3.4,3.2\n"), "unnamed,1e18,1e19|a,3.5,3.25|b,3.4,3.2");
  EXPECT_EQ(flat("n_params,100,300\n7e7,3.5,3.25\n8e7,3.4,3.2\n"), "n_params,100,300|7e7,3.5,3.25|8e7,3.4,3.2");
}

TEST(Delimited, HeadingsWithUnitsAreNoRow) {
  EXPECT_EQ(flat("model,1B tokens,2B tokens\na,3.5,3.25\nb,3.4,3.2\n"),
            "model,1B tokens,2B tokens|a,3.5,3.25|b,3.4,3.2");
  EXPECT_CONTAINS(error_in("1k,3.5\n2k,3.4\n"), "--names step,loss,");
}

TEST(Delimited, TooLongLinesAndTooManyColumnsEndQuickly) {
  EXPECT_EQ(error_in(std::string(40000000, ',')), "no error: none");
  EXPECT_CONTAINS(error_in("a" + std::string(600000, ',') + "\n1" + std::string(600000, ',') + "\n"),
                  "more than the 524288 cells");
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

TEST(Delimited, TwoTablesInOneDocumentAreRefused) {
  EXPECT_CONTAINS(error_in("a,b\n1,2\n3,4\n\na,c\n1,5\n3,6\n"), "x.csv:5: words below a blank line ('a')");
  EXPECT_CONTAINS(error_in("a,b\n1,2\n3,4\n\na,b,c\n1,5,6\n3,6,6\n4,6,6\n"), "x.csv:2: the line has 2 numbers");
  EXPECT_CONTAINS(error_in("a,b,c\n1,5,6\n3,6,6\n4,6,6\n\na,b\n1,2\n"), "x.csv:6: expected 3 cells");
  EXPECT_EQ(flat("a,b\n1,2\n3,4\n\n#a,c\n#1,5\n#3,6\n"), "a,b|1,2|3,4");
}

TEST(Delimited, OneColumnOfNumbers) {
  EXPECT_EQ(flat("loss\n3.1\n3.0\n"), "loss|3.1|3.0");
  EXPECT_CONTAINS(error_in("3.1\n3.0\n"), "no error: none");
}

TEST(Delimited, OtherDocumentsAreNotDelimited) {
  for (const char* text :
       {"", "\n\n", "Some words, and a number: 3.5 % better.\nMore words follow here.\n", "{\"a\": 1}\n{\"a\": 2}\n",
        "step 100 loss 3.1\nstep 200 loss 3.0\n", "step: 100, loss: 3.1\nstep: 200, loss: 3.0\n", "Step: 1\nLoss: 3\n",
        "step=100 loss=3.1\nstep=200 loss=3.0\n", "one\ntwo\nthree\n"})
    EXPECT_EQ(error_in(text), "no error: none") << text;
  EXPECT_EQ(error_in(std::string("a,b\n1,\0\n", 8)), "no error: none");
}

// A random table of numbers in one of the dialects that people write, and what it must be read as.
struct RandomTable {
  std::string text;
  std::vector<std::string> header;
  std::vector<std::vector<double>> rows;
};

std::string written(double x, char decimal, char thousands) {
  std::string digits = fmt::format("{:.4f}", x);
  const std::size_t point = digits.find('.');
  std::string out = digits.substr(0, point);
  if (thousands != '\0')
    for (std::size_t at = point; at > 3 + (x < 0 ? 1U : 0U);) out.insert(at -= 3, 1, thousands);
  return out + decimal + digits.substr(point + 1);
}

RandomTable random_table(std::mt19937_64& random) {
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  RandomTable table;
  const std::size_t columns = 2 + pick(5), rows = 2 + pick(30);
  const std::vector<std::string> separators = {",", ";", "\t", "|", " ", "   ", ", ", " ; "};
  const std::string separator = separators[pick(separators.size())];
  const bool has_comma = separator.find(',') != std::string::npos, has_blank = separator.find(' ') == 0;
  const bool continental = pick(2) == 0;
  const char decimal = continental ? ',' : '.';
  const char thousands = pick(2) == 0 ? '\0' : continental ? '.' : ',';
  const bool all_quoted = (has_comma && (decimal == ',' || thousands == ',')) || pick(4) == 0;
  const std::string end = std::vector<std::string>{"\n", "\r\n", "\r"}[pick(3)];
  const bool index = pick(3) == 0 && !has_blank, trailing = pick(4) == 0 && !has_blank, comments = pick(3) == 0;
  if (pick(4) == 0) table.text += "\xef\xbb\xbf";
  if (comments) table.text += "# made by a program, with; signs" + end + end;
  const auto line = [&](std::vector<std::string> cells, bool numbers, std::size_t row) {
    if (index) cells.insert(cells.begin(), numbers ? fmt::format("{}", row) : "");
    if (trailing) cells.emplace_back();
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c > 0) table.text += separator;
      table.text += all_quoted && numbers && !cells[c].empty() ? '"' + cells[c] + '"' : cells[c];
    }
    table.text += end;
  };
  for (std::size_t c = 0; c < columns; ++c) table.header.push_back(fmt::format("column_{}", c));
  line(table.header, false, 0);
  for (std::size_t row = 0; row < rows; ++row) {
    if (comments && pick(5) == 0) table.text += "// " + separator + " 3" + end;
    if (pick(10) == 0) table.text += end;
    std::vector<double>& numbers = table.rows.emplace_back();
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < columns; ++c) {
      const double scale = std::pow(10.0, static_cast<double>(pick(8)));
      numbers.push_back(std::round((static_cast<double>(pick(20001)) / 10000 - 1) * scale * 1e4) / 1e4);
      if (numbers.back() == 0) numbers.back() = 1;
      cells.push_back(written(numbers.back(), decimal, thousands));
    }
    line(cells, true, row);
  }
  return table;
}

TEST(Delimited, RandomTablesInRandomDialectsReadBackEqual) {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 1000; ++trial) {
    const RandomTable expected = random_table(random);
    auto reading = try_read(expected.text);
    ASSERT_TRUE(reading) << expected.text;
    decide_styles(reading->table, {}, reading->notes, reading->separator);
    ASSERT_EQ(reading->table.header, expected.header) << expected.text;
    ASSERT_EQ(reading->table.n_rows(), expected.rows.size()) << expected.text;
    for (std::size_t r = 0; r < expected.rows.size(); ++r)
      for (std::size_t c = 0; c < expected.header.size(); ++c) {
        ASSERT_EQ(reading->table.ambiguity(c), "") << expected.text;
        ASSERT_EQ(reading->table.number(r, c).value, expected.rows[r][c])
            << expected.text << reading->table.text(r, c) << ", separator " << reading->separator;
      }
  }
}

TEST(Delimited, ChangedBytesGiveATableOrAnError) {
  std::mt19937_64 random(2);
  constexpr std::string_view kBytes = "\",;\t| \n\r\\#%/-=.0123456789eE+~*$()\xe2\x88\x92\xc2\xb1\0a";
  std::size_t tables = 0, errors = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    std::string text = random_table(random).text;
    for (std::size_t change = 0; change < 1 + random() % 8; ++change) {
      const std::size_t at = random() % text.size();
      if (random() % 3 == 0)
        text.erase(at, 1 + random() % 5);
      else
        text[at] = kBytes[random() % kBytes.size()];
      if (text.empty()) text = ",";
    }
    try {
      auto reading = try_read(text);
      if (!reading) continue;
      ++tables;
      decide_styles(reading->table, {}, reading->notes, reading->separator);
      for (std::size_t c = 0; c < reading->table.n_columns(); ++c) {
        ASSERT_FALSE(reading->table.header[c].empty()) << text;
        for (std::size_t r = 0; r < reading->table.n_rows(); ++r) (void)reading->table.number(r, c);
      }
    } catch (const base::InputError&) {
      ++errors;
    }
  }
  EXPECT_GT(tables, 150U);
  EXPECT_GT(errors, 150U);
}

std::string repeated(const std::string& cell, std::size_t times) {
  std::string line;
  for (std::size_t i = 0; i < times; ++i) line += (i == 0 ? "" : ",") + cell;
  return line + "\n";
}

TEST(Delimited, ManyColumnsTakeLinearTime) {
  constexpr std::size_t kColumns = 50000;
  std::string heading = "c";
  for (std::size_t c = 1; c < kColumns; ++c) heading += fmt::format(",c{}", c);
  const std::string rows = repeated("1.5", kColumns) + repeated("2.5", kColumns);
  EXPECT_EQ(try_read(heading + "\n" + rows)->table.n_columns(), kColumns);
  EXPECT_EQ(try_read(repeated("same", kColumns) + rows)->table.n_columns(), 1U);
  EXPECT_EQ(try_read("a," + repeated("", kColumns) + "1," + rows.substr(0, rows.size() / 2) + "2," +
                     rows.substr(rows.size() / 2))
                ->table.header.back(),
            fmt::format("unnamed {}", kColumns));
  EXPECT_EQ(try_read("a,b," + repeated("", kColumns) + "1,2," + repeated("", kColumns))->table.n_columns(), 2U);
  EXPECT_CONTAINS(error_in(repeated("1", kColumns) + rows), "name the 50000 columns");
}

TEST(Delimited, ManyQuotesTakeLinearTime) {
  std::string text = "a,b\n1,2\n";
  for (int i = 0; i < 100000; ++i) text += "\"x\"y,\"\"\"z\n";
  for (int i = 0; i < 100000; ++i) text += "\"\"x,\"\n";
  EXPECT_CONTAINS(error_in(text), "x.csv:");
  text = "a,b\n";
  for (int i = 0; i < 100000; ++i) text += "\"\"\"\\\"\"\"\",3\n";
  EXPECT_EQ(try_read(text)->table.text(99999, 0), "\"\"\"");
}

// The invented examples that people's tables were made from, where they are present.
std::string case_text(const std::string& name) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/tables/";
  return std::filesystem::exists(folder + name) ? base::read_text(folder + name) : "";
}

Reading case_reading(const std::string& name, const DocumentOptions& options = {}) {
  auto reading = try_read(case_text(name), options);
  if (!reading) throw base::InputError("no table in " + name);
  decide_styles(reading->table, options, reading->notes, reading->separator);
  for (std::size_t c = 0; c < reading->table.n_columns(); ++c) EXPECT_EQ(reading->table.ambiguity(c), "") << name;
  return *std::move(reading);
}

double last_number(const Reading& reading, const std::string& column) {
  return reading.table.number(reading.table.n_rows() - 1, reading.table.column(column)).value;
}

TEST(Delimited, Cases) {
  if (case_text("13-no-heading/headless.csv").empty()) GTEST_SKIP() << "the invented cases are not here";
  const Reading fixed = case_reading("11-tables-in-prose-markdown-and-fixed-width/fixed.txt");
  EXPECT_EQ(fixed.table.n_rows(), 4U);
  EXPECT_EQ(last_number(fixed, "Tokens"), 2544e6);
  EXPECT_EQ(last_number(fixed, "BPB"), 0.896);
  const Reading units = case_reading("11-tables-in-prose-markdown-and-fixed-width/units.csv");
  EXPECT_EQ(last_number(units, "data"), 2.5e9);
  EXPECT_EQ(last_number(units, "val_loss"), 2.51);
  EXPECT_EQ(last_number(case_reading("12-decimal-comma-and-dot-thousands/units_semi.csv"), "val_loss"), 2.51);
  const Reading steps = case_reading("12-decimal-comma-and-dot-thousands/eu_steps.csv");
  EXPECT_EQ(last_number(steps, "step"), 64000);
  EXPECT_EQ(last_number(steps, "loss"), 3.09);
  EXPECT_EQ(steps.notes.size(), 1U);
  EXPECT_CONTAINS(error_in(case_text("13-no-heading/headless.csv")), "--names step,loss,");
  EXPECT_EQ(case_reading("13-no-heading/headless.csv", {.names = "step,loss"}).table.n_rows(), 20U);
  EXPECT_CONTAINS(error_in(case_text("13-no-heading/three.txt")), "--names step,stream,loss,");
  const Reading three = case_reading("13-no-heading/three.txt", {.names = "step,stream,loss"});
  EXPECT_EQ(three.table.text(0, 1), "val");
  for (const char* name : {"idx", "trail", "comm"}) {
    const Reading reading = case_reading(fmt::format("28-index-column-trailing-commas-comments/{}.csv", name));
    EXPECT_EQ(reading.table.header, (std::vector<std::string>{"n_params", "tokens", "loss"}));
    EXPECT_EQ(reading.table.n_rows(), 5U);
    EXPECT_EQ(last_number(reading, "n_params"), 1.4e9);
    EXPECT_EQ(reading.notes.size() + reading.skipped.size(), name == std::string("trail") ? 2U : 1U);
  }
  EXPECT_EQ(case_reading("29-sizes-in-millions/ms.csv").table.header, (std::vector<std::string>{"model size", "loss"}));
  EXPECT_EQ(last_number(case_reading("29-sizes-in-millions/suf.csv"), "params_M"), 2800);
}

// What long_csv() writes reads back as the same text, also where a spreadsheet would compute it.
TEST(Delimited, FormulasOfSpreadsheetsAreGuardedAndReadBack) {
  EXPECT_EQ(flat("name,loss\n'=1+1,2\n''@x,3\n\"'-a, b\",4\n'quoted',5\nit's,6\n"),
            "name,loss|=1+1,2|'@x,3|-a, b,4|'quoted',5|it's,6");
  std::mt19937 random(8);
  const std::string letters = "'=+-@\tab, \"1";
  std::uniform_int_distribution<std::size_t> letter(0, letters.size() - 1), length(0, 7);
  Table table("x.csv");
  table.add_column("=name");
  table.add_column("loss");
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) {
    std::string name;
    for (std::size_t n = length(random); n > 0; --n) name += letters[letter(random)];
    names.push_back(fmt::format("{}x{}", name, i));
    table.add_row(i + 2);
    table.set(table.n_rows() - 1, 0, names.back());
    table.set(table.n_rows() - 1, 1, fmt::format("-{}.5", i));
  }
  const std::string text = long_csv(table);
  EXPECT_CONTAINS(text, "'=name,loss,line\n");
  EXPECT_CONTAINS(text, ",-7.5,");  // numbers are unchanged
  const auto reading = try_read(text);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->table.header.front(), "=name");
  ASSERT_EQ(reading->table.n_rows(), names.size());
  for (std::size_t row = 0; row < names.size(); ++row) {
    EXPECT_EQ(reading->table.text(row, 0), names[row]);
    EXPECT_EQ(reading->table.number(row, 1).value, -(static_cast<double>(row) + 0.5));
  }
}

}  // namespace
}  // namespace phaselaw::documents
