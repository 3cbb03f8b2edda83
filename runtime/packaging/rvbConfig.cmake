# find_package(rvb): networks as libraries of a CMake project.
#
#   find_package(rvb REQUIRED)
#   rvb_add_network(shoes MODEL fashion.rvb WEIGHTS fashion.safetensors [OPTIONS --spikes i16 --calibrate DIR])
#   target_link_libraries(app PRIVATE shoes)          #include "shoes.h"
#
# rvb::rvb is what every program needs that uses rvb.h: its folder, OpenMP and libm.
include(CMakeFindDependencyMacro)
find_dependency(OpenMP)
get_filename_component(_rvb_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
find_program(RVBC rvbc HINTS "${_rvb_prefix}/bin" REQUIRED)

if(NOT TARGET rvb::rvb)
  add_library(rvb::rvb INTERFACE IMPORTED)
  target_include_directories(rvb::rvb INTERFACE "${_rvb_prefix}/include/rvb")
  get_property(_rvb_languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("C" IN_LIST _rvb_languages)
    target_link_libraries(rvb::rvb INTERFACE OpenMP::OpenMP_C m)
  else()
    target_link_libraries(rvb::rvb INTERFACE OpenMP::OpenMP_CXX m)
  endif()
endif()

function(rvb_add_network name)
  cmake_parse_arguments(NETWORK "" "MODEL;WEIGHTS" "OPTIONS" ${ARGN})
  if(NOT NETWORK_MODEL OR NOT NETWORK_WEIGHTS)
    message(FATAL_ERROR "rvb_add_network(${name} MODEL file.rvb WEIGHTS file.safetensors [OPTIONS ...])")
  endif()
  get_filename_component(model "${NETWORK_MODEL}" ABSOLUTE)
  get_filename_component(weights "${NETWORK_WEIGHTS}" ABSOLUTE)
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/${name}.rvb")
  file(MAKE_DIRECTORY "${folder}")
  add_custom_command(
    OUTPUT "${folder}/${name}.a" "${folder}/${name}.h"
    COMMAND ${RVBC} deploy "${model}" --weights "${weights}" --emit=lib,header -q -o "${folder}/${name}" ${NETWORK_OPTIONS}
    DEPENDS "${model}" "${weights}"
    VERBATIM)
  add_custom_target(${name}_network DEPENDS "${folder}/${name}.a" "${folder}/${name}.h")
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION "${folder}/${name}.a")
  target_include_directories(${name} INTERFACE "${folder}")
  target_link_libraries(${name} INTERFACE rvb::rvb)
  add_dependencies(${name} ${name}_network)
endfunction()
