"""ResNet18 and BERT to 64-bit codes, trained from scratch on Flickr8k: figures on val, questions a second.

The design of paper 004 of this project's sources, in sizes that two cores train: its ResNet18 narrower and at
112 pixels, its BERT with 4 layers. Nothing was trained before, so the figures are far below those of
networks that were; they show that the whole way works, and what it gives. A run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import common
from tuwen.training.dual_training import CHECKPOINT, train_dual
from tuwen.training.evaluation import FIGURES
from tuwen.training.task import Plan

PUBLISHED = 9.457  # questions a second of the paper, on its machine
LIMIT = 10 * PUBLISHED


def table(data: Path, split: str, language: str, folder: Path, most: int) -> Path:
    """Pictures and captions of one language as a table of its own."""
    target = folder / f"{split}-{language}.csv"
    kept: set[str] = set()
    with (data / "flickr8k" / f"{split}.csv").open(encoding="utf-8", newline="") as source:
        rows = [row for row in csv.DictReader(source) if row["language"] == language]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "text"])
        for row in rows:
            if row["image"] in kept or len(kept) < most:
                kept.add(row["image"])
                writer.writerow([data / "flickr8k" / row["image"], row["caption"]])
    return target


def measure(data: Path, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Train, or go on, and say what came of it."""
    most = 60 if options.quick else 10**9
    sizes = ("resnet18,width=8", "bert,layers=1,width=32,heads=2") if options.quick else (
        f"resnet18,width={options.width}", "bert,layers=4,width=256"
    )  # fmt: skip
    plan = Plan(
        epochs=2 if options.quick else options.epochs,
        batch_size=16 if options.quick else options.batch,
        learning_rate=options.rate,
        save_every=50,
        precision=options.precision,
    )
    began = time.time()

    def told(step: str, done: int, total: int | None) -> None:
        if done and done % 20 == 0 and step == "training":
            common.say(f"{time.time() - began:6.0f} s  step {done:,} of {total:,}")

    with TemporaryDirectory() as place:
        found = train_dual(
            table(data, "train", options.language, Path(place), most),
            folder,
            validation=table(data, "val", options.language, Path(place), most),
            image_encoder=sizes[0],
            text_encoder=sizes[1],
            size=112,
            loss=options.loss,
            settings={"gentle": options.gentle},
            plan=plan,
            resume=(folder / CHECKPOINT).is_dir(),
            progress=told,
        )
    evaluation = found.evaluation
    if evaluation is None:
        raise SystemExit("nothing was held out")
    rows = [
        {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        for row in evaluation.rows
    ]
    return {
        "what": "ResNet18 + BERT + 64 bits from scratch, Flickr8k val",
        "language": options.language,
        "networks": list(sizes),
        "loss": options.loss,
        "pictures": found.pictures,
        "epochs": plan.epochs,
        "kept_epoch": found.course.best_epoch,
        "train_seconds": round(found.course.seconds),
        "pictures_per_second": round(found.pictures * found.course.epoch / found.course.seconds, 1),
        "figures": [{name: row[name] for name in ("direction", "scores", *FIGURES)} for row in rows],
        "questions_per_second": common.significant(evaluation.per_second),
        "p50_ms": common.significant(evaluation.median_ms),
        "published_per_second": PUBLISHED,
        "limit_per_second": LIMIT,
        "met": evaluation.per_second >= LIMIT,
    }


def main() -> None:
    """Print the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--language", choices=("en", "zh"), default="en")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-4)
    parser.add_argument("--width", type=int, default=32, help="channels of the first stage; 64 is the usual")
    parser.add_argument("--loss", choices=("triplet", "infonce"), default="triplet")
    parser.add_argument("--precision", default="bf16", help="fp32 on processors without bfloat16")
    parser.add_argument("--gentle", type=float, default=1.0, help="share of the training with semi-hard ones")
    parser.add_argument(
        "--keep", type=Path, help="folder of the result; a run that was stopped there goes on"
    )
    parser.add_argument("--quick", action="store_true", help="few pictures, tiny networks")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    data = common.data_folder()
    if data is None or not (data / "flickr8k" / "val.csv").is_file():
        common.print_result({"skipped": "no flickr8k/val.csv; set TUWEN_DATA"}, as_json=options.json)
        return
    with TemporaryDirectory() as place:
        result = measure(data, options.keep or Path(place) / "trained", options)
    common.print_result(result, as_json=options.json)


if __name__ == "__main__":
    main()
