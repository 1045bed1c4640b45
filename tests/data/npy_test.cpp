// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/npy.h"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "data/scratch.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"

namespace phaselaw::data {
namespace {

using Shape = std::vector<std::int64_t>;

// A .npy file put together by hand: magic, version, header length, header, data.
std::string npy(const std::string& header, const std::string& data, char version = 1) {
  std::string file = "\x93NUMPY";
  file += {version, '\0'};
  const std::size_t bytes = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < bytes; ++i) file += static_cast<char>(header.size() >> (8 * i) & 0xFF);
  return file + header + data;
}

std::string bytes_of(const std::vector<double>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)};
}

const std::string kHeader = "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n";
const std::vector<double> kValues{1, -2, 3.5, 0, 1e300, -1e-300};

TEST(Npy, ReadsWhatNumpyWrites) {
  const Scratch scratch;
  for (const char version : {'\x01', '\x02'}) {
    const auto array = read_npy(scratch.file("a.npy", npy(kHeader, bytes_of(kValues), version)), 2);
    EXPECT_EQ(array.shape, (Shape{2, 3}));
    EXPECT_EQ(array.values, kValues);
  }
}

TEST(Npy, RoundTripsBothWidthsAndEveryRank) {
  const Scratch scratch;
  const std::string path = scratch.path("a.npy");
  for (const Shape& shape : {Shape{6}, Shape{2, 3}, Shape{1, 2, 3}, Shape{3, 1, 2, 1}}) {
    write_npy(path, shape, std::span<const double>(kValues));
    EXPECT_EQ(read_npy(path).shape, shape);
    EXPECT_EQ(read_npy(path).values, kValues);
  }
  const std::vector<float> narrow{0.1F, -3.0e-39F, 7.0F};
  write_npy(path, Shape{3}, std::span<const float>(narrow));
  EXPECT_EQ(read_npy(path).values, std::vector<double>(narrow.begin(), narrow.end()));
  write_npy(path, Shape{}, std::span<const double>(kValues).first(1));
  EXPECT_EQ(read_npy(path, 0).values, std::vector<double>{1});
  write_npy(path, Shape{0, 4}, std::span<const double>());
  EXPECT_EQ(read_npy(path, 2).shape, (Shape{0, 4}));
}

TEST(Npy, DataStartOnA64ByteBoundary) {
  const Scratch scratch;
  for (const Shape& shape : {Shape{6}, Shape{1, 1, 1, 6}, Shape{1, 1, 1, 1, 1, 1, 1, 1, 1, 6}}) {
    write_npy(scratch.path("a.npy"), shape, std::span<const double>(kValues));
    const std::string file = base::read_text(scratch.path("a.npy"));
    EXPECT_EQ((file.size() - kValues.size() * 8) % 64, 0U);
    EXPECT_EQ(file[file.size() - kValues.size() * 8 - 1], '\n');
  }
}

TEST(Npy, BadFilesAreOneClearErrorEach) {
  const Scratch scratch;
  const std::string data = bytes_of(kValues);
  const auto header = [](const std::string& descr, const std::string& order, const std::string& shape) {
    return "{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + "}";
  };
  std::vector<double> with_nan = kValues;
  with_nan[4] = std::numeric_limits<double>::quiet_NaN();
  std::string cut_header = npy(kHeader, "");
  cut_header.resize(30);
  std::string huge_header = npy(kHeader, data, 2);
  std::memset(huge_header.data() + 8, 0x7F, 4);
  const struct {
    std::string bytes, expected;
  } cases[] = {
      {"", "expected a .npy file"},
      {"PK\x03\x04 something else", "expected a .npy file"},
      {npy(kHeader, data, 3), "version 1 or 2, found 3"},
      {cut_header, "copy it again"},
      {huge_header, "header of at most"},
      {npy(header("'>f8'", "False", "(2, 3)"), data), "found >f8"},
      {npy(header("'<i8'", "False", "(2, 3)"), data), "found <i8"},
      {npy(header("[('a', '<f8')]", "False", "(2, 3)"), data), "a plain dtype"},
      {npy(header("'<f8'", "True", "(2, 3)"), data), "Fortran order"},
      {npy(header("'<f8'", "maybe", "(2, 3)"), data), "True or False"},
      {npy(header("'<f8'", "False", "(2, -3)"), data), "a length"},
      {npy(header("'<f8'", "False", "(2, 99999999999999999999)"), data), "below 2^48"},
      {npy(header("'<f8'", "False", "(281474976710656, 281474976710656)"), data), "too large for any memory"},
      {npy(header("'<f8'", "False", "(2, 3"), data), "',' or ')'"},
      {npy("{'descr': '<f8'}", data), "the keys descr, fortran_order and shape"},
      {npy(header("'<f8'", "False", "(6,)"), data), "expected an array of 2 axes, found shape (6,)"},
      {npy(kHeader, data.substr(0, 47)), "needs 48 bytes of data, found 47"},
      {npy(kHeader, data + "x"), "needs 48 bytes of data, found 49"},
      {npy(kHeader, bytes_of(with_nan)), "found nan at index (1, 1)"},
  };
  for (const auto& [bytes, expected] : cases) {
    const std::string path = scratch.file("bad.npy", bytes);
    const std::string message =
        base::testing::message_of<base::InputError>([&] { static_cast<void>(read_npy(path, 2)); });
    EXPECT_NE(message.find(expected), std::string::npos) << "expected " << expected << ", found " << message;
    EXPECT_EQ(message.find(path), 0U) << message;
  }
  EXPECT_THROW(static_cast<void>(read_npy(scratch.path("none.npy"))), base::InputError);
}

TEST(Npy, NoPrefixOfAFileIsAccepted) {
  const Scratch scratch;
  const std::string whole = npy(kHeader, bytes_of(kValues));
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(static_cast<void>(read_npy(scratch.file("a.npy", whole.substr(0, size)))), base::InputError) << size;
}

}  // namespace
}  // namespace phaselaw::data
