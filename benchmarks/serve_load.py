"""The server under load: text and picture queries of 1, 8 and 64 clients, and its memory over 20,000.

    python benchmarks/serve_load.py [--quick] [--json]

Data: 100,000 pictures in the space of the built-in encoder: 1,000 made-up pictures are encoded, and each
vector is moved at random 100 times. Server and clients share the machine: `tuwen serve` runs in a process of
its own with its defaults but for the rate limit, the clients are threads of this one that ask over loopback,
each on a connection that it keeps. Every part ends after its time or its number of requests.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

import common
from tuwen.collection import Collection

CLIENTS = (1, 8, 64)
MODELS = 1_000  # pictures that are encoded
NOISE = 0.5  # length of the move beside the vector's own
WARM = 2_000  # requests before memory is read the first time
SHARE = 5  # one request in so many asks with a picture while memory is watched
WORDS = (
    ("dog", "beach", "red", "car", "people", "mountain", "city", "night", "food", "boat", "flowers", "snow"),
    ("狗", "海滩", "红色", "汽车", "人群", "山", "城市", "夜晚", "食物", "船", "花", "雪"),
)


def made_up(random: np.random.Generator) -> Image.Image:
    """A picture of soft random colours, 320 x 240."""
    coarse = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)


def make(path: Path, items: int) -> None:
    """Make the collection."""
    random = np.random.default_rng(7)
    collection = Collection.create(path)
    models = collection.encoder.encode_images([made_up(random) for _ in range(min(MODELS, items))])
    for start in range(0, items, 10_000):
        rows = np.arange(start, min(start + 10_000, items))
        moves = random.standard_normal((len(rows), collection.width), dtype=np.float32)
        moves *= NOISE / np.linalg.norm(moves, axis=1, keepdims=True)
        vectors = models[rows % len(models)] + moves
        collection.add_vectors(
            "image", [f"p{row}" for row in rows], vectors, label=[f"c{r % 50}" for r in rows]
        )
    collection.finish()


@contextmanager
def serving(path: Path) -> Iterator[tuple[psutil.Process, int]]:
    """`tuwen serve` in a process of its own, with its port."""
    environment = os.environ | {"TUWEN_CONFIG": str(path.parent / "config.toml")}
    command = [sys.executable, "-m", "tuwen", "serve", str(path), "--port", "0", "--rate", "0"]
    with (path.parent / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True, env=environment)
        try:
            line = ""
            while "Serving at" not in line:
                line = process.stderr.readline()
                if not line:
                    raise SystemExit("the server did not start")
            threading.Thread(target=process.stderr.read, daemon=True).start()
            yield psutil.Process(process.pid), int(line.split(";")[0].rsplit(":", 1)[1])
        finally:
            process.terminate()
            process.wait(60)


def requests(place: str) -> tuple[list[tuple[bytes, dict[str, str]]], list[tuple[bytes, dict[str, str]]]]:
    """Bodies and headers of text queries and of picture queries."""
    random = np.random.default_rng(11)
    texts = []
    for number in range(500):
        words = " ".join(random.choice(WORDS[number % 2], 2, replace=False))
        texts.append((json.dumps({"query": words, "k": 10}).encode(), {"Content-Type": "application/json"}))
    pictures = []
    for _ in range(50):
        stream = io.BytesIO()
        made_up(random).save(stream, "JPEG", quality=85)
        body = (
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n" + stream.getvalue() + b"\r\n--x--\r\n"
        )
        pictures.append((body, {"Content-Type": "multipart/form-data; boundary=x"}))
    return texts, pictures


class Load:
    """Clients that ask one after the other until the time or the requests are used up."""

    def __init__(self, port: int, place: str, limit: int, seconds: float) -> None:
        self._port, self._place, self._limit = port, place, limit
        self._until = time.monotonic() + seconds
        self._next = count()
        self.seconds: list[float] = []
        self.errors: list[str] = []

    def run(self, clients: int, asked: list[tuple[str, bytes, dict[str, str]]]) -> dict[str, Any]:
        """Ask with so many clients at a time; what it took."""
        start = time.monotonic()
        threads = [threading.Thread(target=self._client, args=(asked,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - start
        return {
            "requests": len(self.seconds),
            "errors": len(self.errors),
            "per_s": common.significant(len(self.seconds) / took),
            **common.percentiles(self.seconds),
        }

    def _client(self, asked: list[tuple[str, bytes, dict[str, str]]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while time.monotonic() < self._until and (number := next(self._next)) < self._limit:
            path, body, headers = asked[number % len(asked)]
            start = time.perf_counter()
            connection.request("POST", self._place + path, body, headers)
            answer = connection.getresponse()
            found = answer.read()
            self.seconds.append(time.perf_counter() - start)
            if answer.status != 200 or len(json.loads(found)["hits"]) != 10:
                self.errors.append(f"{answer.status} {found[:200]!r}")
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small collection and few requests")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    items, total, seconds = (2_000, 600, 2.0) if arguments.quick else (100_000, 20_000, 12.0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "load"
        common.say(f"making {items:,} items")
        make(path, items)
        with serving(path) as (server, port):
            result = measure(server, port, total, seconds)
    result = {
        "benchmark": "serve_load",
        "items": items,
        "data": " ".join(__doc__.split("Data: ")[1].split()),
    } | result
    common.print_result(result, as_json=arguments.json)


def measure(server: psutil.Process, port: int, total: int, seconds: float) -> dict[str, Any]:
    """Every number of clients with both kinds of query, then many requests while memory is watched."""
    place = "/api/v1/collections/load"
    texts, pictures = requests(place)
    kinds = {
        "text": [("/search", *each) for each in texts],
        "picture": [("/search/upload", *each) for each in pictures],
    }
    warm = min(WARM, total // 10)
    Load(port, place, warm, 120).run(8, kinds["text"] + kinds["picture"])
    found: dict[str, Any] = {}
    for kind, asked in kinds.items():
        for clients in CLIENTS:
            common.say(f"{clients} clients, {kind} queries")
            found[f"{kind}_{clients}"] = Load(port, place, 10**9, seconds).run(clients, asked)
    mixed = [kinds["picture" if n % SHARE == 0 else "text"][n % len(pictures)] for n in range(500)]
    before = server.memory_info().rss
    common.say(f"{total:,} requests")
    many = Load(port, place, total, 400).run(8, mixed)
    after = server.memory_info().rss
    errors = sum(each["errors"] for each in (*found.values(), many))
    grown = (after - before) / 2**20
    return {
        "load": found,
        "many": many,
        "memory_mb": [round(before / 2**20, 1), round(after / 2**20, 1)],
        "grown_mb": common.significant(grown),
        "errors": errors,
        "limit": {"errors": 0, "grown_mb": 30},
        "met": errors == 0 and many["requests"] == total and grown <= 30,
    }


if __name__ == "__main__":
    main()
