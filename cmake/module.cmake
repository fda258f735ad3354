# dc_module(name SOURCES ... [PUBLIC target...] [PRIVATE target...])
# One production module: folder = CMake target = C++ namespace. PUBLIC names what its headers use.
include(GNUInstallDirs)

add_library(dc_options INTERFACE)
target_include_directories(dc_options INTERFACE ${PROJECT_SOURCE_DIR}/daemon)
target_compile_options(dc_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -fstack-protector-strong -fcf-protection)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these two falsely when optimising: coroutine frames of Asio, std::string operator+.
  target_compile_options(dc_options INTERFACE -Wno-mismatched-new-delete -Wno-restrict)
endif()
if(DC_WERROR)
  target_compile_options(dc_options INTERFACE -Werror)
endif()
if(DC_SANITIZE)
  target_compile_options(dc_options INTERFACE -fsanitize=${DC_SANITIZE} -fno-omit-frame-pointer
                                              -fno-sanitize-recover=all)
  target_link_options(dc_options INTERFACE -fsanitize=${DC_SANITIZE})
endif()
if(DC_FUZZ)
  # Coverage feedback in every module; the fuzz programs alone link libFuzzer's main.
  # clang 14 cannot place the marks of -fsanitize=function before coroutines.
  target_compile_options(dc_options INTERFACE -fsanitize=fuzzer-no-link -fno-sanitize=function)
  target_link_options(dc_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(dc_options INTERFACE _FORTIFY_SOURCE=2)
  target_link_options(dc_options INTERFACE -Wl,-z,relro,-z,now)
else()
  target_compile_definitions(dc_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()

function(dc_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(DC_SEEDED_FAULTS)
    # To the sources that hold one and to no other, so that the rest comes from the compiler cache.
    foreach(source ${ARG_SOURCES})
      file(STRINGS ${source} faults REGEX "base/seeded_fault[.]h")
      if(faults)
        set_source_files_properties(${source} PROPERTIES COMPILE_DEFINITIONS DC_SEEDED_FAULTS)
      endif()
    endforeach()
  endif()
  add_library(dc_${name} STATIC ${ARG_SOURCES})
  add_library(dc::${name} ALIAS dc_${name})
  target_link_libraries(dc_${name} PUBLIC dc_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()
