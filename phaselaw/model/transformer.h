// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/numerics/gemm_bfloat16.h"

// The transformer as a function of (parameters, inputs), with hand-written vector-Jacobian and Jacobian-vector
// products; float or double. The definition is model/reference/transformer.h, in plain loops; tests compare the two.
//
// Outputs here are kappa G(theta; X). The constant of F(X) = kappa [G(theta; X) - (1 - epsilon) G(theta_0; X)] belongs
// to a data set, not to a step: compute it once with output_offset() and add it (training does).
//
// Shapes: inputs n x I x d_model vectors or n x I tokens; outputs n x L x d_out, last index fastest. I = input_len(): L,
// or with an encoder source_len + L, the source's rows of a sequence before the decoder's.
// Accuracy: relative 1e-12 (double), 1e-5 (float) against the reference at the tested sizes.
// Cost: model/flops.h, exactly. No call allocates: everything lives in the Workspace.
namespace phaselaw::model {

// A batch: exactly one of the two pointers is set, by the readout.
template <class T>
struct Inputs {
  std::int64_t n = 0;                    // sequences
  const T* vectors = nullptr;            // n x input_len x d_model
  const std::int32_t* tokens = nullptr;  // n x input_len, each in 0 .. vocab-1

  // Sequences from .. from + count - 1.
  [[nodiscard]] Inputs part(const ModelOptions& o, std::int64_t from, std::int64_t count) const {
    return {count, vectors == nullptr ? nullptr : vectors + from * o.input_len() * o.d_model,
            tokens == nullptr ? nullptr : tokens + from * o.input_len()};
  }
};

template <class T>
class Transformer {
 public:
  // Activations of one batch of at most `capacity` sequences: written by forward, read by backward.
  class Workspace {
   public:
    // precision: of the linear layers' products (numerics/gemm_bfloat16.h); other than native for float only.
    Workspace(const Transformer& model, std::int64_t capacity,
              numerics::ProductPrecision precision = numerics::ProductPrecision::native);
    ~Workspace();
    Workspace(Workspace&&) noexcept;
    Workspace& operator=(Workspace&&) noexcept;
    [[nodiscard]] std::int64_t capacity() const;
    [[nodiscard]] std::size_t bytes() const;
    // bytes() of a workspace of this capacity, without its memory.
    [[nodiscard]] static std::size_t bytes_for(const Transformer& model, std::int64_t capacity);

    // Restricts J to the columns of these blocks: backward touches and jvp reads no others, and neither does work that
    // only the others need. One flag per model.table().blocks(); flags of blocks that are not trainable are ignored;
    // embed and positions go together. The default is every trainable block.
    void select(const Transformer& model, const std::vector<bool>& blocks);

   private:
    friend class Transformer;
    struct State;
    std::unique_ptr<State> state_;
  };

  // The memory that jvp needs besides the activations: tangents of one layer at a time. Training does not need it.
  class TangentWorkspace {
   public:
    TangentWorkspace(const Transformer& model, std::int64_t capacity);
    ~TangentWorkspace();
    TangentWorkspace(TangentWorkspace&&) noexcept;
    TangentWorkspace& operator=(TangentWorkspace&&) noexcept;
    [[nodiscard]] std::int64_t capacity() const;
    [[nodiscard]] std::size_t bytes() const;

   private:
    friend class Transformer;
    struct State;
    std::unique_ptr<State> state_;
  };

  explicit Transformer(const ModelOptions& options);

  [[nodiscard]] const ModelOptions& options() const { return options_; }
  [[nodiscard]] const ParameterTable& table() const { return table_; }
  [[nodiscard]] std::int64_t outputs_per_sequence() const { return options_.seq_len * options_.outputs(); }
  // Numbers of one input: input_len() rows of d_model, or input_len() tokens.
  [[nodiscard]] std::int64_t inputs_per_sequence() const {
    return options_.input_len() * (options_.reads_tokens() ? 1 : options_.d_model);
  }

  // outputs (n x L x d_out) = kappa G(theta; X).
  void forward(std::span<const T> theta, const Inputs<T>& inputs, Workspace& workspace, T* outputs) const;

  // gradient += J(theta; X)^T cotangent, with cotangent n x L x d_out; only trainable blocks are touched. Reads what
  // the last forward with the same arguments left in the workspace.
  void backward(std::span<const T> theta, const Inputs<T>& inputs, Workspace& workspace, const T* cotangent,
                std::span<T> gradient) const;

  // out (n x L x d_out) = J(theta; X) tangent, the derivative of the outputs along `tangent` (laid out like theta).
  // Only trainable (selected) blocks of the tangent are read. Reads what the last forward with the same theta and
  // inputs left in the workspace, so one forward serves any number of jvp and backward calls. Cost: twice the forward
  // products.
  void jvp(std::span<const T> theta, const Inputs<T>& inputs, const Workspace& workspace, TangentWorkspace& tangents,
           std::span<const T> tangent, T* out) const;

  // outputs = -kappa (1 - epsilon) G(theta_0; X), in batches of the workspace's capacity; zero when epsilon = 1.
  void output_offset(std::span<const T> theta_0, const Inputs<T>& inputs, Workspace& workspace, T* offset) const;

 private:
  ModelOptions options_;
  ParameterTable table_;
};

// Bytes of a workspace, in double, for sizes that no machine could hold (model/options.h); exact up to a cache line for
// each piece and further sequence.
template <class T>
[[nodiscard]] double workspace_bytes(const ModelOptions& options, std::int64_t capacity);

extern template class Transformer<float>;
extern template class Transformer<double>;

}  // namespace phaselaw::model
