// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "phaselaw/ranks/channel.h"
#include "phaselaw/ranks/handshake.h"

// A connection over TCP after the handshake. TCP instead of MPI: the death of a process ends an MPI job, but over TCP it
// is a closed connection that the other side notices at once.
//
// On the wire a message is its header (channel.h) with an authentication code, then, unless it is empty, its bytes with
// a code. A code is MAC(key of the direction, number of the code, header or bytes). The header is verified before memory
// is allocated for the bytes, and memory grows as they arrive. A code that is not right (bytes changed, repeated, left
// out or in another order) closes the connection. The messages are not encrypted.
namespace phaselaw::ranks {

// Closes its descriptor.
class Socket {
 public:
  explicit Socket(int descriptor = -1) : descriptor_(descriptor) {}
  ~Socket();
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool open() const { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

// Waits until the descriptor is ready for `events` of poll(); false on timeout.
[[nodiscard]] bool wait_for(int descriptor, short events, double timeout_s);

class TcpChannel final : public Channel {
 public:
  TcpChannel(Socket socket, SessionKeys keys);
  // False also if the other side does not accept the message within kSendTimeout_s. RunError for a message that is too
  // long.
  bool send(MessageKind kind, std::string_view bytes = {}) override;
  [[nodiscard]] std::optional<Message> receive(double timeout_s) override;
  [[nodiscard]] bool closed() const override { return !socket_.open(); }
  void close() override { socket_ = Socket(); }
  [[nodiscard]] int descriptor() const override { return socket_.descriptor(); }

 private:
  bool send_all(std::string_view bytes, bool more);
  void read_some();
  std::optional<Message> take_part();
  Socket socket_;
  SessionKeys keys_;
  std::uint64_t sent_ = 0, received_ = 0;  // codes
  std::optional<MessageHeader> header_;    // of the message that arrives; verified
  std::string part_;                       // of its header or its bytes, and of their code
};
inline constexpr double kSendTimeout_s = 60;

}  // namespace phaselaw::ranks
