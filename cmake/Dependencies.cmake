# SPDX-License-Identifier: Apache-2.0
# Every library that the toolkit links, found here and in LibraryDependencies.cmake and nowhere else. Debian 12 has all
# of them; nothing is downloaded.
include(LibraryDependencies)
find_package(CLI11 REQUIRED)
find_path(cblas_include cblas.h PATH_SUFFIXES openblas openblas-pthread
  HINTS ${openblas_INCLUDE_DIRS} /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread
        /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp REQUIRED)
if(PHASELAW_ONEDNN)
  # Not find_package(dnnl): Debian's asks for OpenCL's headers, which nothing here uses.
  find_path(onednn_include oneapi/dnnl/dnnl.h)
  find_library(onednn_library dnnl)
endif()
find_path(spectra_include Spectra/SymEigsSolver.h REQUIRED)
if(NOT PHASELAW_MPI MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "PHASELAW_MPI is '${PHASELAW_MPI}'; expected AUTO, ON or OFF")
elseif(NOT PHASELAW_MPI STREQUAL OFF)
  find_package(MPI QUIET COMPONENTS C)
  find_library(scalapack_library NAMES scalapack-openmpi scalapack)
  if(MPI_C_FOUND AND scalapack_library)
    add_library(phaselaw_mpi_libraries INTERFACE)
    target_link_libraries(phaselaw_mpi_libraries INTERFACE MPI::MPI_C "${scalapack_library}")
    # The C interface alone: the C++ one is not linked.
    target_compile_definitions(phaselaw_mpi_libraries INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)
  elseif(PHASELAW_MPI STREQUAL ON)
    message(FATAL_ERROR "PHASELAW_MPI is ON, but MPI or ScaLAPACK was not found; on Debian: apt-get install "
      "openmpi-bin libopenmpi-dev libscalapack-openmpi-dev")
  else()
    message(STATUS "one machine only: MPI or ScaLAPACK not found")
  endif()
endif()
if(PHASELAW_TESTS)
  find_package(GTest REQUIRED)
endif()
if(PHASELAW_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

# toml++ 3.3 and fmt are used as compiled libraries: their templates are instantiated once, not in every file.
add_library(phaselaw_eigen INTERFACE)
target_link_libraries(phaselaw_eigen INTERFACE Eigen3::Eigen)
# Eigen must not start threads of its own. Its matrices are aligned to 64 bytes whatever the compiler's flags, so that the
# libraries and a program compiled for newer processors agree, and vectors of AVX-512 read whole lines of the cache.
target_compile_definitions(phaselaw_eigen INTERFACE EIGEN_DONT_PARALLELIZE EIGEN_MAX_ALIGN_BYTES=64)
add_library(phaselaw_blas INTERFACE)
target_link_libraries(phaselaw_blas INTERFACE PkgConfig::openblas)
target_include_directories(phaselaw_blas SYSTEM INTERFACE ${cblas_include})
# oneDNN: float32 products where it is found. Its threads must be OpenMP's (or none), to be held to one a call.
add_library(phaselaw_onednn INTERFACE)
set(onednn_runtime "absent")
if(PHASELAW_ONEDNN AND onednn_include AND onednn_library)
  file(STRINGS "${onednn_include}/oneapi/dnnl/dnnl_config.h" onednn_runtime REGEX "^#define DNNL_CPU_RUNTIME ")
  string(REGEX REPLACE ".*DNNL_RUNTIME_" "" onednn_runtime "${onednn_runtime}")
endif()
if(onednn_runtime MATCHES "^(OMP|SEQ)$")
  target_link_libraries(phaselaw_onednn INTERFACE "${onednn_library}" OpenMP::OpenMP_CXX)
  target_include_directories(phaselaw_onednn SYSTEM INTERFACE "${onednn_include}")
  target_compile_definitions(phaselaw_onednn INTERFACE PHASELAW_ONEDNN)
else()
  message(STATUS "float32 products by OpenBLAS: oneDNN with OpenMP threads not used (${onednn_runtime})")
endif()
add_library(phaselaw_spectra INTERFACE)
target_include_directories(phaselaw_spectra SYSTEM INTERFACE ${spectra_include})
add_library(phaselaw_ode INTERFACE)
target_link_libraries(phaselaw_ode INTERFACE SUNDIALS::cvode SUNDIALS::nvecserial
  SUNDIALS::sunlinsolspgmr)
set(PHASELAW_LIBRARY_GROUPS phaselaw_eigen phaselaw_blas phaselaw_onednn phaselaw_spectra phaselaw_ode)
