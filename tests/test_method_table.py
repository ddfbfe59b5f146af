"""Methods say of themselves what people need to choose and to use one."""

import pytest

from tuwen import method_table, methods
from tuwen.errors import MissingExtra, UnknownName


def test_a_row_says_what_a_method_gives_and_needs():
    rows = {row.name: row.to_dict() for row in method_table.table()}
    assert (rows["cca"]["gives"], rows["cca"]["learns_from"], rows["cca"]["year"]) == (
        "vectors",
        "pairs",
        1936,
    )
    assert (rows["itq"]["gives"], rows["itq"]["learns_from"]) == ("bits", "items")
    assert (rows["hsnn"]["gives"], rows["hsnn"]["needs_labels"]) == ("scores", True)
    assert rows["cmcp"]["transductive"] and rows["seph"]["fuses"] and not rows["cvh"]["fuses"]


def test_a_family_stands_together():
    assert {row.name for row in method_table.table("pairwise")} == {
        name for name, family in methods.names().items() if family == "pairwise"
    }
    with pytest.raises(UnknownName, match="did you mean 'hashing'"):
        method_table.table("hashin")


def test_parameters_have_type_default_and_meaning():
    rows = {row["parameter"]: row for row in method_table.about("kcca").parameters}
    assert rows["dim"]["type"] == "whole number" and rows["dim"]["default"] == 8
    assert rows["kernel"]["type"] == "rbf or linear"
    assert list(rows)[-1] == "seed" and rows["seed"]["default"] == 0
    components = {row["parameter"]: row for row in method_table.about("mean_cca").parameters}["components"]
    assert (components["type"], components["default"]) == ("whole number or none", None)


@pytest.mark.parametrize("name", [name for name, family in methods.names().items() if "deep" not in family])
def test_every_parameter_of_every_method_is_explained(name):
    found = method_table.about(name)
    assert found.text and found.paper.title
    assert not [row["parameter"] for row in found.parameters if not row["meaning"]]
    assert "Args:" not in found.text and f"tuwen fit {name} " in found.example


def test_an_example_names_the_labels_where_they_are_needed():
    assert "--labels" in method_table.about("scm").example
    assert "--labels" not in method_table.about("cca").example
    assert "--bits 64" in method_table.about("cvh").example


def test_what_is_not_installed_is_named_and_hides_nothing_else(monkeypatch):
    find = methods.find

    def without(name):
        if name == "cca":
            raise MissingExtra("cca needs torch; install it with: pip install 'tuwen[deep]'")
        return find(name)

    monkeypatch.setattr(methods, "find", without)
    assert "tuwen[deep]" in method_table.absent()["cca"]
    names = {row.name for row in method_table.table("subspace")}
    assert "cca" not in names and "pls" in names
