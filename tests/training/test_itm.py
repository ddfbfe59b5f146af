"""A matching head on a dual encoder: over its states where it has them, over its vectors elsewhere."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import plain_clip as plain  # noqa: E402
import tiny_duals  # noqa: E402
import tiny_pairs  # noqa: E402
from tuwen import methods  # noqa: E402
from tuwen.encoders.clip import Clip  # noqa: E402
from tuwen.training import clip_pairs, itm  # noqa: E402
from tuwen.training.clip_network import DualNetwork  # noqa: E402


def opened(path):
    encoder = Clip.open(path, precision="fp32", device="cpu")
    return encoder, DualNetwork(encoder, path)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A small Chinese-CLIP, its network and twenty-four pairs."""
    folder = tmp_path_factory.mktemp("base")
    tiny_duals.chinese_clip_folder(folder)
    encoder, network = opened(folder)
    table = tiny_pairs.write(tmp_path_factory.mktemp("data"))
    return encoder, network, clip_pairs.read(str(table), encoder)


def test_states_are_those_of_the_encoder(base):
    encoder, network, pairs = base
    task = itm._Matching(methods.find("itm")(dim=8), network, encoder, pairs, np.arange(6), np.arange(0))
    with torch.inference_mode():
        x, y, u, v = (one.numpy() for one in task._states(task.load(np.arange(6), ())))
    texts = pairs.words(np.arange(6))
    pictures = [pairs.pictures[row] for row in pairs.matches[:6, 0]]
    states, mask = encoder.token_states(texts)
    np.testing.assert_allclose(x, encoder.patch_tokens(pictures), atol=1e-5)
    np.testing.assert_allclose(y, states * mask[..., None], atol=1e-5)
    np.testing.assert_allclose(u, encoder.encode_images(pictures), atol=1e-5)
    np.testing.assert_allclose(v, encoder.encode_texts(texts), atol=1e-5)


def test_the_loss_falls_and_the_encoder_stays(base, tmp_path):
    encoder, network, pairs = base
    before = encoder.encode_texts(["red"])
    rows = np.arange(20)
    gained = itm.learn(
        pairs, encoder, network, rows, np.arange(20, 24), tmp_path / "itm",
        epochs=4, batch=10, rate=3e-3, device="cpu",
    )  # fmt: skip
    loaded = methods.load(tmp_path / "itm")
    assert loaded.curve_["loss"][-1] < loaded.curve_["loss"][0]
    assert np.array_equal(encoder.encode_texts(["red"]), before)
    assert sorted(file.name for file in (tmp_path / "itm").iterdir()) == ["method.json", "state.npz"]
    again = itm.reranked(pairs, encoder, network, loaded, np.arange(20, 24))
    assert [{**row, "ms": 0} for row in again] == [{**row, "ms": 0} for row in gained]


class Says:
    """A head that likes one text."""

    takes_sets = False

    def __init__(self, liked):
        self.liked = liked

    def similarity(self, images, texts):
        return 1000.0 * np.array([[bool(np.allclose(text, self.liked)) for text in texts] for _ in images])


def test_reranking_moves_only_the_first_hits(base):
    encoder, _, pairs = base
    _, texts = clip_pairs.vectors(pairs, encoder, np.arange(8))
    first = np.array([[0.9, 0.5, 0.1, 0.8], [0.1, 0.2, 0.3, 0.4]], dtype=np.float32)
    head = Says(texts[0])
    features = (np.zeros((2, 3), np.float32), texts[[3, 2, 0, 1]])  # it likes the third
    near = itm._judged(first, features, head, 2, turned=False)
    assert np.argsort(-near, axis=1).tolist() == [[0, 3, 1, 2], [2, 3, 1, 0]]
    assert np.argsort(-itm._judged(first, features, head, 9, turned=False)[0]).tolist() == [2, 0, 3, 1]


def test_an_encoder_without_patches_gets_a_head_over_vectors(tmp_path):
    words = tiny_duals.write_clip_words(tmp_path)
    model = plain.settle(plain.Clip(plain.ResNet(), words=words))
    torch.save(dict(model.state_dict()), tmp_path / "open_clip_pytorch_model.bin")
    encoder, network = opened(tmp_path)
    pairs = clip_pairs.read(str(tiny_pairs.write(tmp_path / "data")), encoder)
    method = itm._over_vectors(pairs, encoder, np.arange(24), seed=0, epochs=2)
    assert type(method).__name__ == "MatchingHead"
    rows = itm.reranked(pairs, encoder, network, method, np.arange(12))
    assert [row["scores"] for row in rows] == ["stage one", "reranked"] * 2
