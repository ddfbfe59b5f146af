"""Which array of a file is which: by the names people give them, or as the user says."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuwen.errors import InputError, unknown

#: What an array can be of pairs.
ROLES = (
    *("images", "texts", "labels", "image_ids", "text_ids", "ids"),
    *("image_of_text", "captions", "classes", "split"),
)
PARTS = {
    "train": {"train", "training", "tr", "trn"},
    "val": {"val", "valid", "validation", "dev"},
    "test": {"test", "testing", "te", "tst", "query"},
    "database": {"database", "db", "retrieval", "gallery"},
}
_IMAGE = {"i", "im", "img", "imgs", "image", "images", "picture", "pictures", "visual"}
_TEXT = {"t", "txt", "txts", "text", "texts", "tag", "tags", "sentence", "sentences"}
_LABEL = {"l", "lab", "labs", "label", "labels", "cat", "cats", "category", "categories", "gnd", "class"}
_IDS = {"id", "ids", "name", "names", "file", "files", "filename", "filenames"}
# letters that mean features only beside labels called L, as in XAll, YAll, LAll
_WEAK = {"x": "images", "v": "images", "y": "texts"}
_FILLING = {
    *("features", "feature", "feats", "feat", "fea", "vectors", "vector", "embeddings", "embedding"),
    *("emb", "deep", "data", "all"),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def roles_of(names: Iterable[str], given: dict[str, str], where: str) -> dict[str, dict[str, str]]:
    """The arrays of each part of a file: role to name, by part (empty for a file that is not cut).

    Args:
        names: Of the arrays there are.
        given: Roles that the user named. Of `I_tr_CNN`, the arrays named alike of other parts
            (`I_te_CNN`) are found by themselves.
        where: The file, with its arrays, for messages.

    Raises:
        InputError: Two arrays could be the same thing, or one the user named is not there.
    """
    names = list(names)
    roles: dict[str, dict[str, list[str]]] = {}
    for name in names:
        part, words = _taken_apart(name)
        role = _role(words)
        if role and role not in given:
            roles.setdefault(part, {}).setdefault(role, []).append(name)
    for role, named in given.items():
        if named not in names:
            raise unknown(f"array of {where}", named, names)
        for name in _alike(named, names):
            roles.setdefault(_taken_apart(name)[0], {})[role] = [name]
    return {part: _settled(part, found, where) for part, found in roles.items()}


def likely(role: str, names: Iterable[str]) -> str | None:
    """An array that may be the images, or the texts, though its name does not say so for sure."""
    known = {"images": _IMAGE, "texts": _TEXT}.get(role, set())
    fits = [name for name in names if known & set(_taken_apart(name)[1])]
    return min(fits, key=lambda name: (_taken_apart(name)[0] not in ("train", ""), len(name)), default=None)


def part_named(value: str) -> str | None:
    """The part that a word such as `tr` or `validation` means; None when it means none."""
    return next((part for part, words in PARTS.items() if value.strip().lower() in words), None)


def _taken_apart(name: str) -> tuple[str, list[str]]:
    """The part a name speaks of, and its other words."""
    words = [word.lower() for word in _WORD.findall(name.replace("DataBase", "Database"))]
    part = next((found for word in words if (found := part_named(word))), "")
    return part, [word for word in words if part_named(word) is None]


def _role(words: list[str]) -> str | None:
    match words:
        case ["image", "of", "text"] | ["image", "of", "texts"]:
            return "image_of_text"
        case ["classes"] | ["class", "names"] | ["label", "names"] | ["class", "name"]:
            return "classes"
        case ["caption"] | ["captions"]:
            return "captions"
        case ["split"] | ["part"] | ["set"] | []:
            return "split" if words else None
    words = [word for word in words if word not in _FILLING]
    match words:
        case [one]:
            for known, role in (
                (_IMAGE, "images"),
                (_TEXT, "texts"),
                (_LABEL, "labels"),
                ({"id", "ids"}, "ids"),
            ):
                if one in known:
                    return role
            return "weak " + _WEAK[one] if one in _WEAK else None
        case [one, other] if one in _IMAGE | _TEXT and other in _LABEL:
            return "labels" if one in _IMAGE else "text labels"
        case [one, other] if one in _IMAGE | _TEXT and other in _IDS:
            return "image_ids" if one in _IMAGE else "text_ids"
    return None


def _alike(named: str, names: list[str]) -> list[str]:
    """The arrays that are called as one is, but for the part they speak of."""
    part, words = _taken_apart(named)
    if not part:
        return [named]
    return [name for name in names if _taken_apart(name)[1] == words and _taken_apart(name)[0]]


def _settled(part: str, found: dict[str, list[str]], where: str) -> dict[str, str]:
    """One array for each role."""
    if "labels" in found:
        for role in ("images", "texts"):
            if f"weak {role}" in found:
                found.setdefault(role, found[f"weak {role}"])
    elif "text labels" in found:
        found["labels"] = found["text labels"]
    elif "images" in found and "classes" in found:
        found["labels"] = found.pop("classes")  # names of classes are of no use without labels
    settled = {}
    for role, candidates in found.items():
        if role not in ROLES:
            continue
        exact = [name for name in candidates if name == role] or candidates
        if len(exact) > 1:
            of = f" of part {part}" if part else ""
            raise InputError(
                f"{role}{of} could be {' or '.join(sorted(exact))} in {where}; "
                f"say which: FILE,{role}={sorted(exact)[0]}"
            )
        settled[role] = exact[0]
    return settled
