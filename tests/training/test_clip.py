"""Fine-tuning dual encoders of every format: what is learned is what is saved, and nothing else changes."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("safetensors")

import plain_clip as plain  # noqa: E402
import tiny_duals  # noqa: E402
import tiny_pairs  # noqa: E402
from tuwen import encoders, methods  # noqa: E402
from tuwen.encoders.clip import Clip  # noqa: E402
from tuwen.errors import InputError  # noqa: E402
from tuwen.training import clip, clip_pairs, clip_saving  # noqa: E402
from tuwen.training.clip_network import DualNetwork  # noqa: E402
from tuwen.training.clip_task import ClipTask, Tuning  # noqa: E402

TEXTS = ["red blue up", "红色的car", "grey"]
FOLDERS = ["chinese_clip", "clip", "altclip", "siglip"]


def checkpoint(folder, kind):
    """A checkpoint or folder of a kind; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind in FOLDERS:
        getattr(tiny_duals, f"{kind}_folder")(folder)
        return folder
    if kind == "chinese_pt":
        tiny_duals.chinese_clip_pt(folder / "tiny.pt")
        return folder / "tiny.pt"
    words = tiny_duals.write_clip_words(folder)
    visual = plain.ResNet() if kind == "resnet" else plain.Vision()
    model = plain.settle(plain.Clip(visual, words=words))
    torch.save(dict(model.state_dict()), folder / "open_clip_pytorch_model.bin")
    return folder


def network_of(path):
    encoder = Clip.open(path, precision="fp32", device="cpu")
    return DualNetwork(encoder, path), encoder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A folder of a small Chinese-CLIP."""
    return checkpoint(tmp_path_factory.mktemp("base"), "chinese_clip")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twenty-four captioned pictures."""
    return tiny_pairs.write(tmp_path_factory.mktemp("data"))


def tune(base, table, folder, *, tuning=None, **more):
    tuning = tuning or Tuning(batch=8)
    given = {
        name: more.pop(name) for name in ("epochs", "learning_rate", "batch_size", "seed") if name in more
    }
    plan = clip.plan_for(tuning, **{"epochs": 1, "learning_rate": 1e-3, "device": "cpu", **given})
    return clip.tune(str(base), str(table), folder, plan=plan, tuning=tuning, **more)


def pixels(encoder):
    side = encoder.image_size
    return np.random.default_rng(0).integers(0, 256, (2, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize("kind", [*FOLDERS, "chinese_pt", "open_clip", "resnet"])
def test_what_is_saved_gives_what_was_learned(kind, tmp_path):
    path = checkpoint(tmp_path / "base", kind)
    network, encoder = network_of(path)
    before, name = encoder.encode_texts(TEXTS), encoder.fingerprint
    with torch.no_grad():
        for tower in (network.text, *([network.image] if network.is_vit else [])):
            for one in tower.parameters():
                one += 0.02 * torch.randn(one.shape, generator=torch.Generator().manual_seed(one.numel()))
        network.scale.fill_(1.25)
    clip_saving.save(network, encoder, path, tmp_path / "out")
    found = encoders.load(str(tmp_path / "out"))
    assert np.abs(found.encode_prepared(pixels(found)) - encoder.encode_prepared(pixels(found))).max() < 1e-6
    assert np.abs(found.encode_texts(TEXTS) - encoder.encode_texts(TEXTS)).max() < 1e-6
    assert np.abs(found.encode_texts(TEXTS) - before).max() > 1e-3
    assert found.fingerprint != name
    assert (found.kind, found.recipe) == (encoder.kind, encoder.recipe)
    again, _ = network_of(tmp_path / "out")
    assert float(again.scale.detach()) == pytest.approx(1.25)


def test_a_recipe_of_another_model_is_refused(tmp_path):
    path = checkpoint(tmp_path, "clip")
    encoder = Clip.open(path)
    about = {"format": 1, "recipe": {**encoder.recipe.to_dict(), "lower": False, "context": 9}}
    (path / "tuwen.json").write_text(json.dumps(about))
    assert (Clip.open(path).recipe.lower, Clip.open(path).recipe.context) == (False, 9)
    assert Clip.open(path, resize="squash").recipe.fit == "squash"
    about["recipe"]["size"] = 48
    (path / "tuwen.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match="is of pictures of 48 pixels"):
        Clip.open(path)


@pytest.mark.parametrize("kind", ["chinese_pt", "open_clip", "siglip"])
def test_transformers_opens_the_folder_with_the_same_vectors(kind, tmp_path):
    import transformers

    path = checkpoint(tmp_path / "base", kind)
    network, encoder = network_of(path)
    clip_saving.save(network, encoder, path, tmp_path / "out")
    about = json.loads((tmp_path / "out" / "config.json").read_text())
    model = getattr(transformers, about["architectures"][0]).from_pretrained(tmp_path / "out").eval()
    given = torch.from_numpy(encoder.recipe.normalise(pixels(encoder)))
    with torch.inference_mode():
        vectors = model.get_image_features(pixel_values=given).pooler_output.numpy()
    assert np.abs(vectors - encoder.encode_prepared(pixels(encoder), unit=False)).max() < 1e-5


@pytest.mark.parametrize(
    ("kind", "tuning"),
    [
        ("chinese_clip", {"mask_patches": 0.5, "checkpointing": True}),
        ("siglip", {"lora": 2, "mask_patches": 0.5}),
        ("open_clip", {"freeze_vision": 1}),
        ("resnet", {"stage": "text"}),
    ],
)
def test_training_lowers_the_loss_and_the_result_is_an_encoder(kind, tuning, table, tmp_path):
    path = checkpoint(tmp_path / "base", kind)
    done = tune(path, table, tmp_path / "out", tuning=Tuning(batch=8, **tuning), epochs=3)
    losses = done.course.curve["loss"]
    assert losses[-1] < losses[0]
    assert done.pairs == (22, 2, 0)
    found = encoders.load(str(tmp_path / "out"))
    assert found.fingerprint != encoders.load(str(path)).fingerprint
    assert not (tmp_path / "out" / "training").exists()
    report = (tmp_path / "out" / "report.md").read_text()
    assert "Recall on 2 held-out pairs" in report
    assert "3 epochs" in report
    said = json.loads((tmp_path / "out" / "training.json").read_text())
    assert said["recall"]["after"] == clip_pairs.recalls(*held_out(table, found))


def held_out(table, encoder):
    """The pairs that a training on the table holds out, for `recalls`."""
    pairs = clip_pairs.read(str(table), encoder)
    return pairs, encoder, pairs.split(0.1, 0)[1]


def test_a_frozen_tower_stays_and_the_other_learns(base, table, tmp_path):
    tune(base, table, tmp_path / "out", tuning=Tuning(batch=8, stage="text"))
    one, other = (encoders.load(str(place)) for place in (base, tmp_path / "out"))
    assert np.array_equal(one.encode_prepared(pixels(one)), other.encode_prepared(pixels(one)))
    assert np.abs(one.encode_texts(TEXTS) - other.encode_texts(TEXTS)).max() > 1e-3


def test_after_frozen_epochs_the_picture_tower_learns_too(base, table, tmp_path):
    tune(base, table, tmp_path / "out", tuning=Tuning(batch=8, freeze_vision=1), epochs=2, share=0.0)
    one, other = (encoders.load(str(place)) for place in (base, tmp_path / "out"))
    assert np.abs(one.encode_prepared(pixels(one)) - other.encode_prepared(pixels(one))).max() > 1e-4


def test_half_of_the_patches_are_computed(base):
    network, _ = network_of(base)
    seen = []
    network.image.network.encoder.register_forward_pre_hook(
        lambda module, given, named: seen.append(named["inputs_embeds"].shape[1]), with_kwargs=True
    )
    network.choose(pictures=True)
    given = torch.randn(3, 3, 32, 32)
    with network.masked(0.5):
        network.train()
        network.image(given)
        network.eval()
        network.image(given)
    network.train()
    network.image(given)
    assert seen == [9, 17, 17]  # a class token and 16 patches


def test_patches_keep_their_places_and_differ_between_pictures():
    from tuwen.training.clip_network import _some

    tokens = torch.arange(17.0).expand(4, 17)[..., None]
    torch.manual_seed(0)
    kept = _some(tokens, 1, 0.75)[..., 0]
    assert kept.shape == (4, 5)
    assert (kept[:, 0] == 0).all()
    assert (kept.diff(dim=1) > 0).all()
    assert len({tuple(row.tolist()) for row in kept}) > 1


def gradients(task, batch):
    task.network.train()
    task.network.zero_grad()
    loss = task.step(batch, 0.0, 1.0)
    return loss, {
        name: one.grad.clone() for name, one in task.network.named_parameters() if one.grad is not None
    }


def task_of(path, table, **tuning):
    network, encoder = network_of(path)
    pairs = clip_pairs.read(str(table), encoder)
    rows, held = np.arange(16), np.arange(16, 24)
    tuning = Tuning(**{"batch": 16, **tuning})
    task = ClipTask(network, encoder, pairs, rows, held, plan=clip.plan_for(tuning), tuning=tuning)
    task.start_epoch(0, 0.0)
    return task


@pytest.mark.parametrize("kind", ["chinese_clip", "siglip"])
def test_a_large_batch_in_parts_has_the_gradient_of_the_whole(kind, table, tmp_path):
    path = tiny_duals.without_dropout(checkpoint(tmp_path, kind))
    found = []
    for size in (16, 5):
        task = task_of(path, table, batch=size)
        found.append(gradients(task, task.load(np.arange(16), ())))
    (loss, whole), (other, parts) = found
    assert loss == pytest.approx(other, abs=1e-5)
    assert whole.keys() == parts.keys()
    assert {"scale", "image.network.embeddings.class_embedding"} & whole.keys()
    for name, gradient in whole.items():
        assert torch.allclose(gradient, parts[name], atol=1e-5), name


def test_checkpointing_gives_the_same_gradient(base, table):
    found = []
    for again in (False, True):
        task = task_of(base, table)
        if again:
            task.network.checkpointing()
        torch.manual_seed(0)
        found.append(gradients(task, task.load(np.arange(16), ()))[1])
    assert all(torch.allclose(value, found[1][name], atol=1e-6) for name, value in found[0].items())


def test_only_what_is_to_learn_has_a_gradient(base, table):
    _, found = gradients(task := task_of(base, table, stage="text"), task.load(np.arange(8), ()))
    assert {name.partition(".")[0] for name in found} == {"text", "scale"}
    _, found = gradients(task := task_of(base, table, lora=2), task.load(np.arange(8), ()))
    assert {name.rpartition(".")[2] for name in found} == {"down", "up", "scale"}


def test_the_temperature_never_passes_100(base, table):
    task = task_of(base, table)
    task.network.scale.data.fill_(7.0)
    task.step(task.load(np.arange(8), ()), 0.0, 1.0)
    assert float(task.network.scale.detach()) == pytest.approx(np.log(100), abs=1e-4)


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(base, table, tmp_path):
    class Stop(Exception):
        pass

    def stop(step, done, total):
        if step == "training" and done == 4:
            raise Stop

    given = {"epochs": 2, "tuning": Tuning(batch=8)}
    tune(base, table, tmp_path / "whole", **given)
    with pytest.raises(Stop):
        tune(base, table, tmp_path / "parts", progress=stop, **given)
    with pytest.raises(InputError, match="was stopped: --resume goes on"):
        tune(base, table, tmp_path / "parts", **given)
    tune(base, table, tmp_path / "parts", resume=True, **given)
    one, other = (encoders.load(str(tmp_path / name)) for name in ("whole", "parts"))
    assert np.allclose(one.encode_texts(TEXTS), other.encode_texts(TEXTS), atol=1e-6)
    files = {file.name for file in (tmp_path / "parts").iterdir()}
    assert {"report.md", "training.json", "curves.png"} <= files
    assert "training" not in files
    with pytest.raises(InputError, match="has ended"):
        tune(base, table, tmp_path / "parts", resume=True, **given)


def test_a_loss_that_is_no_number_keeps_the_best_epoch_and_is_told(base, table, tmp_path, monkeypatch):
    step = ClipTask.step

    def broken(task, batch, progress, share):
        found = step(task, batch, progress, share)
        return found if progress < 0.5 else float("nan")

    monkeypatch.setattr(ClipTask, "step", broken)
    done = tune(base, table, tmp_path / "out", epochs=2, tuning=Tuning(batch=8))
    assert done.course.best_epoch == 1
    assert any("loss is nan at step 4 of 6; epoch 1 is kept" in note for note in done.notes)
    assert encoders.load(str(tmp_path / "out")).encode_texts(["red"]).shape[0] == 1


def test_a_matching_head_is_learned_beside(base, table, tmp_path):
    done = tune(base, table, tmp_path / "out", itm=True)
    assert [(row["direction"], row["scores"]) for row in done.itm] == [
        ("i2t", "stage one"), ("i2t", "reranked"), ("t2i", "stage one"), ("t2i", "reranked"),
    ]  # fmt: skip
    assert all(row["ms"] > 0 and row["depth"] == 16 for row in done.itm[1::2])
    assert "ms a query" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    method = methods.load(tmp_path / "out" / "itm")
    encoder = encoders.load(str(tmp_path / "out"))
    patches = encoder.patch_tokens([table.parent / "000.png"])
    states, mask = encoder.token_states(["red"])
    assert method.similarity(patches, states * mask[..., None]).shape == (1, 1)


def test_a_picture_that_cannot_be_decoded_is_told_and_left_out(base, tmp_path):
    table = tiny_pairs.write(tmp_path / "data")
    (tmp_path / "data" / "003.png").write_bytes(b"no picture")
    done = tune(base, table, tmp_path / "out")
    assert sum(done.pairs) == 23
    assert ["003.png" in one.item for one in done.refusals] == [True]
    assert "003.png" in (tmp_path / "out" / "report.md").read_text()


def test_few_pairs_are_all_learned_from_and_that_is_said(base, tmp_path):
    done = tune(base, tiny_pairs.write(tmp_path / "data", 6), tmp_path / "out")
    assert done.pairs == (6, 0, 0)
    assert done.before == done.after == []
    assert "nothing was held out" in done.notes[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stage": "vision"}, "stage is 'vision'"),
        ({"batch": 1}, "batch is 1"),
        ({"keep": 1.0}, "keep is 1.0"),
        ({"mask_patches": 1.0}, "mask_patches is 1.0"),
        ({"lora": -1}, "lora is -1"),
    ],
)
def test_wrong_options_are_named(options, message, base, table, tmp_path):
    with pytest.raises(InputError, match=message):
        tune(base, table, tmp_path / "out", tuning=Tuning(**options))


def test_what_cannot_be_tuned_is_named(base, table, tmp_path):
    path = checkpoint(tmp_path / "resnet", "resnet")
    with pytest.raises(InputError, match="stage=text"):
        tune(path, table, tmp_path / "out")
    with pytest.raises(InputError, match="mask_patches needs"):
        tune(path, table, tmp_path / "out", tuning=Tuning(stage="text", mask_patches=0.5))
    with pytest.raises(InputError, match="CLIP family"):
        tune("mini", table, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        tune(base, table, tmp_path / "full")
