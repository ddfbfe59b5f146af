"""From files to searchable, beside the encoder alone; and a million vectors made elsewhere.

How fast a folder of JPEG files becomes a collection that answers, as a share of what the encoder does
alone with the same files and threads, and beside a plain loop over the pictures. How fast precomputed
vectors are stored, beside a bare Lance table and a FAISS index in a file. Whether memory stays flat.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

import common
from tuwen import encoders
from tuwen.collection import Collection
from tuwen.data import open_source
from tuwen.ingest import ingest

THREADS = os.cpu_count() or 1
BLOCK = 50_000


class Memory:
    """The process's own memory (without mapped files) over time, MB, looked at every 50 ms."""

    def __enter__(self) -> Memory:
        self.seen = [self.now()]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @staticmethod
    def now() -> float:
        info = psutil.Process().memory_info()
        return (info.rss - getattr(info, "shared", 0)) / 2**20

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.seen.append(self.now())

    def quarters(self) -> dict[str, int]:
        """The largest in each quarter of the time: flat when the last is like the second."""
        parts = np.array_split(np.asarray(self.seen), 4)
        return {f"quarter_{i + 1}_mb": round(float(part.max())) for i, part in enumerate(parts) if len(part)}


def collect_files(count: int, folder: Path) -> str:
    """Put `count` JPEG files into `folder`: Flickr8k pictures where they are, else made ones."""
    data = common.data_folder()
    found = sorted((data / "flickr8k" / "images").glob("*.jpg"))[:count] if data else []
    if found:
        for file in found:
            shutil.copyfile(file, folder / file.name)
        return f"{len(found)} Flickr8k pictures, 224 x 224"
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC).save(
            folder / f"made-{number:05}.jpg", quality=88
        )
    return f"{count} made pictures, 320 x 240"


def timed(call: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds, and processor seconds of all threads, which other work on the machine changes less."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def to_searchable(encoder: Any, files: Sequence[Path], path: Path) -> None:
    """From an absent collection to the first answer."""
    collection = Collection.create(path, encoder=encoder)
    report = ingest(collection, open_source(files[0].parent))
    collection.finish()
    assert len(collection.search("a dog on the grass", k=5)) == 5
    # Flickr8k holds some pictures twice; those are stored once
    assert collection.count("image") + report.duplicates == len(files)


def encoder_alone(encoder: Any, files: Sequence[Path]) -> None:
    """Decode, prepare and encode the files: threads prepare ahead while batches are encoded."""
    with ThreadPoolExecutor(THREADS) as pool:
        ahead = 4 * encoder.batch_size
        waiting = [pool.submit(encoder.prepare, file) for file in files[:ahead]]
        for begin in range(0, len(files), encoder.batch_size):
            batch = np.stack([future.result() for future in waiting[begin : begin + encoder.batch_size]])
            more = files[len(waiting) : len(waiting) + encoder.batch_size]
            waiting += [pool.submit(encoder.prepare, file) for file in more]
            encoder.encode_prepared(batch)


def plain_loop(encoder: Any, files: Sequence[Path]) -> None:
    """Open, fully decode and encode the files one by one, keeping vectors in a list."""
    vectors = []
    for file in files:
        with Image.open(file) as picture:
            vectors.append(encoder.encode_images([picture.convert("RGB")]))
    np.concatenate(vectors)


def pictures(count: int, repeat: int) -> dict[str, Any]:
    """Pictures: ours, the encoder alone and a plain loop, in turns."""
    encoder = encoders.load("mini")
    runs: dict[str, list[tuple[float, float]]] = {"ours": [], "alone": [], "plain": []}
    with tempfile.TemporaryDirectory() as work:
        folder, path = Path(work) / "pictures", Path(work) / "collection"
        folder.mkdir()
        what = collect_files(count, folder)
        files = sorted(folder.iterdir())
        few = files[: max(64, len(files) // 4)]
        encoder_alone(encoder, few)  # reads the files and the weights once
        for turn in range(repeat):
            common.say(f"pictures, turn {turn + 1} of {repeat}")
            shutil.rmtree(path, ignore_errors=True)
            runs["alone"].append(timed(lambda: encoder_alone(encoder, files)))
            with Memory() as memory:
                runs["ours"].append(timed(lambda: to_searchable(encoder, files, path)))
            runs["plain"].append(timed(lambda: plain_loop(encoder, few)))
    counts = {"ours": len(files), "alone": len(files), "plain": len(few)}
    rate = {
        name: common.significant(counts[name] / float(np.median([wall for wall, _ in found])))
        for name, found in runs.items()
    }
    # each turn's own ratio: the machine may be slower in one turn than in another
    pairs = list(zip(runs["alone"], runs["ours"], strict=True))
    share, processor_share = (common.median([alone[i] / ours[i] for alone, ours in pairs]) for i in (0, 1))
    return {
        "what": what,
        "threads": THREADS,
        "turns": repeat,
        "ours_images_per_s": rate["ours"],
        "encoder_alone_images_per_s": rate["alone"],
        "plain_loop_images_per_s": rate["plain"],
        "share_of_encoder": share,
        "share_of_encoder_in_processor_time": processor_share,
        "limit_share": 0.85,
        "passes": share >= 0.85,
        "times_faster_than_plain": common.significant(rate["ours"] / rate["plain"]),
        "own_memory": memory.quarters(),
    }


def make_vectors(path: Path, count: int, width: int) -> np.ndarray:
    """A file of random unit vectors, mapped into memory."""
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count, width))
    random = np.random.default_rng(1)
    for start in range(0, count, BLOCK):
        block = random.standard_normal((min(BLOCK, count - start), width), dtype=np.float32)
        made[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    made.flush()
    del made
    return np.load(path, mmap_mode="r")


def bare_lance(vectors: np.ndarray, ids: list[str], path: Path) -> float:
    """Seconds to write the same ids and float16 vectors as one Lance table, nothing checked."""
    import lance
    import pyarrow as pa

    width = vectors.shape[1]
    schema = pa.schema([("id", pa.string()), ("vector", pa.list_(pa.float16(), width))])

    def batches() -> Any:
        for start in range(0, len(ids), BLOCK):
            values = np.asarray(vectors[start : start + BLOCK], dtype=np.float16)
            column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), width)
            yield pa.record_batch([pa.array(ids[start : start + BLOCK]), column], schema=schema)

    start = time.perf_counter()
    lance.write_dataset(pa.RecordBatchReader.from_batches(schema, batches()), str(path), schema=schema)
    return time.perf_counter() - start


def bare_faiss(vectors: np.ndarray, path: Path) -> float:
    """Seconds to fill a flat float16 FAISS index and write it: no ids, not atomic."""
    import faiss

    start = time.perf_counter()
    index = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    )
    for begin in range(0, len(vectors), BLOCK):
        index.add(np.ascontiguousarray(vectors[begin : begin + BLOCK]))
    faiss.write_index(index, str(path))
    return time.perf_counter() - start


def precomputed(count: int, width: int) -> dict[str, Any]:
    """Vectors made elsewhere: ours, a bare Lance table, a FAISS file."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        common.say(f"making {count:,} vectors")
        vectors = make_vectors(work / "vectors.npy", count, width)
        ids = [f"item-{number:07}" for number in range(count)]
        common.say("storing them")
        with Memory() as memory:
            start = time.perf_counter()
            collection = Collection.create(work / "collection", encoder=None, width=width)
            collection.add_vectors("image", ids, vectors)
            ours = time.perf_counter() - start
        assert collection.count("image") == count
        peers = {
            "bare_lance_s": common.significant(bare_lance(vectors, ids, work / "bare.lance")),
            "faiss_fp16_file_s": common.significant(bare_faiss(vectors, work / "flat.faiss")),
        }
    limit = 20 * count / 1_000_000
    return {
        "vectors": count,
        "width": width,
        "ours_s": common.significant(ours),
        "limit_s": limit,
        "passes": ours <= limit,
        **peers,
        "times_bare_lance": common.significant(ours / peers["bare_lance_s"]),
        "own_memory": memory.quarters(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    parser.add_argument("--images", type=int, default=3000, metavar="N")
    parser.add_argument("--vectors", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--width", type=int, default=512, metavar="N")
    parser.add_argument("--repeat", type=int, default=2, metavar="N")
    wanted = parser.parse_args()
    if wanted.quick:
        wanted.images, wanted.vectors, wanted.repeat = 500, 50_000, 1
    result: dict[str, Any] = {"name": "ingest"}
    if wanted.vectors:
        result["precomputed"] = precomputed(wanted.vectors, wanted.width)
    if wanted.images:
        result["pictures"] = pictures(wanted.images, wanted.repeat)
    common.print_result(result, as_json=wanted.json)


if __name__ == "__main__":
    main()
