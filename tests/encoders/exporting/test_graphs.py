"""Graphs of each kind of tower, and what each precision makes of them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from tuwen.encoders.exporting import graphs  # noqa: E402
from tuwen.encoders.exporting import onnx as precisions  # noqa: E402
from tuwen.encoders.inputs.recipe import Recipe  # noqa: E402
from tuwen.encoders.runtimes.onnx import OnnxTower  # noqa: E402

RECIPE = Recipe(size=8, context=20)


class Mean(torch.nn.Module):
    """A picture tower that keeps the mean of each channel, and its negative."""

    def forward(self, pixels):
        means = pixels.mean(dim=(2, 3))
        return torch.cat([means, -means], dim=1)


class Bag(torch.nn.Module):
    """A text tower: the masked mean of embeddings, then a matrix."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.matrix = torch.nn.Embedding(100, 64), torch.nn.Linear(64, 64)

    def forward(self, ids, mask):
        there = mask[..., None].float()
        return self.matrix((self.table(ids) * there).sum(dim=1) / there.sum(dim=1))


@pytest.fixture(scope="module")
def bag():
    return Bag().eval()


@pytest.fixture(scope="module")
def text_graph(bag, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    with graphs.quiet():
        graphs.text_graph(bag, RECIPE, path)
    return path


def inputs(count=5, length=9):
    rng = np.random.default_rng(0)
    ids = rng.integers(1, 100, (count, length))
    return {
        "ids": ids,
        "mask": (np.arange(length) < rng.integers(2, length + 1, (count, 1))).astype(np.int64),
    }


def reference(bag, batch):
    with torch.no_grad():
        found = bag(torch.from_numpy(batch["ids"]), torch.from_numpy(batch["mask"]))
        return torch.nn.functional.normalize(found, dim=-1).numpy()


def test_the_normalisation_is_part_of_the_graph(tmp_path):
    with graphs.quiet():
        graphs.picture_graph(Mean(), RECIPE, tmp_path / "graph.onnx")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), dtype=np.uint8)
    (found,) = OnnxTower(tmp_path / "graph.onnx", "fp32").run([{"pixels": pixels}])
    means = RECIPE.normalise(pixels).mean(axis=(2, 3))
    expected = np.concatenate([means, -means], axis=1)
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)


@pytest.mark.parametrize(("count", "length"), [(1, 1), (1, 2), (2, 12), (7, 20), (3, 5)])
def test_batches_and_lengths_are_free(bag, text_graph, count, length):
    batch = inputs(count, max(2, length))
    (found,) = OnnxTower(text_graph, "fp32").run([batch])
    np.testing.assert_allclose(found, reference(bag, batch), atol=1e-6)


@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.999999), ("bf16", 0.9999), ("int8", 0.999)])
def test_each_precision_is_near(bag, text_graph, tmp_path, precision, least):
    (path,) = precisions.write(text_graph, tmp_path / "text.onnx", precision)
    batch = inputs()
    (found,) = OnnxTower(path, precision).run([batch])
    assert (found * reference(bag, batch)).sum(axis=1).min() > least


def test_bf16_is_half_the_size(text_graph, tmp_path):
    sizes = {
        precision: precisions.write(text_graph, tmp_path / f"{precision}.onnx", precision)[0].stat().st_size
        for precision in ("fp32", "bf16")
    }
    weights = (100 * 64 + 64 * 64) * 4
    assert sizes["fp32"] - sizes["bf16"] == pytest.approx(weights / 2, rel=0.1)


def test_bf16_rounds_to_the_nearest():
    values = np.array([1.0, 1.00390625, 1.01171875, -3.1415927, 1e-30, 65504.0], dtype=np.float32)
    tensor = onnx.numpy_helper.from_array(values)
    widened = (precisions._bf16(tensor).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(widened, torch.from_numpy(values).to(torch.bfloat16).float().numpy())


def test_weights_too_large_for_one_file_lie_beside(text_graph, tmp_path, monkeypatch, bag):
    monkeypatch.setattr(graphs, "_ONE_FILE", 1000)
    written = precisions.write(text_graph, tmp_path / "text.onnx", "fp32")
    assert [path.name for path in written] == ["text.onnx", "text.onnx.data"]
    batch = inputs()
    (found,) = OnnxTower(written[0], "fp32").run([batch])
    np.testing.assert_allclose(found, reference(bag, batch), atol=1e-6)


def test_a_fixed_length_stays(bag, tmp_path):
    with graphs.quiet():
        graphs.text_graph(bag, Recipe(size=8, context=16, pad="context"), tmp_path / "graph.onnx")
    model = onnx.load(str(tmp_path / "graph.onnx"), load_external_data=False)
    assert model.graph.input[0].type.tensor_type.shape.dim[1].dim_value == 16


def test_a_tower_that_cannot_be_exported_is_an_error(tmp_path):
    from tuwen.errors import InputError

    class Odd(torch.nn.Module):
        def forward(self, pixels):
            return pixels if pixels.sum() > 0 else -pixels

    with graphs.quiet(), pytest.raises(InputError, match="torch cannot export the tower of pixels"):
        graphs.picture_graph(Odd(), RECIPE, tmp_path / "graph.onnx")
