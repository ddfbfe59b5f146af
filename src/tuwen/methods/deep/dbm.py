"""Multimodal DBM: a deep Boltzmann machine of images and texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.network import Batch, Pairs
from tuwen.methods.towers import NetworkSpace

_ENOUGH = 5000  # training items that tell a mean


class Path(nn.Module):
    """A modality's visible units, its hidden units, and how these are joined to those on top."""

    def __init__(self, width: int, hidden: int, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(width, hidden))
        self.up = nn.Parameter(0.01 * torch.randn(hidden, dim))
        self.seen, self.bias = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(hidden))
        self.mean = nn.Parameter(torch.full((dim,), 0.5), requires_grad=False)  # of z, over training items

    def hidden(self, visible: Tensor, top: Tensor, times: Tensor) -> Tensor:
        """Probabilities of the hidden units; `times` is how often their bias counts: the words of a text."""
        return torch.sigmoid(visible @ self.weight + times * self.bias + top @ self.up.T)

    def energy(self, visible: Tensor, hidden: Tensor, top: Tensor, times: Tensor) -> Tensor:
        """What parameters add to the energy of each row, (b,)."""
        joined = (visible @ self.weight + times * self.bias + top @ self.up.T) * hidden
        return -(joined.sum(dim=1) + visible @ self.seen)


class State(NamedTuple):
    """Values or probabilities of all units, (b, units), the first three by modality."""

    visible: dict[Modality, Tensor]
    hidden: dict[Modality, Tensor]
    times: dict[Modality, Tensor]
    top: Tensor


@dataclass(kw_only=True, eq=False)
class DBM(NetworkSpace):
    """Models both modalities by units that are on or off, and codes an item by those that join the two.

    Energy of a pair: -x·W a - x·b - a·U z - y·V e - y·d - e·T z - biases of a, e and z (and |x|²/2 for
    Gaussian units). Follows the difference of its gradients between mean field inference from pairs and
    states that sampling reaches in `steps` steps from there. An item's code is the mean field of z, with the
    other modality unknown, less its mean over the training pairs.
    Differs from the paper: one hidden layer a modality, where it has two, learned at once with no
    pre-training; the chain starts at the pairs (contrastive divergence), not where it last was; an unknown
    modality is filled in by mean field, not by sampling.
    Learnt so it stays weak where modalities share little: mAP 0.15 on Wikipedia's SIFT and LDA features after
    10 epochs (chance 0.12), and no better on its validation pairs after 40.

    Args:
        dim: Units that join both modalities.
        hidden: Hidden units a modality.
        texts: What text features are: `gaussian` for real values; `binary` for values from 0 to 1;
            `counts` of words, by replicated softmax. The last two are taken as they are, not standardised.
        rounds: Of mean field inference.
        steps: Of sampling.
    """

    paper = Paper(
        "Multimodal Learning with Deep Boltzmann Machines",
        "Srivastava, Salakhutdinov",
        "NIPS",
        2012,
        "https://papers.nips.cc/paper/4683-multimodal-learning-with-deep-boltzmann-machines",
    )

    dim: int = 128
    texts: Literal["gaussian", "binary", "counts"] = "gaussian"
    rounds: int = 10
    steps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.texts not in ("gaussian", "binary", "counts"):
            raise InputError(f"texts is {self.texts!r}; it is 'gaussian', 'binary' or 'counts'")
        for name in ("rounds", "steps"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; it must be at least 1")

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        paths = {"image": Path(d_image, self.hidden, self.dim), "text": Path(d_text, self.hidden, self.dim)}
        words = nn.Parameter(torch.ones(1), requires_grad=False)  # of a text, the mean
        return nn.ModuleDict(
            {**paths, "top": nn.ParameterDict({"bias": nn.Parameter(torch.zeros(self.dim)), "words": words})}
        )

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        lowest, highest = texts.min(), texts.max()
        if self.texts != "gaussian" and (lowest < 0 or (self.texts == "binary" and highest > 1)):
            raise InputError(
                f"texts has values from {lowest:.3g} to {highest:.3g}; texts={self.texts!r} takes "
                f"{'values from 0 to 1' if self.texts == 'binary' else 'counts, none below 0'}"
            )
        self.net_["top"]["words"].fill_(float(texts.sum(axis=1).mean()))
        self._first = {"image": images[:_ENOUGH], "text": texts[:_ENOUGH]}

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        del self._first

    def _validate(self, pairs: Pairs | None) -> float:
        for modality in MODALITIES:
            mean = self.net_[modality].mean
            mean.zero_()
            mean.copy_(torch.from_numpy(self._transform(self._first[modality], modality).mean(axis=0)))
        return super()._validate(pairs)

    def _scaled(self, values: Tensor, modality: Modality) -> Tensor:
        plain = modality == "text" and self.texts != "gaussian"
        return values if plain else super()._scaled(values, modality)

    def _step(self, batch: Batch) -> Tensor:
        return self._loss(batch.x, batch.y, batch)

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        """What has the gradient to follow, from the visible units u and v themselves."""
        with torch.no_grad():
            known = self._inferred({"image": u, "text": v})
            reached = self._sampled(known)
        return (self._energy(known) - self._energy(reached)).mean()

    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        mean: Tensor = self.net_[modality].mean
        return self._inferred({modality: batch}).top - mean

    def _energy(self, state: State) -> Tensor:
        """What parameters add to the energy of each row, (b,)."""
        energy = -(state.top @ self.net_["top"]["bias"])
        for name in MODALITIES:
            units = state.visible[name], state.hidden[name], state.top, state.times[name]
            energy = energy + self.net_[name].energy(*units)
        return energy

    def _inferred(self, known: dict[Modality, Tensor]) -> State:
        """Mean fields of all units but those that are known."""
        one = next(iter(known.values())).new_ones(len(next(iter(known.values()))), 1)
        visible, times, top = dict(known), {name: one for name in MODALITIES}, one.expand(-1, self.dim) / 2
        if self.texts == "counts":
            words = self.net_["top"]["words"]
            times["text"] = known["text"].sum(dim=1, keepdim=True) if "text" in known else one * words
        unknown = [name for name in MODALITIES if name not in known]
        for name in unknown:
            visible[name] = self._told(one.new_zeros(len(one), self.hidden), name, times)
        for _ in range(self.rounds):
            hidden = {name: self.net_[name].hidden(visible[name], top, times[name]) for name in MODALITIES}
            top = self._top(hidden)
            for name in unknown:
                visible[name] = self._told(hidden[name], name, times)
        return State(visible, hidden, times, top)

    def _sampled(self, state: State) -> State:
        """Where sampling from a state leads; the last probabilities are not drawn from, nor visible units."""
        visible, hidden, times, top = state
        for _ in range(self.steps):
            above = top.bernoulli()
            drawn = {name: values.bernoulli() for name, values in hidden.items()}
            visible = {name: self._told(drawn[name], name, times) for name in MODALITIES}
            hidden = {name: self.net_[name].hidden(visible[name], above, times[name]) for name in MODALITIES}
            top = self._top({name: values.bernoulli() for name, values in hidden.items()})
        return State(visible, hidden, times, top)

    def _told(self, hidden: Tensor, modality: Modality, times: dict[Modality, Tensor]) -> Tensor:
        """Means of visible units, from the hidden ones."""
        path = self.net_[modality]
        told: Tensor = hidden @ path.weight.T + path.seen
        if modality == "image" or self.texts == "gaussian":
            return told
        return told.sigmoid() if self.texts == "binary" else times["text"] * told.softmax(dim=1)

    def _top(self, hidden: dict[Modality, Tensor]) -> Tensor:
        """Probabilities of the units that join both modalities."""
        joined = [hidden[name] @ self.net_[name].up for name in MODALITIES]
        return torch.sigmoid(joined[0] + joined[1] + self.net_["top"]["bias"])
