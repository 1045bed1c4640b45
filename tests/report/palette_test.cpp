// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/palette.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

using Rgb = std::array<double, 3>;

// Linear light of "#rrggbb".
Rgb linear(const std::string& code) {
  Rgb rgb{};
  for (std::size_t i = 0; i < 3; ++i) {
    const double v = std::stoi(code.substr(1 + 2 * i, 2), nullptr, 16) / 255.0;
    rgb[i] = v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
  }
  return rgb;
}

// WCAG 2.1.
double contrast(const std::string& a, const std::string& b) {
  const auto luminance = [](const Rgb& c) { return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  const double x = luminance(linear(a)) + 0.05, y = luminance(linear(b)) + 0.05;
  return std::max(x, y) / std::min(x, y);
}

Rgb lab(const Rgb& rgb) {
  const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
  const auto row = [&](double r, double g, double b, double white) {
    return f((r * std::clamp(rgb[0], 0.0, 1.0) + g * std::clamp(rgb[1], 0.0, 1.0) + b * std::clamp(rgb[2], 0.0, 1.0)) /
             white);
  };
  const double x = row(0.4124, 0.3576, 0.1805, 0.9505), y = row(0.2126, 0.7152, 0.0722, 1),
               z = row(0.0193, 0.1192, 0.9505, 1.089);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

// Machado, Oliveira and Fernandes 2009, severity 1: full sight, and without the long, middle or short cones.
constexpr std::array<std::array<Rgb, 3>, 4> kEyes = {
    {{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
     {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
     {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
     {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}}};

double difference(const std::string& a, const std::string& b, const std::array<Rgb, 3>& eye) {
  const auto seen = [&](const std::string& code) {
    const Rgb c = linear(code);
    Rgb out{};
    for (std::size_t i = 0; i < 3; ++i) out[i] = eye[i][0] * c[0] + eye[i][1] * c[1] + eye[i][2] * c[2];
    return lab(out);
  };
  const Rgb p = seen(a), q = seen(b);
  return std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

TEST(Palette, StandsOutFromTheCardInLightAndDark) {
  for (std::size_t i = 0; i < kColours; ++i) {
    const auto colour = static_cast<Colour>(i);
    const Paint &line = line_paint(colour), &text = text_paint(colour);
    EXPECT_GE(contrast(text.light, paint::kCard.light), 4.5) << text.name;
    EXPECT_GE(contrast(text.dark, paint::kCard.dark), 4.5) << text.name;
    EXPECT_GE(contrast(line.light, paint::kCard.light), 3) << line.name;
    EXPECT_GE(contrast(line.dark, paint::kCard.dark), 3) << line.name;
  }
  for (const Paint& p : {paint::kInk, paint::kTic}) {
    EXPECT_GE(contrast(p.light, paint::kCard.light), 4.5) << p.name;
    EXPECT_GE(contrast(p.dark, paint::kCard.dark), 4.5) << p.name;
  }
}

TEST(Palette, AnyTwoColoursDifferToEveryEye) {
  for (std::size_t i = 0; i < kColours; ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const Paint &a = line_paint(static_cast<Colour>(i)), &b = line_paint(static_cast<Colour>(j));
      if (std::string(a.name) == "yellow" || std::string(b.name) == "yellow") continue;
      for (std::size_t eye = 0; eye < kEyes.size(); ++eye) {
        EXPECT_GE(difference(a.light, b.light, kEyes[eye]), 20) << a.name << " " << b.name << " " << eye;
        EXPECT_GE(difference(a.dark, b.dark, kEyes[eye]), 20) << a.name << " " << b.name << " " << eye;
      }
    }
}

TEST(Palette, TheStyleGivesEveryColourADarkOne) {
  const std::string style = figure_style();
  EXPECT_TRUE(style.starts_with("@media screen and (prefers-color-scheme: dark)"));
  for (std::size_t i = 0; i < kColours; ++i)
    for (const Paint& p : {line_paint(static_cast<Colour>(i)), text_paint(static_cast<Colour>(i))})
      EXPECT_NE(style.find(std::string(".f-") + p.name + " { fill: " + p.dark), std::string::npos) << p.name;
}

}  // namespace
}  // namespace phaselaw::report
