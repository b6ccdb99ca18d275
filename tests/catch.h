#pragma once

// The one way tests include Catch2. LibTorch brings glog's CHECK, which would abort the whole test
// binary instead of failing one test: include torch headers first, then this file.
#undef CHECK
#undef CHECK_THROWS
#undef REQUIRE
#include <catch2/catch.hpp>
