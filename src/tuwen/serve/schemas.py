"""What requests look like, with bounds and examples; OpenAPI is made of it."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tuwen import filters
from tuwen.errors import InputError
from tuwen.filters.nodes import names_in

Kind = Literal["image", "text"]
MAX_K = 1000
MAX_OFFSET = 100_000
MAX_QUERIES = 10_000
MAX_RECORDS = 10_000
HIDDEN = ("path", "source")  # a filter on them would tell, letter by letter, where files lie on the server


def _words(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text may not hold the character NUL")
    return text


def _metadata(values: dict[str, Any]) -> dict[str, Any]:
    """JSON values that a table can keep: names and numbers of sane size, nothing nested without end."""
    pending: list[tuple[Any, int]] = [(values, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > 5:
            raise ValueError("metadata is nested too deep")
        if isinstance(value, dict):
            if any(not name or len(name) > 100 or "\0" in name for name in value):
                raise ValueError("names of metadata have 1 to 100 characters")
            pending += [(inner, depth + 1) for inner in (*value, *value.values())]
        elif isinstance(value, list):
            pending += [(inner, depth + 1) for inner in value]
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("metadata holds a number that is not finite")
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ValueError("metadata holds a number of more than 64 bits")
        elif isinstance(value, str):
            value.encode("utf-8")  # half a character raises, as a ValueError
            _words(value)
    if len(json.dumps(values)) > 16_384:
        raise ValueError("metadata is larger than 16 KB")
    return values


def _visible(where: str) -> str:
    try:
        root = filters.parse(where).root
    except InputError:
        return where  # the engine says what is wrong with it, and at which place
    for name in names_in(root):
        if not name.metadata and name.text in HIDDEN:
            raise ValueError(
                f"{name.text} is no column here; for a name of metadata write metadata.{name.text}"
            )
    return where


Words = Annotated[str, StringConstraints(max_length=4000), AfterValidator(_words)]
Where = Annotated[Words, AfterValidator(_visible)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_words)]
Label = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_words)]
Text = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(_words)]
Metadata = Annotated[dict[str, Any], AfterValidator(_metadata)]
Base64 = Annotated[str, StringConstraints(max_length=200_000_000)]


class Model(BaseModel):
    """What every request shares: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _few(cls, values: Any) -> Any:
        """One error where many fields are unknown: making one for each of thousands takes seconds."""
        if isinstance(values, dict) and len(values) > len(cls.model_fields):
            raise ValueError(f"{len(values)} fields are given, and {len(cls.model_fields)} are known here")
        return values


class ItemRef(Model):
    """A stored item."""

    kind: Kind = Field(examples=["image"])
    id: Id = Field(examples=["harbour"])


class QueryPart(Model):
    """One part of a query: exactly one of `text`, `item`, `image` and `upload`."""

    text: Words | None = Field(default=None, examples=["红色的船"])
    item: ItemRef | None = None
    image: Base64 | None = Field(default=None, description="A picture: base64, or a data: address.")
    upload: Annotated[int, Field(ge=0, le=15)] | None = Field(
        default=None, description="The number of a file of the same multipart request, from 0."
    )
    weight: float = Field(default=1.0, ge=-100, le=100, description="Below zero for what is not wanted.")


class Reranked(Model):
    """A second stage that scores the first hits again."""

    rerank: Words | None = Field(default=None, description="The name of a second stage that the server has.")
    depth: int = Field(default=100, ge=1, le=MAX_K, description="Hits that the second stage scores.")
    rerank_weight: float | None = Field(default=None, ge=0, le=1000)


class Asked(Model):
    """A question: words, parts with weights, or both together."""

    query: Words | None = Field(
        default=None,
        description="Words; `-word` is not wanted, `word^2` counts twice, quotes join words.",
    )
    parts: list[QueryPart] = Field(default_factory=list, max_length=16)


class Search(Asked, Reranked):
    """A question, what is looked for and how."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"query": "海边的狗 -人", "k": 5},
                {
                    "parts": [
                        {"item": {"kind": "image", "id": "harbour"}},
                        {"text": "at night", "weight": 0.5},
                        {"text": "people", "weight": -1},
                    ],
                    "where": "year >= 2020",
                },
            ]
        },
    )
    kind: Kind = Field(default="image", description="What to look for.")
    k: int = Field(default=10, ge=1, le=MAX_K)
    offset: int = Field(default=0, ge=0, le=MAX_OFFSET)
    min_score: float | None = Field(default=None, ge=-1, le=1)
    where: Where | None = Field(default=None, description="A filter: year >= 2020 and label = 'sports'.")
    hybrid: bool = Field(default=False, description="Join the words' own full-text matches.")
    group: bool = Field(default=False, description="One hit an entity.")
    diversity: float = Field(default=0.0, ge=0, le=1)
    exact: bool = Field(default=False, description="Compare with every item, without an index.")
    codes: bool = Field(default=False, description="Find by hash codes, then order by vectors.")


class HeatOf(Asked):
    """A stored picture and a question for which its parts count."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={"examples": [{"item": "harbour", "query": "a red boat -people"}]},
    )
    item: Id = Field(description="The id of the picture.")
    how: Literal["auto", "occlusion", "patches"] = Field(
        default="auto", description="`auto` takes patches where they are exact, else occlusion."
    )


class MatchQuery(Model):
    """One of many queries: a text or a stored item."""

    id: Id | None = Field(default=None, description="Its name in the answer; its number when there is none.")
    text: Words | None = None
    item: ItemRef | None = None


class MatchOptions(Reranked):
    """How many questions are answered at once."""

    kind: Kind = Field(default="image", description="What to look for.")
    k: int = Field(default=5, ge=1, le=MAX_K)
    probability: bool = False
    temperature: float = Field(default=0.01, gt=0.0001, le=100)
    approximate: bool = False
    details: bool = Field(default=False, description="With the name and the text of each item found.")
    pairs: Literal["mutual", "optimal"] | None = Field(
        default=None,
        description="Pair them one to one as well: those that are each other's best, or so that the sum of "
        "scores is the largest.",
    )


class MatchPictures(MatchOptions):
    """How many pictures at once are answered."""

    kind: Kind = Field(default="text", description="What to look for.")


class Match(MatchOptions):
    """Many questions at once."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [{"queries": [{"id": "q1", "text": "a red boat"}, {"text": "一条狗"}], "k": 3}]
        },
    )
    queries: list[MatchQuery] = Field(min_length=1, max_length=MAX_QUERIES)


class NewPicture(Model):
    """A picture to add."""

    id: Id | None = None
    name: Words = Field(default="picture", description="Of its file, for messages.")
    data: Base64 = Field(description="Base64, or a data: address.")


class NewText(Model):
    """A text to add."""

    id: Id | None = None
    text: Text


class NewRecord(Model):
    """Pictures and texts about one thing."""

    entity: Id | None = None
    images: list[NewPicture] = Field(default_factory=list, max_length=64)
    texts: list[NewText] = Field(default_factory=list, max_length=64)
    label: Label | None = None
    metadata: Metadata = Field(default_factory=dict)


class NewRecords(Model):
    """Records to add."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"records": [{"texts": [{"id": "note-1", "text": "a red boat"}], "metadata": {"year": 2024}}]}
            ]
        },
    )
    records: list[NewRecord] = Field(min_length=1, max_length=MAX_RECORDS)


class Changes(Model):
    """What to change of an item; metadata is merged, and null removes a name."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"label": "boats", "metadata": {"year": 2024}}]}
    )
    label: Label | None = None
    entity: Id | None = None
    text: Text | None = Field(default=None, description="New words of a text; they are encoded.")
    metadata: Metadata | None = None


class Ids(Model):
    """Items to remove."""

    ids: list[Id] = Field(min_length=1, max_length=MAX_RECORDS)


class Login(Model):
    """A token, to be kept in a cookie that scripts cannot read."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)]
