// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/channel.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::ranks {

namespace {

constexpr std::size_t kHeader = sizeof(std::uint32_t) + sizeof(std::uint64_t);
constexpr int kConnectTimeout_ms = 5000;

// Waits until the descriptor is ready; false on timeout.
bool ready(int descriptor, short events, int timeout_ms) {
  pollfd entry{descriptor, events, 0};
  int result = 0;
  do result = ::poll(&entry, 1, timeout_ms);
  while (result < 0 && errno == EINTR);
  return result > 0;
}

void set(int descriptor, int level, int option, int value) {
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

// A machine that loses power sends nothing; the connection is closed after about two minutes.
void make_watchful(int descriptor) {
  set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, 120000);
  timeval timeout{static_cast<time_t>(kSendTimeout_s), 0};
  ::setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
}

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw base::RunError("the kernel provides no random numbers");
  std::string text;
  for (const unsigned char b : bytes) text += fmt::format("{:02x}", b);
  return text;
}

// IPv4 numbers of the active interfaces, without loopback.
std::vector<std::string> interface_numbers() {
  std::vector<std::string> numbers;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return numbers;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(i->ifa_addr);
    ::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
    if (std::strncmp(text.data(), "127.", 4) != 0) numbers.emplace_back(text.data());
  }
  ::freeifaddrs(list);
  return numbers;
}

Socket connect_to(const std::string& number, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, number.c_str(), &address.sin_addr) != 1) return Socket();
  Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return socket;
  if (::connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    int problem = errno;
    socklen_t size = sizeof problem;
    if (problem != EINPROGRESS || !ready(socket.descriptor(), POLLOUT, kConnectTimeout_ms) ||
        ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0)
      return Socket();
  }
  return socket;
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Channel::Channel(Socket socket) : socket_(std::move(socket)) { make_watchful(socket_.descriptor()); }

bool Channel::send(Kind kind, std::string_view bytes) {
  base::ByteWriter header;
  header.value(static_cast<std::uint32_t>(kind));
  header.value(static_cast<std::uint64_t>(bytes.size()));
  for (std::string_view part : {std::string_view(header.bytes()), bytes})
    while (!closed_ && !part.empty()) {
      const ssize_t sent = ::send(socket_.descriptor(), part.data(), part.size(), MSG_NOSIGNAL);
      if (sent > 0)
        part.remove_prefix(static_cast<std::size_t>(sent));
      else if (sent < 0 && errno == EAGAIN)
        closed_ = !ready(socket_.descriptor(), POLLOUT, static_cast<int>(1000 * kSendTimeout_s));
      else
        closed_ = !(sent < 0 && errno == EINTR);
    }
  return !closed_;
}

std::optional<Message> Channel::take_buffered() {
  if (buffer_.size() < kHeader) return std::nullopt;
  base::ByteReader header(buffer_);
  Message message;
  message.kind = static_cast<Kind>(header.value<std::uint32_t>());
  const auto length = header.value<std::uint64_t>();
  if (length > kLongestMessage) {
    closed_ = true;  // not one of our workers
    return std::nullopt;
  }
  if (buffer_.size() - kHeader < length) return std::nullopt;
  message.bytes = buffer_.substr(kHeader, length);
  buffer_.erase(0, kHeader + length);
  return message;
}

std::optional<Message> Channel::receive(double timeout_s) {
  constexpr std::size_t kPiece = 1 << 16;
  while (true) {
    if (auto message = take_buffered()) return message;
    if (closed_ || !ready(socket_.descriptor(), POLLIN, static_cast<int>(1000 * timeout_s))) return std::nullopt;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + kPiece);
    const ssize_t got = ::recv(socket_.descriptor(), buffer_.data() + before, kPiece, MSG_DONTWAIT);
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) closed_ = true;
  }
}

std::string to_bytes(const Address& address) {
  base::ByteWriter out;
  out.text(address.host);
  out.text(address.token);
  out.value(address.port);
  out.value(static_cast<std::uint64_t>(address.numbers.size()));
  for (const auto& number : address.numbers) out.text(number);
  return out.bytes();
}

Address address_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  Address address;
  address.host = in.text();
  address.token = in.text();
  address.port = in.value<int>();
  for (auto left = in.value<std::uint64_t>(); left > 0 && in.good(); --left) address.numbers.emplace_back(in.text());
  return address;
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

Listener::Listener(bool loopback_only) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(loopback_only ? INADDR_LOOPBACK : INADDR_ANY);
  socklen_t size = sizeof name;
  if (!socket_.open() || ::bind(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&name), size) != 0 ||
      ::listen(socket_.descriptor(), SOMAXCONN) != 0 ||
      ::getsockname(socket_.descriptor(), reinterpret_cast<sockaddr*>(&name), &size) != 0)
    throw base::RunError(fmt::format("rank 0 cannot listen for the other ranks ({})", std::strerror(errno)));
  address_.host = host_name();
  address_.token = random_token();
  address_.port = ntohs(name.sin_port);
  if (!loopback_only) address_.numbers = interface_numbers();
}

std::optional<Channel> Listener::accept() {
  Socket socket(::accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket.open()) return std::nullopt;
  return Channel(std::move(socket));
}

Channel connect(const Address& address) {
  std::vector<std::string> numbers = address.numbers;
  if (address.host == host_name()) numbers.insert(numbers.begin(), "127.0.0.1");
  for (const auto& number : numbers)
    if (Socket socket = connect_to(number, address.port); socket.open()) {
      Channel channel(std::move(socket));
      if (channel.send(Kind::hello, address.token)) return channel;
    }
  throw base::RunError(fmt::format(
      "{} does not reach rank 0 on {}, port {} of {}; allow the machines of the job to connect to each other over TCP",
      host_name(), address.host, address.port, fmt::join(numbers, ", ")));
}

}  // namespace phaselaw::ranks
