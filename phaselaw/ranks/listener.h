// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/clock.h"
#include "phaselaw/ranks/channel.h"
#include "phaselaw/ranks/handshake.h"
#include "phaselaw/ranks/tcp_channel.h"

// How workers find rank 0 over TCP and are admitted. Whoever connects has to show in a handshake that it knows the token
// of the job. Before that it may send no more than its answer of 64 bytes and has kPatience_s. At most kMostWaiting are
// heard at once; while others queue, each has only kCrowdPatience_s. So strangers cost rank 0 a fixed amount of memory,
// and workers come in at a rate of at least kMostWaiting / kCrowdPatience_s.
namespace phaselaw::ranks {

inline constexpr double kPatience_s = 5, kCrowdPatience_s = 0.5;
inline constexpr std::size_t kMostWaiting = 64;

struct Endpoint {
  std::string number;
  int port = 0;
};
// Where rank 0 listens, and the secret of the job, as text that ranks pass on over MPI.
struct Address {
  std::string host, token;
  std::vector<Endpoint> endpoints;
};
[[nodiscard]] std::string to_bytes(const Address& address);
[[nodiscard]] Address address_from(std::string_view bytes);

inline constexpr const char* kLoopback = "127.0.0.1";

class Listener final : public Hub {
 public:
  // Listens at each of the numbers, each at a free port. Empty: at all numbers of this machine. RunError if it cannot.
  explicit Listener(const std::vector<std::string>& numbers);
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] std::vector<std::unique_ptr<Channel>> accept() override;
  void wait(const std::vector<const Channel*>& channels, double timeout_s) override;

  // For tests: connections that wait for admission, and those that were refused or left.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::int64_t refused() const { return refused_; }

 private:
  struct Peer {
    Socket socket;
    Challenger challenger;
    base::Clock::time_point since;
    std::string number, answer;
  };
  enum class Verdict { wait, admit, refuse };
  void listen_at(const std::string& number);
  bool has_room();
  void challenge_next(const Socket& socket);
  Verdict hear(Peer& peer);
  void refuse(const Peer& peer);
  std::vector<Socket> sockets_;
  Address address_;
  std::list<Peer> waiting_;  // the one that has waited longest first
  std::int64_t refused_ = 0;
};

// Connects to rank 0 and passes the handshake, also while rank 0 is not listening yet (at most kWorkerPatience_s).
// Interrupted if this process is; RunError if nobody answers, or who answers does not know the token.
[[nodiscard]] std::unique_ptr<Channel> connect(const Address& address);
inline constexpr double kWorkerPatience_s = 120;

}  // namespace phaselaw::ranks
