#include "network/network.h"

#include "tests/catch.h"
#include "tests/support.h"

using namespace ridgeline;
using test::error_of;

namespace {

/// What the builder says of one operator on one input.
std::string refusal(const Operator& op, const Shape& input) {
  return error_of([&] {
    NetworkBuilder builder("n", input);
    builder.add("s1.node", op, {0});
  });
}

/// What it says of an operator on the input, 6 x 5 x 4, and on a 6 x 3 x 4 made from it.
std::string refusal_of_two(const Operator& op, const std::vector<int>& inputs) {
  return error_of([&] {
    NetworkBuilder builder("n", {6, 5, 4});
    builder.add("cut", Pool{Pool::Kind::kMax, 3, 1, Padding::of(0, 1)}, {0});
    builder.add("s1.node", op, inputs);
  });
}

std::string says(const std::string& what) { return "network node s1.node (" + what; }

}  // namespace

TEST_CASE("a convolution that does not fit is refused by name, with the shape it got") {
  CHECK(refusal(Conv2d{.out_channels = 8, .groups = 4}, {6, 5, 5}) ==
        says("conv g4 1x1 on 6x5x5): input and output channels must be multiples of groups = 4"));
  CHECK(refusal(Conv2d{.out_channels = 9, .groups = 6}, {6, 5, 5}) ==
        says("conv g6 1x1 on 6x5x5): input and output channels must be multiples of groups = 6"));
  CHECK(refusal(Conv2d{.out_channels = 8, .groups = 0}, {6, 5, 5}) ==
        says("conv g0 1x1 on 6x5x5): input and output channels must be multiples of groups = 0"));
  CHECK(refusal(Conv2d{.out_channels = 0}, {6, 5, 5}) ==
        says("conv 1x1 on 6x5x5): needs at least one output channel"));
  CHECK(refusal(Conv2d{.out_channels = 8, .stride = 0}, {6, 5, 5}) ==
        says("conv 1x1/0 on 6x5x5): kernel and stride must be at least 1"));
  CHECK(refusal(Conv2d{.out_channels = 8, .kernel_w = 0}, {6, 5, 5}) ==
        says("conv 1x0 on 6x5x5): kernel and stride must be at least 1"));
  CHECK(refusal(Conv2d{.out_channels = 8, .padding = Padding::of(0, -1)}, {6, 5, 5}) ==
        says("conv 1x1 on 6x5x5): padding must not be negative"));
  CHECK(
      refusal(Conv2d{.out_channels = 8, .kernel_h = 1, .kernel_w = 7, .padding = Padding::valid()},
              {6, 5, 5}) ==
      says("conv 1x7 on 6x5x5): the input is smaller than the kernel; use a larger resolution or "
           "fewer strides"));
  CHECK(refusal(Conv2d{.out_channels = 24,
                       .kernel_h = 3,
                       .kernel_w = 3,
                       .stride = 2,
                       .init = WeightInit::kSpaceToDepth},
                {6, 6, 6}) ==
        says("conv 3x3/2 on 6x6x6): space-to-depth needs kernel = stride = n and channels x n^2"));
}

TEST_CASE("pools, linear layers and normalisation check their input and settings") {
  CHECK(refusal(Pool{Pool::Kind::kMax, 7, 2, Padding::valid()}, {6, 5, 5}) ==
        says("max pool 7x7/2 on 6x5x5): the input is smaller than the kernel; use a larger "
             "resolution or fewer strides"));
  CHECK(refusal(Pool{Pool::Kind::kAverage, 3, 1, Padding::of(2, 0)}, {6, 5, 5}) ==
        says("average pool 3x3 on 6x5x5): padding must be at most half the kernel"));
  CHECK(refusal(Linear{10}, {6, 5, 1}) ==
        says("linear on 6x5x1): needs a C x 1 x 1 input; pool first"));
  CHECK(refusal(Linear{0}, {6, 1, 1}) == says("linear on 6x1x1): needs at least one output"));
  CHECK(refusal(BatchNorm{0.0, 0.1}, {6, 5, 5}) ==
        says("batch norm on 6x5x5): epsilon must be positive and momentum from 0 to 1"));
  CHECK(refusal(BatchNorm{1e-3, 1.5}, {6, 5, 5}) ==
        says("batch norm on 6x5x5): epsilon must be positive and momentum from 0 to 1"));
  CHECK(refusal(Dropout{1.0}, {6, 5, 5}) ==
        says("dropout on 6x5x5): the rate must be at least 0 and below 1"));
  CHECK(refusal(DropConnect{-0.1}, {6, 5, 5}) ==
        says("drop connect on 6x5x5): the rate must be at least 0 and below 1"));
}

TEST_CASE("slices, splits and space-to-batch must divide what they get") {
  CHECK(refusal(Slice{4, 3}, {6, 5, 5}) ==
        says("slice on 6x5x5): channels 4 to 7 are not all there"));
  CHECK(refusal(Slice{-1, 3}, {6, 5, 5}) ==
        says("slice on 6x5x5): channels -1 to 2 are not all there"));
  CHECK(refusal(Slice{0, 0}, {6, 5, 5}) ==
        says("slice on 6x5x5): channels 0 to 0 are not all there"));
  CHECK(refusal(SplitSoftmax{4}, {6, 5, 5}) ==
        says("softmax over 4 on 6x5x5): channels must be a multiple of the number of splits"));
  CHECK(refusal(SpaceToBatch{1}, {6, 5, 5}) ==
        says("space to batch 1 on 6x5x5): the block must be at least 2"));
  CHECK(refusal(BatchToSpace{2, 5, 5}, {6, 5, 5}) ==
        says("batch to space 2 on 6x5x5): its input comes from no space-to-batch of this block"));
  CHECK(error_of([] {
          NetworkBuilder builder("n", {6, 5, 5});
          const int many = builder.add("many", SpaceToBatch{2}, {0});
          builder.add("s1.node", BatchToSpace{2, 7, 5}, {many});
        }) == says("batch to space 2 on 4*6x3x3): cannot crop to more than there is"));
  CHECK(error_of([] {
          NetworkBuilder builder("n", {6, 1, 1});
          const int many = builder.add("many", SpaceToBatch{2}, {0});
          builder.add("s1.node", Linear{10}, {many});
        }) == says("linear on 4*6x1x1): needs a C x 1 x 1 input; pool first"));
}

TEST_CASE("operators on several inputs name all shapes that do not go together") {
  CHECK(refusal_of_two(Add{}, {0, 1}) ==
        says("add on 6x5x4, 6x3x4): all inputs must have one shape"));
  CHECK(refusal_of_two(Add{}, {0}) == says("add on 6x5x4): takes at least two inputs"));
  CHECK(refusal_of_two(Multiply{}, {0, 1}) ==
        says("multiply on 6x5x4, 6x3x4): the second input must have the shape of the first, or its "
             "channels x 1 x 1"));
  CHECK(refusal_of_two(Multiply{}, {0, 0, 0}) ==
        says("multiply on 6x5x4, 6x5x4, 6x5x4): takes two inputs"));
  CHECK(refusal_of_two(Concat{}, {0, 1}) ==
        says("concat on 6x5x4, 6x3x4): all inputs must have one height and width"));
  CHECK(refusal_of_two(Concat{}, {1}) == says("concat on 6x3x4): takes at least two inputs"));
  CHECK(refusal_of_two(Conv2d{.out_channels = 1}, {0, 1}) ==
        says("conv 1x1 on 6x5x4, 6x3x4): takes exactly one input"));
  CHECK(refusal_of_two(Activation{}, {}) == says("relu on nothing): takes exactly one input"));
  CHECK(refusal_of_two(Input{}, {0}) == says("input on 6x5x4): only the first node is an input"));
}

TEST_CASE("inputs that do not exist and names that are taken are refused") {
  NetworkBuilder builder("n", {6, 5, 5});
  CHECK(error_of([&] { builder.add("late", Activation{}, {1}); }) ==
        "network node late: input 1 does not exist yet");
  CHECK(error_of([&] { builder.add("late", Activation{}, {-1}); }) ==
        "network node late: input -1 does not exist yet");
  builder.add("a", Activation{}, {0});
  builder.add("a", Activation{}, {1});
  CHECK(error_of([&] { std::move(builder).build(); }) == "network node a: the name is taken");
}

TEST_CASE("the name of the input is taken too") {
  NetworkBuilder builder("n", {6, 5, 5});
  builder.add("input", Activation{}, {0});
  CHECK(error_of([&] { std::move(builder).build(); }) == "network node input: the name is taken");
}

TEST_CASE("an output that nobody reads is refused, unless it is the last") {
  NetworkBuilder builder("n", {6, 5, 5});
  builder.add("lost", Activation{}, {0});
  builder.add("kept", Activation{}, {0});
  CHECK(error_of([&] { std::move(builder).build(); }) ==
        "network node lost: nobody reads its output");
}

TEST_CASE("a network without end is refused") {
  NetworkBuilder builder("deep", {6, 5, 5});
  CHECK(error_of([&] {
          for (int node = 0;;) node = builder.add("a", Activation{}, {node});
        }) == "network deep: has more than 100000 operators; give it fewer stages or layers");
}

TEST_CASE("the input shape must be one image with cells") {
  CHECK(error_of([] {
          NetworkBuilder("n", {3, 0, 5});
        }) == "network n: the input shape 3x0x5 must be positive");
  CHECK(error_of([] {
          NetworkBuilder("n", {3, 5, 5, 4});
        }) == "network n: the input shape 4*3x5x5 must be positive");
}
