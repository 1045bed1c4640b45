// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/files.h"

#include <vector>

#include <unistd.h>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/report/drawing.h"
#include "phaselaw/report/programs.h"

namespace phaselaw::report {

namespace {

std::string csv_name(const Axis& axis) {
  return base::csv_quoted(axis.unit.empty() ? axis.label : fmt::format("{} ({})", axis.label, axis.unit));
}

// A browser prints the page: nothing else reads the page's own style sheet as it is shown.
void print_page(const std::filesystem::path& html, const std::filesystem::path& pdf) {
  std::filesystem::path part = pdf;
  part += ".part";
  for (const char* program : {"chromium", "chromium-browser", "google-chrome"}) {
    std::vector<std::string> words = {program, "--headless", "--disable-gpu", "--no-pdf-header-footer",
                                      "--print-to-pdf=" + std::filesystem::absolute(part).string()};
    if (::geteuid() == 0) words.emplace_back("--no-sandbox");  // its sandbox refuses to run for root
    words.push_back("file://" + std::filesystem::absolute(html).string());
    const int status = run_quietly(words);
    if (status < 0) continue;
    base::throw_if_interrupted();
    std::error_code none;
    if (status != 0 || !std::filesystem::exists(part)) {
      std::filesystem::remove(part, none);
      throw base::RunError(
          fmt::format("--pdf: {} could not print {} (exit status {})", program, html.string(), status));
    }
    std::filesystem::rename(part, pdf);
    return;
  }
  throw base::RunError(
      "--pdf: the page is printed by Chromium, which is not in PATH: install the Debian package chromium, or print the "
      "page from any browser");
}

}  // namespace

std::string figure_csv(const Figure& figure) {
  std::string out =
      fmt::format("series,{},{},band_lo,band_hi,error_lo,error_hi\n", csv_name(figure.x), csv_name(figure.y));
  const auto at = [](const std::vector<double>& values, std::size_t i) {
    return values.empty() ? std::string() : base::csv_number(values[i]);
  };
  for (const Series& s : figure.series)
    for (std::size_t i = 0; i < s.x.size(); ++i)
      out += fmt::format("{},{},{},{},{},{},{}\n", base::csv_quoted(s.label), base::csv_number(s.x[i]),
                         base::csv_number(s.y[i]), at(s.band_lo, i), at(s.band_hi, i), at(s.error_lo, i),
                         at(s.error_hi, i));
  return out;
}

void write_page(const Page& page, const std::filesystem::path& html, const PageFiles& files) {
  std::vector<Drawing> drawings = drawings_of(page);
  base::write_file(html, build_page(page, drawings));
  if (files.figures) {
    const auto folder = html.parent_path() / (html.stem().string() + "-figures");
    base::require_writable_directory(folder, "--figures");
    for (Drawing& drawing : drawings) {
      base::write_file(folder / (drawing.id() + ".svg"), drawing.svg());
      base::write_file(folder / (drawing.id() + ".pdf"), drawing.pdf());
      base::write_file(folder / (drawing.id() + ".csv"), figure_csv(drawing.figure()));
    }
  }
  if (files.pdf) print_page(html, std::filesystem::path(html).replace_extension(".pdf"));
}

}  // namespace phaselaw::report
