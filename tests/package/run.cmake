# Installs the build in ${BUILD} below ${WORK}, moves the prefix, and builds and runs this folder's
# project against it: all of the library by CMake, by pkg-config, its parts alone, as a subdirectory.
#   cmake -DBUILD=... -DSOURCE=... -DWORK=... -DCOMPILER=... -DLAUNCHER=... -DCONFIG=... -P run.cmake
cmake_minimum_required(VERSION 3.25)

function(run)
  cmake_parse_arguments(arg "" "EXPECT" "COMMAND" ${ARGN})
  execute_process(COMMAND ${arg_COMMAND} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result OR (arg_EXPECT AND NOT output MATCHES "${arg_EXPECT}"))
    list(JOIN arg_COMMAND " " command)
    message(FATAL_ERROR "failed (${result}): ${command}\n${output}")
  endif()
endfunction()

set(options -G Ninja -DCMAKE_BUILD_TYPE=${CONFIG} -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} -DCMAKE_CXX_STANDARD=20 -DCMAKE_CXX_FLAGS=${FLAGS}
  -DCMAKE_EXE_LINKER_FLAGS=${FLAGS})

function(build_and_run name)
  cmake_parse_arguments(arg "" "" "OPTIONS;PROGRAMS" ${ARGN})
  run(COMMAND ${CMAKE_COMMAND} -S ${SOURCE}/tests/package -B ${WORK}/${name} ${options} ${arg_OPTIONS})
  run(COMMAND ${CMAKE_COMMAND} --build ${WORK}/${name})
  foreach(program IN LISTS arg_PROGRAMS)
    run(COMMAND ${WORK}/${name}/${program} ${WORK}/store EXPECT "made|attached")
  endforeach()
endfunction()

file(REMOVE_RECURSE ${WORK})
set(ENV{DESTDIR})
run(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/first)
file(RENAME ${WORK}/first ${WORK}/prefix)
set(prefix ${WORK}/prefix)
run(COMMAND ${prefix}/bin/autohttps version EXPECT "[0-9]+\\.[0-9]+\\.[0-9]+")

build_and_run(whole OPTIONS -DCMAKE_PREFIX_PATH=${prefix} PROGRAMS hello own_server)
build_and_run(parts OPTIONS -DCMAKE_PREFIX_PATH=${prefix} -DONLY_PARTS=ON PROGRAMS own_server)

file(GLOB_RECURSE pc ${prefix}/*/autohttps.pc)
get_filename_component(pc_folder ${pc} DIRECTORY)
get_filename_component(library_folder ${pc_folder} DIRECTORY)
set(ENV{PKG_CONFIG_PATH} ${pc_folder})
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
execute_process(COMMAND pkg-config --cflags --libs autohttps OUTPUT_VARIABLE package_flags
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
separate_arguments(package_flags UNIX_COMMAND "${package_flags}")
run(COMMAND ${COMPILER} -std=c++20 ${flags} ${SOURCE}/tests/package/hello.cpp -o ${WORK}/by_pkg_config
  ${package_flags} -pthread -Wl,-rpath,${library_folder})
run(COMMAND ${WORK}/by_pkg_config ${WORK}/store EXPECT "made")

# As a subdirectory: that it configures, and that one library builds, says what is particular to it.
run(COMMAND ${CMAKE_COMMAND} -S ${SOURCE}/tests/package -B ${WORK}/inside ${options} -DAUTOHTTPS_SOURCE=${SOURCE})
run(COMMAND ${CMAKE_COMMAND} --build ${WORK}/inside --target autohttps_tls)
file(REMOVE_RECURSE ${WORK})
