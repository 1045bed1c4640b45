// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/serve.h"

#include <exception>
#include <filesystem>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/ranks/record_bytes.h"

namespace phaselaw::ranks {

namespace {

using sweep::Point;

struct Worker {
  std::unique_ptr<Channel> channel;
  const Point* point = nullptr;  // run that it works on
  double told = 0;               // share of it already reported as progress
  bool leaves = false;           // takes no more runs
};

class Server {
 public:
  Server(Hub& hub, sweep::RunQueue& queue) : hub_(hub), queue_(queue) {}

  void run() {
    while (!over()) {
      wait();
      for (auto& channel : hub_.accept()) workers_.push_back({std::move(channel)});
      for (Worker& worker : workers_) {
        while (const auto message = worker.channel->receive(0)) handle(worker, *message);
        if (worker.channel->closed() && worker.point != nullptr) lost(worker);
      }
      workers_.remove_if([](const Worker& worker) { return worker.channel->closed(); });
      if (queue_.ending())
        stop_all();
      else
        hand_out();
      // The launcher has died, so nobody would stop this process.
      if (::getppid() != launcher_) base::set_interrupted(true);
    }
    for (Worker& worker : workers_) worker.channel->send(MessageKind::end);
  }

 private:
  using Clock = base::Clock;

  [[nodiscard]] bool busy() const {
    for (const Worker& worker : workers_)
      if (worker.point != nullptr) return true;
    return false;
  }
  [[nodiscard]] bool over() const {
    if (busy()) return stopping_ && base::seconds_since(*stopping_) > kShutdownTimeout_s;
    return queue_.ending() || queue_.local_workers_done();
  }

  void wait() const {
    std::vector<const Channel*> channels;
    for (const Worker& worker : workers_) channels.push_back(worker.channel.get());
    hub_.wait(channels, 0.05);
  }

  void handle(Worker& worker, const Message& message) {
    if (worker.point == nullptr) return;
    const Point& point = *worker.point;
    base::ByteReader in(message.bytes);
    switch (message.kind) {
      case MessageKind::progress: {
        const double share = in.value<double>();
        worker.told += share;
        queue_.progress(point, share);
        break;
      }
      case MessageKind::snapshot:
        keep_snapshot(point, message.bytes);
        break;
      case MessageKind::result:
        deliver(worker, message.bytes);
        break;
      case MessageKind::failure: {
        const bool input = in.value<std::uint8_t>() != 0;
        const std::string text(in.text());
        fail(input ? std::make_exception_ptr(base::InputError(text)) : std::make_exception_ptr(base::RunError(text)));
        return_run(worker);
        break;
      }
      case MessageKind::stopped:
        worker.leaves = true;
        return_run(worker);
        break;
      default:  // a message that workers do not send
        worker.channel->close();
        break;
    }
  }

  void keep_snapshot(const Point& point, const std::string& bytes) {
    const std::filesystem::path path = queue_.snapshot_path(point);
    deaths_.erase(point.index);
    try {
      std::error_code ignored;  // the write then reports the problem
      std::filesystem::create_directories(path.parent_path(), ignored);
      base::write_file(path, bytes);
    } catch (const base::RunError& error) {
      if (!std::exchange(warned_, true))
        base::log_warning(fmt::format(
            "{}; no snapshot was written, so a killed run cannot resume; free some disk space", error.what()));
    }
  }

  void deliver(Worker& worker, const std::string& bytes) {
    const Point& point = *worker.point;
    const auto delivery = delivery_from(bytes);
    if (!delivery || delivery->record.index != point.index || delivery->record.key != point.key) {
      fail(std::make_exception_ptr(
          base::RunError(fmt::format("a worker delivered run {} in an unknown form", point.index))));
      return return_run(worker);
    }
    worker.point = nullptr;
    try {
      queue_.deliver(point, delivery->record, delivery->resumed, delivery->data);
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void return_run(Worker& worker) {
    queue_.progress(*worker.point, -worker.told);
    queue_.give_back(*std::exchange(worker.point, nullptr));
  }

  void lost(Worker& worker) {
    const std::int64_t index = worker.point->index;
    const int deaths = ++deaths_[index];
    if (!queue_.ending()) {
      if (deaths >= kMostDeaths)
        fail(std::make_exception_ptr(
            base::RunError(fmt::format("run {} has ended {} workers, each before it could write a snapshot; "
                                       "check whether it runs out of memory, or use a shorter --checkpoint-every",
                                       index, deaths))));
      else
        base::log_warning(fmt::format("a worker has disconnected; its run {} goes to the next worker", index));
    }
    return_run(worker);
  }

  void fail(std::exception_ptr why) { queue_.fail(std::move(why)); }

  void hand_out() {
    for (Worker& worker : workers_) {
      if (worker.leaves || worker.point != nullptr) continue;
      worker.point = queue_.next();
      if (worker.point == nullptr) return;
      worker.told = 0;
      base::ByteWriter out;
      out.value(worker.point->index);
      const std::string path = queue_.snapshot_path(*worker.point);
      std::error_code error;
      out.text(std::filesystem::is_regular_file(path, error) ? base::read_text(path) : "");
      worker.channel->send(MessageKind::run, out.bytes());  // a closed channel is noticed in the next round
    }
  }

  void stop_all() {
    if (stopping_) return;
    stopping_ = Clock::now();
    for (Worker& worker : workers_) worker.channel->send(MessageKind::stop);
  }

  Hub& hub_;
  sweep::RunQueue& queue_;
  std::list<Worker> workers_;
  std::map<std::int64_t, int> deaths_;  // of a run's workers since its last snapshot
  std::optional<Clock::time_point> stopping_;
  pid_t launcher_ = ::getppid();
  bool warned_ = false;
};

}  // namespace

void serve(Hub& hub, sweep::RunQueue& queue) { Server(hub, queue).run(); }

}  // namespace phaselaw::ranks
