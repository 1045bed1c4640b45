// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

// Files that are written completely or not at all.
//
// A regular file is replaced: its content goes to a temporary file next to it, which is renamed after fsync. A reader
// sees the old file or the new one, never a part, also after a kill or on a full disk. The mode of a file that was there
// is kept. The temporary file is NAME.part-RANDOM, opened exclusively and without following links, so that nobody can
// place one there before, and locked while it is written. Temporary files of the same name that nobody holds, because
// their process was killed, are removed.
//
// The directory of a new file is created with its parents.
//
// A symbolic link is followed, and the file that it points to is replaced. A device, a FIFO or a socket is written to and
// never replaced. A FIFO that nobody reads, and a link to nothing, are refused.
// RunError: a write that fails, with its reason.
namespace phaselaw::base {

// Creates a directory with its parents. RunError at `path`, the file that is to be written there.
void make_directory(const std::string& directory, const std::string& path);

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
  // The same where nothing has this name yet. Returns false, and creates nothing, if something has it: of several
  // processes that create the same file, one succeeds.
  [[nodiscard]] bool commit_new();

 private:
  [[noreturn]] void fail(int problem);
  void close();
  std::string path_;       // as given
  std::string target_;     // behind links
  std::string temporary_;  // empty: written through
  int file_ = -1;
};

// Flushes standard output; RunError if anything that was written to it was lost.
void finish_standard_output();

// Opens standard input, output and error where the process was started without them, so that no file that is opened
// later takes their place. What is written to such an output is lost, and finish_standard_output() says so.
void open_standard_streams();

}  // namespace phaselaw::base
