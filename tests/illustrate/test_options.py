import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.illustrate.options import Options


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mode": "papers"}, "did you mean 'paper'"),
        ({"fusing": "learn"}, "did you mean 'learned'"),
        ({"weights": {"txt": 1}}, "did you mean 'text'"),
    ],
)
def test_wrong_names_are_corrected(wrong, words):
    with pytest.raises(UnknownName, match=words):
        Options(**wrong)


@pytest.mark.parametrize("wrong", [{"weights": {"text": -1}}, {"weights": {"text": float("nan")}}, {"k": 0}])
def test_wrong_values_are_refused(wrong):
    with pytest.raises(InputError):
        Options(**wrong)
