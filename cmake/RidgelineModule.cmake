# Compiles the sources of a target in batches of 16: headers cost two seconds in each batch (LibTorch's ten), most sources less than one. Names in the
# anonymous namespaces of a folder must therefore differ. After changing one source often, configure with -DRIDGELINE_UNITY=OFF.
function(ridgeline_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${RIDGELINE_UNITY} UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# For code whose speed nobody notices (commands that print, tests): -O1 takes a quarter less time to compile than -O2.
function(ridgeline_quick_compile target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# Sets `out` to the target of a folder: network/published -> ridgeline_network_published.
function(ridgeline_target_of folder out)
  string(REPLACE "/" "_" name ${folder})
  set(${out} ridgeline_${name} PARENT_SCOPE)
endfunction()

# Links a target with the folders that it uses. A folder that is not defined yet is an error: since folders are added lowest first,
# the top-level file is the architecture diagram, and configuring proves that there is no cycle.
function(ridgeline_link_folders target scope)
  foreach(folder IN LISTS ARGN)
    ridgeline_target_of(${folder} dependency)
    if(NOT TARGET ${dependency})
      message(FATAL_ERROR "${target} depends on ${folder}/, which is not defined yet: a folder may only use folders above it in CMakeLists.txt")
    endif()
    target_link_libraries(${target} ${scope} ${dependency})
  endforeach()
endfunction()

# One library for the current folder: its own sources and headers, not those of nested folders. Without SOURCES it is headers only.
function(ridgeline_module)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  ridgeline_target_of(${folder} target)
  string(REPLACE "ridgeline_" "" name ${target})
  if(ARG_SOURCES)
    set(scope PUBLIC)
    add_library(${target} STATIC ${ARG_SOURCES})
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} PRIVATE ridgeline_warnings)
    ridgeline_unity(${target})
  else()
    set(scope INTERFACE)
    add_library(${target} INTERFACE)
  endif()
  add_library(ridgeline::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${scope} cxx_std_20)
  target_include_directories(${target} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/ridgeline>)
  ridgeline_link_folders(${target} ${scope} ${ARG_DEPENDS})
  target_link_libraries(${target} ${scope} ${ARG_LIBRARIES})
  if(ARG_TORCH)
    target_link_libraries(${target} ${scope} ridgeline::libtorch)
  endif()
  install(TARGETS ${target} EXPORT ridgelineTargets)
  file(GLOB headers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
  install(FILES ${headers} DESTINATION include/ridgeline/${folder})
endfunction()

# One CTest test: some cases of a test executable.
function(ridgeline_add_test name target label timeout)
  add_test(NAME ${name} COMMAND ${target} ${ARGN})
  set_tests_properties(${name} PROPERTIES
    LABELS "${label}" TIMEOUT ${timeout} SKIP_RETURN_CODE 4
    ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=passive;RIDGELINE_TEST_RESULT=${RIDGELINE_TEST_RESULTS}/${name}.txt")
endfunction()

# One Catch2 executable per folder of tests (TORCH: its sources include LibTorch), run as one CTest test: loading LibTorch once per test case would cost
# more than the tests. LABELS: what the cases need (default: fast). TAGGED: cases with these Catch2 tags become CTest tests of their own, labelled so.
# PER_SOURCE: each source is a CTest test of its own, so that they run side by side. TIMEOUT: seconds, on a machine that also does other work.
function(ridgeline_test name)
  cmake_parse_arguments(ARG "TORCH;PER_SOURCE" "TIMEOUT" "SOURCES;DEPENDS;LABELS;TAGGED" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS fast)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(target test_${name})
  add_executable(${target} ${ARG_SOURCES})
  if(ARG_TORCH)
    target_link_libraries(${target} PRIVATE ridgeline::libtorch)
    target_compile_definitions(${target} PRIVATE RIDGELINE_TORCH_TEST)
  endif()
  ridgeline_unity(${target})
  ridgeline_quick_compile(${target})
  target_link_libraries(${target} PRIVATE ridgeline_warnings ridgeline_test_main)
  ridgeline_link_folders(${target} PRIVATE ${ARG_DEPENDS})
  foreach(label IN LISTS ARG_LABELS)
    if(TARGET ${label}_tests)
      add_dependencies(${label}_tests ${target})
    endif()
  endforeach()

  # Hidden cases (Catch2 tag [.]) run by name only.
  set(rest "~[.]")
  foreach(tag IN LISTS ARG_TAGGED)
    ridgeline_add_test(${name}_${tag} ${target} ${tag} ${ARG_TIMEOUT} "[${tag}]")
    string(APPEND rest "~[${tag}]")
  endforeach()
  if(NOT ARG_PER_SOURCE)
    ridgeline_add_test(${name} ${target} "${ARG_LABELS}" ${ARG_TIMEOUT} ${rest})
    return()
  endif()
  foreach(source IN LISTS ARG_SOURCES)
    get_filename_component(stem ${source} NAME_WE)
    if(stem MATCHES "test")
      string(REGEX REPLACE "^test_|_test$" "" part ${stem})
      ridgeline_add_test(${name}_${part} ${target} "${ARG_LABELS}" ${ARG_TIMEOUT} --filenames-as-tags "[#${stem}]${rest}")
    endif()
  endforeach()
endfunction()
