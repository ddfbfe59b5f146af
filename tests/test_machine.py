import os
import platform

import numpy as np
import pytest

from tuwen import __version__, machine


def test_versions_and_date_are_told_but_not_the_name_of_the_machine():
    told = machine.about()
    assert told["tuwen"] == __version__
    assert told["numpy"] == np.__version__
    assert told["date"].count("-") == 2
    assert platform.node() not in map(str, told.values())


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("", os.cpu_count()), ("0", os.cpu_count())])
def test_threads_are_as_the_environment_says(monkeypatch, given, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert machine.threads() == machine.about()["threads"] == threads


def test_the_peak_remembers_what_is_held_no_more():
    before = machine.held_mb()
    block = np.ones(64 << 17)  # 64 MB
    held = machine.held_mb()
    assert held > before + 50
    del block
    # the system counts pages in batches, so the two may differ a little
    assert machine.peak_mb() > held - 5
    assert machine.held_mb() < held - 50


def test_where_the_system_tells_nothing_of_the_process_others_are_asked(monkeypatch):
    told = machine.peak_mb(), machine.held_mb()
    monkeypatch.setattr(machine, "_status", lambda field: None)
    assert machine.peak_mb() >= 0.9 * told[0]
    assert machine.held_mb() == pytest.approx(told[1], rel=0.1)
