// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "phaselaw/report/page.h"

// A page on disk, and what papers need beside it.
namespace phaselaw::report {

struct PageFiles {
  bool figures = false;  // <stem>-figures/figure-1.svg, .pdf, .csv, figure-2.svg, ... in the order of the page
  bool pdf = false;      // <stem>.pdf, the page as the print style has it
};

// The page as `html` (write-then-rename), then what `files` asks for. RunError when gnuplot fails, or when pdf is asked
// for and no Chromium is found (names the package).
void write_page(const Page& page, const std::filesystem::path& html, const PageFiles& files = {});

// The numbers of a figure, one row a point: series, x, y, ends of band and error bar where it has them (empty: none).
[[nodiscard]] std::string figure_csv(const Figure& figure);

}  // namespace phaselaw::report
