// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/kernel/symmetric_operator.h"
#include "phaselaw/model/transformer.h"

// The tangent kernel as an operator, for sizes at which the matrix does not fit:
//
//   J   = dF/dtheta                     rows x n_params, never stored
//   H v = J (J^T v)                     rows = n L o, ordered (sequence, token, output coordinate), last fastest
//
// restricted to any set of parameter blocks: H = sum over blocks of H^(block), H^(nu) = the blocks of layer nu.
//
// Cost of H v: 8 n L P products flop if the activations of the forward pass are kept (as long as they fit in
// `memory_limit`), otherwise 12 n L P; P = parameters, L tokens. Memory: activations (kept, or of one batch per thread)
// and `reduction_groups` vectors of P. The calls allocate nothing of that order.
// Accuracy: that of model::Transformer<T>, relative 1e-12 (double) or 1e-5 (float) of ||H|| ||v||. Results depend on
// `batch` and `reduction_groups`, which are fixed at construction, and not on `threads`. One call at a time. During a
// call OpenBLAS uses one thread per caller (numerics::set_blas_threads).
// Source: [T].
namespace phaselaw::kernel {

struct TangentOptions {
  int threads = 0;                                  // 0: one per core
  std::size_t memory_limit = std::size_t{2} << 30;  // bytes of activations to keep between calls
  std::int64_t batch = 0;                           // sequences per pass; 0: as many as fit in the cache
  int reduction_groups = 8;                         // number of partial sums of J^T v, added in a fixed order
};

// One flag per table.blocks(), for model::Transformer::Workspace::select.
[[nodiscard]] std::vector<bool> select_all(const model::ParameterTable& table);
[[nodiscard]] std::vector<bool> select_layer(const model::ParameterTable& table, std::int64_t layer);
// Blocks by name: "attn.q", "mlp.up", ... (in every layer; `layer` >= 0: in one), "embed" (with the positions), "out".
// InputError for a name that the table does not have.
[[nodiscard]] std::vector<bool> select_block(const model::ParameterTable& table, std::string_view name,
                                             std::int64_t layer = -1);

template <class T>
class TangentOperator {
 public:
  // Copies theta and the inputs. InputError if they do not fit the model or are not finite.
  TangentOperator(const model::ModelOptions& model, std::vector<T> theta, const model::Inputs<T>& inputs,
                  const TangentOptions& options = {});
  ~TangentOperator();
  TangentOperator(TangentOperator&&) noexcept;
  TangentOperator& operator=(TangentOperator&&) noexcept;

  [[nodiscard]] const model::Transformer<T>& model() const;
  [[nodiscard]] std::int64_t rows() const;                 // n L o
  [[nodiscard]] std::int64_t parameters() const;           // length of theta and of gradients
  [[nodiscard]] std::int64_t selected_parameters() const;  // number of selected columns of J
  [[nodiscard]] bool keeps_activations() const;
  [[nodiscard]] std::size_t bytes() const;    // held by this object
  [[nodiscard]] double product_flop() const;  // of one apply, multiplications and additions of the dense products only

  // Restricts J to the columns of these blocks. O(blocks).
  void select(const std::vector<bool>& blocks);

  void apply(std::span<const T> v, std::span<T> hv);                 // H v
  void apply_jacobian(std::span<const T> tangent, std::span<T> jv);  // J tangent, rows
  void apply_adjoint(std::span<const T> v, std::span<T> gradient);   // J^T v, parameters; zero if not selected
  void outputs(std::span<T> out);                                    // kappa G(theta; X), rows

  // J of one sequence, L o x selected_parameters(), columns in table order: one VJP per row. For small sizes and duals.
  void jacobian_rows(std::int64_t sequence, numerics::MatrixView<T> rows);

  // The same product in double vectors, for lanczos.h, density.h, conjugate_gradient.h. Refers to this object.
  [[nodiscard]] SymmetricOperator kernel();
  // The dual J^T J on the selected parameters, in table order: the same non-zero eigenvalues, and smaller if P < rows.
  [[nodiscard]] SymmetricOperator dual();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

extern template class TangentOperator<float>;
extern template class TangentOperator<double>;

}  // namespace phaselaw::kernel
