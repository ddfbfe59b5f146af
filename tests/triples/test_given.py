import pytest

from tuwen.errors import InputError
from tuwen.triples.base import Triple, first_complete
from tuwen.triples.given import Called, Recorded, triple_of

DUIE = (
    '{"text": "《甲》由乙导演", "spo_list": [{"predicate": "导演", "object_type": {"@value": "人物"}, '
    '"subject_type": "影视作品", "object": {"@value": "乙"}, "subject": "甲"}]}'
)


def test_a_callable_is_an_extractor():
    given = Called(
        lambda texts: [
            [(text, "是", "字"), {"subject": "a", "predicate": "b", "object": None}] for text in texts
        ]
    )
    assert given.extract(["甲"]) == [[Triple("甲", "是", "字"), Triple("a", "b", "")]]
    assert given.extract([]) == []


def test_a_callable_that_gives_something_else_is_named():
    with pytest.raises(InputError, match="2 texts, but was asked for 1"):
        Called(lambda texts: [[], []]).extract(["甲"])
    with pytest.raises(InputError, match="no triple"):
        Called(lambda texts: [[("a", "b")]]).extract(["甲"])


def test_a_file_of_triples_is_an_extractor(tmp_path):
    path = tmp_path / "triples.jsonl"
    lines = [
        '{"text": "甲 爱乙", "triples": [["甲", "爱", "乙"]]}',
        DUIE,
        "",
        '{"text": "甲\u2028爱乙", "triples": []}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = Recorded.open(path)
    assert found.texts == 2 and found.refusals == []
    assert found.extract(["甲　爱乙", "《甲》由乙导演", "丙"]) == [
        [Triple("甲", "爱", "乙")], [Triple("甲", "导演", "乙")], []
    ]  # fmt: skip
    assert found.missed == 1


def test_lines_that_cannot_be_read_are_listed_and_the_rest_goes_on(tmp_path):
    path = tmp_path / "triples.jsonl"
    lines = ["{", '{"triples": []}', '{"text": "a"}', '{"text": "a", "triples": [["b"]]}', '["a"]', DUIE]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = Recorded.open(path)
    assert found.texts == 1
    assert [refusal.item for refusal in found.refusals] == [f"triples.jsonl:{n}" for n in (1, 2, 3, 4, 5)]
    assert "not JSON" in found.refusals[0].reason and "['b'] is no triple" in found.refusals[3].reason


@pytest.mark.parametrize("content", ["", "{\n"])
def test_a_file_without_triples_is_refused(tmp_path, content):
    path = tmp_path / "none.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="holds no triples"):
        Recorded.open(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "none.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        Recorded.open(tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="cannot be read"):
        Recorded.open(tmp_path / "absent.jsonl")


def test_heads_and_tails_are_subjects_and_objects():
    assert triple_of({"head": "a", "type": "b", "tail": "c"}) == Triple("a", "b", "c")
    with pytest.raises(InputError, match="three strings"):
        triple_of({"name": "a"})
    with pytest.raises(InputError, match="three strings"):
        triple_of([1, 2, 3])


def test_a_triple_is_complete_when_nothing_is_missing():
    assert Triple("a", "b", "c").complete and not Triple("a", " ", "c").complete
    assert first_complete([Triple("a", "", "c"), Triple("a", "b", "c")]) == Triple("a", "b", "c")
    assert first_complete([]) is None


@pytest.mark.parametrize(("texts", "said"), [("甲", "one string"), (["甲", 3], "text 1 is a int")])
def test_texts_must_be_a_list_of_strings(texts, said):
    with pytest.raises(InputError, match=said):
        Called(lambda some: [[] for _ in some]).extract(texts)
