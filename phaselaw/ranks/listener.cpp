// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/listener.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "phaselaw/base/blake2b.h"
#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/ranks/interfaces.h"

namespace phaselaw::ranks {

namespace {

constexpr double kConnectTimeout_s = 5;
constexpr int kMostTries = 20;

std::optional<sockaddr_in> socket_address(const std::string& number, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, number.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return address;
}

// The few bytes of a handshake fit into the buffer of a new connection, so one call sends them all.
bool send_short(int descriptor, std::string_view bytes) {
  return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(bytes.size());
}

// `refused` is set unless the other side is only slow.
Socket connect_to(const Endpoint& endpoint, bool& refused) {
  const auto address = socket_address(endpoint.number, endpoint.port);
  Socket socket(address ? ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1);
  if (!socket.open()) return socket;
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
    int problem = errno;
    socklen_t size = sizeof problem;
    const bool under_way = problem == EINPROGRESS;
    if (under_way && !wait_for(socket.descriptor(), POLLOUT, kConnectTimeout_s)) return Socket();
    if (!under_way || ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0) {
      refused = true;
      return Socket();
    }
  }
  return socket;
}

// Exactly `count` bytes, or nothing if the connection ends or takes longer than kWorkerPatience_s.
std::optional<std::string> read_exactly(int descriptor, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t filled = 0;
  for (const auto start = base::Clock::now(); filled < count;) {
    base::throw_if_interrupted();
    if (base::seconds_since(start) > kWorkerPatience_s) return std::nullopt;
    if (!wait_for(descriptor, POLLIN, 0.2)) continue;
    const ssize_t got = ::recv(descriptor, bytes.data() + filled, count - filled, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return std::nullopt;
    filled += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  }
  return bytes;
}

// The worker's side of the handshake; null if it does not come to an end.
std::unique_ptr<Channel> introduce(Socket socket, const std::string& token) {
  Responder responder(token);
  const auto challenge = read_exactly(socket.descriptor(), kChallengeBytes);
  if (!challenge) return nullptr;
  const auto answer = responder.answer(*challenge);
  if (!answer || !send_short(socket.descriptor(), *answer)) return nullptr;
  const auto proof = read_exactly(socket.descriptor(), kProofBytes);
  if (!proof || !responder.check(*proof)) return nullptr;
  return std::make_unique<TcpChannel>(std::move(socket), responder.keys());
}

}  // namespace

std::string to_bytes(const Address& address) {
  base::ByteWriter out;
  out.text(address.host);
  out.text(address.token);
  out.value(static_cast<std::uint64_t>(address.endpoints.size()));
  for (const auto& endpoint : address.endpoints) {
    out.text(endpoint.number);
    out.value(endpoint.port);
  }
  return out.bytes();
}

Address address_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  Address address;
  address.host = in.text();
  address.token = in.text();
  for (auto left = in.value<std::uint64_t>(); left > 0 && in.good(); --left) {
    Endpoint endpoint{std::string(in.text()), 0};
    endpoint.port = in.value<int>();
    address.endpoints.push_back(std::move(endpoint));
  }
  return address;
}

Listener::Listener(const std::vector<std::string>& numbers) {
  address_.host = host_name();
  address_.token = base::random_bytes(kTokenBytes);
  for (const auto& number : numbers) listen_at(number);
  if (!numbers.empty()) return;
  listen_at("0.0.0.0");
  const int port = address_.endpoints.back().port;
  address_.endpoints.clear();
  for (const auto& interface : interfaces()) address_.endpoints.push_back({interface.number, port});
}

void Listener::listen_at(const std::string& number) {
  auto name = socket_address(number, 0);
  PHASELAW_CHECK(name.has_value());
  socklen_t size = sizeof *name;
  auto* raw = reinterpret_cast<sockaddr*>(&*name);
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open() || ::bind(socket.descriptor(), raw, size) != 0 || ::listen(socket.descriptor(), SOMAXCONN) != 0 ||
      ::getsockname(socket.descriptor(), raw, &size) != 0)
    throw base::RunError(
        fmt::format("rank 0 cannot listen for the other ranks at {} ({})", number, std::strerror(errno)));
  address_.endpoints.push_back({number, ntohs(name->sin_port)});
  sockets_.push_back(std::move(socket));
}

// While many queue, who does not answer quickly leaves for the next.
bool Listener::has_room() {
  if (waiting_.size() >= kMostWaiting && base::seconds_since(waiting_.front().since) > kCrowdPatience_s) {
    refuse(waiting_.front());
    waiting_.pop_front();
  }
  return waiting_.size() < kMostWaiting;
}

// Accepts a connection and challenges it.
void Listener::challenge_next(const Socket& socket) {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  Socket peer(::accept4(socket.descriptor(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!peer.open()) return;
  std::array<char, INET_ADDRSTRLEN> number{};
  ::inet_ntop(AF_INET, &from.sin_addr, number.data(), number.size());
  waiting_.push_back({std::move(peer), Challenger(address_.token), base::Clock::now(), number.data(), ""});
  const Peer& last = waiting_.back();
  if (!send_short(last.socket.descriptor(), last.challenger.challenge())) {
    refuse(last);
    waiting_.pop_back();
  }
}

// Reads what has arrived, one byte more than the answer at most: who sends more is refused.
Listener::Verdict Listener::hear(Peer& peer) {
  std::array<char, kAnswerBytes + 1> bytes{};
  const ssize_t got = ::recv(peer.socket.descriptor(), bytes.data(), bytes.size() - peer.answer.size(), MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return Verdict::refuse;
  peer.answer.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (peer.answer.size() < kAnswerBytes)
    return base::seconds_since(peer.since) > kPatience_s ? Verdict::refuse : Verdict::wait;
  const auto proof = peer.challenger.check(peer.answer);  // refuses an answer that is too long
  return proof && send_short(peer.socket.descriptor(), *proof) ? Verdict::admit : Verdict::refuse;
}

void Listener::refuse(const Peer& peer) {
  if (refused_++ == 0)
    base::log_warning(fmt::format(
        "a connection from {} was dropped because it did not show that it belongs to this job; further ones "
        "are dropped without a message. If it is a port scan, nothing is to be done",
        peer.number));
}

std::vector<std::unique_ptr<Channel>> Listener::accept() {
  std::vector<std::unique_ptr<Channel>> admitted;
  for (auto peer = waiting_.begin(); peer != waiting_.end();) {
    const Verdict verdict = hear(*peer);
    if (verdict == Verdict::admit)
      admitted.push_back(std::make_unique<TcpChannel>(std::move(peer->socket), peer->challenger.keys()));
    if (verdict == Verdict::refuse) refuse(*peer);
    peer = verdict == Verdict::wait ? std::next(peer) : waiting_.erase(peer);
  }
  for (const Socket& socket : sockets_)
    while (has_room() && wait_for(socket.descriptor(), POLLIN, 0)) challenge_next(socket);
  return admitted;
}

void Listener::wait(const std::vector<const Channel*>& channels, double timeout_s) {
  std::vector<pollfd> entries;
  const bool room = has_room();
  if (room)
    for (const Socket& socket : sockets_) entries.push_back({socket.descriptor(), POLLIN, 0});
  for (const Peer& peer : waiting_) entries.push_back({peer.socket.descriptor(), POLLIN, 0});
  for (const Channel* channel : channels) entries.push_back({channel->descriptor(), POLLIN, 0});
  (void)::poll(entries.data(), entries.size(), static_cast<int>(1000 * (room ? timeout_s : std::min(timeout_s, 0.02))));
}

std::unique_ptr<Channel> connect(const Address& address) {
  for (int i = 0; i < kMostTries; ++i) {
    std::size_t refusals = 0;
    for (const auto& endpoint : address.endpoints) {
      bool refused = false;
      Socket socket = connect_to(endpoint, refused);
      refusals += refused ? 1 : 0;
      if (!socket.open()) continue;
      if (auto channel = introduce(std::move(socket), address.token)) return channel;
    }
    if (refusals == address.endpoints.size()) break;
    // When strangers come in crowds, rank 0 may drop a worker that does not answer quickly. It may try again.
    base::throw_if_interrupted();
    ::usleep(static_cast<useconds_t>(10000 * (i + 1)));
  }
  std::vector<std::string> tried;
  for (const auto& [number, port] : address.endpoints) tried.push_back(fmt::format("{}:{}", number, port));
  throw base::RunError(fmt::format(
      "{} does not reach rank 0 on {} at {}; allow the machines of the job to connect to each other over TCP, or use "
      "--transport mpi",
      host_name(), address.host, fmt::join(tried, ", ")));
}

}  // namespace phaselaw::ranks
