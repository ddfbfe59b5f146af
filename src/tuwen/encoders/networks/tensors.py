"""The tensors of a checkpoint while a network is made from them: what was taken, what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from tuwen.errors import InputError


class Tensors:
    """Named tensors that are taken one by one, so that a network and a checkpoint must fit exactly.

    Args:
        tensors: By name.
        source: What they were read from, for messages.
        kind: What the network is, for messages: `resnet`.
    """

    def __init__(self, tensors: Mapping[str, Tensor], source: str, kind: str) -> None:
        self.source, self.kind = source, kind
        self._tensors = dict(tensors)
        self._taken: dict[str, Tensor] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, without taking it; empty when it is missing."""
        return tuple(self._tensors[name].shape) if name in self else ()

    def take(self, name: str, *shape: int | None) -> Tensor:
        """The tensor as float32; None stands for any length of an axis.

        Raises:
            InputError: It is missing, has another shape, or holds no finite numbers.
        """
        if name not in self._tensors:
            raise InputError(
                f"{self.source} is no whole {self.kind}: {name} is missing; download or convert it again"
            )
        tensor = self._tensors[name].detach().to(torch.float32)
        fits = len(shape) == tensor.dim() and all(
            wanted in (None, got) for wanted, got in zip(shape, tensor.shape, strict=True)
        )
        if shape and not fits:
            wanted = " x ".join("any" if length is None else str(length) for length in shape)
            got = " x ".join(map(str, tensor.shape)) or "a single number"
            raise InputError(f"{self.source} is no {self.kind}: {name} is {got}, {wanted} is needed")
        if not bool(torch.isfinite(tensor).all()):
            raise InputError(f"{self.source} has NaN or infinite values in {name}; download it again")
        self._taken[name] = tensor
        return tensor

    def left(self, ignored: Iterable[str] = ()) -> list[str]:
        """Names never taken, but for those that begin with an `ignored` prefix or only count batches."""
        prefixes = tuple(ignored)
        return [
            name
            for name in self._tensors
            if name not in self._taken
            and not name.startswith(prefixes)
            and not name.endswith("num_batches_tracked")
        ]

    def finish(self, ignored: Iterable[str] = ()) -> None:
        """Check that nothing is left over.

        Raises:
            InputError: The checkpoint has tensors that the network has no place for.
        """
        left = self.left(ignored)
        if left:
            shown = ", ".join(left[:3]) + (", ..." if len(left) > 3 else "")
            raise InputError(
                f"{self.source} looks like a {self.kind} but has {len(left)} tensors that a {self.kind} "
                f"has no place for ({shown}); it is another architecture"
            )

    @property
    def count(self) -> int:
        """How many learned numbers were taken; running means are measured, not learned."""
        return sum(tensor.numel() for name, tensor in self._taken.items() if ".running_" not in name)

    def digest(self) -> str:
        """SHA-256 over the taken tensors as float32, by name: equal whatever file they came in."""
        state = hashlib.sha256()
        for name, tensor in sorted(self._taken.items()):
            state.update(f"{name} {tuple(tensor.shape)}\n".encode())
            state.update(memoryview(tensor.cpu().contiguous().numpy()).cast("B"))
        return state.hexdigest()

    def convolution(
        self, name: str, norm: str | None, *, stride: int = 1, groups: int = 1, channels: int | None = None
    ) -> nn.Conv2d:
        """A convolution with its batch normalisation folded in, padded to keep the size.

        Args:
            name: Of the convolution: `layer1.0.conv1`.
            norm: Of the batch normalisation that follows; None for a convolution with a bias and no norm.
            stride: Step in pixels.
            groups: Of channels, each convolved alone.
            channels: Of the input, all groups together; None for any.
        """
        inner = None if channels is None else channels // groups
        weight = self.take(f"{name}.weight", None, inner, None, None)
        out, _, side, _ = weight.shape
        with_bias = norm is None or f"{name}.bias" in self
        bias = self.take(f"{name}.bias", out) if with_bias else torch.zeros(out)
        if norm is not None:
            weight, bias = self._folded(weight, bias, norm)
        made = nn.Conv2d(weight.shape[1] * groups, out, side, stride, side // 2, groups=groups, device="meta")
        made.weight, made.bias = nn.Parameter(weight, False), nn.Parameter(bias, False)
        return made

    def linear(self, name: str, width: int | None = None, *, bias: bool = True) -> nn.Linear:
        """A linear layer; `width` of its input, None for any."""
        weight = self.take(f"{name}.weight", None, width)
        made = nn.Linear(weight.shape[1], weight.shape[0], bias=bias, device="meta")
        made.weight = nn.Parameter(weight, False)
        if bias:
            made.bias = nn.Parameter(self.take(f"{name}.bias", weight.shape[0]), False)
        return made

    def _folded(self, weight: Tensor, bias: Tensor, norm: str) -> tuple[Tensor, Tensor]:
        """Weight and bias that also do what the normalisation does; in float64, rounded once."""
        out = len(weight)
        names = ("weight", "bias", "running_mean", "running_var")
        scale, shift, mean, variance = (self.take(f"{norm}.{name}", out).double() for name in names)
        factor = scale / torch.sqrt(variance + 1e-5)
        folded = weight.double() * factor[:, None, None, None]
        return folded.float(), ((bias.double() - mean) * factor + shift).float()
