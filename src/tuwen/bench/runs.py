"""What one run of a method was and what it gave, on disk: `run.json` and `values.npz`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from tuwen.arrays import Array
from tuwen.errors import Damaged
from tuwen.files import checksum, read_arrays, read_json, write_arrays, write_json

FORMAT = 1
#: What is searched: the items of the part that is scored, the training pairs, or the data set's own.
Database = Literal["part", "train", "database"]
#: How items of the database are coded by hashing methods: from their own modality, from both, or by the
#: codes that training gave them. Others have `vectors`. Figures of different kinds are never mixed.
Codes = Literal["vectors", "modality", "fused", "training"]
#: Images asking texts, texts asking images.
Direction = Literal["i2t", "t2i"]
DIRECTIONS: tuple[Direction, Direction] = ("i2t", "t2i")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One thing to run: a method with its settings on data that are cut in one way.

    Attributes:
        data: Name of a benchmark, or a file of pairs.
        split: How it is cut; empty for its default.
        features: Which features; empty for the default.
        data_seed: Of splits that are drawn.
        method: Its name.
        params: All its parameters, `seed` among them.
        part: Which part is scored: `test`, or `val` when settings are chosen.
        database: What is searched.
        codes: How items of the database are coded.
        options: Of `similarity`, such as `{"mode": "transductive"}`.
        noise: Share of the training labels that are made wrong on purpose, drawn by the method's seed.
        text_encoder: What encodes captions where the data has no features of texts, fitted on the training
            captions alone; empty for `loading.TEXT_ENCODER`.
        tuned: How many settings were tried on the validation part to choose these; 0 when none were.
        metrics: As `metrics.named` takes them.
        ties: As `metrics.measure` takes it.
        empty: The same.
    """

    data: str
    split: str = ""
    features: str = ""
    data_seed: int = 0
    method: str
    params: dict[str, Any]
    part: Literal["test", "val"] = "test"
    database: Database = "part"
    codes: Codes = "vectors"
    options: dict[str, str] = field(default_factory=dict)
    noise: float = 0.0
    text_encoder: str = ""
    tuned: int = 0
    metrics: tuple[str, ...] = ("map",)
    ties: str = "expected"
    empty: str = "skip"

    @property
    def key(self) -> str:
        """Twelve hex digits that tell this cell from every other."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a cell gave.

    Attributes:
        cell: What was run.
        files: SHA-256 of the data files that were read, by name.
        sizes: Pairs of each part: `train`, `val`, `test`, `queries`, `items`; and `d_image`, `d_text`.
        protocols: One line a figure, by `direction/metric`: what it means.
        figures: Values, by `direction/metric`.
        chance: Values of guessing on the same labels, by `direction/metric`.
        values: Of every query, by `direction/metric`; NaN for queries that are skipped.
        curves: Precision and recall, (2, points), by direction.
        course: How training went, as `Method.course` tells it; empty for methods that know no epochs.
        fit_seconds: Of `fit`, without the loading of libraries.
        code_seconds: Of coding queries and database, or of scoring where nothing can be coded.
        peak_mb: Largest resident memory of the process, MB (2^20).
        error: Why there are no figures; empty when there are.
        notes: What a reader must know.
        about: Machine, versions, date.
    """

    cell: Cell
    files: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    protocols: dict[str, str] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    values: dict[str, Array] = field(default_factory=dict)
    curves: dict[str, Array] = field(default_factory=dict)
    course: dict[str, Any] = field(default_factory=dict)
    fit_seconds: float = 0.0
    code_seconds: float = 0.0
    peak_mb: float = 0.0
    error: str = ""
    notes: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write both files; `run.json`, last, makes them valid."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"values/{name}": values for name, values in self.values.items()}
        arrays |= {f"curve/{name}": points for name, points in self.curves.items()}
        write_arrays(folder / "values.npz", arrays)
        told = {name: getattr(self, name) for name in self.__dataclass_fields__}
        told = {name: value for name, value in told.items() if name not in ("values", "curves", "cell")}
        sha256 = checksum(folder / "values.npz")
        write_json(
            folder / "run.json", {"format": FORMAT, "cell": asdict(self.cell), **told, "sha256": sha256}
        )


def read_run(folder: Path) -> Run:
    """Read a run.

    Raises:
        Damaged: A file is missing, broken, of a newer version or of another run.
    """
    if not (folder / "run.json").is_file() or not (folder / "values.npz").is_file():
        raise Damaged(f"{folder} holds no whole run; run it again")
    told = read_json(folder / "run.json")
    if not isinstance(told, dict) or told.pop("format", None) != FORMAT:
        raise Damaged(f"{folder / 'run.json'} does not describe a run of this version; run it again")
    if told.pop("sha256", "") != checksum(folder / "values.npz"):
        raise Damaged(f"{folder / 'values.npz'} is not of the run that run.json describes; run it again")
    arrays = read_arrays(folder / "values.npz")
    try:
        cell = told.pop("cell")
        told["cell"] = Cell(**(cell | {"metrics": tuple(cell["metrics"])}))
        told["notes"] = tuple(told["notes"])
        for kind, name in (("values", "values"), ("curve", "curves")):
            told[name] = {
                key.partition("/")[2]: value for key, value in arrays.items() if key.partition("/")[0] == kind
            }
        return Run(**told)
    except (KeyError, TypeError) as error:
        raise Damaged(f"{folder / 'run.json'} does not describe a run ({error!r}); run it again") from error
