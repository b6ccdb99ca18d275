#pragma once

#include <string_view>

namespace ridgeline {

/// A class of the Python files that `pytorch_source` writes, and the classes that it uses itself.
struct PyTorchBlock {
  std::string_view name;
  std::string_view uses;  ///< names, separated by spaces
  std::string_view source;
};

/// In the order in which they must stand. "@conv@" stands for the class of convolutions, "@eps@"
/// and "@momentum@" for the network's batch norm.
inline constexpr PyTorchBlock kPyTorchBlocks[] = {
    {"Conv2d", "", R"py(class Conv2d(nn.Conv2d):
    """`padding` is a number, a pair (rows, columns), or (left, right, top, bottom)."""

    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, groups=1, bias=True):
        sides = padding if isinstance(padding, tuple) and len(padding) == 4 else None
        super().__init__(inputs, outputs, kernel, stride, 0 if sides else padding, groups=groups, bias=bias)
        self.sides = sides

    def forward(self, x):
        return super().forward(F.pad(x, self.sides) if self.sides else x)
)py"},
    {"MaxPool2d", "", R"py(class MaxPool2d(nn.MaxPool2d):
    """`sides` is the padding (left, right, top, bottom)."""

    def __init__(self, kernel, stride, sides):
        super().__init__(kernel, stride)
        self.sides = sides

    def forward(self, x):
        return super().forward(F.pad(x, self.sides, value=float("-inf")))
)py"},
    {"AvgPool2d", "", R"py(class AvgPool2d(nn.AvgPool2d):
    """`sides` is the padding (left, right, top, bottom)."""

    def __init__(self, kernel, stride, sides, count_include_pad=True):
        super().__init__(kernel, stride)
        self.sides = sides
        self.count_sides = count_include_pad

    def forward(self, x):
        mean = super().forward(F.pad(x, self.sides))
        if self.count_sides:
            return mean
        return mean / super().forward(F.pad(torch.ones_like(x[:1, :1]), self.sides))
)py"},
    {"DropConnect", "", R"py(class DropConnect(nn.Module):
    """In training, drops an image's branch with probability `rate` and scales the others."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def forward(self, x):
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return x * x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(keep) / keep
)py"},
    {"SpaceToBatch", "", R"py(class SpaceToBatch(nn.Module):
    """An image as block x block smaller ones of height x width in the batch, zero-padded."""

    def __init__(self, block, height, width, padding):
        super().__init__()
        self.block, self.height, self.width, self.padding = block, height, width, padding

    def forward(self, x):
        n, batch, channels = self.block, x.shape[0], x.shape[1]
        x = F.pad(x, self.padding).reshape(batch, channels, self.height, n, self.width, n)
        return x.permute(3, 5, 0, 1, 2, 4).reshape(n * n * batch, channels, self.height, self.width)
)py"},
    {"BatchToSpace", "", R"py(class BatchToSpace(nn.Module):
    """Joins the small images again, and crops to height x width."""

    def __init__(self, block, height, width):
        super().__init__()
        self.block, self.height, self.width = block, height, width

    def forward(self, x):
        n, channels, height, width = self.block, x.shape[1], x.shape[2], x.shape[3]
        x = x.reshape(n, n, x.shape[0] // (n * n), channels, height, width).permute(2, 3, 4, 0, 5, 1)
        x = x.reshape(x.shape[0], channels, height * n, width * n)
        return x[:, :, : self.height, : self.width]
)py"},
    {"ConvBnAct", "", R"py(class ConvBnAct(nn.Module):
    """Convolution, batch norm and, where one is given, an activation."""

    def __init__(self, inputs, outputs, kernel=1, stride=1, padding=None, groups=1, act=nn.Identity,
                 eps=@eps@, momentum=@momentum@):
        super().__init__()
        padding = kernel // 2 if padding is None else padding
        self.conv = @conv@(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps, momentum)
        self.act = act()

    def forward(self, x):
        return self.act(self.bn(self.conv(x)))
)py"},
    {"SqueezeExcite", "", R"py(class SqueezeExcite(nn.Module):
    """Weighs the channels by a gate computed from their means."""

    def __init__(self, channels, reduced, act, gate=nn.Sigmoid):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, reduced, 1)
        self.act = act()
        self.expand = nn.Conv2d(reduced, channels, 1)
        self.gate = gate()

    def forward(self, x):
        return x * self.gate(self.expand(self.act(self.reduce(self.pool(x)))))
)py"},
    {"MBConv", "ConvBnAct SqueezeExcite DropConnect", R"py(class MBConv(nn.Module):
    """1x1 expansion, depthwise convolution, squeeze-and-excite, 1x1 projection, skip."""

    def __init__(self, inputs, hidden, outputs, kernel=3, stride=1, padding=None, se=0, act=nn.SiLU,
                 skip=False, drop=0.0, expand=None):
        super().__init__()
        expand = hidden != inputs if expand is None else expand
        self.expand = ConvBnAct(inputs, hidden, act=act) if expand else nn.Identity()
        self.depthwise = ConvBnAct(hidden, hidden, kernel, stride, padding, groups=hidden, act=act)
        self.se = SqueezeExcite(hidden, se, act) if se else nn.Identity()
        self.project = ConvBnAct(hidden, outputs)
        self.drop = DropConnect(drop) if drop else nn.Identity()
        self.skip = skip

    def forward(self, x):
        y = self.project(self.se(self.depthwise(self.expand(x))))
        return x + self.drop(y) if self.skip else y
)py"},
    {"FusedMBConv", "ConvBnAct SqueezeExcite DropConnect", R"py(class FusedMBConv(nn.Module):
    """One convolution to the hidden width, squeeze-and-excite, 1x1 projection, skip."""

    def __init__(self, inputs, hidden, outputs, kernel=3, stride=1, padding=None, se=0, act=nn.SiLU,
                 skip=False, drop=0.0):
        super().__init__()
        self.fused = ConvBnAct(inputs, hidden, kernel, stride, padding, act=act)
        self.se = SqueezeExcite(hidden, se, act) if se else nn.Identity()
        self.project = ConvBnAct(hidden, outputs)
        self.drop = DropConnect(drop) if drop else nn.Identity()
        self.skip = skip

    def forward(self, x):
        y = self.project(self.se(self.fused(x)))
        return x + self.drop(y) if self.skip else y
)py"},
};

inline constexpr std::string_view kPyTorchInitialize = R"py(
def initialize(net):
    """Weights to start a training from: normal ones, by the number of outputs (EfficientNet)."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            outputs = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
            nn.init.normal_(module.weight, std=math.sqrt(2 / outputs))
        elif isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(module.out_features)
            nn.init.uniform_(module.weight, -bound, bound)
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
            nn.init.zeros_(module.bias)
)py";

inline constexpr std::string_view kPyTorchSpaceToDepth = R"py(
def start_as_space_to_depth(conv):
    """Each output channel copies one cell of one input channel."""
    with torch.no_grad():
        conv.weight.copy_(torch.eye(conv.out_channels).reshape(conv.weight.shape))
)py";

inline constexpr std::string_view kPyTorchLoad = R"py(
def read_safetensors(path):
    """The tensors of a file of fp32 values, by name."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(data, dtype=torch.float32, count=(end - begin) // 4, offset=start + begin)
        tensors[name] = values.reshape(entry["shape"]).clone()
    return tensors


def load(path=os.path.join(os.path.dirname(os.path.abspath(__file__)), "model.safetensors")):
    """The network with its trained weights, in evaluation mode."""
    net = Network()
    net.load_state_dict(read_safetensors(path))
    return net.eval()
)py";

}  // namespace ridgeline
