from pathlib import Path

import pytest

from tuwen.encoders.opening import hub, known

MODELS = [known.resolve(name) for name in known.names()]


def test_names_are_found_and_others_are_not():
    assert known.resolve("cn-clip-vit-b-16").hub == "OFA-Sys/chinese-clip-vit-base-patch16"
    assert known.resolve("mini") is None


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_each_has_ids_a_family_and_a_line(model):
    assert hub.is_id(model.hub) and (not model.modelscope or hub.is_id(model.modelscope))
    assert model.family in ("clip", "vision", "language")
    assert model.note and model.licence and bool(model.languages) == (model.family != "vision")


def test_no_short_name_is_an_encoder_or_looks_like_an_id():
    from tuwen import encoders

    assert not set(known.names()) & set(encoders.names())
    assert not any("/" in name for name in known.names())


def test_the_page_lists_each():
    page = (Path(__file__).resolve().parents[3] / "docs" / "encoders.md").read_text(encoding="utf-8")
    for model in MODELS:
        line = f"| `{model.name}` | {' '.join(model.languages) or '–'} | `{model.hub}` |"
        assert line in page and model.note in page
