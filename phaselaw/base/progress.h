// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <string>

// Progress with rate and remaining time on stderr: a bar on a terminal, a plain line every ten seconds elsewhere.
// Silent for the first two seconds and with --quiet. The remaining time is the remaining work / measured rate, so give
// `total` in units of cost (FLOP, not runs). May be advanced from several threads.
namespace phaselaw::base {

class Progress {
 public:
  Progress(std::string title, double total_work);
  ~Progress();  // ends the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(double work);
  void note(const std::string& what);  // shown after the remaining time, e.g. "41 of 60 runs"

 private:
  void draw(double elapsed_s, bool last);
  std::mutex mutex_;
  std::string title_, note_;
  double total_, done_ = 0;
  std::chrono::steady_clock::time_point start_, drawn_;
  bool terminal_, shown_ = false;
};

[[nodiscard]] std::string format_duration(
    double seconds);  // "0.4 s", "12 s", "3 min 5 s", "2 h 10 min", "unknown time"

}  // namespace phaselaw::base
