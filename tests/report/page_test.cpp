// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/page.h"

#include <cmath>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "report/markup.h"
#include "report/sample_page.h"

namespace phaselaw::report {
namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// PHASELAW_SAMPLE_PAGE=page.html bin/test_report --gtest_filter=Page.IsSmall*  leaves the page to look at.
TEST(Page, IsSmallWellFormedAndItsIdsAreUnique) {
  const std::string html = build_page(sample_page());
  if (const char* path = std::getenv("PHASELAW_SAMPLE_PAGE")) base::write_file(path, html);
  EXPECT_LT(html.size(), kPageLimitBytes / 3);  // a hundred runs leave room for two more such figures
  const Markup markup = read_markup(html);
  EXPECT_EQ(markup.problem, "");
  std::set<std::string> ids;
  for (const auto& id : markup.values_of("id")) EXPECT_TRUE(ids.insert(id).second) << id;
  for (const auto& names : markup.values_of("aria-labelledby"))
    for (const auto& name : {names.substr(0, names.find(' ')), names.substr(names.rfind(' ') + 1)})
      EXPECT_EQ(ids.count(name), 1u) << name;
}

TEST(Page, LoadsNothingFromElsewhereAndRunsNoScript) {
  const std::string html = build_page(sample_page());
  const Markup markup = read_markup(html);
  for (const char* attribute : {"src", "srcset", "xlink:href", "action", "data", "poster", "onload", "onclick"})
    EXPECT_TRUE(markup.values_of(attribute).empty()) << attribute;
  for (const auto& element : markup.elements) {
    for (const char* name : {"script", "link", "iframe", "img", "object", "embed", "image"})
      EXPECT_NE(element.name, name);
    const auto href = element.attributes.find("href");
    if (href == element.attributes.end()) continue;
    EXPECT_TRUE(href->second[0] == '#' || element.name == "a") << href->second;
  }
  EXPECT_FALSE(contains(html, "@import"));
  for (std::size_t at = 0; (at = html.find("url(", at)) != std::string::npos; ++at) EXPECT_EQ(html[at + 4], '#');
}

TEST(Page, AllTextIsEscaped) {
  const std::string bad = "<script>alert('&')</script>\"";
  Page page;
  page.title = page.answer = bad;
  Claim claim;
  for (auto* text : {&claim.id, &claim.statement, &claim.source, &claim.reading, &claim.predicted_text, &claim.unit,
                     &claim.would_change, &claim.finding, &claim.undecidable})
    *text = bad;
  Figure figure;
  figure.title = figure.caption = figure.alt_text = bad;
  figure.x.label = figure.y.unit = bad;
  page.figures = {figure};
  page.notice = bad;
  page.sections = {{.title = bad,
                    .lead = bad,
                    .figures = {figure},
                    .claims = {claim},
                    .paragraphs = {bad},
                    .tables = {{bad, {bad}, {{bad}}}}}};
  page.configurations = page.provenance = {{bad, bad}};
  page.bibtex = {bad};
  const std::string html = build_page(page);
  const Markup markup = read_markup(html);
  EXPECT_EQ(markup.problem, "");
  EXPECT_EQ(markup.count("script"), 0u);
  EXPECT_TRUE(contains(markup.text, "&lt;script&gt;"));
}

TEST(Page, ShowsClaimsWithSymbolsAndFiguresFirst) {
  const std::string html = build_page(sample_page());
  for (const char* part :
       {"0.163", "[0.151, 0.176]", "1/6 = 0.167", "2.4e10 FLOP", "✓</span> supported", "✗</span> not supported",
        "?</span> inconclusive", "1/7 lies outside the 95 % interval.", "2512.22088", "An entry that was passed in",
        "0123456789abcdef", "100 points are left out", "<details><summary>Study</summary>"})
    EXPECT_TRUE(contains(html, part)) << part;
  EXPECT_LT(html.find("class=\"findings\""), html.find("class=\"contents\""));
  EXPECT_LT(html.find("class=\"contents\""), html.find("<figure"));
  EXPECT_LT(html.find("<figure"), html.find("On real text</h2>"));
  EXPECT_LT(html.find("id=\"configuration\""), html.find("id=\"citation\""));
}

TEST(Page, AFindingIsLinkedToTheClaimThatIsPrintedOnce) {
  Page page;
  Claim claim;
  claim.id = "E2.slope";
  claim.statement = "the risk falls";
  claim.reading = "what decided it";
  claim.would_change = "what would change it";
  claim.finding = "It falls.";
  page.sections = {{.title = "Noise", .lead = "the statement", .claims = {claim}}};
  page.notice = "Incomplete: E3";
  const std::string html = build_page(page);
  EXPECT_EQ(read_markup(html).problem, "");
  for (const char* part :
       {"It falls. <a href=\"#E2.slope\"", "<li id=\"E2.slope\">", "what would change it", "Incomplete: E3"})
    EXPECT_TRUE(contains(html, part)) << part;
  EXPECT_EQ(html.find("the risk falls"), html.rfind("the risk falls"));
  EXPECT_LT(html.find("Incomplete: E3"), html.find("class=\"findings\""));
  EXPECT_LT(html.find("the statement"), html.find("<li id=\"E2.slope\">"));
}

TEST(Page, TheHeadCountsVerdictsByStanding) {
  const std::string html = build_page(sample_page());
  EXPECT_TRUE(contains(html, "Of 3 claims 2 are supported and 1 is not supported."));
  EXPECT_TRUE(contains(html, "One claim; it is inconclusive."));
  EXPECT_TRUE(
      contains(html,
               "1/6 = 0.167 within 0.017; measured 0.163 [0.151, 0.176]; p = 0.004 for the claim, = 0.012 after "
               "Holm&#39;s correction."));
}

TEST(Page, ColumnsOfNumbersStandToTheRight) {
  Page page;
  page.sections = {{.title = "s", .tables = {{"t", {"n", "risk"}, {{"32", "0.1 [0, 1]"}, {"–", "−0.5"}}}}}};
  const std::string html = build_page(page);
  EXPECT_TRUE(
      contains(html, "<td class=\"number\">32</td><td class=\"number\"><span>0.1</span> <span>[0, 1]</span></td>"));
}

// On a phone each row of a wide table is a card; the roles keep it a table for screen readers, and each cell is named.
TEST(Page, ATableOfManyColumnsCanBecomeCards) {
  Page page;
  page.sections = {{.title = "s", .tables = {{"t", {"n", "name", "risk"}, {{"32", "x", "0.1"}, {"–", "7b", "−0.5"}}}}}};
  const std::string html = build_page(page);
  EXPECT_TRUE(contains(html, "<table class=\"cards\" role=\"table\">"));
  EXPECT_TRUE(contains(html,
                       "<td role=\"cell\" class=\"number\" data-label=\"n\">32</td>"
                       "<td role=\"cell\" data-label=\"name\">x</td>"));
}

TEST(Page, TheSameDataGiveTheSameBytes) { EXPECT_EQ(build_page(sample_page()), build_page(sample_page())); }

TEST(Page, BelowEachFigureStandsALinkToItsData) {
  const std::string html = build_page(sample_page());
  EXPECT_TRUE(contains(html, "<a download=\"figure-1.csv\" href=\"data:text/csv;charset=utf-8,series,"));
  EXPECT_TRUE(contains(html, "<a download=\"figure-2.csv\" href=\"data:text/csv;charset=utf-8,series,"));
  EXPECT_TRUE(contains(html, "Data of this figure</a> (CSV)"));
}

// The data give way before the drawings do.
TEST(Page, ALargePageLeavesTheDataOut) {
  Figure figure = sample_points_figure();
  Series many{"many", {}, {}, Style::kLine, Colour::kGrey, 0.8};
  for (int i = 0; i < 20'000; ++i) {
    many.x.push_back(32 + 0.01 * i);
    many.y.push_back(0.15);
  }
  figure.series.push_back(many);
  Page page;
  page.figures = {figure};
  const std::string html = build_page(page);
  EXPECT_TRUE(contains(html, "; --figures writes all of them)"));
  const std::size_t data = html.find("href=\"data:") + 6, data_bytes = html.find('"', data) - data;
  const std::size_t room = kPageLimitBytes - (html.size() - data_bytes);
  page.figures[0].alt_text = std::string(room / 2 - 200, 'x');  // of the wide and the narrow drawing
  const std::string full = build_page(page);
  EXPECT_LE(full.size(), kPageLimitBytes);
  EXPECT_TRUE(contains(full, "The page has no room for the data of this figure"));
}

TEST(Page, TooLargeAPageIsRefusedAndNamesTheFigure) {
  Page page;
  Figure figure;
  figure.title = "giant";
  figure.alt_text = std::string(kPageLimitBytes, 'x');
  page.figures = {figure};
  try {
    (void)build_page(page);
    FAIL();
  } catch (const base::RunError& error) {
    EXPECT_TRUE(contains(error.what(), "'giant'")) << error.what();
  }
}

}  // namespace
}  // namespace phaselaw::report
