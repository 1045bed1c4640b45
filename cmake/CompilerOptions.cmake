# SPDX-License-Identifier: Apache-2.0
# Flags of every translation unit, and the interface targets that layers, tests and benchmarks link.
#
# No -ffast-math: NaN and infinity are outcomes that we report. -fno-math-errno and -fno-trapping-math only drop side
# effects that nothing here reads; -fopenmp-simd lets a loop say that its reduction may be reordered.
add_compile_options(-fno-math-errno -fno-trapping-math -fopenmp-simd)
if(PHASELAW_NATIVE)
  add_compile_options(-march=native)
endif()
if(PHASELAW_SANITIZE)
  add_compile_options(-fsanitize=${PHASELAW_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PHASELAW_SANITIZE})
  # GCC copies 64 bytes of a local variable by one aligned AVX-512 instruction, but with detect_stack_use_after_return the
  # variable lies in a frame of the sanitizer, which is aligned to 32 bytes only.
  include(CheckCXXCompilerFlag)
  check_cxx_compiler_flag(-mmove-max=256 PHASELAW_HAS_MOVE_MAX)
  if(PHASELAW_HAS_MOVE_MAX)
    add_compile_options(-mmove-max=256 -mstore-max=256)
  endif()
endif()
if(PHASELAW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link -fno-sanitize-recover=all)  # coverage everywhere, a main only in fuzzers
endif()
if(PHASELAW_PYTHON)
  # The layers go into one shared module. Functions may still be inlined as in the program: the same digits.
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  add_compile_options(-fno-semantic-interposition)
endif()

add_library(phaselaw_warnings INTERFACE)
# GCC 12 warns about its own AVX-512 intrinsics when Eigen inlines them; clang-tidy looks for the real thing.
target_compile_options(phaselaw_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-uninitialized>)
if(PHASELAW_WERROR)
  target_compile_options(phaselaw_warnings INTERFACE -Werror)
endif()
