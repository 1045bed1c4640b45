// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/files.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/log.h"
#include "phaselaw/report/browser.h"
#include "phaselaw/report/drawing.h"
#include "phaselaw/report/figure_data.h"

namespace phaselaw::report {

namespace {

constexpr const char* kInstall = "install the Debian package chromium, or print from any browser";

// A file that is gone when the scope is left.
struct Temporary {
  std::filesystem::path path;
  ~Temporary() {
    std::error_code none;
    std::filesystem::remove(path, none);
  }
};

void write_figures(const std::vector<Drawing>& drawings, const std::filesystem::path& folder) {
  base::require_writable_directory(folder, "--figures");
  for (const Drawing& drawing : drawings) {
    base::write_file(folder / (drawing.id() + ".svg"), drawing.svg());
    base::write_file(folder / (drawing.id() + ".csv"), figure_csv(drawing.figure()));
  }
  for (const Drawing& drawing : drawings) {
    const Temporary sheet{folder / (drawing.id() + ".sheet.html")};
    base::write_file(sheet.path, drawing.sheet());
    if (print_to_pdf(sheet.path, folder / (drawing.id() + ".pdf"), "--figures")) continue;
    base::log_warning(fmt::format("{} has the figures as SVG and CSV, but not as PDF, which needs Chromium: {}",
                                  folder.string(), kInstall));
    return;
  }
}

}  // namespace

void write_page(const Page& page, const std::filesystem::path& html, const PageFiles& files) {
  const std::vector<Drawing> drawings = drawings_of(page);
  base::write_file(html, build_page(page, drawings));
  if (files.figures) write_figures(drawings, html.parent_path() / (html.stem().string() + "-figures"));
  if (files.pdf && !print_to_pdf(html, std::filesystem::path(html).replace_extension(".pdf"), "--pdf"))
    throw base::RunError(fmt::format("--pdf: the page is printed by Chromium, which is not in PATH: {}", kInstall));
}

}  // namespace phaselaw::report
