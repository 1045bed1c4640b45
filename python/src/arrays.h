// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "phaselaw/numerics/matrix.h"

// NumPy arrays (and other objects that support DLPack on the CPU), without copies.
namespace phaselaw::python {

namespace nb = nanobind;

// A length that the caller may choose, e.g. {"n"}, or one that the model prescribes.
struct Length {
  std::int64_t value = -1;  // -1: any, at least 1
  const char* name = "";
  Length(std::int64_t v) : value(v) {}
  Length(const char* n) : name(n) {}
};

// An array that stays alive as long as this object.
template <class T>
struct ArrayView {
  nb::ndarray<nb::ro> owner;
  const T* data = nullptr;
  std::vector<std::int64_t> shape;
};

// Otherwise InputError "name: expected a C-contiguous float64 array of shape (n, 8, 16) on the CPU; found ...".
template <class T>
[[nodiscard]] ArrayView<T> array_of(nb::handle object, const char* name, std::initializer_list<Length> shape);

// The same for an array that is written.
template <class T>
[[nodiscard]] T* writable_array(nb::handle object, const char* name, std::initializer_list<Length> shape);

// A new array of this shape; its numbers are at `data` until it is cast.
template <class T>
struct NewArray {
  std::unique_ptr<T[]> data;
  std::vector<std::size_t> shape;
  explicit NewArray(std::initializer_list<std::int64_t> lengths) : shape(lengths.begin(), lengths.end()) {
    std::size_t size = 1;
    for (const std::size_t length : shape) size *= length;
    data.reset(new T[size]);
  }
  [[nodiscard]] nb::object release() {
    T* raw = data.release();
    const nb::capsule owner(raw, [](void* p) noexcept { delete[] static_cast<T*>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T>(raw, shape.size(), shape.data(), owner));
  }
};

// An array that owns the matrix's memory.
template <class T>
[[nodiscard]] nb::object matrix_to_numpy(numerics::Matrix<T>&& matrix) {
  auto* kept = new numerics::Matrix<T>(std::move(matrix));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<numerics::Matrix<T>*>(p); });
  const std::size_t shape[] = {static_cast<std::size_t>(kept->rows()), static_cast<std::size_t>(kept->cols())};
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), 2, shape, owner));
}

template <class T>
[[nodiscard]] nb::object vector_to_numpy(std::vector<T> values) {
  auto* kept = new std::vector<T>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  const std::size_t shape[] = {kept->size()};
  return nb::cast(nb::ndarray<nb::numpy, T>(kept->data(), 1, shape, owner));
}

}  // namespace phaselaw::python
