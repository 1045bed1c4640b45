// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/report/figure.h"

// The numbers of a figure, to read elsewhere.
namespace phaselaw::report {

// CSV with one row for each point: series, x, y, and the ends of band and error bar where there are any (else empty).
// `every`: of each series only the points 0, every, 2 every, ... and the last.
[[nodiscard]] std::string figure_csv(const Figure& figure, std::size_t every = 1);

// The same as a data: URI, which a page can hold and a browser saves as a file. Of points that would make it longer than
// `limit` bytes, only every k-th is kept; `every` says which. Empty when fewer than about ten of the longest series would
// be left.
struct DataLink {
  std::string uri{};
  std::size_t every = 1;
};
[[nodiscard]] DataLink figure_data_link(const Figure& figure, std::size_t limit);

}  // namespace phaselaw::report
