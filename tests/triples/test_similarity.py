import numpy as np
import pytest

from tuwen.errors import InputError
from tuwen.triples.base import Triple
from tuwen.triples.similarity import similarity, tell

WORDS = "甲乙丙丁戊己"


def encode(texts):
    """Counts of six characters."""
    return np.array([[text.count(word) for word in WORDS] for text in texts], dtype=np.float32)


def told(*pairs):
    return tell([text for text, _ in pairs], [triples for _, triples in pairs], encode)


def cosine(one, other):
    a, b = encode([one, other])
    return a @ b / np.sqrt((a @ a) * (b @ b))


def test_entities_weigh_six_tenths_and_the_relation_four():
    one, other = Triple("甲", "丙", "乙"), Triple("甲", "丙", "丁")
    (found,) = similarity(told(("戊", [one])), told(("己", [other])))
    assert found.tolist() == pytest.approx([0.6 * cosine("甲乙", "甲丁") + 0.4])


def test_without_a_triple_on_either_side_the_whole_texts_are_compared():
    whole, half = Triple("甲", "丙", "乙"), Triple("甲", "丙", "")
    queries = told(("戊己", [whole]), ("戊己", [half]), ("戊己", []))
    items = told(("戊", [whole]), ("己丁", [half]))
    by_text = [cosine("戊己", "戊"), cosine("戊己", "己丁")]
    found = similarity(queries, items)
    assert found[0].tolist() == pytest.approx([1.0, by_text[1]])
    assert found[1].tolist() == pytest.approx(by_text)
    assert found[2].tolist() == pytest.approx(by_text)


def test_the_first_complete_triple_speaks():
    several = [Triple("甲", "丙", ""), Triple("甲", "丙", "乙"), Triple("丁", "戊", "己")]
    found = told(("甲", several))
    assert found.entities[0].tolist() == pytest.approx(told(("甲", several[1:2])).entities[0].tolist())


def test_a_triple_of_which_the_encoder_knows_nothing_counts_as_missing():
    found = told(("甲乙", [Triple("甲", "寅", "乙")]), ("甲乙", [Triple("寅", "甲", "卯")]))
    assert found.complete.tolist() == [False, False]
    assert not found.entities.any() and not found.relations.any()
    assert similarity(found, found).tolist() == pytest.approx(np.ones((2, 2)))


def test_the_block_is_what_pair_by_pair_gives():
    random = np.random.default_rng(0)

    def some(count):
        texts = ["".join(random.choice(list(WORDS), 4)) for _ in range(count)]
        triples = [
            [Triple(*random.choice(list(WORDS), 3).tolist())] if random.random() < 0.6 else []
            for _ in range(count)
        ]
        return tell(texts, triples, encode)

    queries, items = some(20), some(30)
    one_by_one = [
        [similarity(queries.rows([q]), items.rows([i]), entities=0.7, relation=0.2)[0, 0] for i in range(30)]
        for q in range(20)
    ]
    assert np.allclose(similarity(queries, items, entities=0.7, relation=0.2), one_by_one, atol=1e-6)


def test_the_paper_weighs_like_with_like_only():
    same = told(("甲", [Triple("甲", "乙", "丙")]))
    assert similarity(same, same)[0, 0] == pytest.approx(1)
    assert similarity(same, same, entities=0.6, relation=0)[0, 0] == pytest.approx(0.6)


def test_no_texts_are_no_scores():
    none = tell([], [], encode)
    assert len(none) == 0 and none.complete.shape == (0,)
    assert similarity(none, told(("甲", []))).shape == (0, 1)


def test_what_does_not_fit_is_refused():
    one = told(("甲", []))
    with pytest.raises(InputError, match="1 texts but triples of 2"):
        tell(["甲"], [[], []], encode)
    with pytest.raises(InputError, match="2 vectors for 1 texts"):
        tell(["甲"], [[]], lambda texts: np.ones((2, 3)))
    with pytest.raises(InputError, match="one encoder"):
        similarity(one, tell(["甲"], [[]], lambda texts: np.ones((len(texts), 3))))
    with pytest.raises(InputError, match="from 0 on"):
        similarity(one, one, entities=-1)
