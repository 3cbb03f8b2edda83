# Tests of a GoogleTest program one by one in ctest, so that they run in parallel and a failure has a name. All parameters of
# a test are one of ctest's: what a process has to make first (Halide's runtime for compiled kernels takes half a second)
# is made once for them.
#
#   rvb_discover_tests(TARGET PREFIX [LABELS…])
#
# The list is made when the program is built.
function(rvb_discover_tests target prefix)
  set(file ${CMAKE_CURRENT_BINARY_DIR}/${target}_tests.cmake)
  if(NOT EXISTS ${file})
    file(WRITE ${file} "add_test(${prefix}.not_built ${target}_is_not_built)\n")
  endif()
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:${target}> -DPREFIX=${prefix} "-DLABELS=${ARGN}" -DFILE=${file}
            -P ${PROJECT_SOURCE_DIR}/tests/list_tests.cmake
    VERBATIM)
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${file})
endfunction()
