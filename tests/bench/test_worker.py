import platform
import warnings
from dataclasses import replace

import numpy as np
import pytest

from tuwen import methods
from tuwen.bench import worker
from tuwen.bench.runs import read_run
from tuwen.bench.worker import failed, job_of, main, run_cell
from tuwen.errors import InputError
from tuwen.files import checksum, write_json
from tuwen.metrics import by_labels, mean_ap


def test_a_cell_gives_figures_seconds_and_memory(cell, cut_as, halves):
    cut_as(**halves, files={"pairs.npz": "abc"}, notes=("not the published file",))
    made = cell()
    run = run_cell(made)
    images, texts = halves["test"].features
    scores = methods.find("cca")(dim=2).fit(*halves["train"].aligned).similarity(images, texts)
    relevant = by_labels(halves["test"].labels, halves["test"].labels)
    assert run.figures["i2t/map"] == pytest.approx(mean_ap(scores, relevant).value)
    assert run.cell == made
    assert run.files == {"pairs.npz": "abc"}
    assert run.notes == ("not the published file",)
    assert 0 < run.fit_seconds < 10
    assert run.peak_mb >= run.about["fit_peak_mb"] > run.about["data_mb"] - 5 > 0


def test_how_a_network_was_trained_is_kept_and_a_loss_that_is_no_number_told(
    cell, cut_as, halves, monkeypatch
):
    network = pytest.importorskip("tuwen.methods.network")
    cut_as(**halves)
    small = cell("vsepp", {"epochs": 6, "hidden": 8, "dim": 4, "device": "cpu", "patience": 2})
    run = run_cell(small)
    assert len(run.course["loss"]) == len(run.course["validation"]) > 0
    assert not any("ended" in note for note in run.notes)
    step = network.Network._update

    def spoiled(self, batch):
        return step(self, batch) if batch.progress < 0.4 else float("nan")

    monkeypatch.setattr(network.Network, "_update", spoiled)
    run = run_cell(replace(small, params=small.params | {"patience": 0}))
    assert "training ended at epoch 4: the loss is nan at step 1 of epoch 4" in run.notes
    assert run.figures
    assert run_cell(cell()).course == {}


def test_what_is_told_of_the_machine_does_not_name_it(cell, cut_as, halves):
    cut_as(**halves)
    about = run_cell(cell()).about
    assert {"tuwen", "numpy", "date", "processor", "threads"} <= about.keys()
    assert platform.node() not in str(about)


@pytest.mark.parametrize(
    ("name", "params", "reason"),
    [
        ("scm_hash", {"bits": 12}, "bits is 12; it must be a positive multiple of 8"),
        ("cca", {"dim": 0}, "dim is 0; it must be at least 1"),
        ("cca", {"dim": 7}, "dim is 7, but"),
        ("ccca", {}, "no method named 'ccca'"),
    ],
)
def test_what_goes_wrong_is_the_reason_of_the_run(cell, cut_as, halves, name, params, reason):
    cut_as(**halves)
    run = run_cell(cell(name, params))
    assert reason in run.error
    assert "\n" not in run.error
    assert not run.figures


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_features_that_are_not_finite_fail_the_cell(cell, cut_as, halves, bad):
    halves["train"].images[3, 2] = bad
    cut_as(**halves)
    assert "NaN or infinite" in run_cell(cell()).error


def test_a_method_that_needs_labels_says_that_there_are_none(cell, cut_as, captioned):
    cut_as(**captioned)
    assert "sm learns from class labels, and" in run_cell(cell("sm", {})).error


def test_a_method_on_sets_says_which_features_it_wants(cell, cut_as, halves):
    cut_as(**halves)
    assert "--features regions" in run_cell(cell("scan", {})).error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("dim is\n0"), "dim is 0"),
        (MemoryError(), "not enough memory"),
        (MemoryError("Unable to allocate 9 GiB"), "not enough memory: Unable to allocate 9 GiB"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    ],
)
def test_any_error_becomes_one_line(cell, error, text):
    assert failed(cell(), error).error == text


def test_what_the_libraries_warn_of_becomes_a_note_once(cell, cut_as, halves, monkeypatch):
    cut_as(**halves)

    def warn(method, material):
        for _ in range(2):
            warnings.warn("did not converge", UserWarning, stacklevel=1)
        method.fit(*material.train.aligned)
        return 0.0

    monkeypatch.setattr(worker, "_fit", warn)
    assert run_cell(cell()).notes == ("warned: did not converge",)


def test_the_process_reads_a_job_and_writes_the_run(cell, pairs_file, tmp_path, monkeypatch):
    made, folder = cell(options={}, metrics=("map", "recall@5")), tmp_path / "run"
    write_json(tmp_path / "job.json", job_of(made, folder, tmp_path / "features", None))
    monkeypatch.setattr("sys.argv", ["worker", str(tmp_path / "job.json")])
    main()
    run = read_run(folder)
    assert run.cell == made
    assert run.error == ""
    assert run.files == {"pairs.npz": checksum(pairs_file)}


def test_sets_of_parts_are_learned_from_with_each_image_once(cell, cut_as, captioned, monkeypatch):
    pytest.importorskip("torch")
    from tuwen.methods.pairwise.scan import SCAN

    rng = np.random.default_rng(0)
    parts = {
        name: replace(part, images=rng.normal(size=(len(part.image_ids), 3, 2)).astype(np.float16))
        for name, part in captioned.items()
    }
    cut_as(**parts)
    seen = []
    fit = SCAN.fit

    def watched(self, images, texts, labels=None, validation=None, image_of_text=None):
        seen.append((len(images), len(texts), list(image_of_text)))
        return fit(self, images, texts, labels, validation, image_of_text)

    monkeypatch.setattr(SCAN, "fit", watched)
    small = {"dim": 4, "epochs": 1, "device": "cpu", "validation": 0.0}
    spec = "words:word2vec,width=4,min_count=1,epochs=1"
    found = run_cell(cell("scan", small, text_encoder=spec, metrics=("hit@1",)))
    assert not found.error
    assert seen == [(2, 4, [0, 0, 1, 1])]
    assert 0 <= found.figures["t2i/hit@1"] <= 1
