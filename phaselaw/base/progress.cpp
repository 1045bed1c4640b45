// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/progress.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/log.h"

namespace phaselaw::base {

using Clock = std::chrono::steady_clock;

namespace {

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

}  // namespace

std::string format_duration(double seconds) {
  if (!(seconds < 1e9)) return "unknown time";  // more than 30 years, infinite or not a number
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  if (seconds < 120) return fmt::format("{:.0f} s", seconds);
  const long s = std::lround(seconds);
  if (s < 7200) return fmt::format("{} min {} s", s / 60, s % 60);
  return fmt::format("{} h {} min", s / 3600, s % 3600 / 60);
}

Progress::Progress(std::string title, double total_work)
    : title_(one_line(title)), total_(total_work), start_(Clock::now()), drawn_(start_), terminal_(::isatty(2) == 1) {}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  if (shown_) draw(seconds_between(start_, Clock::now()), true);
}

void Progress::advance(double work) {
  const std::lock_guard lock(mutex_);
  done_ += work;
  const auto now = Clock::now();
  const double elapsed = seconds_between(start_, now);
  if (quiet() || elapsed < 2.0 || (shown_ && seconds_between(drawn_, now) < (terminal_ ? 0.1 : 10.0))) return;
  drawn_ = now;
  draw(elapsed, false);
}

void Progress::note(const std::string& what) {
  const std::lock_guard lock(mutex_);
  note_ = one_line(what);
}

void Progress::draw(double elapsed_s, bool last) {
  shown_ = true;
  const double fraction = total_ > 0 ? std::clamp(done_ / total_, 0.0, 1.0) : 0.0;
  const std::string left = last           ? "took " + format_duration(elapsed_s)
                           : fraction > 0 ? format_duration(elapsed_s * (1 - fraction) / fraction) + " left"
                                          : "remaining time unknown";
  if (terminal_) {
    constexpr int kWidth = 28;
    const int filled = static_cast<int>(fraction * kWidth);
    fmt::print(
        stderr, "\r\033[K{} [{}{}] {:3.0f} %  {}  {}{}", title_, std::string(static_cast<std::size_t>(filled), '='),
        std::string(static_cast<std::size_t>(kWidth - filled), ' '), 100 * fraction, left, note_, last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}: {:.0f} %, {}{}{}\n", title_, 100 * fraction, left, note_.empty() ? "" : ", ", note_);
  }
  std::fflush(stderr);
}

}  // namespace phaselaw::base
