"""Two networks and a head, trained together: from pixels and words to vectors or bits of one space."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tuwen import methods
from tuwen.arrays import Array
from tuwen.errors import InputError, unknown
from tuwen.methods.layers import contrast
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkHasher, NetworkSpace
from tuwen.methods.validation import both_ways
from tuwen.training.image_networks import ImageNetwork
from tuwen.training.material import Ids, Material, Pixels
from tuwen.training.task import SMALLEST, Task
from tuwen.training.text_networks import TextNetwork

#: Kinds of head: the method that is saved, and its parameter of the width.
HEADS = {"hash": ("triplet_hash", "bits"), "vector": ("vsepp", "dim")}
LOSSES = ("triplet", "infonce")
ROOM = 1 / 8  # that pictures are kept larger, to be cut from
_LEAST = 0.7  # share of the area that a cut has

Head = NetworkHasher | NetworkSpace


class Pairs(NamedTuple):
    """What is learned from, or held out: the material, its pixels and its tokens."""

    material: Material
    pixels: Pixels
    ids: Ids


class Made(NamedTuple):
    """A batch: pixels (b, s, s, 3) uint8, cuts (b, 2, 3), ids and mask (b, t), labels (b, c), rows (b,)."""

    pixels: Tensor
    cuts: Tensor
    ids: Tensor
    mask: Tensor
    labels: Tensor
    rows: Tensor


def head_of(kind: str, width: int, *, hidden: int = 0, **settings: Any) -> Head:
    """An unfitted method whose networks are the heads.

    Args:
        kind: `hash` or `vector`.
        width: Bits or columns.
        hidden: Units between the features and the code; 0 for a single dense layer.
        settings: Further parameters of the method.

    Raises:
        UnknownName: There is no such head.
        InputError: The width is none.
    """
    if kind not in HEADS:
        raise unknown("head", kind, HEADS)
    name, parameter = HEADS[kind]
    made = methods.find(name)(**{parameter: width, "hidden": hidden, "standardise": False, **settings})
    if not isinstance(made, NetworkHasher | NetworkSpace):
        raise TypeError(name)
    return made


class Dual(Task):
    """An image network, a text network and a head.

    An epoch goes over the pictures, each with one of its texts, another one every time; so no text of a
    picture is called wrong for it within a batch. A text that stands twice in a batch counts once.

    Args:
        image: Pixels to features.
        text: Tokens to features.
        head: Features to codes.
        loss: `triplet`, that of the head's method, or `infonce`.
        learned: Pairs to learn from.
        held: Pairs held out, or None.
        temperature: Of InfoNCE.
    """

    def __init__(
        self,
        image: ImageNetwork,
        text: TextNetwork,
        head: Head,
        loss: str,
        learned: Pairs,
        held: Pairs | None,
        *,
        temperature: float = 0.07,
    ) -> None:
        if loss not in LOSSES:
            raise unknown("loss", loss, LOSSES)
        if not temperature > 0:
            raise InputError(f"temperature is {temperature}; it must be above 0")
        self.image, self.text, self.head = image, text, head
        self.kind, self.temperature = loss, temperature
        self.learned, self.held = learned, held
        self.net = head._build(image.width, text.width, 0)
        image.network.to(memory_format=torch.channels_last)  # convolutions are faster
        # without it a triplet loss pulls all codes of random networks into one
        norms = {kind: nn.BatchNorm1d(head.width, affine=False) for kind in ("image", "text")}
        self.norms = nn.ModuleDict(norms)
        parts = {"image": image.network, "text": text.network, "head": self.net, "norms": self.norms}
        self.module = nn.ModuleDict(parts)
        self.count = len(learned.material.pictures)
        self.labels = learned.material.classes
        self.about = {
            "image": image.name,
            "text": text.name,
            "size": image.recipe.size,
            "head": type(head).__name__,
            "width": head.width,
            "hidden": head.hidden,
            "loss": loss,
            "temperature": temperature,
            "pictures": self.count,
            "texts": len(learned.material.texts),
            "held out": len(held.material.pictures) if held else 0,
            "words": text.tokens.size,
        }

    def load(self, rows: Array, seed: tuple[int, ...]) -> Made:
        """Pictures with a text each, and where each is cut."""
        random = np.random.default_rng(seed)
        chosen = np.array([random.choice(self.learned.material.texts_of[row]) for row in rows])
        cuts = random_cuts(len(rows), self.learned.pixels.recipe.size, random)
        pixels, good = self.learned.pixels.take(rows)
        alone = _first([self.learned.material.texts[row] for row in chosen[good]])
        if len(alone) >= SMALLEST:
            good, pixels = good[alone], pixels[alone]
        ids, mask = self.learned.ids.take(chosen[good])
        labels = np.zeros((len(good), 0), np.float32) if self.labels is None else self.labels[rows[good]]
        made = (pixels, cuts[good], ids, mask, labels, rows[good])
        return Made(*(torch.from_numpy(np.ascontiguousarray(part)) for part in made))

    def loss(self, batch: Any, progress: float) -> Tensor:
        """The loss of a batch; zero where too few of its pictures could be decoded."""
        made = Made(*(part.to(self.place.device, non_blocking=True) for part in batch))
        if len(made.rows) < SMALLEST:
            return sum(one.sum() * 0 for one in self.net.parameters())
        x = self.image.features(cut_out(made.pixels, made.cuts, self.image.recipe.size))
        y = self.text.network(made.ids, made.mask)
        u, v = self._outputs("image", x), self._outputs("text", y)
        told = Batch(x, y, made.labels, made.rows, progress)
        if self.kind == "triplet":
            return self.head._loss(u, v, told)
        if not isinstance(self.head, NetworkHasher):
            return contrast(functional.normalize(u), functional.normalize(v), self.temperature)
        u, v = u.tanh(), v.tanh()
        pulled = (u.abs() - 1).square().mean() + (v.abs() - 1).square().mean()
        told_apart = contrast(functional.normalize(u), functional.normalize(v), self.temperature)
        return told_apart + float(self.head.params["quantisation"]) * pulled

    def validate(self) -> float:
        """Mean average precision of both directions on the pairs held out, one text a picture."""
        if self.held is None:
            return float("nan")
        rows = np.arange(len(self.held.material.pictures))
        pixels, good = self.held.pixels.take(rows)
        texts = np.array([self.held.material.texts_of[row][0] for row in good])
        u = self._codes("image", [pixels[part] for part in _parts(len(good))])
        v = self._codes("text", [self.held.ids.take(texts[part]) for part in _parts(len(good))])
        classes = self.held.material.classes
        return both_ways(u @ v.T, None if classes is None else classes[good])

    def finish(self, curve: dict[str, list[float]], epoch: int, stopped: str) -> Head:
        """The head as a fitted method; its outputs are no longer to be trained on."""
        head = self.head
        for kind in ("image", "text"):
            _fold(self.net[kind][-1], self.norms[kind])
        head.net_ = self.net.eval()
        head.n_classes_ = 0
        head.mean_, head.scale_ = {}, {}
        head.curve_ = {name: np.asarray(values) for name, values in curve.items()}
        head.epoch_, head.stopped_ = epoch, stopped
        head.widths_ = {"image": self.image.width, "text": self.text.width}
        return head

    def _outputs(self, kind: str, features: Tensor) -> Tensor:
        """Outputs of the head, each of mean 0 and variance 1 over a batch, (b, width)."""
        outputs: Tensor = self.norms[kind](self.net[kind](features).float())
        return outputs

    def _codes(self, kind: str, parts: list[Any]) -> Array:
        """What is compared: signs of a hash, else unit rows."""
        made = []
        with torch.no_grad(), self.autocast():
            for part in parts:
                if kind == "image":
                    pixels = torch.from_numpy(part).to(self.place.device).permute(0, 3, 1, 2).float()
                    features = self.image.features(pixels)
                else:
                    features = self.text.network(
                        *(torch.from_numpy(one).to(self.place.device) for one in part)
                    )
                made.append(self._outputs(kind, features).cpu())
        codes = torch.cat(made)
        if isinstance(self.head, NetworkHasher):
            return np.asarray(torch.where(codes > 0, 1.0, -1.0).numpy())
        return np.asarray(functional.normalize(codes).numpy())


def _fold(dense: nn.Linear, norm: nn.BatchNorm1d) -> None:
    """Let a dense layer do what the norm behind it does to its outputs."""
    if norm.running_mean is None or norm.running_var is None:
        raise TypeError("the norm keeps no statistics")
    with torch.no_grad():
        scale = (norm.running_var + norm.eps).rsqrt()
        dense.bias.sub_(norm.running_mean).mul_(scale)
        dense.weight.mul_(scale[:, None])
        norm.reset_running_stats()
        norm.eps = 0.0


def cut_out(pixels: Tensor, cuts: Tensor, size: int) -> Tensor:
    """Squares cut out of pictures and scaled, (b, 3, size, size) from 0 to 255.

    Args:
        pixels: (b, s, s, 3) uint8.
        cuts: (b, 2, 3) affine, as `affine_grid` takes them.
        size: Side of the squares.
    """
    values = pixels.permute(0, 3, 1, 2).float()  # channels stay last in memory
    grid = functional.affine_grid(cuts, [len(pixels), 3, size, size], align_corners=False)
    made = functional.grid_sample(values, grid, padding_mode="reflection", align_corners=False)
    return made.contiguous(memory_format=torch.channels_last)


def random_cuts(count: int, side: int, random: np.random.Generator) -> Array:
    """Random places: 0.7 to 1 of the area, a little wider or higher, half of them mirrored."""
    area = random.uniform(_LEAST, 1, count)
    aspect = np.exp(random.uniform(-0.15, 0.15, count))
    scales = np.minimum(np.sqrt(np.stack([area * aspect, area / aspect])), 1)
    shifts = random.uniform(-1, 1, (2, count)) * (1 - scales)
    cuts = np.zeros((count, 2, 3), dtype=np.float32)
    cuts[:, 0, 0] = scales[0] * np.where(random.random(count) < 0.5, -1, 1)
    cuts[:, 1, 1], cuts[:, 0, 2], cuts[:, 1, 2] = scales[1], shifts[0], shifts[1]
    return cuts


def _first(texts: list[str]) -> Array:
    """Where each text stands first."""
    seen: dict[str, int] = {}
    for place, text in enumerate(texts):
        seen.setdefault(text, place)
    return np.array(list(seen.values()), dtype=np.int64)


def _parts(count: int) -> list[Array]:
    return np.array_split(np.arange(count), max(1, -(-count // 64)))
