// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/log_follower.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/byte_source.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/documents/tfevents.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kHeadOfLog = 512, kTailOfLog = 64;
constexpr std::size_t kMostNewBytes = std::size_t{1} << 24;  // of one look

// A regular file, open only in its scope.
class OpenLog {
 public:
  explicit OpenLog(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)), error_(file_ < 0 ? errno : 0) {
    struct stat status {};
    if (file_ >= 0 && (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode))) error_ = EINVAL;
  }
  ~OpenLog() {
    if (file_ >= 0) ::close(file_);
  }
  OpenLog(const OpenLog&) = delete;
  OpenLog& operator=(const OpenLog&) = delete;
  [[nodiscard]] int error() const { return error_; }
  // Up to `size` bytes from `offset`; fewer at the end of the file or where it cannot be read.
  [[nodiscard]] std::string bytes(std::uint64_t offset, std::size_t size) const {
    std::string out(size, '\0');
    std::size_t got = 0;
    while (error_ == 0 && got < size) {
      const ssize_t n = ::pread(file_, out.data() + got, size - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    out.resize(got);
    return out;
  }

 private:
  int file_, error_;
};

// Up to and with the last end of a line.
std::string_view complete_lines(std::string_view text) {
  const auto end = text.find_last_of("\r\n");
  return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

// A JSON text that is one document, and not an object on each line.
bool is_json_document(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || (text[begin] != '{' && text[begin] != '[')) return false;
  const auto end = text.find('\n', begin);
  if (end == std::string_view::npos) return true;
  std::string_view line = text.substr(begin, end - begin);
  while (!line.empty() && (base::is_blank(line.back()) || line.back() == '\r')) line.remove_suffix(1);
  return !(line.front() == '{' && line.back() == '}') ||
         text.find_first_not_of(" \t\r\n", end) == std::string_view::npos;
}

// Whether the bytes are text that grows by lines.
bool is_plain_text(std::string_view head) {
  if (documents::compression_of(head) != documents::Compression::none || documents::begins_tfevents(head)) return false;
  return head.find('\0') == std::string_view::npos && !head.starts_with("\x93NUMPY") && !head.starts_with("PK\x03\x04");
}

std::string bytes_words(std::uint64_t bytes) { return fmt::format("{} bytes", bytes); }

}  // namespace

std::string without_numbers(std::string_view message) {
  std::string out;
  for (const char c : message)
    if (!base::is_digit(c) && c != '.' && c != ',' && c != '-') out += c;
  return out;
}

void require_followable(const std::string& path) {
  if (path == "-")
    throw base::InputError({path}, "standard input cannot be followed; write the log to a file and name it");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return;
  throw base::InputError({path},
                         fmt::format("expected a file or a folder, found {}; write the log to a file and name it",
                                     S_ISFIFO(status.st_mode) ? "a pipe" : "a device"));
}

LogFollower::LogFollower(std::vector<std::string> paths, bool named, const tables::ReadOptions& read,
                         const std::vector<std::string>& runs)
    : paths_(std::move(paths)), named_(named), curves_(read, runs), read_(read) {}

void LogFollower::remember(const LogMemory& memory) {
  mark_ = memory.mark;
  presence_ = memory.presence;
  told_ = memory.told;
}

double LogFollower::quiet_s() const {
  std::int64_t newest = 0;
  for (const Stamp& stamp : stamps_) newest = std::max(newest, stamp.modified_ns);
  if (newest == 0 || presence_ != LogPresence::there) return 0;
  const auto now =
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
  return std::max(0.0, static_cast<double>(now.count() - newest) * 1e-9);
}

// The files as they are now. False if there is nothing to read.
bool LogFollower::find(std::vector<Stamp>& stamps, LogLook& look) {
  const LogPresence before = presence_;
  presence_ = LogPresence::missing;
  int problem = ENOENT;
  for (const std::string& path : paths_) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) {
      problem = errno;
      continue;
    }
    presence_ = S_ISREG(status.st_mode) ? LogPresence::there : LogPresence::unreadable;
    problem = 0;
    if (presence_ == LogPresence::unreadable) break;
    stamps.push_back({static_cast<std::uint64_t>(status.st_dev), static_cast<std::uint64_t>(status.st_ino),
                      static_cast<std::uint64_t>(status.st_size),
                      std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec});
  }
  if (problem != 0 && problem != ENOENT && problem != ENOTDIR) presence_ = LogPresence::unreadable;
  if (presence_ == before) return presence_ == LogPresence::there;
  if (presence_ == LogPresence::missing)
    look.events.emplace_back(before == LogPresence::unknown
                                 ? "The file does not exist yet; watch waits for it."
                                 : "The file has vanished; its last state is kept, and watch waits for its return.");
  else if (presence_ == LogPresence::unreadable)
    look.events.push_back(problem != 0
                              ? fmt::format("The file cannot be read ({}); watch tries again.", std::strerror(problem))
                              : "The path is no longer a file; watch waits until it is one again.");
  else if (before != LogPresence::unknown)
    look.events.emplace_back(before == LogPresence::missing ? "The file has appeared." : "The file can be read again.");
  return presence_ == LogPresence::there;
}

// Whether the file still begins and continues as it did when it was read.
void LogFollower::check_identity(const Stamp& stamp, LogLook& look) {
  if (mark_.head_size == 0) return;
  const OpenLog log(path());
  if (log.error() != 0) return;
  const bool same_head = base::hash_bytes(log.bytes(0, mark_.head_size)) == mark_.head_hash;
  const bool shorter = stamp.size < mark_.offset;
  const bool same_tail = tail_.empty() || shorter || log.bytes(mark_.offset - tail_.size(), tail_.size()) == tail_;
  if (same_head && same_tail && !shorter) return;
  const bool other_file = !stamps_.empty() && stamp.inode != stamps_.front().inode;
  if (other_file && (!same_head || shorter))
    look.events.emplace_back(
        "The file was replaced by another one (a rotated log); watch begins anew with the rows of the new file.");
  else if (shorter)
    look.events.push_back(
        fmt::format("The file became shorter, from {} to {}; watch begins anew with the rows it has now.",
                    bytes_words(mark_.offset), bytes_words(stamp.size)));
  else
    look.events.emplace_back("The file was written again with other content; watch begins anew with its rows.");
  look.restarted = true;
  mark_ = {};
  tail_.clear();
  whole_size_ = 0;
  whole_due_ = false;
  curves_.clear();
}

void LogFollower::refuse(const std::string& why, LogLook& look) {
  refusal_ = why;
  const std::string key = without_numbers(why);
  if (key == told_ || !(named_ || !curves_.curves().empty())) return;
  told_ = key;
  look.events.push_back(curves_.curves().empty() ? fmt::format("There is no loss curve yet: {}.", why)
                                                 : fmt::format("The new content cannot be read now: {}.", why));
}

void LogFollower::read_whole(const Stamp& stamp, LogLook& look) {
  const std::size_t limit = read_.document_options().most_bytes();
  const auto rows = [&] {
    std::size_t all = 0;
    for (const tables::Curve& curve : curves_.curves()) all += curve.loss.size();
    return all;
  };
  const std::size_t before = rows();
  std::string text;
  try {
    bool plain = paths_.size() == 1;
    std::string head;
    if (plain) {
      const OpenLog log(path());
      if (log.error() != 0) return refuse(fmt::format("{}: {}", path(), std::strerror(log.error())), look);
      head = log.bytes(0, kHeadOfLog);
      plain = is_plain_text(head);
      if (plain && stamp.size > limit)
        return refuse(fmt::format("{}: expected at most {} of data; raise --memory-limit to 4 times its size", path(),
                                  base::bytes_text(static_cast<double>(limit))),
                      look);
      if (plain) text = log.bytes(0, stamp.size);
    }
    if (plain) {
      if (!is_json_document(text)) text.resize(complete_lines(text).size());
      if (text.empty()) return refuse(fmt::format("{}: no complete line has been written", path()), look);
      curves_.read(text, path());
      head = text.substr(0, std::min(head.size(), text.size()));
      mark_ = {base::hash_bytes(head), head.size(), text.size()};
      tail_ = text.substr(text.size() - std::min(kTailOfLog, text.size()));
      // A document that is written as a whole each time has no identity of its bytes.
      if (!curves_.by_lines() && is_json_document(text)) mark_ = {};
    } else {
      curves_.read(documents::read_each(paths_, read_.document_options()));
      mark_ = {};
    }
    whole_size_ = stamp.size;
    refusal_.clear();
    told_.clear();
    look.grown = look.grown || look.restarted || rows() != before;
  } catch (const base::InputError& error) {
    refuse(error.what(), look);
  }
}

// Reads the new lines. False if the document must be read as a whole.
bool LogFollower::read_new_lines(const Stamp& stamp, LogLook& look) {
  const OpenLog log(path());
  const std::uint64_t left = stamp.size - std::min(mark_.offset, stamp.size);
  const std::string text = log.bytes(mark_.offset, std::min<std::uint64_t>(left, kMostNewBytes));
  const std::string_view lines = complete_lines(text);
  if (lines.empty()) return true;
  if (!curves_.append(lines, path())) return false;
  mark_.offset += lines.size();
  tail_ = lines.substr(lines.size() - std::min(kTailOfLog, lines.size()));
  look.grown = true;
  look.more = left > kMostNewBytes;
  return true;
}

void LogFollower::read_document(const Stamp& stamp, bool may_read_whole, LogLook& look) {
  constexpr double kFewBytes = 1024;
  const bool due = static_cast<double>(stamp.size) > kGrowth * static_cast<double>(whole_size_) + kFewBytes;
  if (curves_.by_lines() && !whole_due_ && !(due && may_read_whole)) {
    if (read_new_lines(stamp, look)) return;
    whole_due_ = true;
  }
  if (!may_read_whole) {
    look.waits = true;
    return;
  }
  whole_due_ = false;
  read_whole(stamp, look);
}

LogLook LogFollower::look(bool may_read_whole) {
  LogLook look;
  std::vector<Stamp> stamps;
  if (!find(stamps, look) || stamps == stamps_) return look;
  if (paths_.size() == 1) check_identity(stamps.front(), look);
  if (stamps.front().size == 0 && paths_.size() == 1)
    refuse(fmt::format("{}: the file is empty", path()), look);
  else
    read_document(stamps.front(), may_read_whole, look);
  if (!look.waits && !look.more) stamps_ = stamps;
  return look;
}

}  // namespace phaselaw::advice
