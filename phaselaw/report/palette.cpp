// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/palette.h"

#include <array>
#include <cstddef>

#include <fmt/format.h>

namespace phaselaw::report {

namespace {

constexpr std::array<Paint, kColours> kLines = {{{"black", "#000000", "#f2f2f2"},
                                                 {"orange", "#cc8100", "#ffb509"},
                                                 {"sky", "#2e9af0", "#69dfff"},
                                                 {"green", "#01874e", "#07b36f"},
                                                 {"yellow", "#9c8c00", "#f0e442"},
                                                 {"blue", "#1149be", "#5283f3"},
                                                 {"vermillion", "#b93006", "#e45f1a"},
                                                 {"purple", "#b173ae", "#bf75b9"},
                                                 {"grey", "#5b5b5b", "#808080"}}};
constexpr std::array<Paint, kColours> kTexts = {{{"black-text", "#222222", "#f2f2f2"},
                                                 {"orange-text", "#8a5a00", "#ffb509"},
                                                 {"sky-text", "#1768ab", "#69dfff"},
                                                 {"green-text", "#016e40", "#07b36f"},
                                                 {"yellow-text", "#6e6400", "#f0e442"},
                                                 {"blue-text", "#1149be", "#86a8f8"},
                                                 {"vermillion-text", "#a82c06", "#f28552"},
                                                 {"purple-text", "#8a4b86", "#d09acb"},
                                                 {"grey-text", "#5b5b5b", "#a8a8a8"}}};
constexpr Paint kBright{"bright", "#f0e442", "#f0e442"};
constexpr std::array<Paint, 8> kOthers = {paint::kInk,  paint::kTic,       paint::kFrame, paint::kGuide,
                                          paint::kGrid, paint::kMinorGrid, paint::kCard,  kBright};

}  // namespace

const Paint& line_paint(Colour colour) { return kLines[static_cast<std::size_t>(colour)]; }
const Paint& shade_paint(Colour colour) { return colour == Colour::kYellow ? kBright : line_paint(colour); }
const Paint& text_paint(Colour colour) { return kTexts[static_cast<std::size_t>(colour)]; }

std::string fill(const Paint& paint) { return fmt::format("class=\"f-{}\" fill=\"{}\"", paint.name, paint.light); }

std::string stroke(const Paint& paint) {
  return fmt::format("class=\"s-{}\" stroke=\"{}\" fill=\"none\"", paint.name, paint.light);
}

std::string fill_and_stroke(const Paint& fill, const Paint& stroke) {
  return fmt::format("class=\"f-{} s-{}\" fill=\"{}\" stroke=\"{}\"", fill.name, stroke.name, fill.light, stroke.light);
}

std::string figure_style() {
  std::string rules = "@media screen and (prefers-color-scheme: dark) {\n";
  const auto add = [&](const Paint& paint) {
    rules += fmt::format(".f-{0} {{ fill: {1}; }} .s-{0} {{ stroke: {1}; }}\n", paint.name, paint.dark);
  };
  for (const auto& paint : kOthers) add(paint);
  for (const auto& paint : kLines) add(paint);
  for (const auto& paint : kTexts) rules += fmt::format(".f-{} {{ fill: {}; }}\n", paint.name, paint.dark);
  return rules + "}\n";
}

}  // namespace phaselaw::report
