# Configures a tiny project against made-up LibTorch folders. Run by ctest with MODULES and WORK.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE "${WORK}")

# A folder that looks like a LibTorch; ABI: the name of a symbol in libc10.so. More arguments are headers of CUDA, beside it as pip lays them.
function(make_torch root major minor abi)
  file(WRITE "${root}/include/ATen/ATen.h" "")
  file(WRITE "${root}/include/torch/headeronly/version.h"
       "#define TORCH_VERSION_MAJOR ${major}\n#define TORCH_VERSION_MINOR ${minor}\n#define TORCH_VERSION_PATCH 0\n")
  file(WRITE "${root}/share/cmake/Torch/TorchConfig.cmake" "message(FATAL_ERROR \"TorchConfig.cmake was used\")\n")
  file(WRITE "${root}/lib/libc10.so" "${abi}\n")
  file(WRITE "${root}/lib/libtorch.so" "")
  file(WRITE "${root}/lib/libtorch_cpu.so" "")
endfunction()
set(new_abi "_ZN3c105ErrorC1ENSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")

file(WRITE "${WORK}/project/CMakeLists.txt" "cmake_minimum_required(VERSION 3.25)
project(choice LANGUAGES NONE)
set(CMAKE_FIND_LIBRARY_PREFIXES lib)
set(CMAKE_FIND_LIBRARY_SUFFIXES .so)
set(CMAKE_SYSTEM_PREFIX_PATH \"${WORK}/usr\")
include(\"${MODULES}/LibTorch.cmake\")
ridgeline_choose_torch()
ridgeline_make_libtorch(\"\${RIDGELINE_TORCH_CHOSEN}\" \"\${RIDGELINE_TORCH_ORIGIN}\")
")

# Configures `build` with an environment and arguments; the output goes to `text`.
function(configure build environment)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env --unset=RIDGELINE_TORCH --unset=VIRTUAL_ENV --unset=CMAKE_PREFIX_PATH
                          --unset=CUDAToolkit_ROOT --unset=CUDA_HOME --unset=CUDA_PATH ${environment} ${CMAKE_COMMAND} -S "${WORK}/project" -B "${WORK}/${build}" ${ARGN}
                  OUTPUT_VARIABLE out ERROR_VARIABLE out RESULT_VARIABLE code)
  string(REGEX REPLACE "[ \n]+" " " out "${out}")
  set(text "${out}" PARENT_SCOPE)
  set(code "${code}" PARENT_SCOPE)
endfunction()

macro(expect what)
  string(FIND "${text}" "${what}" found)
  if(found EQUAL -1)
    message(SEND_ERROR "expected '${what}' in: ${text}")
  endif()
endmacro()

macro(expect_success)
  if(NOT code EQUAL 0)
    message(SEND_ERROR "does not configure: ${text}")
  endif()
endmacro()

macro(expect_refusal what)
  if(code EQUAL 0)
    message(SEND_ERROR "configures, and must not: ${text}")
  endif()
  expect("${what}")
endmacro()

configure(none "")
expect_refusal("found none; remedy: `pip install torch`")

make_torch("${WORK}/usr" 1 13 "${new_abi}")
configure(system "")
expect_success()
expect("LibTorch 1.13.0 (CPU only, cxx11 ABI), the system's: ${WORK}/usr")

set(python lib/python3.12/site-packages/torch)
make_torch("${WORK}/venv/${python}" 2 15 "${new_abi}")
configure(environment "VIRTUAL_ENV=${WORK}/venv")
expect_success()
expect("LibTorch 2.15.0 (CPU only, cxx11 ABI), the virtual environment's: ${WORK}/venv/${python}")
# Kept when CMake runs again in a shell without the environment.
configure(environment "")
expect("the virtual environment's: ${WORK}/venv/${python}")

# A build folder does not change its LibTorch because an environment is active, but says so.
configure(system "VIRTUAL_ENV=${WORK}/venv")
expect("${WORK}/venv/${python} is not used, since this build folder was configured with another; remedy: -DRIDGELINE_TORCH=")
expect("the system's: ${WORK}/usr")

make_torch("${WORK}/old/${python}" 2 3 "${new_abi}")
configure(old "VIRTUAL_ENV=${WORK}/old")
expect_success()
expect("${WORK}/old is skipped: its torch is 2.3.0, and must be 2.4 or newer")
expect("the system's: ${WORK}/usr")
file(MAKE_DIRECTORY "${WORK}/bare")
configure(bare "VIRTUAL_ENV=${WORK}/bare")
expect("${WORK}/bare is skipped: it has no torch")
expect("the system's")

# What is named comes before all else: as an archive, an environment, a folder of packages, of CMake files, or a prefix.
make_torch("${WORK}/libtorch" 2 6 "${new_abi}")
foreach(argument -DRIDGELINE_TORCH=${WORK}/libtorch -DTorch_DIR=${WORK}/libtorch/share/cmake/Torch -DCMAKE_PREFIX_PATH=${WORK}/libtorch
                 -DCMAKE_PREFIX_PATH=${WORK}/nothing\\\;${WORK}/libtorch/share/cmake)
  file(REMOVE_RECURSE "${WORK}/named")
  configure(named "VIRTUAL_ENV=${WORK}/venv" "${argument}")
  expect_success()
  expect("LibTorch 2.6.0 (CPU only, cxx11 ABI), as told: ${WORK}/libtorch")
endforeach()
configure(variable "RIDGELINE_TORCH=${WORK}/old")
expect("LibTorch 2.3.0 (CPU only, cxx11 ABI), as told: ${WORK}/old/${python}")
configure(absent "" "-DRIDGELINE_TORCH=${WORK}/bare")
expect_refusal("RIDGELINE_TORCH is ${WORK}/bare, which holds none; valid:")

make_torch("${WORK}/ancient" 1 12 "${new_abi}")
configure(ancient "" "-DRIDGELINE_TORCH=${WORK}/ancient")
expect_refusal("is 1.12.0; remedy:")
make_torch("${WORK}/abi" 2 5 "_ZN3c105ErrorC1ESs")
configure(abi "" "-DRIDGELINE_TORCH=${WORK}/abi")
expect_refusal("the C++ ABI from before C++11")

# A CUDA build needs the headers of its own CUDA, from the packages beside it or from a toolkit.
set(packages "${WORK}/gpu/lib/python3.12/site-packages")
make_torch("${packages}/torch" 2 15 "${new_abi}")
file(WRITE "${packages}/torch/lib/libtorch_cuda.so" "")
file(WRITE "${packages}/torch/lib/libc10_cuda.so" "libcudart.so.13\n")
file(WRITE "${packages}/torch/version.py" "cuda: Optional[str] = '13.2'\n")
set(toolkit "-DCUDAToolkit_ROOT=${WORK}/toolkit")
file(WRITE "${WORK}/toolkit/include/cuda_runtime_api.h" "#define CUDART_VERSION  12040\n")
configure(foreign "VIRTUAL_ENV=${WORK}/gpu" "${toolkit}")
expect_refusal("is a CUDA 13.2 build, and no headers of CUDA 13 are here; remedy: `pip install nvidia-cuda-runtime==13.*`")
file(WRITE "${packages}/nvidia/cu13/include/cuda_runtime_api.h" "#define CUDART_VERSION  13020\n")
file(WRITE "${packages}/nvidia/cu13/lib/libcudart.so.13" "")
configure(gpu "VIRTUAL_ENV=${WORK}/gpu" "${toolkit}")
expect_success()
expect("LibTorch 2.15.0 (CUDA 13.2, cxx11 ABI)")

# A back end of c10d is used where LibTorch has it and the headers that it needs are there.
file(WRITE "${packages}/torch/lib/libtorch_cpu.so" "N4c10d16ProcessGroupGloo")
file(WRITE "${packages}/torch/lib/libtorch_cuda.so" "N4c10d16ProcessGroupNCCL")
file(WRITE "${packages}/torch/include/gloo/algorithm.h" "")
file(WRITE "${packages}/nvidia/nccl/include/nccl.h" "")
configure(gloo "VIRTUAL_ENV=${WORK}/gpu")
expect_success()
expect("CUDA's crt/host_config.h is not here; remedy: `pip install 'nvidia-cuda-crt==13.2.*'`")
expect("LibTorch 2.15.0 (CUDA 13.2, cxx11 ABI, Gloo)")
foreach(header crt/host_config.h cublas_v2.h cusparse.h)
  file(WRITE "${packages}/nvidia/cu13/include/${header}" "")
endforeach()
configure(nccl "VIRTUAL_ENV=${WORK}/gpu")
expect_success()
expect("LibTorch 2.15.0 (CUDA 13.2, cxx11 ABI, Gloo, NCCL)")

file(REMOVE_RECURSE "${WORK}/venv")
configure(environment "")
expect_refusal("which this build folder uses, is gone; remedy:")
