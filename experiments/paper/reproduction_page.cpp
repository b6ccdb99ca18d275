#include "experiments/paper/reproduction.h"

namespace ridgeline::paper {
namespace {

const char* const kBeginning =
    R"(# The paper on one machine

<!-- Made by paper_reproduction. Edit experiments/paper/, not this file. -->

This page is made by one program. It needs Accel-NASBench's table (DATA/accelnb) and no GPU, and takes
a few minutes:

```
cmake --preset release && cmake --build --preset release --target paper_reproduction
build/release/experiments/paper/paper_reproduction --data DATA > docs/reproduction.md
```

The paper is Li et al., "Searching for Fast Model Families on Datacenter Accelerators", CVPR 2021. Latencies
are those of the analytic oracle with `configs/hardware/v100.yaml` and `tpu_v3.yaml` at batch 128. The constants
of these files were fitted to the latencies of the paper's own Tables 3 and 4, so those tables test the oracle's
form, not its predictions; [latency.md](latency.md) has the held-out errors.

)";

const char* const kAccount =
    R"(## What this shows, and what it cannot

Accuracy is not measured here. It is put together from published trainings: Accel-NASBench for kernel, expansion,
layers and squeeze-and-excite, Table 4 for space-to-depth, fusing and activation, EfficientNet's single-dimension
trainings for scaling. That these add up is an assumption. The held-out errors are printed below.

Reproduced:

* **Table 3's counts.** Parameters and multiply-adds of EfficientNet-X equal those of the official code; they are the
  counts of single-objective scaling. **Table 6** follows from one rule: 16, 16 and 14 of 16 numbers, all with a
  fitted phi.
* **Activations.** Of all 131,072 choices of operator, activation and space-to-depth, the best on V100 has ReLU
  everywhere. The best on TPUv3 has swish in exactly the fused stages (and the head) and ReLU with depthwise
  convolutions. Both controllers find these networks.
* **Fused MBConv early.** Stage 4 is fused on both devices and stage 5 on V100; stages 7 and 8 on neither, however
  Table 4's steps are divided among the stages.
* **Activations of EfficientNet-B0.** Without the paper's operators, nothing is better than B0 with ReLU on V100. On
  TPUv3 swish in the head, which costs nothing there, is better by 0.03 %.

Consistent, but no evidence:

* **Latencies of Tables 3 and 4, Figure 3.** The oracle was calibrated on them, and column I has two factors fitted
  to it. Figure 4 was not used.
* **Coefficients at phi = 1.** Ours are close to the paper's, and at the same latency the paper's are within 0.02
  points of ours. The plateau is wide, and the position rests on the published trainings that scale one dimension at
  a time: from EfficientNet-B0 to B7 alone, noise of 0.15 points moves the best almost anywhere. The same fit under
  a budget of multiply-adds already wants more depth than was published, so "depth grows faster" comes from the
  trainings. What latency adds is more width and less resolution.

Not reproduced:

* **Space-to-depth** is not chosen. A fused convolution of stride 2 in stage 4 saves what it saves, and its 0.2 points
  are worth 3 % of latency at w = -0.09.
* **The paper's exact X-B0** is not the best of the 131,072 networks. Ours also fuses stage 6 (and 9 on V100), and
  does not fuse stage 5 on TPUv3. The differences are within the error of the oracle, so no test asserts them.
* **Footnote 4**, that a search of EfficientNet's own space ends at B0 with ReLU, holds for the activations alone.
  Where kernel, expansion, layers and squeeze-and-excite are free, the search finds networks of almost B0's accuracy
  and about half its latency: little expansion in early stages, squeeze-and-excite in late ones only.
  Accel-NASBench's measurements on A100 and RTX 3090 agree with the oracle on that. Its accuracies are of 16 epochs;
  whether they hold after 350 is not known.
* **In the wide space** the findings above weaken. A stage of one layer and expansion 1 may keep swish, because it costs
  next to nothing there. Stages 7 and 8 may be fused with a 3x3 kernel, on V100 above all; Table 4's credit for fusing
  is then extrapolated far from what was measured.
* **Table 5's agreement between levels.** At X-B7's latency our optimum has less depth and more resolution. At phi = 1
  rounding leaves a dozen different networks at the target latency, so LACS on rounded networks is off there.
* **Direct search at X-B1's latency** does not find the network of LACS, but networks of about its accuracy. With
  accuracy alone as the reward it spends spare latency on swish and fusing.

Ruled out by the paper's own numbers: Table 2 does not generate Table 6 for any phi; the contradictions of Table 3 are
listed below it.

One choice was made after seeing the result of the alternative: swish's worth is divided by layers, not by stages.
Divided by stages, the best on V100 has swish in stage 9 and the head, and the best on TPUv3 ReLU in the fused stage 4
(by 0.003 % of reward). The tables called "other ways to divide Table 4's steps" show that.

`paper_real_training --images DATA/images` asks two of these questions with real trainings of small networks on this
machine's CPU: REINFORCE against random search, and LACS against accuracy_only scaling at equal latency, three seeds
each. With its defaults it trains for some 4,200 epochs, which nobody has run yet. With `--trials 16
--seeds 3 --epochs 2 --final-epochs 8 --candidates 3` it took 17 minutes on a busy machine ([output](../benchmarks/results/real_training.txt);
latencies are calculated for a Xeon). With `--trials 24 --seeds 3 --epochs 2 --final-epochs 8 --candidates 3 --measured 1`,
for each data set, all latencies were measured on this machine ([output](../benchmarks/results/real_training_measured.txt)):

| data | latency | search, mean test reward of 3 seeds | LACS, mean test accuracy at equal latency |
|---|---|---|---|
| signdigits32 | calculated | REINFORCE 0.994, random search 1.050 | LACS 99.04 %, accuracy_only 98.88 % |
| | measured | REINFORCE 1.051, random search 1.026 | LACS 98.80 %, accuracy_only 98.88 % |
| fractal | calculated | REINFORCE 0.970, random search 0.984 | LACS 96.27 %, accuracy_only 91.07 % |
| | measured | REINFORCE 0.939, random search 0.986 | LACS 96.40 %, accuracy_only 92.13 % |

So 16 or 24 trials are too few to tell REINFORCE from random search: seeds differ by more than the two do. LACS put most of
the budget into resolution (1.4 to 1.5) where that helps, on the fractal images, and is 4 to 5 points better there. On
signdigits32, where every network is near 99 %, the two are equal within a seed's noise (0.3 points). Other programs ran
beside the measured runs, most during the fractal one: its latencies are within about 6 % of equal, and some are noisy.
)";

}  // namespace

std::string reproduction_page(const std::filesystem::path& data, const Progress& progress) {
  progress("tables and figures");
  std::string page = kBeginning;
  page += kAccount;
  page += "\n" + tables_section();
  progress("coefficients");
  page += "\n" + coefficients_section();
  page += "\n" + search_section(data, true, progress);
  return page;
}

}  // namespace ridgeline::paper
