"""How many pictures and texts a second exported encoders take end to end, how near they stay, a query's time.

A Chinese-CLIP of full size (ViT-B/16, RoBERTa-base) with random weights, exported by tuwen and run from JPEG
files of 500 x 375 pixels and from titles of 8 to 60 characters, beside transformers as its guide shows it:
Pillow, its processor, its tokenizer, float32. Random weights show that the arithmetic is right, not what int8
costs a trained model; `tuwen export ENCODER -o FOLDER --check SOURCE` measures that.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import common
from mini_speed import photographs, threaded
from tuwen import encoders
from tuwen.encoders import exporting

LIMIT = {
    "images_default_over_eager": 3.3,
    "images_best_over_eager": 4.3,
    "texts_default_over_eager": 3,
    "cosine_bf16": 0.999,
    "cosine_int8": 0.995,
    "query_p50_ms": 15,
    "first_answer_s": 1.5,
}
#: What is exported: runtime and precision. The first is what `tuwen export` writes unless told otherwise.
VARIANTS = {
    "onnx_int8": ("onnx", "int8"),
    "openvino_int8": ("openvino", "int8"),
    "openvino_bf16": ("openvino", "bf16"),
}
QUERY = """
import sys, time; start = time.perf_counter()
from tuwen import encoders
encoder = encoders.load(sys.argv[1])
encoder.encode_texts(["海滩上奔跑的两只小狗呀"])
first = time.perf_counter() - start
import json
import numpy as np
rng = np.random.default_rng(0)
seconds = []
for _ in range(int(sys.argv[2])):
    query = "".join(map(chr, rng.integers(0x4E00, 0x9000, 12)))
    start = time.perf_counter()
    encoder.encode_texts([query])
    seconds.append(time.perf_counter() - start)
print(json.dumps({"first": first, "seconds": seconds, "torch": "torch" in sys.modules}))
"""


def model(folder: Path, *, quick: bool) -> None:
    """A transformers folder of a Chinese-CLIP with random weights, made once."""
    if (folder / "vocab.txt").is_file():
        return
    import torch
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    torch.manual_seed(0)
    size, layers = (64, 2) if quick else (768, 12)
    characters = [chr(0x4E00 + place) for place in range(20_902)]
    letters = [chr(97 + place) for place in range(26)]
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *characters,
        *letters,
        *(f"##{one}" for one in letters),
    ]
    tower = {
        "hidden_size": size, "num_hidden_layers": layers, "num_attention_heads": size // 64,
        "intermediate_size": 4 * size,
    }  # fmt: skip
    config = ChineseCLIPConfig(
        text_config={**tower, "vocab_size": len(words)},
        vision_config={**tower, "image_size": 224, "patch_size": 16},
        projection_dim=512,
    )
    ChineseCLIPModel(config).save_pretrained(folder)
    about = {
        "image_processor_type": "ChineseCLIPImageProcessor", "do_resize": True, "do_center_crop": False,
        "do_normalize": True, "do_convert_rgb": True, "size": {"height": 224, "width": 224}, "resample": 3,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")


def titles(count: int, rng: np.random.Generator) -> list[str]:
    """Titles of 8 to 60 Chinese characters, short ones more often, some with Latin letters."""
    made = []
    for place in range(count):
        length = int(rng.choice([rng.integers(8, 31), rng.integers(20, 61)], p=[0.7, 0.3]))
        text = "".join(map(chr, rng.integers(0x4E00, 0x9FA5, length)))
        made.append(text if place % 4 else f"{text[: length // 2]}nba{text[length // 2 + 3 :]}")
    return made


class Eager:
    """transformers as its guide shows it: float32, pictures opened one by one, texts in their order."""

    def __init__(self, folder: Path, batch: int) -> None:
        import torch
        from transformers import AutoTokenizer, ChineseCLIPImageProcessorPil, ChineseCLIPModel

        self.torch, self.batch = torch, batch
        self.network = ChineseCLIPModel.from_pretrained(folder).eval()
        self.processor = ChineseCLIPImageProcessorPil.from_pretrained(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder)

    def images(self, paths: list[Path]) -> np.ndarray:
        """Unit vectors of pictures."""
        return self._batches(paths, self._images)

    def texts(self, texts: list[str]) -> np.ndarray:
        """Unit vectors of texts."""
        return self._batches(texts, self._texts)

    def _images(self, paths: list[Path]) -> Any:
        opened = [Image.open(path).convert("RGB") for path in paths]
        return self.network.get_image_features(**self.processor(images=opened, return_tensors="pt"))

    def _texts(self, texts: list[str]) -> Any:
        inputs = self.tokenizer(texts, padding=True, truncation=True, max_length=52, return_tensors="pt")
        return self.network.get_text_features(**inputs)

    def _batches(self, items: list[Any], encode: Callable[[list[Any]], Any]) -> np.ndarray:
        parts = []
        with self.torch.inference_mode():
            for first in range(0, len(items), self.batch):
                found = encode(items[first : first + self.batch]).pooler_output
                parts.append(self.torch.nn.functional.normalize(found, dim=-1).numpy())
        return np.concatenate(parts)


def exported(source: Path, folder: Path, paths: list[Path], texts: list[str]) -> dict[str, float]:
    """Export every variant that is not there yet; seconds each took."""
    encoder = encoders.load(str(source))
    there = exporting.made(folder, encoder)
    has = {(one.runtime, one.precision) for one in there.variants} if there else set()
    seconds = {}
    for name, (runtime, precision) in VARIANTS.items():
        if (runtime, precision) in has:
            continue
        common.say(f"exporting {name}")
        started = time.perf_counter()
        calibration = {"images": paths, "texts": texts} if name == "openvino_int8" else {}
        exporting.export(encoder, folder, runtime=runtime, precision=precision, **calibration)
        seconds[name] = common.significant(time.perf_counter() - started)
    return seconds


def turns(
    eager: Eager, ours: dict[str, Any], paths: list[Path], texts: list[str], rounds: int, share: int
) -> dict[str, dict[str, float]]:
    """Median items a second of every contender, in turns; the slow peer gets a share of the items."""
    rates: dict[str, dict[str, list[float]]] = {
        name: {"images": [], "texts": []} for name in ("eager", *ours)
    }
    few, short = (
        paths[: max(eager.batch, len(paths) // share)],
        texts[: max(eager.batch, len(texts) // share)],
    )
    with ThreadPoolExecutor() as pool:
        eager.images(few[: eager.batch])
        eager.texts(short[: eager.batch])
        for encoder in ours.values():  # the first run makes buffers and compiles
            threaded(encoder, paths[:16], pool)
            encoder.encode_texts(texts)
        for turn in range(rounds):
            common.say(f"round {turn + 1} of {rounds}")
            for name, call, items in (("images", eager.images, few), ("texts", eager.texts, short)):
                started = time.perf_counter()
                call(items)
                rates["eager"][name].append(len(items) / (time.perf_counter() - started))
            for name, encoder in ours.items():
                rates[name]["images"].append(len(paths) / threaded(encoder, paths, pool))
                started = time.perf_counter()
                encoder.encode_texts(texts)
                rates[name]["texts"].append(len(texts) / (time.perf_counter() - started))
    return {
        name: {f"{side}_per_s": common.median(values) for side, values in sides.items()}
        for name, sides in rates.items()
    }


def agreement(
    eager: Eager, ours: dict[str, Any], paths: list[Path], texts: list[str]
) -> dict[str, dict[str, float]]:
    """Least cosine of the same items with the peer, of every encoder."""
    images, words = eager.images(paths), eager.texts(texts)
    return {
        name: {
            "image_cosine": _least(images, encoder.encode_images(paths)),
            "text_cosine": _least(words, encoder.encode_texts(texts)),
        }
        for name, encoder in ours.items()
    }


def _least(one: np.ndarray, other: np.ndarray) -> float:
    return round(float((one * other).sum(axis=1).min()), 5)


def query(folder: Path, count: int) -> dict[str, Any]:
    """Import to first answer, and the time of a query of 12 characters, in processes without torch."""
    runs = []
    for _ in range(4):
        command = [sys.executable, "-c", QUERY, f"{folder},runtime=onnx,precision=int8", str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout))
    runs = runs[1:]  # the first warms the disk
    return {
        "first_answer_s": common.median([run["first"] for run in runs]),
        **common.percentiles(np.concatenate([run["seconds"] for run in runs])),
        "torch_imported": any(run["torch"] for run in runs),
    }


def measure(work: Path, *, quick: bool, rounds: int) -> dict[str, Any]:
    """The whole result."""
    source = work / "model"
    model(source, quick=quick)
    # kept exports of another version of the model, or of tuwen, are left alone
    folder = work / f"exported-{encoders.load(str(source)).fingerprint[-8:]}"
    rng = np.random.default_rng(0)
    (work / "photographs").mkdir(exist_ok=True)
    paths = photographs(work / "photographs", 96, rng)
    texts = titles(384, rng)
    seconds = exported(source, folder, paths[64:], texts[320:])
    paths, texts = paths[:64], texts[:320]
    eager = Eager(source, batch=16)
    ours = {
        name: encoders.load(f"{folder},runtime={runtime},precision={precision}")
        for name, (runtime, precision) in VARIANTS.items()
    } | {"torch_bf16": encoders.load(f"{source},precision=bf16")}
    latency = query(folder, 20 if quick else 200)
    rates = turns(eager, ours, paths, texts, rounds, share=4)
    near = agreement(eager, ours, paths[:32], texts[:64])
    sides = ("image", "text")
    base = rates["eager"]
    over = {
        name: {
            f"{side}s": common.significant(rates[name][f"{side}s_per_s"] / base[f"{side}s_per_s"])
            for side in sides
        }
        for name in ours
    }
    return {
        "name": "encoder_speed",
        "ours": {name: {**rates[name], **near[name]} for name in ours},
        "peers": {"transformers_eager_fp32": base},
        "ratios": {name: over[name] for name in ours},
        "least": {
            f"cosine_{precision}": min(
                value
                for name, found in near.items()
                if name.endswith(precision)
                for value in found.values()
            )
            for precision in ("bf16", "int8")
        },
        "query": latency,
        "export_s": seconds,
        "limit": LIMIT,
    }  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a tiny model: does everything run?")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--work", type=Path, help="keep the model and its exports here for the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        result = measure(work, quick=options.quick, rounds=2 if options.quick else options.rounds)
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
