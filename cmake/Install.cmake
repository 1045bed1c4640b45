# SPDX-License-Identifier: Apache-2.0
# cmake --install: the program with its manual pages and completions (component program), and the layers as libraries
# with headers, CMake targets phaselaw::<layer> and pkg-config (component library). cpack -G DEB makes one package of
# each. docs/install.md
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS phaselaw RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)
if(TARGET phaselaw_mpi)  # the program looks for it in ../lib/phaselaw
  install(TARGETS phaselaw_mpi LIBRARY DESTINATION lib/phaselaw COMPONENT program)
endif()

# Manual pages and completions are what the program says of itself.
if(NOT CMAKE_CROSSCOMPILING)
  set(described "${PROJECT_BINARY_DIR}/described")
  add_custom_command(OUTPUT "${described}/done"
    COMMAND ${CMAKE_COMMAND} -E make_directory "${described}/man"
    COMMAND phaselaw man --out "${described}/man"
    COMMAND phaselaw completion bash > "${described}/phaselaw.bash"
    COMMAND phaselaw completion zsh > "${described}/_phaselaw"
    COMMAND phaselaw completion fish > "${described}/phaselaw.fish"
    COMMAND ${CMAKE_COMMAND} -E touch "${described}/done"
    DEPENDS phaselaw VERBATIM)
  add_custom_target(described ALL DEPENDS "${described}/done")
  install(DIRECTORY "${described}/man/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program
    FILES_MATCHING PATTERN "*.1")
  install(FILES "${described}/phaselaw.bash" RENAME phaselaw COMPONENT program
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
  install(FILES "${described}/_phaselaw" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT program)
  install(FILES "${described}/phaselaw.fish" COMPONENT program
    DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
endif()

if(PHASELAW_BUNDLE)  # a program for other machines, from which no library is to be built
  set(about "${CMAKE_INSTALL_DOCDIR}")
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${about}" COMPONENT program)
  phaselaw_install_bill(program phaselaw "${about}/bill-of-materials.cdx.json" "${about}/licences")
  return()
endif()

# Everything below the command line is library. A target's exported name is the layer's.
get_property(layers GLOBAL PROPERTY phaselaw_layers)
list(REMOVE_ITEM layers cli)
set(libraries "")
foreach(layer IN LISTS layers)
  set_target_properties(phaselaw_${layer} PROPERTIES EXPORT_NAME ${layer})
  list(APPEND libraries phaselaw_${layer})
endforeach()
install(TARGETS ${libraries} ${PHASELAW_LIBRARY_GROUPS} EXPORT phaselaw
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT library
  FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT library)
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/phaselaw")
install(EXPORT phaselaw NAMESPACE phaselaw:: FILE phaselawTargets.cmake DESTINATION "${package}" COMPONENT library)
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/phaselawConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/phaselawConfig.cmake" INSTALL_DESTINATION "${package}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/phaselawConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/phaselawConfig.cmake" "${PROJECT_BINARY_DIR}/phaselawConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/LibraryDependencies.cmake" DESTINATION "${package}" COMPONENT library)

# pkg-config, for who does not use CMake: static libraries, highest layer first, then what they call.
set(pkg_libs "")
foreach(layer IN LISTS layers)
  list(PREPEND pkg_libs "-lphaselaw_${layer}")
endforeach()
list(JOIN pkg_libs " " pkg_libs)
set(pkg_onednn "")
get_target_property(links_onednn phaselaw_onednn INTERFACE_LINK_LIBRARIES)
if(links_onednn)
  set(pkg_onednn " -ldnnl -fopenmp")
endif()
file(RELATIVE_PATH pkg_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")  # from the .pc: --prefix may move it
configure_file("${CMAKE_CURRENT_LIST_DIR}/phaselaw.pc.in" "${PROJECT_BINARY_DIR}/phaselaw.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/phaselaw.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT library)

set(CPACK_PACKAGE_NAME phaselaw)
set(CPACK_PACKAGE_CONTACT "The phaselaw authors <phaselaw@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "measure how transformers learn, predict how far more will take them")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_GENERATOR DEB)
set(CPACK_COMPONENTS_ALL program library)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME phaselaw)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_DEPENDS "libopenblas0-pthread")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME libphaselaw-dev)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "libeigen3-dev, libopenblas-pthread-dev, libboost-dev, libspectra-dev, \
libsundials-dev, libsqlite3-dev, zlib1g-dev, liblzma-dev, libzstd-dev, \
nlohmann-json3-dev, libfmt-dev, libdnnl-dev")
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "Static libraries, headers, CMake and pkg-config files.")
include(CPack)
