// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/out_of_memory.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>

#include <unistd.h>

#include "phaselaw/base/log.h"

namespace phaselaw::cli {

namespace {

// Process-wide, because a handler of the language or of a signal has no other state.
std::atomic<const char*> verb_of_command{""};
std::atomic<bool> allocation_failed{false};
std::atomic<std::terminate_handler> former_handler{nullptr};

constexpr int kMemoryExit = 1;  // failure at run time

void on_failed_allocation() {
  allocation_failed.store(true);
  throw std::bad_alloc();
}

void on_terminate() {
  if (allocation_failed.load()) ::_exit(report_out_of_memory());
  former_handler.load()();  // tells which exception it was
  std::abort();
}

extern "C" void on_abort(int) {
  if (allocation_failed.load()) ::_exit(report_out_of_memory());
  std::signal(SIGABRT, SIG_DFL);  // abort() then ends the process
}

}  // namespace

int report_out_of_memory() noexcept {
  // Only a plain word, because a control character could act on the terminal.
  std::string_view verb = verb_of_command.load();
  if (verb.find_first_not_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos) verb = "";
  base::log_error_without_memory({"out of memory while running phaselaw", verb.empty() ? "" : " ", verb,
                                  "; close other programs, or use less data, smaller sizes or fewer --threads, and run "
                                  "the same command again"});
  return kMemoryExit;
}

void end_with_sentence_without_memory(int argc, const char* const* argv) {
  if (argc > 1) verb_of_command.store(argv[1]);
  std::set_new_handler(on_failed_allocation);
  former_handler.store(std::set_terminate(on_terminate));
  std::signal(SIGABRT, on_abort);
}

}  // namespace phaselaw::cli
