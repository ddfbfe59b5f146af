"""A fitted method as a reranker: its own encoders, its own scores, and no others."""

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner

import tiny_duals
from tiny import COLOURS, TinyEncoder
from tuwen import encoders, learned, methods, rerank
from tuwen.arrays import unit_rows
from tuwen.cli import tuwen as command_line
from tuwen.errors import Damaged, InputError
from tuwen.learned import Side
from tuwen.methods import Method
from tuwen.rerank.fitted import Fitted


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_pictures, tiny_encoder):
    """hsnn, which gives scores only, fitted on the tiny pictures and texts."""
    images = tiny_encoder.encode(sorted(tiny_pictures.glob("*.png")), "image")
    files = sorted(tiny_pictures.glob("*.png"))
    texts = tiny_encoder.encode([f"a {file.stem[:-2]} picture" for file in files], "text")
    labels = np.unique([file.stem[:-2] for file in files], return_inverse=True)[1]
    made = methods.find("hsnn")(neighbours=4).fit(images, texts, labels)
    path = tmp_path_factory.mktemp("fitted") / "hsnn"
    side = Side(name="tiny", fingerprint=tiny_encoder.fingerprint, width=tiny_encoder.width)
    learned.write(path, made, {"image": side, "text": side})
    return path


@pytest.fixture(autouse=True)
def known(monkeypatch, tiny_encoder):
    """Lets encoders be found by the name `tiny` too."""
    load = encoders.load
    monkeypatch.setattr(encoders, "load", lambda spec: tiny_encoder if str(spec) == "tiny" else load(spec))


def test_hits_get_the_scores_of_the_method(tiny_collection, tiny_encoder, tiny_pictures, folder):
    found = tiny_collection.search("a green picture", k=5, rerank=folder, depth=5)
    method = methods.load(folder)
    images = tiny_encoder.encode([tiny_pictures / f"{hit.id}.png" for hit in found], "image")
    expected = method.similarity(images, tiny_encoder.encode(["a green picture"], "text"))[:, 0]
    assert [hit.rerank_score for hit in found] == pytest.approx(expected.tolist(), abs=1e-5)
    both = rerank.joined(np.array([hit.score for hit in found]), expected)
    assert (np.diff(both) <= 1e-4).all()  # best first


def test_pictures_ask_for_texts_too(tiny_collection, tiny_pictures, folder):
    found = tiny_collection.search(tiny_pictures / "blue-1.png", kind="text", k=2, rerank=folder, depth=16)
    assert {hit.label for hit in found} == {"blue"}


def test_another_encoder_is_refused(tiny_collection, folder, tmp_path, monkeypatch):
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    about = json.loads((other / "encoders.json").read_text())
    about["text"]["fingerprint"] = "tiny-2"
    (other / "encoders.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"fitted on text features of tiny \(tiny-2\), but tiny is tiny-1"):
        tiny_collection.search("red", rerank=other)
    monkeypatch.setattr(encoders, "load", lambda spec: TinyEncoder("tiny-2"))
    assert len(tiny_collection.search("red", rerank=other)) == 10


def test_features_of_unknown_origin_are_refused(folder, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    (bare / "encoders.json").unlink()
    with pytest.raises(InputError, match="image and text features of unknown origin"):
        rerank.load(bare)


def test_names_that_are_no_reranker_are_explained(tmp_path):
    with pytest.raises(InputError, match="hsnn must be fitted before it can rerank"):
        rerank.load("hsnn")
    with pytest.raises(InputError, match="there is no folder nothing"):
        rerank.load("nothing")
    (tmp_path / "method.json").write_text("{")
    with pytest.raises(Damaged):
        rerank.load(tmp_path)


class Sets(Method):
    """Counts the parts of both sides that point the same way."""

    takes_sets = True

    def _fit(self, images, texts, labels):
        """Nothing to learn."""

    def similarity(self, images, texts):
        return np.einsum("ipd,jtd->ij", images, texts).astype(np.float32)


class Parts(TinyEncoder):
    """Gives parts: a picture has two, a text as many as words."""

    def patch_tokens(self, images):
        return np.stack([np.stack([row, row]) for row in self.encode_images(images)])

    def token_states(self, texts):
        states = np.zeros((len(texts), 9, self.width), dtype=np.float32)
        mask = np.zeros((len(texts), 9), dtype=np.int64)
        for row, text in enumerate(texts):
            words = self.encode_texts(text.split())
            states[row, : len(words)], mask[row, : len(words)] = words, 1
            states[row, len(words) :] = 7  # not to be read
        return states, mask


def test_sets_of_parts_are_compared(tiny_pictures):
    encoder = Parts()
    made = Fitted("sets", Sets(), {"image": (encoder, True), "text": (encoder, True)})
    files = [tiny_pictures / "red-0.png", tiny_pictures / "blue-0.png"]
    images = made.read(files, "image")
    texts = made.read(["red", "blue and red"], "text")
    assert [len(text) for text in texts] == [1, 3]
    found = made.score(images[0], texts, "text")
    expected = [2 * float(unit_rows(encoder.encode_texts(said.split())).sum(0) @ images[0][0]) for said in
                ("red", "blue and red")]  # fmt: skip
    assert found == pytest.approx(expected, abs=1e-4)
    assert made.score(texts[0], images, "image")[0] == pytest.approx(expected[0], abs=1e-4)


def test_encoders_without_parts_are_refused(tiny_encoder):
    made = Fitted("sets", Sets(), {"image": (tiny_encoder, True), "text": (tiny_encoder, True)})
    with pytest.raises(InputError, match="tiny gives no parts of images"):
        made.read([], "image")


def test_a_damaged_picture_is_one_of_many(tiny_encoder, tiny_pictures, tmp_path, folder):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    made = Fitted.open(folder, [tiny_encoder])
    found = made.read([tiny_pictures / "red-0.png", tmp_path / "bad.png", tmp_path / "gone.png"], "image")
    assert found[0].shape == (tiny_encoder.width,)
    assert all(isinstance(one, InputError) for one in found[1:])


def test_the_commands_rerank(tiny_collection, folder, tmp_path):
    tiny_collection.update("image", "red-0", label="scarlet")
    run = CliRunner().invoke
    collection = str(tiny_collection.path)
    options = ["--rerank", str(folder), "--depth", "4", "-k", "5", "--format", "jsonl"]
    found = run(command_line, ["search", collection, "green", *options])
    assert found.exit_code == 0, found.output
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert ["rerank_score" in row for row in rows] == [True] * 4 + [False]
    assert "reranked in" in found.stderr
    (tmp_path / "queries.txt").write_text("\n".join(f"a {colour} picture" for colour in COLOURS))
    options = ["--rerank", str(folder), "-k", "2", "-o", str(tmp_path / "out.csv")]
    matched = run(command_line, ["match", collection, str(tmp_path / "queries.txt"), *options])
    assert matched.exit_code == 0, matched.output
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "text_id,similarity_ranking,result_image_id,score,rerank_score"
    assert len(lines) == 1 + 2 * len(COLOURS)
    assert "ms a query" in matched.stderr


def test_a_trained_encoder_with_its_matching_head_is_a_reranker(tmp_path, tiny_collection, tiny_pictures):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    tiny_duals.chinese_clip_folder(tmp_path)
    files, texts = sorted(tiny_pictures.glob("*.png")), ["一张红色的图片", "绿"] * 8
    encoder = encoders.load(str(tmp_path))
    states, mask = encoder.token_states(texts)
    head = methods.find("itm")(dim=8, hidden=8, layers=1, epochs=1, validation=0, device="cpu")
    head.fit(encoder.patch_tokens(files), states * mask[..., None]).save(tmp_path / "itm")
    found = tiny_collection.search("red", k=4, rerank=tmp_path, depth=3)
    states, mask = encoder.token_states(["red"])
    images = encoder.patch_tokens([tiny_pictures / f"{hit.id}.png" for hit in found][:3])
    expected = head.similarity(images, states * mask[..., None])[:, 0]
    assert [hit.rerank_score for hit in found][:3] == pytest.approx(expected.tolist(), abs=1e-4)
