// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/tcp_channel.h"

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "phaselaw/base/blake2b.h"
#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"

// Two ends of a connection, and somebody between them who sees and changes the bytes.
namespace phaselaw::ranks {
namespace {

std::pair<Socket, Socket> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Socket(ends[0]), Socket(ends[1])};
}

// The keys of both ends after a handshake.
std::pair<SessionKeys, SessionKeys> session() {
  Challenger rank0("token");
  Responder worker("token");
  EXPECT_TRUE(worker.check(*rank0.check(*worker.answer(rank0.challenge()))));
  return {rank0.keys(), worker.keys()};
}

// What a worker sends, as bytes on the wire: one text for each call of send().
struct Wire {
  explicit Wire(const SessionKeys& worker) {
    auto [near, far] = socket_pair();
    channel = std::make_unique<TcpChannel>(std::move(near), worker);
    tap = std::move(far);
  }
  std::string message(MessageKind kind, std::string_view bytes = {}) const {
    EXPECT_TRUE(channel->send(kind, bytes));
    std::string taken(1 << 16, '\0');
    taken.resize(
        static_cast<std::size_t>(std::max<ssize_t>(::recv(tap.descriptor(), taken.data(), taken.size(), 0), 0)));
    while (wait_for(tap.descriptor(), 1 /* POLLIN */, 0)) {
      std::string more(1 << 16, '\0');
      more.resize(
          static_cast<std::size_t>(std::max<ssize_t>(::recv(tap.descriptor(), more.data(), more.size(), 0), 0)));
      taken += more;
    }
    return taken;
  }
  std::unique_ptr<TcpChannel> channel;
  Socket tap;
};

// The messages that rank 0 accepts from these bytes, and whether it then closed the connection.
struct Heard {
  std::vector<std::string> messages;
  bool closed = false;
};
Heard heard(const SessionKeys& rank0, std::string_view bytes) {
  auto [near, far] = socket_pair();
  TcpChannel channel(std::move(near), rank0);
  EXPECT_EQ(::send(far.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  Heard result;
  while (const auto message = channel.receive(0)) result.messages.push_back(message->bytes);
  result.closed = channel.closed();
  return result;
}

std::string share(double value) {
  base::ByteWriter out;
  out.value(value);
  return out.bytes();
}

TEST(Handshake, BothSidesNeedTheToken) {
  Challenger rank0("token");
  Responder worker("token"), stranger("guess");
  EXPECT_FALSE(rank0.check(*stranger.answer(rank0.challenge())).has_value());
  const auto proof = rank0.check(*worker.answer(rank0.challenge()));
  ASSERT_TRUE(proof.has_value());
  EXPECT_TRUE(worker.check(*proof));
  EXPECT_FALSE(stranger.check(*proof));
  EXPECT_EQ(rank0.keys().incoming, worker.keys().outgoing);
  EXPECT_EQ(rank0.keys().outgoing, worker.keys().incoming);
  EXPECT_NE(rank0.keys().outgoing, rank0.keys().incoming);
}

TEST(Handshake, TheTokenIsNotOnTheWire) {
  const std::string token = base::random_bytes(kTokenBytes);
  Challenger rank0(token);
  Responder worker(token);
  const std::string answer = *worker.answer(rank0.challenge());
  const std::string wire = rank0.challenge() + answer + *rank0.check(answer);
  for (std::size_t i = 0; i + 8 <= kTokenBytes; ++i) EXPECT_EQ(wire.find(token.substr(i, 8)), std::string::npos);
}

TEST(Handshake, EveryChangedBitIsRefused) {
  Challenger rank0("token");
  Responder worker("token");
  const std::string answer = *worker.answer(rank0.challenge());
  for (std::size_t bit = 0; bit < 8 * answer.size(); ++bit) {
    std::string other = answer;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(rank0.check(other).has_value()) << bit;
  }
  for (std::size_t size = 0; size < answer.size(); ++size) EXPECT_FALSE(rank0.check(answer.substr(0, size)));
  EXPECT_FALSE(rank0.check(answer + "x"));
  const std::string proof = *rank0.check(answer);
  for (std::size_t bit = 0; bit < 8 * proof.size(); ++bit) {
    std::string other = proof;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(worker.check(other)) << bit;
  }
}

TEST(Handshake, AnAnswerIsGoodForOneConnection) {
  Challenger first("token"), second("token");
  Responder worker("token");
  const std::string answer = *worker.answer(first.challenge());
  EXPECT_TRUE(first.check(answer));
  EXPECT_FALSE(second.check(answer));
  // What rank 0 sends cannot be sent back to it as an answer.
  const std::string proof = *first.check(answer);
  EXPECT_FALSE(first.check(answer.substr(0, kNonceBytes) + proof));
}

TEST(TcpChannel, MessagesArriveAsTheyWereSent) {
  const auto [rank0, worker] = session();
  auto [near, far] = socket_pair();
  TcpChannel a(std::move(near), rank0), b(std::move(far), worker);
  const std::string large = base::random_bytes(3000000);
  std::thread sender([&] {
    EXPECT_TRUE(b.send(MessageKind::progress, share(0.5)));
    EXPECT_TRUE(b.send(MessageKind::snapshot, large));
    EXPECT_TRUE(b.send(MessageKind::stopped));
  });
  std::vector<Message> messages;
  while (messages.size() < 3 && !a.closed())
    if (auto message = a.receive(10)) messages.push_back(std::move(*message));
  sender.join();
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[0].bytes, share(0.5));
  EXPECT_EQ(messages[1].bytes, large);
  EXPECT_EQ(messages[2].kind, MessageKind::stopped);
  EXPECT_TRUE(a.send(MessageKind::stop));
  EXPECT_EQ(b.receive(10)->kind, MessageKind::stop);
}

TEST(TcpChannel, EveryChangedBitClosesTheConnection) {
  const auto [rank0, worker] = session();
  const Wire wire(worker);
  const std::string bytes = wire.message(MessageKind::progress, share(0.25));
  ASSERT_EQ(bytes.size(), kHeaderBytes + 8 + 2 * base::kCodeBytes);
  EXPECT_EQ(heard(rank0, bytes).messages.size(), 1u);
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    const Heard result = heard(rank0, other);
    EXPECT_TRUE(result.messages.empty() && result.closed) << bit;
  }
}

TEST(TcpChannel, ReplayReorderingAndGapsCloseTheConnection) {
  const auto [rank0, worker] = session();
  const Wire wire(worker);
  std::vector<std::string> m;
  for (int i = 0; i < 3; ++i) m.push_back(wire.message(MessageKind::progress, share(i)));
  const Heard whole = heard(rank0, m[0] + m[1] + m[2]);
  EXPECT_EQ(whole.messages, (std::vector<std::string>{share(0), share(1), share(2)}));
  EXPECT_FALSE(whole.closed);
  const struct {
    std::string bytes;
    std::size_t accepted;
  } cases[] = {{m[0] + m[0], 1}, {m[0] + m[1] + m[0], 2}, {m[1], 0}, {m[0] + m[2], 1}, {m[0] + m[2] + m[1], 1}};
  for (const auto& [bytes, accepted] : cases) {
    const Heard result = heard(rank0, bytes);
    EXPECT_EQ(result.messages.size(), accepted);
    EXPECT_TRUE(result.closed);
  }
}

TEST(TcpChannel, MessagesOfAnotherConnectionOrDirectionCloseIt) {
  const auto [rank0, worker] = session();
  const auto [other_rank0, other_worker] = session();
  EXPECT_TRUE(heard(rank0, Wire(other_worker).message(MessageKind::progress, share(1))).closed);
  EXPECT_TRUE(heard(rank0, Wire(rank0).message(MessageKind::stop)).closed) << "reflected";
  EXPECT_FALSE(heard(rank0, Wire(worker).message(MessageKind::stopped)).closed);
}

TEST(TcpChannel, ALengthIsBelievedOnlyWithItsCode) {
  const auto [rank0, worker] = session();
  // Without a code: 64 GiB announced by somebody between the two.
  base::ByteWriter header;
  header.value(static_cast<std::uint32_t>(MessageKind::snapshot));
  header.value(std::uint64_t{1} << 36);
  EXPECT_TRUE(heard(rank0, header.bytes() + std::string(base::kCodeBytes, '\0')).closed);
  // With the right code, but longer than the kind may be, or of a kind that does not exist.
  for (const auto& [kind, count] : {std::pair<std::uint32_t, std::uint64_t>{3, (std::uint64_t{1} << 36) + 1},
                                    {2, 9},
                                    {6, 1},
                                    {0, 0},
                                    {9, 0},
                                    {1000, 5}}) {
    base::ByteWriter bad;
    bad.value(kind);
    bad.value(count);
    const std::string number(8, '\0');
    const std::string code = base::authentication_code(worker.outgoing, {number, bad.bytes()});
    const Heard result = heard(rank0, bad.bytes() + code);
    EXPECT_TRUE(result.closed && result.messages.empty()) << kind << " " << count;
  }
  EXPECT_THROW((void)header_bytes(MessageKind::progress, 9), base::RunError);
}

TEST(TcpChannel, MemoryGrowsWithWhatArrives) {
  const auto [rank0, worker] = session();
  base::ByteWriter header;
  header.value(static_cast<std::uint32_t>(MessageKind::snapshot));
  header.value(std::uint64_t{1} << 36);
  const std::string code = base::authentication_code(worker.outgoing, {std::string(8, '\0'), header.bytes()});
  // Would not fit into memory if it were allocated when it is announced.
  const Heard result = heard(rank0, header.bytes() + code + std::string(1000, 'x'));
  EXPECT_TRUE(result.messages.empty());
  EXPECT_FALSE(result.closed);
}

}  // namespace
}  // namespace phaselaw::ranks
