"""`tuwen export`: a collection as Parquet, or an encoder for machines without torch."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output
from tuwen.errors import InputError, UnknownName

if TYPE_CHECKING:
    from tuwen.encoders import Encoder


@click.command(
    epilog="Example:  tuwen export photos -o parquet   or   tuwen export models/cn-clip -o fast",
    short_help="Write a collection as Parquet, or an encoder for other machines.",
)
@click.argument("what", metavar="COLLECTION|ENCODER")
@click.option(
    "-o",
    "--output",
    type=_options.PATH,
    required=True,
    help="A new or empty folder, or an encoder's export to add to.",
)
@click.option(
    "--runtime", type=click.Choice(["onnx", "openvino"]), help="Encoder: what will run it.  [default: onnx]"
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "bf16", "int8"]),
    help="Encoder: size and speed against exactness.  [default: int8]",
)
@click.option(
    "--calibrate",
    type=_options.PATH,
    metavar="SOURCE",
    help="Encoder: pictures and texts like yours, for the fastest int8 of openvino.",
)
@click.option(
    "--check",
    type=_options.PATH,
    metavar="SOURCE",
    help="Encoder: compare on these pictures and texts; what is exported already is only compared.",
)
def command(
    what: str,
    output: Path,
    runtime: str | None,
    precision: str | None,
    calibrate: Path | None,
    check: Path | None,
) -> None:
    """Export a collection, or an encoder.

    A COLLECTION's items and vectors are written as Parquet files. `tuwen index NEW FOLDER` makes a
    collection of them again, without encoding anything.

    An ENCODER that torch runs is written for ONNX Runtime or OpenVINO, which need no torch and are several
    times faster on a processor: `tuwen index --encoder FOLDER`. Do it again with another runtime or
    precision to add that to the folder; the fastest that can run is then taken. How near its vectors are
    to the encoder's own is printed and kept in parity.json.
    """
    chosen = {"--runtime": runtime, "--precision": precision, "--calibrate": calibrate, "--check": check}
    if (Path(what) / "collection.json").is_file():
        if given := [name for name, value in chosen.items() if value is not None]:
            raise click.UsageError(
                f"{what} is a collection, and {' and '.join(given)} is for encoders; leave it out"
            )
        _collection(Path(what), output)
    else:
        _encoder(what, output, runtime or "onnx", precision or "int8", calibrate, check)


def _collection(path: Path, output: Path) -> None:
    for written in _options.opened(path).export(output):
        print(written)
    _output.note(f"Read it back with:  tuwen index NEW {shlex.quote(str(output))}")


def _loaded(what: str) -> Encoder:
    from tuwen import encoders

    try:
        return encoders.load(what)
    except UnknownName as error:
        if what not in str(error):
            raise  # one of its options
        raise InputError(
            f"{what} is no collection (it has no collection.json), and there is {error}"
        ) from error


def _encoder(
    what: str, output: Path, runtime: Any, precision: Any, calibrate: Path | None, check: Path | None
) -> None:
    from tuwen.exports import export_encoder

    variant, report = export_encoder(
        _loaded(what),
        output,
        runtime=runtime,
        precision=precision,
        calibrate=calibrate,
        check=check,
        say=lambda step: _output.note(f"{step} ..."),
    )
    size = sum(file.size for files in variant.towers.values() for file in files)
    _output.note(f"{output}: {variant}, {size / 1e6:,.0f} MB, beside {report['reference']}:")
    rows = [{"cosine of": f"{side}s", **report[side]} for side in ("image", "text") if side in report]
    _output.emit(rows, "auto", columns=("cosine of", "items", "minimum", "mean", "neighbours"))
    if report["inputs"] == "random":
        _output.note(
            "These were random inputs, which show that the arithmetic is right. What it costs on yours:\n"
            f"  tuwen export {shlex.quote(what)} -o {shlex.quote(str(output))} --runtime {runtime} "
            f"--precision {precision} --check SOURCE"
        )
    if variant.method == "weights":
        _output.note("Only the weights are int8; with --calibrate SOURCE it runs about twice as fast.")
