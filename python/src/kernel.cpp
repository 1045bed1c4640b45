// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/kernel.h"

#include <cmath>
#include <limits>

#include <nanobind/stl/string.h>

#include "call.h"
#include "modules.h"
#include "phaselaw/kernel/spectrum.h"
#include "transformer.h"
#include "value.h"

// phaselaw.tangent_kernel and phaselaw.spectrum on arrays.
namespace phaselaw::python {

namespace {

kernel::KernelOptions options_from(nb::handle table) {
  kernel::KernelOptions options;
  base::read_fields(from_python(table, ""), options, "kernel");
  base::check_fields(options);
  return options;
}

// (total, [(name, layer, matrix)], plan, flop, seconds)
template <class T>
nb::tuple tangent_kernel(Model<T>& self, nb::handle theta, nb::handle inputs, nb::handle columns, nb::handle table) {
  const auto options = options_from(table);
  const auto parameters = self.parameters(theta);
  const std::span<const T> span(parameters.data, static_cast<std::size_t>(self.size()));
  const auto rows = self.batch(inputs);
  kernel::DenseKernel<T> found;
  if (columns.is_none()) {
    found = released([&] { return kernel::dense_kernel<T>(self.transformer(), span, rows.inputs, options); });
  } else {
    const auto cols = self.batch(columns, "columns");
    found =
        released([&] { return kernel::dense_kernel<T>(self.transformer(), span, rows.inputs, cols.inputs, options); });
  }
  nb::list parts;
  for (auto& part : found.parts)
    parts.append(nb::make_tuple(part.name, part.layer < 0 ? nb::none() : nb::object(nb::int_(part.layer)),
                                matrix_to_numpy(std::move(part.values))));
  nb::dict plan;
  plan["algorithm"] = base::enum_to_text(found.plan.cost.algorithm);
  plan["reason"] = found.plan.reason;
  plan["bytes"] = found.plan.cost.bytes();
  return nb::make_tuple(matrix_to_numpy(std::move(found.total)), parts, plan, found.flop, found.seconds);
}

// A difference larger than rounding can cause: half of the digits.
template <class T>
void require_symmetric(const T* a, std::int64_t m) {
  T largest = 0, difference = 0;
  std::int64_t row = 0, column = 0;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j <= i; ++j) {
      largest = std::max({largest, std::abs(a[i * m + j]), std::abs(a[j * m + i])});
      const T apart = std::abs(a[i * m + j] - a[j * m + i]);
      if (!(apart > difference)) continue;
      difference = apart;
      row = i;
      column = j;
    }
  if (difference > std::sqrt(std::numeric_limits<T>::epsilon()) * largest)
    throw base::InputError({"matrix"},
                           fmt::format("expected a symmetric matrix; found {} at [{}, {}] and {} at [{}, {}]",
                                       a[row * m + column], row, column, a[column * m + row], column, row));
}

// (eigenvalues, vectors or None, figures)
template <class T>
nb::tuple spectrum(nb::handle matrix, bool vectors) {
  const auto taken = array_of<T>(matrix, "matrix", {"m", "m"});
  numerics::Matrix<T> copy(taken.shape[0], taken.shape[1]);
  auto found = released([&] {
    if (taken.shape[0] == taken.shape[1]) require_symmetric(taken.data, taken.shape[0]);
    std::copy_n(taken.data, taken.shape[0] * taken.shape[1], copy.data());
    return kernel::spectrum_in_place<T>(numerics::MatrixView<T>(copy.data(), copy.rows(), copy.cols()), vectors);
  });
  const base::Value figures = base::Value::table({{"lambda_min", found.lambda_min},
                                                  {"lambda_max", found.lambda_max},
                                                  {"condition_number", found.condition_number},
                                                  {"trace", found.trace},
                                                  {"effective_rank", found.effective_rank},
                                                  {"intrinsic_dimension", found.intrinsic_dimension},
                                                  {"noise_floor", found.noise_floor},
                                                  {"numerical_rank", found.numerical_rank}});
  return nb::make_tuple(vector_to_numpy(std::move(found.eigenvalues)),
                        vectors ? matrix_to_numpy(std::move(copy)) : nb::none(), to_python(figures));
}

}  // namespace

void add_kernel(nb::module_& module) {
  module.def("tangent_kernel", &tangent_kernel<float>, nb::arg("model"), nb::arg("theta").none(),
             nb::arg("inputs").none(), nb::arg("columns").none(), nb::arg("options"));
  module.def("tangent_kernel", &tangent_kernel<double>, nb::arg("model"), nb::arg("theta").none(),
             nb::arg("inputs").none(), nb::arg("columns").none(), nb::arg("options"));
  module.def("spectrum32", &spectrum<float>, nb::arg("matrix").none(), nb::arg("vectors"));
  module.def("spectrum64", &spectrum<double>, nb::arg("matrix").none(), nb::arg("vectors"));
}

}  // namespace phaselaw::python
