"""Tiny random cross-encoders from folders: BLIP, BLIP-2 and ViLT, batches, refusals; nothing is fetched."""

import json
import shutil

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tuwen import rerank  # noqa: E402
from tuwen.errors import Damaged, InputError, UnknownName  # noqa: E402
from tuwen.rerank.crossing import Crossing  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "green", "blue", "picture", "[ENC]"]
SMALL = {
    "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
}  # fmt: skip
TEXT = SMALL | {"vocab_size": len(WORDS), "max_position_embeddings": 12}
VISION = SMALL | {"image_size": 32, "patch_size": 16}


def blip():
    text = TEXT | {"encoder_hidden_size": 16, "projection_dim": 8, "pad_token_id": 0}
    config = transformers.BlipConfig(
        text_config=text, vision_config=VISION, projection_dim=8, image_text_hidden_size=8
    )
    return transformers.BlipForImageTextRetrieval(config), "Blip"


def blip2():
    config = transformers.Blip2Config(
        vision_config=VISION,
        qformer_config=TEXT | {"encoder_hidden_size": 16, "cross_attention_frequency": 1,
                               "use_qformer_text_input": True},
        text_config={"model_type": "opt", **SMALL, "vocab_size": len(WORDS), "word_embed_proj_dim": 16,
                     "ffn_dim": 32},
        num_query_tokens=3,
        image_text_hidden_size=8,
    )  # fmt: skip
    return transformers.Blip2ForImageTextRetrieval(config), "Blip"


def vilt():
    config = transformers.ViltConfig(**TEXT, image_size=32, patch_size=16, max_image_length=-1)
    return transformers.ViltForImageAndTextRetrieval(config), "Vilt"


@pytest.fixture(scope="module", params=[blip, blip2, vilt], ids=["blip", "blip-2", "vilt"])
def folder(request, tmp_path_factory):
    """A folder as transformers writes it."""
    path = tmp_path_factory.mktemp("crossing")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, family = request.param()
    for one in model.parameters():
        if one.ndim > 1:
            torch.nn.init.normal_(one, std=0.2, generator=torch.Generator().manual_seed(one.numel()))
    model.save_pretrained(path)
    (path / "vocab.txt").write_text("\n".join(WORDS))
    transformers.BertTokenizerFast(vocab=str(path / "vocab.txt")).save_pretrained(path)
    kind = getattr(transformers, f"{family}ImageProcessorPil")
    size = {"height": 32, "width": 32} if family == "Blip" else {"shortest_edge": 32}
    kind(size=size, image_mean=[0.5] * 3, image_std=[0.5] * 3).save_pretrained(path)
    return path


def test_each_pair_has_one_score_whatever_stands_beside_it(folder, tiny_pictures, monkeypatch):
    made = rerank.load(folder)
    assert isinstance(made, Crossing)
    files = sorted(tiny_pictures.glob("*.png"))[:5]
    images = made.read(files, "image")
    texts = made.read(["a red picture", "blue", "a green picture a green picture a green picture a"], "text")
    assert max(map(len, texts)) <= 12
    scores = np.stack([made.score(text, images, "image") for text in texts])
    assert scores.shape == (3, 5)
    assert np.ptp(scores) > 0
    back = np.stack([made.score(image, texts, "text") for image in images], axis=1)
    assert back == pytest.approx(scores, abs=1e-4)
    monkeypatch.setattr("tuwen.rerank.crossing.BATCH", 2)
    assert made.score(texts[0], images, "image") == pytest.approx(scores[0], abs=1e-4)


def test_hits_of_a_collection_are_scored(folder, tiny_collection):
    found = tiny_collection.search("a red picture", k=4, rerank=str(folder), depth=3)
    assert [hit.rerank_score is None for hit in found] == [False] * 3 + [True]
    assert not (tiny_collection.path / "rerank").exists()  # pixels are not worth keeping


def test_folders_that_do_not_fit_are_refused(folder, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(InputError, match="network of type bert; a reranker of transformers is one of blip"):
        rerank.load(tmp_path)
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(Damaged, match="cannot be opened as"):
        rerank.load(broken)
    with pytest.raises(UnknownName):
        Crossing.open(folder, device="abacus")


def test_other_weights_have_another_mark(folder, tmp_path):
    made = Crossing.open(folder)
    assert made.mark("text") == Crossing.open(folder).mark("text")
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    (other / "preprocessor_config.json").write_text(
        (folder / "preprocessor_config.json").read_text().replace("0.5", "0.4")
    )
    assert Crossing.open(other).mark("image") != made.mark("image")
