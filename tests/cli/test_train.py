"""`tuwen train`: options go to the right training, results and what to do next are told."""

import json

import pytest
from click.testing import CliRunner

from tiny_training import IMAGE, TEXT, write_pairs
from tuwen.cli import tuwen
from tuwen.training import clip, dual_training


def run(*words):
    return CliRunner().invoke(tuwen, ["train", *map(str, words)])


@pytest.fixture
def asked(monkeypatch):
    """The arguments that the two trainings are called with; both then stop."""
    calls = []

    def stop(*given, **named):
        calls.append((given, named))
        raise KeyboardInterrupt("stopped after step 3 of 9, which is kept")

    monkeypatch.setattr(dual_training, "train_dual", stop)
    monkeypatch.setattr(clip, "tune", stop)
    return calls


def test_it_trains_tells_the_figures_and_what_to_do_next(tmp_path):
    small = ("--image-encoder", IMAGE, "--text-encoder", TEXT, "--size", 32, "--bits", 16)
    steps = ("--epochs", 1, "--batch", 6, "--held-out", 0.2, "--device", "cpu")
    done = run(
        "--pairs", write_pairs(tmp_path, 20), *small, *steps, "-o", tmp_path / "out", "--format", "jsonl"
    )
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {row["direction"] for row in rows} == {"text to image", "image to text"}
    assert "Held out: 4 pictures with 8 texts." in done.stderr
    assert "Trained on 16 pictures and 32 texts, 3 steps" in done.stderr
    assert f"--method {tmp_path / 'out'}" in done.stderr


def test_options_become_plan_width_and_parameters_of_the_head(asked, tmp_path):
    run("--pairs", "a.csv", "-o", tmp_path, "--dim", 32, "--rate", 0.01, "--batch", 8, "--set", "margin=0.5")
    ((given, named),) = asked
    assert given == ("a.csv", tmp_path)
    assert (named["head"], named["width"], named["settings"]) == ("vector", 32, {"margin": 0.5})
    assert (named["plan"].learning_rate, named["plan"].batch_size, named["plan"].epochs) == (0.01, 8, 30)


def test_an_encoder_is_fine_tuned_with_its_own_options(asked, tmp_path):
    run("--pairs", "a.csv", "-o", tmp_path, "--encoder", "some", "--lora", 4, "--batch", 8,
        "--effective-batch", 32, "--held-out", 0.2)  # fmt: skip
    ((given, named),) = asked
    assert given == ("some", "a.csv", tmp_path)
    assert (named["tuning"].lora, named["tuning"].batch, named["plan"].batch_size) == (4, 8, 32)
    assert named["share"] == 0.2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--encoder", "some", "--bits", 64), "--bits goes without --encoder only"),
        (("--lora", 4), "--lora goes with --encoder only"),
        (("--head", "hash", "--dim", 64), "--dim does not go with --head hash"),
        (("--encoder", "some", "--loss", "triplet"), "--encoder is fine-tuned with --loss infonce"),
    ],
)
def test_options_that_do_not_go_together_are_refused(asked, tmp_path, words, said):
    done = run("--pairs", "a.csv", "-o", tmp_path, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not asked


def test_who_stops_it_is_told_how_to_go_on(asked, tmp_path):
    done = run("--pairs", "a.csv", "-o", tmp_path)
    assert "stopped after step 3 of 9, which is kept; go on with the same command and --resume" in done.stderr


def test_an_unknown_parameter_of_the_head_is_refused_with_the_nearest(tmp_path):
    done = run("--pairs", "a.csv", "-o", tmp_path, "--set", "margins=1")
    assert "did you mean 'margin'" in str(done.exception)


def test_a_classifier_is_trained_and_told_of(tmp_path):
    titles = tmp_path / "titles.csv"
    lines = [f"{('red', 'blue')[n % 2]} {n},{('warm', 'cold')[n % 2]}" for n in range(20)]
    titles.write_text("\n".join(["title,class", *lines]) + "\n", encoding="utf-8")
    steps = ("--epochs", 1, "--batch", 8, "--held-out", 0.2, "--device", "cpu", "--format", "jsonl")
    done = run(
        "--task", "classify", "--pairs", titles, "--text-encoder", TEXT, *steps, "-o", tmp_path / "out"
    )
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["label"] for line in done.stdout.splitlines()} == {"warm", "cold"}
    assert "Held out: 4 items. Accuracy" in done.stderr
    assert "Trained on 16 texts of 2 classes, 2 steps" in done.stderr
    assert f"tuwen tag COLLECTION --classifier {tmp_path / 'out'}" in done.stderr


@pytest.mark.parametrize(("words", "said"), [
    (("--task", "classify", "--bits", 16), "--bits goes without --task classify only"),
    (("--task", "classify", "--loss", "infonce"), "--loss goes without --task classify only"),
    (("--task", "classify", "--encoder", "some"), "takes --text-encoder or --image-encoder"),
    (("--dropout", 0.2), "--dropout goes with --task classify only"),
])  # fmt: skip
def test_options_of_another_task_are_refused(asked, tmp_path, words, said):
    done = run("--pairs", "a.csv", "-o", tmp_path, *words)
    assert done.exit_code == 2 and said in done.output and not asked
