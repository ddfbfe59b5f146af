"""Small sides with known vectors, for tests of the steps of resolving."""

import numpy as np

from tuwen.arrays import unit_rows
from tuwen.resolve.base import Side


def side(vectors, *, kind="text", name="side", ids=None, contents=None, **more):
    """A side of some vectors; ids are a, b, c, … and contents the ids."""
    vectors = unit_rows(np.asarray(vectors, dtype=np.float32))
    ids = ids or [chr(ord("a") + row) for row in range(len(vectors))]
    return Side(name=name, kind=kind, ids=ids, contents=contents or list(ids), vectors=vectors, **more)


def pairs_of(candidates):
    """The pairs of rows, in order."""
    return list(zip(candidates.left.tolist(), candidates.right.tolist(), strict=True))


def noisy(count, width=16, noise=0.3, seed=0):
    """Two sides whose rows of equal number are of one entity."""
    random = np.random.default_rng(seed)
    true = random.normal(size=(count, width))
    names = [f"n{row:03}" for row in range(count)]
    made = [unit_rows(true + noise * random.normal(size=true.shape)) for _ in range(2)]
    return (
        side(made[0], kind="image", name="left", ids=names, contents=["x"] * count),
        side(made[1], kind="text", name="right", ids=names, contents=["y"] * count),
    )
