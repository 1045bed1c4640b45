// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <Eigen/Core>

#include "phaselaw/model/attention.h"
#include "phaselaw/model/options.h"

// The memory of passes: one aligned arena, from which the parts of the model take their pieces once. Used by the
// sources of the model layer only.
namespace phaselaw::model {

template <class T>
class Arena {
 public:
  // Calls layout(take) twice: the first call measures, the second hands out the addresses. take(count) gives `count`
  // numbers that start on a cache line. `only_measure`: bytes() is right, but there is no memory and no address.
  template <class Layout>
  explicit Arena(const Layout& layout, bool only_measure = false) {
    const auto take = [&](std::int64_t count) {
      constexpr std::size_t kLine = 64 / sizeof(T);
      T* const piece = numbers_.empty() ? nullptr : numbers_.data() + used_;
      used_ += (static_cast<std::size_t>(count) + kLine - 1) / kLine * kLine;
      return piece;
    };
    layout(take);
    if (only_measure) return;
    numbers_.resize(used_);
    used_ = 0;
    layout(take);
  }
  [[nodiscard]] std::size_t bytes() const { return used_ * sizeof(T); }

 private:
  std::size_t used_ = 0;
  std::vector<T, Eigen::aligned_allocator<T>> numbers_;
};

// What flows through one layer after the other: cotangents in a backward pass, tangents in a tangent pass. All layers
// of the decoder share one, all layers of the encoder another (with the options of encoder_of()). While the decoder is
// at work, `normal` of the encoder's holds the differential of its normalised outputs.
template <class T>
struct Differentials {
  T *stream = nullptr, *normal = nullptr;  // of the residual stream and of its normalised rows
  T *act = nullptr, *gate = nullptr;       // of the hidden units
  T *z = nullptr, *qkv = nullptr;          // of attention
  T* scratch = nullptr;                    // attention_scratch() numbers, for a forward pass too

  template <class Take>
  void place(const ModelOptions& o, std::int64_t capacity, Take&& take) {
    const std::int64_t rows = capacity * o.seq_len, width = o.n_heads * o.d_head;
    scratch = take(std::max(attention_scratch(attention_shape(o, capacity)),
                            o.has_encoder() ? attention_scratch(cross_attention_shape(o, capacity)) : 0));
    stream = take(rows * o.d_model);
    normal = take(rows * o.d_model);
    act = take(rows * o.d_hidden);
    gate = take(o.mlp == Mlp::gated ? rows * o.d_hidden : 0);
    z = take(rows * width);
    qkv = take(rows * 3 * width);
  }
};

}  // namespace phaselaw::model
