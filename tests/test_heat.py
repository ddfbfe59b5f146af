"""Which parts of a picture count: by covering them, by patches, and where neither can be."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tiny import COLOURS, TinyEncoder
from tuwen import encoders, learned, methods
from tuwen.collection import Collection
from tuwen.errors import CollectionError, InputError, UnknownName
from tuwen.heat import PLACES, Heat, heat, heat_of, stored_picture
from tuwen.learned import Learned, Side

RED, BLUE = COLOURS["red"][1], COLOURS["blue"][1]


def squares(*placed, size=(96, 72)):
    """A grey picture with squares of a third of it: colour, column and row of three."""
    made = Image.new("RGB", size, (128, 128, 128))
    across, down = size[0] // 3, size[1] // 3
    for colour, column, row in placed:
        box = (column * across, row * down, (column + 1) * across - 1, (row + 1) * down - 1)
        ImageDraw.Draw(made).rectangle(box, fill=colour)
    return made


class Places(TinyEncoder):
    """Its vector is the mean over 4 x 4 places of their mean colour."""

    def __init__(self):
        super().__init__("places-1")
        self.width, self.modalities = 3, frozenset({"image"})

    def patch_tokens(self, images):
        pixels = np.stack([self.prepare(image) for image in images]).astype(np.float32)
        return pixels.reshape(len(images), 4, 4, 4, 4, 3).mean(axis=(2, 4)).reshape(len(images), 16, 3)

    def _encode_images(self, pixels):
        return pixels.astype(np.float32).mean(axis=(1, 2))


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("row", [0, 1, 2])
def test_the_square_that_is_asked_for_is_the_part_that_counts(tiny_collection, column, row):
    found = heat(tiny_collection, squares((RED, column, row)), "red")
    assert found.how == "occlusion" and found.values.dtype == np.float32
    assert found.values.shape == (8, 8)
    assert found.most() == PLACES[3 * row + column]


def test_what_is_not_wanted_raises_the_score_when_it_is_covered(tiny_collection):
    found = heat(tiny_collection, squares((RED, 0, 0), (BLUE, 2, 2)), "red -blue")
    assert found.values[0, 0] > 0.02 and found.values[7, 7] < -0.02
    assert found.most() == "upper left"
    assert found.shares()[7, 7] == 0


def test_a_stored_picture_is_asked_by_its_id_with_words_of_either_language(tiny_collection):
    found = heat(tiny_collection, "red-0", "灰色的红")
    best = tiny_collection.search("灰色的红", where="id = 'red-0'")[0]
    assert found.score == pytest.approx(best.score, abs=0.02)
    with pytest.raises(UnknownName, match="no image named"):
        heat(tiny_collection, "red-9", "red")


def test_a_flat_picture_has_no_part_that_stands_out(tiny_collection):
    found = heat(tiny_collection, Image.new("RGB", (40, 30), RED), "red")
    assert found.most() is None and not found.shares().any()


def test_covers_are_encoded_in_batches_and_the_batch_changes_nothing(tiny_encoder):
    vector = tiny_encoder.encode(["blue"], "text")[0]
    picture = squares((BLUE, 1, 2))
    small = TinyEncoder()
    small.batch_size = 5
    seen = []
    encode = small.encode_images
    small.encode_images = lambda images, **how: (seen.append(len(images)), encode(images, **how))[1]
    whole, parts = heat_of(tiny_encoder, picture, vector), heat_of(small, picture, 3 * vector)
    assert np.allclose(whole.values, parts.values, atol=1e-6)
    assert max(seen) == 5 and sum(seen) == 50


def test_where_the_vector_is_a_mean_over_places_the_mean_of_the_heat_is_the_score():
    encoder = Places()
    found = heat_of(encoder, squares((RED, 0, 0), size=(96, 96)), np.array([1.0, 0, 0]))
    assert found.how == "patches" and found.values.shape == (4, 4)
    assert found.values.mean() == pytest.approx(found.score, abs=1e-3)
    assert found.most() == "upper left"


def test_parts_that_do_not_make_the_vector_are_covered_instead():
    encoder = Places()
    encoder._encode_images = lambda pixels: pixels.astype(np.float32).max(axis=(1, 2)) * [1, 0, 2]
    assert heat_of(encoder, squares((RED, 0, 0)), np.array([1.0, 0, 0])).how == "occlusion"
    with pytest.raises(InputError, match="no patches in the space"):
        heat_of(encoder, squares((RED, 0, 0)), np.array([1.0, 0, 0]), how="patches")


def test_codes_of_a_hashing_method_have_a_heat_map_too(tmp_path, tiny_encoder, tiny_pictures):
    files = sorted(tiny_pictures.glob("*.png"))
    images = tiny_encoder.encode(files, "image")
    texts = tiny_encoder.encode([file.stem.split("-")[0] for file in files], "text")
    method = methods.find("cvh")(bits=8).fit(images, texts, np.repeat(np.arange(8), 2))
    side = Side(name="tiny", fingerprint=tiny_encoder.fingerprint, width=tiny_encoder.width)
    learned.write(tmp_path, method, {"image": side, "text": side})
    made = Learned.open(tmp_path, {"image": tiny_encoder, "text": tiny_encoder})
    found = heat_of(made, squares((RED, 2, 0)), made.encode(["red"], "text")[0])
    # eight bits: a score falls by quarters
    assert np.allclose(found.score * 4, round(found.score * 4), atol=1e-5)
    assert found.values.shape == (8, 8)


def test_an_encoder_without_pictures_or_that_looks_them_up_says_so(tmp_path, tiny_encoder):
    with pytest.raises(InputError, match="encodes no pictures"):
        heat_of(encoders.load("tfidf"), squares(), np.ones(3))
    np.savez(tmp_path / "v.npz", image_ids=["a"], image_vectors=np.ones((1, 3), np.float32))
    with pytest.raises(InputError, match="looks vectors up"):
        heat_of(encoders.load(f"stored:{tmp_path / 'v.npz'}"), squares(), np.ones(3))
    with pytest.raises(UnknownName, match="occlusion"):
        heat_of(tiny_encoder, squares(), np.ones(tiny_encoder.width), how="occlusoin")
    with pytest.raises(InputError, match="columns"):
        heat_of(tiny_encoder, squares(), np.ones(3))
    with pytest.raises(InputError, match="zeros"):
        heat_of(tiny_encoder, squares(), np.zeros(tiny_encoder.width))


def test_a_collection_without_encoder_says_so(tmp_path):
    collection = Collection.create(tmp_path / "c", encoder=None, width=3)
    with pytest.raises(CollectionError, match="no encoder"):
        heat(collection, squares(), np.ones(3))


def test_a_picture_that_is_gone_is_named(tmp_path, tiny_encoder):
    collection = Collection.create(tmp_path / "c", encoder=tiny_encoder)
    vectors = tiny_encoder.encode([squares()], "image")
    collection.add_vectors("image", ["gone"], vectors, path=[str(tmp_path / "gone.png")])
    with pytest.raises(InputError, match="'gone' cannot be read"):
        heat(collection, "gone", "red")


def test_a_photograph_that_lies_on_its_side_is_looked_at_upright(tiny_collection, tiny_encoder, tmp_path):
    picture = squares((RED, 0, 0), size=(60, 90))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it by a quarter to the right
    picture.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    vectors = tiny_encoder.encode([tmp_path / "turned.jpg"], "image")
    tiny_collection.add_vectors("image", ["turned"], vectors, path=[str(tmp_path / "turned.jpg")])
    assert stored_picture(tiny_collection, "turned").size == (90, 60)
    assert heat(tiny_collection, "turned", "red").most() == "upper right"


@pytest.mark.parametrize("size", [(3, 2), (1, 1), (9, 800), (700, 500)])
def test_pictures_of_any_size_have_a_heat_map(tiny_encoder, size):
    found = heat_of(tiny_encoder, Image.new("RGB", size, BLUE), tiny_encoder.encode(["blue"], "text")[0])
    assert found.values.shape == (8, 8) and np.isfinite(found.values).all()


def test_what_counts_is_bright_in_the_drawing_and_the_rest_dark():
    values = np.zeros((8, 8), np.float32)
    values[:4, :4] = 0.5
    picture = Image.new("RGB", (80, 40), (128, 128, 128))
    drawn = Heat(values=values, how="occlusion", score=0.5).over(picture)
    assert drawn.size == picture.size
    light = np.asarray(drawn.convert("L")).astype(int)
    assert light[5, 10] > 128 > 100 > light[35, 70]


def test_the_largest_value_names_the_place_however_much_lies_elsewhere():
    values = np.full((4, 8), 0.04, np.float32)
    values[:, 5] = 0.03
    values[3, 5] = 0.05
    assert Heat(values=values, how="occlusion", score=0.5).most() == "lower right"
    assert Heat(values=values.T[:3, :3] - 0.04, how="occlusion", score=0.5).most() is None


def test_patches_are_relative_to_the_least_of_them():
    found = Heat(values=np.array([[0.2, 0.4], [0.3, 0.2]], np.float32), how="patches", score=0.3)
    assert found.strength == pytest.approx(0.2)
    assert np.allclose(found.shares(), [[0, 1], [0.5, 0]], atol=1e-6)


def test_a_vision_transformer_of_clip_answers_by_its_patches_when_told_to(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import tiny_duals

    tiny_duals.clip_folder(tmp_path)
    clip = encoders.load(str(tmp_path))
    vector = clip.encode(["red"], "text")[0]
    wide = squares((RED, 1, 1), size=(64, 32))
    found = heat_of(clip, wide, vector, how="patches")
    # the square in the middle is cut out: four patches across, and as much again at its sides unseen
    assert found.how == "patches" and found.values.shape == (4, 8)
    assert np.allclose(found.values[:, [0, 1, 6, 7]], found.values.min())
    patches = clip.patch_vectors(wide)
    assert np.allclose(found.values[:, 2:6], patches.vectors @ vector, atol=1e-5)
    assert heat_of(clip, wide, vector).how == "occlusion"
