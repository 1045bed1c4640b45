// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/serve.h"

#include <exception>
#include <filesystem>
#include <list>
#include <map>

#include <poll.h>
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
  Channel channel;
  bool known = false;            // it has said hello
  const Point* point = nullptr;  // run that it works on
  double told = 0;               // share of it already reported as progress
  bool leaves = false;           // takes no more runs
};

class Server {
 public:
  Server(Listener& listener, sweep::Floor& floor) : listener_(listener), floor_(floor) {}

  void run() {
    while (!over()) {
      wait();
      while (auto channel = listener_.accept()) workers_.push_back({std::move(*channel)});
      for (Worker& worker : workers_) {
        while (const auto message = worker.channel.receive(0)) handle(worker, *message);
        if (worker.channel.closed() && worker.point != nullptr) lost(worker);
      }
      workers_.remove_if([](const Worker& worker) { return worker.channel.closed(); });
      if (floor_.ending())
        stop_all();
      else
        hand_out();
      // The launcher has died, so nobody would stop this process.
      if (::getppid() != launcher_) base::set_interrupted(true);
    }
    for (Worker& worker : workers_) worker.channel.send(Kind::end);
  }

 private:
  using Clock = base::Clock;

  [[nodiscard]] bool busy() const {
    for (const Worker& worker : workers_)
      if (worker.point != nullptr) return true;
    return false;
  }
  [[nodiscard]] bool over() const {
    if (busy()) return stopping_ && base::seconds_since(*stopping_) > kFarewell_s;
    return floor_.ending() || floor_.left();
  }

  void wait() const {
    std::vector<pollfd> entries{{listener_.descriptor(), POLLIN, 0}};
    for (const Worker& worker : workers_) entries.push_back({worker.channel.descriptor(), POLLIN, 0});
    (void)::poll(entries.data(), entries.size(), 50);
  }

  void handle(Worker& worker, const Message& message) {
    if (!worker.known) {
      worker.known = message.kind == Kind::hello && message.bytes == listener_.address().token;
      worker.leaves = !worker.known;
      return;
    }
    if (worker.point == nullptr) return;
    const Point& point = *worker.point;
    base::ByteReader in(message.bytes);
    switch (message.kind) {
      case Kind::progress: {
        const double share = in.value<double>();
        worker.told += share;
        floor_.progress(point, share);
        break;
      }
      case Kind::snapshot:
        keep_snapshot(point, message.bytes);
        break;
      case Kind::result:
        deliver(worker, message.bytes);
        break;
      case Kind::failure: {
        const bool input = in.value<std::uint8_t>() != 0;
        const std::string text(in.text());
        fail(input ? std::make_exception_ptr(base::InputError(text)) : std::make_exception_ptr(base::RunError(text)));
        return_run(worker);
        break;
      }
      case Kind::stopped:
        worker.leaves = true;
        return_run(worker);
        break;
      default:
        break;
    }
  }

  void keep_snapshot(const Point& point, const std::string& bytes) {
    const std::filesystem::path path = floor_.snapshot_path(point);
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
      floor_.deliver(point, delivery->record, delivery->resumed, delivery->data);
    } catch (...) {
      fail(std::current_exception());
    }
  }

  void return_run(Worker& worker) {
    floor_.progress(*worker.point, -worker.told);
    floor_.give_back(*std::exchange(worker.point, nullptr));
  }

  void lost(Worker& worker) {
    const std::int64_t index = worker.point->index;
    const int deaths = ++deaths_[index];
    if (!floor_.ending()) {
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

  void fail(std::exception_ptr why) { floor_.fail(std::move(why)); }

  void hand_out() {
    for (Worker& worker : workers_) {
      if (!worker.known || worker.leaves || worker.point != nullptr) continue;
      worker.point = floor_.next();
      if (worker.point == nullptr) return;
      worker.told = 0;
      base::ByteWriter out;
      out.value(worker.point->index);
      const std::string path = floor_.snapshot_path(*worker.point);
      std::error_code error;
      out.text(std::filesystem::is_regular_file(path, error) ? base::read_text(path) : "");
      worker.channel.send(Kind::run, out.bytes());  // a closed channel is noticed in the next round
    }
  }

  void stop_all() {
    if (stopping_) return;
    stopping_ = Clock::now();
    for (Worker& worker : workers_) worker.channel.send(Kind::stop);
  }

  Listener& listener_;
  sweep::Floor& floor_;
  std::list<Worker> workers_;
  std::map<std::int64_t, int> deaths_;  // of a run's workers since its last snapshot
  std::optional<Clock::time_point> stopping_;
  pid_t launcher_ = ::getppid();
  bool warned_ = false;
};

}  // namespace

void serve(Listener& listener, sweep::Floor& floor) { Server(listener, floor).run(); }

}  // namespace phaselaw::ranks
