# SPDX-License-Identifier: Apache-2.0
# What the libraries link: read by this project's build and, installed, by find_package(phaselaw).
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)  # libgomp, part of GCC; oneDNN alone uses its threads
find_package(PkgConfig REQUIRED)
find_package(ZLIB REQUIRED)  # documents as .gz, .xz and .zst
find_package(LibLZMA REQUIRED)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(Boost 1.74 REQUIRED)
find_package(SQLite3 REQUIRED)
pkg_check_modules(openblas REQUIRED IMPORTED_TARGET GLOBAL openblas)
