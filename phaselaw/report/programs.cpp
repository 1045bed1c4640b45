// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/programs.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/report/format.h"

namespace phaselaw::report {

namespace {

constexpr const char* kInstall = "install the Debian package gnuplot-nox (apt-get install gnuplot-nox)";

// Waits for the program however the scope is left.
class Process {
 public:
  explicit Process(pid_t id) : id_(id) {}
  ~Process() {
    if (id_ > 0) (void)wait();
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  [[nodiscard]] int wait() {
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
  }

 private:
  pid_t id_;
};

class File {
 public:
  File() = default;
  explicit File(int number) : number_(number) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  File(File&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct Channel {  // ours is not inherited by the program
  File ours, theirs;
  // A socket pair rather than a pipe: writing to a program that has ended is then an error code, not SIGPIPE.
  Channel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw base::RunError(fmt::format("gnuplot cannot be started ({})", std::strerror(errno)));
    ours = File(ends[0]);
    theirs = File(ends[1]);
  }
};

// Reads what is there; closes the channel at its end.
void take(File& file, std::string& into) {
  std::array<char, 65536> buffer;
  const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) file.close();
}

void give(File& file, std::string_view& rest) {
  const ssize_t count = ::send(file.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  if (rest.empty() || (count < 0 && errno != EINTR && errno != EAGAIN)) file.close();
}

std::string first_line(const std::string& text) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string line = text.substr(start, end - start);
    if (line.find_first_not_of(" \t^") != std::string::npos) return line.substr(line.find_first_not_of(" \t"));
    start = end + 1;
  }
  return "no message";
}

}  // namespace

std::string gnuplot_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : clean_text(text)) {
    if (c == '\'')
      out += "''";
    else
      out += c == '\n' || c == '\t' ? ' ' : c;
  }
  return out + "'";
}

std::string run_gnuplot(const std::string& script) {
  Channel in, out, error;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.theirs.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out.theirs.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, error.theirs.get(), 2);
  std::string name = "gnuplot", settings = "--default-settings";
  char* const arguments[] = {name.data(), settings.data(), nullptr};
  pid_t id = -1;
  const int problem = ::posix_spawnp(&id, "gnuplot", &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (problem == ENOENT)
    throw base::RunError(fmt::format("figures are drawn by gnuplot, which is not in PATH: {}", kInstall));
  if (problem != 0)
    throw base::RunError(fmt::format("gnuplot cannot be started ({}): {}", std::strerror(problem), kInstall));
  Process process(id);
  in.theirs.close();
  out.theirs.close();
  error.theirs.close();

  std::string drawing, messages;
  std::string_view rest = script;
  while (out.ours.is_open() || error.ours.is_open()) {
    // Negative descriptors are skipped by poll.
    std::array<pollfd, 3> watched = {
        {{in.ours.get(), POLLOUT, 0}, {out.ours.get(), POLLIN, 0}, {error.ours.get(), POLLIN, 0}}};
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw base::RunError(fmt::format("gnuplot cannot be followed ({})", std::strerror(errno)));
    }
    if (watched[0].revents != 0) give(in.ours, rest);
    if (watched[1].revents != 0) take(out.ours, drawing);
    if (watched[2].revents != 0) take(error.ours, messages);
  }
  const int status = process.wait();
  if (status != 0) {
    base::throw_if_interrupted();  // Ctrl-C reaches gnuplot too
    throw base::RunError(fmt::format("gnuplot failed: {}", first_line(messages)));
  }
  return drawing;
}

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
  const int status = Process(id).wait();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

}  // namespace phaselaw::report
