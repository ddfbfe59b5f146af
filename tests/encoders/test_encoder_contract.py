"""Rules that every encoder keeps. A new encoder file is covered with no change here, unless it needs a file:
then `MAKERS` makes a small one, or `FIXTURES` names it."""

import inspect
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tuwen import encoders
from tuwen.arrays import MODALITIES
from tuwen.encoders.fitted import Fitted
from tuwen.errors import Damaged, InputError, MissingExtra, NotFittedError, UnknownName
from tuwen.records import Picture

TEXTS = [
    "a red bus waits at the corner of the street",
    "一只狗在草地上跑",
    "two dogs run over the green grass",
    "红色的公共汽车停在街角",
    "the dog and the 公共汽车",
    "一只狗和一辆红色的公共汽车在街角的草地上",
    "run",
]
ODD = ["", "   ", "\u0000", "\ud800", "ⵣⵣ", "狗" * 3000]
PROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
EXTRAS = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
# small values for what would take long; those an encoder does not know are left out
SMALL = {"words": 8, "features": 40, "topics": 3, "width": 8, "epochs": 2, "min_count": 1, "side": 64}
OTHER = {"words": 7, "features": 39, "topics": 2, "width": 7, "side": 96}


def pictures(folder, count=7):
    """Small pictures with edges, corners and colours."""
    files = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        image = Image.new("RGB", (90, 70), tuple(int(v) for v in rng.integers(0, 256, 3)))
        draw = ImageDraw.Draw(image)
        for _ in range(8):
            x, y, w = (int(v) for v in rng.integers(2, 50, 3))
            draw.rectangle((x, y, x + w, y + w // 2), fill=tuple(int(v) for v in rng.integers(0, 256, 3)))
        files.append(folder / f"p{seed}.png")
        image.save(files[-1])
    return files


def make_stored(folder):
    rng = np.random.default_rng(0)
    np.savez(
        folder / "features.npz",
        image_ids=[f"p{i}" for i in range(7)],
        image_vectors=rng.normal(size=(7, 5)),
        text_ids=[str(i) for i in range(len(TEXTS))],
        text_vectors=rng.normal(size=(len(TEXTS), 5)),
    )
    return f"stored:{folder / 'features.npz'}"


def make_concat(folder):
    return "concat:mini+0.5*mini"


def make_vision(folder):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=64, num_hidden_layers=1, num_attention_heads=1, intermediate_size=64,
        image_size=32, patch_size=16,
    )  # fmt: skip
    transformers.ViTModel(config).save_pretrained(folder)
    about = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
             "do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255,
             "resample": 2, "image_processor_type": "ViTImageProcessor"}  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(about))
    return f"vision:{folder}"


def make_graph(folder):
    openvino = pytest.importorskip("openvino")
    ops, rng = openvino.opset8, np.random.default_rng(0)
    pixels = ops.parameter([1, 32, 32, 3], np.uint8)
    maps = ops.transpose(ops.convert(pixels, "f32"), [0, 3, 1, 2])
    maps = ops.convolution(maps, rng.normal(size=(9, 3, 4, 4)).astype("f4"), [2, 2], [0, 0], [0, 0], [1, 1])
    means = ops.reduce_mean(ops.relu(maps), [2, 3], keep_dims=False)
    scores = ops.matmul(means, rng.normal(size=(9, 4)).astype("f4"), False, False)
    openvino.save_model(openvino.Model([ops.result(scores)], [pixels], "tiny"), folder / "tiny.xml")
    return f"graph:{folder / 'tiny.xml'}"


def write_vocabulary(folder):
    signs = sorted(set("".join(TEXTS).lower()) - {" "})
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *signs, *(f"##{sign}" for sign in signs)]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return len(words)


SIDES = {"hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 64}


def make_language(folder):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(vocab_size=write_vocabulary(folder), **SIDES)
    transformers.BertModel(config).save_pretrained(folder)
    return f"language:{folder}"


#: Encoders that other tests of this folder make.
FIXTURES = {"clip": "clip_folder", "exported": "exported_clip"}
MAKERS = {name.removeprefix("make_"): made for name, made in list(globals().items()) if name[:5] == "make_"}


def small(kind):
    """The small options that a class has."""
    return {name: value for name, value in SMALL.items() if name in inspect.signature(kind).parameters}


def fresh(kind, **options):
    """An encoder that needs no file."""
    return kind(**{**small(kind), **options})


def _is(wanted, name):
    """Whether the class of this name is wanted; one whose extra is missing is, and is skipped later."""
    try:
        return wanted(encoders.find(name))
    except MissingExtra:
        return True


def of(wanted):
    """A mark: the test is of those encoders alone whose class is wanted."""
    names = [name for name in encoders.names() if _is(wanted, name)]
    return pytest.mark.parametrize("name", names, indirect=True, scope="module")


of_new_texts = of(lambda kind: "text" in kind.modalities and not kind.by_id)
of_pictures = of(lambda kind: "image" in kind.modalities)
of_new_pictures = of(lambda kind: "image" in kind.modalities and not kind.by_id)
of_what_learns = of(lambda kind: issubclass(kind, Fitted))
of_what_needs_a_file = of(lambda kind: kind.needs not in ("", "fitting"))
of_what_needs_none = of(lambda kind: kind.needs in ("", "fitting"))
of_each_side = pytest.mark.parametrize(
    ("name", "side"),
    [
        (name, modality)
        for name in encoders.names()
        for modality in MODALITIES
        if _is(lambda kind, modality=modality: modality in kind.modalities, name)
    ],
    indirect=True,
    scope="module",
)


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("TUWEN_OFFLINE", "1")


@pytest.fixture(scope="module", params=encoders.names())
def name(request):
    return request.param


@pytest.fixture(scope="module")
def kind(name):
    try:
        return encoders.find(name)
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def made():
    """Encoders by name: each is made once, in whatever order tests of several lists of names run."""
    return {}


@pytest.fixture(scope="module")
def encoder(name, kind, files, made, tmp_path_factory, request):
    """Each encoder, small enough to be quick, and fitted."""

    def make():
        if name in FIXTURES:
            return encoders.load(f"{name}:{request.getfixturevalue(FIXTURES[name])}")
        if name in MAKERS:
            return encoders.load(MAKERS[name](tmp_path_factory.mktemp(name)))
        assert kind.needs in ("", "fitting"), f"MAKERS must make a small {kind.needs} for {name}"
        given = fresh(kind)
        if isinstance(given, Fitted):
            given.fit(TEXTS * 3 if given.modality == "text" else files)
        return given

    try:
        if name not in made:
            made[name] = make()
        return made[name]
    except MissingExtra as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def side(request, encoder, files):
    """A function that encodes the items at some places, of the modality that the test names."""

    def encode(places, *, unit=True):
        if request.param == "image":
            return encoder.encode_images([files[place] for place in places], unit=unit)
        ids = [str(place) for place in places]
        return encoder.encode_texts([TEXTS[place] for place in places], ids=ids, unit=unit)

    return encode


def test_it_says_what_it_is(kind, encoder):
    assert encoder.modalities <= set(MODALITIES) and encoder.modalities
    assert isinstance(encoder.width, int) and encoder.width > 0
    assert isinstance(encoder.fingerprint, str) and encoder.fingerprint
    assert isinstance(encoder.name, str) and encoder.name
    assert isinstance(encoder.parameters, int) and encoder.parameters >= 0
    assert encoder.runtime, "say what computes"
    assert set(encoder.languages) <= {"zh", "en"}
    assert "text" in encoder.modalities or not encoder.languages
    assert kind.extra in ("", *EXTRAS)
    assert inspect.getdoc(kind) != inspect.getdoc(encoders.Encoder), "one line for `tuwen encoders`"


@of_each_side
def test_rows_are_of_length_one_or_zero(encoder, side):
    rows = side(range(7))
    assert rows.shape == (7, encoder.width) and rows.dtype == np.float32
    norms = np.linalg.norm(rows, axis=1)
    assert ((np.abs(norms - 1) < 1e-4) | (norms == 0)).all()
    assert (norms > 0).sum() >= 5, "most items say something"


@of_each_side
def test_raw_rows_have_the_same_direction(side):
    raw, unit = side(range(5), unit=False), side(range(5))
    assert raw.dtype == np.float32
    lengths = np.linalg.norm(raw, axis=1, keepdims=True)
    np.testing.assert_allclose(unit * lengths, raw, atol=1e-4 * max(1, lengths.max()))


@of_each_side
def test_batching_and_order_do_not_matter(encoder, side, monkeypatch):
    together = side(range(7))
    apart = np.concatenate([side([place]) for place in range(7)])
    np.testing.assert_allclose(together, apart, atol=2e-5)
    monkeypatch.setattr(encoder, "batch_size", 3)
    np.testing.assert_allclose(side([6, 2, 4, 0, 5, 3, 1])[[3, 6, 1, 5, 2, 4, 0]], together, atol=2e-5)


@of_each_side
def test_no_items_give_no_rows(encoder, side):
    assert side([]).shape == (0, encoder.width)


def test_the_other_modality_is_refused(encoder, files):
    if "text" not in encoder.modalities:
        with pytest.raises(InputError, match="does not encode texts, only images"):
            encoder.encode_texts(["a"])
    if "image" not in encoder.modalities:
        with pytest.raises(InputError, match="does not encode images, only texts"):
            encoder.encode_images(files[:1])


def test_what_is_no_text_or_no_list_is_refused(encoder, files):
    if "text" in encoder.modalities:
        for wrong in ([files[0]], [3], [None], [b"a"]):
            with pytest.raises(InputError, match="a text must be a string"):
                encoder.encode(wrong, "text")
        with pytest.raises(InputError, match="is one string; pass a list"):
            encoder.encode_texts("a dog")
        with pytest.raises(InputError, match="is one string; pass a list"):
            encoder.encode("a dog", "text")
    if "image" in encoder.modalities:
        with pytest.raises(InputError, match="is one path; pass a list"):
            encoder.encode_images(str(files[0]))
        for wrong in (None, 3, np.zeros((8, 8, 3), dtype=np.uint8)):
            if not encoder.by_id:
                with pytest.raises(InputError, match="a picture must be a path, a PIL picture or a Picture"):
                    encoder.encode_images([wrong])
    with pytest.raises(InputError, match="modality is 'audio'; it must be 'image' or 'text'"):
        encoder.encode([], "audio")


@of_new_texts
def test_odd_texts_are_defined(encoder):
    rows = encoder.encode_texts(ODD)
    assert rows.shape == (len(ODD), encoder.width) and np.isfinite(rows).all()


@of_new_texts
def test_a_text_that_names_a_picture_stays_text(encoder, files):
    names = [str(files[0]), "https://127.0.0.1:9/a.jpg", "data:image/png;base64,AAAA", f"file://{files[0]}"]
    rows = encoder.encode(names, "text")
    assert rows.shape == (4, encoder.width)
    if "image" in encoder.modalities:
        assert not np.allclose(rows[0], encoder.encode_images(files[:1])[0], atol=1e-3)


@of_pictures
def test_a_picture_is_the_same_from_wherever_it_comes(encoder, files):
    ways = [files[0], str(files[0]), Picture(path=str(files[0]))]
    if not encoder.by_id:
        with Image.open(files[0]) as opened:
            opened.load()
        ways += [opened, Picture(path="t.tsv#1", data=files[0].read_bytes())]
    rows = encoder.encode_images(ways)
    np.testing.assert_allclose(rows, np.repeat(rows[:1], len(ways), axis=0), atol=1e-5)


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P", "CMYK", "1"])
@of_new_pictures
def test_pictures_of_every_mode_and_of_one_pixel_are_defined(encoder, mode):
    picture = Image.new("RGB", (20, 12), "red").convert(mode)
    rows = encoder.encode_images([picture, picture.resize((1, 1)), picture.resize((300, 2))])
    assert rows.shape == (3, encoder.width) and np.isfinite(rows).all()


@of_pictures
def test_prepared_pictures_are_of_one_shape(encoder, files):
    prepared = np.stack([encoder.prepare(file) for file in files[:3]])
    np.testing.assert_allclose(encoder.encode_prepared(prepared), encoder.encode_images(files[:3]), atol=2e-5)
    assert encoder.encode_prepared(prepared[:0]).shape == (0, encoder.width)


def test_the_fingerprint_is_that_of_the_space(name, kind, encoder, files):
    if kind.needs not in ("", "fitting"):
        again = encoders.load(encoder.name)
        assert again.fingerprint == encoder.fingerprint
        return
    items = TEXTS * 3 if "text" in encoder.modalities else files
    again = fresh(kind)
    if isinstance(again, Fitted):
        again.fit(items)
    assert again.fingerprint == encoder.fingerprint
    for option, value in OTHER.items():
        if option in small(kind):
            other = fresh(kind, **{option: value})
            if isinstance(other, Fitted):
                other.fit(items)
            assert other.fingerprint != encoder.fingerprint


@of(lambda kind: kind.needs != "fitting")  # that is named by its folder when saved
def test_it_can_be_loaded_again_by_its_name(kind, encoder):
    again = encoders.load(encoder.name)
    assert again.fingerprint == encoder.fingerprint and again.name == encoder.name


@pytest.fixture
def saved(encoder, tmp_path):
    """The folder of a saved encoder."""
    encoder.save(tmp_path / "saved")
    return tmp_path / "saved"


@of_what_learns
def test_a_saved_encoder_gives_the_same_vectors(encoder, saved, files):
    opened = encoders.load(str(saved))
    items = TEXTS if encoder.modality == "text" else files
    assert type(opened) is type(encoder) and opened.fingerprint == encoder.fingerprint
    assert (opened.width, opened.parameters) == (encoder.width, encoder.parameters)
    assert opened.name == str(saved)
    np.testing.assert_array_equal(
        opened.encode(items, encoder.modality), encoder.encode(items, encoder.modality)
    )
    assert {path.suffix for path in saved.iterdir()} == {".json", ".npz"}


@of_what_learns
def test_a_saved_encoder_can_be_saved_again(encoder, saved, tmp_path):
    encoders.load(str(saved)).save(tmp_path / "again")
    assert encoders.load(str(tmp_path / "again")).fingerprint == encoder.fingerprint


@of_what_learns
def test_fitting_twice_on_the_same_gives_the_same(kind, encoder, files):
    items = TEXTS * 3 if encoder.modality == "text" else files
    again = fresh(kind).fit(items)
    np.testing.assert_allclose(
        again.encode(items[:5], again.modality), encoder.encode(items[:5], encoder.modality), atol=1e-5
    )


@of_what_learns
def test_an_unfitted_encoder_tells_the_command(kind, files, tmp_path):
    made = fresh(kind)
    items = TEXTS[:1] if made.modality == "text" else files[:1]
    for act in (lambda: made.encode(items, made.modality), lambda: made.save(tmp_path / "x")):
        with pytest.raises(NotFittedError, match=r"must be fitted first: .* --fit --save-encoder"):
            act()
    with pytest.raises(InputError, match="nothing to fit"):
        made.fit([])
    with pytest.raises(InputError, match="pass a list"):
        made.fit("one")


@pytest.mark.parametrize("file", ["encoder.json", "state.npz"])
@of_what_learns
def test_a_saved_encoder_that_is_not_whole_is_damaged(kind, saved, file):
    (saved / file).write_bytes((saved / file).read_bytes()[:-20])
    with pytest.raises(Damaged):
        kind.open(saved)
    (saved / file).unlink()
    with pytest.raises((Damaged, InputError), match="missing"):
        kind.open(saved)


@pytest.mark.parametrize(
    "change", [{"params": {"no_such": 1}}, {"state": {"dict": {"a_": {"array": "no"}}}}, {"name": "mini"}]
)
@of_what_learns
def test_a_description_that_does_not_fit_is_damaged(kind, saved, change):
    path = saved / "encoder.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | change), encoding="utf-8")
    with pytest.raises(Damaged):
        kind.open(saved)


@of_what_needs_none
def test_options_are_named_and_typed(name, kind):
    with pytest.raises(UnknownName, match="no option named 'no_such'"):
        encoders.load(f"{name},no_such=1")
    for option in small(kind):
        with pytest.raises(InputError, match=f"option {option} is 'many'; it must be a whole number"):
            encoders.load(f"{name},{option}=many")


@of_what_needs_a_file
def test_what_needs_a_file_says_so(name, kind):
    with pytest.raises(InputError, match=f"{name} needs .*{name}:"):
        encoders.load(name)
    with pytest.raises(InputError, match="such"):
        encoders.load(f"{name}:{Path('no') / 'such' / 'folder'}")
