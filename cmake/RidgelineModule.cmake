# Compiles the sources of a target in batches of 16: headers cost two seconds in each batch (LibTorch's ten), most sources less than one. Names in the
# anonymous namespaces of a folder must therefore differ. After changing one source often, configure with -DRIDGELINE_UNITY=OFF.
function(ridgeline_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${RIDGELINE_UNITY} UNITY_BUILD_BATCH_SIZE 16)
endfunction()

# For code whose speed nobody notices (commands that print, tests): -O1 takes a quarter less time to compile than -O2.
function(ridgeline_quick_compile target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
endfunction()

# One static library per folder. A dependency that is not defined yet is an error: since folders are added
# lowest first, the top-level file is the architecture diagram, and configuring proves that there is no cycle.
function(ridgeline_module name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  set(target ridgeline_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(ridgeline::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/ridgeline>)
  target_link_libraries(${target} PRIVATE ridgeline_warnings)
  foreach(dependency IN LISTS ARG_DEPENDS)
    if(NOT TARGET ridgeline_${dependency})
      message(FATAL_ERROR "${name}/ depends on ${dependency}/, which is not defined yet: a folder may only use folders above it")
    endif()
    target_link_libraries(${target} PUBLIC ridgeline_${dependency})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_LIBRARIES})
  if(ARG_TORCH)
    target_link_libraries(${target} PUBLIC ridgeline::libtorch)
  endif()
  ridgeline_unity(${target})
  install(TARGETS ${target} EXPORT ridgelineTargets)
  install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION include/ridgeline/${name}
          FILES_MATCHING PATTERN "*.h")
endfunction()

# One Catch2 executable per folder of tests (TORCH: its sources include LibTorch), run as one ctest test: loading LibTorch once per test case would cost
# more than the tests.
function(ridgeline_test name)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES;DEPENDS" ${ARGN})
  set(target test_${name})
  add_executable(${target} ${ARG_SOURCES})
  if(ARG_TORCH)
    target_link_libraries(${target} PRIVATE ridgeline::libtorch)
    target_compile_definitions(${target} PRIVATE RIDGELINE_TORCH_TEST)
  endif()
  ridgeline_unity(${target})
  ridgeline_quick_compile(${target})
  target_link_libraries(${target} PRIVATE ridgeline_warnings ridgeline_test_main)
  foreach(dependency IN LISTS ARG_DEPENDS)
    target_link_libraries(${target} PRIVATE ridgeline_${dependency})
  endforeach()
  add_test(NAME ${name} COMMAND ${target})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT "OMP_NUM_THREADS=1;OMP_WAIT_POLICY=passive")
endfunction()
