"""Bases of methods with a network a modality: into one space, into bits, or into classes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn

from tuwen.arrays import Array, Modality
from tuwen.methods.base import CommonSpace, Hasher
from tuwen.methods.classes import ClassSpace, check_classes
from tuwen.methods.layers import mlp
from tuwen.methods.network import Batch, NetworkCoder


@dataclass(kw_only=True, eq=False)
class _Towers(NetworkCoder):
    """A network a modality, whose outputs are compared; `hidden` 0 makes each a single dense layer."""

    hidden: int = 512

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        inner = [self.hidden] if self.hidden else []
        towers = {name: mlp(width, *inner, self.width) for name, width in widths.items()}
        return nn.ModuleDict(towers | self._heads(n_classes))

    def _heads(self, n_classes: int) -> dict[str, nn.Module]:
        """Networks beside the two towers, such as a classifier."""
        return {}

    def _step(self, batch: Batch) -> Tensor:
        return self._loss(self._code(batch.x, "image"), self._code(batch.y, "text"), batch)

    @abstractmethod
    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        """The value to lower, from outputs of the towers u and v, (b, width)."""

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        made: Tensor = self.net_[modality](batch)
        return made


@dataclass(kw_only=True, eq=False)
class NetworkSpace(_Towers, CommonSpace):
    """Two networks into one space of vectors."""


@dataclass(kw_only=True, eq=False)
class NetworkHasher(_Towers, Hasher):
    """Two networks whose signs are the bits."""


@dataclass(kw_only=True, eq=False)
class NetworkClasses(_Towers, ClassSpace):
    """Two networks that tell classes: a vector has a column a class."""

    needs_labels = True

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        check_classes(self, labels)
        self.columns_ = labels.shape[1]
