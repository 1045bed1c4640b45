# SPDX-License-Identifier: Apache-2.0
# Flags of every translation unit, and the interface targets that layers, tests and benchmarks link.
#
# No -ffast-math: NaN and infinity are outcomes that we report. -fno-math-errno and -fno-trapping-math only drop side
# effects that nothing here reads; -fopenmp-simd lets a loop say that its reduction may be reordered.
add_compile_options(-fno-math-errno -fno-trapping-math -fopenmp-simd)
# The hot loops choose their instructions when the program runs (phaselaw/base/instruction_set.h), so one build is fast on
# every processor of the architecture.
set(PHASELAW_INSTRUCTIONS "")  # what -march=native stands for, by the names of /proc/cpuinfo
if(PHASELAW_NATIVE)
  add_compile_options(-march=native)
  execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -march=native -dM -E -x c++ /dev/null OUTPUT_VARIABLE macros)
  foreach(pair SSE4_2=sse4_2 AVX=avx AVX2=avx2 FMA=fma F16C=f16c BMI=bmi1 BMI2=bmi2 LZCNT=abm MOVBE=movbe AVX512F=avx512f
          AVX512CD=avx512cd AVX512BW=avx512bw AVX512DQ=avx512dq AVX512VL=avx512vl AVX512VBMI=avx512vbmi
          AVX512VBMI2=avx512_vbmi2 AVX512VNNI=avx512_vnni AVX512BF16=avx512_bf16 AVX512VPOPCNTDQ=avx512_vpopcntdq)
    string(REPLACE "=" ";" pair ${pair})
    list(GET pair 0 macro)
    list(GET pair 1 name)
    if(macros MATCHES "#define __${macro}__ ")
      list(APPEND PHASELAW_INSTRUCTIONS ${name})
    endif()
  endforeach()
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
# GCC 12 warns about its own AVX-512 intrinsics when Eigen inlines them; clang-tidy looks for the real thing. Functions
# with vectors by value are always inlined (phaselaw/numerics/vectors.h), so how such vectors are passed does not matter.
target_compile_options(phaselaw_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow -Wno-psabi
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-uninitialized>)
if(PHASELAW_WERROR)
  target_compile_options(phaselaw_warnings INTERFACE -Werror)
endif()
