"""Networks for texts: the vocabulary, and that what is saved encodes as what was trained."""

import numpy as np
import pytest
import torch

from tuwen import encoders
from tuwen.errors import InputError
from tuwen.training import text_networks

TEXTS = ["a red dog runs", "a red cat runs", "红色的狗跑", "skiing skating running"]


def test_every_chinese_character_is_a_piece_and_frequent_words_and_endings_are():
    made = text_networks.vocabulary(TEXTS, 200)
    assert made.encode("红色狗 runs").tokens == ["[CLS]", "红", "色", "狗", "runs", "[SEP]"]
    assert made.encode("skiing").tokens == ["[CLS]", "s", "##k", "##i", "##ing", "[SEP]"]


def test_the_same_texts_give_the_same_vocabulary_of_at_most_so_many_pieces():
    one, other = (text_networks.vocabulary(TEXTS, 36) for _ in range(2))
    assert one.to_str() == other.to_str()
    assert one.get_vocab_size() == 36
    assert text_networks.vocabulary(TEXTS, 1000).get_vocab_size() == 38


@pytest.mark.parametrize("pooling", ["mean", "cls", "max"])
def test_what_is_saved_encodes_as_what_was_trained(tmp_path, pooling):
    torch.manual_seed(0)
    first = text_networks.make("bert,layers=1,width=16,heads=2,length=8", TEXTS)
    first.save(tmp_path / "plain")
    made = text_networks.make(f"{tmp_path / 'plain'},pooling={pooling}", TEXTS)
    made.save(tmp_path / "saved")
    opened = encoders.load(str(tmp_path / "saved"))
    assert opened.tokens.recipe == made.tokens.recipe
    texts = [*TEXTS, "a " * 30, ""]
    ids, mask = made.tokens(texts)
    with torch.no_grad():
        vectors = made.network.eval()(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    np.testing.assert_allclose(opened.encode_texts(texts, unit=False), vectors, atol=1e-5)


def test_all_of_it_can_be_trained():
    made = text_networks.make("bert,layers=1,width=16,heads=2", TEXTS)
    assert all(one.requires_grad for one in made.network.parameters())


def test_a_pooling_that_cannot_be_saved_is_refused(tmp_path):
    text_networks.make("bert,layers=1,width=16,heads=2", TEXTS).save(tmp_path)
    (tmp_path / "modules.json").unlink()
    with pytest.raises(InputError, match="pools by last4"):
        text_networks.make(f"{tmp_path},pooling=last4", TEXTS)
