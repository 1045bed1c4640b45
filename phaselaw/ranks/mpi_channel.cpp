// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/mpi_channel.h"

#include <algorithm>
#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "phaselaw/base/clock.h"

namespace phaselaw::ranks {

namespace {

// MPI has no way to wait without using a core, so the ranks look at intervals.
constexpr auto kInterval = std::chrono::milliseconds(2);
constexpr std::size_t kFewBytes = 4096;  // sent at once by every MPI, without the other side

class MpiChannel final : public Channel {
 public:
  MpiChannel(std::shared_ptr<SharedEngine> engine, int other, int tag)
      : engine_(std::move(engine)), other_(other), tag_(tag) {}
  ~MpiChannel() override { wait_until_sent(); }
  MpiChannel(const MpiChannel&) = delete;
  MpiChannel& operator=(const MpiChannel&) = delete;

  bool send(MessageKind kind, std::string_view bytes) override {
    std::string header = header_bytes(kind, bytes.size());
    if (closed_) return false;
    wait_until_sent();
    start(std::move(header));
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kMostBytesAtOnce)))
      start(std::string(bytes.substr(0, kMostBytesAtOnce)));
    if (under_way_.back().bytes.size() > kFewBytes) wait_until_sent();
    return true;
  }

  std::optional<Message> receive(double timeout_s) override {
    const auto start = base::Clock::now();
    while (!closed_) {
      if (auto message = take_part()) return message;
      if (base::seconds_since(start) >= timeout_s) break;
      std::this_thread::sleep_for(kInterval);
    }
    return std::nullopt;
  }

  bool closed() const override { return closed_; }
  void close() override { closed_ = true; }

 private:
  struct UnderWay {
    std::string bytes;
    int ticket;
  };

  void start(std::string bytes) {
    under_way_.push_back({std::move(bytes), 0});
    UnderWay& last = under_way_.back();
    const std::lock_guard lock(engine_->mutex);
    last.ticket = engine_->engine.start_send(other_, tag_, last.bytes.data(), last.bytes.size());
  }

  void wait_until_sent() {
    while (true) {
      {
        const std::lock_guard lock(engine_->mutex);
        under_way_.remove_if([&](const UnderWay& u) { return engine_->engine.sent(u.ticket); });
      }
      if (under_way_.empty()) return;
      std::this_thread::sleep_for(kInterval);
    }
  }

  // Takes all parts that have arrived, up to the end of a message.
  std::optional<Message> take_part() {
    const std::lock_guard lock(engine_->mutex);
    while (true) {
      if (header_ && message_.bytes.size() == header_->count) {
        header_.reset();
        return std::exchange(message_, {});
      }
      const std::size_t expected = header_ ? header_->count - message_.bytes.size() : kHeaderBytes;
      auto part = engine_->engine.take(other_, tag_, std::min<std::size_t>(expected, kMostBytesAtOnce));
      if (!part) return std::nullopt;
      if (header_) {
        message_.bytes += *part;
      } else if ((header_ = header_from(*part))) {
        message_.kind = header_->kind;
      } else {
        closed_ = true;
        return std::nullopt;
      }
    }
  }

  std::shared_ptr<SharedEngine> engine_;
  int other_, tag_;
  std::list<UnderWay> under_way_;
  std::optional<MessageHeader> header_;
  Message message_;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Channel> mpi_channel(std::shared_ptr<SharedEngine> engine, int other, int worker) {
  return std::make_unique<MpiChannel>(std::move(engine), other, worker + 1);
}

MpiHub::MpiHub(std::shared_ptr<SharedEngine> engine, int workers_of_a_rank)
    : engine_(std::move(engine)), workers_(workers_of_a_rank) {}

std::vector<std::unique_ptr<Channel>> MpiHub::accept() {
  std::vector<std::unique_ptr<Channel>> channels;
  if (std::exchange(accepted_, true)) return channels;
  for (int rank = 1; rank < engine_->engine.size(); ++rank)
    for (int worker = 0; worker < workers_; ++worker) channels.push_back(mpi_channel(engine_, rank, worker));
  return channels;
}

void MpiHub::wait(const std::vector<const Channel*>&, double) { std::this_thread::sleep_for(kInterval); }

}  // namespace phaselaw::ranks
