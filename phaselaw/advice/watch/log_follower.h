// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/advice/watch/growing_curves.h"

// One log that a training writes while it is watched: a file, or the event files of one folder.
//
//   new lines    only bytes behind the last complete line that was read; a last line without its end is not read,
//                because half a number is another number
//   whole        documents that are not lines (JSON documents, event files, compressed files), lines that do not continue
//                the curves (a resumed run), and a document that has grown by kGrowth since it was read as a whole
//   identity     the log is the same as long as its first bytes and the bytes before the last line read are unchanged,
//                so a file that is written again with the same content and more is still the same log
// A file is open only while it is read, never exclusively. What happens to a log (it vanishes, shrinks, is replaced, is
// written again, cannot be read) is one sentence each, never an exception. The curves of a log that vanished are kept; a
// log with other content begins anew.
// Cost of a look without a change: one call of stat (about 2 us) for each file.
namespace phaselaw::advice {

// Its first bytes, and how far it was read.
struct LogMark {
  std::uint64_t head_hash = 0;
  std::uint64_t head_size = 0, offset = 0;  // bytes
};

enum class LogPresence { unknown, missing, there, unreadable };

// What a watch that is started again has to know about a log: what is the same log, and what was told about it.
struct LogMemory {
  LogMark mark;
  LogPresence presence = LogPresence::unknown;
  std::string told;  // the last refusal, without its numbers
};

struct LogLook {
  std::vector<std::string> events;  // sentences, without the name of the log
  bool grown = false;               // there are new rows
  bool restarted = false;           // the content is another one: nothing of before holds
  bool more = false;                // there are more new lines than one look reads
  bool waits = false;               // the whole document must be read, which `may_read_whole` did not allow
};

class LogFollower {
 public:
  // `named`: by the user. A file that was found in a folder may hold no table, which is no event.
  LogFollower(std::vector<std::string> paths, bool named, const tables::ReadOptions& read,
              const std::vector<std::string>& runs);

  [[nodiscard]] LogLook look(bool may_read_whole);

  [[nodiscard]] const std::string& path() const { return paths_.front(); }
  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }
  void set_paths(std::vector<std::string> paths) { paths_ = std::move(paths); }  // further event files
  [[nodiscard]] const std::vector<tables::Curve>& curves() const { return curves_.curves(); }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return curves_.warnings(); }
  [[nodiscard]] const std::string& refusal() const { return refusal_; }  // why there are no curves; may be empty
  [[nodiscard]] bool exists() const { return presence_ == LogPresence::there; }
  // Seconds since the log was written, by the clock of the file system; 0 if it does not exist.
  [[nodiscard]] double quiet_s() const;
  [[nodiscard]] LogMemory memory() const { return {mark_, presence_, told_}; }
  // After a restart of the watch. The first look then tells if the content is another one.
  void remember(const LogMemory& memory);

  static constexpr double kGrowth = 1.3;

 private:
  struct Stamp {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  [[nodiscard]] bool find(std::vector<Stamp>& stamps, LogLook& look);
  [[nodiscard]] bool read_new_lines(const Stamp& stamp, LogLook& look);
  void read_document(const Stamp& stamp, bool may_read_whole, LogLook& look);
  void read_whole(const Stamp& stamp, LogLook& look);
  void refuse(const std::string& why, LogLook& look);
  void check_identity(const Stamp& stamp, LogLook& look);

  std::vector<std::string> paths_;
  bool named_;
  GrowingCurves curves_;
  tables::ReadOptions read_;
  LogPresence presence_ = LogPresence::unknown;
  std::vector<Stamp> stamps_;  // at the last read
  LogMark mark_;
  std::string tail_;  // the last bytes before the offset
  bool whole_due_ = false;
  std::uint64_t whole_size_ = 0;  // when the document was read as a whole
  std::string refusal_, told_;
};

// InputError for a path that can never be followed: a pipe, a device, standard input.
void require_followable(const std::string& path);

// A message without its numbers, to recognise a message that only counts on.
[[nodiscard]] std::string without_numbers(std::string_view message);

}  // namespace phaselaw::advice
