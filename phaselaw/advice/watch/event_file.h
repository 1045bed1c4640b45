// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"

// A file of JSON lines, one for each event, to which a watch appends. Events have increasing numbers, so that an event
// which the state file knows, and which a kill kept from this file, is appended at the next start, and none twice.
namespace phaselaw::advice {

class EventFile {
 public:
  // Reads the number of the last complete line; a line that was cut by a kill is ended, and its event appended again.
  // InputError at --json if the file cannot be written or its end is no event.
  explicit EventFile(std::string path);
  // Appends the events with a number behind the last one, each line with one call of write. RunError if that fails.
  void append(const std::vector<base::Value>& events);
  [[nodiscard]] std::int64_t last_sequence() const { return last_; }

 private:
  std::string path_;
  std::int64_t last_ = 0;
  bool torn_ = false;  // the last line has no end
};

}  // namespace phaselaw::advice
