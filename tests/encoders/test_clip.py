"""Dual encoders from every format: the vectors of the networks they come from, and what is refused."""

import json

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("safetensors")

import plain_clip as plain  # noqa: E402
import tiny_duals as tiny  # noqa: E402
from tuwen import encoders  # noqa: E402
from tuwen.encoders.clip import Clip  # noqa: E402
from tuwen.errors import InputError  # noqa: E402


def noise(count=3, size=32, seed=0):
    """Prepared pictures, (n, size, size, 3) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def features(model, pixels, tokens, clip):
    """What a model of transformers itself makes of pixels and tokens."""
    with torch.inference_mode():
        ids, mask = map(torch.from_numpy, tokens)
        image = model.get_image_features(pixel_values=torch.from_numpy(clip.recipe.normalise(pixels)))
        text = model.get_text_features(input_ids=ids, attention_mask=mask)
    return image.pooler_output.numpy(), text.pooler_output.numpy()


def assert_same(clip, image, text, *, pixels, texts, factor=1.0):
    """Raw vectors within 1e-6 (pictures) and 1e-5 (texts) of the expected, and unit rows by default."""
    found = clip.encode_prepared(pixels, unit=False)
    assert np.abs(found - image).max() <= 1e-6 * factor * max(1, np.abs(image).max())
    found = clip.encode_texts(texts, unit=False)
    assert np.abs(found - text).max() <= 1e-5 * factor * max(1, np.abs(text).max())
    assert np.allclose(np.linalg.norm(clip.encode_texts(texts), axis=1), 1, atol=1e-6)


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A folder of ChineseCLIP and its model."""
    folder = tmp_path_factory.mktemp("chinese")
    return folder, tiny.chinese_clip_folder(folder)


def test_a_chinese_clip_folder_gives_what_transformers_gives(chinese):
    folder, model = chinese
    clip = Clip.open(folder)
    image, text = features(model, noise(), clip.tokens(tiny.TEXTS), clip)
    assert_same(clip, image, text, pixels=noise(), texts=tiny.TEXTS)
    assert (clip.width, clip.image_size, clip.languages) == (24, 32, ("zh",))
    assert clip.parameters == sum(v.numel() for k, v in model.named_parameters() if k != "logit_scale")
    assert clip.runtime == "torch fp32 on cpu"


def test_loading_by_name_finds_the_family(chinese):
    folder, _ = chinese
    found = encoders.load(str(folder))
    assert isinstance(found, Clip)
    assert found.name == str(folder)


def test_chinese_clip_squashes_and_reads_52_tokens(chinese):
    recipe = Clip.open(chinese[0]).recipe
    assert (recipe.fit, recipe.filter, recipe.context, recipe.quotes, recipe.pad) == (
        *("squash", "bicubic", 52, True),
        "longest",
    )


def test_a_class_default_of_transformers_does_not_make_chinese_clip_crop(tmp_path):
    tiny.chinese_clip_folder(tmp_path)
    wrong = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}, "do_center_crop": True}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(wrong))
    assert Clip.open(tmp_path).recipe.fit == "squash"
    assert Clip.open(tmp_path, resize="crop").recipe.fit == "crop"


def test_a_clip_folder_gives_what_transformers_gives(tmp_path):
    model = tiny.clip_folder(tmp_path)
    clip = Clip.open(tmp_path)
    image, text = features(model, noise(), clip.tokens(tiny.TEXTS), clip)
    assert_same(clip, image, text, pixels=noise(), texts=tiny.TEXTS)
    assert (clip.recipe.fit, clip.recipe.context, clip.recipe.quotes) == ("crop", 16, False)


def test_an_altclip_folder_gives_what_transformers_gives(tmp_path):
    model = tiny.altclip_folder(tmp_path)
    clip = Clip.open(tmp_path)
    image, text = features(model, noise(), clip.tokens(tiny.TEXTS), clip)
    assert_same(clip, image, text, pixels=noise(), texts=tiny.TEXTS)
    assert clip.recipe.lower is False


@pytest.mark.parametrize("second", [False, True])
def test_a_siglip_folder_gives_what_transformers_gives(tmp_path, second):
    model = tiny.siglip_folder(tmp_path, second=second)
    clip = Clip.open(tmp_path)
    ids, _mask = clip.tokens(tiny.TEXTS)
    assert ids.shape[1] == clip.recipe.context == 12
    with torch.inference_mode():
        image = model.get_image_features(pixel_values=torch.from_numpy(clip.recipe.normalise(noise())))
        text = model.get_text_features(input_ids=torch.from_numpy(ids))
    assert_same(
        clip, image.pooler_output.numpy(), text.pooler_output.numpy(), pixels=noise(), texts=tiny.TEXTS
    )
    assert clip.recipe.punctuation is second
    assert clip.recipe.mean == (0.5, 0.5, 0.5)


def test_a_siglip_2_of_flexible_size_is_refused_with_the_reason(tmp_path):
    tiny.siglip_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "siglip2"}))
    with pytest.raises(InputError, match="NaFlex"):
        Clip.open(tmp_path)


@pytest.mark.parametrize("half", [False, True])
def test_a_pt_of_chinese_clip_gives_what_its_network_gives(tmp_path, half):
    model = tiny.chinese_clip_pt(tmp_path / "tiny.pt", half=half)
    clip = Clip.open(tmp_path / "tiny.pt")
    with torch.inference_mode():
        image = model.visual(torch.from_numpy(clip.recipe.normalise(noise()))).numpy()
        text = model.text(*map(torch.from_numpy, clip.tokens(tiny.TEXTS))).numpy()
    assert_same(clip, image, text, pixels=noise(), texts=tiny.TEXTS, factor=2)
    assert clip.kind == "chinese_clip"


def test_a_pt_and_the_folder_converted_from_it_are_one_space(tmp_path):
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    from tuwen.encoders.networks import chinese_clip
    from tuwen.encoders.opening import checkpoint

    tiny.chinese_clip_pt(tmp_path / "tiny.pt", half=True)
    tensors = checkpoint.read(tmp_path / "tiny.pt")
    config = chinese_clip.config(tensors, "tiny.pt")
    made = ChineseCLIPModel(ChineseCLIPConfig(**{k: v for k, v in config.items() if k != "model_type"}))
    renamed = {name: v.float() for name, v in chinese_clip.all_tensors(tensors).items()}
    made.load_state_dict(renamed | {"logit_scale": torch.tensor(1.0)})
    folder = tmp_path / "converted"
    made.save_pretrained(folder)
    tiny.write_bert_words(folder)
    one, other = Clip.open(tmp_path / "tiny.pt"), Clip.open(folder)
    assert one.fingerprint == other.fingerprint
    assert np.abs(one.encode_texts(tiny.TEXTS) - other.encode_texts(tiny.TEXTS)).max() <= 1e-6
    assert np.abs(one.encode_prepared(noise()) - other.encode_prepared(noise())).max() <= 1e-6


def test_other_weights_or_another_recipe_are_another_space(tmp_path, chinese):
    one = Clip.open(chinese[0]).fingerprint
    tiny.chinese_clip_folder(tmp_path, seed=1)
    assert Clip.open(tmp_path).fingerprint != one
    assert Clip.open(chinese[0], resize="crop").fingerprint != one
    assert Clip.open(chinese[0], context=20).fingerprint != one
    assert Clip.open(chinese[0], precision="bf16").fingerprint == one


def test_a_pt_of_the_resnet_gives_what_its_network_gives(tmp_path):
    visual = plain.ResNet()
    model = plain.settle(plain.ChineseClip(visual, words=len(tiny.BERT_WORDS)))
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}}, tmp_path / "rn.pt")
    tiny.write_bert_words(tmp_path)
    clip = Clip.open(tmp_path / "rn.pt")
    assert clip.image_size == 64
    with torch.inference_mode():
        image = model.visual(torch.from_numpy(clip.recipe.normalise(noise(size=64)))).numpy()
        text = model.text(*map(torch.from_numpy, clip.tokens(tiny.TEXTS))).numpy()
    assert_same(clip, image, text, pixels=noise(size=64), texts=tiny.TEXTS, factor=5)
    with pytest.raises(InputError, match="no patches"):
        clip.patch_tokens([Image.new("RGB", (9, 9))])
    assert clip.patch_vectors(Image.new("RGB", (9, 9))) is None


@pytest.mark.parametrize(
    ("resnet", "prefix", "activation"),
    [(False, "", "gelu"), (False, "text.", "gelu"), (False, "", "quick_gelu"), (True, "", "quick_gelu")],
)
def test_an_open_clip_checkpoint_gives_what_its_network_gives(tmp_path, resnet, prefix, activation):
    function = plain.quick_gelu if activation == "quick_gelu" else torch.nn.functional.gelu
    words = tiny.write_clip_words(tmp_path)
    visual = plain.ResNet() if resnet else plain.Vision(activation=function)
    model = plain.settle(plain.Clip(visual, words=words, activation=function))
    tensors = {
        name if name.startswith(("visual.", "logit")) else prefix + name: values
        for name, values in model.state_dict().items()
    }
    torch.save(tensors, tmp_path / "open_clip_pytorch_model.bin")
    about = {"model_cfg": {"quick_gelu": True}} if activation == "quick_gelu" else {"model_cfg": {}}
    (tmp_path / "open_clip_config.json").write_text(json.dumps(about))
    clip = Clip.open(tmp_path)
    pixels = noise(size=clip.image_size)
    with torch.inference_mode():
        image = model.visual(torch.from_numpy(clip.recipe.normalise(pixels))).numpy()
        text = model.text(torch.from_numpy(clip.tokens(tiny.TEXTS)[0])).numpy()
    assert_same(clip, image, text, pixels=pixels, texts=tiny.TEXTS, factor=5)
    assert clip.recipe.fit == "crop"


def test_the_activation_of_openai_is_known_by_its_layout_and_can_be_chosen(tmp_path):
    words = tiny.write_clip_words(tmp_path)
    model = plain.settle(plain.Clip(plain.Vision(), words=words))
    tensors = dict(model.state_dict())
    torch.save(tensors, tmp_path / "weights.pt")
    numbers = {"input_resolution": 32, "context_length": 16, "vocab_size": words}
    torch.save(tensors | {k: torch.tensor(v) for k, v in numbers.items()}, tmp_path / "original.pt")
    expected = Clip.open(tmp_path / "original.pt").encode_prepared(noise())
    assert not np.allclose(Clip.open(tmp_path / "weights.pt").encode_prepared(noise()), expected)
    chosen = Clip.open(tmp_path / "weights.pt", activation="quick_gelu")
    assert np.allclose(chosen.encode_prepared(noise()), expected)


def test_the_vectors_of_a_text_do_not_depend_on_its_neighbours(chinese):
    clip = Clip.open(chinese[0])
    together = clip.encode_texts(tiny.TEXTS)
    alone = np.concatenate([clip.encode_texts([text]) for text in tiny.TEXTS])
    assert np.abs(together - alone).max() <= 1e-6


def test_a_text_too_long_is_cut_and_counted_and_keeps_its_end(chinese):
    clip = Clip.open(chinese[0])
    clip.encode_texts(["大" * 50, "大" * 51, "大" * 500])
    assert clip.cut == 2
    ids, _ = clip.tokens(["大" * 500])
    assert ids.shape == (1, 52)
    assert ids[0, -1] == tiny.BERT_WORDS.index("[SEP]")


def test_a_text_that_looks_like_a_path_or_an_address_stays_text(chinese, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    clip = Clip.open(chinese[0])
    found = clip.encode([str(tmp_path / "a.jpg"), "http://127.0.0.1:9/a.jpg"], "text")
    assert found.shape == (2, 24)


def test_bf16_stays_near_fp32(chinese):
    one, other = Clip.open(chinese[0]), Clip.open(chinese[0], precision="bf16")
    assert other.runtime == "torch bf16 on cpu"
    assert (one.encode_prepared(noise()) * other.encode_prepared(noise())).sum(axis=1).min() > 0.999
    assert (one.encode_texts(tiny.TEXTS) * other.encode_texts(tiny.TEXTS)).sum(axis=1).min() > 0.999


def test_towers_give_unit_rows(chinese):
    clip = Clip.open(chinese[0])
    image, text = clip.towers()
    with torch.inference_mode():
        found = image(torch.from_numpy(clip.recipe.normalise(noise()))).numpy()
        words = text(*map(torch.from_numpy, clip.tokens(tiny.TEXTS))).numpy()
    assert np.abs(found - clip.encode_prepared(noise())).max() <= 1e-6
    assert np.abs(words - clip.encode_texts(tiny.TEXTS)).max() <= 1e-6


def test_patches_and_tokens_have_states(chinese):
    clip = Clip.open(chinese[0])
    assert clip.patch_tokens([Image.new("RGB", (40, 50))] * 2).shape == (2, 16, 128)
    states, mask = clip.token_states(["红绿", "红"])
    assert states.shape == (2, 4, 64)
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]


def test_a_patch_in_the_common_space_is_what_the_class_token_makes_of_it_alone(tmp_path):
    model = tiny.chinese_clip_pt(tmp_path / "tiny.pt")
    clip = Clip.open(tmp_path / "tiny.pt")
    picture, visual = Image.fromarray(noise(1)[0]), model.visual
    with torch.inference_mode():
        x = visual.conv1(torch.from_numpy(clip.recipe.normalise(noise(1)))).flatten(2).transpose(1, 2)
        x = visual.ln_pre(
            torch.cat([visual.class_embedding.expand(1, 1, -1), x], 1) + visual.positional_embedding
        )
        *first, last = visual.transformer.resblocks
        for block in first:
            x = block(x)
        expected = []
        for patch in range(1, 17):
            only = torch.full((17, 17), -torch.inf)
            only[:, patch] = 0
            expected.append(visual.ln_post(last(x, only)[0, 0]) @ visual.proj)
        expected = torch.nn.functional.normalize(torch.stack(expected), dim=-1)
    found = clip.patch_vectors(picture)
    assert found.vectors.shape == (4, 4, 24) and found.seen == (1, 1)
    assert np.allclose(found.vectors.reshape(16, 24), expected.numpy(), atol=1e-5)


def test_a_patch_of_siglip_is_what_its_head_sees_of_it_alone(tmp_path):
    model = tiny.siglip_folder(tmp_path).vision_model
    clip = Clip.open(tmp_path)
    with torch.inference_mode():
        states = model(torch.from_numpy(clip.recipe.normalise(noise(1)))).last_hidden_state
        expected = torch.nn.functional.normalize(model.head(states[:, 5:6])[0], dim=-1)
    found = clip.patch_vectors(Image.fromarray(noise(1)[0])).vectors
    assert found.shape == (4, 4, 128)
    assert np.allclose(found[1, 1], expected.numpy(), atol=1e-5)


def test_nothing_is_written_to_the_terminal(chinese, capfd):
    Clip.open(chinese[0]).encode_texts(["红"])
    assert capfd.readouterr() == ("", "")


def test_no_socket_is_opened(chinese, monkeypatch):
    import socket

    def refuse(*_):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    Clip.open(chinese[0]).encode_texts(["红"])


def test_a_sentence_transformers_folder_keeps_the_model_one_deeper(tmp_path):
    tiny.clip_folder(tmp_path / "0_CLIPModel")
    assert Clip.open(tmp_path).width == 24
