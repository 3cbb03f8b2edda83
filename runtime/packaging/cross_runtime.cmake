# The runtime's archives for other architectures than this machine's, where Debian's cross compiler is installed when rvb
# is built: lib/rvb/ARCHITECTURE, named and used as those of lib/rvb. Whoever installs rvbc needs that compiler to link
# programs, and nothing else. They are plain: there are no cross packages of the libraries for PNG, JPEG and gzip.

# This machine's headers come last (-idirafter): libraries that are headers alone, and declarations of libraries that are
# looked up when a program needs them. What the cross compiler has by itself is found before.
set(headers ${XXHASH_INCLUDE} ${HDF5_INCLUDE} ${LZ4_INCLUDE} ${ZSTD_INCLUDE} ${WEBP_INCLUDE} ${TIFF_INCLUDE})
foreach(library nlohmann_json::nlohmann_json fmt::fmt-header-only)
  get_target_property(folders ${library} INTERFACE_INCLUDE_DIRECTORIES)
  list(APPEND headers ${folders})
endforeach()
list(REMOVE_DUPLICATES headers)
list(TRANSFORM headers PREPEND "-idirafter;")
list(TRANSFORM runtime_definitions PREPEND -D OUTPUT_VARIABLE definitions)

# TOOLS: what the names of the architecture's tools begin with. Gives the objects of SOURCES in `result`.
function(rvb_cross_objects architecture tools result)
  set(objects "")
  foreach(source ${ARGN})
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${architecture}/${source}.o)
    get_filename_component(folder ${object} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    set(compiler ${tools}gcc)
    if(source MATCHES "cpp$")
      set(compiler ${tools}g++ -std=c++${CMAKE_CXX_STANDARD})
    endif()
    set(options -Wall -Wextra -Werror -DNDEBUG -fPIC -fopenmp ${runtime_options})
    if(source IN_LIST fast)
      list(APPEND options ${fast_options})
    endif()
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${compiler} ${options} ${definitions} -DFMT_HEADER_ONLY=1
              -I${CMAKE_CURRENT_SOURCE_DIR} ${headers} -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source}
      DEPFILE ${object}.d
      COMMENT "${architecture}: ${source}"
      VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(${result} ${objects} PARENT_SCOPE)
endfunction()

function(rvb_cross_runtime architecture tools)
  set(folder ${PROJECT_BINARY_DIR}/lib/rvb/${architecture})
  file(MAKE_DIRECTORY ${folder})
  rvb_cross_objects(${architecture} ${tools} common ${core} recipe/tables.cpp ${files} ${shared})
  rvb_cross_objects(${architecture} ${tools} of_runtime start/start.cpp ${training})
  rvb_cross_objects(${architecture} ${tools} of_deployed start/start_deployed.cpp)
  rvb_cross_objects(${architecture} ${tools} plain files/gzip_none.cpp images/image_none.cpp)
  rvb_cross_objects(${architecture} ${tools} of_capi core/capi.c)
  list(LENGTH core count)
  list(SUBLIST common 0 ${count} kernels) # what kernels call
  set(runtime ${of_runtime} ${common})
  set(deployed ${of_deployed} ${common})
  set(capi ${of_capi} ${kernels})
  set(archives "")
  foreach(archive runtime deployed plain capi)
    set(file ${folder}/librvb_${archive}.a)
    add_custom_command(
      OUTPUT ${file}
      COMMAND ${CMAKE_COMMAND} -E rm -f ${file}
      COMMAND ${tools}ar rcsD ${file} ${${archive}}
      DEPENDS ${${archive}}
      COMMENT "${architecture}: librvb_${archive}.a"
      VERBATIM)
    list(APPEND archives ${file})
  endforeach()
  add_custom_target(rvb_runtime_${architecture} ALL DEPENDS ${archives})
  add_dependencies(rvb_runtime_all rvb_runtime_${architecture})
  set(flags "-fopenmp -lm -lpthread")
  file(WRITE ${folder}/trainable.flags "-lrvb_runtime -lrvb_plain ${flags}\n")
  file(WRITE ${folder}/deployed.flags "-lrvb_deployed -lrvb_plain ${flags}\n")
  file(WRITE ${folder}/library.flags "-lrvb_capi ${flags}\n")
  install(FILES ${archives} ${folder}/trainable.flags ${folder}/deployed.flags ${folder}/library.flags
          DESTINATION lib/rvb/${architecture})
endfunction()

# ARCHITECTURE:TOOLS:PROCESSOR, as in compiler/targets/architectures.def and as CMake calls it.
foreach(row "aarch64:aarch64-linux-gnu-:aarch64" "x86-64:x86_64-linux-gnu-:x86_64")
  string(REPLACE ":" ";" row ${row})
  list(GET row 0 architecture)
  list(GET row 1 tools)
  list(GET row 2 processor)
  find_program(RVB_CROSS_CXX_${processor} ${tools}g++)
  if(RVB_CROSS AND RVB_CROSS_CXX_${processor} AND NOT processor STREQUAL CMAKE_SYSTEM_PROCESSOR)
    rvb_cross_runtime(${architecture} ${tools})
  endif()
endforeach()
