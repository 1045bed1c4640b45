// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/page.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/drawing.h"
#include "phaselaw/report/figure_data.h"
#include "phaselaw/report/findings.h"
#include "phaselaw/report/format.h"
#include "phaselaw/report/style.h"

namespace phaselaw::report {

namespace {

// Words, such as "a bend", have no unit.
std::string with_unit(const std::string& number, const std::string& unit) {
  return escape_html(unit.empty() || number == "–" || !reads_as_number(number) ? number : number + " " + unit);
}

std::string p_number(double p) { return p < 1e-3 ? "< 0.001" : "= " + base::format_number(p, 2); }

// "; p = 0.003 against the claim, 0.02 after Holm's correction"
std::string p_text(const Claim& c) {
  if (std::isnan(c.p_supporting) || std::isnan(c.p_refuting)) return "";
  const bool supporting = c.p_supporting < c.p_refuting;
  return fmt::format(
      "; p {} {} the claim{}", p_number(std::min(c.p_supporting, c.p_refuting)), supporting ? "for" : "against",
      std::isnan(c.p_adjusted) ? "" : fmt::format(", {} after Holm's correction", p_number(c.p_adjusted)));
}

// A number may part from its interval at the end of a line, but neither breaks: "1.7e9 [6.4e8, 7.8e9]".
std::string cell(const std::string& text) {
  const std::size_t at = reads_as_number(text) ? text.find(" [") : std::string::npos;
  if (at == std::string::npos || at == 0) return escape_html(text);
  return fmt::format("<span>{}</span> <span>{}</span>", escape_html(text.substr(0, at)),
                     escape_html(text.substr(at + 1)));
}

// Bytes of the data that a page offers for download: of one figure, and of all.
constexpr std::size_t kDataLimitBytes = 150'000, kAllDataLimitBytes = 1'000'000;
constexpr std::size_t kNarrowColumns = 2;  // a table of no more columns fits on a narrow screen

// A drawing as it stands in the page.
struct Drawn {
  const Drawing* drawing;
  std::string wide, narrow;
  [[nodiscard]] std::size_t bytes() const { return wide.size() + narrow.size(); }
};

// Collects the page; `data_bytes` limits what the data of all figures may take.
class PageWriter {
 public:
  PageWriter(const std::vector<Drawn>& drawn, std::size_t data_bytes)
      : next_(drawn.begin()), end_(drawn.end()), data_bytes_(data_bytes) {}
  [[nodiscard]] std::string build(const Page& page) {
    out_ = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"generator\" content=\"phaselaw\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
        escape_html(page.title), page_style());
    header(page);
    out_ += "<main>\n";
    add_drawings(page.figures.size(), 2);
    for (const Section& section : page.sections) add(section);
    configurations(page.configurations);
    provenance(page.provenance);
    citations(page.bibtex);
    out_ += "</main>\n</body>\n</html>\n";
    return std::move(out_);
  }

  [[nodiscard]] std::size_t data_bytes_left() const { return data_bytes_; }

 private:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    out_ += fmt::format(format, std::forward<Args>(args)...) + '\n';
  }

  void header(const Page& page) {
    line("<header>\n<h1>{}</h1>\n<p class=\"answer\">{}</p>", escape_html(page.title), escape_html(page.answer));
    if (!page.notice.empty()) line("<p class=\"notice\" role=\"note\">{}</p>", escape_html(page.notice));
    out_ += findings_html(page);
    out_ += "</header>\n";
    out_ += contents_html(page);
  }

  // The next of the page's figures; level: of their headings.
  void add_drawings(std::size_t count, int level) {
    for (std::size_t i = 0; i < count; ++i) add(*next_++, level);
  }

  void add(const Drawn& drawn, int level) {
    const Drawing& drawing = *drawn.drawing;
    const std::string& id = drawing.id();
    line(
        "<figure role=\"group\" aria-labelledby=\"{}-heading\">\n<h{} class=\"figure-title\" id=\"{}-heading\">{}. "
        "{}</h{}>",
        id, level, id, ++figures_, escape_html(drawing.figure().title), level);
    line("<div class=\"wide\">\n{}</div>\n<div class=\"narrow\">\n{}</div>", drawn.wide, drawn.narrow);
    line("<figcaption>{}\n{}</figcaption>\n</figure>", escape_html(drawing.caption()), data_link(drawing));
  }

  // What one figure leaves of its share of the bytes goes to those after it.
  [[nodiscard]] std::string data_link(const Drawing& drawing) {
    const auto left = static_cast<std::size_t>(end_ - next_);  // figures after this one
    const DataLink link = figure_data_link(drawing.figure(), std::min(kDataLimitBytes, data_bytes_ / (left + 1)));
    data_bytes_ -= link.uri.size();
    if (link.uri.empty())
      return "<span class=\"data\">The page has no room for the data of this figure; --figures writes them.</span>";
    const std::string part =
        link.every == 1 ? "" : fmt::format(", one point in {}; --figures writes all of them", link.every);
    return fmt::format("<span class=\"data\"><a download=\"{}.csv\" href=\"{}\">Data of this figure</a> (CSV{})</span>",
                       drawing.id(), link.uri, part);
  }

  void add(const Section& section) {
    line("<section id=\"{}\">\n<h2>{}</h2>", section_id(sections_++), escape_html(section.title));
    if (!section.lead.empty()) line("<p class=\"lead\">{}</p>", escape_html(section.lead));
    add_drawings(section.figures.size(), 3);
    verdicts(section.claims);
    for (const std::string& paragraph : section.paragraphs) line("<p>{}</p>", escape_html(paragraph));
    for (const Table& table : section.tables) add(table);
    out_ += "</section>\n";
  }

  void verdicts(const std::vector<Claim>& list) {
    if (list.empty()) return;
    out_ += "<ul class=\"verdicts\">\n";
    for (const Claim& c : list) {
      line("<li id=\"{}\">{} <span class=\"statement\">{}</span>", escape_html(c.id),
           badge_html(c.verdict, base::enum_to_text(c.verdict)), escape_html(c.statement));
      const std::string predicted = with_unit(predicted_text(c), c.unit);
      const std::string measured =
          with_unit(base::format_value(c.measured, c.lo, c.hi, base::notation_of(c.unit)), c.unit);
      line("<span class=\"numbers\">Predicted {}; measured {}{}.</span>", predicted, measured, escape_html(p_text(c)));
      if (!c.undecidable.empty())
        line("<span class=\"reading\"><em>Not decided, because</em> {}.</span>", escape_html(c.undecidable));
      if (!c.reading.empty()) line("<span class=\"reading\">{}</span>", escape_html(c.reading));
      if (!c.would_change.empty())
        line("<span class=\"reading\"><em>What would change it:</em> {}</span>", escape_html(c.would_change));
      line("<span class=\"source\"><code>{}</code> {} ({})</span>", escape_html(c.id), escape_html(c.source),
           base::enum_to_text(c.standing));
      out_ += "</li>\n";
    }
    out_ += "</ul>\n";
  }

  void add(const Table& table) {
    std::vector<const char*> style(table.columns.size(), " class=\"number\"");
    for (const auto& row : table.rows) {
      PHASELAW_CHECK_EQ(row.size(), table.columns.size());
      for (std::size_t i = 0; i < row.size(); ++i)
        if (!reads_as_number(row[i])) style[i] = "";
    }
    // A table of many columns becomes a list of cards on a narrow screen, as that of the claims does.
    const bool cards = table.columns.size() > kNarrowColumns;
    const auto role = [&](const char* name) { return cards ? fmt::format(" role=\"{}\"", name) : std::string(); };
    line("<div class=\"scroll\" tabindex=\"0\"><table{}{}>", cards ? " class=\"cards\"" : "", role("table"));
    if (!table.caption.empty()) line("<caption>{}</caption>", escape_html(table.caption));
    out_ += fmt::format("<thead{}><tr{}>", role("rowgroup"), role("row"));
    for (std::size_t i = 0; i < style.size(); ++i)
      out_ +=
          fmt::format("<th{} scope=\"col\"{}>{}</th>", role("columnheader"), style[i], escape_html(table.columns[i]));
    out_ += fmt::format("</tr></thead>\n<tbody{}>\n", role("rowgroup"));
    for (const auto& row : table.rows) {
      out_ += fmt::format("<tr{}>", role("row"));
      for (std::size_t i = 0; i < row.size(); ++i)
        out_ += fmt::format("<td{}{}{}>{}</td>", role("cell"), style[i],
                            cards ? fmt::format(" data-label=\"{}\"", escape_html(table.columns[i])) : "",
                            *style[i] == '\0' ? escape_html(row[i]) : cell(row[i]));
      out_ += "</tr>\n";
    }
    out_ += "</tbody></table></div>\n";
  }

  void configurations(const std::vector<std::pair<std::string, std::string>>& list) {
    if (list.empty()) return;
    out_ += "<section id=\"configuration\">\n<h2>Configuration</h2>\n";
    for (const auto& [title, text] : list)
      line("<details><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>", escape_html(title),
           escape_html(text));
    out_ += "</section>\n";
  }

  void provenance(const std::vector<std::pair<std::string, std::string>>& list) {
    if (list.empty()) return;
    out_ += "<section id=\"provenance\">\n<h2>How this page was made</h2>\n<dl>\n";
    for (const auto& [name, value] : list) line("<dt>{}</dt><dd>{}</dd>", escape_html(name), escape_html(value));
    out_ += "</dl>\n</section>\n";
  }

  void citations(const std::vector<std::string>& bibtex) {
    line(
        "<section id=\"citation\">\n<h2>To cite</h2>\n<p>The theory: <a href=\"https://arxiv.org/abs/2512.22088\">"
        "arXiv 2512.22088</a>.</p>\n<pre tabindex=\"0\">{}",
        escape_html(paper_bibtex()));
    for (const std::string& entry : bibtex) line("{}", escape_html(entry));
    out_ += "</pre>\n</section>\n";
  }

  std::vector<Drawn>::const_iterator next_, end_;
  std::size_t data_bytes_;  // that the data of figures may still take
  std::string out_;
  std::size_t figures_ = 0, sections_ = 0;
};

base::RunError too_large(std::size_t bytes, const std::vector<Drawn>& drawn) {
  const auto largest = std::max_element(drawn.begin(), drawn.end(),
                                        [](const Drawn& a, const Drawn& b) { return a.bytes() < b.bytes(); });
  const std::string figure = largest == drawn.end()
                                 ? ""
                                 : fmt::format("; the largest figure is '{}' ({} bytes): draw fewer points in it",
                                               largest->drawing->figure().title, base::format_count(largest->bytes()));
  return base::RunError(fmt::format("the page has {} bytes, more than the limit of {}{}", base::format_count(bytes),
                                    base::format_count(kPageLimitBytes), figure));
}

}  // namespace

std::string paper_bibtex() {
  return "@article{yang2025unifying,\n"
         "  title   = {Unifying Learning Dynamics and Generalization in Transformers Scaling Law},\n"
         "  author  = {Yang, Chiwun},\n"
         "  journal = {arXiv preprint arXiv:2512.22088},\n"
         "  year    = {2025}\n"
         "}\n";
}

std::vector<Claim> claims_of(const Page& page) {
  std::vector<Claim> claims;
  for (const Section& section : page.sections)
    claims.insert(claims.end(), section.claims.begin(), section.claims.end());
  return claims;
}

std::vector<Drawing> drawings_of(const Page& page) {
  std::vector<Drawing> drawings;
  const auto add = [&](const std::vector<Figure>& figures) {
    for (const Figure& figure : figures) drawings.emplace_back(figure, fmt::format("figure-{}", drawings.size() + 1));
  };
  add(page.figures);
  for (const Section& section : page.sections) add(section.figures);
  return drawings;
}

std::string build_page(const Page& page, const std::vector<Drawing>& drawings) {
  std::vector<Drawn> drawn;
  for (const Drawing& drawing : drawings)
    drawn.push_back({&drawing, drawing.page_svg(View::kWide), drawing.page_svg(View::kNarrow)});
  // Where the page is too large, its data give way before its drawings do.
  for (std::size_t data_bytes = kAllDataLimitBytes;;) {
    PageWriter writer(drawn, data_bytes);
    std::string html = writer.build(page);
    if (html.size() <= kPageLimitBytes) return html;
    const std::size_t excess = html.size() - kPageLimitBytes, used = data_bytes - writer.data_bytes_left();
    if (used == 0) throw too_large(html.size(), drawn);
    data_bytes = used > excess ? used - excess : 0;
  }
}

std::string build_page(const Page& page) { return build_page(page, drawings_of(page)); }

void add_provenance(const base::Value& made_by, Page& page) {
  for (const auto& [key, value] : made_by.entries())
    page.provenance.emplace_back(key, value.is_text() ? value.text() : base::to_json(value));
}

}  // namespace phaselaw::report
