// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/files.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fcntl.h>
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

// Decompresses all members of a gzip file, one after the other.
std::string unzipped(const std::string& path) {
  const gzFile file = ::gzopen(path.c_str(), "rb");
  if (file == nullptr)
    throw InputError({path}, fmt::format("cannot be read ({}); check the path", std::strerror(errno)));
  std::string text;
  std::array<char, 1 << 16> chunk;
  int got = 0;
  while (text.size() <= kLargestUnzipped && (got = ::gzread(file, chunk.data(), chunk.size())) > 0)
    text.append(chunk.data(), static_cast<std::size_t>(got));
  int status = Z_OK;
  const std::string problem = ::gzerror(file, &status);
  const bool whole = got == 0 && ::gzeof(file) == 1 && status == Z_OK;
  ::gzclose(file);
  if (text.size() > kLargestUnzipped)
    throw InputError({path},
                     fmt::format("expected at most {} bytes when decompressed; split the file", kLargestUnzipped));
  if (!whole)
    throw InputError({path}, fmt::format("cannot be decompressed ({}); check that the gzip file is complete", problem));
  return text;
}

}  // namespace

std::string read_text(const std::string& path) {
  if (is_directory(path)) throw InputError({path}, "expected a file, found a directory");
  std::ifstream in(path, std::ios::binary);
  if (!in) throw InputError({path}, fmt::format("cannot be read ({}); check the path", std::strerror(errno)));
  std::string text;
  std::array<char, 1 << 16> chunk;
  while (in.read(chunk.data(), chunk.size()), in.gcount() > 0)
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  if (in.bad()) throw InputError({path}, fmt::format("reading stopped ({})", std::strerror(errno)));
  if (is_gzip(text)) return unzipped(path);
  return text;
}

namespace {

std::string temporary_name(const std::string& path) { return fmt::format("{}.part-{}", path, ::getpid()); }

}  // namespace

void write_file(const std::string& path, std::string_view content) { write_file(path, {content}); }

void write_file(const std::string& path, std::initializer_list<std::string_view> parts) {
  PieceFile file(path);
  for (const std::string_view part : parts) file.append(part);
  file.commit();
}

PieceFile::PieceFile(const std::string& path)
    : path_(path),
      temporary_(temporary_name(path)),
      file_(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (file_ < 0) throw RunError(fmt::format("{}: cannot be written ({})", path, std::strerror(errno)));
}

PieceFile::~PieceFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void PieceFile::fail(int problem) {
  throw RunError(
      fmt::format("{}: writing failed ({}); no incomplete file was left behind", path_, std::strerror(problem)));
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
  if (::fsync(file_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  ::close(std::exchange(file_, -1));
}

void require_writable_directory(const std::string& directory, const std::string& flag) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error || !is_directory(directory))
    throw InputError({flag}, fmt::format("the directory '{}' cannot be created ({}); choose another", directory,
                                         error ? error.message() : "a file of that name exists"));
  const std::string probe = temporary_name((fs::path(directory) / ".phaselaw").string());
  const int file = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0)
    throw InputError({flag}, fmt::format("no file can be written in '{}' ({}); choose another directory", directory,
                                         std::strerror(errno)));
  ::close(file);
  ::unlink(probe.c_str());
}

void require_writable_file(const std::string& path, const std::string& flag) {
  if (is_directory(path)) throw InputError({flag}, fmt::format("'{}' is a directory; name a file", path));
  const fs::path parent = fs::path(path).parent_path();
  require_writable_directory(parent.empty() ? "." : parent.string(), flag);
}

}  // namespace phaselaw::base
