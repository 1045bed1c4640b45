// SPDX-License-Identifier: Apache-2.0
//
// What does a page of ten rich figures cost?
//
//   bench_report_figures [--repeats R] [--write-page FILE.html]
//
// Each figure has fifty runs of a hundred points, an envelope, a law with a band, points with error bars, marks, an
// interval and slope guides. Timed are the layout and the drawing of both views of all figures, their data for download
// and the page around them, from plain data to bytes. The answer is checked first: ten figures, each with its data, in a
// page within its limit, and the same bytes twice. Printed are the median and the range of wall-clock time.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "phaselaw/base/files.h"
#include "phaselaw/report/page.h"

namespace {

using namespace phaselaw;
using report::Colour, report::Series, report::Style;

constexpr int kFigures = 10, kRuns = 50, kPoints = 100;

double wobble(int run, int point) {
  const double x = std::sin(12.9898 * run + 78.233 * point) * 43758.5453;
  return 2 * (x - std::floor(x)) - 1;
}

report::Figure rich_figure(int number) {
  report::Figure figure;
  figure.title = fmt::format("Excess risk against compute, part {}", number);
  figure.caption = "Fifty runs, their envelope, and a law with its band.";
  figure.x = {"training compute", "FLOP", true};
  figure.y = {"excess risk", "", true};
  Series envelope{"lower envelope", {}, {}, Style::kLine, Colour::kBlack, 3};
  Series law{"fitted law", {}, {}, Style::kDashed, Colour::kVermillion, 2.5};
  for (int i = 0; i < kPoints; ++i) {
    const double c = std::pow(10.0, 8 + 6.0 * i / kPoints), y = 0.1 * std::pow(c / 1e10, -0.163);
    envelope.x.push_back(c);
    envelope.y.push_back(1e9);
    law.x.push_back(c);
    law.y.push_back(y);
    law.band_lo.push_back(0.9 * y);
    law.band_hi.push_back(1.1 * y);
  }
  for (int run = 0; run < kRuns; ++run) {
    Series s{fmt::format("runs, n = {}", 32 << (run / 13)),
             {},
             {},
             Style::kLine,
             report::series_colour(static_cast<std::size_t>(run / 13)),
             0.8,
             0.4};
    for (int i = 0; i < kPoints; ++i) {
      const auto k = static_cast<std::size_t>(i);
      s.x.push_back(envelope.x[k]);
      s.y.push_back(law.y[k] * (1.2 + 0.1 * run / kRuns) * std::exp(0.05 * wobble(run + 100 * number, i)));
      envelope.y[k] = std::min(envelope.y[k], s.y.back());
    }
    figure.series.push_back(std::move(s));
  }
  Series points{"held out", {1e9, 1e11, 1e13}, {0.2, 0.08, 0.04}, Style::kPoints, Colour::kBlue};
  points.error_lo = {0.18, 0.07, 0.035};
  points.error_hi = {0.22, 0.09, 0.045};
  figure.series.push_back(std::move(envelope));
  figure.series.push_back(std::move(law));
  figure.series.push_back(std::move(points));
  figure.vertical_marks = {{2.4e10, "bend"}};
  figure.x_intervals = {{1.3e10, 4.4e10, "95 % interval"}};
  figure.slope_guides = {{1e11, 0.1, 3e13, -1.0 / 6, "slope -1/6"}, {1e11, 0.1, 3e13, -1.0 / 7, "slope -1/7"}};
  return figure;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

bool sound(const report::Page& page) {
  const std::string html = report::build_page(page);
  return count(html, "<figure ") == kFigures && count(html, "href=\"data:text/csv") == kFigures &&
         count(html, "<svg ") == 2 * kFigures && html.size() <= report::kPageLimitBytes &&
         html == report::build_page(page);
}

}  // namespace

int main(int argc, char** argv) {
  int repeats = 9;
  std::string to;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--repeats") repeats = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--write-page") to = argv[i + 1];
  }
  report::Page page;
  page.title = "Ten figures";
  for (int i = 0; i < kFigures; ++i) page.figures.push_back(rich_figure(i));
  if (!sound(page)) {
    const std::string html = report::build_page(page);
    fmt::print(stderr, "wrong: {} figures, {} data, {} drawings, {} bytes\n", count(html, "<figure "),
               count(html, "href=\"data:text/csv"), count(html, "<svg "), html.size());
    return 1;
  }
  std::vector<double> ms;
  std::size_t bytes = 0;
  for (int i = 0; i < std::max(repeats, 1); ++i) {
    const auto start = std::chrono::steady_clock::now();
    const std::string html = report::build_page(page);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    bytes = html.size();
    if (i == 0 && !to.empty()) base::write_file(to, html);
  }
  std::sort(ms.begin(), ms.end());
  fmt::print("{} figures of {} points each, {} bytes: {:.0f} ms (median of {}; {:.0f} to {:.0f})\n", kFigures,
             kRuns * kPoints, bytes, ms[ms.size() / 2], ms.size(), ms.front(), ms.back());
  return 0;
}
