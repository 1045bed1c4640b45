// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/batches.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "phaselaw/numerics/random.h"

namespace phaselaw::training {

Batches::Batches(std::uint64_t seed, std::int64_t n, std::int64_t batch)
    : seed_(seed), order_(static_cast<std::size_t>(n)), batch_(static_cast<std::size_t>(std::min(n, batch))) {
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  if (batch_.size() == order_.size())
    batch_ = order_;
  else
    shuffle();
}

void Batches::shuffle() {
  numerics::RandomStream stream(seed_, "batch", epoch_++);
  std::iota(order_.begin(), order_.end(), std::int64_t{0});
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[stream.below(i)]);
  at_ = 0;
}

void Batches::skip_to(std::int64_t count) {
  if (batch_.size() == order_.size()) return;
  const auto used = static_cast<std::uint64_t>(count) * batch_.size();
  epoch_ = used / order_.size();
  shuffle();
  at_ = used % order_.size();
}

std::span<const std::int64_t> Batches::next() {
  if (batch_.size() == order_.size()) return batch_;
  for (auto& sequence : batch_) {
    if (at_ == order_.size()) shuffle();
    sequence = order_[at_++];
  }
  return batch_;
}

}  // namespace phaselaw::training
