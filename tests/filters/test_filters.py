"""The filter language: what it reads, what it refuses, and that a table answers as plain Python does."""

import json
import random
import re

import pyarrow as pa
import pytest

from tuwen.errors import InputError, UnknownName
from tuwen.filters import parse

lance = pytest.importorskip("lance")

COLUMNS = {"id": "string", "label": "string", "width_px": "int", "score": "float", "missing": "bool"}
HOSTILE = [
    "' or 1=1 --",
    "'; drop table images; --",
    "\\' or true or '",
    "x' or metadata is not null or 'a'='a",
    '"',
    "`",
    "') or ('1'='1",
    "/* */",
    "$.a",
    "%",
    "_",
    "\\",
    "\\%",
    "\n",
    "日本",
    "",
    "\x01",
    "{",
    "[",
    "null",
    "true",
    "NaN",
    "2003",
]
KEYS = ["year", "类别", "o'k", 'we"ird', "back\\slash", "dot.key", "$[0]", "sp ace", "label", "* or 1=1"]


def make_rows(count, seed=0):
    """Records with every kind of value in columns and metadata, missing ones included."""
    pick = random.Random(seed)
    values = [None, True, False, 0, -3, 2003, 2015.5, 1e300, "x3", "2003", [1, "a"], [], {"a": 1}, *HOSTILE]
    rows = []
    for number in range(count):
        rows.append(
            {
                "id": f"r{number}",
                "label": pick.choice([None, "体育", *HOSTILE]),
                "width_px": pick.choice([None, 0, 1, 3, 640, 2**31 - 1, -(2**31)]),
                "score": pick.choice([None, 0.0, 1.5, -2.0, float("nan"), float("inf")]),
                "missing": pick.choice([None, True, False]),
                "metadata": {key: pick.choice(values) for key in KEYS if pick.random() < 0.7},
            }
        )
    return rows


@pytest.fixture(scope="module")
def rows():
    return [
        *make_rows(120),
        {"id": "bare", **dict.fromkeys(["label", "width_px", "score", "missing"]), "metadata": None},
    ]


@pytest.fixture(scope="module")
def table(rows, tmp_path_factory):
    """The rows as a Lance table."""
    kinds = {
        "id": pa.string(),
        "label": pa.string(),
        "width_px": pa.int32(),
        "score": pa.float64(),
        "missing": pa.bool_(),
    }
    arrays = {name: pa.array([row[name] for row in rows], kind) for name, kind in kinds.items()}
    texts = [
        None if row["metadata"] is None else json.dumps(row["metadata"], ensure_ascii=False) for row in rows
    ]
    arrays["metadata"] = pa.array(texts, pa.json_())
    return lance.write_dataset(pa.table(arrays), str(tmp_path_factory.mktemp("table") / "t.lance"))


def ask(table, expression):
    condition = parse(expression).sql(COLUMNS)
    return table.to_table(columns=["id"], filter=condition).column("id").to_pylist()


# A second reading of the language, in plain Python, on the tree: True, False or None for unknown.
def truth(node, row):
    kind = type(node).__name__
    if kind == "Joined":
        found = [truth(part, row) for part in node.conditions]
        decisive = node.word == "or"
        if decisive in found:
            return decisive
        return None if None in found else not decisive
    if kind == "Not":
        inner = truth(node.condition, row)
        return None if inner is None else not inner
    column = node.name.text in COLUMNS and not node.name.metadata
    value = row[node.name.text] if column else (row["metadata"] or {}).get(node.name.text)
    if kind == "Missing":
        return value is None
    if kind == "Compare":
        return compared(value, node.op, node.constant.value)
    if kind == "Among":
        found = [compared(value, "=", constant.value) for constant in node.constants]
        return True if True in found else None if None in found else False
    if kind == "Contains":
        if isinstance(value, list | dict):
            return isinstance(value, list) and node.constant.value in [as_text(part) for part in value]
        return None if as_text(value) is None else node.constant.value in as_text(value)
    parts = re.findall(r"\\[%_\\]|.", node.pattern.value, re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)
    return None if as_text(value) is None else re.fullmatch(pattern, as_text(value), re.DOTALL) is not None


def compared(value, op, constant):
    if isinstance(constant, str | bool):
        left, right = as_text(value), as_text(constant)
    else:
        left, right = as_number(value), float(constant)
    if left is None:
        return None
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    return {
        "=": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[op]


def as_text(value):
    if isinstance(value, list | dict | None):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_number(value):
    text = as_text(value)
    if text is None or not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf", text):
        return None
    return float(text)


def random_expression(pick, depth=2):
    if depth and pick.random() < 0.6:
        inner = [random_expression(pick, depth - 1) for _ in range(pick.choice([1, 2, 3]))]
        joined = f" {pick.choice(['and', 'or'])} ".join(f"({part})" for part in inner)
        return f"not ({joined})" if pick.random() < 0.4 else joined
    text = "'" + pick.choice(["体育", "x3", *HOSTILE]).replace("'", "''") + "'"
    number = pick.choice(["0", "-3", "2003", "2010.5", "1e300", "640", "3000000000", "1.5"])
    op = pick.choice(["=", "!=", "<", "<=", ">", ">="])
    name = pick.choice(["label", "width_px", "score", "missing", *["key"] * 6])
    if name == "key":
        name = "metadata.`" + pick.choice([*KEYS, "absent"]) + "`"
    if name == "missing":
        return f"missing {pick.choice(['=', '!='])} {pick.choice(['true', 'false'])}"
    negation = pick.choice(["", "not "])
    texts = [
        f"{name} {op} {text}",
        f"{name} {negation}in ({text}, 'x3')",
        f"{name} {negation}like {text}",
        f"{name} {negation}contains {text}",
    ]
    numbers = [
        f"{name} {op} {number}",
        f"{name} {negation}between -3 and {number}",
        f"{name} {negation}in ({number}, 1)",
    ]
    free = [f"{name} = true", f"{name} in ({number}, {text}, false)"]
    presence = [f"{name} is {negation}null"]
    fitting = {"label": texts, "width_px": numbers, "score": numbers}.get(name, texts + numbers + free)
    return pick.choice(fitting + presence)


@pytest.mark.parametrize("seed", range(5))
def test_a_table_answers_as_plain_python_does(table, rows, seed):
    pick = random.Random(seed)
    for _ in range(40):
        expression = random_expression(pick)
        root = parse(expression).root
        expected = [row["id"] for row in rows if truth(root, row)]
        assert ask(table, expression) == expected, expression


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_ever_a_value(table, rows, text):
    quoted = "'" + text.replace("'", "''") + "'"
    assert ask(table, f"label = {quoted}") == [row["id"] for row in rows if row["label"] == text]
    assert ask(table, f"metadata.absent = {quoted}") == []


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_names_are_only_ever_keys(table, text):
    name = "`" + text.replace("`", "``") + "`"
    assert ask(table, f"{name} = 'x'") == []
    assert len(ask(table, f"{name} is null")) == 121


def test_the_deepest_filter_is_still_answered(table):
    assert len(ask(table, "not (" * 7 + "year > 0 and year < 1 or year in (1, 'a')" + ")" * 7)) < 121
    assert ask(table, "(" * 15 + "year > 1e299" + ")" * 15) == ask(table, "year > 1e299")
    ask(table, " or ".join(f"year = {year}" for year in range(500)))


def test_missing_never_satisfies_a_comparison(table, rows):
    without = [row["id"] for row in rows if (row["metadata"] or {}).get("year") is None]
    for expression in [
        "year != 1",
        "not (year = 1)",
        "year not in (1)",
        "year not like 'x'",
        "not year contains 'x'",
    ]:
        assert not set(without) & set(ask(table, expression)), expression
    assert ask(table, "year is null") == without


def test_contains_finds_an_element_of_a_list(table, rows):
    having = [row["id"] for row in rows if (row["metadata"] or {}).get("year") == [1, "a"]]
    assert set(having) <= set(ask(table, "year contains 'a'"))
    assert set(having) <= set(ask(table, "year contains '1'"))


def test_a_list_or_object_does_not_stop_the_query(table, rows):
    assert {type(row["metadata"]["year"]) for row in rows[:-1] if "year" in row["metadata"]} >= {list, dict}
    assert ask(table, "year > 1e299")


def test_full_width_signs_and_quotation_marks_are_understood():
    assert parse("（类别＝“体育”）　and year ＞＝ －3").sql({}) == parse("(类别='体育') and year >= -3").sql(
        {}
    )
    assert parse("类别 in （‘a’，「b」）").sql({}) == parse("类别 in ('a','b')").sql({})


def test_doubled_quotes_and_backquotes_stand_for_themselves():
    found = parse('`a``b` = \'it\'\'s\' and c = "say ""hi"""')
    assert found.names == ("a`b", "c")
    assert [part.constant.value for part in found.root.conditions] == ["it's", 'say "hi"']


def test_and_binds_tighter_than_or():
    columns = {"a": "int", "b": "int", "c": "int"}
    assert parse("a = 1 or b = 2 and not c = 3").sql(columns) == (
        "((`a` = 1) or ((`b` = 2) and (not (`c` = 3))))"
    )


def test_names_are_listed_once_in_order():
    assert parse("b > 1 and metadata.a = 'x' or 类别 is null and b < 3").names == ("b", "a", "类别")


def test_a_metadata_key_can_be_asked_where_a_column_has_its_name():
    assert "json_get_string" in parse("metadata.label = 'x'").sql(COLUMNS)
    assert parse("label = 'x'").sql(COLUMNS) == "(`label` = 'x')"


def test_words_are_keywords_in_any_case():
    assert parse("a IS NOT NULL AND b Between 1 AND 2").names == ("a", "b")


def test_unknown_names_are_suggested():
    with pytest.raises(UnknownName, match="did you mean 'year'"):
        parse("yaer > 3").sql(COLUMNS, ["year", "类别"])


@pytest.mark.parametrize(
    ("expression", "message", "column"),
    [
        ("", "empty", 0),
        ("year >", "the filter ends", 6),
        ("year > 3 year", "expected `and`, `or` or the end, but got year", 9),
        ("类别 = ", "expected a value", 7),
        ("类别 == 体育", "in quotes, but got 体育", 8),
        ("year = 3; drop table x", "`;` has no meaning", 8),
        ("a = 'x", "not closed", 4),
        ("`` = 1", "cannot be empty", 0),
        ("a = null", "is null", 4),
        ("a is 3", "expected `null`", 5),
        ("a in ()", "expected a value", 6),
        ("a in (1, 2", "expected `)`", 10),
        ("a between 1 or 2", "expected `and`", 12),
        ("a like 3", "a pattern in quotes", 7),
        ("(a = 1", "expected `)`", 6),
        ("a = 1)", "expected `and`", 5),
        ("1 = a", "expected the name", 0),
        ("a = 1e999", "too large", 4),
        ("a = '\0'", "NUL", 4),
        ("a = '\ud800'", "surrogate", 4),
        ("a ? 1", "'?' has no meaning", 2),
        ("not", "expected the name", 3),
        ("(" * 200 + "a = 1" + ")" * 200, "nest more than", 16),
        ("a = 3x", "'3' has no meaning", 4),
    ],
)
def test_a_mistake_is_shown_at_its_place(expression, message, column):
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        parse(expression)
    assert len(str(caught.value).splitlines()[-1]) == 2 + column + 1


def test_the_caret_stands_under_the_line_of_the_mistake():
    with pytest.raises(InputError) as caught:
        parse("a = 1 and\nb ? 2")
    assert str(caught.value).splitlines()[1:] == ["  b ? 2", "    ^"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("label = 3", "holds text"),
        ("width_px = '3'", "holds whole numbers"),
        ("score like 'x'", "holds numbers"),
        ("missing > 3", "holds true or false"),
        ("missing > true", "no order"),
        ("year < false", "no order"),
        ("width_px in (1, 'a')", "holds whole numbers"),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(expression, message):
    with pytest.raises(InputError, match=message):
        parse(expression).sql(COLUMNS)


def test_only_text_is_parsed():
    with pytest.raises(InputError, match="got dict"):
        parse({"year": 3})
