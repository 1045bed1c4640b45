// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/prose_tables.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "small_tables.h"

namespace phaselaw::documents {
namespace {

std::optional<Reading> tried(std::string text, const DocumentOptions& options = {}) {
  auto own = std::make_shared<std::string>(std::move(text));
  own->reserve(own->size() + Document::kPadding);
  return read_prose_tables({.source = "notes.md", .text = std::move(own), .compression = "", .encoding = "UTF-8"},
                           options);
}

Reading read(std::string text, const DocumentOptions& options = {}) {
  auto reading = tried(std::move(text), options);
  if (!reading) throw std::runtime_error("no table was found");
  return *std::move(reading);
}

std::string message(const std::string& text, const DocumentOptions& options = {}) {
  try {
    const auto reading = tried(text, options);
    return reading ? "read" : "not prose";
  } catch (const base::InputError& error) {
    return error.what();
  }
}

const Rows kSmall = {{"name", "step", "loss"}, {"a", "100", "3.5"}, {"b", "200", "3.25"}};

TEST(ProseTables, ReadsMarkdownWithMarks) {
  const Reading reading = read(
      "# Results\n\nWe got 3 runs | all fine.\n\n| [Size](x.html) | **Val loss** ↓ | `step`<br>done |\n|:--|:-:|--:|\n"
      "| `a\\|b` | **3.412** | 1 |\n| [c](http://x) |~2.5| *7* |\n| d | — |\n\nThe end.\n");
  EXPECT_EQ(cells(reading.table),
            (Rows{{"Size", "Val loss", "step done"}, {"a|b", "3.412", "1"}, {"c", "~2.5", "7"}, {"d", "", ""}}));
  EXPECT_EQ(reading.shape, "Markdown table");
  EXPECT_EQ(base::to_string(reading.table.place(0, 1)), "notes.md:7:14");
  ASSERT_EQ(reading.skipped.size(), 1U);
  EXPECT_EQ(reading.skipped[0].count, 3U);
  EXPECT_EQ(reading.skipped[0].example, "# Results");
  EXPECT_EQ(reading.notes, (std::vector<std::string>{"In 1 row, cells are missing at the end; they are empty."}));
}

TEST(ProseTables, ReadsEveryWayToWriteATableWithBars) {
  const char* forms[] = {
      "name | step | loss\n--- | --- | ---\na | 100 | 3.5\nb | 200 | 3.25\n",
      "text\n> | name | step | loss |\n> |---|---|---|\n> | a | 100 | 3.5 |\n> | b | 200 | 3.25 |\nmore\n",
      "- | name | step | loss |\n  |---|---|---|\n  | a | 100 | 3.5 |\n  | b | 200 | 3.25 |\r\n",
      "| name | step | loss |\r\n|------+------+------|\r\n| a | 100 | 3.5 |\r\n| b | 200 | 3.25 |\r\n",
      "|---+---+---|\n| name | step | loss |\n|------+------+------|\n| a | 100 | 3.5 |\n|---+---+---|\n| b | 200 | 3.25 |\n|---+---+---|\n",
      " name | step | loss \n------+------+------\n a    |  100 | 3.5\n b    |  200 | 3.25\n(2 rows)\n",
      "+------+------+------+\n| name | step | loss |\n+------+------+------+\n| a    |  100 | 3.5  |\n| b    |  200 | 3.25 |\n+------+------+------+\n",
      "+------+------+------+\n| name | step | loss |\n+======+======+======+\n| a    |  100 | 3.5  |\n+------+------+------+\n| b    |  200 | 3.25 |\n+------+------+------+\n",
      "+------+------+------+\n| name | step | loss |\n|------+------+------|\n| a    |  100 | 3.5  |\n| b    |  200 | 3.25 |\n+------+------+------+\n",
      "┏━━━━━━┳━━━━━━┳━━━━━━┓\n┃ name ┃ step ┃ loss ┃\n┡━━━━━━╇━━━━━━╇━━━━━━┩\n│ a    │ 100  │ 3.5  │\n│ b    │ 200  │ 3.25 │\n└──────┴──────┴──────┘\n",
      "shape: (2, 3)\n┌──────┬──────┬──────┐\n│ name ┆ step ┆ loss │\n│ ---  ┆ ---  ┆ ---  │\n│ str  ┆ i64  ┆ f64  │\n╞══════╪══════╪══════╡\n│ a    ┆ 100  ┆ 3.5  │\n│ b    ┆ 200  ┆ 3.25 │\n└──────┴──────┴──────┘\n",
      "╒══════╤══════╤══════╕\n│ name │ step │ loss │\n╞══════╪══════╪══════╡\n│ a    │ 100  │ 3.5  │\n├──────┼──────┼──────┤\n│ b    │ 200  │ 3.25 │\n╘══════╧══════╧══════╛\n",
      " name │ step │ loss \n━━━━━━┿━━━━━━┿━━━━━━\n a    │ 100  │ 3.5 \n b    │ 200  │ 3.25\n",
      "======  ====  ====\nname    step  loss\n======  ====  ====\na       100   3.5\nb       200   3.25\n======  ====  ====\n",
      "\\begin{table}\n\\begin{tabular}{lrS}\n\\toprule\nname & step & {loss} \\\\\n\\midrule\na & 100 & 3.5 \\\\ % \\best\n"
      "\\texttt{b} & $200$ & \\textbf{3.25} \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}\n",
      "\\resizebox{1cm}{!}{\\begin{tabular*}{\\textwidth}{|l|{c}r|}\\hline name&step&loss\\\\\\hline\\hline a&100&3.5\\\\\\hline b&200&3.25\\\\[2pt]\\hline\\end{tabular*}}",
      "\\begin{longtable}{lll}\\hline\nname & step & loss \\\\ \\hline \\endfirsthead\nname & step & loss \\\\ \\hline \\endhead\n"
      "\\multicolumn{3}{r}{to be continued} \\\\ \\endfoot\n\\hline \\endlastfoot\na & 100 & 3.5 \\\\\nb & 200 & 3.25\n\\end{longtable}\n",
      "<table border=1><thead><tr><th>name</th><th>step</th><th>loss</th></tr></thead>\n<tbody><tr><th>a</th><td>100</td><td>3.5</td></tr>\n"
      "<tr><th><b>b</b></th><td>200</td><td>3.25</td></tr></tbody></table>",
      "<TABLE><TR><TD>name<TD>step<TD>loss<TR><TD>a<TD>100<TD>3.5<TR><TD> b <TD>200<TD><!-- best -->3.25</TABLE>",
      "name      step    loss\n------  ------  ------\na          100    3.5\nb          200    3.25\n\ntext\n",
  };
  for (const char* form : forms) {
    const auto reading = tried(form);
    ASSERT_TRUE(reading.has_value()) << form;
    EXPECT_EQ(cells(reading->table), kSmall) << form;
  }
}

TEST(ProseTables, JoinsCellsOfSeveralLines) {
  EXPECT_EQ(
      cells(
          read(
              "+-------+------+\n| run   | val  |\n|       | loss |\n+=======+======+\n| a     | 3.5  |\n| long  |      |\n"
              "+-------+------+\n| b     | 3.25 |\n+-------+------+\n")
              .table),
      (Rows{{"run", "val loss"}, {"a long", "3.5"}, {"b", "3.25"}}));
  EXPECT_EQ(
      cells(read("=====  =====\nrun    loss\n=====  =====\na      3.5\n       big\nb      3.25\n=====  =====\n").table),
      (Rows{{"run", "loss"}, {"a", "3.5 big"}, {"b", "3.25"}}));
  // Lines that would join two numbers are rows of their own.
  EXPECT_EQ(
      cells(read("| run | loss |\n|-----+------|\n| a | 3.5 |\n| b | 3.2 |\n| | 3.1 |\n|-----+------|\n| c | 3.0 |\n")
                .table)
          .size(),
      5U);
}

TEST(ProseTables, ReadsTheNumbersAndSpansOfLatex) {
  const Reading reading = read(
      "\\begin{tabular}{l cc r}\n\\toprule\n\\multirow{2}{*}{Model} & \\multicolumn{2}{c}{\\textbf{Loss} $\\downarrow$} & $N_{params}$ \\\\\n"
      "\\cmidrule(lr){2-3}\n & train & val\\_x & \\\\\n\\midrule\n\\multicolumn{4}{c}{\\emph{Small}} \\\\\n"
      "\\multirow{2}{*}{a~b \\cite{k}} & 3.5 $\\pm$ 0.1 & \\best{3.25} & $2 \\times 10^{9}$ \\\\\n & -- & 1{,}200 & $10^{-3}$ \\\\\n"
      "%  c & 1 & 2 & 3 \\\\\n{\\bf d} & \\cellcolor{red!20}4 % five\n & \\multicolumn{1}{c|}{6} & 10^3\n\\\\ \\bottomrule\n\\end{tabular}");
  EXPECT_EQ(cells(reading.table), (Rows{{"Model", "Loss train", "Loss val_x", "N_params"},
                                        {"a b", "3.5 ± 0.1", "3.25", "2e9"},
                                        {"a b", "-", "1,200", "1e-3"},
                                        {"d", "4", "6", "1e3"}}));
  EXPECT_EQ(base::to_string(reading.table.place(0, 2)), "notes.md:8:55");
  EXPECT_EQ(reading.skipped.at(0).reason, "titles across the table");
  EXPECT_EQ(reading.skipped.at(0).example, "Small");
  EXPECT_EQ(message("% \\begin{tabular}{l}\n"), "not prose");
  EXPECT_EQ(message("x\n\\begin{tabular}{ll}\na & b \\\\\n1 & 2 \\\\\n"),
            "notes.md:2: the environment of this table has no \\end, or its braces are not balanced");
  EXPECT_EQ(message("\\begin{tabular}{ll}\na & b \\\\\n1 & 2 & 3\\\\\n\\end{tabular}\n"),
            "notes.md:3: expected 2 cells as in the heading, found more");
}

TEST(ProseTables, ReadsTheSpansOfHtml) {
  const Reading reading = read(
      "<p>1 &lt; 2</p>\n<table class=\"dataframe\">\n<tr><th rowspan=2>run</th><th colspan='2'>loss&nbsp;<i>in</i> nats</th></tr>\n<tr><th>train</th><th>val</th></tr>\n"
      "<tr><td rowspan=\"2\">a</td><td>3.5</td><td>3.6&plusmn;1</td></tr>\n<tr><td>2.5</td><td><span>2.6</span></td></tr>\n</table>\n");
  EXPECT_EQ(cells(reading.table),
            (Rows{{"run", "loss in nats train", "loss in nats val"}, {"a", "3.5", "3.6±1"}, {"a", "2.5", "2.6"}}));
  EXPECT_EQ(reading.table.line(1), 6);
  EXPECT_EQ(message("<table><tr><td>a<td><table>"), "notes.md:1: a table within a table; keep only one of them");
  EXPECT_EQ(message("<table><tr><td>a<td>b<tr><td>1<td>2"), "notes.md:1: the <table> has no </table>");
  EXPECT_EQ(message("<tablet><b>"), "not prose");
}

TEST(ProseTables, ListsSeveralTablesAndReadsTheChosenOne) {
  const std::string text =
      "| a | b |\n|---|---|\n| 1 | 2 |\n| a | b |\n|---|---|\n| 3 | 4 |\n| 5 | 6 |\n\nx | y | z\n-|-|-\n7 | 8 | 9\n";
  EXPECT_EQ(message(text),
            "notes.md: the document holds 3 tables: 1 (line 1, 1 row: a, b); 2 (line 4, 2 rows: a, b); "
            "3 (line 9, 1 row: x, y, z); choose one with --table 1");
  const Reading second = read(text, {.table = "2"});
  EXPECT_EQ(cells(second.table), (Rows{{"a", "b"}, {"3", "4"}, {"5", "6"}}));
  EXPECT_EQ(second.table.line(1), 7);
  EXPECT_EQ(cells(read(text, {.table = "3"}).table), (Rows{{"x", "y", "z"}, {"7", "8", "9"}}));
  EXPECT_EQ(second.skipped.back().reason, "rows of other tables");
  EXPECT_EQ(second.skipped.back().count, 2U);
}

TEST(ProseTables, LeavesOtherDocumentsAlone) {
  for (const char* text :
       {"", "a|b|c\n1|2|3\n", "step 1 | loss 3.5\nstep 2 | loss 3.25\n", "a,b\n1,2\n", "Heading\n-------\nwords\n",
        "Budget  Params  BPB\n--------------------\n2e17  41,200,000  1.01\n", "a b\n= =\n1 2\n",
        "---\ntitle: x\n---\n", "| a | b |\n| c | d |\n", "|---|\n|---|\n", "a | b\n---\n"})
    EXPECT_EQ(message(text), "not prose") << text;
  std::string log = "+------+------+\n| name | size |\n+------+------+\n| net | 3 |\n+------+------+\n";
  for (int i = 0; i < 20; ++i) log += fmt::format("step {} | loss {}\n", i, 4 - 0.1 * i);
  EXPECT_EQ(message(log), "not prose");
}

TEST(ProseTables, ReportsFaultsWithTheirLine) {
  EXPECT_EQ(message("| a | b |\n|---|---|\n| 1 | 2 |\n| 1 | 2 | 3 |\n"),
            "notes.md:4: expected 2 cells as in the heading, found 3; write a bar inside a cell as \\|");
  EXPECT_EQ(message("a | b\n---|---\n1 | 2\n| 3\n").substr(0, 11), "notes.md:4:");
  EXPECT_EQ(message("+---+---+\n| 1 | 2 |\n+---+---+\n| 3 | 4 |\n+---+---+\n"),
            "notes.md:1: the grid table has no heading; name its 2 columns by position, as in --names step,loss");
  EXPECT_EQ(cells(read("+---+---+\n| 1 | 2 |\n+---+---+\n| 3 | 4 |\n+---+---+\n", {.names = "x, y"}).table),
            (Rows{{"x", "y"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(message("====  ====\na     b\n====  ====\n1     2\nlonger 3\n====  ====\n").substr(0, 11), "notes.md:5:");
  EXPECT_EQ(message("| a | b |\n|---|---|\n\nwords\n"), "notes.md:1: the Markdown table has no rows");
}

TEST(ProseTables, NamesColumnsWithoutOrWithEqualHeadings) {
  const Reading reading = read("| | loss | loss | loss_1 |\n|---|---|---|---|\n| a | 1 | 2 | 3 |\n");
  EXPECT_EQ(reading.table.header, (std::vector<std::string>{"name", "loss", "loss_2", "loss_1"}));
  EXPECT_EQ(reading.notes.size(), 2U);
}

}  // namespace
}  // namespace phaselaw::documents
