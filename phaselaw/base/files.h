// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

// Files that are there whole or not at all.
namespace phaselaw::base {

// A file that decompresses to more than this is refused.
inline constexpr std::size_t kLargestUnzipped = std::size_t{1} << 31;

// The whole file; one that begins as gzip does is decompressed. InputError when it is missing, a directory or
// unreadable, or when the gzip data are cut short or damaged.
[[nodiscard]] std::string read_text(const std::string& path);

// Writes `content` beside `path` and renames it into place after fsync: a reader, a full disk or a kill sees the old
// file or the new one, never a part. RunError when the disk is full or the write fails; the temporary is removed.
void write_file(const std::string& path, std::string_view content);
void write_file(const std::string& path, std::initializer_list<std::string_view> parts);  // one after the other

// The same for what is not in memory as a whole: pieces one after the other, then commit(). Without it the file never
// comes to be.
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

// Makes the directory (and its parents) and proves that a file can be written there, before any work begins.
// InputError naming `flag` when not.
void require_writable_directory(const std::string& directory, const std::string& flag);

// The same for one output file: its parent must be a directory in which a file can be written.
void require_writable_file(const std::string& path, const std::string& flag);

}  // namespace phaselaw::base
