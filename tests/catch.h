#pragma once

// The one way tests include Catch2, version 2 or 3. LibTorch has a macro CHECK too, which would
// abort the whole test binary instead of failing one test: its header comes first, wherever a test
// includes this one.
#ifdef RIDGELINE_TORCH_TEST
#include <c10/util/Logging.h>
#endif
#undef CHECK
#undef CHECK_THROWS
#undef REQUIRE
#if __has_include(<catch2/catch_test_macros.hpp>)  // version 3
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <catch2/matchers/catch_matchers_vector.hpp>

// The names that version 2 gives them.
namespace Catch {
namespace Matchers {
inline StringContainsMatcher Contains(const std::string& text) { return ContainsSubstring(text); }
}  // namespace Matchers
using Matchers::Contains;
using Matchers::EndsWith;
using Matchers::Equals;
using Matchers::Matches;
using Matchers::StartsWith;
using Matchers::UnorderedEquals;
}  // namespace Catch
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
