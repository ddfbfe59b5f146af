"""Two networks and a head: batches, cuts, losses, and codes that are those of the saved method."""

import numpy as np
import pytest
import torch

from tiny_training import IMAGE, TEXT, write_pairs
from tuwen.errors import InputError, UnknownName
from tuwen.training import image_networks, material, text_networks
from tuwen.training.dual import Dual, Pairs, cut_out, head_of
from tuwen.training.material import Ids, Pixels


@pytest.fixture
def made(tmp_path):
    """A function that makes a task of six pictures."""

    def make(head="hash", width=16, loss="triplet", **more):
        found = material.read(write_pairs(tmp_path, 6))
        torch.manual_seed(0)
        image, text = image_networks.make(IMAGE, size=32), text_networks.make(TEXT, found.texts)
        ids = Ids.of(text.tokens, found.texts)
        learned = Pairs(
            found, Pixels(found.pictures, image_networks.larger(image.recipe, 1 / 8), budget=1 << 20), ids
        )
        held = Pairs(found, Pixels(found.pictures, image.recipe, budget=1 << 20), ids)
        return Dual(image, text, head_of(head, width), loss, learned, held, **more)

    return make


def test_a_cut_of_the_whole_is_the_picture_itself():
    pixels = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    whole = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2)
    torch.testing.assert_close(cut_out(pixels, whole, 8), pixels.permute(0, 3, 1, 2).float())
    mirrored = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]] * 2)
    torch.testing.assert_close(cut_out(pixels, mirrored, 8), pixels.permute(0, 3, 1, 2).float().flip(3))


def test_cuts_stay_inside_the_picture(made):
    cuts = made().load(np.arange(6), (1,)).cuts
    reach = cuts[:, :, :2].abs().sum(dim=2) + cuts[:, :, 2].abs()
    assert bool((reach <= 1 + 1e-6).all())
    assert not torch.equal(cuts[0], cuts[1])


def test_a_batch_follows_from_its_seed_and_takes_texts_of_its_pictures(made):
    task = made()
    one, same, other = (task.load(np.arange(6), (seed,)) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert not torch.equal(one.cuts, other.cuts)
    lengths = task.learned.ids.mask.sum(axis=1)
    for row, mask in zip(one.rows, one.mask, strict=True):
        assert int(mask.sum()) in lengths[task.learned.material.texts_of[int(row)]]


def test_a_text_that_stands_twice_in_a_batch_counts_once(made):
    task = made()
    task.learned.material.texts[:] = ["the same"] * 8 + ["another"] * 4
    assert task.load(np.arange(6), (1,)).rows.tolist() == [0, 4]


@pytest.mark.parametrize("head", ["hash", "vector"])
@pytest.mark.parametrize("loss", ["triplet", "infonce"])
def test_every_head_and_loss_teaches_every_part(made, head, loss):
    task = made(head, 16, loss)
    task.module.train()
    value = task.step(task.load(np.arange(6), (1,)), 0.5, 1.0)
    assert np.isfinite(value)
    assert value > 0
    for part in ("image", "text", "head"):
        gradients = [one.grad for one in task.module[part].parameters() if one.grad is not None]
        assert sum(float(one.abs().sum()) for one in gradients) > 0, part


@pytest.mark.parametrize("head", ["hash", "vector"])
def test_the_method_codes_as_the_networks_did(made, head):
    task = made(head)
    task.module.train()
    task.step(task.load(np.arange(6), (1,)), 0.5, 1.0)  # norms that have seen something
    task.module.eval()
    codes = task._codes("text", [task.learned.ids.take(np.arange(4))])
    ids, mask = task.learned.ids.take(np.arange(4))
    with torch.no_grad():
        features = task.text.network(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    method = task.finish({"loss": [1.0], "validation": [0.5]}, 1, "")
    found = method.transform(features, "text")
    if head == "hash":
        found = np.unpackbits(found, axis=1).astype(np.float32) * 2 - 1
    np.testing.assert_allclose(found, codes, atol=1e-6)


def test_too_few_pictures_that_can_be_decoded_teach_nothing(made):
    task = made()
    task.learned.pixels.bad.update(dict.fromkeys(range(5)))
    assert task.step(task.load(np.arange(6), (1,)), 0.5, 1.0) == 0


def test_validation_is_of_pairs_where_classes_are_missing(made):
    task = made()
    assert 0 < task.validate() <= 1
    task.held = None
    assert np.isnan(task.validate())


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"loss": "triplets"}, UnknownName, "did you mean 'triplet'"),
        ({"head": "hashes"}, UnknownName, "did you mean 'hash'"),
        ({"width": 12}, InputError, "bits is 12"),
        ({"temperature": 0.0}, InputError, "temperature is 0.0; it must be above 0"),
    ],
)
def test_what_cannot_be_is_refused(made, arguments, error, said):
    with pytest.raises(error, match=said):
        made(**arguments)
