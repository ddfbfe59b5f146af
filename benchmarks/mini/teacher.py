"""The teacher: MobileNetV2 read by OpenVINO, with the activations at the cut points as outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from student import CUT_CHANNELS, CUT_STRIDES
from torch import Tensor

TEACHER_FILE = "mobilenet_v2_1.0_224_quant.tflite"


class Teacher:
    """Gives the activations of the teacher at the cut points, for square pictures of any side."""

    def __init__(self, weights: Path, threads: int) -> None:
        self._weights = weights / TEACHER_FILE
        self._threads = threads
        self._compiled: dict[int, Any] = {}

    def _compile(self, side: int) -> Any:
        import openvino

        core = openvino.Core()
        model = core.read_model(self._weights)
        # The last quantised tensor of a given shape closes the stage (after its residual addition).
        cuts: dict[tuple[int, int], Any] = {}
        for node in model.get_ordered_ops():
            if node.get_type_name() == "FakeQuantize" and node.output(0).partial_shape.rank.get_length() == 4:
                shape = node.output(0).shape
                if shape[0] == 1:
                    cuts[(shape[1], shape[2])] = node.output(0)
        wanted = [cuts[(c, 224 // s)] for c, s in zip(CUT_CHANNELS, CUT_STRIDES, strict=True)]
        model = openvino.Model(wanted, model.get_parameters(), "teacher")
        model.reshape([-1, side, side, 3])
        options = {"INFERENCE_NUM_THREADS": self._threads, "INFERENCE_PRECISION_HINT": "f32"}
        return core.compile_model(model, "CPU", options)

    def __call__(self, pixels: Tensor) -> list[Tensor]:
        """Activations at each cut, ``(n, channels, h, w)``, of ``(n, side, side, 3)`` uint8 pixels."""
        side = int(pixels.shape[1])
        if side not in self._compiled:
            self._compiled[side] = self._compile(side)
        result = self._compiled[side](pixels.numpy())
        return [
            torch.from_numpy(result[position].copy()).contiguous(memory_format=torch.channels_last)
            for position in range(len(CUT_CHANNELS))
        ]
