"""Rules that every method keeps. A new method file is covered with no change here."""

import copy
import json

import numpy as np
import pytest

from tuwen import methods
from tuwen.errors import Damaged, InputError, MissingExtra, NotFittedError, UnknownName


@pytest.fixture(scope="module", params=methods.names())
def method(request):
    """Each method, small enough to be quick."""
    try:
        found = methods.find(request.param)
    except MissingExtra as error:
        pytest.skip(str(error))
    small = {"bits": 8, "dim": 4, "hidden": 32, "epochs": 15, "learning_rate": 0.01, "device": "cpu"}
    return found(**{name: value for name, value in small.items() if name in found().params})


@pytest.fixture(scope="module")
def pairs(method):
    """Sixty pairs in three classes that share a five-wide latent; both sides of one width."""
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    latent = np.eye(3)[labels] @ rng.normal(size=(3, 5)) * 3 + rng.normal(size=(60, 5))
    mixing = rng.normal(size=(5, 16))
    images, texts = latent @ mixing, latent @ mixing + 0.1 * rng.normal(size=(60, 16)) + 2
    if method.needs_counts:
        images, texts = np.maximum(images, 0), np.maximum(texts, 0)
    if method.takes_sets:
        images, texts = (np.stack([x, x], axis=1) for x in (images, texts))
    return images, texts, labels


@pytest.fixture(scope="module")
def fitted(method, pairs):
    """The method after its `fit`, not to be changed."""
    given = type(method)(**method.params)
    with pytest.raises(InputError, match="no rows"):
        given.fit(*(part[:0] for part in pairs))
    assert given.fit(*pairs) is given
    return given


def test_pairs_score_above_chance(fitted, pairs):
    images, texts, labels = pairs
    scores = fitted.similarity(images, texts)
    same = labels[:, None] == labels[None]
    assert scores.shape == (60, 60)
    assert scores.dtype == np.float32
    assert scores[same].mean() > scores[~same].mean()


def test_one_modality_is_enough_to_transform(fitted, pairs):
    if not isinstance(fitted, methods.Coder):
        pytest.skip("scores only")
    codes = fitted.transform(pairs[0][:7], "image")
    columns, kind = (
        (fitted.width // 8, np.uint8) if isinstance(fitted, methods.Hasher) else (fitted.width, np.float32)
    )
    assert codes.shape == (7, columns)
    assert codes.dtype == kind
    assert fitted.transform(pairs[0][:0], "image").shape == (0, columns)


def test_same_seed_gives_the_same_scores_whatever_was_learned_before(fitted, pairs):
    again = copy.deepcopy(fitted).fit(*pairs)
    np.testing.assert_allclose(
        again.similarity(pairs[0], pairs[1]), fitted.similarity(pairs[0], pairs[1]), rtol=1e-5
    )


def test_a_loaded_method_scores_as_the_saved_one(fitted, pairs, tmp_path):
    fitted.save(tmp_path / "saved")
    loaded = methods.load(tmp_path / "saved")
    assert type(loaded) is type(fitted)
    assert loaded.params == fitted.params
    np.testing.assert_array_equal(
        loaded.similarity(pairs[0], pairs[1]), fitted.similarity(pairs[0], pairs[1])
    )


def test_an_unfitted_method_says_so(method, tmp_path):
    fresh = type(method)(**method.params)
    with pytest.raises(NotFittedError, match="call fit first"):
        fresh.similarity(np.ones((2, 16)), np.ones((2, 16)))
    with pytest.raises(NotFittedError, match="call fit first"):
        fresh.save(tmp_path)


def test_wrong_input_is_named(method, fitted, pairs):
    images, texts, labels = pairs
    fresh = type(method)(**method.params)
    if method.needs_pairs:
        with pytest.raises(InputError, match="images has 3 rows but texts has 2"):
            fresh.fit(images[:3], texts[:2])
    if method.needs_labels:
        with pytest.raises(InputError, match="pass labels="):
            fresh.fit(images, texts)
    with pytest.raises(InputError, match="no rows"):
        fresh.fit(images[:0], texts[:0], labels[:0])
    with pytest.raises(InputError, match="takes texts of shape"):
        fresh.fit(images, texts[..., 0], labels)
    with pytest.raises(InputError, match="images has NaN"):
        fresh.fit(images * np.nan, texts, labels)
    with pytest.raises(InputError, match="labels has shape"):
        fresh.fit(images, texts, labels[:5])
    with pytest.raises(InputError, match="width 15, but fit saw 16"):
        fitted.similarity(images[..., :15], texts)


def test_the_paper_is_given(method):
    assert method.paper.title
    assert method.paper.year > 1900


def test_unknown_names_are_suggested():
    with pytest.raises(UnknownName, match="did you mean 'itq'"):
        methods.find("itqq")


def test_names_come_with_their_family():
    assert methods.names()["itq"] == "hashing"


@pytest.fixture
def folder(tmp_path):
    """A saved method."""
    rng = np.random.default_rng(0)
    methods.find("itq")(bits=8).fit(rng.normal(size=(20, 8)), rng.normal(size=(20, 8))).save(tmp_path)
    return tmp_path


def change(folder, **changes):
    path = folder / "method.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["method.json", "state.npz"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(Damaged, match=f"{name} missing"):
        methods.load(folder)


def test_a_state_of_another_save_is_refused(folder):
    with (folder / "state.npz").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(Damaged, match="is not the file"):
        methods.load(folder)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"format": 99}, Damaged, "newer version"),
        ({"format": None}, Damaged, "does not describe"),
        ({"state": {}}, Damaged, "does not describe"),
        ({"state": {"dict": {"a_": {"array": "no"}}}}, Damaged, "does not describe"),
        (
            {"params": {"bitz": 8}},
            UnknownName,
            r"no parameter of itq \(in .+\) named 'bitz'; did you mean 'bits'",
        ),
        ({"name": "itqq"}, UnknownName, r"no method \(in .+\) named 'itqq'; did you mean 'itq'"),
    ],
)
def test_a_description_that_cannot_be_followed_is_refused(folder, changes, error, message):
    change(folder, **changes)
    with pytest.raises(error, match=message):
        methods.load(folder)


def test_what_cannot_be_saved_is_named(folder):
    method = methods.load(folder)
    method.odd_ = object()
    with pytest.raises(TypeError, match="odd_ is a object"):
        method.save(folder)


@pytest.mark.parametrize("bits", [0, 12, -8])
def test_bits_are_a_multiple_of_eight(bits):
    with pytest.raises(InputError, match=f"bits is {bits}"):
        methods.find("itq")(bits=bits)
