import numpy as np
import pytest

from tuwen import methods
from tuwen.bench.planning import chosen, plan
from tuwen.datasets import paired
from tuwen.errors import InputError, UnknownName

HASHERS = [name for name, family in methods.names().items() if family == "hashing"]


def kinds(cells):
    """What is asked of each cell, without its parameters."""
    return [(cell.method, cell.codes, cell.database) for cell in cells]


def test_vectors_and_scores_are_measured_among_the_scored_part(pairs_file):
    found = plan(str(pairs_file), ["cca", "hsnn"])
    assert kinds(found) == [("cca", "vectors", "part"), ("hsnn", "vectors", "part")]
    assert found[0].params == methods.find("cca")().params
    assert {cell.part for cell in found} == {"test"}


def test_hash_codes_search_the_training_pairs_in_every_way_a_method_can(pairs_file):
    assert kinds(plan(str(pairs_file), ["scm_hash", "cmfh", "smfh"])) == [
        ("scm_hash", "modality", "train"),
        ("cmfh", "modality", "train"),
        ("cmfh", "fused", "train"),
        ("smfh", "modality", "train"),
        ("smfh", "fused", "train"),
        ("smfh", "training", "train"),
    ]


def test_a_database_of_its_own_is_searched_but_for_training_codes(cut_as, halves):
    cut_as(**halves, database=halves["train"])
    assert kinds(plan("mine", ["smfh"])) == [
        ("smfh", "modality", "database"),
        ("smfh", "fused", "database"),
        ("smfh", "training", "train"),
    ]


def test_codes_of_training_are_never_asked_for_classes_it_has_not_seen(pairs_file):
    found = plan(str(pairs_file), ["smfh", "cca"], split="zero-shot")
    assert kinds(found) == [
        ("smfh", "modality", "database"),
        ("smfh", "fused", "database"),
        ("cca", "vectors", "part"),
    ]
    assert {cell.split for cell in found} == {"zero-shot-80/20"}


def test_what_is_true_by_pairs_is_never_fused(cut_as, captioned):
    cut_as(**captioned)
    assert kinds(plan("mine", ["smfh", "cca"])) == [("smfh", "modality", "part"), ("cca", "vectors", "part")]


def test_only_the_kinds_of_codes_asked_for(pairs_file):
    found = plan(str(pairs_file), ["cmfh", "scm_hash", "cca"], codes=["fused"])
    assert kinds(found) == [("cmfh", "fused", "train"), ("cca", "vectors", "part")]


@pytest.mark.parametrize("name", ["scm_hash", "cca"])
def test_kinds_of_codes_that_no_method_has_are_refused(pairs_file, name):
    with pytest.raises(InputError, match=f"nothing to run for codes fused: none of {name} has them here"):
        plan(str(pairs_file), [name], codes=["modality", "fused"][name == "cca" :])


def test_bits_are_those_of_hashing_alone_and_are_not_judged_yet(pairs_file):
    found = plan(str(pairs_file), ["cca", "lsh"], bits=[12, 16, 12])
    assert [cell.params.get("bits") for cell in found] == [None, 12, 16]


def test_repeats_have_seeds_of_methods_and_of_splits_that_are_drawn(pairs_file, cut_as, halves):
    found = plan(str(pairs_file), ["cca"], repeat=2)
    assert [(cell.params["seed"], cell.data_seed) for cell in found] == [(0, 0), (1, 1)]
    cut_as(**halves)  # the same parts whatever the seed
    found = plan("mine", ["cca"], repeat=2, settings={"cca": {"seed": 5}})
    assert [(cell.params["seed"], cell.data_seed) for cell in found] == [(5, 0), (6, 0)]


def test_names_families_and_patterns_choose_methods():
    families = methods.names()
    assert chosen(["hsnn", "pairwise"])[:2] == ["hsnn", "cmcp"]
    assert chosen(["scm_*"]) == ["scm_hash"]
    assert chosen(["all"]) == list(families)
    with pytest.raises(UnknownName, match="no method named 'ccaa'; did you mean 'cca"):
        chosen(["ccaa"])
    with pytest.raises(InputError, match="no method is named"):
        chosen([])


def test_the_name_of_a_default_makes_no_other_cell(monkeypatch, cut_as, halves):
    cut_as(**halves)
    one, other = plan("mine", ["cca"]), plan("mine", ["cca"], split="usual", features="usual")
    assert one[0].key == other[0].key


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"repeat": 0}, "repeat is 0"),
        ({"metrics": ()}, "metrics is empty"),
        ({"metrics": ("maps",)}, "no metric named 'maps'"),
        ({"settings": {"pls": {"dim": 2}}}, "pls has settings but is not among the methods: cca"),
        ({"settings": {"cca": {"dims": 2}}}, "no parameter of cca named 'dims'"),
        ({"options": {"cca": {"mode": "x"}}}, "no option of cca named 'mode'"),
    ],
)
def test_what_cannot_be_planned_is_refused(pairs_file, more, message):
    with pytest.raises(InputError, match=message):
        plan(str(pairs_file), ["cca"], **more)


def test_bits_given_twice_are_refused(pairs_file):
    with pytest.raises(InputError, match="bits of lsh are given twice"):
        plan(str(pairs_file), ["lsh"], bits=[16], settings={"lsh": {"bits": 8}})


def test_data_that_is_not_there_stops_everything(tmp_path):
    with pytest.raises(UnknownName, match="no data set or file named 'wikipedias'; did you mean 'wikipedia'"):
        plan("wikipedias", ["cca"])


@pytest.mark.parametrize("name", HASHERS)
def test_what_learns_codes_of_the_training_pairs_says_so(name):
    kind = methods.find(name)
    rng = np.random.default_rng(0)
    pairs = paired(rng.normal(size=(24, 12)), rng.normal(size=(24, 12)), np.arange(24) % 3)
    few = {"anchors": 10, "atoms": 12, "neighbours": 3, "topics": 4, "pairs": 200, "image_dim": 8, "turns": 2}
    params = {key: few[key] for key in kind().params if key in few}
    method = kind(bits=8, **params).fit(*pairs.aligned)
    assert hasattr(method, "training_codes_") == kind.learns_codes
