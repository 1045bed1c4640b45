// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

// Loops that are compiled for several instruction sets; the program chooses among them when it runs.
//
//   set        vectors    needs
//   baseline   16 bytes   every x86-64 processor; all of another architecture
//   avx2       32 bytes   AVX2, FMA, BMI and BMI2: Intel from 2013, AMD from 2015
//   avx512     64 bytes   these, and AVX-512 F, CD, BW, DQ and VL: Intel servers from 2017, AMD from 2022
//
// A loop is a free function. Versions<function>::call(...) calls it, compiled for the chosen set:
//
//   template <class T> void scale(std::int64_t n, T factor, T* x);          // a plain loop
//   base::Versions<scale<T>>::call(n, factor, x);                           // cost: a branch and a call
//
// Nothing else is compiled above the baseline: each version is a function of its own that takes in all that `function`
// calls and is reached through call() alone. So no code for a newer processor can replace an inline function of the
// standard library or of Eigen that the rest of the program uses (tests/packaging/check_instructions.py reads the
// instructions of each function). Three rules follow for `function`:
// - It is a function, not a generic lambda: in such a one GCC 12 does not vectorise a reduction.
// - What it calls for each number must be visible to the compiler; `std::vector` and the like do not belong in it.
// - A function that takes or returns a vector (numerics/vectors.h) by value is [[gnu::always_inline]], because how a
//   wide vector is passed depends on the instruction set of both sides.
//
// Results differ between the sets in the last digits: a fused multiply-add rounds once, and wider vectors sum in another
// order. docs/instruction_sets.md has the measured differences.
namespace phaselaw::base {

enum class InstructionSet { baseline, avx2, avx512 };

// The highest set that this processor and its system support.
[[nodiscard]] InstructionSet supported_instruction_set();

// The set in use: the supported one, or a lower one that the environment variable PHASELAW_ISA names. It is chosen at
// the first call and does not change. InputError: PHASELAW_ISA names no set.
[[nodiscard]] InstructionSet instruction_set();

[[nodiscard]] std::string_view instruction_set_name(InstructionSet set);

// What instruction_set() computes from the text of PHASELAW_ISA, which is empty if the variable is not set.
[[nodiscard]] InstructionSet lowered_instruction_set(std::string_view wanted, InstructionSet supported);

#if defined(__x86_64__)
#define PHASELAW_TARGET_AVX2 gnu::target("avx2,fma,bmi,bmi2")
#define PHASELAW_TARGET_AVX512 gnu::target("avx2,fma,bmi,bmi2,avx512f,avx512cd,avx512bw,avx512dq,avx512vl")
#else
#define PHASELAW_TARGET_AVX2
#define PHASELAW_TARGET_AVX512
#endif

template <auto function, class Signature = std::decay_t<decltype(function)>>
struct Versions;

template <auto function, class Result, class... Arguments>
struct Versions<function, Result (*)(Arguments...)> {
  [[gnu::noinline, gnu::flatten]] static Result baseline(Arguments... arguments) {
    return function(std::forward<Arguments>(arguments)...);
  }
  [[PHASELAW_TARGET_AVX2, gnu::noinline, gnu::flatten]] static Result avx2(Arguments... arguments) {
    return function(std::forward<Arguments>(arguments)...);
  }
  [[PHASELAW_TARGET_AVX512, gnu::noinline, gnu::flatten]] static Result avx512(Arguments... arguments) {
    return function(std::forward<Arguments>(arguments)...);
  }

  static Result call(Arguments... arguments) {
    switch (instruction_set()) {
      case InstructionSet::avx512:
        return avx512(std::forward<Arguments>(arguments)...);
      case InstructionSet::avx2:
        return avx2(std::forward<Arguments>(arguments)...);
      case InstructionSet::baseline:
        break;
    }
    return baseline(std::forward<Arguments>(arguments)...);
  }

  // The version for vectors of so many bytes, whatever the set in use; the processor must support it.
  template <std::size_t bytes>
  static Result with_vectors(Arguments... arguments) {
    static_assert(bytes == 16 || bytes == 32 || bytes == 64);
    if constexpr (bytes == 64) return avx512(std::forward<Arguments>(arguments)...);
    if constexpr (bytes == 32) return avx2(std::forward<Arguments>(arguments)...);
    if constexpr (bytes == 16) return baseline(std::forward<Arguments>(arguments)...);
  }
};

// The width of the vectors of a set.
[[nodiscard]] constexpr std::size_t vector_bytes(InstructionSet set) {
  return set == InstructionSet::avx512 ? 64 : set == InstructionSet::avx2 ? 32 : 16;
}

// Calls use(std::integral_constant<std::size_t, width>()) with the width of the vectors of the set in use, for loops
// that are written for a width. `use` itself is compiled for the baseline: it calls with_vectors<width>().
template <class Use>
decltype(auto) with_vector_bytes(Use&& use) {
  switch (instruction_set()) {
    case InstructionSet::avx512:
      return use(std::integral_constant<std::size_t, 64>());
    case InstructionSet::avx2:
      return use(std::integral_constant<std::size_t, 32>());
    case InstructionSet::baseline:
      break;
  }
  return use(std::integral_constant<std::size_t, 16>());
}

}  // namespace phaselaw::base
