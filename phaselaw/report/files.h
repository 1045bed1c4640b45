// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "phaselaw/report/page.h"

// A page on disk, and the files that papers need beside it.
namespace phaselaw::report {

struct PageFiles {
  bool figures = false;  // <stem>-figures/figure-1.svg, .csv, .pdf, figure-2.svg, ... in the order of the page
  bool pdf = false;      // <stem>.pdf, the page in its print style
};

// Writes the page as `html` (write-then-rename), then what `files` asks for. PDF files are printed by Chromium. Without
// Chromium, `figures` leaves them out with a warning, and `pdf` is a RunError that names the package.
void write_page(const Page& page, const std::filesystem::path& html, const PageFiles& files = {});

}  // namespace phaselaw::report
