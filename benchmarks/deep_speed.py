"""An epoch of ACMR and of DSCMR on few and on many pairs: seconds, memory, and how busy the processor is.

Every method and size runs in a process of its own, with its defaults. Data: made, both sides 512 wide, 20
classes, learned from without a validation part. `busy` is processor seconds over seconds, of the cores that
the process may use: low means that it waits for its data.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from typing import Any

import numpy as np

import common
from tuwen import methods
from tuwen.machine import peak_mb

NAMES = ("acmr", "dscmr")
SIZES = (2_173, 200_000)
WIDTH, CLASSES = 512, 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="few pairs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "PAIRS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measured(asked.one[0], int(asked.one[1]), asked.threads)))
        return
    rows = []
    for size in (300, 1000) if asked.quick else SIZES:
        for name in NAMES:
            command = [sys.executable, __file__, "--threads", str(asked.threads), "--one", name, str(size)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            rows.append({"method": name, "pairs": size, **json.loads(done.stdout)})
            common.say(f"{rows[-1]}")
    result = {"benchmark": "deep_speed", "width": WIDTH, "threads": asked.threads, "rows": rows}
    common.print_result(result, as_json=asked.json)


def measured(name: str, size: int, threads: int) -> dict[str, Any]:
    """The fastest of the epochs, and the most memory that the process held."""
    import torch

    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, size)
    centres = rng.normal(size=(CLASSES, WIDTH)).astype(np.float32)
    images, texts = (centres[labels] + rng.standard_normal((size, WIDTH), dtype=np.float32) for _ in range(2))
    held = peak_mb()
    method = methods.find(name)(epochs=3 if size < 10_000 else 1, validation=0.0, device="cpu")
    epoch, seconds, busy = method._epoch, [], []

    def timed(*given: Any) -> Any:
        began, used = time.perf_counter(), time.process_time()
        made = epoch(*given)
        seconds.append(time.perf_counter() - began)
        busy.append((time.process_time() - used) / seconds[-1] / threads)
        return made

    method._epoch = timed
    method.fit(images, texts, labels)
    best = int(np.argmin(seconds))
    return {
        "epoch_s": common.significant(seconds[best]),
        "pairs_per_s": round(size / seconds[best]),
        "busy": common.significant(busy[best]),
        "peak_mb": round(peak_mb()),
        "data_mb": round(held),
    }


if __name__ == "__main__":
    main()
