// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

// Locks that the kernel keeps and gives back when their holder dies, however it dies. No clock and no heartbeat: a
// claim cannot be lost to a stopped process, a jumping clock or a slow disk, and none is left behind by a kill.
namespace phaselaw::store {

// "NFS" and the like for the kernel's numbers of network file systems (statfs f_type), "" for any other.
[[nodiscard]] std::string network_file_system(std::uint64_t type);

// Why no store may be written in this directory: "" or a reason such as "it is on NFS, ...". A network file system is
// recognised by its type; on any other a lock is taken twice, and the second must be refused. "" as well where no file
// can be made: opening the store then says what is wrong.
[[nodiscard]] std::string locking_problem(const std::string& directory);

// Which process carries out which run: one byte for each run of the file <store>-claims, locked by an open file
// description (fcntl F_OFD_SETLK), so two claims of one process exclude each other too. The last holder removes the
// file. Every member may be called from any thread. RunError when the file cannot be made or locked.
class Claims {
 public:
  explicit Claims(const std::string& store_path);
  ~Claims();  // gives everything back
  Claims(Claims&&) noexcept;
  Claims& operator=(Claims&&) noexcept;

  [[nodiscard]] bool take(std::int64_t run);  // false: another process has it
  void release(std::int64_t run);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::store
