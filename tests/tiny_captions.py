"""Writes small files in the layouts of benchmarks of captions; image `a3` has captions `a3 caption 0` ..."""

import base64
import csv
import json

import numpy as np


def names(part, count):
    """`train-0`, `train-1`, ..."""
    return [f"{part}-{number}" for number in range(count)]


def caption(image, number):
    """What the writers below say of an image."""
    return f"{image} caption {number}"


def write_table(path, images, languages=("en", "zh")):
    """A row a caption: image, language, caption; five a language."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["image", "language", "caption"])
        for image in images:
            for language in languages:
                for number in range(5):
                    writer.writerow([f"images/{image}.jpg", language, f"{language} {caption(image, number)}"])


def write_karpathy(path, parts, *, captions=5, coco=False):
    """A `dataset_*.json`; sentences and COCO's ids are counted through all parts."""
    rows, sentid = [], 0
    for part, images in parts.items():
        for image in images:
            sentences = []
            for number in range(captions):
                sentences.append({"raw": f" {caption(image, number)}\n", "sentid": sentid, "tokens": []})
                sentid += 1
            row = {"filename": f"{image}.jpg", "split": part, "sentences": sentences, "imgid": len(rows)}
            rows.append(row | ({"cocoid": 1000 + len(rows)} if coco else {}))
    path.write_text(json.dumps({"images": rows, "dataset": "tiny"}), encoding="utf-8")


def write_tokens(path, images, *, end=".jpg", tag="", captions=5, mark="\t"):
    """Lines `IMAGE.jpg#zhc#0 caption`."""
    lines = [
        f"{image}{end}{tag}#{number}{mark}{caption(image, number)}"
        for image in images
        for number in range(captions)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_list(path, images, end=""):
    """A name a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{image}{end}\n" for image in images), encoding="utf-8")


def write_precomputed(folder, part, images, vectors):
    """`PART_caps.txt` with five lines an image, and `PART_ims.npy`."""
    lines = [caption(image, number) for image in images for number in range(5)]
    (folder / f"{part}_caps.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    np.save(folder / f"{part}_ims.npy", vectors)


def write_chinese_clip(folder, part, images, texts):
    """`PART_imgs.tsv` and `PART_texts.jsonl`; texts are (id, words, ids of images)."""
    body = base64.urlsafe_b64encode(b"\xff\xd8 a picture?").decode()
    lines = [f"{image}\t{body}\n" for image in images]
    (folder / f"{part}_imgs.tsv").write_text("".join(lines), encoding="utf-8")
    rows = [{"text_id": name, "text": words, "image_ids": list(ids)} for name, words, ids in texts]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (folder / f"{part}_texts.jsonl").write_text("".join(lines), encoding="utf-8")


def write_vectors(path, images, texts=()):
    """An .npz as `tuwen encode` writes it: image i is (i, 1), text i is (i, 2)."""
    arrays = {"image_ids": np.array(images), "image_vectors": rows_of(len(images), 1)}
    if texts:
        arrays |= {"text_ids": np.array(texts), "text_vectors": rows_of(len(texts), 2)}
    np.savez(path, **arrays)


def rows_of(count, second):
    """(0, second), (1, second), ..."""
    return np.stack([np.arange(count), np.full(count, second)], axis=1).astype(np.float32)
