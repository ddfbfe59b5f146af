"""A text network with its pooling as one torch module: token ids to one vector a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

Pooling = Literal["cls", "mean", "max", "last", "pooler", "first_last", "last4"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)


class PooledText(nn.Module):
    """Ids and mask (n, t) int64 to vectors (n, width), not of unit length unless `unit`.

    Args:
        network: A transformers model that gives `last_hidden_state`.
        pooling: How the states of tokens become one vector: that of the first token (`cls`), their
            mean or maximum, that of the last token, the model's own `pooler`, or the mean over tokens
            of the mean of layers: the first and the last (`first_last`), or the last four (`last4`).
        dense: Layers behind the pooling.
        unit: Whether rows of length one belong to the model.
    """

    def __init__(
        self, network: nn.Module, pooling: Pooling, dense: Sequence[nn.Module] = (), *, unit: bool = False
    ) -> None:
        super().__init__()
        self.network, self.pooling, self.unit = network, pooling, unit
        self.dense = nn.Sequential(*dense)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Vectors (n, width) float32."""
        layers = self.pooling in ("first_last", "last4")
        found = self.network(input_ids=ids, attention_mask=mask, output_hidden_states=layers)
        if self.pooling == "pooler":
            pooled = found.pooler_output.float()
        else:
            states = found.last_hidden_state
            if self.pooling == "first_last":
                states = (found.hidden_states[1] + found.hidden_states[-1]) / 2
            elif self.pooling == "last4":
                states = torch.stack(found.hidden_states[-4:]).mean(dim=0)
            pooled = self._pool(states.float(), mask)
        vectors: Tensor = self.dense(pooled)
        return nn.functional.normalize(vectors, dim=-1) if self.unit else vectors

    def states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States of the tokens, (n, t, d) float32, as the last layer leaves them."""
        found: Tensor = self.network(input_ids=ids, attention_mask=mask).last_hidden_state
        return found.float()

    def _pool(self, states: Tensor, mask: Tensor) -> Tensor:
        if self.pooling == "cls":
            return states[:, 0]
        there = mask[..., None].to(states.dtype)
        if self.pooling == "last":
            place = (mask.sum(dim=1) - 1).clamp(min=0)
            return states[torch.arange(states.shape[0], device=states.device), place]
        if self.pooling == "max":
            return (states * there - 1e9 * (1 - there)).amax(dim=1)
        return (states * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
