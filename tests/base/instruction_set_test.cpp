// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/instruction_set.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/processor_check.h"

namespace phaselaw::base {
namespace {

using enum InstructionSet;

TEST(InstructionSetTest, TheEnvironmentLowersTheSetAndNeverRaisesIt) {
  for (const auto supported : {baseline, avx2, avx512}) {
    EXPECT_EQ(lowered_instruction_set("", supported), supported);
    EXPECT_EQ(lowered_instruction_set("baseline", supported), baseline);
    EXPECT_EQ(lowered_instruction_set("avx2", supported), std::min(supported, avx2));
    EXPECT_EQ(lowered_instruction_set("avx512", supported), supported);
  }
}

TEST(InstructionSetTest, AnUnknownSetIsRefusedWithTheKnownOnes) {
  const auto message =
      testing::message_of<InputError>([] { static_cast<void>(lowered_instruction_set("avx", avx512)); });
  EXPECT_NE(message.find("PHASELAW_ISA: expected baseline, avx2 or avx512, found 'avx'"), std::string::npos) << message;
  EXPECT_NE(message.find("avx512"), std::string::npos);
  EXPECT_THROW(static_cast<void>(lowered_instruction_set("AVX2\n", avx2)), InputError);
}

TEST(InstructionSetTest, TheSetInUseIsTheOneThatWasAskedFor) {
  const char* const wanted = std::getenv("PHASELAW_ISA");
  EXPECT_EQ(instruction_set(), lowered_instruction_set(wanted == nullptr ? "" : wanted, supported_instruction_set()));
}

template <class T>
T dot(std::int64_t n, const T* x, const T* y) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

void count_up(int& calls, std::vector<int> values) { calls += static_cast<int>(values.size()); }

template <class T>
void expect_versions_agree() {
  std::vector<T> x, y;
  for (int i = 0; i < 1003; ++i) {
    x.push_back(T(std::sin(i)));
    y.push_back(T(std::cos(3 * i)));
  }
  for (std::int64_t n = 0; n <= 1003; n = 2 * n + 1) {
    using Dot = Versions<dot<T>>;
    double exact = 0, size = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const auto term =
          static_cast<double>(x[static_cast<std::size_t>(i)]) * static_cast<double>(y[static_cast<std::size_t>(i)]);
      exact += term;
      size += std::abs(term);
    }
    const double tolerance = static_cast<double>(n + 1) * static_cast<double>(std::numeric_limits<T>::epsilon()) * size;
    EXPECT_NEAR(static_cast<double>(Dot::baseline(n, x.data(), y.data())), exact, tolerance);
    if (supported_instruction_set() >= avx2) {
      EXPECT_NEAR(static_cast<double>(Dot::avx2(n, x.data(), y.data())), exact, tolerance);
    }
    if (supported_instruction_set() >= avx512) {
      EXPECT_NEAR(static_cast<double>(Dot::avx512(n, x.data(), y.data())), exact, tolerance);
    }
    const T used = instruction_set() == avx512 ? Dot::avx512(n, x.data(), y.data())
                   : instruction_set() == avx2 ? Dot::avx2(n, x.data(), y.data())
                                               : Dot::baseline(n, x.data(), y.data());
    EXPECT_EQ(Dot::call(n, x.data(), y.data()), used);
  }
}

TEST(InstructionSetTest, AllVersionsComputeTheSameWithinRounding) {
  expect_versions_agree<float>();
  expect_versions_agree<double>();
}

TEST(InstructionSetTest, ArgumentsArriveAsTheFunctionTakesThem) {
  int calls = 0;
  Versions<count_up>::call(calls, std::vector<int>{1, 2, 3});
  EXPECT_EQ(calls, 3);
}

TEST(InstructionSetTest, TheWidthIsThatOfTheSetInUse) {
  EXPECT_EQ(with_vector_bytes([](auto bytes) { return std::size_t{bytes}; }), vector_bytes(instruction_set()));
}

TEST(ProcessorCheck, NamesTheInstructionsThatAProcessorLacks) {
  constexpr const char* kFlags = "flags\t\t: fpu sse2 avx fma avx512_vnni";
  EXPECT_EQ(missing_instructions("avx fma", kFlags), "");
  EXPECT_EQ(missing_instructions("", kFlags), "");
  EXPECT_EQ(missing_instructions("avx avx2 fma avx512f avx512_vnni", kFlags), "avx2, avx512f");
  EXPECT_EQ(missing_instructions("sse", kFlags), "sse");  // a part of another name
  EXPECT_EQ(missing_instructions("avx2", ""), "avx2");
}

}  // namespace
}  // namespace phaselaw::base
