// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/files.h"
#include "phaselaw/base/npy_header.h"

// NumPy's .npy files, versions 1 and 2 [T: NumPy enhancement proposal 1]: little-endian float32 or float64, C order.
namespace phaselaw::data {

struct NpyArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;  // last index fastest; float32 is widened exactly
};

// InputError with the file, what was expected and what was found: another magic number or version, a header that is too
// long or cannot be parsed, Fortran order, another dtype, a size that does not match the file, another rank than `rank`
// (if >= 0), NaN or infinity (with the index of the first).
[[nodiscard]] NpyArray read_npy(const std::string& path, int rank = -1);

// The header of a .npy file of any plain dtype, from the first bytes of the file (or all of it).
using NpyLayout = base::NpyHeader;
[[nodiscard]] NpyLayout npy_layout(std::string_view start, const std::string& path);

// The number of values. InputError for Fortran order and if shape, bytes per value and size of the file do not agree.
[[nodiscard]] std::size_t npy_count(const NpyLayout& layout, std::size_t item, std::size_t file_size,
                                    const std::string& path);

// Version 1, float64 (or float32), C order, data aligned to 64 bytes. PHASELAW_CHECK: the product of shape is the size.
void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const double> values);
void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const float> values);

// The same, with values written in pieces in C order. commit() creates the file, after all values are written.
template <class T>
class NpyPieces {
 public:
  NpyPieces(const std::string& path, std::span<const std::int64_t> shape);
  void append(std::span<const T> values);
  void commit();

 private:
  base::PieceFile file_;
  std::int64_t missing_;
};
extern template class NpyPieces<float>;
extern template class NpyPieces<double>;

}  // namespace phaselaw::data
