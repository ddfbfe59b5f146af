"""Trainable networks for texts: a random BERT with a vocabulary from the texts, or one stored somewhere."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuwen import encoders
from tuwen.encoders.inputs.tokens import Tokens
from tuwen.encoders.language import Language
from tuwen.encoders.networks.building import quiet
from tuwen.encoders.networks.pooled_text import PooledText
from tuwen.encoders.opening.spec import convert, parse
from tuwen.errors import InputError
from tuwen.files import write_json
from tuwen.training.image_networks import check_installed, without_family

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NAME = "bert"  # the random one
_READ = 1_000_000  # texts that a vocabulary is made from
_ENDING = 5  # letters of the longest ending
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_POOLINGS = {
    "cls": "pooling_mode_cls_token",
    "mean": "pooling_mode_mean_tokens",
    "max": "pooling_mode_max_tokens",
    "last": "pooling_mode_lasttoken",
}


@dataclass(frozen=True)
class TextNetwork:
    """A network that is trained, and its tokenizer.

    Attributes:
        network: Ids and mask (n, t) to (n, width).
        tokens: Texts to ids and mask.
        width: Columns of its features.
        name: As the user wrote it.
    """

    network: PooledText
    tokens: Tokens
    width: int
    name: str

    def save(self, folder: Path) -> None:
        """Write a folder that transformers and sentence-transformers open, with its pooling."""
        model: Any = self.network.network
        with quiet():
            model.save_pretrained(folder)
        (folder / "tokenizer.json").write_text(self.tokens.json, encoding="utf-8")
        recipe = self.tokens.recipe
        reading = {"max_seq_length": recipe.context, "do_lower_case": recipe.lower}
        write_json(folder / "sentence_bert_config.json", reading)
        modules = ["Transformer", "Pooling", *(["Normalize"] if self.network.unit else [])]
        places = ["", "1_Pooling", "2_Normalize"]
        for place in places[1 : len(modules)]:
            (folder / place).mkdir(exist_ok=True)
        modes = {theirs: ours == self.network.pooling for ours, theirs in _POOLINGS.items()}
        write_json(
            folder / "1_Pooling" / "config.json",
            {"word_embedding_dimension": model.config.hidden_size, **modes},
        )
        rows = [
            {"idx": at, "name": str(at), "path": place, "type": f"sentence_transformers.models.{kind}"}
            for at, (kind, place) in enumerate(zip(modules, places, strict=False))
        ]
        write_json(folder / "modules.json", rows)


def make(spec: str, texts: Sequence[str]) -> TextNetwork:
    """The network that a name means.

    Args:
        spec: `bert` for random weights and a vocabulary made from the texts (options `layers=`, `width=`,
            `heads=`, `words=`, `length=`); else a folder, a hub id or a known model, with `length=` and
            `pooling=` as options.
        texts: What a vocabulary is made from.

    Raises:
        InputError: It is none, or cannot be trained further.
        MissingExtra: transformers is not installed.
    """
    check_installed()
    parsed = parse(spec, (*encoders.names(), "hub", "modelscope"))
    if parsed.target == NAME and not parsed.family:
        with tempfile.TemporaryDirectory(prefix="tuwen-") as folder:
            _write_bert(Path(folder), texts, **convert(parsed.options, _write_bert))
            return _opened(Path(folder), spec, {})
    return _opened(encoders.located(without_family(parsed, "language"))[1], spec, parsed.options)


def _opened(path: Path, spec: str, options: dict[str, str]) -> TextNetwork:
    made = Language.open(path, **{**convert(options, Language.open), "device": "cpu", "precision": "fp32"})
    network = made.module
    if len(network.dense) or network.pooling not in _POOLINGS:
        raise InputError(
            f"{spec} pools by {network.pooling} with {len(network.dense)} layers behind; training takes "
            f"{', '.join(_POOLINGS)} without layers: name one with pooling="
        )
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    return TextNetwork(network, made.tokens, made.width, spec)


def _write_bert(
    path: Path,
    texts: Sequence[str],
    *,
    layers: int = 4,
    width: int = 256,
    heads: int = 0,
    words: int = 12000,
    length: int = 64,
) -> None:
    """A folder with a random BERT and a tokenizer made from texts."""
    import transformers

    tokenizer = vocabulary(texts, words)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads or max(1, width // 64),
        intermediate_size=4 * width,
        max_position_embeddings=length,
    )
    with quiet():
        transformers.BertModel(config, add_pooling_layer=False).save_pretrained(path)
    tokenizer.save(str(path / "tokenizer.json"))


def vocabulary(texts: Sequence[str], words: int) -> Tokenizer:
    """A WordPiece tokenizer for texts, every Chinese character a piece of its own.

    Pieces are all characters, the words that stand twice or more, the most frequent first, and the endings
    that most words share. The trainers of `tokenizers` give another vocabulary each time, and a training that
    goes on needs the same.

    Args:
        texts: What it is for.
        words: Most pieces; characters are kept even beyond.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    normalizer = normalizers.BertNormalizer(lowercase=True)
    splitter = pre_tokenizers.BertPreTokenizer()
    counts = Counter(
        word
        for text in texts[:_READ]
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text))
    )
    pieces = {piece: at for at, piece in enumerate(_pieces(counts, words))}
    tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    first, last = (tokenizer.token_to_id(word) for word in ("[CLS]", "[SEP]"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", first), ("[SEP]", last)],
    )
    return tokenizer


def _pieces(counts: Counter[str], most: int) -> list[str]:
    """Special tokens, characters, words and endings, each once."""
    letters = sorted({letter for word in counts for letter in word})
    inner = sorted({f"##{letter}" for word in counts for letter in word[1:]})
    endings = Counter(
        word[-length:] for word in counts for length in range(2, _ENDING + 1) if len(word) > length + 1
    )
    often = sorted(
        (word for word in counts if counts[word] > 1 < len(word)), key=lambda word: (-counts[word], word)
    )
    shared = sorted((one for one in endings if endings[one] > 1), key=lambda one: (-endings[one], one))
    room = max(0, most - len(_SPECIAL) - len(letters) - len(inner))
    kept = [f"##{ending}" for ending in shared[: room // 10]]
    kept = [*often[: room - len(kept)], *kept]
    return list(dict.fromkeys([*_SPECIAL, *letters, *inner, *kept]))
