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
