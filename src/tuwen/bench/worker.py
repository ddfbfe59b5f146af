"""One cell in a process of its own: `python -m tuwen.bench.worker JOB.json`."""

from __future__ import annotations

import sys
import warnings
from dataclasses import asdict
from inspect import signature
from pathlib import Path
from typing import Any

from tuwen import machine, methods
from tuwen.bench.loading import Material, prepare
from tuwen.bench.runs import Cell, Run
from tuwen.bench.scoring import score
from tuwen.bench.timing import Stopwatch
from tuwen.bench.twostage import second_of
from tuwen.errors import InputError, TuwenError
from tuwen.files import read_json
from tuwen.methods import Method


def run_cell(cell: Cell, *, data_root: Path | None = None, cache: Path | None = None) -> Run:
    """Fit a method and measure it, in this process; what goes wrong becomes the run's `error`.

    Args:
        cell: What is run.
        data_root: The folder that holds a folder for each benchmark.
        cache: A folder that keeps features of captions between runs.
    """
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            told = _run(cell, data_root, cache)
        except Exception as error:  # one cell that fails must not take the others with it
            return failed(cell, error)
    notes = dict.fromkeys(f"warned: {' '.join(str(one.message).split())}" for one in warned)
    return Run(cell=cell, **(told | {"notes": (*told["notes"], *notes)}))


def failed(cell: Cell, error: BaseException) -> Run:
    """The run of a cell that has no figures, with its reason in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        text = f"not enough memory{f': {text}' if text else ''}"
    elif not isinstance(error, TuwenError | OSError):
        text = f"{type(error).__name__}: {text}"
    return Run(cell=cell, error=text or type(error).__name__, about=machine.about())


def _run(cell: Cell, data_root: Path | None, cache: Path | None) -> dict[str, Any]:
    method = methods.find(cell.method)(**cell.params)
    material = prepare(cell, data_root=data_root, cache=cache)
    if method.needs_labels and material.train.labels is None:
        raise InputError(f"{cell.method} learns from class labels, and {cell.data} has none; leave it out")
    if method.takes_sets and material.train.features[0].ndim == 2:
        raise InputError(
            f"{cell.method} compares parts, and {cell.data} has one vector an image here; take features of "
            "parts (--features regions, or a file of shape (n, parts, d)), or leave it out"
        )
    held = machine.held_mb()
    again = second_of(cell.options, int(cell.params.get("seed", 0)))
    fit_seconds = _fit(method, material)
    if again is not None and not again[1]:
        fit_seconds += _fit(again[0], material)
    fitted = machine.peak_mb()
    scored = score(cell, method, material, None if again is None else again[0])
    peak = machine.peak_mb()
    more = {"data_mb": round(held, 1), "fit_peak_mb": round(fitted, 1)}
    return {
        "files": material.files,
        "sizes": material.sizes,
        **{name: getattr(scored, name) for name in scored.__dataclass_fields__},
        "course": method.course,
        "fit_seconds": fit_seconds,
        "peak_mb": round(peak, 1),
        "notes": (*material.notes, *scored.notes, *_faults(method.course)),
        "about": machine.about() | more,
    }


def _faults(course: dict[str, Any]) -> list[str]:
    """That training ended because it could not go on, not because it was done."""
    why = course.get("stopped", "")
    return (
        [f"training ended at epoch {len(course['loss']) + 1}: {why}"]
        if why and "no better" not in why
        else []
    )


def _fit(method: Method, material: Material) -> float:
    train, more = material.train, dict[str, Any]()
    if "image_of_text" in signature(method.fit).parameters and train.matches is None:
        # sets of parts are large: an image stands once, not once for every text
        (images, texts), labels = train.features, train.text_labels
        more["image_of_text"] = train.image_of_text
    else:
        images, texts, labels = train.aligned
    if material.held_out is not None:  # only of methods that validate
        more["validation"] = material.held_out.aligned
    with Stopwatch() as watch:
        method.fit(images, texts, labels, **more)
    return watch.seconds


def main() -> None:
    """Read a job, run its cell, write the run where the job says."""
    job = read_json(Path(sys.argv[1]))
    root, cell = job["data_root"], job["cell"]
    cell = Cell(**(cell | {"metrics": tuple(cell["metrics"])}))
    run = run_cell(cell, data_root=Path(root) if root else None, cache=Path(job["cache"]))
    run.write(Path(job["folder"]))


def job_of(cell: Cell, folder: Path, cache: Path, data_root: Path | None) -> dict[str, Any]:
    """What `main` reads."""
    return {
        "cell": asdict(cell),
        "folder": str(folder),
        "cache": str(cache),
        "data_root": str(data_root) if data_root is not None else "",
    }


if __name__ == "__main__":
    main()
