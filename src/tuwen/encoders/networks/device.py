"""Where a network runs and in which precision: one choice for every family that uses torch."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from tuwen.arrays import Array
from tuwen.errors import InputError, unknown

_PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True, slots=True)
class Place:
    """A device and the type of numbers that networks compute in there."""

    device: torch.device
    precision: str

    @property
    def dtype(self) -> torch.dtype:
        """The type of weights and activations."""
        return _PRECISIONS[self.precision]

    def __str__(self) -> str:
        """For people: `torch fp32 on cpu`."""
        return f"torch {self.precision} on {self.device}"

    def send(self, values: Array) -> torch.Tensor:
        """An array as a tensor on the device; pinned, so that the copy runs beside the computing."""
        tensor = torch.from_numpy(values)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)


def choose(device: str = "auto", precision: str = "auto") -> Place:
    """The place that two options name.

    Args:
        device: `auto` (a GPU where there is one), `cpu`, `cuda`, `cuda:1`, `mps`.
        precision: `fp32`, `bf16`, `fp16`, or `auto`: bf16 on a GPU that computes in it, fp32 elsewhere.

    Raises:
        UnknownName: There is no such precision, or no such kind of device.
        InputError: The device is not there.
    """
    if precision != "auto" and precision not in _PRECISIONS:
        raise unknown("precision", precision, ["auto", *_PRECISIONS])
    chosen = _device(device)
    if precision == "auto":
        native = chosen.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        precision = "bf16" if native else "fp32"
    if precision == "fp16" and chosen.type == "cpu":
        raise InputError("fp16 needs a GPU; on a processor take precision=bf16 or precision=fp32")
    return Place(chosen, precision)


def _device(name: str) -> torch.device:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise unknown("device", name, ("auto", "cpu", "cuda", "mps"))
    kind, _, number = name.partition(":")
    gpus = torch.cuda.device_count()
    if kind == "auto":
        return torch.device("cuda" if gpus else "cpu")
    if kind == "cuda" and int(number or 0) >= gpus:
        raise InputError(f"device {name} is not there: torch sees {gpus} CUDA devices; take device=cpu")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InputError("device mps is not there: torch sees no Apple GPU; take device=cpu")
    return torch.device(name)
