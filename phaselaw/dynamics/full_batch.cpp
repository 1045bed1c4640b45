// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/full_batch.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/loss.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/matrix.h"

namespace phaselaw::dynamics {

namespace {

using Model = model::Transformer<double>;

// A pass is small enough that its activations stay near the core and large enough for efficient products.
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;
constexpr std::int64_t kBatchRows = 64;
// Number of partial gradients, added in their order.
constexpr std::int64_t kGroups = 8;
// Below this flop per gradient, waking threads costs more than it saves.
constexpr double kWorthThreads = 2e7;

using numerics::length;

}  // namespace

void validate(const FlowData& data, const model::ModelOptions& model, const char* name) {
  const auto fail = [&](const std::string& what) { throw base::InputError({name}, what); };
  const std::int64_t n = data.inputs.n, tokens = n * model.seq_len, input_rows = n * model.input_len();
  const bool given = model.reads_tokens() ? data.inputs.tokens != nullptr : data.inputs.vectors != nullptr;
  if (n < 1 || !given)
    fail(fmt::format("expected at least one sequence of {}, found none", model.reads_tokens() ? "tokens" : "vectors"));
  if (data.targets.empty() == data.next_tokens.empty())
    fail("expected either numbers or classes as targets, found both or neither");
  if (model.reads_tokens()) {
    for (std::int64_t i = 0; i < input_rows; ++i)
      if (data.inputs.tokens[i] < 0 || data.inputs.tokens[i] >= model.vocab)
        fail(fmt::format("expected tokens in 0 .. {}, found {} at position {}", model.vocab - 1, data.inputs.tokens[i],
                         i));
  } else {
    for (std::int64_t i = 0; i < input_rows * model.d_model; ++i)
      if (!std::isfinite(data.inputs.vectors[i]))
        fail(fmt::format("expected finite inputs, found {} at position {}; remove or repair it", data.inputs.vectors[i],
                         i));
  }
  const auto expect = [&](std::size_t found, std::int64_t wanted) {
    if (found != length(wanted)) fail(fmt::format("expected {} targets for {} sequences, found {}", wanted, n, found));
  };
  if (data.is_cross_entropy()) {
    expect(data.next_tokens.size(), tokens);
    for (std::size_t i = 0; i < data.next_tokens.size(); ++i)
      if (data.next_tokens[i] < 0 || data.next_tokens[i] >= model.outputs())
        fail(fmt::format("expected classes in 0 .. {}, found {} at position {}", model.outputs() - 1,
                         data.next_tokens[i], i));
  } else {
    expect(data.targets.size(), tokens * model.outputs());
    for (std::size_t i = 0; i < data.targets.size(); ++i)
      if (!std::isfinite(data.targets[i]))
        fail(fmt::format("expected finite targets, found {} at position {}; remove or repair it", data.targets[i], i));
  }
}

struct FullBatch::State {
  const Model& model;
  FlowData data;
  std::int64_t n, width, batch = 1, batches = 1, groups = 1;  // number of outputs of a sequence
  int threads = 1;
  std::unique_ptr<base::Team> team;
  bool keep;
  std::vector<Model::Workspace> workspaces;       // one per batch if kept, otherwise one per thread
  std::vector<Model::TangentWorkspace> tangents;  // one per thread, if kept
  std::vector<std::vector<double>> outputs, cotangents, partial;
  std::vector<double> offset, sums;

  State(const Model& m, const FlowData& d, std::span<const double> theta_0, int wanted_threads, bool keep_activations)
      : model(m), data(d), n(d.inputs.n), width(m.outputs_per_sequence()), keep(keep_activations) {
    const auto& o = model.options();
    // A workspace grows linearly with its capacity, so two sizes determine it.
    const std::size_t one = Model::Workspace(model, 1).bytes(), two = Model::Workspace(model, 2).bytes();
    const auto largest = static_cast<std::int64_t>(std::max<std::size_t>(kBatchBytes / (two - one), 1));
    const std::int64_t enough = (kBatchRows + o.seq_len - 1) / o.seq_len;
    batch = std::min({n, largest, std::max(enough, (n + kGroups - 1) / kGroups)});
    batches = (n + batch - 1) / batch;
    batch = (n + batches - 1) / batches;
    batches = (n + batch - 1) / batch;
    groups = std::min(kGroups, batches);
    const double work = 6 * static_cast<double>(n * o.seq_len) * static_cast<double>(model.table().size());
    threads = wanted_threads == 0 && work < kWorthThreads ? 1 : base::thread_count(wanted_threads);
    threads = static_cast<int>(std::min<std::int64_t>(threads, groups));
    team = std::make_unique<base::Team>(threads);
    for (std::int64_t b = 0; b < (keep ? batches : threads); ++b) workspaces.emplace_back(model, batch);
    for (int t = 0; keep && t < threads; ++t) tangents.emplace_back(model, batch);
    outputs.assign(length(threads), std::vector<double>(length(batch * width)));
    cotangents = outputs;
    if (groups > 1) partial.assign(length(groups), std::vector<double>(length(model.table().size())));
    sums.resize(length(batches));
    if (o.init_scale != 1) {
      PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta_0.size()), model.table().size());
      offset.resize(length(n * width));
      model.output_offset(theta_0, data.inputs, workspaces.front(), offset.data());
    }
  }

  [[nodiscard]] std::int64_t from(std::int64_t b) const { return b * batch; }
  [[nodiscard]] std::int64_t count(std::int64_t b) const { return std::min(batch, n - b * batch); }
  [[nodiscard]] model::Inputs<double> inputs(std::int64_t b) const {
    return data.inputs.part(model.options(), from(b), count(b));
  }

  // Calls body(group, first batch, end batch, thread) for every group, each group on one thread.
  template <class Body>
  void for_each_group(Body&& body) const {
    const numerics::OneBlasThread guard;
    team->run(groups,
              [&](std::int64_t g, int thread) { body(g, g * batches / groups, (g + 1) * batches / groups, thread); });
  }

  Model::Workspace& workspace(std::int64_t b, int thread) { return workspaces[length(keep ? b : thread)]; }

  // F of batch b into `out`.
  void forward(std::span<const double> theta, std::int64_t b, int thread, double* out) {
    base::throw_if_interrupted();
    model.forward(theta, inputs(b), workspace(b, thread), out);
    if (offset.empty()) return;
    const double* const add = offset.data() + from(b) * width;
    for (std::int64_t i = 0; i < count(b) * width; ++i) out[i] += add[i];
  }

  // Unnormalised loss of sequences from, from + 1, ...; `cotangent` (may be null) receives dLoss/df.
  double loss(std::int64_t first, std::int64_t sequences, const double* f, double* cotangent) const {
    const auto& o = model.options();
    if (data.is_cross_entropy())
      return model::cross_entropy<double>(sequences * o.seq_len, o.outputs(), f,
                                          data.next_tokens.data() + first * o.seq_len,
                                          1.0 / static_cast<double>(n * o.seq_len), cotangent);
    return model::squared_error<double>(sequences * width, f, data.targets.data() + first * width,
                                        1.0 / static_cast<double>(n), cotangent);
  }

  [[nodiscard]] double normalised(double sum) const {
    return sum / static_cast<double>(data.is_cross_entropy() ? n * model.options().seq_len : n);
  }
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const double s : sums) sum += s;
    return normalised(sum);
  }

  // J^T of the residual at F(theta), or at `f` if given.
  double gradient(std::span<const double> theta, const double* f, std::span<double> result) {
    for_each_group([&](std::int64_t g, std::int64_t first, std::int64_t end, int thread) {
      const std::span<double> sum = groups > 1 ? std::span<double>(partial[length(g)]) : result;
      std::fill(sum.begin(), sum.end(), 0.0);
      double* const out = outputs[length(thread)].data();
      double* const cotangent = cotangents[length(thread)].data();
      for (std::int64_t b = first; b < end; ++b) {
        forward(theta, b, thread, out);
        sums[length(b)] = loss(from(b), count(b), f == nullptr ? out : f + from(b) * width, cotangent);
        model.backward(theta, inputs(b), workspace(b, thread), cotangent, sum);
      }
    });
    if (groups > 1) add_groups(result);
    return total();
  }

  void add_groups(std::span<double> result) const {
    const auto size = static_cast<std::int64_t>(result.size());
    team->run(threads, [&](std::int64_t slice, int) {
      const std::int64_t end = (slice + 1) * size / threads;
#pragma omp simd
      for (std::int64_t i = slice * size / threads; i < end; ++i) {
        double sum = partial[0][length(i)];
        for (std::size_t g = 1; g < partial.size(); ++g) sum += partial[g][length(i)];
        result[length(i)] = sum;
      }
    });
  }
};

FullBatch::FullBatch(const Model& model, const FlowData& data, std::span<const double> theta_0, int threads,
                     bool keep_activations)
    : state_(std::make_unique<State>(model, data, theta_0, threads, keep_activations)) {}
FullBatch::~FullBatch() = default;
FullBatch::FullBatch(FullBatch&&) noexcept = default;
FullBatch& FullBatch::operator=(FullBatch&&) noexcept = default;

std::int64_t FullBatch::rows() const { return state_->n * state_->width; }
std::int64_t FullBatch::parameters() const { return state_->model.table().size(); }
const FlowData& FullBatch::data() const { return state_->data; }

double FullBatch::loss(std::span<const double> theta, std::span<double> outputs) {
  State& s = *state_;
  PHASELAW_CHECK(outputs.empty() || outputs.size() == length(rows()));
  s.for_each_group([&](std::int64_t, std::int64_t first, std::int64_t end, int thread) {
    for (std::int64_t b = first; b < end; ++b) {
      double* const out = outputs.empty() ? s.outputs[length(thread)].data() : outputs.data() + s.from(b) * s.width;
      s.forward(theta, b, thread, out);
      s.sums[length(b)] = s.loss(s.from(b), s.count(b), out, nullptr);
    }
  });
  return s.total();
}

double FullBatch::gradient(std::span<const double> theta, std::span<double> gradient) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient.size()), parameters());
  return state_->gradient(theta, nullptr, gradient);
}

double FullBatch::gradient_at(std::span<const double> theta, std::span<const double> f, std::span<double> gradient) {
  PHASELAW_CHECK(state_->keep);
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(f.size()), rows());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient.size()), parameters());
  return state_->gradient(theta, f.data(), gradient);
}

void FullBatch::tangent(std::span<const double> theta, std::span<const double> v, std::span<double> out) {
  State& s = *state_;
  PHASELAW_CHECK(s.keep);
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(out.size()), rows());
  s.for_each_group([&](std::int64_t, std::int64_t first, std::int64_t end, int thread) {
    for (std::int64_t b = first; b < end; ++b) {
      base::throw_if_interrupted();
      s.model.jvp(theta, s.inputs(b), s.workspace(b, thread), s.tangents[length(thread)], v,
                  out.data() + s.from(b) * s.width);
    }
  });
}

double FullBatch::loss_at(std::span<const double> f, std::span<double> residual) const {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(f.size()), rows());
  PHASELAW_CHECK(residual.empty() || residual.size() == f.size());
  return state_->normalised(state_->loss(0, state_->n, f.data(), residual.empty() ? nullptr : residual.data()));
}

}  // namespace phaselaw::dynamics
