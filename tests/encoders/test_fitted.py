"""What every fitted encoder gets from its base: state, fingerprint, saving."""

from dataclasses import dataclass

import numpy as np
import pytest

from tuwen.collection import Collection
from tuwen.encoders.fitted import Fitted
from tuwen.errors import Damaged, InputError, NotFittedError


@dataclass(kw_only=True, eq=False)
class Lengths(Fitted):
    """The length of a text beside the longest that was seen."""

    power: float = 1.0
    label: str = "x"

    modalities = frozenset({"text"})

    def _fit(self, items):
        self.longest_ = max(map(len, items))
        self.table_ = np.arange(3, dtype=np.float32)
        self.words_ = {"some": list(items[:2]), "deep": {"none": None, "table": np.eye(2)}}
        self.scratch = "not kept"

    def _width(self):
        return len(self.table_)

    def _encode_texts(self, texts):
        return np.array([[len(text) ** self.power, self.longest_, 1] for text in texts])


@pytest.fixture
def fitted():
    return Lengths(power=2.0).fit(["one", "four", "eleven"])


def test_fit_gives_itself_and_settles_width_and_size(fitted):
    assert isinstance(fitted, Lengths) and fitted.fitted
    assert (fitted.width, fitted.parameters) == (3, 7)
    assert fitted.modality == "text" and fitted.name == "test_fitted"


def test_before_fit_nothing_can_be_done(tmp_path):
    fresh = Lengths()
    assert not fresh.fitted
    for act in (
        lambda: fresh.encode_texts(["a"]),
        lambda: fresh.save(tmp_path),
        lambda: fresh.encode([], "text"),
        lambda: Collection.create(tmp_path / "c", encoder=fresh),
    ):
        with pytest.raises(NotFittedError, match="must be fitted first"):
            act()
    with pytest.raises(InputError, match="does not encode images"):
        fresh.encode_images([])


def test_parameters_and_what_was_learned_are_kept_and_nothing_else(fitted, tmp_path):
    fitted.save(tmp_path / "l")
    found = Lengths.open(tmp_path / "l")
    assert found.params == {"power": 2.0, "label": "x"}
    assert found.longest_ == 6 and found.words_["some"] == ["one", "four"]
    np.testing.assert_array_equal(found.words_["deep"]["table"], np.eye(2))
    assert not hasattr(found, "scratch")
    assert found.fingerprint == fitted.fingerprint and found.name == str(tmp_path / "l")
    np.testing.assert_array_equal(found.encode_texts(["abc"]), fitted.encode_texts(["abc"]))


def test_the_fingerprint_follows_parameters_state_and_recipe(fitted, monkeypatch):
    texts = ["one", "four", "eleven"]
    assert Lengths(power=2.0).fit(texts).fingerprint == fitted.fingerprint
    assert Lengths(power=3.0).fit(texts).fingerprint != fitted.fingerprint
    assert Lengths(power=2.0).fit(["one", "four"]).fingerprint != fitted.fingerprint
    monkeypatch.setattr(Lengths, "recipe", 2)
    assert Lengths(power=2.0).fit(texts).fingerprint != fitted.fingerprint


def test_the_fingerprint_tells_shapes_and_types_apart(fitted):
    seen = {fitted.fingerprint}
    for table in (np.zeros(4, dtype=np.float32), np.zeros((2, 2), dtype=np.float32), np.zeros(4)):
        fitted.table_ = table
        fitted._settle()
        seen.add(fitted.fingerprint)
    assert len(seen) == 4


def test_fitting_again_replaces_what_was_learned(fitted):
    before = fitted.fingerprint
    fitted.fit(["a much longer text than before"])
    assert fitted.longest_ == 30 and fitted.fingerprint != before


@pytest.mark.parametrize(("items", "said"), [([], "nothing to fit"), ("text", "pass a list")])
def test_nothing_or_one_string_is_refused(items, said):
    with pytest.raises(InputError, match=said):
        Lengths().fit(items)


def test_options_of_a_saved_encoder_are_its_own(fitted, tmp_path):
    fitted.save(tmp_path)
    with pytest.raises(InputError, match="is fitted already, with options of its own; leave out power"):
        Lengths.open(tmp_path, power=1.0)


def test_a_folder_that_lacks_what_was_learned_is_damaged(fitted, tmp_path):
    del fitted.table_
    fitted.save(tmp_path)
    with pytest.raises(Damaged, match="lacks something that test_fitted learned"):
        Lengths.open(tmp_path)


def test_a_folder_with_other_parameters_is_damaged(fitted, tmp_path):
    fitted.save(tmp_path)
    path = tmp_path / "encoder.json"
    path.write_text(path.read_text().replace('"power"', '"strength"'))
    with pytest.raises(Damaged, match="parameters that test_fitted does not know"):
        Lengths.open(tmp_path)


def test_what_cannot_be_kept_is_named(fitted, tmp_path):
    fitted.odd_ = {"deep": object()}
    with pytest.raises(TypeError, match="odd_/deep is a object"):
        fitted.save(tmp_path)
