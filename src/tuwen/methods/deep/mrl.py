"""MRL: cross-modal retrieval with noisy labels."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional

from tuwen.methods.base import Paper
from tuwen.methods.layers import contrast, mlp, prototypes
from tuwen.methods.network import Batch
from tuwen.methods.towers import NetworkSpace


@dataclass(kw_only=True, eq=False)
class MRL(NetworkSpace):
    """Learns from labels of which many are wrong: away from wrong classes, and pairs against all others.

    Lowers clustering * mean over the classes c that an item does not have of -log(1 - p_c), plus
    (1 - clustering) * contrast of the pairs, where p is the softmax of cosines with unit prototypes at
    `temperature`. What is said of the classes that an item does not have is rarely wrong.
    Differs from the paper: the form of the clustering term is re-derived.

    Args:
        dim: Width of the common space.
        clustering: Weight of the prototypes, against that of the contrast.
        temperature: Of both softmaxes.
    """

    paper = Paper(
        "Learning Cross-Modal Retrieval With Noisy Labels",
        "Hu, Peng, Zhu, Zhen, Lin",
        "CVPR",
        2021,
        "https://doi.org/10.1109/CVPR46437.2021.00536",
    )
    needs_labels = True

    epochs: int = 30
    batch_size: int = 100
    learning_rate: float = 1e-4
    dim: int = 512
    hidden: int = 1024
    clustering: float = 0.7
    temperature: float = 0.2

    def _build(self, d_image: int, d_text: int, n_classes: int) -> nn.Module:
        widths = {"image": d_image, "text": d_text}
        towers = {name: mlp(width, self.hidden, self.hidden, self.dim) for name, width in widths.items()}
        return nn.ModuleDict(towers | {"prototypes": prototypes(self.dim, n_classes)})

    def _loss(self, u: Tensor, v: Tensor, batch: Batch) -> Tensor:
        u, v = functional.normalize(u), functional.normalize(v)
        unit = functional.normalize(self.net_["prototypes"].weight)
        strange = 1 - batch.labels.clamp(max=1)
        left = [
            (1 - functional.softmax(code @ unit.T / self.temperature, dim=1)).clamp(min=1e-6).log()
            for code in (u, v)
        ]
        count = strange.sum(dim=1).clamp(min=1)
        away = -sum((strange * part).sum(dim=1).div(count).mean() for part in left)
        return self.clustering * away + (1 - self.clustering) * contrast(u, v, self.temperature)
