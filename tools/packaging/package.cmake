# The Debian packages: `autohttps` (program, service files, manuals) and `libautohttps-dev`.
#   tools/packaging/make_deb, or in a build that was configured for /usr: cpack -G DEB

# What belongs to a whole machine and not below a prefix: installed by the package alone; `setup`
# writes its own where there is none.
if(TARGET autohttps_packaged)
  set(made ${PROJECT_BINARY_DIR}/packaged)
  set(in_system COMPONENT system EXCLUDE_FROM_ALL)
  install(FILES ${made}/system/autohttps.service ${made}/system/autohttps.socket ${made}/system/autohttps-renew.service
    ${made}/system/autohttps-renew.timer DESTINATION /lib/systemd/system ${in_system})
  install(PROGRAMS ${made}/system/autohttps.init DESTINATION /etc/init.d RENAME autohttps ${in_system})
  install(FILES ${packaging}/autohttps.logrotate DESTINATION /etc/logrotate.d RENAME autohttps ${in_system})
  install(DIRECTORY DESTINATION /etc/autohttps/sites.d ${in_system})
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/autohttps ${in_system})
endif()

set(CPACK_PACKAGE_NAME autohttps)
set(CPACK_PACKAGE_VENDOR "The autohttps authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "automatic HTTPS: ACME client and HTTPS server")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/debs)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB)
set(CPACK_SOURCE_GENERATOR TXZ)
set(CPACK_THREADS 0)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL program system library development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "The autohttps authors <autohttps@users.noreply.github.com>")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_TOOL_PACKAGE_NAME autohttps)
set(CPACK_DEBIAN_TOOL_DESCRIPTION
"Gets certificates from an ACME CA (RFC 8555) such as Let's Encrypt, renews
them in time, runs hooks for other servers, and serves HTTPS itself with
certificates that are swapped while connections go on.")
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION web)
set(CPACK_DEBIAN_TOOL_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS "ca-certificates, adduser, init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_TOOL_PACKAGE_RECOMMENDS "systemd-sysv | cron")
set(CPACK_DEBIAN_TOOL_PACKAGE_CONTROL_EXTRA ${packaging}/deb/postinst ${packaging}/deb/prerm
  ${packaging}/deb/postrm ${packaging}/deb/conffiles)

set(CPACK_DEBIAN_DEV_PACKAGE_NAME libautohttps-dev)
set(CPACK_DEBIAN_DEV_DESCRIPTION
"The C++ library of autohttps, for servers of one's own: headers, libraries,
and what CMake and pkg-config need.")
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "libssl-dev (>= 3.0), libcurl4-openssl-dev (>= 7.88), zlib1g-dev, libcrypt-dev, libcpp-httplib-dev (>= 0.11.4)")
if(BUILD_SHARED_LIBS)
  string(APPEND CPACK_DEBIAN_DEV_PACKAGE_DEPENDS ", autohttps (= ${PROJECT_VERSION})")
endif()

# Debian's copyright and changelog; compressed manuals, as Debian's policy 12.1 wants them.
file(READ ${PROJECT_SOURCE_DIR}/LICENSE LICENSE_TEXT)
string(REGEX REPLACE "^[^\n]*\n\nCopyright[^\n]*\n\n" "" LICENSE_TEXT "${LICENSE_TEXT}")
string(STRIP "${LICENSE_TEXT}" LICENSE_TEXT)
string(REGEX REPLACE "\n\n" "\n.\n" LICENSE_TEXT "${LICENSE_TEXT}")
string(REPLACE "\n" "\n " LICENSE_TEXT " ${LICENSE_TEXT}")
configure_file(${packaging}/deb/copyright.in ${PROJECT_BINARY_DIR}/deb/copyright @ONLY)
string(TIMESTAMP CHANGE_TIME "%a, %d %b %Y %H:%M:%S +0000" UTC)  # SOURCE_DATE_EPOCH's, if set
file(WRITE ${PROJECT_BINARY_DIR}/deb/changelog
  "autohttps (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * What changed is told in CHANGELOG.md.\n\n"
  " -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${CHANGE_TIME}\n")
set(CPACK_PRE_BUILD_SCRIPTS ${packaging}/deb/finish_tree.cmake)
set(CPACK_AUTOHTTPS_DOCUMENTS ${PROJECT_BINARY_DIR}/deb)

include(CPack)
cpack_add_component_group(tool)
cpack_add_component_group(dev)
cpack_add_component(program GROUP tool)
cpack_add_component(system GROUP tool)
set(library_group dev)
if(BUILD_SHARED_LIBS)
  set(library_group tool)  # the program needs them
endif()
cpack_add_component(library GROUP ${library_group})
cpack_add_component(development GROUP dev)
