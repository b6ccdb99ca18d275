# Flags for our own code only; imported targets bring theirs along.
add_library(ridgeline_warnings INTERFACE)
target_compile_options(ridgeline_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wno-sign-conversion
                       -Wno-restrict  # GCC 12 (bug 105651) finds it in "text" + std::to_string(n)
                       -Wno-subobject-linkage  # false in a unity build, where all sources are included
                       $<$<BOOL:${RIDGELINE_WERROR}>:-Werror>)
if(RIDGELINE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()

# Debian's libonnx, optional: RIDGELINE_ONNX_LIBRARIES is empty where it is not installed.
find_path(RIDGELINE_ONNX_INCLUDE onnx/onnx_pb.h)
find_library(RIDGELINE_ONNX_LIBRARY onnx)
find_library(RIDGELINE_ONNX_PROTO_LIBRARY onnx_proto)
find_library(RIDGELINE_PROTOBUF_LIBRARY protobuf)
set(RIDGELINE_ONNX_LIBRARIES "")
if(RIDGELINE_ONNX_INCLUDE AND RIDGELINE_ONNX_LIBRARY AND RIDGELINE_ONNX_PROTO_LIBRARY AND RIDGELINE_PROTOBUF_LIBRARY)
  set(RIDGELINE_ONNX_LIBRARIES ${RIDGELINE_ONNX_LIBRARY} ${RIDGELINE_ONNX_PROTO_LIBRARY} ${RIDGELINE_PROTOBUF_LIBRARY})
else()
  message(STATUS "ONNX: libonnx is not installed, so that format will be missing (apt-get install libonnx-dev)")
endif()
