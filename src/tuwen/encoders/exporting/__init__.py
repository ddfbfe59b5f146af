"""Encoders that torch runs, written for runtimes that need no torch."""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from tuwen.arrays import Array
from tuwen.encoders.base import Encoder, Source
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.runtimes import PRECISIONS, RUNTIMES, Precision, Runtime, bundle
from tuwen.errors import InputError, unknown
from tuwen.files import write_json

if TYPE_CHECKING:
    from torch import nn

__all__ = ["check", "export", "made"]

#: So many random pictures and texts are compared where none are given.
RANDOM = 32
_PARITY = "parity.json"
_WORK = ".exporting-"
Say = Callable[[str], None]


def export(
    encoder: Encoder,
    folder: Path,
    *,
    runtime: Runtime = "onnx",
    precision: Precision = "int8",
    images: Sequence[Source] = (),
    texts: Sequence[str] = (),
    say: Say = lambda _: None,
) -> bundle.Variant:
    """Write the towers of an encoder for a runtime into a folder, beside the variants that it has.

    `check` then compares them with the source.

    Args:
        encoder: With towers: `clip`, `vision` or `language`.
        folder: A new folder, an empty one, or one that this encoder was exported to before.
        runtime: `onnx` or `openvino`.
        precision: `fp32`; `bf16`, half the size; or `int8`, a quarter.
        images: Pictures to calibrate int8 of OpenVINO with; without any, only its weights become int8.
        texts: Texts to calibrate with.
        say: Called with what is done next.

    Raises:
        InputError: It has no towers, they are not float32, or the folder holds something else.
        MissingExtra: torch, onnx, openvino or nncf is not installed.
    """
    for kind, value, known in (("runtime", runtime, RUNTIMES), ("precision", precision, PRECISIONS)):
        if value not in known:
            raise unknown(kind, value, known)
    towers = _towers(encoder)
    recipe: Recipe = getattr(encoder, "recipe", None) or encoder.tokens.recipe  # type: ignore[attr-defined]
    before = made(folder, encoder)
    folder.mkdir(parents=True, exist_ok=True)
    calibrating = runtime == "openvino" and precision == "int8"
    samples = _samples(encoder, recipe, images, texts) if calibrating else {}
    method = ""
    if precision == "int8":
        method = "dynamic" if runtime == "onnx" else "calibrated" if any(samples.values()) else "weights"
    if method == "calibrated" and (lacking := [side for side in towers if not samples.get(side)]):
        raise InputError(
            f"calibrating needs {' and '.join(f'{side}s' for side in towers)}, "
            f"and there are no {lacking[0]}s; name a source that has them, or leave the calibration out"
        )
    files = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix=_WORK) as temporary:
        for side, tower in towers.items():
            say(f"exporting the {side} tower")
            written = _write(side, tower, recipe, Path(temporary), runtime, precision, samples.get(side, []))
            for path in written:
                path.replace(folder / path.name)
            files[side] = [bundle.File.of(folder / path.name) for path in written]
    variant = bundle.Variant(runtime, precision, method, files)
    _enter(folder, encoder, recipe, variant, before)
    return variant


def check(
    encoder: Encoder,
    folder: Path,
    variant: bundle.Variant,
    *,
    images: Sequence[Source] = (),
    texts: Sequence[str] = (),
    origin: str = "",
) -> dict[str, Any]:
    """Compare a variant with its source, item by item, and keep the result in the folder.

    Args:
        encoder: The source.
        folder: Where it was exported to.
        variant: Which one.
        images: Pictures; without any pictures and texts, both are made by chance.
        texts: Texts.
        origin: What pictures and texts are, for the report.

    Returns:
        `inputs`, what was compared; `reference`, what computed the source's vectors; and for `image` and
        `text` the number of items, minimum and mean of their cosines, and the share of equal neighbours.
    """
    from tuwen.encoders.exported import Exported
    from tuwen.encoders.exporting import parity, samples

    if not images and not texts:
        origin = "random"
        images = samples.pictures(RANDOM) if "image" in encoder.modalities else []
        if "text" in encoder.modalities:
            texts = samples.texts(RANDOM, encoder.tokens)  # type: ignore[attr-defined]
    exported = Exported.open(folder, runtime=variant.runtime, precision=variant.precision)
    found = {
        "inputs": origin,
        "reference": encoder.runtime,
        **parity.compare(encoder, exported, images, texts),
    }
    about = bundle.read(folder)
    same = (variant.runtime, variant.precision)
    variants = [
        replace(one, parity=found) if (one.runtime, one.precision) == same else one for one in about.variants
    ]
    bundle.write(folder, replace(about, variants=variants))
    write_json(folder / _PARITY, {f"{one.runtime} {one.precision}": one.parity for one in variants})
    return found


def made(folder: Path, encoder: Encoder) -> bundle.Bundle | None:
    """What this encoder was exported to a folder before; None for a new or empty folder.

    Raises:
        InputError: The folder holds another encoder, or something else.
    """
    if not (folder / bundle.MANIFEST).is_file():
        # what a killed export leaves behind is in nobody's way
        holds = folder.is_dir() and any(not path.name.startswith(_WORK) for path in folder.iterdir())
        if folder.is_file() or holds:
            raise InputError(f"{folder} holds something else; name a new or an empty folder")
        return None
    about = bundle.read(folder)
    if about.fingerprint != encoder.fingerprint:
        raise InputError(
            f"{folder} holds {about.source}, which is another encoder "
            f"({about.fingerprint[:16]}, not {encoder.fingerprint[:16]}); name a new folder"
        )
    return about


def _towers(encoder: Encoder) -> dict[str, nn.Module]:
    """The towers that there are, by side, for the processor in float32."""
    if not hasattr(encoder, "towers"):
        raise InputError(
            f"{encoder.name} has no network to export; encoders run by torch have: clip, vision, language"
        )
    import torch

    pair = dict(zip(("image", "text"), encoder.towers(), strict=True))
    found = {}
    for side, tower in pair.items():
        if tower is None:
            continue
        weights = next((one for one in tower.parameters() if one.is_floating_point()), None)
        if weights is not None and weights.dtype != torch.float32:
            raise InputError(
                f"{encoder.name} was opened in {str(weights.dtype).removeprefix('torch.')}, and exporting "
                "starts from fp32; write ,precision=fp32 behind its name"
            )
        on_processor = weights is None or weights.device.type == "cpu"
        found[side] = tower if on_processor else copy.deepcopy(tower).cpu()
    return found


def _write(
    side: str,
    tower: nn.Module,
    recipe: Recipe,
    temporary: Path,
    runtime: str,
    precision: str,
    samples: Sequence[Mapping[str, Array]],
) -> list[Path]:
    """The files of one tower, in a temporary folder, under their names."""
    from tuwen.encoders.exporting import graphs

    work = temporary / side
    work.mkdir()
    graph = work / "graph.onnx"
    with graphs.quiet():
        if side == "image":
            graphs.picture_graph(tower, recipe, graph)
        else:
            graphs.text_graph(tower, recipe, graph)
        if runtime == "onnx":
            from tuwen.encoders.exporting import onnx

            written = onnx.write(graph, temporary / f"{side}-onnx-{precision}.onnx", precision)
        else:
            from tuwen.encoders.exporting import openvino

            target = temporary / f"{side}-openvino-{precision}.xml"
            written = openvino.write(graph, target, precision, samples)
    shutil.rmtree(work)
    return written


def _samples(
    encoder: Encoder, recipe: Recipe, images: Sequence[Source], texts: Sequence[str]
) -> dict[str, list[dict[str, Array]]]:
    """Inputs of the towers, one item each, to calibrate with."""
    found: dict[str, list[dict[str, Array]]] = {}
    if "image" in encoder.modalities:
        found["image"] = [{"pixels": encoder.prepare(image)[None]} for image in images]
    if "text" in encoder.modalities:
        # a text at a time: padding would count as activations
        pairs = [encoder.tokens([text]) for text in texts]  # type: ignore[attr-defined]
        found["text"] = [{"ids": ids, "mask": mask} for ids, mask in pairs if ids.shape[1]]
    return found


def _enter(
    folder: Path, encoder: Encoder, recipe: Recipe, variant: bundle.Variant, before: bundle.Bundle | None
) -> None:
    """Name the variant in the folder's manifest; its files are there already."""
    tokenizer = None
    if "text" in encoder.modalities:
        path = folder / bundle.TOKENIZER
        path.write_text(encoder.tokens.json, encoding="utf-8")  # type: ignore[attr-defined]
        tokenizer = bundle.File.of(path)
    kept = [] if before is None else before.variants
    others = [one for one in kept if (one.runtime, one.precision) != (variant.runtime, variant.precision)]
    about = bundle.Bundle(
        # the name alone: paths of this machine are nobody's business
        source=PurePath(encoder.name.partition(",")[0]).name,
        fingerprint=encoder.fingerprint,
        width=encoder.width,
        modalities=sorted(encoder.modalities),
        languages=list(encoder.languages),
        parameters=encoder.parameters,
        recipe=recipe.to_dict(),
        tokenizer=tokenizer,
        variants=[*others, variant],
    )
    bundle.write(folder, about)
