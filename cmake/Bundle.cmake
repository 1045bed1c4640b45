# SPDX-License-Identifier: Apache-2.0
# PHASELAW_BUNDLE: programs and modules that need no library of the system.
#   LIBRARIES  everything but the C library (with libgcc_s) is linked in, for wheels. The program and the Python module
#              of a wheel share one libphaselaw_openblas.so, because it is larger than all the rest.
#   ALL        one static program, with the C library.
# setup/wheels.sh and setup/portable.sh build them. They leave out MPI, which loads a module at run time, and oneDNN,
# which has no static library in Debian and is larger than the program.
if(PHASELAW_ONEDNN OR NOT PHASELAW_MPI STREQUAL OFF OR PHASELAW_NATIVE)
  message(FATAL_ERROR "PHASELAW_BUNDLE is '${PHASELAW_BUNDLE}', which needs PHASELAW_ONEDNN=OFF, PHASELAW_MPI=OFF and "
    "PHASELAW_NATIVE=OFF; setup/wheels.sh and the preset portable set them")
endif()
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)
set(bundled "${CMAKE_CURRENT_LIST_DIR}/bundled")

# Only the linking differs from other builds, so that the compiled sources are shared with them. The libraries of GCC are
# compiled in sections, of which the unused are left out; one of them would need glibc 2.36 (arc4random).
add_link_options(-Wl,--gc-sections)
if(PHASELAW_BUNDLE STREQUAL ALL)
  add_link_options(-static-pie)
else()
  # libgcc_s remains the system's: it comes with every C library, and the static one of GCC 12 needs glibc 2.35.
  add_link_options(-static-libstdc++)
endif()

# To be called once the libraries were found: links OpenBLAS to `target`.
function(phaselaw_bundle_openblas target)
  target_link_libraries(PkgConfig::openblas INTERFACE -l:libgfortran.a -l:libquadmath.a m)  # what the archive calls
  if(PHASELAW_BUNDLE STREQUAL ALL)
    target_link_libraries(${target} INTERFACE PkgConfig::openblas)
  else()
    add_library(phaselaw_old_glibc OBJECT "${bundled}/hypot.c")
    set_target_properties(phaselaw_old_glibc PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} INTERFACE phaselaw_openblas $<TARGET_OBJECTS:phaselaw_old_glibc>)
    target_link_options(${target} INTERFACE -Wl,--wrap=hypot)

    # The archive of Debian holds the objects of its shared library. Of these, the linker takes what is needed.
    set(needed cblas_dgemm cblas_sgemm dgeqrf_ dlarfb_ dlarft_ dormqr_ dpotrf_ dpotri_ dpotrs_ dstedc_ dsyevd_ dsytrd_ dtrtrs_
      openblas_get_config openblas_get_corename openblas_get_num_threads openblas_get_parallel openblas_set_num_threads
      slarfb_ slarft_ sormtr_ sstedc_ ssyevd_ ssytrd_)
    list(JOIN needed "; " exported)
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/openblas.map" CONTENT "{ global: @exported@; local: *; };\n" @ONLY)
    list(TRANSFORM needed PREPEND "-Wl,-u,")
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/openblas.c" CONTENT "typedef int all_of_it_is_in_the_archive;\n")
    add_library(phaselaw_openblas SHARED "${PROJECT_BINARY_DIR}/openblas.c")
    target_link_options(phaselaw_openblas PRIVATE ${needed} -Wl,-z,defs
      "-Wl,--version-script=${PROJECT_BINARY_DIR}/openblas.map")
    target_link_libraries(phaselaw_openblas PRIVATE PkgConfig::openblas)
  endif()
endfunction()

# What is inside these targets, and its licences: written when the component is installed.
function(phaselaw_install_bill component targets bill licences)
  set(maps "")
  foreach(target IN LISTS targets)
    set(map "${PROJECT_BINARY_DIR}/${target}.linked")
    target_link_options(${target} PRIVATE "-Wl,-Map=${map}")
    string(APPEND maps " \"${map}\"")
  endforeach()
  foreach(path IN ITEMS bill licences)
    if(NOT IS_ABSOLUTE "${${path}}")
      string(PREPEND ${path} "\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/")
    endif()
  endforeach()
  install(CODE "execute_process(COMMAND python3 \"${PROJECT_SOURCE_DIR}/setup/bill_of_materials.py\"
    \"${PROJECT_BINARY_DIR}\" \"${bill}\" \"${licences}\"${maps} COMMAND_ERROR_IS_FATAL ANY)" COMPONENT ${component})
endfunction()
