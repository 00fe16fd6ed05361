# Install rules: headers as <autohttps/...>, libraries, the program, and what find_package(autohttps)
# and pkg-config need. tests/package installs into a folder of its own and builds against it.
include(CMakePackageConfigHelpers)

set(AUTOHTTPS_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/autohttps)
set(packaging ${CMAKE_CURRENT_LIST_DIR})

# A header that says "(not installed" in its first lines shows types of OpenSSL, curl or
# nlohmann/json, or serves our own sources only; tests/house holds the others to that.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/common/*.h ${PROJECT_SOURCE_DIR}/acme/*.h ${PROJECT_SOURCE_DIR}/server/*.h)
foreach(header IN LISTS headers)
  file(READ ${PROJECT_SOURCE_DIR}/${header} first_lines LIMIT 400)
  if(NOT first_lines MATCHES "\\(not installed")
    get_filename_component(folder ${header} DIRECTORY)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/autohttps/${folder} COMPONENT development)
  endif()
endforeach()

set(installed_libraries "")
foreach(name IN ITEMS common acme tls server autohttps)
  if(TARGET autohttps_${name})
    list(APPEND installed_libraries autohttps_${name})
  endif()
endforeach()
install(TARGETS ${installed_libraries} EXPORT autohttpsTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(EXPORT autohttpsTargets NAMESPACE autohttps:: DESTINATION ${AUTOHTTPS_CMAKE_FOLDER}
  COMPONENT development)

configure_package_config_file(${packaging}/autohttpsConfig.cmake.in
  ${PROJECT_BINARY_DIR}/autohttpsConfig.cmake INSTALL_DESTINATION ${AUTOHTTPS_CMAKE_FOLDER})
# Before 1.0 a minor version may break programs (CHANGELOG.md says when it does).
write_basic_package_version_file(${PROJECT_BINARY_DIR}/autohttpsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/autohttpsConfig.cmake
  ${PROJECT_BINARY_DIR}/autohttpsConfigVersion.cmake
  DESTINATION ${AUTOHTTPS_CMAKE_FOLDER} COMPONENT development)

# A static library needs its own dependencies on the user's link line, a shared one does not.
set(AUTOHTTPS_PC_REQUIRES "cpp-httplib >= 0.11.4")
set(AUTOHTTPS_PC_REQUIRES_PRIVATE "openssl >= 3.0, libcurl >= 7.85, zlib")
set(AUTOHTTPS_PC_LIBS "")
if(NOT BUILD_SHARED_LIBS)
  string(APPEND AUTOHTTPS_PC_REQUIRES ", ${AUTOHTTPS_PC_REQUIRES_PRIVATE}")
  set(AUTOHTTPS_PC_REQUIRES_PRIVATE "")
  set(AUTOHTTPS_PC_LIBS " -lresolv -lcrypt")
endif()
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE AUTOHTTPS_PC_PREFIX)
configure_file(${packaging}/autohttps.pc.in ${PROJECT_BINARY_DIR}/autohttps.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/autohttps.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig
  COMPONENT development)

if(TARGET autohttps_tool)
  install(TARGETS autohttps_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  set(made ${PROJECT_BINARY_DIR}/packaged)
  install(DIRECTORY ${made}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program FILES_MATCHING PATTERN "*.1")
  install(DIRECTORY ${made}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT program FILES_MATCHING PATTERN "*.5")
  install(FILES ${made}/completion/autohttps DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    COMPONENT program)
  install(FILES ${made}/completion/_autohttps DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions
    COMPONENT program)
  install(FILES ${made}/completion/autohttps.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
    COMPONENT program)
  # Where the program looks for a hook that is named without its folder.
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/tools/hooks/ DESTINATION lib/autohttps/hooks COMPONENT program
    USE_SOURCE_PERMISSIONS OPTIONAL)
endif()
# Ready hooks, known by their bare names (tools/autohttps/hook_settings.cpp looks there: lib/, on every machine).
file(GLOB ready_hooks CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/hooks/*)
install(PROGRAMS ${ready_hooks} DESTINATION lib/autohttps/hooks COMPONENT program)
# Alert rules for Prometheus, and the test of theirs (promtool test rules).
install(FILES ${packaging}/monitoring/alerts.yml ${packaging}/monitoring/alerts_test.yml
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/monitoring COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)

if(BUILD_SHARED_LIBS)  # libraries and program find each other wherever the prefix is moved
  set_target_properties(${installed_libraries} PROPERTIES INSTALL_RPATH "$ORIGIN")
  if(TARGET autohttps_tool)
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_FULL_BINDIR}
      OUTPUT_VARIABLE library_folder)
    set_target_properties(autohttps_tool PROPERTIES INSTALL_RPATH "$ORIGIN/${library_folder}")
  endif()
endif()

if(PROJECT_IS_TOP_LEVEL)
  include(${packaging}/package.cmake)
endif()
