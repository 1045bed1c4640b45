// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/report/figure.h"
#include "phaselaw/report/layout.h"

// A figure on its way to pages and files. Arrays of different length are our bug.
namespace phaselaw::report {

class Drawing {
 public:
  // The figure must outlive the drawing and must not change. Every id of the SVG begins with `id`, so that several may
  // stand in one page.
  explicit Drawing(const Figure& figure, std::string id = "figure");
  explicit Drawing(Figure&&, std::string id = "figure") = delete;

  [[nodiscard]] const Figure& figure() const { return figure_; }
  [[nodiscard]] const std::string& id() const { return id_; }
  // The figure's caption, how many points were left out and why, and which marks lie outside the frame.
  [[nodiscard]] const std::string& caption() const { return caption_; }

  // One <svg> element with a viewBox and no fixed size, for a file of its own: it has a background, and a dark one on dark
  // screens.
  [[nodiscard]] std::string svg() const;
  // The same for a page that has figure_style() (palette.h). The wide one has values under the pointer (values.h).
  [[nodiscard]] std::string page_svg(View view) const;
  // An HTML page of the figure's size that holds nothing else: what is printed for its PDF file.
  [[nodiscard]] std::string sheet() const;

 private:
  [[nodiscard]] const std::string& description() const;
  const Figure& figure_;
  std::string id_;
  Layout wide_;
  std::string caption_;
};

}  // namespace phaselaw::report
