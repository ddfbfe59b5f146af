"""The two towers of a dual encoder as torch modules with one signature, whatever they are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tuwen.errors import InputError


class ImageTower(nn.Module):
    """Pictures to features: normalised pixels (n, 3, size, size) to (n, width), not of unit length.

    Args:
        network: A transformers vision model, or a network that gives features right away.
        projection: From the network's width to the common one; None when the network ends there.
    """

    def __init__(self, network: nn.Module, projection: nn.Module | None = None) -> None:
        super().__init__()
        self.network, self.projection = network, projection

    def forward(self, pixels: Tensor) -> Tensor:
        """Features (n, width)."""
        found = self.network(pixels)
        features: Tensor = found if isinstance(found, Tensor) else found.pooler_output
        return features if self.projection is None else self.projection(features)

    @property
    def has_patches(self) -> bool:
        """Whether the network is a vision transformer."""
        return hasattr(self.network, "embeddings")

    def dense(self, pixels: Tensor) -> Tensor:
        """Each patch in the common space, (n, patches, width), not of unit length.

        What the picture's vector would be if at the end, where one is made of all patches, only one of
        them were looked at: by the class token in the last layer, or by the head that pools (SigLIP's).
        Like Zhou, Loy and Dai ("Extract Free Dense Labels from CLIP", ECCV 2022) it takes the values of
        the last attention as they are; like Lan et al. ("ClearCLIP", ECCV 2024) it leaves the patch's own
        state out, which holds more of the whole picture than of the patch.
        """
        network: Any = self.network
        found = network(pixels, output_hidden_states=True)
        if hasattr(network, "head"):
            patches: Tensor = found.last_hidden_state
            alone: Tensor = network.head(patches.flatten(0, 1)[:, None])
            return alone.unflatten(0, patches.shape[:2])
        states, last = found.hidden_states[-2], network.encoder.layers[-1]
        attention = last.self_attn
        mixed = states[:, :1] + attention.out_proj(attention.v_proj(last.layer_norm1(states[:, 1:])))
        mixed = mixed + last.mlp(last.layer_norm2(mixed))
        features: Tensor = network.post_layernorm(mixed)
        return features if self.projection is None else self.projection(features)

    def patches(self, pixels: Tensor) -> Tensor:
        """States of the patches, (n, patches, width), as the last layer leaves them.

        Raises:
            InputError: The network has no patches: it is convolutional.
        """
        found = self.network(pixels)
        if isinstance(found, Tensor):
            raise InputError("this picture tower is convolutional and has no patches; take a ViT")
        states: Tensor = found.last_hidden_state
        has_class = hasattr(self.network.embeddings, "class_embedding")
        return states[:, 1:] if has_class else states


class TextTower(nn.Module):
    """Texts to features: ids and mask (n, t) int64 to (n, width), not of unit length.

    Args:
        network: A transformers text model.
        projection: From the network's width to the common one; None when the network ends there.
        pooling: `first` takes the state of the first token, `own` what the model pools by itself.
        masked: Whether padding is masked; False where it was trained to be looked at (SigLIP).
    """

    def __init__(
        self,
        network: nn.Module,
        projection: nn.Module | None = None,
        *,
        pooling: str = "own",
        masked: bool = True,
    ) -> None:
        super().__init__()
        self.network, self.projection = network, projection
        self.pooling, self.masked = pooling, masked

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Features (n, width)."""
        found = self.network(input_ids=ids, attention_mask=mask if self.masked else None)
        features = found.last_hidden_state[:, 0] if self.pooling == "first" else found.pooler_output
        return features if self.projection is None else self.projection(features)

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of the tokens, (n, t, width), as the last layer leaves them."""
        found = self.network(input_ids=ids, attention_mask=mask if self.masked else None)
        states: Tensor = found.last_hidden_state
        return states


class Unit(nn.Module):
    """A tower whose rows have length one: what is exported."""

    def __init__(self, tower: ImageTower | TextTower) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, *inputs: Tensor) -> Tensor:
        """Unit rows (n, width)."""
        return torch.nn.functional.normalize(self.tower(*inputs), dim=-1)


@dataclass(frozen=True, slots=True)
class Towers:
    """Both towers of one space.

    Attributes:
        image: The picture tower.
        text: The text tower.
        width: Columns of their vectors.
        size: Side of the pictures, pixels.
        positions: The longest text the text tower has positions for, tokens.
        words: Rows of the token embedding.
        closing: The token at which the text tower pools; None when it pools elsewhere.
        settings: What decides about the vectors beside weights: heads, activations, epsilons.
    """

    image: ImageTower
    text: TextTower
    width: int
    size: int
    positions: int
    words: int
    closing: int | None
    settings: dict[str, object]
