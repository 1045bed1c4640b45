// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/event_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

namespace phaselaw::advice {

namespace {

constexpr std::uintmax_t kLastBytes = std::uintmax_t{1} << 16;  // longer than any two events

std::string last_bytes(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return "";
  std::ifstream in(path, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(size - std::min(size, kLastBytes)));
  std::string text(static_cast<std::size_t>(std::min(size, kLastBytes)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

}  // namespace

EventFile::EventFile(std::string path) : path_(std::move(path)) {
  if (!std::filesystem::exists(path_)) {
    base::require_writable_file(path_, "--json");
    return;
  }
  if (!std::filesystem::is_regular_file(path_))
    throw base::InputError({"--json"}, fmt::format("{} is no file to which events can be appended", path_));
  std::string text = last_bytes(path_);
  if (text.empty()) return;
  torn_ = text.back() != '\n';
  const auto end = text.rfind('\n');
  if (end == std::string::npos) return;
  const auto begin = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  try {
    const base::Value last =
        base::parse_json(text.substr(begin == std::string::npos ? 0 : begin + 1, end - (begin + 1)), path_);
    last_ = last.at("sequence").integer();
  } catch (const base::InputError&) {
    throw base::InputError({"--json"}, fmt::format("{} does not end with an event of watch; name another file", path_));
  }
}

void EventFile::append(const std::vector<base::Value>& events) {
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw base::RunError(fmt::format("{}: events cannot be written ({})", path_, std::strerror(errno)));
  for (const base::Value& event : events) {
    const std::int64_t sequence = event.at("sequence").integer();
    if (sequence <= last_) continue;
    const std::string line = (torn_ ? "\n" : "") + base::to_json(event, -1) + "\n";
    const ssize_t written = ::write(file, line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) {
      const int problem = written < 0 ? errno : ENOSPC;
      torn_ = written > 0;
      ::close(file);
      throw base::RunError(fmt::format("{}: events cannot be written ({})", path_, std::strerror(problem)));
    }
    torn_ = false;
    last_ = sequence;
  }
  ::close(file);
}

}  // namespace phaselaw::advice
