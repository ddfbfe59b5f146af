"""The image tower of mini: a small inverted-residual network with one module per distillation cut."""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Channels of the cut points between stages (those of the teacher, so that stages can be trained apart).
CUT_CHANNELS = (24, 32, 64, 96, 160, 320, 1280)
#: Cuts whose averages make the picture's features; the earlier ones keep colour and texture.
POOLED_CUTS = (3, 4, 5, 6)
#: Width of the features.
FEATURES = sum(CUT_CHANNELS[cut] for cut in POOLED_CUTS)
#: Stride of each cut point relative to the input picture.
CUT_STRIDES = (4, 8, 16, 16, 32, 32, 32)


class ConvBlock(nn.Sequential):
    """Convolution, batch normalisation and, where asked, a ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True
    ) -> None:
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, momentum=0.05),
        ]
        if act:
            layers.append(nn.ReLU6())
        super().__init__(*layers)


class InvertedResidual(nn.Module):
    """Expand, filter each channel over space, project; add the input when shapes agree."""

    def __init__(self, inputs: int, outputs: int, hidden: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            ConvBlock(inputs, hidden),
            ConvBlock(hidden, hidden, kernel, stride, groups=hidden),
            ConvBlock(hidden, outputs, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, inputs, h, w)`` to ``(n, outputs, h / stride, w / stride)``."""
        y: Tensor = self.body(x)
        return x + y if self.residual else y


class Student(nn.Module):
    """Seven stages; the averages of the last four are the features of the picture.

    The first stage uses dense 3x3 convolutions instead of depthwise ones: at high resolution these are
    several times faster per multiplication on a CPU.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [
                nn.Sequential(
                    ConvBlock(3, 16, 3, 2),
                    ConvBlock(16, 64, 3, 2),
                    ConvBlock(64, 24, act=False),
                    InvertedResidual(24, 24, 72),
                ),
                nn.Sequential(
                    InvertedResidual(24, 32, 144, 3, 2),
                    InvertedResidual(32, 32, 128),
                    InvertedResidual(32, 32, 128),
                ),
                nn.Sequential(
                    InvertedResidual(32, 64, 192, 5, 2),
                    InvertedResidual(64, 64, 256),
                    InvertedResidual(64, 64, 256),
                    InvertedResidual(64, 64, 256),
                ),
                nn.Sequential(
                    InvertedResidual(64, 96, 384),
                    InvertedResidual(96, 96, 480),
                    InvertedResidual(96, 96, 480),
                ),
                nn.Sequential(
                    InvertedResidual(96, 160, 576, 5, 2),
                    InvertedResidual(160, 160, 800),
                    InvertedResidual(160, 160, 800),
                ),
                InvertedResidual(160, 320, 960),
                ConvBlock(320, 1280),
            ]
        )

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixels in [-1, 1], ``(n, 3, side, side)``, to averaged features ``(n, FEATURES)``."""
        x = pixels
        averages = []
        for cut, stage in enumerate(self.stages):
            x = stage(x)
            if cut in POOLED_CUTS:
                averages.append(x.mean((2, 3)))
        return torch.cat(averages, dim=1)
