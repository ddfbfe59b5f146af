"""Write the shipped files of mini: image.onnx, text.npz, config.json."""

from __future__ import annotations

import argparse
import hashlib
import json
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from student import Student
from text import ImageHead, Recipe, TextTower
from torch import Tensor, nn
from torch.nn import functional

SHIPPED = Path(__file__).resolve().parents[2] / "src" / "tuwen" / "encoders" / "weights" / "mini"


class Shipped(nn.Module):
    """The picture tower from uint8 pixels to unit vectors."""

    def __init__(self, student: Student, head: ImageHead) -> None:
        super().__init__()
        self.student = student
        self.head = head

    def forward(self, pixels: Tensor) -> Tensor:
        """Map ``(n, side, side, 3)`` uint8 to ``(n, width)``."""
        x = (pixels.float() - 128) / 128
        return functional.normalize(self.head(self.student(x.permute(0, 3, 1, 2))), dim=1)


def halve(model: onnx.ModelProto) -> None:
    """Store large weights as float16; a cast, folded when the model is loaded, restores float32."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= 256:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def export_image(student: Student, head: ImageHead, side: int, path: Path) -> None:
    """Write the picture tower as ONNX."""
    model = Shipped(student, head).eval()
    pixels = torch.zeros(2, side, side, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (pixels,),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pixels"],
            output_names=["vectors"],
            dynamic_axes={"pixels": {0: "n"}, "vectors": {0: "n"}},
        )
    written = onnx.load(path)
    halve(written)
    for node in written.graph.node:
        node.doc_string = ""
    onnx.checker.check_model(written)
    onnx.save(written, path)


def export_text(tower: TextTower, pieces: list[str], path: Path) -> None:
    """Write the text tower as arrays: the table as int8 with a scale a row, the rest as float16."""
    table = tower.table.weight.detach().numpy()
    scale = np.abs(table).max(1) / 127 + 1e-12
    half = {
        "scale": scale,
        "direct": tower.direct.weight.T,
        "hidden": tower.hidden.weight.T,
        "hidden_bias": tower.hidden.bias,
        "output": tower.output.weight.T,
        "output_bias": tower.output.bias,
    }
    arrays = {
        name: (value.detach().numpy() if isinstance(value, Tensor) else value).astype(np.float16)
        for name, value in half.items()
    }
    stored = arrays["scale"].astype(np.float32)[:, None]
    arrays["table"] = np.clip(np.round(table / np.maximum(stored, 1e-8)), -127, 127).astype(np.int8)
    arrays["pieces"] = np.frombuffer("\n".join(pieces).encode("utf-8"), dtype=np.uint8)
    np.savez_compressed(path, **arrays)


def main() -> None:
    """Export from the work folder into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/mini"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--version", default="1")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    state = torch.load(options.work / "heads.pt", weights_only=True)
    recipe = Recipe(**state["recipe"])
    tower = TextTower(len(state["pieces"]), recipe)
    tower.load_state_dict(state["tower"])
    head = ImageHead(state["head"]["mean"], state["head"]["spread"], recipe)
    head.load_state_dict(state["head"])
    student = Student()
    student.load_state_dict(torch.load(options.work / "distill.pt", weights_only=True)["average"])
    export_image(student, head, options.side, options.out / "image.onnx")
    export_text(tower, state["pieces"], options.out / "text.npz")
    digests = {
        name: hashlib.sha256((options.out / name).read_bytes()).hexdigest()
        for name in ("image.onnx", "text.npz")
    }
    # The digests cover all that is learned; the version also stands for how pictures and texts are prepared.
    joined = "".join(digests.values()) + options.version
    config = {
        "version": options.version,
        "width": recipe.width,
        "image_size": options.side,
        "pieces": len(state["pieces"]),
        "bytes": {name: (options.out / name).stat().st_size for name in digests},
        "sha256": digests,
        "fingerprint": "mini-" + hashlib.sha256(joined.encode()).hexdigest()[:24],
    }
    (options.out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(config["bytes"]))


if __name__ == "__main__":
    main()
