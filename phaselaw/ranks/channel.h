// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Messages between processes over TCP instead of MPI: the death of a process ends an MPI job, but over TCP it is a
// closed connection that the other side notices at once.
namespace phaselaw::ranks {

// Kinds of messages; their bytes are made and read with base/bytes.h.
enum class Kind : std::uint32_t {
  hello,     // worker: token
  run,       // server: index of the run, and its last snapshot or an empty text
  progress,  // worker: share of the run's work since the last message
  snapshot,  // worker: bytes
  result,    // worker: resumed, description of the data, record
  failure,   // worker: whether the user's input is at fault, and the text; the sweep ends
  stopped,   // worker: it returns the run
  stop,      // server: keep the run and return it
  end        // server: no work is left
};

struct Message {
  Kind kind{};
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
  // False if the other side has gone or does not accept the message within kSendTimeout_s.
  bool send(Kind kind, std::string_view bytes = {});
  // Waits at most timeout_s (0: not at all) for a complete message.
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

// The address of a server, and the secret that it expects in `hello`; as text, so that ranks can pass it on.
struct Address {
  std::string host, token;
  std::vector<std::string> numbers;  // of its network interfaces
  int port = 0;
};
[[nodiscard]] std::string to_bytes(const Address& address);
[[nodiscard]] Address address_from(std::string_view bytes);

// Listens on a free port, of this machine alone (loopback) or of all its interfaces. RunError if it cannot.
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

// Connects and sends `hello`. Tries loopback first if the host is this one. RunError if nobody answers.
[[nodiscard]] Channel connect(const Address& address);
[[nodiscard]] std::string host_name();

}  // namespace phaselaw::ranks
