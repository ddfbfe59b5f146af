"""Two processes that train one model do what one process does with the whole batch."""

import os
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from tuwen.errors import InputError  # noqa: E402
from tuwen.training import distributed  # noqa: E402

WORKER = Path(__file__).with_name("gradients_worker.py")


def run(size, *arguments):
    """Run the worker in so many processes, as torchrun starts them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(size)}
    started = [
        subprocess.Popen(
            [sys.executable, WORKER, *map(str, arguments)],
            env={**os.environ, **shared, "OMP_NUM_THREADS": "1", "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    for process in started:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said


def test_two_processes_have_the_loss_and_gradient_of_one(tmp_path, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with torch.random.fork_rng():
        runpy.run_path(str(WORKER))["main"](tmp_path)
    run(2, tmp_path)
    one, *two = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("1-0", "2-0", "2-1"))
    assert one["u.weight"].abs().max() > 1e-3
    for rank in two:
        assert rank["told"] == 5
        for name in one.keys() - {"told"}:
            assert torch.allclose(one[name], rank[name], atol=1e-6), name


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    with distributed.joined() as world:
        assert (world.rank, world.size, world.same(2.5)) == (0, 1, 2.5)
        values = torch.ones(2, 3)
        assert world.gather(values) is values


def test_what_torchrun_did_not_set_is_named(monkeypatch):
    monkeypatch.setenv("RANK", "first")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="use torchrun"), distributed.joined():
        pass


def test_parts_are_equal_and_cover_all():
    rows = list(range(12))
    parts = [rows[distributed.World(rank, 3).part(12)] for rank in range(3)]
    assert parts == [rows[:4], rows[4:8], rows[8:]]
