"""Bases of methods that networks learn: one loop, early stopping on validation pairs, weights as arrays."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn

from tuwen.arrays import MODALITIES, Array, Modality
from tuwen.errors import InputError
from tuwen.methods.base import Coder, Method, multi_hot
from tuwen.methods.validation import both_ways, held_out

Pairs = tuple[Array, Array, Array | None]
_SMALLEST = 2  # pairs of a batch: most losses compare a pair with another


class Batch(NamedTuple):
    """What one step learns from.

    Attributes:
        x: (b, d_image) features of images, standardised if the method does so.
        y: (b, d_text) features of their texts.
        labels: (b, n_classes) multi-hot; (b, 0) without labels.
        rows: (b,) which training pairs these are.
        progress: Share of the training that is done, from 0 to 1.
    """

    x: Tensor
    y: Tensor
    labels: Tensor
    rows: Tensor
    progress: float


@dataclass(kw_only=True, eq=False)
class Network(Method):
    """Lowers a loss over shuffled batches with Adam, and keeps the epoch that is best on validation pairs.

    A subclass writes `_build` and `_step`; both directions come from one set of weights.

    Args:
        epochs: Times that all pairs are seen.
        batch_size: Pairs a step; the pairs are cut into equal batches of about so many.
        learning_rate: Of Adam.
        weight_decay: Of Adam's decoupled kind.
        standardise: Scale every feature to mean 0 and variance 1 over the training pairs.
        validation: Share of the pairs that is held out, when `fit` is given none to validate with. 0
            learns from all and keeps the last epoch.
        patience: Epochs without a better figure after which training ends; 0 for never.
        device: `cpu`, `cuda`, or `auto` for a GPU where there is one (then with bfloat16).

    Attributes:
        curve_: By name, a value an epoch: `loss`, the mean over batches; `validation`, mean average
            precision of both directions; `epoch_`, the one that was kept, from 1 on.
        stopped_: Why training ended early; empty when it did not.
    """

    validates = True

    epochs: int = 60
    batch_size: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    standardise: bool = True
    validation: float = 0.1
    patience: int = 15
    device: str = "auto"

    def fit(
        self,
        images: Array,
        texts: Array,
        labels: Array | None = None,
        validation: Pairs | None = None,
    ) -> Self:
        """Learn from features.

        Args:
            images: (n, d_image).
            texts: (n, d_text), row i belongs to row i of `images`.
            labels: (n,) class numbers or (n, n_classes) multi-hot, for methods that need them.
            validation: Images, texts and labels that choose the epoch and are not learned from; held out
                of the others when None.

        Raises:
            InputError: As for every method; or the loss is no number before an epoch ended well.
        """
        self._validation = validation
        try:
            return super().fit(images, texts, labels)
        finally:
            del self._validation

    def _fit(self, images: Array, texts: Array, labels: Array) -> None:
        if self.epochs < 1:
            raise InputError(f"epochs is {self.epochs}; it must be at least 1")
        if self.batch_size < _SMALLEST:
            raise InputError(
                f"batch_size is {self.batch_size}; a loss compares pairs, so it must be at least {_SMALLEST}"
            )
        if len(images) < _SMALLEST:
            raise InputError(
                f"images has {len(images)} rows; {type(self).__name__} needs at least {_SMALLEST}"
            )
        train, chosen_on = self._parts(images, texts, labels)
        self.n_classes_ = labels.shape[1]
        self._keep_standards(train)
        device = self._device()
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            self.net_ = self._build(images.shape[-1], texts.shape[-1], self.n_classes_).to(device)
            self._start(*train)
            self._train(train, chosen_on)
        self.net_.eval()
        self.chosen_on = chosen_on
        self._finish(*train)
        del self.chosen_on

    def _parts(self, images: Array, texts: Array, labels: Array) -> tuple[list[Array], Pairs | None]:
        """What is learned from, and what chooses the epoch."""
        if self._validation is not None:
            held = [np.asarray(part, dtype=np.float32) for part in self._validation[:2]]
            classes = multi_hot(self._validation[2], len(held[0]))
            if labels.shape[1] > classes.shape[1]:
                classes = np.pad(classes, ((0, 0), (0, labels.shape[1] - classes.shape[1])))
            return [images, texts, labels], (held[0], held[1], classes)
        if not 0 <= self.validation < 1:
            raise InputError(f"validation is {self.validation}; it is a share from 0 up to 1")
        rows, left = held_out(len(images), self.validation, self.seed)
        if len(left) < _SMALLEST or len(rows) < _SMALLEST:
            return [images, texts, labels], None
        learned = [part[rows] for part in (images, texts, labels)]
        return learned, (images[left], texts[left], labels[left])

    def _keep_standards(self, train: list[Array]) -> None:
        self.mean_, self.scale_ = {}, {}
        for modality, features in zip(MODALITIES, train[:2], strict=True):
            rows = features.reshape(-1, features.shape[-1])
            if self.takes_sets:
                rows = rows[rows.any(axis=1)]  # zero rows are padding
            plain = not self.standardise or not len(rows)
            width = features.shape[-1]
            self.mean_[modality] = np.zeros(width, np.float32) if plain else rows.mean(axis=0)
            deviation = np.ones(width, np.float32) if plain else rows.std(axis=0)
            self.scale_[modality] = np.where(deviation > 1e-8, deviation, 1).astype(np.float32)

    def _train(self, train: list[Array], chosen_on: Pairs | None) -> None:
        data = [torch.from_numpy(np.require(part, requirements=["C", "W"])) for part in train]
        parameters = [one for one in self.net_.parameters() if one.requires_grad]
        self._optimizer = self._make_optimizer(parameters)
        self.curve_: dict[str, Any] = {"loss": [], "validation": []}
        self.stopped_ = ""
        best, kept, self.epoch_ = -np.inf, None, 0
        for epoch in range(self.epochs):
            losses = self._epoch(data, epoch)
            if self.stopped_:
                break
            value = self._validate(chosen_on)
            if chosen_on is not None and np.isnan(value):
                self.stopped_ = f"scores are no numbers after epoch {epoch + 1}"
                break
            self.curve_["loss"].append(float(np.mean(losses)))
            self.curve_["validation"].append(value)
            if chosen_on is None or value > best:
                best, kept, self.epoch_ = value, copy.deepcopy(self.net_.state_dict()), epoch + 1
            elif self.patience and epoch + 1 - self.epoch_ >= self.patience:
                self.stopped_ = f"no better for {self.patience} epochs"
                break
        del self._optimizer
        if kept is None:
            vars(self).pop("widths_", None)  # it is not fitted
            raise InputError(
                f"{type(self).__name__}: {self.stopped_}; lower learning_rate, or check the features"
            )
        self.net_.load_state_dict(kept)
        self.curve_ = {name: np.asarray(values) for name, values in self.curve_.items()}

    def _epoch(self, data: list[Tensor], epoch: int) -> list[float]:
        """One pass over all pairs; the loss of every batch."""
        self.net_.train()
        losses: list[float] = []
        count = len(data[1])
        batches = torch.randperm(count).tensor_split(self._batch_count(count))
        for number, rows in enumerate(batches):
            progress = (epoch + number / len(batches)) / self.epochs
            loss = self._try_step(data, rows, progress)
            if not np.isfinite(loss):
                self.stopped_ = f"the loss is {loss} at step {number + 1} of epoch {epoch + 1}"
                return losses
            losses.append(loss)
        if not all(torch.isfinite(weights).all() for weights in self.net_.parameters()):
            self.stopped_ = f"weights are no numbers after epoch {epoch + 1}"
        return losses

    def _batch_count(self, pairs: int) -> int:
        """How many batches cut the pairs into parts of at least two."""
        return max(1, min(-(-pairs // self.batch_size), pairs // _SMALLEST))

    def _try_step(self, data: list[Tensor], rows: Tensor, progress: float) -> float:
        try:
            return self._update(self._batch(data, rows, progress))
        except torch.linalg.LinAlgError:  # of values that are no numbers
            return float("nan")
        except torch.OutOfMemoryError:
            size = len(rows)
        while size > _SMALLEST:  # which batch fits?
            torch.cuda.empty_cache()
            size //= 2
            try:
                self._update(self._batch(data, rows[:size], progress))
            except torch.OutOfMemoryError:
                continue
            raise InputError(
                f"a batch of {len(rows)} does not fit on the GPU, {size} does: batch_size={size}"
            )
        raise InputError(f"not even a batch of {size} fits on the GPU; set device='cpu'")

    def _update(self, batch: Batch) -> float:
        """One step of the optimiser; the loss before it."""
        device = batch.x.device.type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=device == "cuda"):
            loss = self._step(batch)
        self._optimizer.zero_grad()
        if torch.isfinite(loss):
            loss.backward()
            self._optimizer.step()
        return float(loss.detach())

    def _make_optimizer(self, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(parameters, lr=self.learning_rate, weight_decay=self.weight_decay)

    def _batch(self, data: list[Tensor], rows: Tensor, progress: float) -> Batch:
        device = self._where()
        places = (self._image_rows(rows), rows, rows)
        x, y, labels = (
            part[place].to(device, non_blocking=True) for part, place in zip(data, places, strict=True)
        )
        return Batch(self._scaled(x, "image"), self._scaled(y, "text"), labels, rows.to(device), progress)

    def _image_rows(self, rows: Tensor) -> Tensor:
        """The rows of images of these pairs."""
        return rows

    def _scaled(self, values: Tensor, modality: Modality) -> Tensor:
        if not self.standardise:
            return values
        mean, scale = (torch.from_numpy(of[modality]).to(values.device) for of in (self.mean_, self.scale_))
        scaled = (values - mean) / scale
        return scaled * values.any(dim=-1, keepdim=True) if self.takes_sets else scaled

    def _validate(self, pairs: Pairs | None) -> float:
        if pairs is None:
            return float("nan")
        self.net_.eval()
        self.widths_ = {"image": pairs[0].shape[-1], "text": pairs[1].shape[-1]}
        labels = pairs[2] if pairs[2] is not None and pairs[2].any() else None
        scores = self.similarity(pairs[0], pairs[1])
        return both_ways(scores, labels) if np.isfinite(scores).all() else float("nan")

    def _device(self) -> torch.device:
        if self.device != "auto":
            return torch.device(self.device)
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def _where(self) -> torch.device:
        """Where the weights are."""
        return next((one.device for one in self.net_.parameters()), torch.device("cpu"))

    def _batches(self, features: Array, modality: Modality, size: int = 4096) -> Iterator[Tensor]:
        """Features as the networks take them, some rows at a time."""
        for start in range(0, len(features), size):
            rows = np.require(features[start : start + size], requirements=["C", "W"])
            yield self._scaled(torch.from_numpy(rows).to(self._where()), modality)

    @abstractmethod
    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        """The networks to train; d_image and d_text are widths of features."""

    @abstractmethod
    def _step(self, batch: Batch) -> Tensor:
        """The loss of a batch."""

    def _start(self, images: Array, texts: Array, labels: Array) -> None:
        """Called once before training, with all that is learned from; the networks are there."""

    def _finish(self, images: Array, texts: Array, labels: Array) -> None:
        """Called once after training, with all that was learned from.

        `self.chosen_on` has the pairs that chose the epoch, or None, for what else is to be chosen.
        """

    @property
    def state(self) -> dict[str, Any]:
        """What `fit` learned; the weights of networks as arrays."""
        learned = {name: value for name, value in super().state.items() if name != "net_"}
        if "net_" in vars(self):
            weights = {
                name: value.float() if value.is_floating_point() else value
                for name, value in self.net_.state_dict().items()
            }
            learned["weights_"] = {name: value.cpu().numpy() for name, value in weights.items()}
        return learned

    @property
    def course(self) -> dict[str, Any]:
        """See the base."""
        if "curve_" not in vars(self):
            return {}
        told: dict[str, Any] = {}
        for name in ("loss", "validation"):
            values = np.asarray(self.curve_.get(name, ()), dtype=np.float64)
            told[name] = values.tolist() if np.isfinite(values).all() else []
        return told | {"epoch": int(self.epoch_), "stopped": str(self.stopped_)}

    def restore(self, state: dict[str, Any]) -> None:
        """Take on what another fit learned."""
        weights = {name: torch.from_numpy(np.asarray(value)) for name, value in state.pop("weights_").items()}
        super().restore(state)
        self.net_ = self._build(self.widths_["image"], self.widths_["text"], self.n_classes_)
        try:
            self.net_.load_state_dict(weights)
        except RuntimeError as error:
            raise InputError(f"the weights are of another architecture ({error}); fit again") from error
        self.net_.to(self._device()).eval()


@dataclass(kw_only=True, eq=False)
class NetworkCoder(Network, Coder):
    """A network that codes each item alone; a subclass writes `_code`."""

    _at_once: ClassVar[int] = 4096  # items

    def _transform(self, features: Array, modality: Modality) -> Array:
        made = np.zeros((len(features), self.width), dtype=np.float32)
        done = 0
        with torch.inference_mode():
            for batch in self._batches(features, modality, self._at_once):
                made[done : done + len(batch)] = self._code(batch, modality).float().cpu().numpy()
                done += len(batch)
        return made

    @abstractmethod
    def _code(self, batch: Tensor, modality: Modality) -> Tensor:
        """What the networks make of a batch of features of a modality, (b, width)."""
