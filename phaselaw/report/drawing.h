// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/report/figure.h"
#include "phaselaw/report/layout.h"

// A figure on its way to pages and files. It is laid out when the drawing is made, and drawn once as SVG, which the
// page and the SVG file share, and once for each PDF.
//
// Needs the program gnuplot: RunError when it is absent (names the package) or fails (quotes it). Arrays of different
// length are our bug.
namespace phaselaw::report {

class Drawing {
 public:
  // The figure must outlive the drawing, and stay as it is. Every id of the SVG begins with `id`, so that several may
  // stand in one page.
  explicit Drawing(const Figure& figure, std::string id = "figure");
  explicit Drawing(Figure&&, std::string id = "figure") = delete;

  [[nodiscard]] const Figure& figure() const { return figure_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  // The figure's caption, how many points were left out and why, and which marks lie outside the frame.
  [[nodiscard]] const std::string& caption() const { return caption_; }

  // One <svg> element: viewBox without a fixed size, <title> and <desc>. gnuplot is run by the first call.
  [[nodiscard]] const std::string& svg();
  [[nodiscard]] std::string svg_with_values();  // the pointer finds the values of points (svg.h)
  // A PDF document of one page, 96 px of the figure an inch, its text as text. gnuplot is run by every call.
  [[nodiscard]] std::string pdf() const;

 private:
  [[nodiscard]] std::string run(const std::string& terminal) const;
  const Figure& figure_;
  std::string id_;
  Layout layout_;
  std::string caption_, script_, svg_;
};

}  // namespace phaselaw::report
