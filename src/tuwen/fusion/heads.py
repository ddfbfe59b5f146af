"""The heads themselves: a few matrices over the vectors of a picture and of words, numpy or torch alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tuwen import saved
from tuwen.arrays import Array, check_matrix, unit_rows
from tuwen.errors import Damaged, InputError, NotFittedError, unknown

#: One line about each; all begin as the plain sum of both vectors, the last three add to it.
HEADS: dict[str, str] = {
    "sum": "a weighted sum: how much the picture counts beside the words",
    "product": "the sum, and products of what both say, column by column",
    "mlp": "the sum, and a small network over both",
    "attention": "the sum with weights that depend on what is asked, and a network over what they choose",
}
_INNER = 128  # columns inside; a head must learn from some hundred triples
_NAMES = {
    "sum": (),
    "product": ("left", "right", "out"),
    "mlp": ("left", "right", "bias", "out"),
    "attention": ("ask", "key", "left", "out"),
}


def joined(xp: Any, head: str, weights: Any, u: Any, v: Any) -> Any:
    """One vector of a picture and words, (n, d), not of unit length.

    With s = sigmoid(balance) the heads are s u + (1 - s) v, and added to it: (u A * v B) C for `product`,
    relu(u A + v B + b) C for `mlp`. `attention` takes s = softmax of q . k_u against q . k_v, with
    q = (u + v) Q and keys u K and v K, and adds relu((s u + (1 - s) v) A) C.

    Args:
        xp: `numpy` or `torch`; u, v and weights are its arrays.
        head: One of `HEADS`.
        weights: By name, as `first` makes them.
        u: (n, d) unit rows of pictures.
        v: (n, d) unit rows of words.
    """
    height = weights["balance"]
    if head == "attention":
        asked = (u + v) @ weights["ask"]
        apart = (asked * ((u - v) @ weights["key"])).sum(-1) / weights["key"].shape[1] ** 0.5
        height = (height + apart)[:, None]
    share = 1 / (1 + xp.exp(-height))
    both = share * u + (1 - share) * v
    if head == "product":
        return both + ((u @ weights["left"]) * (v @ weights["right"])) @ weights["out"]
    if head == "mlp":
        return both + _relu(u @ weights["left"] + v @ weights["right"] + weights["bias"]) @ weights["out"]
    return both + _relu(both @ weights["left"]) @ weights["out"] if head == "attention" else both


def first(head: str, width: int, seed: int) -> dict[str, Array]:
    """Weights with which a head gives the plain sum of both vectors.

    Raises:
        UnknownName: There is no such head.
    """
    if head not in HEADS:
        raise unknown("head", head, HEADS)
    random = np.random.default_rng(seed)
    inner = min(width, _INNER)
    shapes = {"bias": (inner,), "out": (inner, width)}
    made = {"balance": np.zeros(1, dtype=np.float32)}
    for name in _NAMES[head]:
        shape = shapes.get(name, (width, inner))
        scale = 0.0 if name in ("out", "bias", "ask") else width**-0.5
        made[name] = (scale * random.normal(size=shape)).astype(np.float32)
    return made


@dataclass(kw_only=True, eq=False)
class Fusion:
    """A learned way to join a picture with words into one question to a space.

    The four ways that paper 001 of this project's sources names for joining modalities.

    Args:
        head: One of `HEADS`.
        encoder: Name of the encoder of the space, for messages.
        fingerprint: Of the encoder; a collection of another one is refused. Empty for any of this width.
        seed: Of first weights and of the order of training.
        epochs: Times that all triples are seen, at most.
        batch_size: Triples a step.
        learning_rate: Of Adam.
        temperature: Divides cosines in the loss.
        patience: Epochs without a better figure after which training ends.
    """

    head: str = "attention"
    encoder: str = ""
    fingerprint: str = ""
    seed: int = 0
    epochs: int = 60
    batch_size: int = 256
    learning_rate: float = 1e-3
    temperature: float = 0.07
    patience: int = 10
    weights: dict[str, Array] = field(default_factory=dict, repr=False)
    course: dict[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.head not in HEADS:
            raise unknown("head", self.head, HEADS)
        for name in ("epochs", "batch_size", "patience"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")
        for name in ("learning_rate", "temperature"):
            if not 0 < getattr(self, name) < np.inf:
                raise InputError(f"{name} is {getattr(self, name)}; it must be a number above 0")

    @property
    def width(self) -> int:
        """Columns of the vectors.

        Raises:
            NotFittedError: It has not learned yet.
        """
        if not self.weights:
            raise NotFittedError("the fusion is not fitted; call fusion.training.fit first, or load one")
        return int(self.course["width"])

    def transform(self, images: Array, texts: Array) -> Array:
        """Unit vectors (n, width) of questions, from the vectors of their pictures and of their words.

        Raises:
            NotFittedError: It has not learned yet.
            InputError: Rows or widths do not fit.
        """
        u, v = (check_matrix(name, side) for name, side in (("images", images), ("texts", texts)))
        if u.shape != v.shape or u.shape[1] != self.width:
            raise InputError(
                f"images has shape {u.shape} and texts {v.shape}; both need rows of width {self.width}"
            )
        made = joined(np, self.head, self.weights, unit_rows(u), unit_rows(v))
        return unit_rows(np.asarray(made, dtype=np.float32))

    def check(self, where: Path, fingerprint: str, width: int) -> None:
        """Refuse a collection of another space.

        Raises:
            InputError: Its encoder is another one, or its vectors have another width.
        """
        if self.fingerprint and fingerprint and self.fingerprint != fingerprint:
            raise InputError(
                f"the fusion was learned in the space of {self.encoder} ({self.fingerprint[:12]}), but "
                f"{where} is of {fingerprint[:12]}; learn one for it: tuwen fuse PAIRS --collection {where}"
            )
        if self.width != width:
            raise InputError(f"the fusion joins vectors of width {self.width}; {where} has {width}")

    @property
    def params(self) -> dict[str, Any]:
        """The arguments, enough to make it again."""
        return {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("weights", "course")
        }

    def save(self, folder: Path) -> None:
        """Write `fusion.json` and `state.npz`."""
        state = {"weights": self.weights, "course": self.course | {"width": self.width}}
        saved.write(Path(folder), saved.Saved("fusion", self.params, state), "fusion")


def load(folder: str | Path) -> Fusion:
    """The fusion of a folder.

    Raises:
        Damaged: There is none, or it is broken or of another architecture.
    """
    found = saved.read(Path(folder).expanduser(), "fusion")
    try:
        made = Fusion(**found.params)
        made.weights, made.course = dict(found.state["weights"]), dict(found.state["course"])
        wanted = first(made.head, made.width, made.seed)
    except (TypeError, KeyError, InputError) as error:
        raise Damaged(f"{folder} does not hold a fusion of this version ({error}); learn it again") from error
    shapes = {name: values.shape for name, values in made.weights.items()}
    if shapes != {name: values.shape for name, values in wanted.items()}:
        raise Damaged(f"the weights in {folder} are of another architecture; learn it again")
    return made


def opened(spec: str | Path | Fusion) -> Fusion:
    """A fusion, from memory when its folder has not changed since."""
    if isinstance(spec, Fusion):
        return spec
    folder = Path(spec).expanduser().absolute()
    about = folder / "fusion.json"
    return _kept(folder, about.stat().st_mtime_ns if about.is_file() else 0)


@lru_cache(maxsize=8)
def _kept(folder: Path, _: int) -> Fusion:
    return load(folder)


def _relu(values: Any) -> Any:
    return (values + abs(values)) / 2
