# SPDX-License-Identifier: Apache-2.0
#
# phaselaw_layer(<name> [COLD] [SINGLY] [USES <layer>...] [HEADERS <layer>...] [LIBRARIES <target>...])
#
# COLD: no hot loops; compiled quickly rather than for speed.
# SINGLY: its sources are compiled one by one, also where PHASELAW_BATCHES is on. This is for loops with measured speed, and for files
# that repeat each other's local names on purpose. In the other layers a local name is unique in its layer.
# One folder phaselaw/<name> = one namespace phaselaw::<name> = one target phaselaw_<name>.
# HEADERS: layers of which only headers are used (option structs). They are dependencies like USES, but are not linked.
# USES and HEADERS are the only place where a dependency between layers is declared. tests/layers/check_layers.py reads these
# lines and fails on an undeclared include, an unused dependency or a cycle.
function(phaselaw_layer name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "COLD;SINGLY" "" "USES;HEADERS;LIBRARIES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "phaselaw_layer(${name}): unknown words ${arg_UNPARSED_ARGUMENTS}; known: COLD, SINGLY, USES, HEADERS, "
      "LIBRARIES")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
  list(FILTER sources EXCLUDE REGEX "/(main|[a-z]+_module)\\.cpp$")  # a program, a shared module of its own

  set_property(GLOBAL APPEND PROPERTY phaselaw_layers ${name})
  add_library(phaselaw_${name} STATIC ${sources})
  add_library(phaselaw::${name} ALIAS phaselaw_${name})
  target_sources(phaselaw_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${headers})
  target_compile_features(phaselaw_${name} PUBLIC cxx_std_20)
  if(arg_COLD)
    target_compile_options(phaselaw_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(PHASELAW_BATCHES AND NOT arg_SINGLY)
    set_target_properties(phaselaw_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # GCC takes a source within a batch for a header, and with more inlined warns of string assignments that are sound.
    target_compile_options(phaselaw_${name} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-restrict>)
  endif()
  foreach(layer IN LISTS arg_USES)
    target_link_libraries(phaselaw_${name} PUBLIC phaselaw::${layer})
  endforeach()
  target_link_libraries(phaselaw_${name} PUBLIC ${arg_LIBRARIES} PRIVATE $<BUILD_INTERFACE:phaselaw_warnings>)

  # A header with a source of its name is that source's first include (the layer check sees to it), so compiling the
  # source proves that it stands alone. The others are compiled alone by the target check_headers.
  foreach(header IN LISTS headers)
    string(REGEX REPLACE "\\.h$" ".cpp" twin "${header}")
    if(NOT EXISTS "${twin}")
      set_property(GLOBAL APPEND PROPERTY phaselaw_lone_headers "${header}")
    endif()
  endforeach()

  set(test_folder "${PROJECT_SOURCE_DIR}/tests/${name}")
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${test_folder}/*_test.cpp")
  if(PHASELAW_TESTS AND tests)
    add_executable(test_${name} ${tests})
    target_link_libraries(test_${name} PRIVATE phaselaw::${name} phaselaw_warnings phaselaw_testing)
    gtest_discover_tests(test_${name} TEST_PREFIX "${name}/" DISCOVERY_MODE PRE_TEST
      PROPERTIES LABELS "${name}" TIMEOUT 300)
  endif()
endfunction()
