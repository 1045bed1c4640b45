// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"

// One self-contained HTML page: no script, nothing loaded from elsewhere, readable on a phone, in the dark, in print
// and by a screen reader. All text is plain and is escaped here.
//
// Order: title, answer, notice, what was found (findings.h), contents, leading figures, sections, configuration (folded),
// how it was made, BibTeX. A section: title, lead, figures, claims, paragraphs, tables. Each claim is printed once, in its
// section.
namespace phaselaw::report {

class Drawing;  // drawing.h

struct Table {
  std::string caption{};
  std::vector<std::string> columns{};
  std::vector<std::vector<std::string>> rows{};  // each as long as `columns`; columns of numbers are set to the right
};

struct Section {
  std::string title{};
  std::string lead{};  // before the figures: the statement that is tested, and how
  std::vector<Figure> figures{};
  std::vector<Claim> claims{};  // judged here: verdict, what decided it, what would change it
  std::vector<std::string> paragraphs{};
  std::vector<Table> tables{};
};

struct Page {
  std::string title{};
  std::string answer{};           // one sentence
  std::string notice{};           // "" or what the reader must know first: the page is not complete, and why
  std::vector<Figure> figures{};  // shown first, above the sections
  std::vector<Section> sections{};
  std::vector<std::pair<std::string, std::string>> configurations{};  // heading, text (JSON or TOML); folded
  std::vector<std::pair<std::string, std::string>> provenance{};      // "version", "commit", "machine", "command", ...
  std::vector<std::string> bibtex{};  // of what was used; the paper's own entry is always added first
};

inline constexpr std::size_t kPageLimitBytes = 3'000'000;

// All claims, in the order of the sections.
[[nodiscard]] std::vector<Claim> claims_of(const Page& page);

// The figures of the page in its order, as figure-1, figure-2, ... The page must outlive them.
[[nodiscard]] std::vector<Drawing> drawings_of(const Page& page);

// The page, of drawings_of(page). Below each figure stands a link to its data (figure_data.h). RunError when the page
// exceeds kPageLimitBytes; it names the largest figure.
[[nodiscard]] std::string build_page(const Page& page, const std::vector<Drawing>& drawings);
[[nodiscard]] std::string build_page(const Page& page);

// How the page was made: the entries of a table, base::made_by().
void add_provenance(const base::Value& made_by, Page& page);

// BibTeX of the paper with the theory that is tested.
[[nodiscard]] std::string paper_bibtex();

}  // namespace phaselaw::report
