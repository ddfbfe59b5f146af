"""Tensor canonical correlation analysis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.methods.base import Paper
from tuwen.methods.linear import LinearSpace, inverse_root

_CELLS = 2**27  # of the tensor: 1 GiB


@dataclass(kw_only=True, eq=False)
class TCCA(LinearSpace):
    """Finds directions in which images, texts and labels vary together, all three at once.

    The covariance tensor of the three whitened views is approximated by `dim` products of three vectors, by
    alternating least squares, which never raises the error; pairwise correlations play no part.

    Args:
        dim: Width of the common space: products of the approximation.
        ridge: Added to the diagonal of each view's covariance.
        iterations: Rounds over the three views.
    """

    paper = Paper(
        "Tensor canonical correlation analysis for multi-view dimension reduction",
        "Luo, Tao, Ramamohanarao, Xu, Wen",
        "IEEE TKDE",
        2015,
        "https://doi.org/10.1109/TKDE.2015.2445757",
    )
    needs_labels = True

    dim: int = 8
    ridge: float = 1e-2
    iterations: int = 50

    def _solve(self, x: Array, y: Array, labels: Array) -> tuple[Array, Array]:
        cells = x.shape[1] * y.shape[1] * labels.shape[1]
        if cells > _CELLS:
            raise InputError(
                f"the covariance tensor has {cells} cells, at most {_CELLS} fit; "
                "use fewer features or classes, or gcca"
            )
        views = [x, y, labels - labels.mean(axis=0)]
        whiten = [inverse_root(view, self.ridge) for view in views]
        a, b, c = (view @ root for view, root in zip(views, whiten, strict=True))
        tensor = np.stack([(a * column[:, None]).T @ b for column in c.T], axis=2) / len(x)
        factors = self._factorise(tensor)
        u, v = factors[:2]
        # a product of three keeps its value when two change sign, but a pair's scores must agree
        signs = np.where(np.einsum("ij,ij->j", a @ u, b @ v) < 0, -1.0, 1.0)
        return whiten[0] @ u, whiten[1] @ v * signs

    def _factorise(self, tensor: Array) -> list[Array]:
        """Factors (d_v, dim) whose products of columns add up to nearly the tensor."""
        rng = np.random.default_rng(self.seed)
        factors = [rng.normal(size=(size, self.dim)) for size in tensor.shape]
        unfolded = [np.moveaxis(tensor, v, 0).reshape(tensor.shape[v], -1) for v in range(3)]
        self.errors_: list[float] = []
        for _ in range(self.iterations):
            for v in range(3):
                left, right = (factors[w] for w in range(3) if w != v)
                products = np.einsum("ik,jk->ijk", left, right).reshape(-1, self.dim)
                gram = (left.T @ left) * (right.T @ right)
                factors[v] = unfolded[v] @ products @ np.linalg.pinv(gram, hermitian=True)
                if v < 2:  # the last keeps the size
                    factors[v] /= np.maximum(np.linalg.norm(factors[v], axis=0), 1e-12)
            products = np.einsum("ik,jk->ijk", factors[0], factors[1]).reshape(-1, self.dim)
            self.errors_.append(float(((unfolded[2] - factors[2] @ products.T) ** 2).sum()))
        return factors
