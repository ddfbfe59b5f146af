from dataclasses import replace

import pytest

from tuwen.report.grouping import tables
from tuwen.report.pictures import drawn, names

pytest.importorskip("matplotlib")


def hashed(make, *bits):
    return [
        make(name, codes="modality", params={"bits": width}) for name in ("cmfh", "itq") for width in bits
    ]


def test_codes_of_several_lengths_are_drawn_against_bits(make):
    (table,) = tables(hashed(make, 16, 64))
    found = drawn(table)
    assert list(found) == ["curves", "bars", "bits"]
    assert "64 bits" in found["curves"].svg


def test_codes_of_one_length_are_not(make):
    (table,) = tables(hashed(make, 16)[:1])
    assert list(drawn(table)) == ["curves", "bars"]


def test_what_failed_is_not_drawn(make, fail):
    (table,) = tables([fail(make("cca"))])
    assert drawn(table) == {}


def test_a_run_without_curves_still_has_bars(make):
    (table,) = tables([replace(make("cca"), curves={})])
    assert list(drawn(table)) == ["bars"]


def test_names_are_as_short_as_they_can_be(make):
    (table,) = tables(
        [make("cca"), make("scm", params={"ridge": 0.1}), make("scm", 0.4, params={"ridge": 0.5})]
    )
    assert sorted(names(table.rows, bits=False)) == ["cca", "scm (ridge=0.1)", "scm (ridge=0.5)"]


def test_names_that_would_be_long_get_letters(make):
    long = {"kernel": "x" * 50}
    (table,) = tables([make("scm", 0.5, params=long), make("scm", 0.4, params=long | {"ridge": 0.5})])
    assert names(table.rows, bits=False) == ["scm (a)", "scm (b)"]


def test_many_curves_are_cut_to_the_best(make):
    (table,) = tables([make(f"m{place:02}", 0.9 - place / 50) for place in range(14)])
    svg = drawn(table)["curves"].svg
    assert "the best 12 of 14" in svg
    assert ">m11<" in svg
    assert ">m12<" not in svg
