"""From torch towers to ONNX graphs in float32, which every variant is made from."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen.encoders.inputs.recipe import Recipe
from tuwen.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from torch import nn

OPSET = 20
#: A protocol buffer holds 2 GB at most; larger weights go to a file beside.
_ONE_FILE = 1_900_000_000


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, notices and warnings of the exporters, which are none of the user's business.

    What goes wrong is raised. Not for threads: it sets the process's warnings, logging and stdout.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def picture_graph(tower: nn.Module, recipe: Recipe, path: Path) -> None:
    """Write the graph `pixels` (n, size, size, 3) uint8 to `vectors` (n, width), of length one."""
    import torch

    from tuwen.encoders.networks.unit import Pictures

    size = recipe.size
    example = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    free = {0: torch.export.Dim.DYNAMIC}
    _write(Pictures(tower, recipe), (example,), (free,), ["pixels"], path)


def text_graph(tower: nn.Module, recipe: Recipe, path: Path) -> None:
    """Write the graph `ids` and `mask` (n, t) int64 to `vectors` (n, width), of length one."""
    import torch

    from tuwen.encoders.networks.unit import Texts

    fixed = recipe.pad == "context"
    length = recipe.context if fixed else max(2, min(12, recipe.context - 1))
    example = torch.ones((2, length), dtype=torch.int64)
    free = {0: torch.export.Dim.DYNAMIC} | ({} if fixed else {1: torch.export.Dim.DYNAMIC})
    _write(Texts(tower), (example, example.clone()), (free, dict(free)), ["ids", "mask"], path)


def save(model: Any, path: Path) -> list[Path]:
    """Write an ONNX model, its weights in a file beside it where they are too large for one.

    Returns:
        The files, the one to load first.
    """
    import onnx

    if model.ByteSize() < _ONE_FILE:
        onnx.save(model, path)
        return [path]
    beside = path.with_name(f"{path.name}.data")
    onnx.save(model, path, save_as_external_data=True, location=beside.name, all_tensors_to_one_file=True)
    return [path, beside]


def _write(
    module: nn.Module, examples: tuple[Any, ...], free: tuple[Any, ...], names: list[str], path: Path
) -> None:
    try:
        import onnx
        import onnxscript  # noqa: F401  the exporter of torch needs it
        import torch
    except ImportError as error:
        raise MissingExtra(
            f"exporting needs {error.name}; install it with: pip install 'tuwen[export]'"
        ) from error
    try:
        with torch.no_grad():
            program = torch.onnx.export(
                module.eval(),
                examples,
                dynamo=True,
                dynamic_shapes=free,
                opset_version=OPSET,
                input_names=names,
                output_names=["vectors"],
                verbose=False,
            )
    except Exception as error:  # torch raises what it likes
        raise InputError(
            f"torch cannot export the tower of {' and '.join(names)} "
            f"({str(error).strip().splitlines()[0][:200]})"
        ) from error
    if program is None:
        raise InputError(f"torch exported nothing for the tower of {' and '.join(names)}")
    program.save(str(path), external_data=True)
    model = onnx.load(str(path), load_external_data=False)
    _clean(model)
    onnx.save(model, str(path))


def _clean(model: Any) -> None:
    """Take out what is no computation: stack traces with paths of this machine, stale shapes.

    The exporter's shapes contradict the quantised graph, which onnxruntime then refuses.
    """
    del model.graph.value_info[:]
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    for value in (*model.graph.initializer, *model.graph.input, *model.graph.output):
        del value.metadata_props[:]
        value.doc_string = ""
