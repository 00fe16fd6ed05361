# Writes a header with the service files as they lie here, one constant a file, so that the program
# has the very texts that the package installs.
#   embed_packaged_texts(HEADER)
function(embed_packaged_texts header)
  set(texts kService autohttps.service kSocket autohttps.socket kRenewService autohttps-renew.service
    kRenewTimer autohttps-renew.timer kInitScript autohttps.init kCron autohttps.cron)
  string(CONCAT code "// Generated from tools/packaging/*.in by embed.cmake.\n#pragma once\n\n#include <string_view>\n\n"
    "namespace autohttps::tools::packaged_source {\n\n")
  while(texts)
    list(POP_FRONT texts constant name)
    set(file ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${name}.in)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} text)
    string(APPEND code "inline constexpr std::string_view ${constant} = R\"packaged(${text})packaged\";\n\n")
  endwhile()
  string(APPEND code "}  // namespace autohttps::tools::packaged_source\n")
  set(old "")
  if(EXISTS ${header})
    file(READ ${header} old)
  endif()
  if(NOT old STREQUAL code)
    file(WRITE ${header} "${code}")
  endif()
endfunction()
