# SPDX-License-Identifier: Apache-2.0
# Made by the build (python/CMakeLists.txt).
INSTRUCTIONS: tuple[str, ...]
