// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/browser.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::report {

namespace {

// Waits for a process and returns its exit status. An interrupt ends the process.
int wait_for(pid_t id) {
  constexpr auto kPause = std::chrono::milliseconds(20);
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(id, &status, WNOHANG)) == 0 || (ended < 0 && errno == EINTR)) {
    if (base::interrupted()) ::kill(id, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// Runs a program without a shell, its output going to /dev/null. Its exit status; -1 when it is not in PATH.
int run_quietly(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  pid_t id = -1;
  const int problem = ::posix_spawnp(&id, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem == ENOENT) return -1;
  if (problem != 0)
    throw base::RunError(fmt::format("{} cannot be started ({})", words.front(), std::strerror(problem)));
  return wait_for(id);
}

}  // namespace

bool print_to_pdf(const std::filesystem::path& html, const std::filesystem::path& pdf, const std::string& flag) {
  std::filesystem::path part = pdf;
  part += ".part";
  for (const char* program : {"chromium", "chromium-browser", "google-chrome"}) {
    std::vector<std::string> words = {program, "--headless", "--disable-gpu", "--no-pdf-header-footer",
                                      "--print-to-pdf=" + std::filesystem::absolute(part).string()};
    if (::geteuid() == 0) words.emplace_back("--no-sandbox");  // its sandbox refuses to run for root
    words.push_back("file://" + std::filesystem::absolute(html).string());
    const int status = run_quietly(words);
    if (status < 0) continue;
    std::error_code none;
    if (base::interrupted()) std::filesystem::remove(part, none);
    base::throw_if_interrupted();
    if (status != 0 || !std::filesystem::exists(part)) {
      std::filesystem::remove(part, none);
      throw base::RunError(
          fmt::format("{}: {} could not print {} (exit status {})", flag, program, html.string(), status));
    }
    std::filesystem::rename(part, pdf);
    return true;
  }
  return false;
}

}  // namespace phaselaw::report
