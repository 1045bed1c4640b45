// SPDX-License-Identifier: Apache-2.0
#include "arrays.h"

#include <span>

#include "phaselaw/base/errors.h"
#include "value.h"

namespace phaselaw::python {

namespace {

template <class T>
const char* dtype_name() {
  if constexpr (std::is_same_v<T, double>) return "float64";
  if constexpr (std::is_same_v<T, float>) return "float32";
  if constexpr (std::is_same_v<T, std::int32_t>) return "int32";
}

std::string shape_text(std::initializer_list<Length> shape) {
  std::vector<std::string> parts;
  for (const Length& length : shape) parts.push_back(length.value < 0 ? length.name : std::to_string(length.value));
  return fmt::format("({}{})", fmt::join(parts, ", "), shape.size() == 1 ? "," : "");
}

template <class T>
[[noreturn]] void wrong(nb::handle object, const char* name, std::initializer_list<Length> shape,
                        const std::string& found) {
  std::string advice;
  if (nb::hasattr(object, "dtype"))
    advice = fmt::format("; numpy.ascontiguousarray(x, dtype=numpy.{}) makes one", dtype_name<T>());
  throw base::InputError({name}, fmt::format("expected a C-contiguous {} array of shape {} on the CPU; found {}{}",
                                             dtype_name<T>(), shape_text(shape), found, advice));
}

[[noreturn]] void wrong_device(nb::handle object, const char* name, int device) {
  throw base::InputError(
      {name},
      fmt::format(
          "expected an array on the CPU; found {} on a device of type {} (DLPack's numbers: 2 is CUDA); move it with .cpu() or numpy.asarray",
          describe(object), device));
}

// Reports an object that cannot be read: it is on another device, or is no array.
template <class T>
[[noreturn]] void not_readable(nb::handle object, const char* name, std::initializer_list<Length> shape) {
  if (nb::hasattr(object, "__dlpack_device__")) {
    const int device = nb::cast<int>(object.attr("__dlpack_device__")()[0]);
    if (device != nb::device::cpu::value) wrong_device(object, name, device);
  }
  wrong<T>(object, name, shape, describe(object));
}

// `taken` is the object as an array of any type on any device.
template <class T, class Array>
void check(nb::handle object, const Array& taken, const char* name, std::initializer_list<Length> shape) {
  if (taken.device_type() != nb::device::cpu::value) wrong_device(object, name, taken.device_type());
  if (taken.dtype() != nb::dtype<T>()) wrong<T>(object, name, shape, describe(object));
  bool fits = taken.ndim() == shape.size();
  std::size_t i = 0;
  for (const Length& length : shape) {
    if (!fits) break;
    const auto found = static_cast<std::int64_t>(taken.shape(i++));
    fits = length.value < 0 ? found >= 1 : found == length.value;
  }
  if (!fits) wrong<T>(object, name, shape, describe(object));
  std::int64_t stride = 1;
  for (std::size_t d = taken.ndim(); d-- > 0;) {
    if (taken.shape(d) != 1 && taken.stride(d) != stride)
      wrong<T>(object, name, shape, describe(object) + " that is not C-contiguous");
    stride *= static_cast<std::int64_t>(taken.shape(d));
  }
}

}  // namespace

template <class T>
ArrayView<T> array_of(nb::handle object, const char* name, std::initializer_list<Length> shape) {
  ArrayView<T> view;
  if (!nb::try_cast(object, view.owner, false)) not_readable<T>(object, name, shape);
  check<T>(object, view.owner, name, shape);
  view.data = static_cast<const T*>(view.owner.data());
  for (std::size_t d = 0; d < view.owner.ndim(); ++d)
    view.shape.push_back(static_cast<std::int64_t>(view.owner.shape(d)));
  return view;
}

template <class T>
T* writable_array(nb::handle object, const char* name, std::initializer_list<Length> shape) {
  nb::ndarray<> taken;
  if (!nb::try_cast(object, taken, false)) {
    if (nb::ndarray<nb::ro> frozen; nb::try_cast(object, frozen, false))
      throw base::InputError({name}, "expected a writable array; found a read-only one");
    not_readable<T>(object, name, shape);
  }
  check<T>(object, taken, name, shape);
  return static_cast<T*>(taken.data());
}

template ArrayView<float> array_of<float>(nb::handle, const char*, std::initializer_list<Length>);
template ArrayView<double> array_of<double>(nb::handle, const char*, std::initializer_list<Length>);
template ArrayView<std::int32_t> array_of<std::int32_t>(nb::handle, const char*, std::initializer_list<Length>);
template float* writable_array<float>(nb::handle, const char*, std::initializer_list<Length>);
template double* writable_array<double>(nb::handle, const char*, std::initializer_list<Length>);

}  // namespace phaselaw::python
