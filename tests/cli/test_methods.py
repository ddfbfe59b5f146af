"""`tuwen methods` lists methods and describes one."""

import json


def test_all_methods_are_listed_and_can_be_chosen_among(tuwen):
    rows = tuwen("methods").rows
    assert {"cca", "cvh", "hsnn"} <= {row["method"] for row in rows}
    hashing = tuwen("methods", "--family", "hashing", "--no-labels").rows
    assert "cvh" in {row["method"] for row in hashing}
    assert all(row["family"] == "hashing" and not row["needs_labels"] for row in hashing)
    assert {row["method"] for row in tuwen("methods", "--gives", "scores").rows} >= {"cmcp", "hsnn"}
    assert all(row["needs_labels"] for row in tuwen("methods", "--labels").rows)


def test_the_table_names_family_and_year(tuwen):
    found = tuwen("methods", "--format", "table", "--family", "subspace")
    assert found.code == 0 and "1936" in found.out and "tuwen methods NAME" in found.err


def test_one_method_is_described_with_its_parameters_paper_and_an_example(tuwen):
    found = tuwen("methods", "cca", "--format", "table")
    assert found.code == 0
    for word in ("leading", "ridge", "1e-06", "Hotelling", "doi.org", "tuwen fit cca --pairs"):
        assert word in found.out
    told = json.loads(tuwen("methods", "cca", "--format", "json").out)
    assert told["parameters"][0]["parameter"] == "dim" and told["method"] == "cca"


def test_what_a_method_can_do_beside_is_said(tuwen):
    assert 'mode="transductive"' in tuwen("methods", "jrl", "--format", "table").out
    assert "database_codes" in tuwen("methods", "seph", "--format", "table").out
    assert "also" not in tuwen("methods", "pls", "--format", "table").out


def test_wrong_names_are_suggested(tuwen):
    assert "did you mean 'cca'" in tuwen("methods", "ccca").err
    assert "did you mean 'hashing'" in tuwen("methods", "--family", "hash").err
    assert tuwen("methods", "cca", "--labels").code == 2
