// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/matrix_free.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/rows.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/matrix.h"

namespace phaselaw::kernel {

namespace {

// A pass is large enough for efficient products and small enough that its activations stay near the core
// (benchmarks/kernel/matrix_free.cpp); there are at least as many passes as partial sums.
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::int64_t kBatchRows = 64;

using numerics::length;

void check_finite(const char* what, const auto& values) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      throw base::InputError(
          {what}, fmt::format("expected finite numbers, found {} at position {}; remove or repair it", values[i], i));
}

}  // namespace

template <class T>
struct TangentOperator<T>::State {
  using Model = model::Transformer<T>;

  Model model;
  std::vector<T> theta, vectors;
  std::vector<std::int32_t> tokens;
  std::int64_t n, batch = 1, batches = 1, groups = 1;
  int threads;
  std::unique_ptr<base::Team> team;
  bool keep = false;
  std::vector<bool> selected;
  std::vector<typename Model::Workspace> workspaces;       // one per batch if kept, otherwise one per worker
  std::vector<typename Model::TangentWorkspace> tangents;  // one per worker
  std::vector<std::vector<T>> partial;    // J^T v of each group; partial[0] is the first term of the sum
  std::vector<std::vector<T>> discarded;  // outputs of a repeated forward pass, one per worker
  std::vector<T> gradient, row_buffer, row_result, tangent_buffer;

  State(const model::ModelOptions& options, std::vector<T> parameters, const model::Inputs<T>& inputs,
        const TangentOptions& wanted)
      : model(options), theta(std::move(parameters)), n(inputs.n) {
    adopt(inputs);
    threads = base::thread_count(wanted.threads);
    // A workspace grows linearly with its capacity, so two sizes determine it.
    const std::size_t one = typename Model::Workspace(model, 1).bytes(),
                      two = typename Model::Workspace(model, 2).bytes();
    const std::size_t more = std::max<std::size_t>(two - one, 1);
    const std::int64_t largest = static_cast<std::int64_t>(std::max<std::size_t>(kBatchBytes / more, 1));
    const std::int64_t enough = (kBatchRows + options.seq_len - 1) / options.seq_len;
    groups = std::clamp<std::int64_t>(wanted.reduction_groups, 1, n);
    batch = wanted.batch > 0 ? wanted.batch : std::min(largest, std::max(enough, (n + groups - 1) / groups));
    batch = std::min(batch, n);
    batches = (n + batch - 1) / batch;
    batch = (n + batches - 1) / batches;
    batches = (n + batch - 1) / batch;
    groups = std::min(groups, batches);
    threads = static_cast<int>(std::min<std::int64_t>(threads, batches));
    keep = length(batches) * (one + length(batch - 1) * more) <= wanted.memory_limit;
    selected = select_all(model.table());
    for (std::int64_t b = 0; b < (keep ? batches : threads); ++b) workspaces.emplace_back(model, batch);
    for (int t = 0; t < threads; ++t) tangents.emplace_back(model, batch);
    partial.assign(length(groups), std::vector<T>(theta.size(), T(0)));
    gradient.resize(theta.size());
    discarded.assign(length(threads), std::vector<T>(length(batch * model.outputs_per_sequence())));
    team = std::make_unique<base::Team>(threads);
    if (keep) for_each_task(batches, [&](std::int64_t b, int worker) { forward(b, worker, workspaces[length(b)]); });
  }

  // body(task, worker) for task = 0 .. tasks - 1, each once. base::Interrupted on request.
  template <class Body>
  void for_each_task(std::int64_t tasks, const Body& body) {
    const numerics::OneBlasThread guard;
    team->run(tasks, [&](std::int64_t task, int worker) {
      base::throw_if_interrupted();
      body(task, worker);
    });
  }

  void adopt(const model::Inputs<T>& inputs) {
    const auto& o = model.options();
    if (static_cast<std::int64_t>(theta.size()) != model.table().size())
      throw base::InputError({"weights"}, fmt::format("expected {} parameters for this model, found {}",
                                                      model.table().size(), theta.size()));
    check_finite("weights", theta);
    const auto* given = o.reads_tokens() ? static_cast<const void*>(inputs.tokens) : inputs.vectors;
    if (n < 1 || given == nullptr)
      throw base::InputError({"inputs"},
                             fmt::format("expected at least one sequence of {}, found {} sequences",
                                         o.reads_tokens() ? "tokens" : "vectors", given == nullptr ? 0 : n));
    if (!o.reads_tokens()) {
      vectors.assign(inputs.vectors, inputs.vectors + n * model.inputs_per_sequence());
      check_finite("inputs", vectors);
      return;
    }
    tokens.assign(inputs.tokens, inputs.tokens + n * model.inputs_per_sequence());
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (tokens[i] < 0 || tokens[i] >= o.vocab)
        throw base::InputError(
            {"inputs"}, fmt::format("expected tokens in 0 .. {}, found {} at position {}", o.vocab - 1, tokens[i], i));
  }

  [[nodiscard]] std::int64_t rows() const { return n * model.outputs_per_sequence(); }

  [[nodiscard]] model::Inputs<T> inputs(std::int64_t b) const {
    return inputs(b * batch, std::min(batch, n - b * batch));
  }
  [[nodiscard]] model::Inputs<T> inputs(std::int64_t from, std::int64_t count) const {
    const bool reads_tokens = model.options().reads_tokens();
    const model::Inputs<T> all{n, reads_tokens ? nullptr : vectors.data(), reads_tokens ? tokens.data() : nullptr};
    return all.part(model.options(), from, count);
  }

  void forward(std::int64_t b, int worker, typename Model::Workspace& workspace) {
    model.forward(theta, inputs(b), workspace, discarded[length(worker)].data());
  }

  // The activations of batch b: kept, or computed again.
  typename Model::Workspace& activations(std::int64_t b, int worker) {
    auto& workspace = workspaces[length(keep ? b : worker)];
    if (!keep) forward(b, worker, workspace);
    return workspace;
  }

  void adjoint(const T* v, T* result) {
    for_each_task(groups, [&](std::int64_t group, int worker) {
      auto& sum = partial[length(group)];
      std::fill(sum.begin(), sum.end(), T(0));
      for (std::int64_t b = group * batches / groups; b < (group + 1) * batches / groups; ++b)
        model.backward(theta, inputs(b), activations(b, worker), v + b * batch * model.outputs_per_sequence(), sum);
    });
    // The groups in their order, slice by slice.
    const std::int64_t size = static_cast<std::int64_t>(theta.size()), slices = (size + kSlice - 1) / kSlice;
    for_each_task(slices, [&](std::int64_t slice, int) {
      const std::int64_t from = slice * kSlice, to = std::min(size, from + kSlice);
      std::copy(partial[0].begin() + from, partial[0].begin() + to, result + from);
      for (std::size_t group = 1; group < partial.size(); ++group) {
        base::Versions<model::add_to_rows<T>>::call(1, to - from, T(1), partial[group].data() + from, result + from,
                                                    to - from);
      }
    });
  }

  void jacobian(std::span<const T> tangent, T* result) {
    for_each_task(batches, [&](std::int64_t b, int worker) {
      model.jvp(theta, inputs(b), activations(b, worker), tangents[length(worker)], tangent,
                result + b * batch * model.outputs_per_sequence());
    });
  }

  // Calls body(first parameter, count, position among the selected) for every selected block.
  template <class Body>
  std::int64_t for_each_selected(Body&& body) const {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < selected.size(); ++i) {
      const auto& block = model.table().blocks()[i];
      if (!selected[i] || !block.trainable) continue;
      body(block.offset, block.size(), at);
      at += block.size();
    }
    return at;
  }

  static constexpr std::int64_t kSlice = 16384;
};

template <class T>
TangentOperator<T>::TangentOperator(const model::ModelOptions& model, std::vector<T> theta,
                                    const model::Inputs<T>& inputs, const TangentOptions& options)
    : state_(std::make_unique<State>(model, std::move(theta), inputs, options)) {}
template <class T>
TangentOperator<T>::~TangentOperator() = default;
template <class T>
TangentOperator<T>::TangentOperator(TangentOperator&&) noexcept = default;
template <class T>
TangentOperator<T>& TangentOperator<T>::operator=(TangentOperator&&) noexcept = default;

template <class T>
const model::Transformer<T>& TangentOperator<T>::model() const {
  return state_->model;
}
template <class T>
std::int64_t TangentOperator<T>::rows() const {
  return state_->rows();
}
template <class T>
std::int64_t TangentOperator<T>::parameters() const {
  return state_->model.table().size();
}
template <class T>
std::int64_t TangentOperator<T>::selected_parameters() const {
  return state_->for_each_selected([](auto...) {});
}
template <class T>
bool TangentOperator<T>::keeps_activations() const {
  return state_->keep;
}

template <class T>
std::size_t TangentOperator<T>::bytes() const {
  const State& s = *state_;
  std::size_t numbers = s.theta.size() * (s.partial.size() + 2) + s.vectors.size() + s.row_buffer.size() +
                        s.row_result.size() + s.tangent_buffer.size();
  for (const auto& outputs : s.discarded) numbers += outputs.size();
  std::size_t total = numbers * sizeof(T) + s.tokens.size() * sizeof(std::int32_t);
  for (const auto& workspace : s.workspaces) total += workspace.bytes();
  for (const auto& workspace : s.tangents) total += workspace.bytes();
  return total;
}

template <class T>
double TangentOperator<T>::product_flop() const {
  const State& s = *state_;
  const model::SequenceCost cost =
      model::sequence_cost(s.model.options(), model::BackwardPlan(s.model.table(), s.selected));
  return 2 * static_cast<double>(s.n) * (cost.backward_linear_flop + (s.keep ? 0 : cost.forward_linear_flop));
}

template <class T>
void TangentOperator<T>::select(const std::vector<bool>& blocks) {
  state_->selected = blocks;
  for (auto& workspace : state_->workspaces) workspace.select(state_->model, blocks);
}

template <class T>
void TangentOperator<T>::apply(std::span<const T> v, std::span<T> hv) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(v.size()), rows());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(hv.size()), rows());
  state_->adjoint(v.data(), state_->gradient.data());
  state_->jacobian(state_->gradient, hv.data());
}

template <class T>
void TangentOperator<T>::apply_jacobian(std::span<const T> tangent, std::span<T> jv) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(tangent.size()), parameters());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(jv.size()), rows());
  state_->jacobian(tangent, jv.data());
}

template <class T>
void TangentOperator<T>::apply_adjoint(std::span<const T> v, std::span<T> gradient) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(v.size()), rows());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient.size()), parameters());
  state_->adjoint(v.data(), gradient.data());
}

template <class T>
void TangentOperator<T>::outputs(std::span<T> out) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(out.size()), rows());
  State& s = *state_;
  s.for_each_task(s.batches, [&](std::int64_t b, int worker) {
    s.model.forward(s.theta, s.inputs(b), s.workspaces[length(s.keep ? b : worker)],
                    out.data() + b * s.batch * s.model.outputs_per_sequence());
  });
}

template <class T>
void TangentOperator<T>::jacobian_rows(std::int64_t sequence, numerics::MatrixView<T> rows) {
  State& s = *state_;
  const std::int64_t count = s.model.outputs_per_sequence();
  PHASELAW_CHECK(sequence >= 0 && sequence < s.n);
  PHASELAW_CHECK(rows.rows() == count && rows.cols() == selected_parameters());
  const model::Inputs<T> input = s.inputs(sequence, 1);
  const auto workers = std::min<std::int64_t>(s.threads, count);
  s.for_each_task(workers, [&](std::int64_t part, int) {
    typename State::Model::Workspace workspace(s.model, 1);
    workspace.select(s.model, s.selected);
    std::vector<T> unit(length(count), T(0)), row(s.theta.size());
    s.model.forward(s.theta, input, workspace, unit.data());
    std::fill(unit.begin(), unit.end(), T(0));
    for (std::int64_t i = part; i < count; i += workers) {
      std::fill(row.begin(), row.end(), T(0));
      unit[length(i)] = T(1);
      s.model.backward(s.theta, input, workspace, unit.data(), row);
      unit[length(i)] = T(0);
      s.for_each_selected([&](std::int64_t first, std::int64_t size, std::int64_t at) {
        std::copy_n(row.begin() + first, size, rows.data() + i * rows.cols() + at);
      });
    }
  });
}

template <class T>
SymmetricOperator TangentOperator<T>::kernel() {
  State* s = state_.get();
  s->row_buffer.resize(length(rows()));
  s->row_result.resize(length(rows()));
  return {rows(), [s](std::span<const double> x, std::span<double> y) {
            std::transform(x.begin(), x.end(), s->row_buffer.begin(), [](double v) { return static_cast<T>(v); });
            s->adjoint(s->row_buffer.data(), s->gradient.data());
            s->jacobian(s->gradient, s->row_result.data());
            std::copy(s->row_result.begin(), s->row_result.end(), y.begin());
          }};
}

template <class T>
SymmetricOperator TangentOperator<T>::dual() {
  State* s = state_.get();
  s->row_result.resize(length(rows()));
  s->tangent_buffer.assign(length(parameters()), T(0));
  return {selected_parameters(), [s](std::span<const double> x, std::span<double> y) {
            s->for_each_selected([&](std::int64_t first, std::int64_t count, std::int64_t at) {
              std::transform(x.begin() + at, x.begin() + at + count, s->tangent_buffer.begin() + first,
                             [](double v) { return static_cast<T>(v); });
            });
            s->jacobian(s->tangent_buffer, s->row_result.data());
            s->adjoint(s->row_result.data(), s->gradient.data());
            s->for_each_selected([&](std::int64_t first, std::int64_t count, std::int64_t at) {
              std::copy_n(s->gradient.begin() + first, count, y.begin() + at);
            });
          }};
}

std::vector<bool> select_all(const model::ParameterTable& table) {
  return std::vector<bool>(table.blocks().size(), true);
}

std::vector<bool> select_layer(const model::ParameterTable& table, std::int64_t layer) {
  std::vector<bool> blocks;
  for (const auto& block : table.blocks()) blocks.push_back(block.layer == layer);
  PHASELAW_CHECK(std::find(blocks.begin(), blocks.end(), true) != blocks.end());
  return blocks;
}

std::vector<bool> select_block(const model::ParameterTable& table, std::string_view name, std::int64_t layer) {
  std::vector<bool> blocks;
  std::vector<std::string> known;
  for (const auto& block : table.blocks()) {
    const std::string short_name = model::trainable_name(block);
    if (std::find(known.begin(), known.end(), short_name) == known.end()) known.push_back(short_name);
    blocks.push_back(short_name == name && (layer < 0 || block.layer == layer));
  }
  if (std::find(blocks.begin(), blocks.end(), true) == blocks.end())
    throw base::InputError(base::unknown_name("parameter block", name, known));
  return blocks;
}

template class TangentOperator<float>;
template class TangentOperator<double>;

}  // namespace phaselaw::kernel
