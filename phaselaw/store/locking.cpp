// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/locking.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::store {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void reset(int number = -1) {
    if (number_ >= 0) ::close(number_);
    number_ = number;
  }
  [[nodiscard]] int get() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }

 private:
  int number_;
};

int open_lock_file(const std::string& path) {
  return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
}

// Locks or unlocks `length` bytes (0: to the end of all files); false with errno if that is refused.
bool set_lock(int file, short type, std::int64_t start, std::int64_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  int result = 0;
  do result = ::fcntl(file, F_OFD_SETLK, &lock);
  while (result != 0 && errno == EINTR);
  return result == 0;
}

bool is_taken(int error) { return error == EAGAIN || error == EACCES; }

// Whether another process holds this byte as a claim. A process that locks the whole file is about to remove it, and
// holds no run.
bool is_claimed(int file, std::int64_t run) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = run;
  lock.l_len = 1;
  return ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_len != 0;
}

bool is_same_file(int file, const std::string& path) {
  struct stat open {
  }, named{};
  return ::fstat(file, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev &&
         open.st_ino == named.st_ino;
}

}  // namespace

std::string network_file_system(std::uint64_t type) {
  // <linux/magic.h>, and the numbers in the sources of those that are outside the kernel.
  static constexpr std::pair<std::uint64_t, const char*> kTypes[] = {
      {0x6969, "NFS"},        {0x517b, "SMB"},          {0xfe534d42, "SMB"},    {0xff534d42, "CIFS"},
      {0x0bd00bd0, "Lustre"}, {0x47504653, "GPFS"},     {0x19830326, "BeeGFS"}, {0x00c36400, "Ceph"},
      {0x01021997, "9p"},     {0x5346414f, "AFS"},      {0x6b414653, "AFS"},    {0x73757245, "Coda"},
      {0xaad7aaea, "PanFS"},  {0x20030528, "OrangeFS"}, {0x7461636f, "OCFS2"},  {0x01161970, "GFS2"},
  };
  for (const auto& [number, name] : kTypes)
    if (number == (type & 0xffffffffULL)) return name;
  return "";
}

std::string locking_problem(const std::string& directory) {
  struct statfs info {};
  if (::statfs(directory.c_str(), &info) == 0)
    if (const std::string name = network_file_system(static_cast<std::uint64_t>(info.f_type)); !name.empty())
      return fmt::format("it is on {}, and machines do not share the memory that the journal of a store needs", name);
  // A file without a name leaves nothing behind even after a kill, but some file systems have none.
  Descriptor first(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  Descriptor second(first.open() ? ::open(fmt::format("/proc/self/fd/{}", first.get()).c_str(), O_RDWR | O_CLOEXEC)
                                 : -1);
  if (!second.open()) {
    std::string probe = (std::filesystem::path(directory) / ".phaselaw-lock-XXXXXX").string();
    first.reset(::mkostemp(probe.data(), O_CLOEXEC));
    if (!first.open()) return "";
    second.reset(open_lock_file(probe));
    ::unlink(probe.c_str());
  }
  if (!second.open()) return "";
  if (!set_lock(first.get(), F_WRLCK, 0, 1))
    return fmt::format("its file system does not support locks ({})", std::strerror(errno));
  if (set_lock(second.get(), F_WRLCK, 0, 1)) return "its file system grants the same lock twice";
  return "";
}

struct Claims::State {
  std::string path;
  std::mutex mutex;
  Descriptor file;
};

Claims::Claims(const std::string& store_path) : state_(std::make_unique<State>()) {
  state_->path = store_path + "-claims";
}

Claims::~Claims() {
  if (!state_) return;
  // A file that a killed process left is opened here if no run was claimed.
  if (!state_->file.open()) state_->file.reset(::open(state_->path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!state_->file.open()) return;
  // A process that can lock every byte is the only user of the file, and no claim can be taken in it before it is
  // removed.
  set_lock(state_->file.get(), F_UNLCK, 0, 0);
  if (set_lock(state_->file.get(), F_WRLCK, 0, 0) && is_same_file(state_->file.get(), state_->path))
    ::unlink(state_->path.c_str());
}

Claims::Claims(Claims&&) noexcept = default;
Claims& Claims::operator=(Claims&&) noexcept = default;

bool Claims::take(std::int64_t run) {
  const std::lock_guard lock(state_->mutex);
  while (true) {
    if (!state_->file.open()) state_->file.reset(open_lock_file(state_->path));
    if (!state_->file.open())
      throw base::RunError(
          fmt::format("{}: cannot be written ({}); check the directory", state_->path, std::strerror(errno)));
    if (!set_lock(state_->file.get(), F_WRLCK, run, 1)) {
      if (is_taken(errno)) {
        if (is_claimed(state_->file.get(), run)) return false;
        std::this_thread::yield();
        continue;
      }
      throw base::RunError(
          fmt::format("{}: cannot be locked ({}); put the store on a local disk", state_->path, std::strerror(errno)));
    }
    // A lock in a file that another process has removed protects nothing. No claim of this process can be in that file:
    // with a claim in it, the other process could not have locked the whole.
    if (is_same_file(state_->file.get(), state_->path)) return true;
    state_->file.reset();
  }
}

void Claims::leave_to_parent() noexcept {
  state_->file.reset();  // without the mutex: another thread of the parent may have held it at the fork
  state_->path.clear();  // the destructor finds no file
}

void Claims::release(std::int64_t run) {
  const std::lock_guard lock(state_->mutex);
  if (state_->file.open()) set_lock(state_->file.get(), F_UNLCK, run, 1);
}

}  // namespace phaselaw::store
