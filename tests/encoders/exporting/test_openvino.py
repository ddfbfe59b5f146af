from importlib.util import find_spec

import numpy as np
import pytest

from tuwen.encoders.exporting import graphs, openvino
from tuwen.encoders.inputs.recipe import Recipe
from tuwen.encoders.runtimes.openvino import OpenvinoTower, library

# found, not imported: openvino and nncf report their import over the network unless told otherwise
for name in ("torch", "onnxscript", "openvino", "nncf"):
    if find_spec(name) is None:
        pytest.skip(f"{name} is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def attention():
    """A text tower with attention."""
    import torch

    class Attention(torch.nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.table = torch.nn.Embedding(100, 32)
            self.layer = torch.nn.Linear(32, 96)
            self.out = torch.nn.Linear(32, 32)

        def forward(self, ids, mask):
            query, key, value = self.layer(self.table(ids)).chunk(3, dim=-1)
            scores = query @ key.transpose(1, 2) + (1 - mask[:, None].float()) * -1e4
            return self.out(scores.softmax(dim=-1) @ value)[:, 0]

    return Attention().eval()


@pytest.fixture(scope="module")
def graph(attention, tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "graph.onnx"
    with graphs.quiet():
        graphs.text_graph(attention, Recipe(size=8, context=20), path)
    return path


def batches(count, size=1, length=9):
    rng = np.random.default_rng(0)
    made = [rng.integers(1, 100, (size, length)) for _ in range(count)]
    return [{"ids": ids, "mask": np.ones_like(ids)} for ids in made]


def reference(attention, given):
    import torch

    with torch.no_grad():
        found = [
            attention(torch.from_numpy(batch["ids"]), torch.from_numpy(batch["mask"])) for batch in given
        ]
    return [torch.nn.functional.normalize(one, dim=-1).numpy() for one in found]


def cosines(tower, attention, given):
    pairs = zip(tower.run(given), reference(attention, given), strict=True)
    return np.concatenate([(one * other).sum(axis=1) for one, other in pairs])


@pytest.mark.parametrize(("precision", "least"), [("fp32", 0.99999), ("bf16", 0.999), ("int8", 0.995)])
def test_each_precision_is_near(attention, graph, tmp_path, precision, least):
    with graphs.quiet():
        written = openvino.write(graph, tmp_path / "text.xml", precision, [])
    assert [path.name for path in written] == ["text.xml", "text.bin"]
    tower = OpenvinoTower(written[0], precision)
    assert cosines(tower, attention, batches(6, 3)).min() > least


def test_calibration_makes_activations_int8_but_not_those_of_attention(attention, graph, tmp_path):
    with graphs.quiet():
        written = openvino.write(graph, tmp_path / "text.xml", "int8", batches(8))
    assert cosines(OpenvinoTower(written[0], "int8"), attention, batches(6, 3)).min() > 0.99
    model = library().Core().read_model(written[0])
    quantised = {
        port.get_node().get_friendly_name()
        for node in model.get_ops()
        if node.get_type_name() == "FakeQuantize"
        for port in node.output(0).get_target_inputs()
    }
    products = [node for node in model.get_ops() if node.get_type_name() == "MatMul"]
    touched = {node.get_friendly_name() for node in products} & quantised
    assert len(products) == 4 and len(touched) == 2


def test_batches_come_back_in_order(attention, graph, tmp_path):
    with graphs.quiet():
        written = openvino.write(graph, tmp_path / "text.xml", "fp32", [])
    tower = OpenvinoTower(written[0], "fp32", threads=2)
    given = [batch for length in (3, 9, 5, 17) for batch in batches(5, 2, length)]
    for one, other in zip(tower.run(given), reference(attention, given), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
