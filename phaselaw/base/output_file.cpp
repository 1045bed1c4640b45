// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/output_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/base/blake2b.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/temporary_files.h"

namespace phaselaw::base {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kTemporary = ".part-";
constexpr std::size_t kRandomDigits = 16;
constexpr int kAttempts = 100;

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  throw RunError(fmt::format("{}: cannot be written ({})", path, why));
}

std::string random_digits() {
  std::string digits;
  for (const char byte : random_bytes(kRandomDigits / 2))
    digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

// NAME.part-0123456789abcdef
bool is_temporary_of(std::string_view entry, std::string_view name) {
  return entry.size() == name.size() + kTemporary.size() + kRandomDigits && entry.starts_with(name) &&
         entry.substr(name.size()).starts_with(kTemporary) &&
         entry.find_first_not_of("0123456789abcdef", name.size() + kTemporary.size()) == std::string_view::npos;
}

// Whether the open file is still the one at this path: a process that took it for stale has removed it otherwise.
bool is_at(int file, const std::string& path) {
  struct stat open {};
  struct stat named {};
  return ::fstat(file, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}

void remove_if_stale(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) return;
  struct stat found {};
  if (::fstat(file, &found) == 0 && S_ISREG(found.st_mode) && ::flock(file, LOCK_EX | LOCK_NB) == 0)
    ::unlink(path.c_str());
  ::close(file);
}

void remove_stale(const fs::path& target) {
  const std::string name = target.filename();
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
    if (is_temporary_of(entry->path().filename().native(), name)) remove_if_stale(entry->path());
}

// The file that the path names behind all links.
std::string behind_links(const std::string& path) {
  struct stat named {};
  if (::lstat(path.c_str(), &named) != 0 || !S_ISLNK(named.st_mode)) return path;
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) cannot_write(path, "it is a symbolic link that leads to no file; remove it or create its target");
  return target;
}

int open_through(const std::string& path, const std::string& target) {
  const int file = ::open(target.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0 && errno == ENXIO) cannot_write(path, "nothing reads from this FIFO or device; start the reader first");
  if (file < 0) cannot_write(path, std::strerror(errno));
  ::fcntl(file, F_SETFL, ::fcntl(file, F_GETFL) & ~O_NONBLOCK);
  return file;
}

}  // namespace

void make_directory(const std::string& directory, const std::string& path) {
  std::error_code error;
  if (!directory.empty()) fs::create_directories(directory, error);
  if (error) cannot_write(path, error.message());
}

void write_file(const std::string& path, std::string_view content) { write_file(path, {content}); }

void write_file(const std::string& path, std::initializer_list<std::string_view> parts) {
  PieceFile file(path);
  for (const std::string_view part : parts) file.append(part);
  file.commit();
}

PieceFile::PieceFile(const std::string& path) : path_(path), target_(behind_links(path)) {
  struct stat found {};
  const bool exists = ::stat(target_.c_str(), &found) == 0;
  if (exists && S_ISDIR(found.st_mode)) cannot_write(path, "it is a directory");
  if (exists && !S_ISREG(found.st_mode)) {
    file_ = open_through(path, target_);
    return;
  }
  if (!exists) make_directory(fs::path(target_).parent_path(), path);
  remove_stale(target_);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    temporary_ = fmt::format("{}{}{}", target_, kTemporary, random_digits());
    file_ = create_temporary_file(temporary_, exists ? 0600 : 0666);
    if (file_ < 0 && errno != EEXIST) cannot_write(path, std::strerror(errno));
    if (file_ < 0) continue;
    ::flock(file_, LOCK_EX | LOCK_NB);
    if (is_at(file_, temporary_)) break;
    ::close(std::exchange(file_, -1));
    forget_temporary_file(temporary_);
  }
  if (file_ < 0) cannot_write(path, "no temporary name is free");
  if (!exists || ::fchmod(file_, found.st_mode & 07777) == 0) return;
  const int problem = errno;
  ::unlink(temporary_.c_str());
  forget_temporary_file(temporary_);
  ::close(std::exchange(file_, -1));
  fail(problem);
}

PieceFile::~PieceFile() {
  if (file_ < 0) return;
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    forget_temporary_file(temporary_);
  }
  ::close(file_);
}

void PieceFile::fail(int problem) {
  throw RunError(fmt::format("{}: writing failed ({}){}", path_, std::strerror(problem),
                             temporary_.empty() ? "" : "; no incomplete file was left behind"));
}

void PieceFile::append(std::string_view piece) {
  while (!piece.empty()) {
    const ssize_t written = ::write(file_, piece.data(), piece.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(errno);
    piece.remove_prefix(static_cast<std::size_t>(written));
  }
}

void PieceFile::commit() {
  if (!temporary_.empty() && (::fsync(file_) != 0 || ::rename(temporary_.c_str(), target_.c_str()) != 0)) fail(errno);
  if (!temporary_.empty()) forget_temporary_file(temporary_);
  temporary_.clear();
  close();
}

bool PieceFile::commit_new() {
  if (temporary_.empty()) fail(EEXIST);
  if (::fsync(file_) != 0) fail(errno);
  int problem = ::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (problem == EINVAL || problem == ENOSYS) {  // the file system does not know the flag
    problem = ::link(temporary_.c_str(), target_.c_str()) == 0 ? 0 : errno;
    if (problem == 0) ::unlink(temporary_.c_str());
  }
  if (problem == EEXIST) return false;
  if (problem != 0) fail(problem);
  forget_temporary_file(temporary_);
  temporary_.clear();
  close();
  return true;
}

// Some file systems report a full disk only here.
void PieceFile::close() {
  if (::close(std::exchange(file_, -1)) != 0 && errno != EINTR) fail(errno);
}

void finish_standard_output() {
  const bool lost = std::ferror(stdout) != 0;
  const int problem = std::fflush(stdout) != 0 ? errno : 0;
  if (problem != 0 || lost)
    throw RunError(fmt::format("standard output: writing failed ({}); the results are incomplete",
                               problem != 0 ? std::strerror(problem) : "an earlier write was lost"));
}

void open_standard_streams() {
  for (int stream = 0; stream <= 2; ++stream)
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF) {
      // Opened for the other direction, so that each use is an error. The lowest free number is `stream`.
      [[maybe_unused]] const int opened = ::open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
    }
}

}  // namespace phaselaw::base
