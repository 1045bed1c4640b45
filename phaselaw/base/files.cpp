// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/files.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace fs = std::filesystem;

namespace {

// A path that cannot be inspected (too long, forbidden) is no directory; opening it then reports the problem.
bool is_directory(const std::string& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

// A device or a pipe may have no end, and a few packed bytes can become very many.
constexpr std::size_t kLongestStream = std::size_t{1} << 26, kMostOfPacked = 200;

void refuse_long_stream(const std::string& path) {
  throw InputError({path},
                   fmt::format("expected a file, found a device or a pipe of more than {} bytes; save it as a file",
                               kLongestStream));
}

// Decompresses all members of a gzip file, one after the other.
std::string unzipped(const std::string& path, std::size_t packed_bytes) {
  const gzFile file = ::gzopen(path.c_str(), "rb");
  if (file == nullptr)
    throw InputError({path}, fmt::format("cannot be read ({}); check the path", std::strerror(errno)));
  std::string text;
  std::array<char, 1 << 16> chunk;
  int got = 0;
  while (text.size() <= kLargestUnzipped && (got = ::gzread(file, chunk.data(), chunk.size())) > 0)
    if (text.append(chunk.data(), static_cast<std::size_t>(got));
        text.size() > kLongestStream && text.size() / kMostOfPacked > packed_bytes)
      break;
  int status = Z_OK;
  const std::string problem = ::gzerror(file, &status);
  const bool whole = got == 0 && ::gzeof(file) == 1 && status == Z_OK;
  ::gzclose(file);
  if (got > 0 && text.size() <= kLargestUnzipped)
    throw InputError({path},
                     fmt::format("the data are more than {} times larger than the gzip file, as in files that were "
                                 "made to fill a memory; if it is sound, decompress it first",
                                 kMostOfPacked));
  if (text.size() > kLargestUnzipped)
    throw InputError({path},
                     fmt::format("expected at most {} bytes when decompressed; split the file", kLargestUnzipped));
  if (!whole)
    throw InputError({path}, fmt::format("cannot be decompressed ({}); check that the gzip file is complete", problem));
  return text;
}

}  // namespace

int open_input(const std::string& path) {
  constexpr int kFirstByte_ms = 1500;
  // Without O_NONBLOCK, opening a pipe would wait for a program that writes to it.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const auto fail = [&](const std::string& why) {
    if (file >= 0) ::close(file);
    throw InputError({path.empty() ? "''" : path}, why);
  };
  struct stat status {};
  if (file < 0 || ::fstat(file, &status) != 0)
    fail(fmt::format("cannot be read ({}); check the path", std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) fail("expected a file, found a directory");
  const bool named = !path.starts_with("/dev/fd/") && !path.starts_with("/proc/");
  pollfd waiting{.fd = file, .events = POLLIN, .revents = 0};
  if (S_ISFIFO(status.st_mode) && named && ::poll(&waiting, 1, kFirstByte_ms) <= 0)
    fail("no program has written to this pipe; start the program that writes first");
  ::fcntl(file, F_SETFL, ::fcntl(file, F_GETFL) & ~O_NONBLOCK);
  return file;
}

std::string read_text(const std::string& path) {
  const int file = open_input(path);
  std::string text;
  std::error_code error;
  const bool regular = fs::is_regular_file(path, error);
  if (const auto size = regular ? fs::file_size(path, error) : 0; size > 0 && !error) text.reserve(size + 1);
  std::array<char, 1 << 16> chunk;
  ssize_t got = 0;
  bool endless = false;
  while (!endless && ((got = ::read(file, chunk.data(), chunk.size())) > 0 || (got < 0 && errno == EINTR)))
    if (got > 0) {
      text.append(chunk.data(), static_cast<std::size_t>(got));
      endless = !regular && text.size() > kLongestStream;
    }
  const int problem = got < 0 ? errno : 0;
  ::close(file);
  if (endless) refuse_long_stream(path);
  if (problem != 0) throw InputError({path}, fmt::format("reading stopped ({})", std::strerror(problem)));
  if (is_gzip(text)) return unzipped(path, text.size());
  return text;
}

void require_writable_directory(const std::string& directory, const std::string& flag) {
  if (directory.empty()) throw InputError({flag}, "the directory '' has no name; give one");
  std::error_code error;
  fs::path existing = directory;
  while (!existing.empty() && !fs::exists(existing, error) && !error) existing = existing.parent_path();
  if (error || !is_directory(existing.empty() ? "." : existing.string()))
    throw InputError({flag}, fmt::format("the directory '{}' cannot be created ({}); choose another", directory,
                                         error ? error.message() : fmt::format("'{}' is a file", existing.string())));
  if (existing.empty()) existing = ".";
  // Only an attempt tells: rights, quotas and read-only file systems differ. A file without a name leaves nothing behind
  // when the process is killed; where the file system has none, it is removed at once.
  int file = ::open(existing.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT || errno == EINVAL)) {
    std::string probe = (existing / ".phaselaw-XXXXXX").string();
    file = ::mkostemp(probe.data(), O_CLOEXEC);
    if (file >= 0) ::unlink(probe.c_str());
  }
  if (file < 0) {
    const std::string why = std::strerror(errno);
    const std::string place = fmt::format("no file can be written in '{}' ({})", existing.string(), why);
    throw InputError({flag}, fs::path(directory) == existing
                                 ? place + "; choose another directory"
                                 : fmt::format("the directory '{}' cannot be created, because {}; choose another",
                                               directory, place));
  }
  ::close(file);
}

void require_writable_file(const std::string& path, const std::string& flag) {
  if (path.empty()) throw InputError({flag}, "the file '' has no name; give one");
  if (is_directory(path)) throw InputError({flag}, fmt::format("'{}' is a directory; name a file", path));
  const fs::path parent = fs::path(path).parent_path();
  require_writable_directory(parent.empty() ? "." : parent.string(), flag);
}

}  // namespace phaselaw::base
