// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/temporary_files.h"

#include <cerrno>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <unistd.h>

namespace phaselaw::base {

namespace {

struct TemporaryFiles {
  std::mutex mutex;
  std::set<std::string> names;
};

// Never destroyed, because threads may write until the process ends.
TemporaryFiles& temporary_files() {
  static auto& instance = *new TemporaryFiles;
  return instance;
}

}  // namespace

int create_temporary_file(const std::string& name, mode_t mode) {
  const std::lock_guard lock(temporary_files().mutex);
  const auto entry = temporary_files().names.insert(name).first;
  const int file = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  const int problem = errno;
  if (file < 0) temporary_files().names.erase(entry);
  errno = problem;
  return file;
}

void forget_temporary_file(const std::string& name) {
  const std::lock_guard lock(temporary_files().mutex);
  temporary_files().names.erase(name);
}

void remove_temporary_files() {
  temporary_files().mutex.lock();
  for (const std::string& name : temporary_files().names) ::unlink(name.c_str());
}

}  // namespace phaselaw::base
