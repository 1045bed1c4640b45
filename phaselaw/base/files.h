// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

// Files that are written completely or not at all.
namespace phaselaw::base {

// Largest size of a decompressed file; larger ones are refused.
inline constexpr std::size_t kLargestUnzipped = std::size_t{1} << 31;

// The whole file, decompressed if it begins like a gzip file. InputError if it is missing, a directory or unreadable,
// or if the gzip data are truncated or damaged.
[[nodiscard]] std::string read_text(const std::string& path);

// Writes `content` to a temporary file next to `path` and renames it after fsync: a reader sees the old file or the new
// one, never a part, also after a kill or on a full disk. RunError if the disk is full or the write fails; the
// temporary file is then removed.
void write_file(const std::string& path, std::string_view content);
void write_file(const std::string& path, std::initializer_list<std::string_view> parts);  // one after the other

// The same for content that is not in memory as a whole: pieces one after the other, then commit(). Without commit() no
// file is created.
class PieceFile {
 public:
  explicit PieceFile(const std::string& path);
  ~PieceFile();
  PieceFile(const PieceFile&) = delete;
  PieceFile& operator=(const PieceFile&) = delete;
  void append(std::string_view piece);
  void commit();

 private:
  [[noreturn]] void fail(int problem);
  std::string path_, temporary_;
  int file_;
};

// Creates the directory (and its parents) and checks that a file can be written there, before any work begins.
// InputError at `flag` if not.
void require_writable_directory(const std::string& directory, const std::string& flag);

// The same for one output file: its parent must be a directory in which a file can be written.
void require_writable_file(const std::string& path, const std::string& flag);

}  // namespace phaselaw::base
