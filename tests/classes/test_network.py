"""A text network with a layer of classes: pooling, empty texts, and what a broken folder says."""

import json

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes.network import Network, _pooled
from tuwen.errors import Damaged, InputError
from tuwen.saved import Saved, write

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "red", "blue", "红"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A random BERT of one layer that reads three words, with a layer of two classes."""
    import transformers
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("network")
    size = {"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = transformers.BertConfig(**size, intermediate_size=16, max_position_embeddings=8)
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(folder / "text")
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "text" / "tokenizer.json"))
    random = np.random.default_rng(0)
    state = {"classes_": ["a", "b"], "weights_": random.normal(size=(8, 2)), "bias_": np.array([0.1, -0.1])}
    write(folder, Saved("network", {"pooling": "mean", "context": 8}, state), "classes")
    return folder


STATES = np.arange(24, dtype=float).reshape(2, 3, 4)
MASK = np.array([[1, 1, 0], [1, 1, 1]])


@pytest.mark.parametrize(("pooling", "expected"), [
    ("cls", [[0, 1, 2, 3], [12, 13, 14, 15]]),
    ("last", [[4, 5, 6, 7], [20, 21, 22, 23]]),
    ("max", [[4, 5, 6, 7], [20, 21, 22, 23]]),
    ("mean", [[2, 3, 4, 5], [16, 17, 18, 19]]),
])  # fmt: skip
def test_padding_does_not_count(pooling, expected):
    np.testing.assert_array_equal(_pooled(STATES, MASK, pooling), expected)


def test_batches_and_company_change_nothing(folder):
    network = classes.load(folder)
    texts = ["red blue red blue", "红", "red", "", "blue red blue red blue red blue red blue"]
    whole = network.probabilities(texts)
    network.batch_size = 1
    np.testing.assert_allclose(whole, network.probabilities(texts), atol=1e-6)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-6)


def test_case_and_half_characters_are_no_obstacle(folder):
    found = classes.load(folder).probabilities(["RED", "red", "\ud800"])
    assert (found[0] == found[1]).all() and np.isfinite(found).all()


def test_it_is_not_fitted_in_one_call():
    with pytest.raises(InputError, match="tuwen train --task classify"):
        Network().fit(["a", "b"], ["x", "y"])


def test_a_folder_without_weights_is_damaged(folder, tmp_path):
    classes.load(folder).save(tmp_path)
    (tmp_path / "text" / "model.safetensors").unlink()
    with pytest.raises(Damaged, match=r"lacks model\.safetensors"):
        classes.load(tmp_path)


def test_a_broken_tokenizer_is_damaged(folder, tmp_path):
    classes.load(folder).save(tmp_path)
    (tmp_path / "text" / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(Damaged, match=r"no readable tokenizer\.json"):
        classes.load(tmp_path).predict(["red"])


def test_a_layer_that_does_not_fit_its_classes_is_damaged(folder, tmp_path):
    classes.load(folder).save(tmp_path)
    about = json.loads((tmp_path / "classes.json").read_text(encoding="utf-8"))
    about["state"]["dict"]["classes_"]["list"].append({"value": "c"})
    (tmp_path / "classes.json").write_text(json.dumps(about), encoding="utf-8")
    with pytest.raises(Damaged, match="shapes"):
        classes.load(tmp_path)
