// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <nanobind/nanobind.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"

// Calls of the library from Python: without the interpreter's lock, with Ctrl-C, and with the library's messages.
namespace phaselaw::python {

namespace nb = nanobind;

[[nodiscard]] bool on_main_thread();  // Python handles Ctrl-C only on its main thread

// Passes the collected messages to Python's warnings and logging (python/phaselaw/_talk.py).
void hand_over_log();
void drop_log();  // after an error they are not needed

// Calls work() without the lock and passes its exceptions on. Ctrl-C on the main thread ends it with base::Interrupted
// at the library's next check of base::interrupted(), which becomes KeyboardInterrupt. Cost: under 2 us.
template <class Work>
auto released(Work&& work) {
  std::optional<base::CatchInterrupt> ctrl_c;
  if (on_main_thread()) ctrl_c.emplace();
  const auto run = [&] {
    try {
      const nb::gil_scoped_release unlocked;
      return work();
    } catch (...) {
      drop_log();
      throw;
    }
  };
  const auto finish = [&] {
    const bool stopped = ctrl_c && base::interrupted();
    ctrl_c.reset();
    hand_over_log();
    if (stopped) throw base::Interrupted("interrupted");
  };
  if constexpr (std::is_void_v<decltype(work())>) {
    run();
    finish();
  } else {
    auto result = run();
    finish();
    return result;
  }
}

void add_errors(nb::module_& module);

}  // namespace phaselaw::python
