// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/transformer.h"

#include <algorithm>

#include "phaselaw/model/attention_branch.h"
#include "phaselaw/model/ends.h"
#include "phaselaw/model/mlp_branch.h"
#include "phaselaw/model/workspace.h"

namespace phaselaw::model {

namespace {

std::int64_t checked_capacity(std::int64_t sequences) {
  PHASELAW_CHECK(sequences >= 1);
  return sequences;
}

}  // namespace

template <class T>
Transformer<T>::Transformer(const ModelOptions& options) : options_(options), table_(options) {
  validate(options);
}

// The parts of the model with the memory of what their forward passes leave.
template <class T>
struct Transformer<T>::Workspace::State {
  struct Layer {
    AttentionBranch<T> attention;
    MlpBranch<T> mlp;
    T *x = nullptr, *x_mid = nullptr;  // the stream before either branch
  };

  std::int64_t capacity;
  BackwardPlan plan;
  LinearProducts<T> products;
  Rotation<T> rotation;
  ReadIn<T> read_in;
  std::vector<Layer> layers;
  ReadOut<T> read_out;
  T* x_last = nullptr;
  Differentials<T> differentials;
  Arena<T> arena;

  State(const ModelOptions& o, const ParameterTable& table, std::int64_t n, numerics::ProductPrecision precision)
      : capacity(checked_capacity(n)),
        plan(table),
        products(precision),
        rotation(o),
        read_in(o, table),
        layers(make_layers(o, table)),
        read_out(o, table),
        arena([&](auto&& take) { place(o, take); }) {}

  [[nodiscard]] T* after(std::size_t layer) const { return layer + 1 < layers.size() ? layers[layer + 1].x : x_last; }
  [[nodiscard]] Operations<T> operations(const ModelOptions& o, std::int64_t n, const T* theta, T* scratch) const {
    PHASELAW_CHECK_LE(n, capacity);
    return Operations<T>(o, products, rotation, n, theta, scratch);
  }

 private:
  static std::vector<Layer> make_layers(const ModelOptions& o, const ParameterTable& table) {
    std::vector<Layer> layers;
    for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
      const auto blocks = table.blocks_of(layer);
      layers.push_back({AttentionBranch<T>(o, blocks), MlpBranch<T>(o, blocks)});
    }
    return layers;
  }

  template <class Take>
  void place(const ModelOptions& o, Take&& take) {
    const std::int64_t rows = capacity * o.seq_len;
    for (auto& layer : layers) {
      layer.x = take(rows * o.d_model);
      layer.attention.place(o, rows, take);
      layer.x_mid = take(rows * o.d_model);
      layer.mlp.place(o, rows, take);
    }
    x_last = take(rows * o.d_model);
    read_out.place(o, rows, take);
    differentials.place(o, capacity, take);
  }
};

template <class T>
struct Transformer<T>::TangentWorkspace::State {
  std::int64_t capacity;
  Differentials<T> differentials;
  Arena<T> arena;

  State(const ModelOptions& o, std::int64_t n)
      : capacity(checked_capacity(n)), arena([&](auto&& take) { differentials.place(o, n, take); }) {}
};

template <class T>
Transformer<T>::Workspace::Workspace(const Transformer& model, std::int64_t capacity,
                                     numerics::ProductPrecision precision)
    : state_(std::make_unique<State>(model.options(), model.table(), capacity, precision)) {}
template <class T>
Transformer<T>::Workspace::~Workspace() = default;
template <class T>
Transformer<T>::Workspace::Workspace(Workspace&&) noexcept = default;
template <class T>
typename Transformer<T>::Workspace& Transformer<T>::Workspace::operator=(Workspace&&) noexcept = default;
template <class T>
std::int64_t Transformer<T>::Workspace::capacity() const {
  return state_->capacity;
}
template <class T>
std::size_t Transformer<T>::Workspace::bytes() const {
  return state_->arena.bytes();
}
template <class T>
void Transformer<T>::Workspace::select(const Transformer& model, const std::vector<bool>& blocks) {
  state_->plan = BackwardPlan(model.table(), blocks);
}

template <class T>
Transformer<T>::TangentWorkspace::TangentWorkspace(const Transformer& model, std::int64_t capacity)
    : state_(std::make_unique<State>(model.options(), capacity)) {}
template <class T>
Transformer<T>::TangentWorkspace::~TangentWorkspace() = default;
template <class T>
Transformer<T>::TangentWorkspace::TangentWorkspace(TangentWorkspace&&) noexcept = default;
template <class T>
typename Transformer<T>::TangentWorkspace& Transformer<T>::TangentWorkspace::operator=(TangentWorkspace&&) noexcept =
    default;
template <class T>
std::int64_t Transformer<T>::TangentWorkspace::capacity() const {
  return state_->capacity;
}
template <class T>
std::size_t Transformer<T>::TangentWorkspace::bytes() const {
  return state_->arena.bytes();
}

template <class T>
void Transformer<T>::forward(std::span<const T> theta, const Inputs<T>& inputs, Workspace& workspace,
                             T* outputs) const {
  const auto& w = *workspace.state_;
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta.size()), table_.size());
  const auto ops = w.operations(options_, inputs.n, theta.data(), w.differentials.scratch);
  w.read_in.forward(ops, theta.data(), inputs, w.layers[0].x);
  for (std::size_t layer = 0; layer < w.layers.size(); ++layer) {
    const auto& at = w.layers[layer];
    at.attention.forward(ops, at.x, at.x_mid);
    at.mlp.forward(ops, at.x_mid, w.after(layer));
  }
  w.read_out.forward(ops, w.x_last, outputs);
}

template <class T>
void Transformer<T>::backward(std::span<const T> theta, const Inputs<T>& inputs, Workspace& workspace,
                              const T* cotangent, std::span<T> gradient) const {
  const auto& w = *workspace.state_;
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient.size()), table_.size());
  const auto ops = w.operations(options_, inputs.n, theta.data(), w.differentials.scratch);
  w.read_out.backward(ops, w.plan, w.x_last, cotangent, w.differentials, gradient.data());
  for (std::size_t layer = w.layers.size(); layer-- > 0;) {
    const auto& at = w.layers[layer];
    at.mlp.backward(ops, w.plan.layers[layer], w.differentials, gradient.data());
    at.attention.backward(ops, w.plan.layers[layer], w.differentials, gradient.data());
  }
  w.read_in.backward(ops, w.plan, inputs, w.differentials, gradient.data());
}

template <class T>
void Transformer<T>::jvp(std::span<const T> theta, const Inputs<T>& inputs, const Workspace& workspace,
                         TangentWorkspace& tangents, std::span<const T> tangent, T* out) const {
  const auto& w = *workspace.state_;
  const auto& s = *tangents.state_;
  PHASELAW_CHECK_LE(inputs.n, s.capacity);
  PHASELAW_CHECK(w.products.native());  // rounded operands have no derivative
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta.size()), table_.size());
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(tangent.size()), table_.size());
  const auto ops = w.operations(options_, inputs.n, theta.data(), s.differentials.scratch);
  w.read_in.tangent(ops, w.plan, inputs, s.differentials, tangent.data());
  for (std::size_t layer = 0; layer < w.layers.size(); ++layer) {
    const auto& at = w.layers[layer];
    at.attention.tangent(ops, w.plan.layers[layer], s.differentials, tangent.data());
    at.mlp.tangent(ops, w.plan.layers[layer], s.differentials, tangent.data());
  }
  w.read_out.tangent(ops, w.plan, w.x_last, s.differentials, tangent.data(), out);
}

template <class T>
void Transformer<T>::output_offset(std::span<const T> theta_0, const Inputs<T>& inputs, Workspace& workspace,
                                   T* offset) const {
  const std::int64_t per_sequence = outputs_per_sequence();
  for (std::int64_t start = 0; start < inputs.n; start += workspace.capacity()) {
    Inputs<T> part = inputs;
    part.n = std::min(workspace.capacity(), inputs.n - start);
    if (part.vectors != nullptr) part.vectors += start * options_.seq_len * options_.d_model;
    if (part.tokens != nullptr) part.tokens += start * options_.seq_len;
    T* const out = offset + start * per_sequence;
    forward(theta_0, part, workspace, out);
    const auto ops = workspace.state_->operations(options_, part.n, theta_0.data(), nullptr);
    ops.scale(-(1 - options_.init_scale), options_.outputs(), out, out);
  }
}

template class Transformer<float>;
template class Transformer<double>;

}  // namespace phaselaw::model
