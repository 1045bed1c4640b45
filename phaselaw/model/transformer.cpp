// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/transformer.h"

#include <algorithm>
#include <optional>

#include "phaselaw/model/encoder.h"
#include "phaselaw/model/ends.h"
#include "phaselaw/model/stack.h"
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
  std::int64_t capacity;
  BackwardPlan plan;
  LinearProducts<T> products;
  Rotation<T> rotation;
  ReadIn<T> read_in;
  Stack<T> layers;
  ReadOut<T> read_out;
  std::optional<Encoder<T>> encoder;
  Differentials<T> differentials, source_differentials;
  Arena<T> arena;

  State(const ModelOptions& o, const ParameterTable& table, std::int64_t n, numerics::ProductPrecision precision,
        bool only_measure = false)
      : capacity(checked_capacity(n)),
        plan(table),
        products(precision),
        rotation(o),
        read_in(o, table, {o.source_rows(), o.input_len()}, BlockKind::position),
        layers(o, table, 0),
        read_out(o, table),
        encoder(make_encoder(o, table)),
        arena([&](auto&& take) { place(o, take); }, only_measure) {}

  [[nodiscard]] Operations<T> operations(const ModelOptions& o, std::int64_t n, const T* theta, T* scratch) const {
    PHASELAW_CHECK_LE(n, capacity);
    return Operations<T>(o, products, rotation, n, theta, scratch);
  }
  // The encoder's side of a pass, where there is an encoder.
  [[nodiscard]] std::optional<SourceSide<T>> source(std::int64_t n, const T* theta, const Differentials<T>& d) const {
    if (!encoder) return std::nullopt;
    return encoder->side(products, n, theta, d);
  }

 private:
  static std::optional<Encoder<T>> make_encoder(const ModelOptions& o, const ParameterTable& table) {
    if (!o.has_encoder()) return std::nullopt;
    return Encoder<T>(o, table);
  }

  template <class Take>
  void place(const ModelOptions& o, Take&& take) {
    layers.place(o, capacity, take);
    read_out.place(o, capacity * o.seq_len, take);
    differentials.place(o, capacity, take);
    if (!encoder) return;
    encoder->place(capacity, take);
    source_differentials.place(encoder->options(), capacity, take);
  }
};

template <class T>
struct Transformer<T>::TangentWorkspace::State {
  std::int64_t capacity;
  Differentials<T> differentials, source_differentials;
  Arena<T> arena;

  State(const ModelOptions& o, std::int64_t n)
      : capacity(checked_capacity(n)), arena([&](auto&& take) {
          differentials.place(o, n, take);
          if (o.has_encoder()) source_differentials.place(encoder_of(o), n, take);
        }) {}
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
std::size_t Transformer<T>::Workspace::bytes_for(const Transformer& model, std::int64_t capacity) {
  ModelOptions options = model.options();
  // The angles of rotary positions are no part of the arena, and their table may be large.
  if (options.positions == Positions::rotary) options.positions = Positions::none;
  return State(options, model.table(), capacity, numerics::ProductPrecision::native, true).arena.bytes();
}
template <class T>
void Transformer<T>::Workspace::select(const Transformer& model, const std::vector<bool>& blocks) {
  state_->plan = BackwardPlan(model.table(), blocks);
}

// Every layer of a stream takes the same memory, and so does every sequence.
template <class T>
double workspace_bytes(const ModelOptions& options, std::int64_t capacity) {
  const auto measured = [&](std::int64_t layers, std::int64_t encoder_layers, std::int64_t sequences) {
    ModelOptions few = options;
    few.n_layers = layers;
    few.n_encoder_layers = encoder_layers;
    return static_cast<double>(Transformer<T>::Workspace::bytes_for(Transformer<T>(few), sequences));
  };
  const std::int64_t encoder = std::min<std::int64_t>(options.n_encoder_layers, 1);
  const auto all_layers = [&](std::int64_t sequences) {
    const double one = measured(1, encoder, sequences), layer = measured(2, encoder, sequences) - one;
    const double encoder_layer = encoder == 0 ? 0 : measured(1, 2, sequences) - one;
    return one + static_cast<double>(options.n_layers - 1) * layer +
           static_cast<double>(options.n_encoder_layers - encoder) * encoder_layer;
  };
  const double one = all_layers(1), more = all_layers(2) - one;
  const double angles = options.positions == Positions::rotary
                            ? sizeof(T) * static_cast<double>(options.seq_len) * static_cast<double>(options.d_head)
                            : 0;
  return one + static_cast<double>(capacity - 1) * more + angles;
}

template double workspace_bytes<float>(const ModelOptions&, std::int64_t);
template double workspace_bytes<double>(const ModelOptions&, std::int64_t);

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
  const auto source = w.source(inputs.n, theta.data(), w.source_differentials);
  if (source) w.encoder->forward(source.value(), theta.data(), inputs);
  w.read_in.forward(ops, theta.data(), inputs, w.layers.first());
  w.layers.forward(ops, source ? &*source : nullptr);
  w.read_out.forward(ops, w.layers.last(), outputs);
}

template <class T>
void Transformer<T>::backward(std::span<const T> theta, const Inputs<T>& inputs, Workspace& workspace,
                              const T* cotangent, std::span<T> gradient) const {
  const auto& w = *workspace.state_;
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(gradient.size()), table_.size());
  const auto ops = w.operations(options_, inputs.n, theta.data(), w.differentials.scratch);
  const auto source = w.source(inputs.n, theta.data(), w.source_differentials);
  if (source) source->ops.clear(source->d.normal);
  w.read_out.backward(ops, w.plan, w.layers.last(), cotangent, w.differentials, gradient.data());
  w.layers.backward(ops, source ? &*source : nullptr, w.plan, w.differentials, gradient.data());
  w.read_in.backward(ops, w.plan, inputs, w.differentials, gradient.data());
  if (source) w.encoder->backward(source.value(), w.plan, inputs, gradient.data());
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
  const auto source = w.source(inputs.n, theta.data(), s.source_differentials);
  if (source) w.encoder->tangent(source.value(), w.plan, inputs, tangent.data());
  w.read_in.tangent(ops, w.plan, inputs, s.differentials, tangent.data());
  w.layers.tangent(ops, source ? &*source : nullptr, w.plan, s.differentials, tangent.data());
  w.read_out.tangent(ops, w.plan, w.layers.last(), s.differentials, tangent.data(), out);
}

template <class T>
void Transformer<T>::output_offset(std::span<const T> theta_0, const Inputs<T>& inputs, Workspace& workspace,
                                   T* offset) const {
  const std::int64_t per_sequence = outputs_per_sequence();
  for (std::int64_t start = 0; start < inputs.n; start += workspace.capacity()) {
    const Inputs<T> part = inputs.part(options_, start, std::min(workspace.capacity(), inputs.n - start));
    T* const out = offset + start * per_sequence;
    forward(theta_0, part, workspace, out);
    const auto ops = workspace.state_->operations(options_, part.n, theta_0.data(), nullptr);
    ops.scale(-(1 - options_.init_scale), options_.outputs(), out, out);
  }
}

template class Transformer<float>;
template class Transformer<double>;

}  // namespace phaselaw::model
