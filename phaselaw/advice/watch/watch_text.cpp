// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/watch_text.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 8> kAsciiBars = {"_", ".", ",", "-", "~", "=", "^", "#"};
constexpr std::size_t kSparkWidth = 24, kMostLabel = 32, kRecentEvents = 5;

// The mean ln loss of some of these rows, at most kSparkRows; NaN: no row, infinity: a loss that is not finite.
double spark_level(const std::vector<double>& loss, std::size_t begin, std::size_t end) {
  constexpr std::size_t kSparkRows = 64;
  const std::size_t stride = std::max<std::size_t>(1, (end - begin) / kSparkRows);
  double sum = 0, count = 0;
  for (std::size_t i = begin; i < end; i += stride) {
    if (!std::isfinite(loss[i])) return base::kInfinity;
    if (!(loss[i] > 0)) continue;
    sum += std::log(loss[i]);
    ++count;
  }
  if (end > begin && !std::isfinite(loss[end - 1])) return base::kInfinity;
  return count > 0 ? sum / count : base::kNaN;
}

// The levels of columns evenly spaced in the logarithm of the position.
std::vector<double> spark_levels(const tables::Curve& curve, std::size_t width) {
  std::vector<double> levels(width, base::kNaN);
  const std::vector<double>& at = curve.progress();
  const auto first = std::upper_bound(at.begin(), at.end(), 0.0);
  if (first == at.end()) return levels;
  const double lo = std::log(*first), range = std::log(at.back()) - lo;
  auto begin = static_cast<std::size_t>(first - at.begin());
  for (std::size_t c = 0; c < width; ++c) {
    const double edge = std::exp(lo + range * static_cast<double>(c + 1) / static_cast<double>(width));
    const auto behind = std::lower_bound(at.begin() + static_cast<long>(begin), at.end(), edge);
    const std::size_t end = c + 1 == width ? at.size() : static_cast<std::size_t>(behind - at.begin());
    levels[c] = spark_level(curve.loss, begin, end);
    if (std::isnan(levels[c]) && c > 0 && std::isfinite(levels[c - 1])) levels[c] = levels[c - 1];
    begin = end;
  }
  return levels;
}

std::string_view last_characters(std::string_view text, std::size_t n) {
  std::size_t begin = text.size();
  while (begin > 0 && n > 0) {
    --begin;
    if ((static_cast<unsigned char>(text[begin]) & 0xC0U) != 0x80U) --n;
  }
  return text.substr(begin);
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string short_step(double step) {
  return std::isnan(step) ? "" : base::format_number(step, 3, base::Notation::suffix);
}

double latest(const std::vector<double>& values) { return values.empty() ? base::kNaN : values.back(); }

std::vector<std::string> table_row(const WatchedCurve& row, bool unicode) {
  std::string label = cut_to(row.label, kMostLabel, true);
  if (row.curve == nullptr) return {label, "", "", "", row.shown_state, ""};
  const double loss = latest(row.curve->loss);
  return {label,
          short_step(latest(row.curve->progress())),
          std::isfinite(loss) ? base::format_number(loss, 4) : "not finite",
          sparkline(*row.curve, kSparkWidth, unicode),
          row.judged ? row.shown_state : "",
          row.judged ? forecast_text(row.judgement.forecast) : ""};
}

}  // namespace

std::string cut_to(const std::string& text, std::size_t width, bool keep_end) {
  std::string clean = report::clean_text(text);
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c == '\n' || c == '\t' || c == '\r'; }, ' ');
  if (characters(clean) <= width) return clean;
  if (width < 4) return clean.substr(0, 0);
  if (keep_end) return "..." + std::string(last_characters(clean, width - 3));
  std::size_t end = 0;
  for (std::size_t n = 0; end < clean.size(); ++end)
    if ((static_cast<unsigned char>(clean[end]) & 0xC0U) != 0x80U && n++ == width - 3) break;
  return clean.substr(0, end) + "...";
}

std::string sparkline(const tables::Curve& curve, std::size_t width, bool unicode) {
  const std::vector<double> levels = spark_levels(curve, width);
  double lo = base::kInfinity, hi = -base::kInfinity;
  for (const double level : levels)
    if (std::isfinite(level)) {
      lo = std::min(lo, level);
      hi = std::max(hi, level);
    }
  const auto& bars = unicode ? kBars : kAsciiBars;
  std::string out;
  for (const double level : levels) {
    if (std::isnan(level)) {
      out += ' ';
    } else if (std::isinf(level)) {
      out += '!';
    } else {
      const double height = hi > lo ? (level - lo) / (hi - lo) : 0;
      out += bars[std::min<std::size_t>(static_cast<std::size_t>(height * 8), 7)];
    }
  }
  return out;
}

std::string watch_table(const std::vector<WatchedCurve>& curves, const std::vector<WatchEvent>& recent,
                        const WatchView& view) {
  const std::size_t sentences = std::min(recent.size(), kRecentEvents);
  const std::size_t room = view.lines > sentences + 5 ? view.lines - sentences - 4 : 1;
  std::vector<std::vector<std::string>> rows = {{"log", "step", "loss", "curve (log axes)", "state", "forecast"}};
  for (const WatchedCurve& curve : curves)
    if (rows.size() <= room) rows.push_back(table_row(curve, view.unicode));
  std::string text = report::text_table(rows);
  if (curves.size() > room) text += fmt::format("and {} more; enlarge the window to see them\n", curves.size() - room);
  if (sentences > 0) text += '\n';
  for (std::size_t i = recent.size() - sentences; i < recent.size(); ++i)
    text += fmt::format("{}{}{}\n", recent[i].label, recent[i].label.empty() ? "" : ": ", recent[i].text);
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += cut_to(text.substr(begin, end - begin), view.columns) + "\n";
    begin = end + 1;
  }
  return out;
}

std::string event_line(const WatchEvent& event, const std::string& time) {
  std::string line = time;
  if (!event.label.empty()) line += " " + event.label;
  if (!std::isnan(event.step)) line += fmt::format(", step {}", short_step(event.step));
  if (!std::isnan(event.loss) && std::isfinite(event.loss))
    line += fmt::format(", loss {}", base::format_number(event.loss, 4));
  line += ": ";
  if (!event.rule.empty()) line += fmt::format("the rule '{}' stops the watch. ", event.rule);
  return cut_to(line + event.text, 2000);
}

base::Value to_value(const WatchEvent& event, const std::string& time) {
  base::Value out = base::Value::table({{"sequence", event.sequence}, {"time", time}, {"event", event.kind}});
  if (!event.log.empty()) out["log"] = event.log;
  if (!event.curve.empty()) out["curve"] = event.curve;
  if (!std::isnan(event.step)) {
    out["step"] = event.step;
    out["loss"] = event.loss;
  }
  if (!event.state.empty()) out["state"] = event.state;
  if (event.forecast) {
    const Forecast& forecast = *event.forecast;
    out["forecast"] = base::Value::table({{"status", base::enum_to_text(forecast.status)},
                                          {"value", forecast.final_loss.value},
                                          {"lo", forecast.final_loss.lo},
                                          {"hi", forecast.final_loss.hi},
                                          {"to", forecast.to}});
  }
  if (!event.rule.empty()) {
    out["rule"] = event.rule;
    out["code"] = event.code;
  }
  out["text"] = event.text;
  return out;
}

}  // namespace phaselaw::advice
