// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/serve.h"

#include <cmath>
#include <limits>
#include <thread>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/ranks/listener.h"
#include "phaselaw/ranks/record_bytes.h"
#include "phaselaw/ranks/worker.h"
#include "sweep/small_study.h"

// Server and workers of one process, over real connections; tests/endurance/ranks_survive.py has mpirun and kills.
namespace phaselaw::ranks {
namespace {

class Serve : public testing::StudyFixture {
 protected:
  // The study by one worker here, `others` threads that work() and `strangers` that do something else.
  sweep::SweepSummary run(store::Store& store, int others, const std::function<void(const Address&)>& stranger = {}) {
    std::vector<std::thread> threads;
    struct Join {
      std::vector<std::thread>& threads;
      ~Join() {
        for (auto& t : threads) t.join();
      }
    } join{threads};
    // Closed before the threads are waited for, as when a server process ends: who connects late is turned away.
    Listener listener({kLoopback});
    const auto start = [&](auto&& body) {
      threads.emplace_back([body, address = listener.address()] {
        try {
          body(address);
        } catch (const base::RunError&) {  // the server has gone
        }
      });
    };
    sweep::SweepOptions options{.threads = 1};
    options.others = others;
    options.serve_others = [&](sweep::RunQueue& queue) { serve(listener, queue); };
    for (int i = 0; i < others; ++i)
      start([this](const Address& address) {
        work(study_, [&] { return connect(address); }, {.threads = 1, .snapshot_every_s = 0});
      });
    if (stranger) start([&stranger](const Address& address) { stranger(address); });
    return sweep::run_study(study_, store, options);
  }
  std::string reference() {
    auto store = open("reference.db");
    (void)sweep::run_study(study_, store, {.threads = 1});
    return exported(store);
  }
};

// The next run that the server gives, or nothing when the sweep has ended.
std::optional<Message> next_run(Channel& channel) {
  while (!channel.closed())
    if (auto message = channel.receive(0.1)) {
      if (message->kind == MessageKind::run) return message;
      return std::nullopt;
    }
  return std::nullopt;
}

TEST_F(Serve, ExportDoesNotDependOnTheWorkers) {
  for (const int others : {1, 3}) {
    auto store = open(fmt::format("{}.db", others));
    const auto summary = run(store, others);
    EXPECT_EQ(summary.done, 12);
    EXPECT_EQ(summary.threads, 1 + others);
    EXPECT_EQ(exported(store), reference());
  }
}

TEST_F(Serve, ARunWhoseWorkerGoesIsCarriedOutByAnother) {
  auto store = open("gone.db");
  bool had_one = false;
  // Takes a run and dies with it.
  const auto summary = run(store, 0, [&](const Address& address) {
    const auto channel = connect(address);
    had_one = next_run(*channel).has_value();
  });
  EXPECT_TRUE(had_one);
  EXPECT_EQ(summary.done, 12);
  EXPECT_EQ(exported(store), reference());
}

TEST_F(Serve, ARunThatEndsItsWorkersEndsTheSweep) {
  auto store = open("poison.db");
  const auto dying = [](const Address& address) {
    for (int i = 0; i < 1000; ++i) {
      const auto channel = connect(address);
      if (!next_run(*channel)) return;
    }
  };
  EXPECT_THROW((void)run(store, 0, dying), base::RunError);
}

TEST_F(Serve, AWorkersFailureEndsTheSweepWithItsWords) {
  auto store = open("failed.db");
  try {
    (void)run(store, 0, [&](const Address& address) {
      const auto channel = connect(address);
      if (!next_run(*channel)) return;
      base::ByteWriter out;
      out.value(std::uint8_t{1});
      out.text("text.txt: too short");
      channel->send(MessageKind::failure, out.bytes());
    });
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_STREQ(error.what(), "text.txt: too short");
  }
}

TEST_F(Serve, WhoDoesNotKnowTheTokenGetsNoRun) {
  auto store = open("stranger.db");
  (void)run(store, 1, [&](const Address& address) {
    Address wrong = address;
    wrong.token = "guess";
    EXPECT_THROW((void)connect(wrong), base::RunError);
  });
  EXPECT_EQ(exported(store), reference());
}

TEST_F(Serve, AMessageThatWorkersDoNotSendEndsTheConnection) {
  auto store = open("nonsense.db");
  bool closed = false;
  const auto summary = run(store, 0, [&](const Address& address) {
    const auto channel = connect(address);
    if (!next_run(*channel)) return;
    channel->send(MessageKind::end);
    while (!channel->closed()) (void)channel->receive(0.1);
    closed = true;
  });
  EXPECT_TRUE(closed);
  EXPECT_EQ(summary.done, 12);
  EXPECT_EQ(exported(store), reference());
}

TEST(RecordBytes, KeepEveryBit) {
  Delivery delivery;
  delivery.record = {7, "key", "{\"a\":1}", store::Status::kDiverged, "{}", 1.5, "0.1.0 (abc)", {}};
  delivery.record.measurements = {{0, 0.1, 2, 3, std::numeric_limits<double>::infinity(), -0.0, base::kNaN},
                                  {5, 1e-320, 0, 0, 1, 2, 3}};
  delivery.resumed = true;
  delivery.data = "teacher";
  const std::string bytes = to_bytes(delivery);
  const auto back = delivery_from(bytes);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(to_bytes(*back), bytes);
  EXPECT_EQ(back->record.status, store::Status::kDiverged);
  EXPECT_TRUE(std::isnan(back->record.measurements[0].excess_risk));
  EXPECT_EQ(back->record.measurements[1].time, 1e-320);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(delivery_from(std::string_view(bytes).substr(0, size)).has_value()) << size;
  EXPECT_FALSE(delivery_from(bytes + "x").has_value());
}

}  // namespace
}  // namespace phaselaw::ranks
