// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/tcp_channel.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "phaselaw/base/blake2b.h"

namespace phaselaw::ranks {

namespace {

void set_option(int descriptor, int level, int option, int value) {
  (void)::setsockopt(descriptor, level, option, &value, sizeof value);
}

// A machine that loses power sends nothing; the connection is closed after about two minutes.
void make_watchful(int descriptor) {
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 4);
  set_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, 120000);
  (void)::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

// The code of part number `number` of one direction.
std::string code_of(const std::string& key, std::uint64_t number, std::string_view part) {
  return base::authentication_code(key, {{reinterpret_cast<const char*>(&number), sizeof number}, part});
}

}  // namespace

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool wait_for(int descriptor, short events, double timeout_s) {
  pollfd entry{descriptor, events, 0};
  int result = 0;
  do result = ::poll(&entry, 1, static_cast<int>(1000 * timeout_s));
  while (result < 0 && errno == EINTR);
  return result > 0;
}

TcpChannel::TcpChannel(Socket socket, SessionKeys keys) : socket_(std::move(socket)), keys_(std::move(keys)) {
  make_watchful(socket_.descriptor());
}

bool TcpChannel::send(MessageKind kind, std::string_view bytes) {
  const std::string header = header_bytes(kind, bytes.size());
  if (closed()) return false;
  bool sent = send_all(header + code_of(keys_.outgoing, sent_++, header), !bytes.empty());
  if (!bytes.empty()) sent = sent && send_all(bytes, true) && send_all(code_of(keys_.outgoing, sent_++, bytes), false);
  if (!sent) close();
  return sent;
}

bool TcpChannel::send_all(std::string_view bytes, bool more) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (sent < 0 && errno == EAGAIN) {
      if (!wait_for(socket_.descriptor(), POLLOUT, kSendTimeout_s)) return false;
    } else if (errno != EINTR)
      return false;
  }
  return true;
}

// Reads no further than the part that is expected, so that nothing else needs memory.
void TcpChannel::read_some() {
  constexpr std::size_t kMostAtOnce = 1 << 18;
  const std::size_t before = part_.size();
  const std::size_t expected = (header_ ? header_->count : kHeaderBytes) + base::kCodeBytes;
  part_.resize(before + std::min(expected - before, kMostAtOnce));
  const ssize_t got = ::recv(socket_.descriptor(), part_.data() + before, part_.size() - before, 0);
  part_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) close();
}

// Verifies a complete header or the complete bytes of a message; gives the message when both are there.
std::optional<Message> TcpChannel::take_part() {
  const std::size_t count = header_ ? header_->count : kHeaderBytes;
  if (part_.size() < count + base::kCodeBytes) return std::nullopt;
  const auto part = std::string_view(part_).substr(0, count), code = std::string_view(part_).substr(count);
  bool sound = base::equal_in_constant_time(code, code_of(keys_.incoming, received_++, part));
  if (sound && !header_) {
    header_ = header_from(part);
    sound = header_.has_value();
    part_.clear();
    if (sound && header_->count > 0) return std::nullopt;
  }
  if (!sound) {
    close();
    return std::nullopt;
  }
  Message message{header_->kind, std::move(part_)};
  message.bytes.resize(header_->count);
  part_ = {};
  header_.reset();
  return message;
}

std::optional<Message> TcpChannel::receive(double timeout_s) {
  while (!closed()) {
    if (auto message = take_part()) return message;
    if (closed() || !wait_for(socket_.descriptor(), POLLIN, timeout_s)) return std::nullopt;
    read_some();
  }
  return std::nullopt;
}

}  // namespace phaselaw::ranks
