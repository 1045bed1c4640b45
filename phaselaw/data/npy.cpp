// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/npy.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

namespace phaselaw::data {

static_assert(std::endian::native == std::endian::little, "files are little-endian and are copied without conversion");

namespace {

std::vector<std::int64_t> index_of(std::size_t flat, const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> index(shape.size());
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    index[axis] = static_cast<std::int64_t>(flat) % shape[axis];
    flat /= static_cast<std::size_t>(shape[axis]);
  }
  return index;
}

template <class T>
void copy_values(const char* from, std::vector<double>& to) {
  for (std::size_t i = 0; i < to.size(); ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<double>(value);
  }
}

}  // namespace

NpyLayout npy_layout(std::string_view start, const std::string& path) {
  NpyLayout layout = base::npy_header(start, path);
  if (layout.version > 2)
    throw base::InputError(
        {path}, fmt::format("expected .npy version 1 or 2, found {}; save it with numpy.save", layout.version));
  if (!layout.fields.empty())
    throw base::InputError({path}, "expected a plain dtype such as '<f8', found a structure of fields; save one field");
  return layout;
}

std::size_t npy_count(const NpyLayout& layout, std::size_t item, std::size_t file_size, const std::string& path) {
  if (layout.fortran_order)
    throw base::InputError({path}, "expected C order, found Fortran order; convert it with numpy.ascontiguousarray");
  return base::npy_value_count(layout, item, file_size, path);
}

NpyArray read_npy(const std::string& path, int rank) {
  const std::string file = base::read_text(path);
  const auto fail = [&](const std::string& what) { throw base::InputError({path}, what); };
  const NpyLayout header = npy_layout(file, path);
  if (header.descr != "<f8" && header.descr != "<f4")
    fail(fmt::format("expected dtype <f4 or <f8, found {}; convert it with array.astype('<f8')", header.descr));
  if (rank >= 0 && header.shape.size() != static_cast<std::size_t>(rank))
    fail(fmt::format("expected an array of {} axes, found shape {}", rank, base::npy_shape_text(header.shape)));
  const std::size_t item = header.descr == "<f8" ? 8 : 4;
  const std::size_t count = npy_count(header, item, file.size(), path);
  NpyArray array{header.shape, std::vector<double>(count)};
  const char* data = file.data() + header.data;
  if (item == 8)
    copy_values<double>(data, array.values);
  else
    copy_values<float>(data, array.values);
  for (std::size_t i = 0; i < count; ++i)
    if (!std::isfinite(array.values[i]))
      fail(fmt::format("expected finite numbers, found {} at index {}; remove or replace such values", array.values[i],
                       base::npy_shape_text(index_of(i, array.shape))));
  return array;
}

namespace {

std::int64_t count_of(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const auto extent : shape) count *= extent;
  return count;
}

std::string header_of(std::span<const std::int64_t> shape, std::size_t item) {
  std::string header =
      fmt::format("{{'descr': '<f{}', 'fortran_order': False, 'shape': {}, }}", item, base::npy_shape_text(shape));
  constexpr std::size_t kStart = 10, kAlignment = 64;
  header.append(kAlignment - 1 - (kStart + header.size()) % kAlignment, ' ');
  header += '\n';
  PHASELAW_CHECK_LE(header.size(), std::size_t{0xFFFF});
  std::string start(base::kNpyMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xFF), static_cast<char>(header.size() >> 8)};
  return start + header;
}

template <class T>
void write(const std::string& path, std::span<const std::int64_t> shape, std::span<const T> values) {
  NpyPieces<T> file(path, shape);
  file.append(values);
  file.commit();
}

}  // namespace

template <class T>
NpyPieces<T>::NpyPieces(const std::string& path, std::span<const std::int64_t> shape)
    : file_(path), missing_(count_of(shape)) {
  file_.append(header_of(shape, sizeof(T)));
}

template <class T>
void NpyPieces<T>::append(std::span<const T> values) {
  missing_ -= static_cast<std::int64_t>(values.size());
  file_.append({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

template <class T>
void NpyPieces<T>::commit() {
  PHASELAW_CHECK_EQ(missing_, 0);
  file_.commit();
}

template class NpyPieces<float>;
template class NpyPieces<double>;

void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const double> values) {
  write(path, shape, values);
}
void write_npy(const std::string& path, std::span<const std::int64_t> shape, std::span<const float> values) {
  write(path, shape, values);
}

}  // namespace phaselaw::data
