"""What answers look like; OpenAPI is made of it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tuwen.serve.schemas import ItemRef, Kind


class Answer(BaseModel):
    """What every answer shares."""

    model_config = ConfigDict(extra="ignore")


class Item(Answer):
    """A stored picture or text."""

    id: str
    kind: Kind
    text: str | None = None
    name: str = Field(default="", description="Of its file.")
    entity: str
    label: str | None = None
    metadata: dict[str, Any] = {}
    missing: bool = Field(default=False, description="Whether its file has vanished.")
    picture: str | None = Field(default=None, description="Where its picture is.")
    thumbnail: str | None = None


class Hit(Item):
    """An item found."""

    rank: int
    score: float = Field(description="Cosine with the query, in [-1, 1].")
    rerank_score: float | None = None


class Found(Answer):
    """The hits of a search, best first."""

    query: str
    kind: Kind
    fits: bool | None = Field(default=None, description="Whether anything fits; null when unknown.")
    probability: float | None = Field(default=None, description="Calibrated, that something fits.")
    seconds: float
    rerank_ms: float | None = None
    unscored: list[dict[str, str]] = []
    total: int = Field(description="Items of this kind in the collection.")
    offset: int = 0
    next_offset: int | None = Field(default=None, description="Of the next page; null after the last.")
    hits: list[Hit]


class Refused(Answer):
    """An input that was not taken, and why."""

    item: str
    code: str
    reason: str


class Job(Answer):
    """Records on their way into a collection."""

    id: str
    collection: str
    state: Literal["queued", "running", "done", "failed"]
    records: int
    done: int
    items: list[ItemRef]
    refused: list[Refused]
    created: str
    finished: str | None = None
    error: str | None = None


class Jobs(Answer):
    """Jobs, newest first."""

    jobs: list[Job]


class Items(Answer):
    """A page of items."""

    total: int
    offset: int
    next_offset: int | None = None
    items: list[Item]


class LedgerLine(Refused):
    """A line of the ledger."""

    time: str | None = None


class Ledger(Answer):
    """A page of refused inputs."""

    total: int
    offset: int
    next_offset: int | None = None
    lines: list[LedgerLine]


class Member(Answer):
    """One of a group of duplicates."""

    id: str
    name: str
    text: str = ""
    bits: int = 0
    stored: bool = True


class Group(Answer):
    """Things that are the same."""

    exact: bool
    members: list[Member]


class Heat(Answer):
    """Which parts of a picture count for a question."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "rows": 2,
                    "columns": 2,
                    "values": [[1.0, 0.2], [0.0, 0.1]],
                    "how": "occlusion",
                    "score": 0.31,
                    "strength": 0.05,
                    "most": "upper left",
                }
            ]
        },
    )
    rows: int
    columns: int
    values: list[list[float]] = Field(description="From 0 to 1, row by row; zeros where no part stands out.")
    how: Literal["occlusion", "patches"]
    score: float = Field(description="Cosine of the whole picture with the question.")
    strength: float = Field(
        description="What 1 stands for: by how much the score falls when the part is covered, or by how much "
        "the patch that fits best is above the one that fits least."
    )
    most: str | None = Field(
        description="In which ninth of the picture the largest value lies; null where none stands out."
    )


class Groups(Answer):
    """A page of groups of duplicates, largest first."""

    total: int
    offset: int
    next_offset: int | None = None
    groups: list[Group]


class Removed(Answer):
    """How many items were removed."""

    removed: int


class Collection(Answer):
    """What a collection is and holds."""

    name: str
    images: int
    texts: int
    encoder: str | None = None
    modalities: list[Kind] = Field(default=[], description="What can be asked with.")
    width: int
    codes: int = 0
    metadata: list[str] = []
    rerankers: list[str] = []
    writable: bool = True


class Overview(Answer):
    """What a collection is made of."""

    counts: dict[Kind, int]
    missing: dict[Kind, int]
    labels: dict[Kind, dict[str, int]] = Field(description="Items by class, the 200 most frequent.")
    refused: dict[str, int] = Field(description="Lines of the ledger by reason.")


class Place(Answer):
    """An item on a plane."""

    id: str
    label: str | None = None
    x: float
    y: float


class Plane(Answer):
    """Items on a plane."""

    explained: float = Field(description="Share of the vectors' spread that the plane holds.")
    places: list[Place]


class Collections(Answer):
    """The collections of a server."""

    collections: list[Collection]


class Health(Answer):
    """How the server is."""

    status: Literal["live", "ready", "stopping"]


class Session(Answer):
    """What the visitor may do."""

    needs_token: bool
    scopes: list[Literal["read", "write"]]
    version: str


class ProblemBody(Answer):
    """An error."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: str
    fields: list[dict[str, str]] | None = None
