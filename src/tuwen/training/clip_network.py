"""A dual encoder that learns: the towers of an opened one, its temperature, what is frozen or left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from tuwen.encoders.clip import Clip
from tuwen.errors import InputError
from tuwen.training import clip_losses, lora

# where a checkpoint says nothing: CLIP's 1 / 0.07, SigLIP's 10 and -10
_SCALE, _SIGLIP_SCALE, _SIGLIP_BIAS = 2.6593, 2.3026, -10.0


class DualNetwork(nn.Module):
    """Both towers of an opened encoder, with the temperature that its similarities are learned at.

    The towers are the encoder's own: what they learn, it encodes with.

    Args:
        encoder: Opened in float32; no other user may hold it.
        path: Where it was opened from, for the temperature.
    """

    def __init__(self, encoder: Clip, path: Path) -> None:
        super().__init__()
        towers = [unit.tower for unit in encoder.towers()]
        self.image: nn.Module = towers[0]
        self.text: nn.Module = towers[1]
        self.kind = encoder.kind
        scale, bias = _temperature(path, encoder.kind)
        device = next(self.text.parameters()).device
        self.scale = nn.Parameter(torch.tensor(scale, device=device))
        self.bias = nn.Parameter(torch.tensor(bias, device=device)) if bias is not None else None
        self.is_vit = hasattr(self._pictures, "embeddings")
        self.pictures_learn = self.has_lora = False

    @property
    def _pictures(self) -> nn.Module:
        network: nn.Module = self.image.network
        return network

    def encode(self, pictures: Tensor, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Unit rows (n, width) of pictures and texts.

        Args:
            pictures: Normalised pixels (n, 3, size, size), or (n, width) as the frozen tower left them.
            ids: (n, t) token ids.
            mask: (n, t) which of them are no padding.
        """
        u = self.image(pictures) if pictures.dim() == 4 else pictures
        v = self.text(ids, mask)
        return functional.normalize(u.float(), dim=-1), functional.normalize(v.float(), dim=-1)

    def loss(self, u: Tensor, v: Tensor, same: Tensor) -> Tensor:
        """What the family is trained with: InfoNCE, or SigLIP's sigmoid loss."""
        if self.bias is not None:
            return clip_losses.sigmoid(u, v, self.scale, self.bias, same)
        return clip_losses.infonce(u, v, self.scale, same)

    def temperature(self) -> list[nn.Parameter]:
        """The scale of similarities and, of SigLIP, their bias."""
        return [self.scale] if self.bias is None else [self.scale, self.bias]

    def clamp(self) -> None:
        """Keep the scale between 1 and 100."""
        with torch.no_grad():
            self.scale.clamp_(clip_losses.LEAST_SCALE, clip_losses.MOST_SCALE)

    def choose(self, *, pictures: bool, rank: int = 0) -> None:
        """Say what learns from now on.

        Args:
            pictures: Whether the picture tower does; the text tower always does.
            rank: Of LoRA; 0 for all weights. Given once, it stays.

        Raises:
            InputError: The picture tower cannot learn.
        """
        if pictures and not self.is_vit:
            raise InputError(
                "the picture tower of this encoder is convolutional, with its normalisation folded in, "
                "and cannot be trained; keep it frozen: stage=text"
            )
        if rank and not self.has_lora:
            self.has_lora = True
            parts = [self.text, *([self.image] if self.is_vit else [])]
            for part in parts:
                lora.add(part, rank)
        for tower, on in ((self.image, pictures), (self.text, True)):
            tower.requires_grad_(on and not self.has_lora)
            for layer in tower.modules():
                if isinstance(layer, lora.Lora):
                    layer.down.requires_grad_(on)
                    layer.up.requires_grad_(on)
        self.pictures_learn = pictures

    def train(self, mode: bool = True) -> Self:
        """Set what learns to training; a frozen picture tower goes on encoding."""
        super().train(mode)
        self.image.train(mode and self.pictures_learn)
        return self

    def checkpointing(self) -> None:
        """Keep no activations inside layers: they are computed again for the gradient (Chen et al. 2016)."""
        for tower in (self.image, self.text):
            for name, layers in tower.named_modules():
                # the stack of a transformer: encoder.layers, of BERT encoder.layer
                if isinstance(layers, nn.ModuleList) and name.rpartition(".")[2] in ("layer", "layers"):
                    for layer in layers:
                        layer.forward = partial(_again, layer.forward)

    @contextmanager
    def masked(self, share: float) -> Iterator[None]:
        """Leave out this share of each picture's patches, drawn anew each time (FLIP, Li et al. 2023).

        They are dropped after the position embeddings; the class token stays.

        Raises:
            InputError: The share is not from 0 up to 1, or the tower has no patches.
        """
        if not 0 <= share < 1:
            raise InputError(f"mask_patches is {share}; it is a share from 0 up to 1, such as 0.5")
        if not share:
            yield
            return
        if not self.is_vit:
            raise InputError("mask_patches needs a picture tower with patches; this one is convolutional")
        embeddings: nn.Module = self._pictures.embeddings
        first = int(hasattr(embeddings, "class_embedding"))

        def drop(_module: nn.Module, _given: Any, tokens: Tensor) -> Tensor:
            return _some(tokens, first, share) if self.image.training else tokens

        hook = embeddings.register_forward_hook(drop)
        try:
            yield
        finally:
            hook.remove()


def _again(forward: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What a layer gives; its inner activations are forgotten and computed again when asked for."""
    if not torch.is_grad_enabled():
        return forward(*given, **named)
    return checkpoint(forward, *given, use_reentrant=False, **named)


def _some(tokens: Tensor, first: int, share: float) -> Tensor:
    """The first tokens (n, t, width) and a random part of the others, in their order."""
    count = tokens.shape[1] - first
    left = max(1, round(count * (1 - share)))
    # drawn on the processor, so that one seed gives the same patches on every device
    chosen = torch.rand(len(tokens), count).argsort(dim=1)[:, :left].sort(dim=1).values + first
    whole = torch.arange(first).expand(len(tokens), first)
    rows = torch.cat([whole, chosen], dim=1).to(tokens.device)
    return tokens.gather(1, rows[..., None].expand(-1, -1, tokens.shape[2]))


def _temperature(path: Path, kind: str) -> tuple[float, float | None]:
    """Logarithm of the scale and, of SigLIP, the bias, as a checkpoint has them or its family begins."""
    from tuwen.encoders.opening import checkpoint

    inner = path / "0_CLIPModel"
    tensors = checkpoint.read(inner if inner.is_dir() else path)
    siglip = kind == "siglip"
    scale = tensors.get("logit_scale")
    bias = tensors.get("logit_bias")
    found = (_SIGLIP_SCALE if siglip else _SCALE) if scale is None else float(scale.reshape(-1)[0])
    if not siglip:
        return found, None
    return found, _SIGLIP_BIAS if bias is None else float(bias.reshape(-1)[0])
