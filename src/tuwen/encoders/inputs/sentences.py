"""Sentencepiece models read as they are: a small part of protobuf, and the `tokenizers` library."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuwen.errors import Damaged, InputError

_UNIGRAM = 1


@dataclass(frozen=True, slots=True)
class _Model:
    """What a tokenizer needs of a sentencepiece model."""

    pieces: list[tuple[str, float]]
    kind: int
    unknown: int
    charsmap: bytes


def tokenizer_json(kind: str, file: Path) -> str:
    """A sentencepiece model in the format of `tokenizer.json`, its closing token included.

    Args:
        kind: `altclip` (the order of XLM-RoBERTa's vocabulary) or `siglip`.
        file: spiece.model, or of another name.

    Raises:
        Damaged: It is not a sentencepiece model.
        InputError: It is of another kind than Unigram.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    model = _parse(file)
    if model.kind != _UNIGRAM:
        raise InputError(f"{file} is a byte-pair model, which is not read; put tokenizer.json beside it")
    pieces, unknown = model.pieces, model.unknown
    if kind == "altclip":
        # fairseq numbered its own special tokens before the pieces, and left the pieces' own three out
        special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
        pieces, unknown = [*special, *pieces[3:], ("<mask>", 0.0)], 3
    made = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    steps = [normalizers.Precompiled(model.charsmap)] if model.charsmap else []
    made.normalizer = normalizers.Sequence(
        [*steps, normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    words = {word: at for at, (word, _) in enumerate(pieces)}
    around = [word for word in (("<s>", "</s>") if kind == "altclip" else ("</s>",))]
    missing = [word for word in around if word not in words]
    if missing:
        raise InputError(f"{file} has no token {missing[0]}; it is not of a {kind} model")
    template = f"{around[0]} $A {around[-1]}" if len(around) > 1 else f"$A {around[0]}"
    made.post_processor = processors.TemplateProcessing(
        single=template, special_tokens=[(word, words[word]) for word in around]
    )
    return str(made.to_str())


def _parse(file: Path) -> _Model:
    """The message ModelProto of sentencepiece_model.proto, as far as it matters here."""
    data = file.read_bytes()
    pieces: list[tuple[str, float]] = []
    kind, unknown, charsmap = _UNIGRAM, 0, b""
    try:
        for field, value in _fields(data):
            if field == 1 and isinstance(value, bytes):
                pieces.append(_piece(value))
            elif field == 2 and isinstance(value, bytes):  # TrainerSpec
                inner = dict(_fields(value))
                kind, unknown = int(inner.get(3, _UNIGRAM)), int(inner.get(40, 0))
            elif field == 3 and isinstance(value, bytes):  # NormalizerSpec
                found = dict(_fields(value)).get(2, b"")
                charsmap = found if isinstance(found, bytes) else b""
    except (IndexError, ValueError, TypeError, struct.error) as error:
        raise Damaged(f"{file} is not a sentencepiece model; download it again") from error
    if not pieces:
        raise Damaged(f"{file} is not a sentencepiece model: it holds no pieces; download it again")
    return _Model(pieces, kind, unknown, charsmap)


def _piece(data: bytes) -> tuple[str, float]:
    text, score = "", 0.0
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            text = value.decode("utf-8")
        elif field == 2 and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
    return text, score


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Numbers of fields and their values: integers, or bytes for all else."""
    at = 0
    while at < len(data):
        tag, at = _number(data, at)
        kind = tag & 7
        if kind == 0:
            value, at = _number(data, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _number(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        if at + length > len(data):
            raise ValueError("a field beyond the end")
        yield tag >> 3, data[at : at + length]
        at += length


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A number of variable length and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number without end")
