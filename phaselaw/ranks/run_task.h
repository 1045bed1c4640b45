// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/ranks/record_bytes.h"
#include "phaselaw/sweep/experiment.h"

// One run of a study as bytes, for workers that know nothing but these bytes and the files that they name: a task goes to
// a worker, and an answer comes back. Both end in a hash of their bytes. A worker writes no files and keeps no snapshot.
namespace phaselaw::ranks {

// The task of this point. `files`: sweep::data_files_hash() of its data, which those of the worker must have.
[[nodiscard]] std::string task_of(const sweep::Point& point, const std::string& files);

// Carries out a task on the calling thread and returns its answer: the finished run, or the error that ended it. Runs of
// one process that use the same data share them. InputError for bytes that are no task, or the task of another version;
// base::Interrupted on Ctrl-C.
[[nodiscard]] std::string carry_out_task(std::string_view task);

struct Answer {
  std::optional<Delivery> delivery;  // none if the run failed
  std::string error;                 // why, in one sentence
  bool input = false;                // the error is an InputError
  std::string worker;                // host, process and thread
};
// Nothing if the bytes are not the answer to the task of this point, or were damaged on the way.
[[nodiscard]] std::optional<Answer> answer_from(std::string_view bytes, const sweep::Point& point);

}  // namespace phaselaw::ranks
