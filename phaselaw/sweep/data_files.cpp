// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/data_files.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>

#include <sys/stat.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/data/text.h"

namespace phaselaw::sweep {

namespace {

std::uint64_t hash_of_number(std::uint64_t number, std::uint64_t start) {
  return base::hash_bytes({reinterpret_cast<const char*>(&number), sizeof number}, start);
}

std::uint64_t hash_of_file(const std::string& path) {
  const int file = base::open_input(path);
  std::uint64_t hash = base::kHashStart, size = 0;
  std::vector<char> buffer(1 << 20);
  ssize_t count = 0;
  while ((count = ::read(file, buffer.data(), buffer.size())) > 0) {
    hash = base::hash_bytes({buffer.data(), static_cast<std::size_t>(count)}, hash);
    size += static_cast<std::uint64_t>(count);
  }
  ::close(file);
  if (count < 0) throw base::InputError({path}, "cannot be read to its end; check the disk");
  return hash_of_number(size, hash);
}

// What was hashed before, for files that have not changed since.
struct HashedFiles {
  using State = std::array<std::int64_t, 5>;  // device, inode, size, and time of change in seconds and nanoseconds
  std::mutex mutex;
  std::map<State, std::uint64_t> known;
};

std::uint64_t hash_of_unchanged_file(const std::string& path) {
  static HashedFiles hashed;
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return hash_of_file(path);
  const HashedFiles::State state = {static_cast<std::int64_t>(found.st_dev), static_cast<std::int64_t>(found.st_ino),
                                    found.st_size, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
  const std::lock_guard lock(hashed.mutex);
  if (const auto known = hashed.known.find(state); known != hashed.known.end()) return known->second;
  return hashed.known[state] = hash_of_file(path);
}

std::uint64_t hash_of_directory(const std::string& path) {
  std::uint64_t hash = base::kHashStart;
  for (const auto& file : data::read_texts(path).files)
    hash = hash_of_number(file.bytes.size(), base::hash_bytes(file.bytes, hash));
  return hash;
}

}  // namespace

std::vector<std::string> data_files(const data::DataOptions& options) {
  using data::Source;
  std::vector<std::string> paths;
  if (options.source == Source::text) paths = {options.path};
  if (options.source == Source::tokens) paths = {options.path, options.path_test};
  if (options.source == Source::arrays) paths = {options.x, options.y, options.x_test, options.y_test};
  std::erase(paths, "");
  return paths;
}

std::string data_files_hash(const data::DataOptions& options) {
  const auto paths = data_files(options);
  if (paths.empty()) return "";
  std::uint64_t hash = base::kHashStart;
  std::error_code unknown;
  for (const auto& path : paths)
    hash = hash_of_number(
        std::filesystem::is_directory(path, unknown) ? hash_of_directory(path) : hash_of_unchanged_file(path), hash);
  return fmt::format("{:016x}", hash);
}

}  // namespace phaselaw::sweep
