"""Named arrays of MATLAB files: version 5 by scipy, version 7.3 (HDF5) by h5py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuwen.arrays import Array
from tuwen.errors import Damaged


def read_matlab(path: Path) -> dict[str, Array]:
    """The matrices of a file as MATLAB shows them: rows first.

    Raises:
        Damaged: It is no MATLAB file, or broken.
    """
    from scipy.io import loadmat

    try:
        stored: dict[str, Any] = loadmat(path)
    except Exception as error:  # scipy raises whatever a broken file leads it to
        raise Damaged(f"{path} is not a readable MATLAB file ({error})") from error
    return {name: values for name, values in stored.items() if not name.startswith("__")}
