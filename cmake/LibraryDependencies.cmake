# SPDX-License-Identifier: Apache-2.0
# What the libraries link: read by this project's build and, installed, by find_package(phaselaw).
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)  # libgomp, part of GCC
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)  # tables as .gz
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
find_package(Ceres REQUIRED)
find_package(SUNDIALS 6.4 REQUIRED
  COMPONENTS arkode cvode nvecserial sunlinsolspgmr sunnonlinsolfixedpoint)
find_package(SQLite3 REQUIRED)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET GLOBAL openblas)
find_path(cblas_include cblas.h PATH_SUFFIXES openblas openblas-pthread
  HINTS ${openblas_INCLUDE_DIRS} /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-pthread
        /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}/openblas-openmp REQUIRED)
if(PHASELAW_ONEDNN)
  # Not find_package(dnnl): Debian's asks for OpenCL's headers, which nothing here uses.
  find_path(onednn_include oneapi/dnnl/dnnl.h)
  find_library(onednn_library dnnl)
endif()
find_path(spectra_include Spectra/SymEigsSolver.h REQUIRED)
