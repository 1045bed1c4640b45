// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/watch/watch.h"

// What a watch shows: its table for a terminal, one line for each event, and an event as JSON.
namespace phaselaw::advice {

// A curve in `width` characters: mean ln loss in columns evenly spaced in the logarithm of the step, from the first step
// > 0 to the last. The highest level is the largest loss of the curve, the lowest the smallest. A column without a row
// repeats the one before it; a column with a loss that is not finite is "!". unicode: eight heights of bars, otherwise
// characters of ASCII. Cost: independent of the rows, because a column shows at most 64 of them.
[[nodiscard]] std::string sparkline(const tables::Curve& curve, std::size_t width, bool unicode);

struct WatchView {
  std::size_t columns = 100, lines = 40;  // of the terminal
  bool unicode = true;
};

// The table with one row for each curve, and below it the sentences of the last events; every line fits the terminal.
[[nodiscard]] std::string watch_table(const std::vector<WatchedCurve>& curves, const std::vector<WatchEvent>& recent,
                                      const WatchView& view);

// "2026-01-31 12:00:00 run.log, step 12k, loss 2.41: State falling: ..." with the time of the clock.
[[nodiscard]] std::string event_line(const WatchEvent& event, const std::string& time);
// {"sequence", "time", "event", "log", "curve", "step", "loss", "state", "forecast", "rule", "code", "text"}
[[nodiscard]] base::Value to_value(const WatchEvent& event, const std::string& time);

// A text cut to this many characters, with "..." at its end (or at its beginning); control characters are removed, so
// that no name of a log can move the cursor.
[[nodiscard]] std::string cut_to(const std::string& text, std::size_t width, bool keep_end = false);

}  // namespace phaselaw::advice
