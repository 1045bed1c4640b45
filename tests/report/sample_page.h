// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "phaselaw/base/format.h"
#include "phaselaw/report/page.h"

// A page with made-up curves of realistic shape, for the tests and for looking at the layout. No result is in it.
namespace phaselaw::report {

// Deterministic noise in (-1, 1) that needs no random stream.
inline double wobble(int run, int point) {
  const double x = std::sin(12.9898 * run + 78.233 * point) * 43758.5453;
  return 2 * (x - std::floor(x)) - 1;
}

inline Figure sample_two_stage_figure() {
  Figure figure;
  figure.title = "Excess risk against training compute";
  figure.caption =
      "Each thin line is one training run (100 runs, four data sizes). The lower envelope over all runs falls fast, "
      "bends, "
      "and then follows a shallow power law; the shaded strip is the 95 % interval of the bend.";
  figure.alt_text =
      "Log-log plot of excess risk against training FLOP: 100 falling curves, their envelope, a fitted law";
  figure.x = {"training compute, exact", "FLOP", true};
  figure.y = {"excess risk", "", true};
  constexpr Colour kColoursOfRuns[] = {Colour::kSkyBlue, Colour::kGreen, Colour::kPurple, Colour::kOrange};
  constexpr int kPoints = 90;
  Series envelope{"lower envelope", {}, {}, Style::kLine, Colour::kBlack, 3};
  for (int i = 0; i <= kPoints; ++i) {
    envelope.x.push_back(std::pow(10.0, 8 + 6.0 * i / kPoints));
    envelope.y.push_back(1e9);
  }
  for (int run = 0; run < 100; ++run) {
    const int group = run / 25;
    const double n = 32 << group;
    Series s{"runs, n = " + std::to_string(32 << group), {}, {}, Style::kLine, kColoursOfRuns[group], 0.8, 0.4};
    s.x.push_back(0);  // step 0 has no compute: has no place on the log axis
    s.y.push_back(1);
    for (int i = 0; i <= kPoints; ++i) {
      const double c = envelope.x[static_cast<std::size_t>(i)];
      const double scale = 2e9 * std::pow(n / 32, 2.2) * std::exp(0.5 * wobble(run, 0));
      const double risk = 0.9 * std::exp(-std::sqrt(c / scale)) + 0.5 / std::pow(n, 0.8) * (1 + 0.25 * wobble(run, 1)) +
                          0.012 * std::pow(c / 1e14, 0.4);
      const double y = risk * std::exp(0.03 * wobble(run, i + 2));
      s.x.push_back(c);
      s.y.push_back(y);
      double& lowest = envelope.y[static_cast<std::size_t>(i)];
      lowest = std::min(lowest, y);
    }
    figure.series.push_back(s);
  }
  figure.series.push_back(envelope);
  Series law{"fitted two-stage law, 95 % band", {}, {}, Style::kDashed, Colour::kVermillion, 2.6};
  for (double c = 1e8; c < 3e14; c *= 1.2) {
    const double y = 0.9 * std::exp(-std::sqrt(c / 2e9)) + 0.075 * std::pow(c / 1e10, -0.163);
    law.x.push_back(c);
    law.y.push_back(y);
    const double spread = 0.06 + 0.05 * std::abs(std::log10(c / 1e11));
    law.band_lo.push_back(y * (1 - spread));
    law.band_hi.push_back(y * (1 + spread));
  }
  figure.series.push_back(law);
  figure.slope_guides = {{1e11, 0.1, 3e14, -1.0 / 6, "slope −1/6"}, {1e11, 0.1, 3e14, -1.0 / 7, "slope −1/7"}};
  figure.vertical_marks = {{2.4e10, "bend 2.4e10 FLOP", Colour::kBlack}};
  figure.x_intervals = {{1.3e10, 4.4e10, "95 % interval", Colour::kYellow}};
  return figure;
}

inline Figure sample_points_figure() {
  Figure figure;
  figure.title = "Exponent by data set, with intervals";
  figure.caption = "Points are the fitted exponents; bars are 95 % bootstrap intervals.";
  figure.x = {"training sequences", "", true};
  figure.y = {"exponent of compute", "", false};
  figure.series = {{.label = "teacher",
                    .x = {32, 64, 128, 256},
                    .y = {0.171, 0.166, 0.163, 0.158},
                    .style = Style::kPoints,
                    .colour = Colour::kBlue,
                    .error_lo = {0.150, 0.151, 0.151, 0.149},
                    .error_hi = {0.193, 0.181, 0.176, 0.167}},
                   {.label = "English text",
                    .x = {36, 72, 144, 288},
                    .y = {0.118, 0.124, 0.121, 0.131},
                    .style = Style::kLinePoints,
                    .colour = Colour::kVermillion,
                    .error_lo = {0.09, 0.105, 0.109, 0.121},
                    .error_hi = {0.14, 0.143, 0.134, 0.142}}};
  figure.horizontal_marks = {{1.0 / 6, "1/6 (v1)"}, {1.0 / 7, "1/7 (v3)"}};
  return figure;
}

inline Page sample_page() {
  Page page;
  page.title = "Two stages of learning: measured on 100 small transformers";
  page.answer =
      "The loss falls in two stages as the theory says; the exponent of the second stage is 0.163 [0.151, 0.176], "
      "which "
      "holds 1/6 and leaves out 1/7 <example>.";
  page.figures = {sample_two_stage_figure()};
  const auto claim = [](const char* id, const char* statement, const char* source, const std::array<double, 4>& numbers,
                        Verdict verdict, Standing standing) {
    Claim c;
    c.id = id;
    c.statement = statement;
    c.source = source;
    c.predicted = numbers[0];
    c.measured = numbers[1];
    c.lo = numbers[2];
    c.hi = numbers[3];
    c.verdict = verdict;
    c.standing = standing;
    return c;
  };
  std::vector<Claim> claims = {
      claim("E1.bend", "The lower envelope has two stages, parted by one bend.", "Yang 2025, section 6 [S]",
            {2, 2, kNotGiven, kNotGiven}, Verdict::kSupported, Standing::kStated),
      claim("E1.slope", "The data-limited stage has the exponent 1/6 in compute.", "Yang 2025 v1, eq. (12) [S]",
            {1.0 / 6, 0.16349, 0.15112, 0.17553}, Verdict::kSupported, Standing::kStated),
      claim("E1.slope-v3", "The data-limited stage has the exponent 1/7 in compute.", "Yang 2026 v3 [S]",
            {1.0 / 7, 0.16349, 0.15112, 0.17553}, Verdict::kNotSupported, Standing::kStated),
      claim("E1.threshold", "The bend lies at C* = a n^p log(n/ξ²)/ξ².", "theory, section 6 [R]",
            {2.1e10, 2.4e10, 1.3e10, 4.4e10}, Verdict::kInconclusive, Standing::kImplied)};
  claims[1].predicted_text = "1/6";
  claims[1].margin = 0.1 / 6;
  claims[1].p_supporting = 0.004;
  claims[1].p_refuting = 1;
  claims[1].p_adjusted = 0.012;
  claims[1].finding = "The envelope falls as C^-0.163 [0.151, 0.176], as stated (1/6).";
  claims[2].reading = "1/7 lies outside the 95 % interval.";
  claims[3].unit = "FLOP";
  claims[3].finding = "The bend lies at 2.4e10 FLOP, within a factor of 3.4.";
  Section teacher{.title = "On a teacher", .claims = claims};
  Section text{.title = "On real text",
               .paragraphs = {"The same sweep on English text. Intervals are narrower than on the teacher."}};
  text.figures = {sample_points_figure()};
  Table table{"Best run of each data size", {"data", "n", "parameters", "compute", "excess risk", "status"}, {}};
  for (int group = 0; group < 4; ++group)
    table.rows.push_back({group % 2 == 0 ? "teacher" : "text", std::to_string(32 << group),
                          base::format_count(18'432 << group), base::format_flop(3.2e10 * std::pow(7.0, group)),
                          base::format_value(0.0412 / (1 + group), 0.038 / (1 + group), 0.0449 / (1 + group)),
                          "finished"});
  text.tables = {table};
  page.sections = {teacher, text, {.title = "Rules", .paragraphs = {"How verdicts follow."}}};
  page.configurations = {{"Study", "{\n  \"seed\": 7,\n  \"data\": {\"n_data\": [32, 64, 128, 256]}\n}"}};
  page.provenance = {{"version", "0.1.0"}, {"commit", "0123456789abcdef"}, {"machine", "2 cores, 16 GiB"}};
  page.bibtex = {"@software{example, title = {An entry that was passed in}, year = {2025}}"};
  return page;
}

}  // namespace phaselaw::report
