"""Token ids against the tokenizers that the models were trained with, and against transformers."""

import gzip
import json

import numpy as np
import pytest

pytest.importorskip("tokenizers")

import tiny_duals as tiny
from tuwen.encoders.inputs import vocabulary
from tuwen.encoders.inputs.processor import family_recipe
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.inputs.tokens import Tokens
from tuwen.errors import Damaged, InputError

TEXTS = [
    *(
        "红色的 car",
        "A red dog, running!",
        "",
        "  ",
        "don't we'LL",
        "x" * 90,
        "大" * 80,
        "e\u0301a",
        "狗\u3000狗",
    ),
    *("a\tb\nc", "🙂", "12345", "한국어", "ﬁ½", "http://x/a.jpg", "/etc/passwd"),
]


def rows(tokens, texts):
    """Ids of each text without what fills."""
    ids, mask = tokens(texts)
    return [row[:count].tolist() for row, count in zip(ids, mask.sum(axis=1), strict=True)]


@pytest.fixture
def bert():
    words = {word: at for at, word in enumerate(tiny.BERT_WORDS)}
    return Tokens(vocabulary.bert(words), family_recipe("chinese_clip", 32, 64))


def test_chinese_characters_stand_alone_and_words_fall_into_pieces(bert):
    ids, mask = bert(["红色的CAR", "cars running"])
    words = [[tiny.BERT_WORDS[at] for at in row] for row in ids]
    assert words == [
        ["[CLS]", "红", "色", "的", "car", "[SEP]"],
        ["[CLS]", "car", "##s", "running", "[SEP]", "[PAD]"],
    ]
    assert mask.tolist() == [[1] * 6, [1] * 5 + [0]]
    assert ids.dtype == mask.dtype == np.int64


def test_curly_quotes_are_straight_for_chinese_clip(bert):
    assert rows(bert, ["“狗”"]) == rows(bert, ['"狗"'])
    assert tiny.BERT_WORDS.index("[UNK]") not in rows(bert, ["“狗”"])[0]


def test_special_tokens_in_a_text_are_plain_characters(bert):
    (row,) = rows(bert, ["[SEP] a"])
    assert row.count(tiny.BERT_WORDS.index("[SEP]")) == 1


def test_words_beyond_a_hundred_letters_are_taken_apart_as_in_chinese_clip(bert):
    assert len(rows(bert, ["a" * 150])[0]) == 52
    assert rows(bert, ["a" * 201])[0][1] == tiny.BERT_WORDS.index("[UNK]")


def test_what_is_too_long_is_cut_before_its_end_and_counted(bert):
    found = rows(bert, ["大" * 50, "大" * 51, "大" * 5000])
    assert [len(row) for row in found] == [52, 52, 52]
    assert {row[-1] for row in found} == {tiny.BERT_WORDS.index("[SEP]")}
    assert bert.cut == 2


def test_an_empty_text_has_its_two_ends(bert):
    assert rows(bert, ["", "   "]) == [[2, 3], [2, 3]]


def test_no_texts_give_no_rows(bert):
    ids, mask = bert([])
    assert ids.shape == mask.shape == (0, 0)


def test_padding_to_the_context_fills_with_the_padding_token():
    words = {word: at for at, word in enumerate(tiny.BERT_WORDS)}
    tokens = Tokens(vocabulary.bert(words), Recipe(size=32, context=8, pad="context", pad_id=9))
    ids, _ = tokens(["狗"])
    assert ids.tolist() == [[2, tiny.BERT_WORDS.index("狗"), 3, 9, 9, 9, 9, 9]]


def test_a_tokenizer_saved_as_json_reads_the_same(bert):
    again = Tokens(bert.json, bert.recipe)
    assert rows(again, TEXTS) == rows(bert, TEXTS)
    assert again.size == len(tiny.BERT_WORDS)


def test_a_bert_reads_as_in_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    tiny.write_bert_words(tmp_path)
    reference = transformers.BertTokenizer.from_pretrained(tmp_path, local_files_only=True)
    text = vocabulary.tokenizer_json("chinese_clip", tmp_path)
    tokens = Tokens(text, family_recipe("chinese_clip", 32, 64))
    assert rows(tokens, TEXTS) == reference(TEXTS, max_length=52, truncation=True)["input_ids"]


@pytest.mark.parametrize("saved", [False, True])
def test_a_clip_reads_as_in_transformers(tmp_path, saved):
    transformers = pytest.importorskip("transformers")
    tiny.write_clip_words(tmp_path)
    reference = transformers.CLIPTokenizer.from_pretrained(tmp_path, local_files_only=True)
    folder = tmp_path
    if saved:  # as tokenizer.json
        reference.save_pretrained(folder := tmp_path / "saved")
    tokens = Tokens(vocabulary.tokenizer_json("clip", folder), family_recipe("clip", 32, 16))
    assert rows(tokens, TEXTS) == reference(TEXTS, max_length=16, truncation=True)["input_ids"]


def test_openais_list_of_merges_gives_openais_ids(tmp_path):
    lines = ["#version", "r e", "re d</w>"]
    (tmp_path / "bpe_simple_vocab_16e6.txt.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    text = vocabulary.tokenizer_json("clip", tmp_path)
    tokens = Tokens(text, family_recipe("clip", 32, 16))
    # 256 letters, the same at the end of a word, merges, then both ends: "!" is the first letter
    assert rows(tokens, ["!", "red", "re"]) == [[514, 256, 515], [514, 513, 515], [514, 81, 324, 515]]


@pytest.mark.parametrize("kind", ["siglip", "altclip"])
def test_a_sentencepiece_model_reads_as_in_transformers(tmp_path, kind):
    transformers, sentencepiece = pytest.importorskip("transformers"), pytest.importorskip("sentencepiece")
    (tmp_path / "text").write_text("\n".join([*TEXTS, *tiny.TEXTS, "two dogs run in the snow"] * 9))
    own = {"pad_id": -1, "bos_id": -1, "eos_id": 1, "unk_id": 0} if kind == "siglip" else {}
    name = {"siglip": "spiece", "altclip": "sentencepiece.bpe"}[kind]
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "text"), model_prefix=str(tmp_path / name), vocab_size=64,
        hard_vocab_limit=False, model_type="unigram", minloglevel=2, **own,
    )  # fmt: skip
    if kind == "siglip":
        reference = transformers.SiglipTokenizer(str(tmp_path / "spiece.model"))
    else:
        reference = transformers.XLMRobertaTokenizer.from_pretrained(tmp_path, local_files_only=True)
    text = vocabulary.tokenizer_json(kind, tmp_path)
    recipe = vocabulary.completed(family_recipe(kind, 32, 20), kind, text, tmp_path)
    padded = {"padding": "max_length"} if kind == "siglip" else {}
    expected = reference(TEXTS, max_length=20, truncation=True, **padded)["input_ids"]
    tokens = Tokens(text, recipe)
    found = tokens(TEXTS)[0].tolist() if kind == "siglip" else rows(tokens, TEXTS)
    assert found == expected


def test_settings_beside_a_tokenizer_say_how_a_text_ends(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    tiny.siglip_folder(tmp_path, second=True)
    text = vocabulary.tokenizer_json("siglip", tmp_path)
    recipe = vocabulary.completed(family_recipe("siglip", 32, 6), "siglip", text, tmp_path)
    ids, _ = Tokens(text, recipe)(["Aa!"])
    letters = json.loads(text)["model"]["vocab"]
    assert ids.tolist() == [[letters["a"], letters["a"], letters["!"], letters["<eos>"], 0, 0]]


# ---- what is wrong, and what to do


def test_no_tokenizer_is_asked_for(tmp_path):
    with pytest.raises(InputError, match=r"put vocab\.txt or tokenizer\.json, which"):
        vocabulary.tokenizer_json("chinese_clip", tmp_path)


def test_a_vocabulary_of_another_family_is_refused(tmp_path):
    (tmp_path / "vocab.txt").write_text("a\nb\n")
    with pytest.raises(InputError, match=r"lacks \[PAD\]"):
        vocabulary.tokenizer_json("chinese_clip", tmp_path)
    (tmp_path / "vocab.json").write_text('{"a": 0}')
    with pytest.raises(InputError, match=r"merges\.txt beside it"):
        vocabulary.tokenizer_json("clip", tmp_path)
    (tmp_path / "merges.txt").write_text("#version\n")
    with pytest.raises(InputError, match="startoftext"):
        vocabulary.tokenizer_json("clip", tmp_path)


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("clip", "tokenizer.json", b"{"),
        ("clip", "tokenizer.json", b'{"model": 3}'),
        ("clip", "tokenizer.json", b"\xff\xfe"),
        ("chinese_clip", "tokenizer.json", b"{}"),
        ("chinese_clip", "vocab.txt", b"\xff\xfe"),
        ("siglip", "spiece.model", b"not a model"),
        ("siglip", "spiece.model", b""),
        ("clip", "bpe_simple_vocab_16e6.txt.gz", b"not gzip"),
    ],
)
def test_a_broken_tokenizer_is_damaged(tmp_path, kind, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Damaged):
        Tokens(vocabulary.tokenizer_json(kind, tmp_path), Recipe(size=1))


def test_merges_that_do_not_fit_the_words_are_damaged(tmp_path):
    tiny.write_clip_words(tmp_path)
    (tmp_path / "merges.txt").write_text("#version\nq z\n")
    with pytest.raises(Damaged, match="do not fit together"):
        vocabulary.tokenizer_json("clip", tmp_path)
