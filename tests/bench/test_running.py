import os
import signal
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from tuwen import machine
from tuwen.bench import running
from tuwen.bench.planning import plan
from tuwen.bench.running import run_all
from tuwen.bench.runs import read_run
from tuwen.errors import InputError


@pytest.fixture
def counted(monkeypatch):
    """The methods that were run in this process, in their order."""
    ran = []
    plain = running.run_cell

    def run(cell, **how):
        ran.append(cell.method)
        return plain(cell, **how)

    monkeypatch.setattr(running, "run_cell", run)
    return ran


def test_each_cell_runs_in_a_process_of_its_own(cell, tmp_path, monkeypatch):
    for name in machine.THREADS:
        monkeypatch.delenv(name, raising=False)
    cells = [cell(), cell("scm_hash", {"bits": 12}, codes="modality", database="train")]
    told = []
    runs = run_all(cells, tmp_path, jobs=2, progress=lambda done, total: told.append((done, total)))
    assert [run.cell for run in runs] == cells
    assert runs[0].figures["i2t/map"] > 0.5
    assert runs[0].about["threads"] == max(1, (os.cpu_count() or 1) // 2)
    assert runs[1].error.startswith("bits is 12")
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert read_run(tmp_path / "runs" / cells[0].key).figures == runs[0].figures


def test_threads_that_the_user_set_hold_for_all_libraries(cell, tmp_path, monkeypatch):
    """torch takes MKL's number for its own: another one there would undo the user's."""
    for name in machine.THREADS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    begun = []
    start = subprocess.Popen

    def begin(*command, env, **how):
        begun.append([env[name] for name in machine.THREADS])
        return start(*command, env=env, **how)

    monkeypatch.setattr(running.subprocess, "Popen", begin)
    run_all([cell()], tmp_path)
    assert begun == [["3"] * len(machine.THREADS)]


def test_a_process_gives_what_this_one_gives(cell, tmp_path):
    apart = run_all([cell()], tmp_path / "apart")[0]
    here = run_all([cell()], tmp_path / "here", apart=False)[0]
    np.testing.assert_allclose(apart.values["i2t/map"], here.values["i2t/map"], atol=1e-9)


def test_what_is_whole_is_not_run_again(cell, tmp_path, counted):
    first = run_all([cell()], tmp_path, apart=False)
    again = run_all([cell(), cell("pls")], tmp_path, apart=False)
    assert counted == ["cca", "pls"]
    assert again[0].figures == first[0].figures
    run_all([cell()], tmp_path, apart=False, again=True)
    assert counted == ["cca", "pls", "cca"]


def test_a_cell_named_twice_runs_once(cell, tmp_path, counted):
    assert len(run_all([cell(), cell()], tmp_path, apart=False)) == 2
    assert counted == ["cca"]


def test_other_data_is_run_anew(cell, tmp_path, counted, pairs_file):
    run_all([cell()], tmp_path, apart=False)
    with np.load(pairs_file) as stored:
        changed = {name: stored[name] for name in stored.files}
    changed["images"][0] += 1
    np.savez(pairs_file, **changed)
    run_all([cell()], tmp_path, apart=False)
    assert counted == ["cca", "cca"]


def test_what_failed_is_tried_again(cell, tmp_path, counted):
    bad = cell("scm_hash", {"bits": 12}, codes="modality")
    assert all("bits is 12" in run_all([bad], tmp_path, apart=False)[0].error for _ in range(2))
    assert counted == ["scm_hash", "scm_hash"]


def test_half_a_run_is_run_again(cell, tmp_path, counted):
    run_all([cell()], tmp_path, apart=False)
    (tmp_path / "runs" / cell().key / "values.npz").write_bytes(b"half")
    assert run_all([cell()], tmp_path, apart=False)[0].figures
    assert counted == ["cca", "cca"]


def test_runs_of_another_version_are_run_again(cell, tmp_path, counted, monkeypatch):
    run_all([cell()], tmp_path, apart=False)
    monkeypatch.setattr(running, "__version__", "99")
    run_all([cell()], tmp_path, apart=False)
    assert counted == ["cca", "cca"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_killed_process_becomes_a_run_with_its_reason_and_the_others_go_on(cell, tmp_path, monkeypatch):
    plain = running.subprocess.Popen

    def kill_pls(arguments, **how):
        process = plain(arguments, **how)
        if len(started) == 0:
            os.kill(process.pid, signal.SIGKILL)
        started.append(process)
        return process

    started = []
    monkeypatch.setattr(running.subprocess, "Popen", kill_pls)
    killed, whole = run_all([cell("pls"), cell()], tmp_path)
    assert killed.error == (
        "the process was killed (signal 9), as systems do when memory runs out; use fewer pairs"
    )
    assert not whole.error
    assert read_run(tmp_path / "runs" / killed.cell.key).error == killed.error


@pytest.mark.parametrize(
    ("code", "said", "reason"),
    [
        (-11, "", "the process was ended by signal 11"),
        (137, "", "the process was killed (signal 9), as systems do when memory runs out; use fewer pairs"),
        (3, "Traceback\nOSError: disk full\n\n", "the process ended with code 3: OSError: disk full"),
        (1, "", "the process ended with code 1: no reason given"),
    ],
)
def test_how_a_process_ended_is_said(code, said, reason):
    assert running._ended(code, said) == reason


def test_who_stops_keeps_what_is_done(cell, tmp_path):
    def stop(done, total):
        if done == 1:
            raise KeyboardInterrupt

    cells = [cell(), cell("pls"), cell("gcca")]
    with pytest.raises(KeyboardInterrupt):
        run_all(cells, tmp_path, progress=stop)
    kept = [one.key for one in cells if (tmp_path / "runs" / one.key / "run.json").is_file()]
    assert kept[0] == cells[0].key
    assert len(kept) < 3
    assert not any(read_run(tmp_path / "runs" / key).error for key in kept)


def test_jobs_must_be_one_at_least(cell, tmp_path):
    with pytest.raises(InputError, match="jobs is 0"):
        run_all([cell()], tmp_path, jobs=0)


def test_cca_on_wikipedia_is_as_measured(data_folder, tmp_path):
    root = data_folder
    if not (root / "wikipedia" / "raw_features.mat").is_file():
        pytest.skip("needs the Wikipedia features")
    (cell,) = plan("wikipedia", ["cca"], split="official", settings={"cca": {"dim": 7}}, data_root=root)
    run = run_all([cell], tmp_path, data_root=root, apart=False)[0]
    assert run.figures == pytest.approx({"i2t/map": 0.249, "t2i/map": 0.202}, abs=0.003)
    assert run.chance["i2t/map"] == pytest.approx(0.1195, abs=0.002)
    assert replace(run.cell, params={}) == replace(cell, params={})
