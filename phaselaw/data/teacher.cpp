// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/teacher.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::data {

namespace {

constexpr std::int64_t kBatch =
    16;  // sequences per pass: small teachers stay in a cache, large ones keep their products long

}  // namespace

model::ModelOptions teacher_options(const DataOptions& options, const model::ModelOptions& student) {
  model::ModelOptions teacher = student;
  const auto set = [](std::int64_t& size, std::int64_t given) {
    if (given > 0) size = given;
  };
  set(teacher.n_layers, options.teacher_n_layers);
  set(teacher.d_hidden, options.teacher_d_hidden);
  set(teacher.n_heads, options.teacher_n_heads);
  set(teacher.d_head, options.teacher_d_head);
  if (options.teacher_n_heads > 0)
    teacher.n_kv_heads = 0;  // a number of heads of its own implies as many keys and values
  if (!options.teacher_branch_scale.is_word()) teacher.branch_scale = options.teacher_branch_scale.value;
  teacher.output_scale = 1;
  teacher.init_scale = 1;
  teacher.trainable = {"all"};
  return teacher;
}

std::vector<double> teacher_parameters(const DataOptions& options, const model::ModelOptions& student,
                                       std::uint64_t seed) {
  const model::ParameterTable table(teacher_options(options, student));
  return model::initialise<double>(table, numerics::RandomStream(options.source_seed(seed), "teacher").bits());
}

std::vector<double> teacher_outputs(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
                                    const std::vector<double>& x) {
  const model::Transformer<double> teacher(teacher_options(options, student));
  const std::vector<double> theta = teacher_parameters(options, student, seed);
  const std::int64_t in = student.input_len() * student.d_model, out = teacher.outputs_per_sequence();
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(x.size()) % in, 0);
  const std::int64_t n = static_cast<std::int64_t>(x.size()) / in;
  std::vector<double> y(static_cast<std::size_t>(n * out));
  model::Transformer<double>::Workspace workspace(teacher, std::min(n, kBatch));
  for (std::int64_t i = 0; i < n; i += kBatch) {
    model::Inputs<double> inputs;
    inputs.n = std::min(kBatch, n - i);
    inputs.vectors = x.data() + i * in;
    teacher.forward(theta, inputs, workspace, y.data() + i * out);
  }
  return y;
}

}  // namespace phaselaw::data
