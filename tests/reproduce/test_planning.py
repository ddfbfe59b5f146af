"""What of a table can be run here."""

import pytest

from tuwen.errors import UnknownName
from tuwen.reproduce.planning import plan
from tuwen.reproduce.published import load, names


def test_absent_features_and_methods_are_both_said(made, tmp_path):
    places = plan(made(), data_root=tmp_path)
    assert [place.row.printed for place in places] == ["CCA", "SM", "Oracle"]
    assert not any(place.cells for place in places)
    assert {place.needs for place in places} == {"features that nobody has"}
    assert [bool(place.lacks) for place in places] == [False, False, True]
    assert places[2].lacks.startswith("oracle, a method that this version does not have")


def test_ones_own_features_stand_in_for_those_of_a_block(made, pairs):
    cca, sm, oracle = plan(made(), files={"": pairs})
    assert [cell.data_seed for cell in cca.cells] == [0, 1]
    assert {cell.data for cell in cca.cells} == {str(pairs)}
    assert cca.cells[0].params["dim"] == 4
    assert [column.name for column in sm.columns] == ["i2t", "t2i", "mean"]
    assert (oracle.needs, bool(oracle.lacks)) == ("", True)


def test_methods_that_nobody_asked_for_are_listed_and_not_run(made, pairs):
    cca, sm, oracle = plan(made(), files={"": pairs}, wanted=["sm"])
    assert (cca.left_out, len(cca.cells)) == (True, 0)
    assert (sm.left_out, len(sm.cells)) == (False, 2)
    assert (oracle.left_out, bool(oracle.lacks)) == (False, True)
    with pytest.raises(UnknownName, match="no method in table 009-1 named 'ssm'; did you mean 'sm'"):
        plan(made(), wanted=["ssm"])


def test_a_block_that_is_not_there_is_named(made, pairs):
    with pytest.raises(UnknownName, match="no block of table 009-1 named 'cnn'"):
        plan(made(), files={"cnn": pairs})


def test_hash_codes_have_a_place_for_each_width_and_only_methods_that_can(made, pairs):
    columns = [{"printed": f"{b}", "direction": "i2t", "metric": "map", "bits": b} for b in (8, 16)]
    rows = [
        {"printed": name, "reference": 1, "method": name, "values": ["1.0", "2.0"]}
        for name in ("scm_hash", "cmfh")
    ]
    setup = {
        "says": "x",
        "groups": [""],
        "data": "wikipedia",
        "split": "80/20",
        "features": "",
        "data_seeds": [0],
        "database": "train",
        "compares": True,
    }
    setups = [{"name": kind, "codes": kind, **setup} for kind in ("modality", "fused")]
    table = made(columns=columns, rows=rows, setups=setups, reasons=[])
    places = plan(table, files={"": pairs})
    seen = [(place.setup.name, place.row.printed, place.cells[0].params["bits"]) for place in places]
    both = [("modality", name, bits) for name in ("scm_hash", "cmfh") for bits in (8, 16)]
    assert seen == [*both, ("fused", "cmfh", 8), ("fused", "cmfh", 16)]
    assert all(place.cells[0].codes == place.setup.name for place in places)


def test_a_set_up_may_name_all_its_methods(made, pairs):
    setup = load("002-1").setups[1]
    assert setup.only
    places = [place for place in plan(load("002-1"), files={"shallow": pairs}) if place.setup == setup]
    shown = {place.row.printed for place in places if place.cells}
    assert shown == {"CCA", "HSNN", "JFSSL", "CMCP", "JRL"}


@pytest.mark.parametrize("name", names())
def test_without_data_every_row_says_what_it_needs(name, tmp_path):
    table = load(name)
    places = plan(table, data_root=tmp_path)
    assert {place.row.printed for place in places} == {row.printed for row in table.rows}
    assert all(place.needs and not place.cells for place in places)
