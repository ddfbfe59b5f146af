import pytest

from tuwen.bench.settings import check_options, parse, parse_grids, parse_options, read
from tuwen.errors import InputError, UnknownName


@pytest.mark.parametrize(
    ("method", "name", "text", "value"),
    [
        ("cca", "dim", "7", 7),
        ("cca", "ridge", "1e-3", 0.001),
        ("cca", "standardise", "false", False),
        ("cluster_cca", "components", "none", None),
        ("cluster_cca", "components", "5", 5),
        ("pls", "deflation", "canonical", "canonical"),
    ],
)
def test_a_value_is_read_as_its_field_is_typed(method, name, text, value):
    found = read(method, name, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cca.dim=7.5", "cca.dim is '7.5'; it must be a whole number"),
        ("cca.standardise=perhaps", "cca.standardise is 'perhaps'; it must be true or false"),
        ("cluster_cca.components=few", "it must be a whole number or none"),
        ("pls.deflation=both", "it must be 'svd', 'canonical'"),
        ("dim=7", "write METHOD.PARAM=VALUE, such as cca.dim=7"),
        ("cca.dim", "write METHOD.PARAM=VALUE, such as cca.dim=7"),
    ],
)
def test_another_kind_of_value_is_refused_by_name(text, message):
    with pytest.raises(InputError, match=r"must be|METHOD") as error:
        parse([text])
    assert message in str(error.value)


def test_unknown_names_get_the_nearest():
    with pytest.raises(UnknownName, match="no parameter of cca named 'dims'; did you mean 'dim'"):
        parse(["cca.dims=7"])
    with pytest.raises(UnknownName, match="no method named 'ccca'"):
        parse(["ccca.dim=7"])


def test_settings_are_gathered_by_method():
    found = parse(["cca.dim=7", "pls.dim=5", "cca.power=1"])
    assert found == {"cca": {"dim": 7, "power": 1.0}, "pls": {"dim": 5}}


def test_a_setting_given_twice_is_refused():
    with pytest.raises(InputError, match=r"cca.dim is given twice"):
        parse(["cca.dim=7", "cca.dim=8"])


def test_a_grid_has_several_values():
    assert parse_grids(["cca.dim=5, 7,5"]) == {"cca": {"dim": [5, 7]}}
    with pytest.raises(InputError, match=r"nothing to choose; give several values, or --set cca.dim=5"):
        parse_grids(["cca.dim=5"])


def test_what_has_a_value_is_not_tried():
    with pytest.raises(InputError, match=r"cca\.dim has one value and several to try"):
        parse_grids(["cca.dim=5,7"], {"cca": {"dim": 3}})
    assert parse_grids(["cca.dim=5,7"], {"cca": {"ridge": 0.1}}) == {"cca": {"dim": [5, 7]}}


def test_options_of_scoring_are_those_of_similarity():
    assert parse_options(["cmcp.mode=transductive"]) == {"cmcp": {"mode": "transductive"}}
    with pytest.raises(InputError, match="'inductive', 'transductive'"):
        parse_options(["cmcp.mode=both"])
    with pytest.raises(UnknownName, match="no option of cca named 'mode'"):
        parse_options(["cca.mode=transductive"])
    with pytest.raises(UnknownName, match="no option of cmcp named 'modes'"):
        check_options({"cmcp": {"modes": "transductive"}})
