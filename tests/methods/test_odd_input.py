"""What methods do with odd input: each learns from it or refuses it by name. New method files are covered."""

import re

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import InputError, MissingExtra


def without_sets(*families):
    """Methods of these families; those on sets have odd cases of their own."""
    for name, family in methods.names().items():
        try:
            if family in families and not methods.find(name).takes_sets:
                yield name
        except MissingExtra:
            yield name  # skipped later, by its reason


SHALLOW = list(without_sets("subspace", "hashing", "pairwise"))
NETWORKS = list(without_sets("deep", "deephash"))
LABELLED = [name for name in SHALLOW if methods.find(name).needs_labels]
SMALL = {"bits": 8, "dim": 4, "anchors": 60, "atoms": 40, "topics": 20, "pairs": 2000, "iterations": 5}
SMALL |= {"hidden": 16, "epochs": 3, "learning_rate": 0.01, "device": "cpu"}


def small(name):
    """A method that is quick."""
    try:
        found = methods.find(name)
    except MissingExtra as error:
        pytest.skip(str(error))
    return found(**{field: value for field, value in SMALL.items() if field in found().params})


def pairs_for(method):
    """Sixty pairs in three classes that share a five-wide latent; both sides of one width."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    latent = np.eye(3)[labels] @ rng.normal(size=(3, 5)) * 3 + rng.normal(size=(60, 5))
    mixing = rng.normal(size=(5, 16))
    images, texts = latent @ mixing, latent @ mixing + 0.1 * rng.normal(size=(60, 16)) + 2
    if method.needs_counts:
        images, texts = np.maximum(images, 0), np.maximum(texts, 0)
    return images, texts, labels


def odd(case, images, texts, labels):
    """Input that a user may well have, by its name."""
    known = np.eye(labels.max() + 1)[labels]
    many = np.arange(len(labels)) % 6
    match case:
        case "one column":
            return images[..., :1], texts[..., :1], labels
        case "constant columns":
            return np.where(np.arange(16) == 3, 7, images), np.where(np.arange(16) == 2, 0, texts), labels
        case "a constant side":
            return images, np.ones_like(texts), labels
        case "the same row again and again":
            return images[many], texts[many], labels[many]
        case "nothing but one row":
            return images[many * 0], texts[many * 0], labels
        case "few rows":
            return images[:6], texts[:6], labels[:6]
        case "two rows":
            return images[:2], texts[:2], labels[:2]
        case "one row":
            return images[:1], texts[:1], labels[:1]
        case "more columns than rows":
            return np.concatenate([images] * 8, axis=-1), np.concatenate([texts] * 8, axis=-1), labels
        case "huge values":
            return images * 1e12, texts * 1e12, labels
        case "tiny values":
            return images * 1e-12, texts * 1e-12, labels
        case "rows without a label":
            return images, texts, known * (np.arange(len(labels)) > 9)[:, None]
        case "every label in every row":
            return images, texts, np.ones_like(known)
        case "one class":
            return images, texts, np.zeros_like(labels)
        case "a class without rows":
            return images, texts, np.hstack([known, np.zeros((len(known), 1))])
        case _:
            return images, texts, np.where(labels == 1, 5, labels)


ODD = [
    *("one column", "constant columns", "a constant side", "the same row again and again"),
    *("nothing but one row", "few rows", "two rows", "one row", "more columns than rows", "huge values"),
    *("tiny values", "rows without a label", "every label in every row", "one class"),
    *("a class without rows", "a gap in class numbers"),
]
CAN_BE_LEARNT_FROM = {"constant columns", "more columns than rows", "huge values", "tiny values"}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("name", SHALLOW)
def test_odd_data_are_learnt_from_or_refused_by_name(name, case):
    """Never another error, a warning, a score that is no number, or codes of another width."""
    shallow = small(name)
    images, texts, labels = odd(case, *pairs_for(shallow))
    try:
        shallow.fit(images, texts, labels)
    except InputError as error:
        assert case not in CAN_BE_LEARNT_FROM
        assert re.search(r"labels|images|texts|classes|pairs|(dim|bits|components) is", str(error))
        return
    assert np.isfinite(shallow.similarity(images, texts)).all()
    if isinstance(shallow, methods.Hasher):
        assert shallow.transform(images, "image").shape == (len(images), 1)
        assert not shallow.fuses or shallow.database_codes(images, texts).shape == (len(images), 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_learn_from_odd_data_or_refuse_them_by_name(name):
    """All cases of a network at once, three epochs each: a case alone would mostly wait for its start."""
    network = small(name)
    pairs = pairs_for(network)
    for case in ODD:
        images, texts, labels = odd(case, *pairs)
        try:
            network.fit(images, texts, labels)
        except InputError as error:
            assert case not in CAN_BE_LEARNT_FROM
            assert re.search(r"labels|images|texts|classes|pairs|(dim|bits) is", str(error))
            continue
        assert np.isfinite(network.similarity(images, texts)).all(), case


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_take_arrays_that_are_not_writable(name):
    network = small(name)
    pairs = [array.astype(np.float32) for array in pairs_for(network)[:2]]
    labels = pairs_for(network)[2]
    for array in (*pairs, labels):
        array.flags.writeable = False
    assert np.isfinite(network.fit(*pairs, labels, validation=(*pairs, labels)).similarity(*pairs)).all()


@pytest.mark.parametrize("case", ["one class", "every label in every row", "a class without rows"])
@pytest.mark.parametrize("name", LABELLED)
def test_classes_that_tell_nothing_apart_or_are_empty_are_refused(name, case):
    shallow = small(name)
    with pytest.raises(InputError, match=r"alike|at least two|no row"):
        shallow.fit(*odd(case, *pairs_for(shallow)))


@pytest.mark.parametrize("name", SHALLOW)
def test_a_class_number_far_off_is_refused_before_memory_is_taken(name):
    shallow = small(name)
    images, texts, labels = pairs_for(shallow)
    with pytest.raises(InputError, match="labels has class number 2000000000"):
        shallow.fit(images, texts, np.where(labels == 2, 2_000_000_000, labels))


@pytest.mark.parametrize("name", SHALLOW)
def test_features_without_columns_are_refused(name):
    shallow = small(name)
    images, texts, labels = pairs_for(shallow)
    with pytest.raises(InputError, match="images has no columns"):
        shallow.fit(images[:, :0], texts, labels)


@pytest.mark.parametrize("kind", [np.float64, np.int32, np.uint8])
@pytest.mark.parametrize("name", SHALLOW)
def test_kind_and_layout_of_arrays_do_not_matter(name, kind):
    """Whole numbers from 0 to 255 are the same in all kinds; arrays may be of columns, or not be writable."""
    shallow = small(name)
    pairs = pairs_for(shallow)
    x, y = (np.clip(side * 8 + 120, 0, 255).round() for side in pairs[:2])
    wanted = type(shallow)(**shallow.params).fit(x.astype(np.float32), y.astype(np.float32), pairs[2])
    given = np.asfortranarray(x.astype(kind)), y.astype(kind), pairs[2].astype(np.uint8)
    for array in given:
        array.flags.writeable = False
    found = shallow.fit(*given)
    np.testing.assert_allclose(found.similarity(*given[:2]), wanted.similarity(x, y), atol=1e-4)
