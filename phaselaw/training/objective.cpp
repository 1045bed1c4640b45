// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/objective.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/loss.h"

namespace phaselaw::training {

namespace {

std::size_t length(std::int64_t count) { return static_cast<std::size_t>(count); }

std::int64_t inputs_per_sequence(const model::ModelOptions& options) { return options.seq_len * options.d_model; }

// The workspace grows linearly with its capacity: two sizes tell how many sequences fit. The batch is then cut into
// equal parts, so that the last one is not a small remainder.
template <class T>
std::int64_t sequences_a_pass(const model::Transformer<T>& model, std::int64_t batch, std::int64_t wanted) {
  std::int64_t limit = wanted;
  if (wanted == 0) {
    using Workspace = typename model::Transformer<T>::Workspace;
    const std::size_t one = Workspace(model, 1).bytes(), two = Workspace(model, 2).bytes();
    const std::size_t buffers =
        length(inputs_per_sequence(model.options()) + 3 * model.outputs_per_sequence()) * sizeof(T);
    const std::size_t more = two - one + buffers, fixed = one - (two - one);
    limit = fixed + more < kMicrobatchBytes ? static_cast<std::int64_t>((kMicrobatchBytes - fixed) / more) : 1;
  }
  limit = std::min(limit, batch);
  const std::int64_t parts = (batch + limit - 1) / limit;
  return (batch + parts - 1) / parts;
}

template <class T>
std::vector<T> cast(const std::vector<double>& values) {
  std::vector<T> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](double v) { return static_cast<T>(v); });
  return result;
}

template <class U>
void copy_sequence(const std::vector<U>& from, std::int64_t i, std::int64_t width, std::vector<U>& to, std::int64_t k) {
  std::copy_n(from.data() + i * width, width, to.data() + k * width);
}

}  // namespace

template <class T>
model::Inputs<T> Objective<T>::Sequences::inputs(std::int64_t from, std::int64_t count,
                                                 const model::ModelOptions& options) const {
  model::Inputs<T> result;
  result.n = count;
  if (options.reads_tokens())
    result.tokens = tokens.data() + from * options.seq_len;
  else
    result.vectors = x.data() + from * inputs_per_sequence(options);
  return result;
}

template <class T>
typename Objective<T>::Sequences Objective<T>::convert(const data::Dataset& set, std::span<const T> theta_0) {
  const auto& options = model_.options();
  PHASELAW_CHECK_EQ(set.seq_len, options.seq_len);
  PHASELAW_CHECK_EQ(set.d_out, options.outputs());
  PHASELAW_CHECK(set.n >= 1);
  Sequences result;
  result.n = set.n;
  if (options.reads_tokens()) {
    result.tokens = set.tokens;
    result.next = set.next_tokens;
    PHASELAW_CHECK_EQ(result.tokens.size(), length(set.n * options.seq_len));
    PHASELAW_CHECK_EQ(result.next.size(), result.tokens.size());
  } else {
    result.x = cast<T>(set.x);
    result.y = cast<T>(set.y);
    result.clean = cast<T>(set.clean);
    PHASELAW_CHECK_EQ(result.x.size(), length(set.n * inputs_per_sequence(options)));
    PHASELAW_CHECK_EQ(result.y.size(), length(set.n * model_.outputs_per_sequence()));
  }
  if (options.init_scale != 1) {
    result.offset.resize(length(set.n * model_.outputs_per_sequence()));
    model_.output_offset(theta_0, result.inputs(0, set.n, options), workspace_, result.offset.data());
  }
  return result;
}

template <class T>
Objective<T>::Objective(const model::Transformer<T>& model, const data::Split& data, std::span<const T> theta_0,
                        std::int64_t batch, std::int64_t microbatch)
    : model_(model), workspace_(model, sequences_a_pass(model, batch, microbatch)) {
  PHASELAW_CHECK_EQ(theta_0.size(), length(model.table().size()));
  train_ = convert(data.train, theta_0);
  test_ = convert(data.test, theta_0);
  const auto& options = model.options();
  const std::int64_t n = workspace_.capacity(), outputs = n * model.outputs_per_sequence();
  outputs_.resize(length(outputs));
  cotangent_.resize(length(outputs));
  part_.n = n;
  if (options.reads_tokens()) {
    part_.tokens.resize(length(n * options.seq_len));
    part_.next = part_.tokens;
    trivial_loss_ = std::log(static_cast<double>(options.vocab));
  } else {
    part_.x.resize(length(n * inputs_per_sequence(options)));
    part_.y.resize(length(outputs));
    for (const double y : data.train.y) trivial_loss_ += y * y / static_cast<double>(data.train.y.size());
  }
  if (!train_.offset.empty()) part_.offset.resize(length(outputs));
}

template <class T>
void Objective<T>::gather(std::span<const std::int64_t> sequences) {
  const auto& options = model_.options();
  for (std::size_t k = 0; k < sequences.size(); ++k) {
    const std::int64_t i = sequences[k], to = static_cast<std::int64_t>(k);
    if (options.reads_tokens()) {
      copy_sequence(train_.tokens, i, options.seq_len, part_.tokens, to);
      copy_sequence(train_.next, i, options.seq_len, part_.next, to);
    } else {
      copy_sequence(train_.x, i, inputs_per_sequence(options), part_.x, to);
      copy_sequence(train_.y, i, model_.outputs_per_sequence(), part_.y, to);
    }
    if (!train_.offset.empty()) copy_sequence(train_.offset, i, model_.outputs_per_sequence(), part_.offset, to);
  }
}

template <class T>
void Objective<T>::forward(std::span<const T> theta, const Sequences& set, std::int64_t from, std::int64_t count) {
  model_.forward(theta, set.inputs(from, count, model_.options()), workspace_, outputs_.data());
  if (set.offset.empty()) return;
  const std::int64_t width = model_.outputs_per_sequence();
  const T* offset = set.offset.data() + from * width;
  for (std::int64_t i = 0; i < count * width; ++i) outputs_[length(i)] += offset[i];
}

template <class T>
double Objective<T>::loss(const Sequences& set, std::int64_t from, std::int64_t count, T scale, T* cotangent) const {
  const auto& options = model_.options();
  if (options.reads_tokens())
    return model::cross_entropy(count * options.seq_len, options.vocab, outputs_.data(),
                                set.next.data() + from * options.seq_len, scale, cotangent);
  const std::int64_t width = model_.outputs_per_sequence();
  return model::squared_error(count * width, outputs_.data(), set.y.data() + from * width, scale, cotangent);
}

template <class T>
double Objective<T>::gradient(std::span<const T> theta, std::span<const std::int64_t> sequences,
                              std::span<T> gradient) {
  const auto& options = model_.options();
  const auto b = static_cast<double>(sequences.size()), tokens = b * static_cast<double>(options.seq_len);
  const T scale = static_cast<T>(options.reads_tokens() ? 1 / tokens : 1 / b);
  std::fill(gradient.begin(), gradient.end(), T(0));
  double sum = 0;
  const std::size_t parts = length(workspace_.capacity());
  for (std::size_t at = 0; at < sequences.size(); at += parts) {
    const auto chosen = sequences.subspan(at, std::min(parts, sequences.size() - at));
    const auto count = static_cast<std::int64_t>(chosen.size());
    gather(chosen);
    forward(theta, part_, 0, count);
    sum += loss(part_, 0, count, scale, cotangent_.data());
    model_.backward(theta, part_.inputs(0, count, options), workspace_, cotangent_.data(), gradient);
  }
  return options.reads_tokens() ? sum / tokens : sum / (tokens * static_cast<double>(options.outputs()));
}

template <class T>
typename Objective<T>::Losses Objective<T>::evaluate(std::span<const T> theta, Set which, std::int64_t count) {
  const Sequences& set = which == Set::train ? train_ : test_;
  PHASELAW_CHECK(count >= 1 && count <= set.n);
  const auto& options = model_.options();
  const std::int64_t width = model_.outputs_per_sequence();
  double sum = 0, excess = 0;
  for (std::int64_t from = 0; from < count; from += workspace_.capacity()) {
    const std::int64_t part = std::min(workspace_.capacity(), count - from);
    forward(theta, set, from, part);
    sum += loss(set, from, part, T(0), nullptr);
    if (!set.clean.empty())
      excess += model::squared_error<T>(part * width, outputs_.data(), set.clean.data() + from * width, T(0), nullptr);
  }
  const auto numbers = static_cast<double>(count * (options.reads_tokens() ? options.seq_len : width));
  Losses losses;
  losses.loss = sum / numbers;
  if (!set.clean.empty()) losses.excess_risk = excess / numbers;
  return losses;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace phaselaw::training
