// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/run_task.h"

#include <new>
#include <utility>

#include <sys/syscall.h>
#include <unistd.h>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/ranks/interfaces.h"
#include "phaselaw/sweep/data_files.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/run_memory.h"
#include "phaselaw/sweep/shared_data.h"

namespace phaselaw::ranks {

namespace {

constexpr std::string_view kTask = "phaselaw task 1\n", kAnswer = "phaselaw answer 1\n";

std::string program_name() { return fmt::format("{} ({})", base::version(), base::commit()); }

std::string sealed(base::ByteWriter& out) {
  out.value(base::hash_bytes(out.bytes()));
  return out.bytes();
}

// What stands between `heading` and the hash; nothing if the bytes do not begin so or have another hash.
std::optional<std::string_view> unsealed(std::string_view bytes, std::string_view heading) {
  if (!bytes.starts_with(heading) || bytes.size() < heading.size() + sizeof(std::uint64_t)) return std::nullopt;
  const auto body = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  if (base::ByteReader(bytes.substr(body.size())).value<std::uint64_t>() != base::hash_bytes(body)) return std::nullopt;
  return body.substr(heading.size());
}

struct Task {
  sweep::Point point;
  std::string configuration, files;
};

Task task_from(std::string_view bytes) {
  const auto body = unsealed(bytes, kTask);
  if (!body) throw base::InputError({"task"}, "expected the bytes that a sweep submitted, found others");
  base::ByteReader in(*body);
  const std::string program(in.text());
  if (program != program_name())
    throw base::InputError(
        fmt::format("the worker {} has phaselaw {}, and the sweep was started with {}; "
                    "install the same version for both",
                    host_name(), program_name(), program));
  Task task;
  task.point.index = in.value<std::int64_t>();
  task.point.key = in.text();
  task.configuration = in.text();
  task.files = in.text();
  if (!in.at_end()) throw base::InputError({"task"}, "expected the bytes that a sweep submitted, found others");
  return task;
}

Delivery carried_out(Task& task) {
  static sweep::SharedData data;  // it holds data only while a run uses them
  task.point.experiment = sweep::experiment_from(base::parse_json(task.configuration, "task"));
  const sweep::Experiment& experiment = task.point.experiment;
  // A number that changes on its way through JSON would make another experiment.
  if (sweep::configuration_of(experiment).key != task.point.key)
    throw base::RunError(fmt::format("run {}: its configuration was read differently by the worker", task.point.index));
  training::require_precision(experiment.training.precision);
  sweep::require_memory(experiment, 1);
  if (sweep::data_files_hash(experiment.data) != task.files)
    throw base::InputError(fmt::format(
        "the data files of the worker {} are not those of the process that started the sweep; give both the "
        "same files under the same paths",
        host_name()));
  numerics::require_thread_safe_blas();
  numerics::set_blas_threads(1);
  sweep::RunContext context;
  context.data = &data;
  const sweep::RunResult result = sweep::carry_out(experiment, context);
  return {sweep::to_record(task.point, result), false, result.data};
}

}  // namespace

std::string task_of(const sweep::Point& point, const std::string& files) {
  base::ByteWriter out;
  out.raw(kTask);
  out.text(program_name());
  out.value(point.index);
  out.text(point.key);
  out.text(sweep::configuration_of(point.experiment).json);
  out.text(files);
  return sealed(out);
}

std::string carry_out_task(std::string_view bytes) {
  Task task = task_from(bytes);
  base::ByteWriter out;
  out.raw(kAnswer);
  out.value(task.point.index);
  out.text(task.point.key);
  out.text(fmt::format("{}, process {}, thread {}", host_name(), ::getpid(), ::syscall(SYS_gettid)));
  enum : std::uint8_t { done, run_error, input_error };
  const auto failed = [&](std::uint8_t kind, std::string_view why) {
    out.value(kind);
    out.text(why);
  };
  try {
    const std::string delivery = to_bytes(carried_out(task));
    out.value(static_cast<std::uint8_t>(done));
    out.text(delivery);
  } catch (const base::Interrupted&) {
    throw;
  } catch (const base::InputError& error) {
    failed(input_error, error.what());
  } catch (const std::bad_alloc&) {
    failed(run_error, "the worker has too little memory");
  } catch (const std::exception& error) {
    failed(run_error, error.what());
  }
  return sealed(out);
}

std::optional<Answer> answer_from(std::string_view bytes, const sweep::Point& point) {
  const auto body = unsealed(bytes, kAnswer);
  if (!body) return std::nullopt;
  base::ByteReader in(*body);
  const bool mine = in.value<std::int64_t>() == point.index && in.text() == point.key;
  Answer answer;
  answer.worker = in.text();
  const auto kind = in.value<std::uint8_t>();
  const std::string_view rest = in.text();
  if (!mine || !in.at_end() || kind > 2) return std::nullopt;
  answer.input = kind == 2;
  if (kind > 0) {
    answer.error = rest;
    return answer;
  }
  answer.delivery = delivery_from(rest);
  if (!answer.delivery) return std::nullopt;
  const store::RunRecord& record = answer.delivery->record;
  if (record.index != point.index || record.key != point.key || sweep::run_key(record.configuration) != point.key)
    return std::nullopt;
  return answer;
}

}  // namespace phaselaw::ranks
