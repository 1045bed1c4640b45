// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Messages between rank 0 and the workers of a sweep, over TCP (tcp_channel.h, listener.h) or over MPI (mpi_channel.h).
namespace phaselaw::ranks {

// Kinds of messages; their bytes are made and read with base/bytes.h.
enum class MessageKind : std::uint32_t {
  run = 1,   // rank 0: index of the run, and its last snapshot or an empty text
  progress,  // worker: share of the run's work since the last message
  snapshot,  // worker: bytes
  result,    // worker: resumed, description of the data, record
  failure,   // worker: whether the user's input is at fault, and the text; the sweep ends
  stopped,   // worker: it returns the run
  stop,      // rank 0: keep the run and return it
  end        // rank 0: no work is left
};

// The most bytes that a message of a kind may have, checked before memory is allocated for it; nothing for a kind that
// does not exist. Snapshots have at most 64 GiB, results 1 GiB, failures 64 KiB.
[[nodiscard]] std::optional<std::uint64_t> most_bytes(MessageKind kind);

struct Message {
  MessageKind kind{};
  std::string bytes;
};

// What precedes the bytes of a message: its kind and their number.
inline constexpr std::size_t kHeaderBytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);
struct MessageHeader {
  MessageKind kind{};
  std::uint64_t count = 0;
};
// RunError if the message is longer than its kind may be.
[[nodiscard]] std::string header_bytes(MessageKind kind, std::size_t count);
// Nothing for a kind that does not exist, or a message that is longer than its kind may be.
[[nodiscard]] std::optional<MessageHeader> header_from(std::string_view bytes);

// One end of a connection. After `closed` nothing more is sent or received.
class Channel {
 public:
  virtual ~Channel() = default;
  // False if the other side has gone or does not accept the message in time.
  virtual bool send(MessageKind kind, std::string_view bytes = {}) = 0;
  // Waits at most timeout_s (0: not at all) for more of a message; nothing if none is complete.
  [[nodiscard]] virtual std::optional<Message> receive(double timeout_s) = 0;
  [[nodiscard]] virtual bool closed() const = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual int descriptor() const { return -1; }  // for poll(); -1: none
};

// Rank 0's end of all connections.
class Hub {
 public:
  virtual ~Hub() = default;
  // Connections of workers that are new since the last call.
  [[nodiscard]] virtual std::vector<std::unique_ptr<Channel>> accept() = 0;
  // Returns when something may have arrived on one of the channels or a worker may be new, after timeout_s at the latest.
  virtual void wait(const std::vector<const Channel*>& channels, double timeout_s) = 0;
};

}  // namespace phaselaw::ranks
