// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Messages between processes over TCP. Not over MPI, because the death of a process ends an MPI job, while here it is
// a closed connection that the other side sees at once.
namespace phaselaw::ranks {

// What a message is about; its bytes are made and read with base/bytes.h.
enum class MessageKind : std::uint32_t {
  hello,     // worker: token
  run,       // server: index of the run, its last snapshot or ""
  progress,  // worker: share of the run's work done since the last
  snapshot,  // worker: bytes
  result,    // worker: resumed, description of the data, record
  failure,   // worker: whether the user's input is at fault, text; the sweep ends
  stopped,   // worker: it gives the run back
  stop,      // server: keep the run in flight and give it back
  end        // server: nothing is left
};

struct Message {
  MessageKind kind{};
  std::string bytes;
};

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

// One end of a connection. Reading is buffered; after `closed` nothing more is sent or received.
class Channel {
 public:
  explicit Channel(Socket socket);
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  // False when the other side has gone or does not take it within kSendTimeout_s.
  bool send(MessageKind kind, std::string_view bytes = {});
  // Waits at most timeout_s (0: not at all) for a whole message.
  [[nodiscard]] std::optional<Message> receive(double timeout_s);
  [[nodiscard]] bool closed() const { return closed_; }

 private:
  std::optional<Message> take_buffered();
  Socket socket_;
  std::string buffer_;
  bool closed_ = false;
};
inline constexpr double kSendTimeout_s = 60;
inline constexpr std::uint64_t kLongestMessage = std::uint64_t{1} << 36;

// Where a server listens, and the secret that it expects in `hello`; as text, for the ranks to hand on.
struct Address {
  std::string host, token;
  std::vector<std::string> numbers;  // of its network interfaces
  int port = 0;
};
[[nodiscard]] std::string to_bytes(const Address& address);
[[nodiscard]] Address address_from(std::string_view bytes);

// Listens on a free port, of this machine alone (loopback) or of all its interfaces. RunError when it cannot.
class Listener {
 public:
  explicit Listener(bool loopback_only);
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }
  [[nodiscard]] std::optional<Channel> accept();

 private:
  Socket socket_;
  Address address_;
};

// Connects and sends `hello`. Tries loopback first where the host is this one. RunError when nobody answers.
[[nodiscard]] Channel connect(const Address& address);
[[nodiscard]] std::string host_name();

}  // namespace phaselaw::ranks
