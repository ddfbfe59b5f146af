"""The matrix product behind bulk matching."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from tuwen.arrays import Array

Product = Callable[[Array, Array, Array], None]

# Below these sizes the kernels sum in another order, and equal rows would no longer score alike.
MIN_ROWS, MIN_COLUMNS = 2, 128


def product() -> Product:
    """A function `(queries (m, d), items (n, d), out (m, n))`, contiguous float32, for one thread.

    Equal rows get equal scores wherever they stand in a block, as long as m and n keep to the minima
    above. It is onnxruntime's and not numpy's because the OpenBLAS in numpy's wheels does not keep that
    promise, and knows fewer processors: 115 GFLOP/s a core against 185 on a Zen 4.
    """
    session = _session()
    binding = session.io_binding()

    def multiply(queries: Array, items: Array, out: Array) -> None:
        binding.bind_input("a", "cpu", 0, np.float32, queries.shape, queries.ctypes.data)
        binding.bind_input("b", "cpu", 0, np.float32, items.shape, items.ctypes.data)
        binding.bind_output("c", "cpu", 0, np.float32, out.shape, out.ctypes.data)
        session.run_with_iobinding(binding)

    return multiply


@cache
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])


def _model() -> bytes:
    """An ONNX model `c = a bᵀ`, written field by field so that the onnx package is not needed."""
    matrix = _field(2, _field(1, _field(1, 1) + _field(2, _field(1, b"") + _field(1, b""))))
    transposed = _field(1, b"transB") + _field(3, 1) + _field(20, 2)
    node = _field(1, b"a") + _field(1, b"b") + _field(2, b"c") + _field(4, b"Gemm") + _field(5, transposed)
    ends = b"".join(
        _field(number, _field(1, name) + matrix) for number, name in ((11, b"a"), (11, b"b"), (12, b"c"))
    )
    graph = _field(1, node) + _field(2, b"product") + ends
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))


def _field(number: int, value: int | bytes) -> bytes:
    """A protobuf field: a tag, then a number, or a length and bytes."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit says that more follow."""
    if value < 128:
        return bytes([value])
    return bytes([value & 127 | 128]) + _varint(value >> 7)
