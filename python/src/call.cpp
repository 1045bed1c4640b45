// SPDX-License-Identifier: Apache-2.0
#include "call.h"

#include <atomic>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/stl/string.h>

#include "phaselaw/base/log.h"

namespace phaselaw::python {

namespace {

struct Gathered {
  std::mutex mutex;
  std::atomic<bool> any{false};
  std::vector<std::pair<base::LogLevel, std::string>> messages;
};

Gathered& gathered() {
  static Gathered instance;
  return instance;
}

std::vector<std::pair<base::LogLevel, std::string>> taken() {
  const std::lock_guard lock(gathered().mutex);
  gathered().any = false;
  return std::exchange(gathered().messages, {});
}

unsigned long main_thread = 0;  // set once, when the module is created
PyObject* talk = nullptr;       // phaselaw._talk.tell; never released, because it lives as long as the interpreter

}  // namespace

bool on_main_thread() { return PyThread_get_thread_ident() == main_thread; }

void hand_over_log() {
  if (!gathered().any.load(std::memory_order_relaxed)) return;
  const auto messages = taken();
  const nb::handle listener(talk);
  if (!listener.is_valid()) return;
  for (const auto& [level, text] : messages) listener(level != base::LogLevel::info, text);
}

void drop_log() { (void)taken(); }

void add_errors(nb::module_& module) {
  main_thread = nb::cast<unsigned long>(nb::module_::import_("threading").attr("main_thread")().attr("ident"));
  base::set_quiet(true);
  base::set_log_listener([](base::LogLevel level, const std::string& message) {
    const std::lock_guard lock(gathered().mutex);
    gathered().messages.emplace_back(level, message);
    gathered().any = true;
  });
  module.def("set_talk", [](nb::object listener) { talk = listener.release().ptr(); });
  module.def("show_progress", [](bool shown) { base::set_quiet(!shown); });

  const nb::object errors = nb::module_::import_("phaselaw._errors");
  static PyObject* input_error = errors.attr("InputError").ptr();
  static PyObject* run_error = errors.attr("RunError").ptr();
  nb::register_exception_translator([](const std::exception_ptr& thrown, void*) {
    try {
      std::rethrow_exception(thrown);
    } catch (const base::InputError& error) {
      PyErr_SetString(input_error, error.what());
    } catch (const std::domain_error& error) {
      PyErr_SetString(input_error, error.what());
    } catch (const base::RunError& error) {
      PyErr_SetString(run_error, error.what());
    } catch (const base::Interrupted& error) {
      PyErr_SetString(PyExc_KeyboardInterrupt, error.what());
    }
  });
}

}  // namespace phaselaw::python
