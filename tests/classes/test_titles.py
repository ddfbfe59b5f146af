import json

import numpy as np
import pytest

from tuwen import classes
from tuwen.classes.scores import score
from tuwen.classes.titles import Titles
from tuwen.errors import Damaged, InputError, NotFittedError, UnknownName

SPORTS = [
    "国足友谊赛两球取胜", "NBA火箭主场险胜", "世界杯预选赛抽签揭晓", "中超第三轮客场战平",
    "女排世锦赛夺冠", "网球公开赛李娜晋级", "亚洲杯决赛今晚打响", "短道世界杯再夺三金",
    "火箭客场不敌湖人", "英超第十轮主场大胜",
]  # fmt: skip
STOCKS = [
    "沪指缩量下跌两成个股跌停", "港股低开恒指失守", "A股放量上涨券商领涨", "创业板指数创新低",
    "银行股集体回调", "两市成交萎缩大盘震荡", "新股上市首日破发", "股指期货主力合约收跌",
    "券商股午后拉升", "大盘震荡个股普涨",
]  # fmt: skip
ENGLISH = [
    "the team won the final match",
    "goal in the last minute of the match",
    "shares fell on the market",
    "the market closed higher as shares rose",
]


@pytest.fixture(scope="module")
def fitted():
    return Titles().fit(SPORTS + STOCKS, ["体育"] * 10 + ["股票"] * 10)


def test_new_titles_get_the_class_whose_characters_they_have(fitted):
    assert fitted.predict(["国足世界杯主场取胜", "港股震荡个股下跌"]) == ["体育", "股票"]


def test_english_needs_nothing_else():
    found = Titles().fit(ENGLISH * 2, ["sports", "sports", "stocks", "stocks"] * 2)
    assert found.predict(["a goal won the match", "market shares"]) == ["sports", "stocks"]


def test_probabilities_are_rows_that_sum_to_one_and_doubt_what_says_nothing(fitted):
    rows = fitted.probabilities(["国足取胜", "", "ωψ"])
    assert rows.dtype == np.float32 and np.allclose(rows.sum(axis=1), 1)
    assert rows[0, 0] > 0.7
    assert np.allclose(rows[1], rows[2])  # no known character: what the classes are worth beforehand
    assert fitted.probabilities([]).shape == (0, 2)


def test_a_text_has_the_same_probabilities_alone_and_in_a_batch(fitted):
    together = fitted.probabilities(SPORTS + STOCKS)
    alone = np.vstack([fitted.probabilities([text]) for text in SPORTS + STOCKS])
    assert np.array_equal(together, alone)


def test_width_and_case_of_letters_do_not_matter(fitted):
    assert np.array_equal(fitted.probabilities(["NBA 火箭"]), fitted.probabilities(["ｎｂａ　 火箭 "]))


def test_reasons_are_ngrams_of_the_text_that_share_no_character(fitted):
    (told,) = fitted.reasons(["港股大盘震荡"], most=3)
    assert 0 < len(told) <= 3
    assert [reason.weight for reason in told] == sorted((reason.weight for reason in told), reverse=True)
    shown = [reason.ngram.strip("^$") for reason in told]
    assert all(ngram in "港股大盘震荡" for ngram in shown)
    assert len("".join(shown)) == len(set("".join(shown)))


def test_reasons_add_up_to_the_log_odds():
    found = Titles(longest=1).fit(["甲", "乙", "甲甲", "乙乙"], ["a", "b", "a", "b"])
    ((only,),) = found.reasons(["甲"])
    odds = np.log(found.probabilities(["甲", ""]))
    against_empty = (odds[0, 0] - odds[0, 1]) - (odds[1, 0] - odds[1, 1])
    assert only.ngram == "甲" and only.weight == pytest.approx(against_empty / 2, rel=1e-3)


def test_reasons_for_the_other_class_speak_against_the_first(fitted):
    (told,) = fitted.reasons(["国足取胜 港股"], of="股票")
    assert "股" in "".join(reason.ngram for reason in told)
    assert "国足" not in "".join(reason.ngram for reason in told)
    with pytest.raises(UnknownName, match="体育"):
        fitted.reasons(["x"], of="体肓")


def test_what_is_loaded_is_what_was_saved(fitted, tmp_path):
    fitted.save(tmp_path / "news")
    found = classes.load(tmp_path / "news")
    assert isinstance(found, Titles) and found.params == fitted.params
    assert np.array_equal(found.probabilities(STOCKS), fitted.probabilities(STOCKS))
    assert found.reasons(STOCKS) == fitted.reasons(STOCKS)


def test_arrays_of_another_shape_are_refused(fitted, tmp_path):
    broken = Titles(**fitted.params)
    broken.__dict__ |= {name: value for name, value in vars(fitted).items() if name.endswith("_")}
    broken.bias_ = np.zeros(3, dtype=np.float32)
    broken.save(tmp_path)
    with pytest.raises(Damaged, match="3"):
        classes.load(tmp_path)


def test_a_newer_format_and_another_files_arrays_are_refused(fitted, tmp_path):
    fitted.save(tmp_path)
    about = tmp_path / "classes.json"
    written = json.loads(about.read_text(encoding="utf-8"))
    about.write_text(json.dumps({**written, "format": 99}), encoding="utf-8")
    with pytest.raises(Damaged, match="newer"):
        classes.load(tmp_path)
    about.write_text(json.dumps({**written, "sha256": "0"}), encoding="utf-8")
    with pytest.raises(Damaged, match="save again"):
        classes.load(tmp_path)


def test_two_fits_of_the_same_titles_agree_and_the_last_fit_counts(fitted):
    again = Titles().fit(ENGLISH * 2, ["s", "s", "m", "m"] * 2)
    again.predict(["market"])
    again.fit(SPORTS + STOCKS, ["体育"] * 10 + ["股票"] * 10)
    assert np.array_equal(again.probabilities(STOCKS), fitted.probabilities(STOCKS))


def test_one_example_a_class_is_enough_to_answer():
    assert Titles().fit(["足球 比赛", "股票 市场"], ["a", "b"]).predict(["足球", "股票"]) == ["a", "b"]


def test_held_out_titles_decide_how_sure_it_is():
    mixed = ["甲" if place % 2 else "乙" for place in range(40)]
    noisy = ["a" if (place % 2) ^ (place % 10 == 0) else "b" for place in range(40)]  # four labels are wrong
    (row,) = Titles().fit(mixed, noisy).probabilities(["甲"])
    assert 0.5 < row[0] < 0.999


@pytest.mark.parametrize(
    ("texts", "labels", "said"),
    [
        (["a"], ["x", "y"], "1 items but 2 labels"),
        (["a", "b"], ["x", "x"], "two classes"),
        ([], [], "no items"),
        (["a", "b"], ["x", ""], "label 1"),
        (["a", "b"], ["x", None], "label 1"),
        (["a", 3], ["x", "y"], "text 1 is a int"),
        ("ab", ["x", "y"], "one string"),
        (["", " "], ["x", "y"], "no run of characters"),
    ],
)
def test_bad_examples_are_named(texts, labels, said):
    with pytest.raises(InputError, match=said):
        Titles().fit(texts, labels)


@pytest.mark.parametrize("wrong", [{"longest": 0}, {"min_count": 0}, {"strength": 0.0}, {"features": 0}])
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InputError, match="at least 1"):
        Titles(**wrong)


def test_the_commonest_ngrams_are_kept():
    found = Titles(longest=1, features=2).fit(["甲乙", "甲丙", "甲乙"], ["a", "b", "a"])
    assert found.weights_.shape == (2, 2)
    assert found.reasons(["丙"]) == [[]]


def test_nothing_is_told_before_it_is_fitted():
    with pytest.raises(NotFittedError, match="fit first"):
        Titles().probabilities(["a"])
    with pytest.raises(NotFittedError, match="fit first"):
        Titles().reasons(["a"])


def test_probabilities_are_calibrated_on_titles_that_were_not_seen():
    random = np.random.default_rng(0)
    words = {"a": "甲乙丙丁戊", "b": "己庚辛壬癸"}

    def made(count):
        # three of ten characters come from the other class, so that no answer can be sure
        labels = random.choice(["a", "b"], count)
        texts = [
            "".join(
                random.choice(list(words[own if random.random() < 0.7 else "ab".replace(own, "")]))
                for _ in range(5)
            )
            for own in labels
        ]
        return texts, labels.tolist()

    train, held = made(600), made(600)
    found = Titles().fit(*train)
    assert score(found.probabilities(held[0]), found.classes_, held[1]).calibration_error < 0.08


def test_where_there_is_nothing_to_learn_it_is_not_sure():
    random = np.random.default_rng(0)

    def made(count):
        return ["".join(map(chr, random.integers(0x4E00, 0x5600, 8))) for _ in range(count)]

    found = Titles().fit(made(60), random.choice(["a", "b"], 60).tolist())
    assert found.probabilities(made(200)).max(axis=1).mean() < 0.7


def test_many_classes_keep_fewer_ngrams_and_are_still_told_apart(monkeypatch):
    texts = [f"第{number}号{word}" for number in range(40) for word in ("甲", "乙丙")]
    labels = [f"c{number}" for number in range(40) for _ in range(2)]
    whole = Titles().fit(texts, labels)
    monkeypatch.setattr("tuwen.classes.titles._CELLS", 80 * 50)
    found = Titles().fit(texts, labels)
    assert len(found.weights_) == 50 < len(whole.weights_)
    assert np.mean([one == other for one, other in zip(found.predict(texts), labels, strict=True)]) > 0.5
