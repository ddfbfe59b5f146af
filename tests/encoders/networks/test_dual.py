"""What is wrong with a checkpoint, or with what lies beside it, and what to do."""

import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("safetensors")

import plain_clip as plain  # noqa: E402
import tiny_duals as tiny  # noqa: E402
from tuwen import encoders  # noqa: E402
from tuwen.encoders.clip import Clip  # noqa: E402
from tuwen.errors import Damaged, InputError, UnknownName  # noqa: E402


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A folder of ChineseCLIP and its model."""
    folder = tmp_path_factory.mktemp("chinese")
    return folder, tiny.chinese_clip_folder(folder)


def rewrite(folder, change):
    """Write a folder's tensors anew, changed."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    save_file(change(tensors), folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {k: v for k, v in t.items() if "vision_model" not in k}, "no picture tower"),
        (lambda t: {k: v for k, v in t.items() if "text_model" not in k}, "no text tower"),
        (
            lambda t: {k: v for k, v in t.items() if k != "visual_projection.weight"},
            "no whole ChineseCLIPModel",
        ),
        (
            lambda t: t | {"text_projection.weight": torch.ones(24, 32)},
            r"shape \(24, 32\).* asks for \(24, 64\)",
        ),
        (lambda t: t | {"adapter.weight": torch.ones(2)}, "no place for"),
        (lambda t: t | {"text_projection.weight": torch.full((24, 64), float("nan"))}, "NaN or infinite"),
    ],
)
def test_tensors_that_do_not_fit_are_named(tmp_path, change, message):
    tiny.chinese_clip_folder(tmp_path)
    rewrite(tmp_path, change)
    with pytest.raises(InputError, match=message):
        Clip.open(tmp_path)


def test_a_tokenizer_that_does_not_fit_is_refused(tmp_path):
    tiny.chinese_clip_folder(tmp_path)
    words = tiny.BERT_WORDS + [f"more{n}" for n in range(9)]
    (tmp_path / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    with pytest.raises(InputError, match="does not fit the weights"):
        Clip.open(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(tiny.BERT_WORDS[:30]), encoding="utf-8")
    with pytest.raises(InputError, match="does not fit the weights"):
        Clip.open(tmp_path)


def test_a_missing_tokenizer_is_asked_for_and_can_lie_elsewhere(tmp_path):
    tiny.chinese_clip_folder(tmp_path / "model")
    (tmp_path / "words").mkdir()
    (tmp_path / "model" / "vocab.txt").rename(tmp_path / "words" / "vocab.txt")
    with pytest.raises(InputError, match=r"vocab\.txt.*vocabulary="):
        Clip.open(tmp_path / "model")
    assert Clip.open(tmp_path / "model", vocabulary=tmp_path / "words").width == 24
    assert Clip.open(tmp_path / "model", vocabulary=tmp_path / "words" / "vocab.txt").width == 24
    with pytest.raises(InputError, match="no vocabulary"):
        Clip.open(tmp_path / "model", vocabulary=tmp_path / "nowhere")


def test_a_pt_of_chinese_clip_without_a_vocabulary_says_where_there_is_one(tmp_path):
    model = plain.settle(plain.ChineseClip(plain.Vision(layers=1), words=21128, width=64, layers=1))
    torch.save({"state_dict": model.state_dict()}, tmp_path / "alone.pt")
    with pytest.raises(InputError, match=r"no tokenizer: put vocab\.txt .* of bert-base-chinese"):
        Clip.open(tmp_path / "alone.pt")


def test_a_closing_token_that_the_tower_does_not_look_for_is_refused(tmp_path):
    tiny.clip_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 5
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="looks for 5"):
        Clip.open(tmp_path)


def test_pictures_of_another_size_than_the_network_takes_are_refused(tmp_path):
    tiny.chinese_clip_folder(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": {"height": 48, "width": 48}}))
    with pytest.raises(InputError, match="48 pixels, but its network takes 32"):
        Clip.open(tmp_path)


def test_weights_without_their_configuration_ask_for_it(tmp_path):
    tiny.chinese_clip_folder(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"config\.json"):
        Clip.open(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"text_config": {"num_attention_heads": 3}}, r"config\.json that does not fit"),
        ({"text_config": {"hidden_act": "nothing"}}, "nothing"),
        ({"text_config": {"num_hidden_layers": 3}}, r"text_model\.encoder\.layer\.2.* missing"),
        ({"vision_config": {"num_hidden_layers": 1}}, "no place for"),
        ({"vision_config": {"image_size": 64}}, "config.json belongs to another checkpoint"),
        ({"vision_config": {"patch_size": 0}}, "cannot be made"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantised"),
        ({"text_config": "x"}, "does not fit"),
    ],
)
@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_configuration_that_does_not_fit_says_so_in_one_line(tmp_path, change, message):
    tiny.chinese_clip_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for part, value in change.items():
        config[part] = config[part] | value if isinstance(value, dict) and part in config else value
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=message) as raised:
        Clip.open(tmp_path)
    assert "\n" not in str(raised.value)


def test_how_a_model_was_run_where_it_was_saved_does_not_matter(tmp_path, chinese):
    tiny.chinese_clip_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config |= {"_attn_implementation": "flash_attention_2", "torch_dtype": "float16"}
    config |= {"auto_map": {"AutoModel": "other.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    clip = Clip.open(tmp_path)
    assert clip.runtime == "torch fp32 on cpu"
    assert clip.fingerprint == Clip.open(chinese[0]).fingerprint


def test_one_tower_alone_is_refused(tmp_path):
    tiny.chinese_clip_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "clip_vision_model"}))
    with pytest.raises(InputError, match="one tower alone"):
        Clip.open(tmp_path)


@pytest.mark.parametrize(
    ("dropped", "message"),
    [("module.visual.", "no picture tower"), ("module.text_projection", "lacks text_projection")],
)
def test_a_pt_without_a_part_says_which(tmp_path, dropped, message):
    tiny.chinese_clip_pt(tmp_path / "tiny.pt")
    whole = torch.load(tmp_path / "tiny.pt", weights_only=True)
    whole["state_dict"] = {k: v for k, v in whole["state_dict"].items() if not k.startswith(dropped)}
    torch.save(whole, tmp_path / "tiny.pt")
    with pytest.raises(InputError, match=message):
        Clip.open(tmp_path / "tiny.pt")


def test_a_truncated_pt_is_damaged(tmp_path):
    tiny.chinese_clip_pt(tmp_path / "tiny.pt")
    data = (tmp_path / "tiny.pt").read_bytes()
    (tmp_path / "tiny.pt").write_bytes(data[: len(data) // 2])
    with pytest.raises(Damaged, match="ends too early"):
        Clip.open(tmp_path / "tiny.pt")


def test_an_open_clip_of_another_architecture_says_what_to_take(tmp_path):
    torch.save({"visual.trunk.conv.weight": torch.ones(2), "text.x": torch.ones(2)}, tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"timm.*transformers folder"):
        Clip.open(tmp_path / "x.pt")


def test_a_checkpoint_of_something_else_says_what_it_holds(tmp_path):
    torch.save({"layer.weight": torch.ones(2), "layer.bias": torch.ones(2)}, tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"no dual encoder: it holds tensors such as layer\.bias"):
        Clip.open(tmp_path / "x.pt")


def test_options_are_checked(chinese):
    with pytest.raises(UnknownName, match="fp8"):
        Clip.open(chinese[0], precision="fp8")
    with pytest.raises(InputError, match="context is 600"):
        Clip.open(chinese[0], context=600)
    with pytest.raises(UnknownName, match="option"):
        encoders.load(f"{chinese[0]},speed=9")
