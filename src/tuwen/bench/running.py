"""Run cells, each in a process of its own, and keep what they gave, so that a second call goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tuwen import __version__, datasets, machine, methods
from tuwen.bench.runs import Cell, Run, read_run
from tuwen.bench.worker import failed, job_of, run_cell
from tuwen.errors import Damaged, InputError, TuwenError
from tuwen.files import checksum, write_json

Progress = Callable[[int, int | None], None]


def run_all(
    cells: Sequence[Cell],
    folder: Path,
    *,
    jobs: int = 1,
    data_root: Path | None = None,
    progress: Progress | None = None,
    again: bool = False,
    apart: bool = True,
) -> list[Run]:
    """Run cells; those that are in the folder, whole and of the same data, are not run again.

    What fails, or is killed, becomes a run with its reason, and is tried again by the next call. Whoever
    stops it keeps what is done.

    Args:
        cells: What to run.
        folder: Where runs are kept, in `runs/KEY`, and features of captions, in `features`.
        jobs: How many run at once; the cores are shared among them.
        data_root: The folder that holds a folder for each benchmark.
        progress: Called with the number of cells done and their number.
        again: Run all, whatever the folder holds.
        apart: Each in a process of its own, so that memory and seconds are its own and what kills it kills
            nothing else; otherwise here, one after the other.

    Raises:
        InputError: jobs is less than 1.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; it must be at least 1")
    work = _Work(folder, data_root, jobs)
    unique = list({cell.key: cell for cell in cells}.values())
    done: dict[str, Run] = {}
    for cell in unique:
        kept = None if again else work.kept(cell)
        if kept is not None:
            done[cell.key] = kept
    waiting = [cell for cell in unique if cell.key not in done]

    def tell() -> None:
        if progress is not None:
            progress(len(done), len(unique))

    tell()
    if not apart:
        for cell in waiting:
            done[cell.key] = work.here(cell)
            tell()
        return [done[cell.key] for cell in cells]
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="bench")
    try:
        started = {pool.submit(work.apart, cell): cell for cell in waiting}
        for future in as_completed(started):
            done[started[future].key] = future.result()
            tell()
    finally:
        work.stop()
        pool.shutdown(cancel_futures=True)
    return [done[cell.key] for cell in cells]


class _Stopped(Exception):
    """The user stopped before this cell began."""


class _Work:
    """Runs cells and keeps them in a folder."""

    def __init__(self, folder: Path, data_root: Path | None, jobs: int) -> None:
        self.runs, self.features = folder / "runs", folder / "features"
        self.data_root = data_root
        self.threads = max(1, (os.cpu_count() or 1) // jobs)
        self._sums: dict[Path, str] = {}
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def kept(self, cell: Cell) -> Run | None:
        """The run of a cell, when it is whole, of this version and of the data as they are."""
        try:
            run = read_run(self.runs / cell.key)
        except Damaged:
            return None
        same = run.cell == cell and not run.error and run.about.get("tuwen") == __version__
        return run if same and not self._changed(run) else None

    def here(self, cell: Cell) -> Run:
        """Run a cell in this process."""
        run = run_cell(cell, data_root=self.data_root, cache=self.features)
        run.write(self.runs / cell.key)
        return run

    def apart(self, cell: Cell) -> Run:
        """Run a cell in a process of its own."""
        folder = self.runs / cell.key
        shutil.rmtree(folder, ignore_errors=True)  # an earlier run, and what a killed one left
        try:
            methods.find(cell.method)(**cell.params)  # what it refuses needs no process
            ended = self._process(cell, folder)
            return read_run(folder)
        except Damaged:
            if self._stopped:
                raise
            run = failed(cell, InputError(ended))
        except TuwenError as error:
            run = failed(cell, error)
        run.write(folder)
        return run

    def stop(self) -> None:
        """End the processes that still run; no further one starts."""
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.kill()

    def _process(self, cell: Cell, folder: Path) -> str:
        """Run the worker; returns how it ended, for when it left nothing."""
        with tempfile.TemporaryDirectory(prefix="tuwen-") as place:
            job = Path(place) / "job.json"
            write_json(job, job_of(cell, folder.absolute(), self.features.absolute(), self.data_root))
            wanted = os.environ.get(machine.THREADS[0]) or str(self.threads)  # torch takes MKL's for its own
            given = {name: os.environ.get(name) or wanted for name in machine.THREADS}
            with self._lock:
                if self._stopped:
                    raise _Stopped
                process = subprocess.Popen(  # noqa: S603 - this interpreter and a file of ours
                    # -P: a file numpy.py in the user's folder is none of ours
                    [sys.executable, "-P", "-m", "tuwen.bench.worker", str(job)],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    text=True,
                    errors="replace",
                    env=os.environ | given,
                )
                self._processes.add(process)
            _, said = process.communicate()
            with self._lock:
                self._processes.discard(process)
        return _ended(process.returncode, said)

    def _changed(self, run: Run) -> bool:
        """Whether a file that the run read is another one now."""
        return any(self._sum(path) not in ("", known) for path, known in self._files(run).items())

    def _files(self, run: Run) -> dict[Path, str]:
        """Where the files that a run read lie now, with the checksums they had."""
        data = run.cell.data
        if data in datasets.names():
            folder = datasets.open_dataset(data, self.data_root).folder
        else:
            path = Path(data.partition(",")[0])
            folder = path if path.is_dir() else path.parent
        own = Path(run.cell.features)  # a file of features may lie elsewhere
        return {own if own.name == name else folder / name: known for name, known in run.files.items()}

    def _sum(self, path: Path) -> str:
        """The checksum of a file, read once; empty where there is none."""
        if path not in self._sums:
            self._sums[path] = checksum(path) if path.is_file() else ""
        return self._sums[path]


def _ended(code: int, said: str) -> str:
    """Why a process left no run, in one line."""
    if code in (-9, 137):
        return "the process was killed (signal 9), as systems do when memory runs out; use fewer pairs"
    if code < 0:
        return f"the process was ended by signal {-code}"
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "no reason given")
    return f"the process ended with code {code}: {last.strip()[:300]}"
