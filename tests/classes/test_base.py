from dataclasses import dataclass

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes import VectorClassifier
from tuwen.errors import Damaged, InputError, NotFittedError, UnknownName
from tuwen.saved import Saved, write


@dataclass(kw_only=True, eq=False)
class Means(VectorClassifier):
    """The nearest mean."""

    def _fit(self, items, numbers, classes):
        self.means_ = np.stack([items[numbers == number].mean(axis=0) for number in range(len(classes))])

    def _probabilities(self, items):
        near = -((items[:, None] - self.means_) ** 2).sum(axis=2)
        return np.exp(near) / np.exp(near).sum(axis=1, keepdims=True)


X = np.array([[0.0, 0], [0, 1], [5, 5], [5, 6]])
LABELS = ["far", "far", "close", "close"]


def test_classes_are_sorted_and_answers_named_by_them():
    found = Means().fit(X, LABELS)
    assert found.classes_ == ["close", "far"] and found.width_ == 2
    assert found.predict(np.array([[5.0, 5.5], [0, 0]])) == ["close", "far"]


def test_another_width_is_refused_but_may_be_fitted_anew():
    found = Means().fit(X, LABELS)
    with pytest.raises(InputError, match="2 are needed"):
        found.predict(np.zeros((1, 3)))
    assert found.fit(np.hstack([X, X]), LABELS).width_ == 4


def test_rows_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="NaN"):
        Means().fit(np.array([[np.nan, 0], [0, 0]]), ["a", "b"])


def test_a_name_is_a_file_and_shared_files_are_none():
    assert {"titles", "probe", "neighbours"} <= set(classes.names())
    assert not {"base", "folds", "scores"} & set(classes.names())
    for name in ("titles", "probe", "neighbours"):
        assert classes.find(name).name() == name
    with pytest.raises(UnknownName, match="did you mean 'titles'"):
        classes.find("title")


def test_nothing_is_saved_before_it_is_fitted(tmp_path):
    with pytest.raises(NotFittedError):
        Means().save(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_folder_without_a_classifier_is_named(tmp_path):
    with pytest.raises(Damaged, match=r"classes\.json"):
        classes.load(tmp_path)


def test_saved_classes_must_be_names_of_at_least_two(tmp_path):
    write(tmp_path, Saved("titles", {}, {"classes_": ["a"]}), "classes")
    with pytest.raises(Damaged, match="classes are"):
        classes.load(tmp_path)


def test_a_parameter_of_another_version_is_named(tmp_path):
    write(tmp_path, Saved("titles", {"longset": 3}, {"classes_": ["a", "b"]}), "classes")
    with pytest.raises(UnknownName, match="longest"):
        classes.load(tmp_path)


@pytest.mark.parametrize("params", [{"longest": "three"}, {"longest": 0}])
def test_a_parameter_that_cannot_be_is_damage(tmp_path, params):
    write(tmp_path, Saved("titles", params, {"classes_": ["a", "b"]}), "classes")
    with pytest.raises(Damaged, match="fit and save it again"):
        classes.load(tmp_path)
