// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/svg.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(from, at)) != std::string::npos; at = found + from.size()) {
    out.append(text, at, found - at);
    out += to;
  }
  out.append(text, at);
  text = std::move(out);
}

// Removes every `<open ... close`.
void remove_elements(std::string& text, std::string_view open, std::string_view close) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t found; (found = text.find(open, at)) != std::string::npos;) {
    const std::size_t end = text.find(close, found);
    if (end == std::string::npos) break;
    out.append(text, at, found - at);
    at = end + close.size();
  }
  out.append(text, at);
  text = std::move(out);
}

// Removes `<g ...>` directly followed by `</g>`: gnuplot opens a group at each change of pen.
void remove_empty_groups(std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "<g ") == 0) {
      const std::size_t end = text.find('>', at);
      const std::size_t next = end == std::string::npos ? end : text.find_first_not_of(" \t\n", end + 1);
      if (next != std::string::npos && text.compare(next, 4, "</g>") == 0) {
        at = next + 4;
        continue;
      }
    }
    out += text[at++];
  }
  text = std::move(out);
}

void remove_blank_space(std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool blank = text[at] == '\n' || text[at] == '\t';
    if (blank && (out.empty() || out.back() == '\n' || text[at] == '\t')) continue;
    out += text[at];
  }
  text = std::move(out);
}

constexpr double kThin = 1.5;    // px; lines below are runs in the background
constexpr double kRadius = 6.0;  // px of a target for the pointer

bool shown(const Figure& figure, const Layout& layout, const Series& s, std::size_t i) {
  return drawable(s.x[i], figure.x) && drawable(s.y[i], figure.y) && layout.x.share(s.x[i]) >= 0 &&
         layout.x.share(s.x[i]) <= 1 && layout.y.share(s.y[i]) >= 0 && layout.y.share(s.y[i]) <= 1;
}

bool has_points(const Series& s) {
  return s.style == Style::kPoints || s.style == Style::kLinePoints || s.width >= kThin;
}

std::string value(const Axis& axis, double at) {
  const std::string number = base::format_number(at, 4);
  return axis.unit.empty() ? fmt::format("{} {}", axis.label, number)
                           : fmt::format("{} {} {}", axis.label, number, axis.unit);
}

std::string title(const Figure& figure, const Series& s, std::size_t i) {
  std::string text = s.label.empty() ? std::string() : s.label + "\n";
  text += value(figure.x, s.x[i]) + "\n" + value(figure.y, s.y[i]);
  const auto& lo = s.error_lo.empty() ? s.band_lo : s.error_lo;
  const auto& hi = s.error_hi.empty() ? s.band_hi : s.error_hi;
  if (!lo.empty() && std::isfinite(lo[i]) && std::isfinite(hi[i]))
    text += fmt::format(" [{}, {}]", base::format_number(lo[i], 4), base::format_number(hi[i], 4));
  return escape_html(text);
}

}  // namespace

std::string finish_svg(const std::string& drawing, const std::string& id, const std::string& title,
                       const std::string& description) {
  const std::size_t root = drawing.find("<svg"), root_end = drawing.find('>', root);
  const std::size_t end = drawing.rfind("</svg>");
  const std::size_t box = drawing.find("viewBox=\"", root), box_end = drawing.find('"', box + 9);
  if (root == std::string::npos || end == std::string::npos || box > root_end || box_end > root_end)
    throw base::RunError(
        "gnuplot gave no complete drawing; check the space on the disk and the version (5.4 or later)");
  const std::string view = drawing.substr(box, box_end - box + 1);
  std::string body = drawing.substr(root_end + 1, end - root_end - 1);

  remove_elements(body, "<title>", "</title>");
  remove_elements(body, "<desc>", "</desc>");
  remove_elements(body, "<filter", "</filter>");
  replace_all(body, " font-family=\"Sans\" ", " ");
  replace_all(body, " color=\"black\" stroke=\"currentColor\"", " stroke=\"black\"");
  replace_all(body, "xlink:href", "href");
  for (const char quote : {'\'', '"'}) {
    replace_all(body, fmt::format(" id={}", quote), fmt::format(" id={}{}-", quote, id));
    replace_all(body, fmt::format("href={}#", quote), fmt::format("href={}#{}-", quote, id));
  }
  replace_all(body, "url(#", fmt::format("url(#{}-", id));
  for (std::size_t before = 0; before != body.size();) {
    before = body.size();
    remove_empty_groups(body);
  }
  remove_blank_space(body);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" {} role=\"img\" aria-labelledby=\"{}-title {}-desc\" "
      "font-family=\"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif\">\n"
      "<title id=\"{}-title\">{}</title>\n<desc id=\"{}-desc\">{}</desc>{}</svg>\n",
      view, id, id, id, escape_html(title), id, escape_html(description), body);
}

std::string hover_points(const Figure& figure, const Layout& layout) {
  std::size_t points = 0;
  for (const Series& s : figure.series)
    if (has_points(s)) points += s.x.size();
  const std::size_t every = (points + kHoverPoints - 1) / kHoverPoints;
  std::string out;
  for (const Series& s : figure.series) {
    if (!has_points(s)) continue;
    for (std::size_t i = 0; i < s.x.size(); i += std::max<std::size_t>(every, 1))
      if (shown(figure, layout, s, i))
        out += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle>\n",
                           layout.x.px(s.x[i]), figure.height - layout.y.px(s.y[i]), kRadius, title(figure, s, i));
  }
  return out.empty() ? out : "<g class=\"values\" fill=\"none\" pointer-events=\"all\">\n" + out + "</g>\n";
}

}  // namespace phaselaw::report
