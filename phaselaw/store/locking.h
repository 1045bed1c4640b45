// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

// Locks kept by the kernel, which releases them when their holder dies for any reason. There is no clock and no
// heartbeat: a claim is not lost by a stopped process, a changed clock or a slow disk, and a kill leaves none behind.
namespace phaselaw::store {

// "NFS" and similar for the kernel's numbers of network file systems (statfs f_type); empty for any other.
[[nodiscard]] std::string network_file_system(std::uint64_t type);

// The reason why no store may be written in this directory, such as "it is on NFS, ..."; empty if there is none. A
// network file system is recognised by its type. On any other, a lock is taken twice, and the second must be refused.
// Also empty if no file can be created: opening the store then reports the problem.
[[nodiscard]] std::string locking_problem(const std::string& directory);

// Records which process does which run: one byte per run in the file <store>-claims, locked by an open file description
// (fcntl F_OFD_SETLK), so two claims within one process exclude each other too. The last holder removes the file. All
// members may be called from any thread. RunError if the file cannot be created or locked.
class Claims {
 public:
  explicit Claims(const std::string& store_path);
  ~Claims();  // releases all claims
  Claims(Claims&&) noexcept;
  Claims& operator=(Claims&&) noexcept;

  [[nodiscard]] bool take(std::int64_t run);  // false: another process has it
  void release(std::int64_t run);

  // In a child process made by fork(): closes the child's copy of the file, and the child can claim nothing afterwards.
  // Without this the claims outlive the parent, because a lock of an open file description ends with its last copy.
  void leave_to_parent() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::store
