// SPDX-License-Identifier: Apache-2.0
#include "transformer.h"

#include <algorithm>

#include <nanobind/stl/string.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/model/loss.h"
#include "value.h"

namespace phaselaw::python {

namespace {

model::ModelOptions options_from(nb::handle table) {
  model::ModelOptions options;
  base::read_fields(from_python(table, ""), options, "model");
  model::validate(options);
  return options;
}

nb::list parameter_table(const model::ParameterTable& table) {
  nb::list blocks;
  for (const auto& block : table.blocks()) {
    nb::dict row;
    row["name"] = block.name;
    row["shape"] = nb::make_tuple(block.rows, block.cols);
    row["offset"] = block.offset;
    row["layer"] = block.layer < 0 ? nb::none() : nb::object(nb::int_(block.layer));
    row["init_std"] = block.init_std;
    row["sign_init"] = block.sign_init;
    row["multiplier"] = block.multiplier;
    row["trainable"] = block.trainable;
    blocks.append(row);
  }
  return blocks;
}

}  // namespace

template <class T>
Model<T>::Model(nb::handle options) : transformer_(options_from(options)) {}

template <class T>
typename Model<T>::Workspace& Model<T>::workspace(std::int64_t n) {
  if (!workspace_ || workspace_->capacity() < n) workspace_.emplace(transformer_, n);
  return *workspace_;
}

template <class T>
typename Model<T>::TangentWorkspace& Model<T>::tangents(std::int64_t n) {
  if (!tangents_ || tangents_->capacity() < n) tangents_.emplace(transformer_, n);
  return *tangents_;
}

template <class T>
typename Model<T>::Batch Model<T>::batch(nb::handle inputs, const char* name) const {
  Batch batch;
  if (options().reads_tokens()) {
    batch.tokens = tokens(inputs, name, options().input_len());
    batch.inputs.n = batch.tokens.shape.front();
    batch.inputs.tokens = batch.tokens.data;
  } else {
    batch.vectors = array_of<T>(inputs, name, {"n", options().input_len(), options().d_model});
    batch.inputs.n = batch.vectors.shape.front();
    batch.inputs.vectors = batch.vectors.data;
  }
  return batch;
}

template <class T>
ArrayView<std::int32_t> Model<T>::tokens(nb::handle array, const char* name, std::int64_t length) const {
  const auto found = array_of<std::int32_t>(array, name, {"n", length});
  const std::int32_t* const end = found.data + found.shape.front() * length;
  const auto* wrong = std::find_if(found.data, end, [&](std::int32_t t) { return t < 0 || t >= options().vocab; });
  if (wrong != end) {
    const auto at = wrong - found.data;
    throw base::InputError({name}, fmt::format("expected tokens from 0 to {}, found {} at [{}, {}]",
                                               options().vocab - 1, *wrong, at / length, at % length));
  }
  return found;
}

template <class T>
nb::object Model<T>::initialise(std::uint64_t seed) const {
  return vector_to_numpy(released([&] { return model::initialise<T>(transformer_.table(), seed); }));
}

template <class T>
nb::object Model<T>::forward(nb::handle theta, nb::handle inputs, nb::handle out) {
  const auto parameters = this->parameters(theta);
  const Batch b = batch(inputs);
  const auto run = [&](T* to) {
    released([&] {
      const std::lock_guard lock(mutex_);
      transformer_.forward({parameters.data, static_cast<std::size_t>(size())}, b.inputs, workspace(b.inputs.n), to);
    });
  };
  if (!out.is_none()) {
    run(writable_array<T>(out, "out", {b.inputs.n, options().seq_len, options().outputs()}));
    return nb::borrow(out);
  }
  NewArray<T> outputs({b.inputs.n, options().seq_len, options().outputs()});
  run(outputs.data.get());
  return outputs.release();
}

template <class T>
nb::object Model<T>::vjp(nb::handle theta, nb::handle inputs, nb::handle cotangent) {
  const auto parameters = this->parameters(theta);
  const Batch b = batch(inputs);
  const auto u = array_of<T>(cotangent, "cotangent", {b.inputs.n, options().seq_len, options().outputs()});
  NewArray<T> gradient({size()});
  const auto length = static_cast<std::size_t>(size());
  released([&] {
    const std::lock_guard lock(mutex_);
    std::vector<T> outputs(static_cast<std::size_t>(b.inputs.n * transformer_.outputs_per_sequence()));
    std::fill_n(gradient.data.get(), length, T(0));
    transformer_.forward({parameters.data, length}, b.inputs, workspace(b.inputs.n), outputs.data());
    transformer_.backward({parameters.data, length}, b.inputs, *workspace_, u.data, {gradient.data.get(), length});
  });
  return gradient.release();
}

template <class T>
nb::object Model<T>::jvp(nb::handle theta, nb::handle inputs, nb::handle tangent) {
  const auto parameters = this->parameters(theta);
  const auto v = this->parameters(tangent, "tangent");
  const Batch b = batch(inputs);
  NewArray<T> out({b.inputs.n, options().seq_len, options().outputs()});
  const auto length = static_cast<std::size_t>(size());
  released([&] {
    const std::lock_guard lock(mutex_);
    transformer_.forward({parameters.data, length}, b.inputs, workspace(b.inputs.n), out.data.get());
    transformer_.jvp({parameters.data, length}, b.inputs, *workspace_, tangents(b.inputs.n), {v.data, length},
                     out.data.get());
  });
  return out.release();
}

template <class T>
double Model<T>::loss(std::int64_t n, const T* outputs, const ArrayView<T>& y, const ArrayView<std::int32_t>& next,
                      T* cotangent) const {
  if (!options().reads_tokens()) {
    const double sum = model::squared_error<T>(n * transformer_.outputs_per_sequence(), outputs, y.data,
                                               T(1) / static_cast<T>(n), cotangent);
    return sum / static_cast<double>(n);
  }
  const std::int64_t rows = n * options().seq_len;
  const double sum =
      model::cross_entropy<T>(rows, options().vocab, outputs, next.data, T(1) / static_cast<T>(rows), cotangent);
  return sum / static_cast<double>(rows);
}

template <class T>
nb::tuple Model<T>::value_and_gradient(nb::handle theta, nb::handle inputs, nb::handle targets, nb::handle offset) {
  const auto parameters = this->parameters(theta);
  const Batch b = batch(inputs);
  const std::int64_t n = b.inputs.n, length = options().seq_len, outputs = options().outputs();
  ArrayView<T> y, constant;
  ArrayView<std::int32_t> next;
  if (options().reads_tokens()) {
    next = tokens(targets, "targets", length);
    if (next.shape.front() != n) next = array_of<std::int32_t>(targets, "targets", {n, length});  // throws
  } else {
    y = array_of<T>(targets, "targets", {n, length, outputs});
  }
  if (!offset.is_none()) constant = array_of<T>(offset, "offset", {n, length, outputs});
  NewArray<T> gradient({size()});
  const auto count = static_cast<std::size_t>(size());
  const double value = released([&] {
    const std::lock_guard lock(mutex_);
    std::vector<T> f(static_cast<std::size_t>(n * transformer_.outputs_per_sequence())), cotangent(f.size());
    std::fill_n(gradient.data.get(), count, T(0));
    transformer_.forward({parameters.data, count}, b.inputs, workspace(n), f.data());
    if (constant.data != nullptr)
      for (std::size_t i = 0; i < f.size(); ++i) f[i] += constant.data[i];
    const double found = loss(n, f.data(), y, next, cotangent.data());
    transformer_.backward({parameters.data, count}, b.inputs, *workspace_, cotangent.data(),
                          {gradient.data.get(), count});
    return found;
  });
  return nb::make_tuple(value, gradient.release());
}

template <class T>
nb::object Model<T>::output_offset(nb::handle theta_0, nb::handle inputs) {
  const auto parameters = this->parameters(theta_0, "theta_0");
  const Batch b = batch(inputs);
  NewArray<T> out({b.inputs.n, options().seq_len, options().outputs()});
  released([&] {
    const std::lock_guard lock(mutex_);
    transformer_.output_offset({parameters.data, static_cast<std::size_t>(size())}, b.inputs, workspace(b.inputs.n),
                               out.data.get());
  });
  return out.release();
}

template class Model<float>;
template class Model<double>;

namespace {

template <class T>
void add(nb::module_& module, const char* name) {
  nb::class_<Model<T>>(module, name)
      .def(nb::init<nb::handle>(), nb::arg("options"))
      .def_prop_ro("options",
                   [](const Model<T>& self) { return to_python(base::write_fields(self.transformer().options())); })
      .def_prop_ro("size", [](const Model<T>& self) { return self.size(); })
      .def_prop_ro("n_trainable", [](const Model<T>& self) { return self.transformer().table().n_trainable(); })
      .def_prop_ro("n_outputs", [](const Model<T>& self) { return self.options().outputs(); })
      .def("parameters", [](const Model<T>& self) { return parameter_table(self.transformer().table()); })
      .def("initialise", &Model<T>::initialise, nb::arg("seed"))
      .def("forward", &Model<T>::forward, nb::arg("theta").none(), nb::arg("inputs").none(), nb::arg("out").none())
      .def("vjp", &Model<T>::vjp, nb::arg("theta").none(), nb::arg("inputs").none(), nb::arg("cotangent").none())
      .def("jvp", &Model<T>::jvp, nb::arg("theta").none(), nb::arg("inputs").none(), nb::arg("tangent").none())
      .def("value_and_gradient", &Model<T>::value_and_gradient, nb::arg("theta").none(), nb::arg("inputs").none(),
           nb::arg("targets").none(), nb::arg("offset").none())
      .def("output_offset", &Model<T>::output_offset, nb::arg("theta_0").none(), nb::arg("inputs").none());
}

}  // namespace

void add_transformer(nb::module_& module) {
  add<float>(module, "Transformer32");
  add<double>(module, "Transformer64");
}

}  // namespace phaselaw::python
