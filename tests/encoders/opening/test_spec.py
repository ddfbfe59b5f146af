"""The names of encoders: families, paths, options, and what can be meant wrongly."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tuwen.encoders.opening.spec import convert, parse
from tuwen.errors import InputError, UnknownName

FAMILIES = ("clip", "concat", "hog", "hub", "mini", "modelscope", "stored", "vision")


@pytest.mark.parametrize(
    ("text", "family", "target", "options"),
    [
        ("mini", "", "mini", {}),
        ("  mini ", "", "mini", {}),
        ("hog,cells=8,side=64", "", "hog", {"cells": "8", "side": "64"}),
        ("hog, cells = 8 , side= 64", "", "hog", {"cells": "8", "side": "64"}),
        ("hog,Cells=8", "", "hog", {"Cells": "8"}),
        ("vision:weights/vgg16.pth,layer=fc6", "vision", "weights/vgg16.pth", {"layer": "fc6"}),
        ("vision: vgg16.pth", "vision", "vgg16.pth", {}),
        ("stored:x.npz,modality=", "stored", "x.npz", {"modality": ""}),
        ("OFA-Sys/chinese-clip-rn50", "", "OFA-Sys/chinese-clip-rn50", {}),
        ("hub:a/b@v1,precision=int8", "hub", "a/b@v1", {"precision": "int8"}),
        ("modelscope:iic/x", "modelscope", "iic/x", {}),
        ("C:\\models\\vgg16.pth", "", "C:\\models\\vgg16.pth", {}),
        ("vision:C:\\models\\vgg16.pth,layer=fc6", "vision", "C:\\models\\vgg16.pth", {"layer": "fc6"}),
        ("\\\\server\\share\\clip", "", "\\\\server\\share\\clip", {}),
        ("models/a,b.pth", "", "models/a,b.pth", {}),
        ("clip:a,b.pth,device=cpu", "clip", "a,b.pth", {"device": "cpu"}),
        ("models/a=b", "", "models/a=b", {}),
        ("models/图文 模型", "", "models/图文 模型", {}),
        ("a,b=x=y", "", "a", {"b": "x=y"}),
        ("concat:hog,cells=8+0.5*mini", "concat", "hog,cells=8+0.5*mini", {}),
        ("mini,", "", "mini,", {}),
    ],
)
def test_a_name_is_taken_apart(text, family, target, options):
    found = parse(text, FAMILIES)
    assert (found.family, found.target, found.options) == (family, target, options)
    assert parse(str(found), FAMILIES) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an encoder is missing"),
        ("  ", "an encoder is missing"),
        (",cells=8", "an encoder is missing"),
        ("clip:", "names nothing behind the colon; write clip:PATH"),
        ("clip:,device=cpu", "names nothing behind the colon"),
    ],
)
def test_nothing_is_named(text, said):
    with pytest.raises(InputError, match=said):
        parse(text, FAMILIES)


def test_an_option_twice_is_refused():
    with pytest.raises(InputError, match="gives an option twice"):
        parse("hog,cells=8,cells=9", FAMILIES)


def test_a_family_that_is_none_is_suggested():
    with pytest.raises(UnknownName, match="no family of encoders named 'Vision'; did you mean 'vision'"):
        parse("Vision:vgg16.pth", FAMILIES)


@pytest.mark.parametrize("text", ["https://huggingface.co/a/b", "clip://x", "s3://bucket/x,device=cpu"])
def test_an_address_is_no_encoder(text):
    with pytest.raises(InputError, match="is an address; name a model by its id"):
        parse(text, FAMILIES)


def test_what_is_there_is_not_taken_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("run,lr=1").mkdir()
    Path("my:folder").mkdir()
    assert parse("run,lr=1", FAMILIES).target == "run,lr=1"
    assert parse("clip:run,lr=1,device=cpu", FAMILIES).options == {"device": "cpu"}
    assert parse("my:folder", FAMILIES).target == "my:folder"


def test_what_no_path_can_be_is_a_name():
    assert parse("x\0y", FAMILIES).target == "x\0y"
    assert parse("x" * 5000 + ",a=1", FAMILIES).options == {"a": "1"}


def function(
    path: Path,
    *,
    count: int = 1,
    share: float = 0.5,
    fast: bool = False,
    file: Path | None = None,
    most: int | None = None,
    layer: Literal["fc6", "fc7"] | None = None,
    size: int | str = "auto",
    free="x",
) -> None:
    """Options of every type."""


@dataclass(kw_only=True)
class Base:
    """A dataclass; its child inherits a field."""

    cells: int = 8


@dataclass(kw_only=True)
class Child(Base):
    """Two options."""

    root: bool = False


@pytest.mark.parametrize(
    ("key", "value", "made"),
    [
        ("count", "3", 3),
        ("count", " 3", 3),
        ("share", "1e-3", 1e-3),
        ("fast", "yes", True),
        ("fast", "False", False),
        ("file", "a/b", Path("a/b")),
        ("file", "none", None),
        ("most", "", None),
        ("most", "7", 7),
        ("layer", "fc7", "fc7"),
        ("size", "224", 224),
        ("size", "auto", "auto"),
        ("free", "3", "3"),
    ],
)
def test_options_get_their_types(key, value, made):
    assert convert({key: value}, function) == {key: made}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("count", "3.5", "option count is '3.5'; it must be a whole number"),
        ("count", "", "must be a whole number"),
        ("share", "half", "must be a number"),
        ("fast", "maybe", "must be true or false"),
        ("layer", "fc8", "must be fc6 or fc7"),
        ("most", "many", "must be a whole number"),
    ],
)
def test_a_wrong_value_is_named(key, value, message):
    with pytest.raises(InputError, match=message):
        convert({key: value}, function)


@pytest.mark.parametrize("key", ["path", "counts", "self", "cls"])
def test_an_unknown_option_is_refused(key):
    with pytest.raises(UnknownName, match=f"no option named '{key}'"):
        convert({key: "1"}, function)


def test_inherited_fields_are_options():
    assert convert({"cells": "4", "root": "1"}, Child) == {"cells": 4, "root": True}


def test_an_encoder_without_options_says_so():
    with pytest.raises(UnknownName, match="this encoder has none"):
        convert({"x": "1"}, lambda path: path)


def test_what_takes_any_option_gets_them_as_they_are():
    assert convert({"x": "1"}, lambda path, **options: options) == {"x": "1"}
