// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

// The sequences that each step uses.
namespace phaselaw::training {

// Batches of b of n sequences: epoch e runs through all n in the order of stream (seed, "batch", e). A batch may end
// one epoch and begin the next, so every batch has b sequences. If b >= n, a batch is always 0 .. n-1 in order. next()
// allocates nothing.
class Batches {
 public:
  Batches(std::uint64_t seed, std::int64_t n, std::int64_t batch);

  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(batch_.size()); }  // min(b, n)
  [[nodiscard]] std::span<const std::int64_t> next();

  // Skips ahead as if next() had been called `count` times since the start. Cost: one shuffle.
  void skip_to(std::int64_t count);

 private:
  void shuffle();
  std::uint64_t seed_, epoch_ = 0;
  std::vector<std::int64_t> order_, batch_;
  std::size_t at_ = 0;
};

}  // namespace phaselaw::training
