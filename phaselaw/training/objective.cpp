// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/objective.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/model/loss.h"
#include "phaselaw/model/rows.h"

namespace phaselaw::training {

namespace {

std::size_t length(std::int64_t count) { return static_cast<std::size_t>(count); }

std::int64_t inputs_per_sequence(const model::ModelOptions& options) { return options.input_len() * options.d_model; }

// The workspace grows linearly with its capacity, so two sizes determine how many sequences fit. The batch is then cut
// into equal parts, so that the last one is not a small remainder.
template <class T>
std::int64_t sequences_a_pass(const model::Transformer<T>& model, std::int64_t batch, std::int64_t wanted) {
  std::int64_t limit = wanted;
  if (wanted == 0) {
    using Workspace = typename model::Transformer<T>::Workspace;
    const std::size_t one = Workspace::bytes_for(model, 1), two = Workspace::bytes_for(model, 2);
    const std::size_t buffers =
        length(inputs_per_sequence(model.options()) + 3 * model.outputs_per_sequence()) * sizeof(T);
    const std::size_t more = two - one + buffers, fixed = one - (two - one);
    limit = fixed + more < kMicrobatchBytes ? static_cast<std::int64_t>((kMicrobatchBytes - fixed) / more) : 1;
    limit = std::max(limit, (kMicrobatchTokens + model.options().seq_len - 1) / model.options().seq_len);
  }
  limit = std::min(limit, batch);
  const std::int64_t parts = (batch + limit - 1) / limit;
  return (batch + parts - 1) / parts;
}

template <class T>
numerics::ProductPrecision product_precision(Precision precision) {
  if (precision == Precision::float32) return numerics::ProductPrecision::native;
  if constexpr (!std::is_same_v<T, float>)
    throw base::InputError({"training.precision"},
                           fmt::format("training in double precision needs precision \"float32\", found \"{}\"; "
                                       "reduced precision is available for the verbs train and sweep",
                                       base::enum_to_text(precision)));
  require_precision(precision);
  return precision == Precision::bfloat16 ? numerics::ProductPrecision::bfloat16
                                          : numerics::ProductPrecision::bfloat16_emulated;
}

template <class T>
std::vector<T> cast(const std::vector<double>& values) {
  std::vector<T> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](double v) { return static_cast<T>(v); });
  return result;
}

// Number of gradient elements that one member adds up at a time, while they are in its cache.
constexpr std::int64_t kReducedTogether = 1 << 14;

// The number of scored positions of all sequences before each.
std::vector<std::int64_t> scored_before(const data::Dataset& set) {
  std::vector<std::int64_t> sums{0};
  sums.reserve(length(set.n + 1));
  const auto* next = set.next_tokens.data();
  for (std::int64_t i = 0; i < set.n; ++i, next += set.seq_len)
    sums.push_back(sums.back() + set.seq_len - std::count(next, next + set.seq_len, data::kNoTarget));
  return sums;
}

std::vector<double> entropies_of(std::span<const double> probabilities, std::int64_t vocab) {
  std::vector<double> entropies(probabilities.size() / length(vocab), 0.0);
  for (std::size_t i = 0; i < probabilities.size(); ++i)
    if (probabilities[i] > 0) entropies[i / length(vocab)] -= probabilities[i] * std::log(probabilities[i]);
  return entropies;
}

template <class U>
void copy_sequence(const std::vector<U>& from, std::int64_t i, std::int64_t width, std::vector<U>& to, std::int64_t k) {
  std::copy_n(from.data() + i * width, width, to.data() + k * width);
}

}  // namespace

std::int64_t gradient_shards(const model::ModelOptions& options, std::int64_t batch) {
  const double flop = model::sequence_cost(options).training_flop() * static_cast<double>(batch);
  const auto by_work = static_cast<std::int64_t>(std::min(flop / kShardFlop, static_cast<double>(kMaxShards)));
  return std::clamp<std::int64_t>(std::min({by_work, batch * options.seq_len / kShardTokens, batch}), 1, kMaxShards);
}

template <class T>
model::Inputs<T> Objective<T>::Sequences::inputs(std::int64_t from, std::int64_t count,
                                                 const model::ModelOptions& options) const {
  model::Inputs<T> result;
  result.n = count;
  if (options.reads_tokens())
    result.tokens = tokens.data() + from * options.input_len();
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
    PHASELAW_CHECK_EQ(result.tokens.size(), length(set.n * options.input_len()));
    PHASELAW_CHECK_EQ(result.next.size(), length(set.n * options.seq_len));
    result.scored = scored_before(set);
    result.probabilities = set.probabilities;
    result.entropies = entropies_of(set.probabilities, options.vocab);
    if (!set.probabilities.empty())
      PHASELAW_CHECK_EQ(set.probabilities.size(), result.next.size() * length(options.vocab));
  } else {
    result.x = cast<T>(set.x);
    result.y = cast<T>(set.y);
    result.clean = cast<T>(set.clean);
    PHASELAW_CHECK_EQ(result.x.size(), length(set.n * inputs_per_sequence(options)));
    PHASELAW_CHECK_EQ(result.y.size(), length(set.n * model_.outputs_per_sequence()));
  }
  if (options.init_scale != 1) {
    result.offset.resize(length(set.n * model_.outputs_per_sequence()));
    model_.output_offset(theta_0, result.inputs(0, set.n, options), members_.front().workspace, result.offset.data());
  }
  return result;
}

template <class T>
Objective<T>::Objective(const model::Transformer<T>& model, const data::Split& data, std::span<const T> theta_0,
                        std::int64_t batch, std::int64_t microbatch, Precision precision, base::Team* team)
    : model_(model), team_(team), precision_(product_precision<T>(precision)) {
  PHASELAW_CHECK_EQ(theta_0.size(), length(model.table().size()));
  const auto& options = model.options();
  const std::int64_t shards = gradient_shards(options, batch);
  const std::int64_t capacity = sequences_a_pass(model, (batch + shards - 1) / shards, microbatch);
  for (int i = 0; i < (team == nullptr ? 1 : team->size()); ++i) members_.push_back(make_member(capacity));
  shards_.assign(length(shards - 1), std::vector<T>(theta_0.size()));
  train_ = convert(data.train, theta_0);
  test_ = convert(data.test, theta_0);
  for (auto& member : members_)
    if (!train_.offset.empty()) member.part.offset.resize(member.outputs.size());
  const std::int64_t parts = (std::max(train_.n, test_.n) + capacity - 1) / capacity;
  sums_.resize(length(std::max(parts, shards)));
  if (options.reads_tokens()) {
    trivial_loss_ = std::log(static_cast<double>(options.vocab));
  } else {
    for (const double y : data.train.y) trivial_loss_ += y * y / static_cast<double>(data.train.y.size());
  }
}

template <class T>
typename Objective<T>::Member Objective<T>::make_member(std::int64_t capacity) const {
  const auto& options = model_.options();
  const std::size_t outputs = length(capacity * model_.outputs_per_sequence());
  Member member{Workspace(model_, capacity, precision_), {}, std::vector<T>(outputs), std::vector<T>(outputs)};
  member.part.n = capacity;
  if (options.reads_tokens()) {
    member.part.tokens.resize(length(capacity * options.input_len()));
    member.part.next.resize(length(capacity * options.seq_len));
  } else {
    member.part.x.resize(length(capacity * inputs_per_sequence(options)));
    member.part.y.resize(outputs);
  }
  return member;
}

template <class T>
template <class Turn>
void Objective<T>::run(std::int64_t count, const Turn& turn) {
  if (team_ != nullptr) return team_->run(count, turn);
  for (std::int64_t i = 0; i < count; ++i) turn(i, 0);
}

template <class T>
void Objective<T>::gather(std::span<const std::int64_t> sequences, Sequences& part) const {
  const auto& options = model_.options();
  for (std::size_t k = 0; k < sequences.size(); ++k) {
    const std::int64_t i = sequences[k], to = static_cast<std::int64_t>(k);
    if (options.reads_tokens()) {
      copy_sequence(train_.tokens, i, options.input_len(), part.tokens, to);
      copy_sequence(train_.next, i, options.seq_len, part.next, to);
    } else {
      copy_sequence(train_.x, i, inputs_per_sequence(options), part.x, to);
      copy_sequence(train_.y, i, model_.outputs_per_sequence(), part.y, to);
    }
    if (!train_.offset.empty()) copy_sequence(train_.offset, i, model_.outputs_per_sequence(), part.offset, to);
  }
}

template <class T>
void Objective<T>::forward(std::span<const T> theta, const Sequences& set, std::int64_t from, std::int64_t count,
                           Member& member) const {
  model_.forward(theta, set.inputs(from, count, model_.options()), member.workspace, member.outputs.data());
  if (set.offset.empty()) return;
  const std::int64_t width = model_.outputs_per_sequence();
  const T* offset = set.offset.data() + from * width;
  for (std::int64_t i = 0; i < count * width; ++i) member.outputs[length(i)] += offset[i];
}

template <class T>
double Objective<T>::loss(const Sequences& set, std::int64_t from, std::int64_t count, const Member& member, T scale,
                          T* cotangent) const {
  const auto& options = model_.options();
  if (options.reads_tokens())
    return model::cross_entropy(count * options.seq_len, options.vocab, member.outputs.data(),
                                set.next.data() + from * options.seq_len, scale, cotangent);
  const std::int64_t width = model_.outputs_per_sequence();
  return model::squared_error(count * width, member.outputs.data(), set.y.data() + from * width, scale, cotangent);
}

template <class T>
double Objective<T>::excess(const Sequences& set, std::int64_t from, std::int64_t count, const Member& member) const {
  const std::int64_t width = model_.outputs_per_sequence(), tokens = model_.options().seq_len;
  if (!set.clean.empty())
    return model::squared_error<T>(count * width, member.outputs.data(), set.clean.data() + from * width, T(0),
                                   nullptr);
  if (set.probabilities.empty()) return base::kNaN;
  return model::relative_entropy<T>(count * tokens, model_.options().vocab, member.outputs.data(),
                                    set.next.data() + from * tokens, set.probabilities.data() + from * width,
                                    set.entropies.data() + from * tokens);
}

template <class T>
double Objective<T>::shard_gradient(std::span<const T> theta, std::span<const std::int64_t> sequences, T scale,
                                    std::span<T> gradient, Member& member) const {
  std::fill(gradient.begin(), gradient.end(), T(0));
  double sum = 0;
  const std::size_t parts = length(member.workspace.capacity());
  for (std::size_t at = 0; at < sequences.size(); at += parts) {
    base::throw_if_interrupted();
    const auto chosen = sequences.subspan(at, std::min(parts, sequences.size() - at));
    const auto count = static_cast<std::int64_t>(chosen.size());
    gather(chosen, member.part);
    forward(theta, member.part, 0, count, member);
    sum += loss(member.part, 0, count, member, scale, member.cotangent.data());
    model_.backward(theta, member.part.inputs(0, count, model_.options()), member.workspace, member.cotangent.data(),
                    gradient);
  }
  return sum;
}

template <class T>
void Objective<T>::add_shards(std::span<T> gradient) {
  const auto size = static_cast<std::int64_t>(gradient.size());
  const auto shard = [&](std::size_t i) { return i == 0 ? gradient.data() : shards_[i - 1].data(); };
  run((size + kReducedTogether - 1) / kReducedTogether, [&](std::int64_t turn, int) {
    const std::int64_t begin = turn * kReducedTogether, end = std::min(size, begin + kReducedTogether);
    for (std::size_t stride = 1; stride <= shards_.size(); stride *= 2)
      for (std::size_t i = 0; i + stride <= shards_.size(); i += 2 * stride) {
        base::Versions<model::add_to_rows<T>>::call(1, end - begin, T(1), shard(i + stride) + begin, shard(i) + begin,
                                                    end - begin);
      }
  });
}

template <class T>
double Objective<T>::gradient(std::span<const T> theta, std::span<const std::int64_t> sequences,
                              std::span<T> gradient) {
  const auto& options = model_.options();
  const auto b = static_cast<double>(sequences.size());
  double tokens = b * static_cast<double>(options.seq_len);
  if (options.reads_tokens()) {
    std::int64_t scored = 0;
    for (const auto i : sequences) scored += train_.scored[length(i + 1)] - train_.scored[length(i)];
    tokens = static_cast<double>(std::max<std::int64_t>(scored, 1));  // without targets the loss and gradient are 0
  }
  const T scale = static_cast<T>(options.reads_tokens() ? 1 / tokens : 1 / b);
  const std::size_t shards = shards_.size() + 1;
  run(static_cast<std::int64_t>(shards), [&](std::int64_t i, int member) {
    const std::size_t at = length(i), begin = at * sequences.size() / shards;
    const auto mine = sequences.subspan(begin, (at + 1) * sequences.size() / shards - begin);
    sums_[at].loss = shard_gradient(theta, mine, scale, i == 0 ? gradient : std::span<T>(shards_[at - 1]),
                                    members_[static_cast<std::size_t>(member)]);
  });
  if (shards > 1) add_shards(gradient);
  double sum = 0;
  for (std::size_t i = 0; i < shards; ++i) sum += sums_[i].loss;
  return options.reads_tokens() ? sum / tokens : sum / (tokens * static_cast<double>(options.outputs()));
}

template <class T>
typename Objective<T>::Losses Objective<T>::evaluate(std::span<const T> theta, Set which, std::int64_t count) {
  const Sequences& set = which == Set::train ? train_ : test_;
  PHASELAW_CHECK(count >= 1 && count <= set.n);
  const auto& options = model_.options();
  const std::int64_t width = model_.outputs_per_sequence();
  const std::int64_t capacity = microbatch(), parts = (count + capacity - 1) / capacity;
  run(parts, [&](std::int64_t i, int which_member) {
    base::throw_if_interrupted();
    Member& member = members_[static_cast<std::size_t>(which_member)];
    const std::int64_t from = i * capacity, part = std::min(capacity, count - from);
    forward(theta, set, from, part, member);
    Sums& sums = sums_[length(i)];
    sums.loss = loss(set, from, part, member, T(0), nullptr);
    sums.excess = this->excess(set, from, part, member);
  });
  double sum = 0, excess = 0;
  for (std::int64_t i = 0; i < parts; ++i) {
    sum += sums_[length(i)].loss;
    excess += sums_[length(i)].excess;
  }
  const auto numbers = static_cast<double>(options.reads_tokens() ? std::max<std::int64_t>(set.scored[length(count)], 1)
                                                                  : count * width);
  Losses losses;
  losses.loss = sum / numbers;
  losses.excess_risk = excess / numbers;
  return losses;
}

template class Objective<float>;
template class Objective<double>;

}  // namespace phaselaw::training
