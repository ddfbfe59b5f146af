"""Steps of fine-tuning CN-CLIP ViT-B/16 at full size, with random weights: pairs a second, and memory.

Each way runs in a process of its own, through the very task that `tuwen train --encoder` runs: one step that
does not count, then some that do. `text` is the frozen-vision stage, whose pictures are encoded once before;
`encode` says what that costs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import common

WAYS: dict[str, dict[str, Any]] = {
    "full": {},
    "masked": {"mask_patches": 0.5},
    "text": {"stage": "text"},
    "lora": {"lora": 8},
    "checkpointing": {"checkpointing": True},
}
CHARACTERS = 21128  # words of bert-base-chinese; from here on those of Unicode stand for them


def write_encoder(folder: Path, *, quick: bool) -> None:
    """A Chinese-CLIP of transformers with random weights."""
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words += [chr(0x4E00 + place) for place in range(CHARACTERS - len(words))]
    small = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 1, "intermediate_size": 128}
    config = ChineseCLIPConfig(
        text_config={"vocab_size": len(words), **(small if quick else {})},
        vision_config={"image_size": 224, "patch_size": 16, **(small if quick else {})},
        projection_dim=512,
    )
    ChineseCLIPModel(config).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")


def one(folder: Path, way: str, batch: int, steps: int, precision: str) -> dict[str, Any]:
    """Seconds of the steps of one way, and the memory of this process."""
    import torch

    from tuwen.encoders.clip import Clip
    from tuwen.encoders.networks.device import choose
    from tuwen.records import Picture
    from tuwen.training.clip import plan_for
    from tuwen.training.clip_network import DualNetwork
    from tuwen.training.clip_pairs import Pairs
    from tuwen.training.clip_task import ClipTask, Tuning

    encoder = Clip.open(folder, precision="fp32", device="cpu")
    network = DualNetwork(encoder, folder)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (batch, 224, 224, 3), dtype=np.uint8)
    texts = ["".join(map(chr, 0x4E00 + rng.integers(0, 20000, 22))) for _ in range(batch)]
    pairs = Pairs(
        [Picture(path=str(row)) for row in range(batch)],
        texts,
        np.column_stack([np.arange(batch)] * 2),
        prepared=dict(enumerate(pixels)),
    )
    tuning = Tuning(batch=batch, **WAYS[way])
    rows = np.arange(batch)
    start = time.perf_counter()
    task = ClipTask(network, encoder, pairs, rows, rows[:0], plan=plan_for(tuning), tuning=tuning)
    encoding = time.perf_counter() - start
    task.place = choose("cpu", precision)
    if tuning.checkpointing:
        network.checkpointing()
    optimizer = torch.optim.AdamW(
        [values for values in network.parameters() if values.requires_grad], lr=1e-5
    )
    task.start_epoch(0, 0.0)
    network.train()

    def step(_: int) -> None:
        optimizer.zero_grad(set_to_none=True)
        task.step(task.load(rows, ()), 0.0, 1.0)
        optimizer.step()

    with network.masked(tuning.mask_patches), common.PeakMemory() as memory:
        step(0)
        began = time.process_time()
        seconds = common.times(step, steps, warm=0)
        work = time.process_time() - began
    found = {
        "seconds_a_step": common.median(seconds),
        "pairs_per_second": common.significant(batch / float(np.median(seconds))),
        # the same however busy the machine is with other things
        "core_seconds_a_pair": common.significant(work / steps / batch),
        "peak_mb": round(memory.mb),
    }
    if way == "text":
        found["encode_pairs_per_second"] = common.significant(batch / encoding)
    return found


def main() -> None:
    """Print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", default="fp32", help="bf16 on processors that compute in it")
    parser.add_argument("--ways", nargs="*", choices=tuple(WAYS), default=list(WAYS))
    parser.add_argument("--quick", action="store_true", help="a tiny encoder")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder is not None:
        (way,) = options.ways
        print(json.dumps(one(options.folder, way, options.batch, options.steps, options.precision)))
        return
    result: dict[str, Any] = {
        "what": "CN-CLIP ViT-B/16, random weights", "batch": options.batch, "precision": options.precision,
    }  # fmt: skip
    with TemporaryDirectory() as place:
        write_encoder(Path(place), quick=options.quick)
        for way in options.ways:
            common.say(way)
            given = ("--batch", options.batch, "--steps", options.steps, "--precision", options.precision)
            command = [sys.executable, __file__, "--folder", place, "--ways", way, *map(str, given)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            result[way] = json.loads(said.splitlines()[-1])
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
