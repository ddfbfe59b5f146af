"""What of each table can be run here."""

from tuwen.reproduce.overview import holding
from tuwen.reproduce.published import load


def test_what_is_here_and_what_is_needed(made, pairs):
    held = holding(made(), files={"": pairs})
    assert (held.methods, held.here, held.runs) == (3, 2, 4)
    assert held.needs == ("methods: oracle",)


def test_without_data_the_features_are_named(made, tmp_path):
    held = holding(made(), data_root=tmp_path)
    assert (held.here, held.runs) == (0, 0)
    assert held.needs == ("data: wikipedia none such", "methods: oracle")


def test_a_table_of_the_papers(tmp_path):
    held = holding(load("003-10"), data_root=tmp_path)
    assert held.methods == 11
    assert held.needs[0] == "data: flickr30k regions"
