// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/prose_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
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

// Writers of one table in each syntax.
std::string joined(const std::vector<std::string>& cells, const std::string& before, const std::string& between,
                   const std::string& after) {
  std::string out = before;
  for (std::size_t c = 0; c < cells.size(); ++c) out += (c > 0 ? between : "") + cells[c];
  return out + after + "\n";
}

std::string padded(std::string cell, std::size_t width) {
  cell.resize(std::max(cell.size(), width), ' ');
  return cell;
}

std::string with_bars(const Rows& rows, const std::string& rule) {
  std::string out = joined(rows[0], "| ", " | ", " |") + rule;
  for (std::size_t r = 1; r < rows.size(); ++r) out += joined(rows[r], "| ", " | ", " |");
  return out;
}

std::string framed(const Rows& rows, bool rules_between) {
  const std::vector<std::string> runs(rows[0].size(), std::string(12, '-'));
  const std::string rule = joined(runs, "+", "+", "+");
  std::string double_rule = rule;
  std::replace(double_rule.begin(), double_rule.end(), '-', '=');
  std::string out = rule;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto cells = rows[r];
    for (auto& cell : cells) cell = padded(" " + cell, 12);
    out += joined(cells, "|", "|", "|");
    if (r == 0 || rules_between || r + 1 == rows.size()) out += r == 0 && rules_between ? double_rule : rule;
  }
  return out;
}

std::string below_rules(const Rows& rows, char sign) {
  const std::string rule = joined(std::vector<std::string>(rows[0].size(), std::string(12, sign)), "", "  ", "");
  std::string out = sign == '=' ? rule : "";
  for (std::size_t r = 0; r < rows.size(); ++r) {
    auto cells = rows[r];
    for (auto& cell : cells) cell = padded(cell.empty() && cells.front().empty() && sign == '=' ? "\\" : cell, 12);
    out += joined(cells, "", "  ", "") + (r == 0 ? rule : "");
  }
  return out + (sign == '=' ? rule : "\n");
}

std::string latex(const Rows& rows) {
  std::string out = "\\begin{tabular}{ll}\n\\toprule\n";
  for (std::size_t r = 0; r < rows.size(); ++r)
    out += joined(rows[r], "", " & ", " \\\\") + (r == 0 ? "\\midrule % words & more\n" : "");
  return out + "\\bottomrule\n\\end{tabular}\n";
}

std::string html(const Rows& rows) {
  std::string out = "<table>";
  for (std::size_t r = 0; r < rows.size(); ++r)
    out += r == 0 ? joined(rows[r], "<tr><th>", "</th><th>", "</th></tr>")
                  : joined(rows[r], "<tr>\n<td>", "</td> <td>", "</td>\n</tr>");
  return out + "</table>\n";
}

std::vector<std::string> written(const Rows& rows) {
  std::string dashes, pluses, psql = joined(rows[0], " ", " | ", ""), boxes = framed(rows, false);
  const std::vector<std::string> three(rows[0].size(), "---"), colons(rows[0].size(), ":-:");
  psql += joined(three, "", "+", "");
  for (std::size_t r = 1; r < rows.size(); ++r) psql += joined(rows[r], " ", " | ", "");
  std::string box;
  for (const char c : boxes) box += c == '|' ? "│" : c == '-' ? "─" : c == '+' ? "┼" : std::string(1, c);
  return {with_bars(rows, joined(three, "|", "|", "|")),
          with_bars(rows, joined(colons, "| ", " | ", " |")),
          with_bars(rows, joined(three, "|", "+", "|")),
          psql,
          framed(rows, false),
          framed(rows, true),
          box,
          below_rules(rows, '='),
          below_rules(rows, '-'),
          latex(rows),
          html(rows)};
}

// A table with distinct headings; empty cells only where every syntax can write them.
Rows random_table(std::mt19937_64& random) {
  const std::size_t columns = 2 + random() % 4, rows = 1 + random() % 5;
  Rows out(rows + 1);
  for (std::size_t c = 0; c < columns; ++c) out[0].push_back(fmt::format("{}{}", "abcdefg"[random() % 7], c));
  for (std::size_t r = 1; r <= rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      const bool word = c == 0 || random() % 4 == 0;
      out[r].push_back(word                         ? fmt::format("w{} {}", random() % 10, r)
                       : random() % 5 == 0 && c > 1 ? ""
                                                    : fmt::format("{}", static_cast<double>(random() % 10000) / 100));
    }
  return out;
}

TEST(ProseTables, ARandomTableReadsBackFromEverySyntax) {
  std::mt19937_64 random(11);
  for (int trial = 0; trial < 300; ++trial) {
    const Rows rows = random_table(random);
    for (const std::string& text : written(rows)) {
      const auto reading = tried((random() % 2 == 0 ? "Some words.\n\n" : "") + text +
                                 (random() % 2 == 0 ? "\nMore of them, 3 | 4.\n" : ""));
      ASSERT_TRUE(reading.has_value()) << text;
      ASSERT_EQ(cells(reading->table), rows) << text;
      for (std::size_t r = 0; r < reading->table.n_rows(); ++r)
        for (std::size_t c = 0; c < rows[0].size(); ++c)
          if (!rows[r + 1][c].empty()) {
            const base::Location place = reading->table.place(r, c);
            ASSERT_GT(place.column, 0);
            ASSERT_GE(place.line, reading->table.line(r));
          }
    }
  }
}

TEST(ProseTables, TwoRandomTablesAreListedAndEachIsRead) {
  std::mt19937_64 random(12);
  for (int trial = 0; trial < 100; ++trial) {
    const Rows a = random_table(random), b = random_table(random);
    const auto forms_a = written(a), forms_b = written(b);
    const std::string text = forms_a[random() % forms_a.size()] + "\nand\n\n" + forms_b[random() % forms_b.size()];
    EXPECT_NE(message(text).find("holds 2 tables"), std::string::npos) << text;
    EXPECT_EQ(cells(read(text, {.table = "1"}).table), a) << text;
    EXPECT_EQ(cells(read(text, {.table = "2"}).table), b) << text;
  }
}

TEST(ProseTables, ChangedBytesGiveATableOrAnInputError) {
  std::mt19937_64 random(13);
  const std::string signs = "|-+=:\\{}<>&%$*`[]()\n\r \"'0\xE2\x94\x82\x80";
  int read_again = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    const auto forms = written(random_table(random));
    std::string text = forms[random() % forms.size()] + forms[random() % forms.size()];
    for (std::size_t k = 0, n = 1 + random() % 8; k < n; ++k) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = signs[random() % signs.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 9);
          break;
        case 2:
          text.insert(at, 1 + random() % 3, signs[random() % signs.size()]);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
      }
      if (text.empty()) text = " ";
    }
    const std::string choice = random() % 3 == 0 ? "" : "1";
    try {
      if (const auto reading = tried(text, {.table = choice})) {
        cells(reading->table);
        ++read_again;
      }
    } catch (const base::InputError&) {
    }
  }
  EXPECT_GT(read_again, 500);
}

TEST(ProseTables, HostileTextsTakeLinearTime) {
  const auto many = [](const std::string& piece, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) out += piece;
    return out;
  };
  const std::string wide = many("| a", 100'000) + "|\n" + many("|---", 100'000) + "|\n";
  for (const std::string& text :
       {wide + many("| 1", 100'000) + "|\n", wide + many("| 1 |\n", 100'000), many("+---+---+\n", 100'000),
        many("| a | b |\n|---|---|\n| 1 | 2 |\n\n", 50'000), many("=== ===\n", 100'000),
        many("aaa bbb\n--- ---\n", 50'000) + "aaaaaaaaa\n",
        "=== ===\na b\n=== ===\nx   y\n" + many("    z\n", 100'000) + "=== ===\n",
        many("= ", 100'000) + "\n" + many("a ", 100'000) + "\n" + many("= ", 100'000) + "\n" + many("1\n", 50'000) +
            many("= ", 100'000) + "\n",
        "\\begin{tabular}{ll}a & b \\\\ \\hline\n" + many("\\textbf{", 50'000) + "x" + many("}", 50'000) +
            " & 1 \\\\ \\end{tabular}",
        many("\\begin{tabular}{", 50'000), many("%\\begin{tabular}", 50'000), many("<table ", 50'000),
        many("<table><!--", 50'000),
        "<table><tr>" + many("<th rowspan=100000>a", 1000) + many("<tr><td>1", 50'000) + "</table>",
        "\\begin{tabular}{ll}\\multicolumn{100000}{c}{a} \\\\ \\hline\n" +
            many("\\multicolumn{99999}{c}{a}&b\\\\\n", 20'000) + "\\end{tabular}",
        "| " + many("[", 1'000'000) + " | b |\n|---|---|\n| 1 | 2 |\n", std::string(1'000'000, '\0')}) {
    const auto start = std::chrono::steady_clock::now();
    message(text);
    EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5) << text.substr(0, 60);
  }
}

TEST(ProseTables, ReadsTheSharedCase) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/cases/tables/11-tables-in-prose-markdown-and-fixed-width/";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "the shared cases are not there";
  const Reading reading = read(base::read_text(folder + "table.md"));
  EXPECT_EQ(reading.table.header, (std::vector<std::string>{"Size", "Tokens", "Val loss"}));
  ASSERT_EQ(reading.table.n_rows(), 6U);
  EXPECT_EQ(reading.table.text(0, 2), "3.412");
  EXPECT_EQ(reading.table.text(5, 2), "~2.561");
  EXPECT_EQ(message(base::read_text(folder + "fixed.txt")), "not prose");  // columns of fixed width
  EXPECT_EQ(message(base::read_text(folder + "units.csv")), "not prose");
}

}  // namespace
}  // namespace phaselaw::documents
