# SPDX-License-Identifier: Apache-2.0
# check_headers: every header that no source of its own name includes first is compiled alone, part of `all`.
get_property(headers GLOBAL PROPERTY phaselaw_lone_headers)
set(sources)
foreach(header IN LISTS headers)
  cmake_path(RELATIVE_PATH header BASE_DIRECTORY "${PROJECT_SOURCE_DIR}" OUTPUT_VARIABLE name)
  set(source "${PROJECT_BINARY_DIR}/check_headers/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${name}\"\n")
  list(APPEND sources "${source}")
endforeach()
add_library(check_headers OBJECT ${sources})
target_link_libraries(check_headers PRIVATE phaselaw::cli phaselaw_warnings)
target_compile_options(check_headers PRIVATE -O0)
