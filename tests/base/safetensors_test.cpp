// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/safetensors.h"

#include <cmath>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "base/message_of.h"

namespace phaselaw::base {
namespace {

using testing::contains;
using testing::message_of;

std::string with_length(std::uint64_t length, const std::string& rest) {
  std::string file(8, '\0');
  std::memcpy(file.data(), &length, 8);
  return file + rest;
}
std::string with_header(const std::string& json, const std::string& data) {
  return with_length(json.size(), json + data);
}

// Three tensors of different types, one of them empty, with a text beside them.
std::string sample() {
  const std::vector<double> wide = {1.5, -2.25, 1e-300};
  const std::vector<float> narrow = {0.1F, 3.0F, -4.0F, 5.5F};
  const auto bytes = [](const auto& v) {
    return std::string_view(reinterpret_cast<const char*>(v.data()), v.size() * sizeof(v[0]));
  };
  const std::vector<Tensor> tensors = {
      {"a", "F64", {3}, bytes(wide)}, {"b", "F32", {2, 2}, bytes(narrow)}, {"none", "F32", {0, 7}, {}}};
  return safetensors_bytes(Value::table({{"note", "x"}}), tensors);
}

std::string error_of(const std::string& bytes) {
  return message_of<InputError>([&] {
    const auto file = Safetensors::parse(bytes, "w.safetensors");
    for (const auto& tensor : file.tensors()) (void)numbers_of<double>(tensor, file.source());
  });
}

TEST(Safetensors, RoundTripsToTheBit) {
  const auto file = Safetensors::parse(sample(), "sample");
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(numbers_of<double>(*file.find("a"), "sample"), (std::vector<double>{1.5, -2.25, 1e-300}));
  EXPECT_EQ(numbers_of<float>(*file.find("b"), "sample"), (std::vector<float>{0.1F, 3.0F, -4.0F, 5.5F}));
  EXPECT_EQ(numbers_of<double>(*file.find("b"), "sample")[0], static_cast<double>(0.1F));
  EXPECT_TRUE(numbers_of<float>(*file.find("none"), "sample").empty());
  EXPECT_EQ(file.find("b")->shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_TRUE(contains(message_of<InputError>([&] { (void)numbers_of<float>(*file.find("a"), "sample"); }),
                       "tensor a: expected dtype F32, F16, BF16, found F64"));
  EXPECT_EQ(file.metadata().at("note").text(), "x");
}

TEST(Safetensors, HalfPrecisionIsWidenedExactly) {
  // Every F16 and BF16, against their definitions.
  std::string all(2 * 65536, '\0');
  for (unsigned i = 0; i < 65536; ++i) {
    const auto value = static_cast<std::uint16_t>(i);
    std::memcpy(all.data() + 2 * i, &value, 2);
  }
  const auto halves = numbers_of<double>({"h", "F16", {65536}, all}, "");
  const auto brains = numbers_of<double>({"h", "BF16", {65536}, all}, "");
  for (unsigned i = 0; i < 65536; ++i) {
    const double sign = (i & 0x8000U) != 0 ? -1 : 1;
    const auto value = [&](int exponent_bits, int bias) {
      const int fraction_bits = 15 - exponent_bits;
      const auto fraction = static_cast<double>(i & ((1U << fraction_bits) - 1));
      const int exponent = static_cast<int>(i >> fraction_bits & ((1U << exponent_bits) - 1));
      if (exponent == (1 << exponent_bits) - 1) return fraction == 0 ? sign * INFINITY : std::nan("");
      if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
      return sign * std::ldexp(1 + std::ldexp(fraction, -fraction_bits), exponent - bias);
    };
    const double half = value(5, 15), brain = value(8, 127);
    ASSERT_TRUE(std::isnan(half) ? std::isnan(halves[i]) : halves[i] == half) << i;
    ASSERT_TRUE(std::isnan(brain) ? std::isnan(brains[i]) : brains[i] == brain) << i;
  }
}

TEST(Safetensors, EveryDefectIsOneClearError) {
  const std::string eight(8, '\1');
  const struct {
    std::string bytes, expected;
  } cases[] = {
      {"", "found 0 bytes"},
      {"PK\x03\x04rest of a zip archive", "found a PyTorch pickle, which is a program and is never loaded"},
      {std::string("\x80\x02}q\x00.", 7), "safetensors.torch.save_file"},
      {with_length(std::uint64_t{1} << 62, "{}"), "expected a .safetensors header of"},
      {with_length(200'000'000, std::string(64, ' ')), "expected a .safetensors header of"},
      {with_header("[]", ""), "expected a JSON object"},
      {with_header("{]", ""), "not valid JSON"},
      {with_header(std::string(100'000, '['), ""), "at most 1000 levels"},
      {with_header(R"({"__metadata__":{"a":1}})", ""), "expected texts under __metadata__"},
      {with_header(R"({"__metadata__":3})", ""), "expected texts under __metadata__"},
      {with_header(R"({"t":5})", eight), "tensor t: its header entry is malformed"},
      {with_header(R"({"t":{"dtype":"F64","shape":[1]}})", eight), "expected the key 'data_offsets'"},
      {with_header(R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[0,9]}})", eight),
       "its data end at byte 9, but the file has 8"},
      {with_header(R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}})", eight), "found [8, 0]"},
      {with_header(R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8,8]}})", eight), "found [0, 8, 8]"},
      {with_header(R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[0,1e300]}})", eight), "malformed"},
      {with_header(R"({"t":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}})", eight), "expected sizes >= 0"},
      {with_header(R"({"t":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}})", eight), "expected 16 bytes, found 8"},
      {with_header(R"({"t":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", eight),
       "more numbers than any file"},
      {with_header(R"({"t":{"dtype":"Q7","shape":[1],"data_offsets":[0,8]}})", eight), "unknown dtype Q7"},
      {with_header(R"({"t":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", eight),
       "expected dtype F32, F16, BF16 or F64, found I64"},
      {with_header(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", eight),
       "expected 4 bytes of tensor data, found 8"},
      {with_header(
           R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"u":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
           eight),
       "without gaps or overlaps"},
      {with_header(R"({"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight), "without gaps or overlaps"},
      {with_header(
           R"({"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"t":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
           eight),
       "the key 't' occurs twice"},
  };
  for (const auto& [bytes, expected] : cases) {
    const std::string message = error_of(bytes);
    EXPECT_TRUE(contains(message, expected)) << "expected " << expected << ", found " << message;
    EXPECT_EQ(message.find("w.safetensors"), 0U) << message;
  }
}

TEST(Safetensors, EveryTruncationIsAnInputError) {
  const std::string good = sample();
  for (std::size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(error_of(good.substr(0, length)), "") << length;
}

TEST(Safetensors, DamagedBytesNeverCrash) {
  const std::string good = sample();
  std::mt19937_64 random(7);
  int refused = 0, read = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    std::string bytes = good;
    for (std::uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
      // Mostly in the length and the header; digits and brackets are the changes that matter.
      const std::size_t at = random() % std::min<std::size_t>(bytes.size(), trial % 4 == 0 ? bytes.size() : 180);
      bytes[at] = trial % 2 == 0 ? "0123456789{}[],:\"-eE\\"[random() % 21] : static_cast<char>(random());
    }
    if (trial % 5 == 0) bytes.resize(random() % (bytes.size() + 1));
    try {
      const auto file = Safetensors::parse(bytes, "damaged");
      for (const auto& tensor : file.tensors()) (void)numbers_of<double>(tensor, "damaged");
      ++read;
    } catch (const InputError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000);
  EXPECT_GT(read, 100);  // damage that changes only numbers or names cannot be seen here
}

}  // namespace
}  // namespace phaselaw::base
