# `cmake --install` puts the program, the libraries, the headers and configs/ in place; find_package(ridgeline) works.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS ridgeline_warnings EXPORT ridgelineTargets)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/configs/ DESTINATION share/ridgeline/configs)
install(EXPORT ridgelineTargets NAMESPACE ridgeline:: DESTINATION lib/cmake/ridgeline)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/ridgelineConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/ridgelineConfig.cmake
                              INSTALL_DESTINATION lib/cmake/ridgeline)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ridgelineConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ridgelineConfig.cmake
              ${PROJECT_BINARY_DIR}/ridgelineConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/LibTorch.cmake
              ${PROJECT_SOURCE_DIR}/cmake/LibTorchCuda.cmake
        DESTINATION lib/cmake/ridgeline)
