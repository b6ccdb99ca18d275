#pragma once

// Before a function: compile it for AVX-512 (x86-64-v4), AVX2 (x86-64-v3) and any x86-64, and let
// the program choose once, when it is loaded. Elsewhere it is compiled for the target as it is.
// Helpers that such a function calls must be inlined into it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define RIDGELINE_INSTRUCTION_SETS \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RIDGELINE_INSTRUCTION_SETS
#endif
#define RIDGELINE_INLINE inline __attribute__((always_inline))
