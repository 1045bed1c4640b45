// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/listener.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "phaselaw/base/blake2b.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/log.h"
#include "phaselaw/ranks/interfaces.h"

// Peers that do not belong to the job, over loopback. tests/ranks/hostile_peers.py meets them in a sweep under mpirun.
namespace phaselaw::ranks {
namespace {

// A connection that says what it likes.
class Stranger {
 public:
  explicit Stranger(const Listener& listener) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(listener.address().endpoints.at(0).port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  void say(std::string_view bytes) const {
    (void)::send(socket_.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // Whether the other side has hung up; what it has sent before is thrown away.
  [[nodiscard]] bool dropped() const {
    std::string bytes(4096, '\0');
    for (int i = 0; i < 100 && wait_for(socket_.descriptor(), 1 /* POLLIN */, 0.02); ++i)
      if (::recv(socket_.descriptor(), bytes.data(), bytes.size(), 0) <= 0) return true;
    return false;
  }
  [[nodiscard]] std::string challenge() const {
    std::string bytes(kChallengeBytes, '\0');
    EXPECT_EQ(::recv(socket_.descriptor(), bytes.data(), bytes.size(), MSG_WAITALL),
              static_cast<ssize_t>(kChallengeBytes));
    return bytes;
  }

 private:
  Socket socket_;
};

class ListenerTest : public ::testing::Test {
 protected:
  ListenerTest() {
    base::set_log_listener([this](base::LogLevel, const std::string& message) { messages_.push_back(message); });
  }
  ~ListenerTest() override { base::set_log_listener({}); }
  std::size_t rounds(int count = 3) {
    std::size_t admitted = 0;
    for (int i = 0; i < count; ++i) {
      listener_.wait({}, 0.02);
      admitted += listener_.accept().size();
    }
    return admitted;
  }
  std::vector<std::string> messages_;
  Listener listener_{{kLoopback}};
};

double peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

TEST_F(ListenerTest, AdmitsWhoKnowsTheToken) {
  std::atomic<bool> done{false};
  std::unique_ptr<Channel> worker;
  std::thread thread([&] {
    worker = connect(listener_.address());
    done = true;
  });
  std::vector<std::unique_ptr<Channel>> admitted;
  while (!done) {
    listener_.wait({}, 0.05);
    for (auto& channel : listener_.accept()) admitted.push_back(std::move(channel));
  }
  thread.join();
  ASSERT_EQ(admitted.size(), 1u);
  EXPECT_EQ(listener_.waiting(), 0u);
  EXPECT_TRUE(worker->send(MessageKind::stopped));
  EXPECT_EQ(admitted[0]->receive(5)->kind, MessageKind::stopped);
  EXPECT_TRUE(messages_.empty());
}

TEST_F(ListenerTest, DropsAWrongTokenAtOnce) {
  const Stranger stranger(listener_);
  EXPECT_EQ(rounds(), 0u);
  Responder responder("guess");
  stranger.say(*responder.answer(stranger.challenge()));
  EXPECT_EQ(rounds(), 0u);
  EXPECT_TRUE(stranger.dropped());
  EXPECT_EQ(listener_.refused(), 1);
  ASSERT_EQ(messages_.size(), 1u);
  EXPECT_NE(messages_[0].find("a connection from 127.0.0.1 was dropped"), std::string::npos);
}

TEST_F(ListenerTest, DropsWhoSaysTooMuch) {
  for (const std::size_t length : {kAnswerBytes, kAnswerBytes + 1, std::size_t{1024}, std::size_t{100000}}) {
    const Stranger stranger(listener_);
    stranger.say(std::string(length, 'x'));
    EXPECT_EQ(rounds(), 0u);
    EXPECT_TRUE(stranger.dropped()) << length;
  }
  EXPECT_EQ(messages_.size(), 1u) << "one message, however many there are";
}

// A right answer with one byte more is not what a worker sends.
TEST_F(ListenerTest, DropsARightAnswerWithMoreBehindIt) {
  const Stranger stranger(listener_);
  EXPECT_EQ(rounds(), 0u);
  Responder responder(listener_.address().token);
  stranger.say(*responder.answer(stranger.challenge()) + "x");
  EXPECT_EQ(rounds(), 0u);
  EXPECT_TRUE(stranger.dropped());
}

TEST_F(ListenerTest, DropsWhoIsSilentOrSlow) {
  const Stranger silent(listener_), slow(listener_);
  const auto start = base::Clock::now();
  EXPECT_EQ(rounds(), 0u);
  EXPECT_EQ(listener_.waiting(), 2u);
  for (std::size_t said = 0; listener_.waiting() > 0; ++said) {
    if (said < kAnswerBytes - 1) slow.say("x");
    ASSERT_EQ(rounds(5), 0u);
    ASSERT_LT(base::seconds_since(start), 4 * kPatience_s);
  }
  EXPECT_GE(base::seconds_since(start), kPatience_s);
  EXPECT_TRUE(silent.dropped());
  EXPECT_TRUE(slow.dropped());
}

TEST_F(ListenerTest, CrowdsNeitherFillMemoryNorShutWorkersOut) {
  const double before = peak_bytes();
  std::vector<std::unique_ptr<Stranger>> crowd;
  std::atomic<bool> done{false};
  std::unique_ptr<Channel> worker;
  std::thread thread;
  std::size_t admitted = 0, most = 0;
  for (int i = 0; i < 300; ++i) {
    crowd.push_back(std::make_unique<Stranger>(listener_));
    admitted += listener_.accept().size();
    most = std::max(most, listener_.waiting());
    if (i == 150)
      thread = std::thread([&] {
        worker = connect(listener_.address());
        done = true;
      });
  }
  while (!done) admitted += rounds(1);
  thread.join();
  EXPECT_EQ(admitted, 1u);
  EXPECT_EQ(most, kMostWaiting);
  EXPECT_GE(listener_.refused(), 150 - static_cast<std::int64_t>(kMostWaiting));
  EXPECT_LT(peak_bytes() - before, 4e6);
}

// As when a large job starts: nobody is dropped while nobody is slow.
TEST_F(ListenerTest, ManyWorkersComeInTogether) {
  constexpr std::size_t kWorkers = 3 * kMostWaiting;
  std::vector<std::unique_ptr<Channel>> workers(kWorkers), admitted;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kWorkers; ++i)
    threads.emplace_back([&, i] { workers[i] = connect(listener_.address()); });
  for (int i = 0; i < 1000 && admitted.size() < kWorkers; ++i) {
    listener_.wait({}, 0.02);
    for (auto& channel : listener_.accept()) admitted.push_back(std::move(channel));
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(admitted.size(), kWorkers);
}

TEST_F(ListenerTest, AWorkerDoesNotServeAFalseRank0) {
  // A server at the right place that does not know the token.
  Listener other{{kLoopback}};
  Address address = listener_.address();
  address.endpoints = other.address().endpoints;
  std::atomic<bool> done{false};
  std::thread thread([&] {
    EXPECT_THROW((void)connect(address), base::RunError);
    done = true;
  });
  while (!done) {
    other.wait({}, 0.02);
    EXPECT_TRUE(other.accept().empty());
  }
  thread.join();
}

TEST(Address, KeepsEverything) {
  const Address address{"host", std::string("a\0b", 3), {{"10.0.0.1", 1234}, {"10.0.1.1", 65535}}};
  const Address back = address_from(to_bytes(address));
  EXPECT_EQ(back.host, address.host);
  EXPECT_EQ(back.token, address.token);
  ASSERT_EQ(back.endpoints.size(), 2u);
  EXPECT_EQ(back.endpoints[1].number, "10.0.1.1");
  EXPECT_EQ(back.endpoints[1].port, 65535);
}

TEST(Interfaces, RankZeroListensWhereTheOthersAre) {
  const std::vector<Interface> own = {{"eth0", "192.168.1.5"}, {"ib0", "10.0.0.5"}, {"docker0", "172.17.0.1"}};
  const auto source = [](const std::string& number) -> std::string {
    if (number.starts_with("10.0.0.")) return "10.0.0.5";
    if (number.starts_with("172.17.")) return "172.17.0.1";
    return number == "8.8.8.8" ? "" : "192.168.1.5";
  };
  using List = std::vector<std::string>;
  const auto at = [&](const List& others, std::string_view include = "") {
    return listening_numbers(own, others, include, source);
  };
  EXPECT_EQ(at({"192.168.1.7", "172.17.0.1"}), List{"192.168.1.5"}) << "not the bridge that every machine has";
  EXPECT_EQ(at({"192.168.1.7", "10.0.0.7", "192.168.1.8"}), (List{"192.168.1.5", "10.0.0.5"}));
  EXPECT_EQ(at({"8.8.8.8"}), List{}) << "no route";
  EXPECT_EQ(at({}), List{});
  EXPECT_EQ(at({"192.168.1.7"}, "ib0"), List{"10.0.0.5"}) << "MPI was told";
  EXPECT_EQ(at({"192.168.1.7"}, "lo,10.0.0.0/8"), List{"10.0.0.5"});
  EXPECT_EQ(at({"192.168.1.7"}, "10.0.0.4/31,eth0"), (List{"192.168.1.5", "10.0.0.5"}));
  EXPECT_EQ(at({"192.168.1.7"}, "10.0.0.6/31"), List{"192.168.1.5"}) << "an interface that does not exist";
  EXPECT_EQ(at({"192.168.1.7"}, "10.0.0.0/99,/8,x/y,"), List{"192.168.1.5"});
}

TEST(Interfaces, AreThoseOfThisMachine) {
  EXPECT_EQ(source_towards(kLoopback), kLoopback);
  EXPECT_EQ(source_towards("nonsense"), "");
  EXPECT_EQ(machine_identity(), machine_identity());
  EXPECT_FALSE(machine_identity().empty());
  for (const auto& interface : interfaces()) EXPECT_EQ(source_towards(interface.number), interface.number);
}

}  // namespace
}  // namespace phaselaw::ranks
