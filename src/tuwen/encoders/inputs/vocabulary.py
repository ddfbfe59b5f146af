"""Tokenizers from the files that models come with: tokenizer.json, vocab.txt, merges.txt, sentencepiece."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuwen.encoders.inputs import sentences
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.inputs.tokens import tokenizer_from_json
from tuwen.errors import Damaged, InputError
from tuwen.files import read_json

_CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_CLIP_START, _CLIP_END = "<|startoftext|>", "<|endoftext|>"
_SENTENCES = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model")
# Chinese-CLIP's own checkpoints come without
_WHERE = {
    "chinese_clip": "; all of Chinese-CLIP read with the vocab.txt of bert-base-chinese (21,128 lines), "
    "which lies in each of its transformers folders and in the package cn_clip"
}
# what each family's tokenizer may lie in, best first
_FILES = {
    "chinese_clip": ("vocab.txt", "tokenizer.json"),
    "clip": ("tokenizer.json", "vocab.json", "bpe_simple_vocab_16e6.txt", "bpe_simple_vocab_16e6.txt.gz"),
    "altclip": ("tokenizer.json", *_SENTENCES),
    # SigLIP 2 has no spiece.model
    "siglip": ("spiece.model", "tokenizer.json", *_SENTENCES[1:]),
}


def tokenizer_json(kind: str, place: Path) -> str:
    """The tokenizer of a model, in the format of `tokenizer.json`.

    Args:
        kind: `chinese_clip`, `clip`, `altclip` or `siglip`.
        place: The folder that its files lie in, or one of them.

    Raises:
        InputError: There is none.
        Damaged: A file of it is broken.
    """
    file = place if place.is_file() else next((f for n in _FILES[kind] if (f := place / n).is_file()), None)
    if file is None:
        raise InputError(
            f"{place} has no tokenizer: put {' or '.join(_FILES[kind][:2])}, which the model came with, "
            f"there, or name it with the option vocabulary=FILE{_WHERE.get(kind, '')}"
        )
    if kind == "chinese_clip":
        return bert(_words(file), lower=_setting(file.parent, "do_lower_case", True))
    if file.name in _SENTENCES or file.suffix == ".model":
        return sentences.tokenizer_json(kind, file)
    if file.name == "vocab.json":
        merges = file.with_name("merges.txt")
        if not merges.is_file():
            raise InputError(f"{file} needs merges.txt beside it, which is not there")
        return clip(read_json(file), _merges(merges))
    if file.name.startswith("bpe_simple_vocab"):
        return _from_openai(file)
    return _closed(_text(file), file.parent)


def completed(recipe: Recipe, kind: str, text: str, folder: Path) -> Recipe:
    """The recipe with what only the tokenizer knows: what fills, and what happens to texts before it.

    Args:
        recipe: Of the family.
        kind: The family.
        text: The tokenizer, as `tokenizer_json` gives it.
        folder: Where the files of the tokenizer lie.
    """
    words = tokenizer_from_json(text)
    fill = {"chinese_clip": "[PAD]", "altclip": "<pad>", "clip": None}.get(kind, special(folder, "pad_token"))
    if kind == "siglip":
        # SigLIP 2 reads with Gemma's byte pairs, SigLIP with a Unigram model, no punctuation
        second = type(words.model).__name__ == "BPE"
        recipe = replace(recipe, punctuation=second)
        fill = fill or ("<pad>" if second else "</s>")
    return replace(recipe, pad_id=(words.token_to_id(fill) or 0) if fill else 0)


def bert(words: Mapping[str, int], *, lower: bool = True) -> str:
    """A BERT tokenizer with these words: Chinese characters apart, longest pieces first.

    Words of up to 200 characters are taken apart, as in Chinese-CLIP; transformers gives up at 100.

    Raises:
        InputError: A special token is missing.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    missing = [word for word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if word not in words]
    if missing:
        raise InputError(f"the vocabulary lacks {missing[0]}; it is not of a BERT model")
    made = Tokenizer(models.WordPiece(dict(words), unk_token="[UNK]", max_input_chars_per_word=200))  # noqa: S106
    made.normalizer = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=lower, lowercase=lower
    )
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[(word, words[word]) for word in ("[CLS]", "[SEP]")],
    )
    return str(made.to_str())


def clip(words: Mapping[str, int], merges: list[tuple[str, str]]) -> str:
    """OpenAI's byte-pair tokenizer with these words and merges.

    Raises:
        InputError: A special token is missing.
        Damaged: Words and merges do not belong together.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    missing = [word for word in (_CLIP_START, _CLIP_END) if word not in words]
    if missing:
        raise InputError(f"the vocabulary lacks {missing[0]}; it is not of a CLIP model")
    try:
        model = models.BPE(
            vocab=dict(words),
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix="</w>",
            unk_token=_CLIP_END,
        )
    except Exception as error:  # the library raises bare Exception
        raise Damaged(f"vocab.json and merges.txt do not fit together ({str(error)[:120]})") from error
    made = Tokenizer(model)
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CLIP_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.post_processor = processors.RobertaProcessing(
        (_CLIP_END, words[_CLIP_END]),
        (_CLIP_START, words[_CLIP_START]),
        trim_offsets=False,
        add_prefix_space=False,
    )
    return str(made.to_str())


def special(folder: Path, name: str) -> str | None:
    """A special token (`pad_token`) as the files of a tokenizer name it."""
    found = _setting(folder, name, None)
    if isinstance(found, dict):
        found = found.get("content")
    return found if isinstance(found, str) else None


def _setting(folder: Path, name: str, otherwise: Any) -> Any:
    for file in (folder / "tokenizer_config.json", folder / "special_tokens_map.json"):
        if file.is_file():
            content = read_json(file)
            if isinstance(content, dict) and content.get(name) is not None:
                return content[name]
    return otherwise


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Damaged(f"{file} is no UTF-8 text; download it again") from error


def _words(file: Path) -> dict[str, int]:
    """Word to id, from vocab.txt or from the model in tokenizer.json."""
    if file.suffix != ".json":
        return {word.rstrip("\r"): at for at, word in enumerate(_text(file).rstrip("\n").split("\n"))}
    content = read_json(file)
    try:
        words = dict(content["model"]["vocab"])
        words |= {str(token["content"]): int(token["id"]) for token in content.get("added_tokens", ())}
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{file} is no tokenizer.json of a BERT model") from error
    return words


def _merges(file: Path) -> list[tuple[str, str]]:
    lines = [line for line in _text(file).splitlines() if line and not line.startswith("#version")]
    pairs = [tuple(line.split(" ")) for line in lines]
    if any(len(pair) != 2 for pair in pairs):
        raise Damaged(f"{file} is no list of merges: a line has not two parts")
    return [(pair[0], pair[1]) for pair in pairs]


def _from_openai(file: Path) -> str:
    """From the merges alone, as OpenAI and open_clip ship them: the words follow from them."""
    from tokenizers import pre_tokenizers

    try:
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        lines = raw.decode("utf-8").split("\n")[1 : 49_152 - 256 - 2 + 1]
        merges = [(one, other) for one, other in (line.split() for line in lines if line)]
    except (OSError, EOFError, ValueError) as error:
        raise Damaged(f"{file} is not OpenAI's list of merges; download it again") from error
    letters = _byte_letters()
    if set(letters) != set(pre_tokenizers.ByteLevel.alphabet()):
        raise Damaged("this version of tokenizers spells bytes in another way; install another")
    words = [*letters, *(letter + "</w>" for letter in letters), *(one + other for one, other in merges)]
    words += [_CLIP_START, _CLIP_END]
    return clip({word: at for at, word in enumerate(words)}, merges)


def _byte_letters() -> list[str]:
    """The letters that stand for bytes, in the order of OpenAI's vocabulary: printable ones first."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return [chr(byte) for byte in plain] + [chr(256 + at) for at in range(len(others))]


def _closed(text: str, folder: Path) -> str:
    """The tokenizer with the first and last token that its settings ask for, where they do."""
    from tokenizers import processors

    if _setting(folder, "add_eos_token", None) is None and _setting(folder, "add_bos_token", None) is None:
        return text
    made = tokenizer_from_json(text)
    sides: dict[str, list[tuple[str, int]]] = {"bos": [], "eos": []}
    for side, found in sides.items():
        if _setting(folder, f"add_{side}_token", False):
            token = special(folder, f"{side}_token") or f"<{side}>"
            if (at := made.token_to_id(token)) is None:
                raise Damaged(f"{folder} has a tokenizer whose {side} token {token!r} it does not know")
            found.append((token, at))
    first, last = ([word for word, _ in found] for found in sides.values())
    made.post_processor = processors.TemplateProcessing(
        single=[*first, "$A", *last], special_tokens=sides["bos"] + sides["eos"]
    )
    return str(made.to_str())
