// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>

#include <nanobind/nanobind.h>

#include "arrays.h"
#include "phaselaw/model/transformer.h"

// phaselaw.Transformer in one precision: the model and the workspaces of its last batch size.
namespace phaselaw::python {

template <class T>
class Model {
 public:
  explicit Model(nb::handle options);

  [[nodiscard]] const model::Transformer<T>& transformer() const { return transformer_; }
  [[nodiscard]] const model::ModelOptions& options() const { return transformer_.options(); }
  [[nodiscard]] std::int64_t size() const { return transformer_.table().size(); }

  // Keeps the arrays of a call alive.
  struct Batch {
    ArrayView<T> vectors;
    ArrayView<std::int32_t> tokens;
    model::Inputs<T> inputs;
  };
  // float vectors (n, input_len, d_model), or int32 tokens (n, input_len) below the size of the vocabulary.
  [[nodiscard]] Batch batch(nb::handle inputs, const char* name = "inputs") const;
  [[nodiscard]] ArrayView<T> parameters(nb::handle theta, const char* name = "theta") const {
    return array_of<T>(theta, name, {size()});
  }

  [[nodiscard]] nb::object initialise(std::uint64_t seed) const;
  [[nodiscard]] nb::object forward(nb::handle theta, nb::handle inputs, nb::handle out);
  [[nodiscard]] nb::object vjp(nb::handle theta, nb::handle inputs, nb::handle cotangent);
  [[nodiscard]] nb::object jvp(nb::handle theta, nb::handle inputs, nb::handle tangent);
  [[nodiscard]] nb::tuple value_and_gradient(nb::handle theta, nb::handle inputs, nb::handle targets,
                                             nb::handle offset);
  [[nodiscard]] nb::object output_offset(nb::handle theta_0, nb::handle inputs);

 private:
  using Workspace = typename model::Transformer<T>::Workspace;
  using TangentWorkspace = typename model::Transformer<T>::TangentWorkspace;
  ArrayView<std::int32_t> tokens(nb::handle array, const char* name, std::int64_t length) const;
  Workspace& workspace(std::int64_t n);
  TangentWorkspace& tangents(std::int64_t n);
  double loss(std::int64_t n, const T* outputs, const ArrayView<T>& y, const ArrayView<std::int32_t>& next,
              T* cotangent) const;

  model::Transformer<T> transformer_;
  std::mutex mutex_;  // one call at a time uses the workspaces
  std::optional<Workspace> workspace_;
  std::optional<TangentWorkspace> tangents_;
};

extern template class Model<float>;
extern template class Model<double>;

}  // namespace phaselaw::python
