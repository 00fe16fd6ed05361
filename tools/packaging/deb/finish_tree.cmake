# Run by cpack over the installed trees, one folder a package, before they are packed.
find_program(gzip gzip REQUIRED)
file(GLOB trees LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(tree IN LISTS trees)
  set(package autohttps)
  if(tree MATCHES "/dev$")
    set(package libautohttps-dev)
  endif()
  set(documents ${tree}/usr/share/doc/${package})
  file(REMOVE ${tree}/usr/share/doc/autohttps/LICENSE)  # the copyright file has it
  file(MAKE_DIRECTORY ${documents})
  file(COPY ${CPACK_AUTOHTTPS_DOCUMENTS}/copyright ${CPACK_AUTOHTTPS_DOCUMENTS}/changelog DESTINATION ${documents}
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  file(GLOB_RECURSE compressed ${tree}/usr/share/man/*.[0-9] ${documents}/changelog ${documents}/CHANGELOG.md)
  if(compressed)
    execute_process(COMMAND ${gzip} -9nf ${compressed} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
