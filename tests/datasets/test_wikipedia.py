"""Wikipedia in the layout that is published, small; and the real data where it is."""

import numpy as np
import pytest
from scipy.io import savemat

from tuwen.datasets import load, open_dataset
from tuwen.datasets.wikipedia import Wikipedia
from tuwen.errors import Damaged, InputError, Unavailable, UnknownName
from tuwen.metrics import Guessing, by_labels, mean_ap


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Eight training pairs and five of test, of three classes."""
    monkeypatch.setattr(Wikipedia, "validation", 2)
    place = tmp_path / "wikipedia"
    place.mkdir()
    rng = np.random.default_rng(0)
    arrays = {"I_tr": rng.random((8, 4)), "I_te": rng.random((5, 4))}
    arrays |= {"T_tr": rng.random((8, 3)), "T_te": rng.random((5, 3))}
    savemat(place / "raw_features.mat", arrays)
    more = {"T_tfidf_tr": rng.random((8, 6)), "T_tfidf_te": rng.random((5, 6))}
    savemat(place / "raw_features_tfidf.mat", arrays | more)
    (place / "categories.list").write_text("art\nbiology\nmusic\n", encoding="utf-8")
    for name, count in (("trainset", 8), ("testset", 5)):
        lines = [f"text{name}-{row}\timage{name}-{row}\t{row % 3 + 1}\n" for row in range(count)]
        (place / f"{name}_txt_img_cat.list").write_text("".join(lines), encoding="utf-8")
    return place


def test_the_official_split_is_that_of_the_lists(folder):
    found = load("wikipedia", data_root=folder.parent)
    assert (found.split, found.features, found.val) == ("official", "sift+lda", None)
    assert (found.train.images.shape, found.test.texts.shape) == ((8, 4), (5, 3))
    assert found.test.labels.tolist() == [0, 1, 2, 0, 1]
    assert found.test.classes == ("art", "biology", "music")
    assert found.test.image_ids[0] == "imagetestset-0"
    assert found.test.text_ids[4] == "texttestset-4"
    assert set(found.files) >= {"raw_features.mat", "trainset_txt_img_cat.list"}


def test_files_that_are_not_the_published_ones_are_noted(folder):
    notes = " ".join(load("wikipedia", data_root=folder.parent).notes)
    assert "raw_features.mat is not the file we know" in notes
    assert "8 / 0 / 5 / 0, published are 2173 / 0 / 693 / 0" in notes


def test_the_validation_part_is_the_beginning_of_the_test_list(folder):
    found = load("wikipedia", "corr-ae", "sift+tfidf", data_root=folder.parent)
    assert found.val.image_ids == ("imagetestset-0", "imagetestset-1")
    assert found.test.image_ids == ("imagetestset-2", "imagetestset-3", "imagetestset-4")
    assert found.test.texts.shape == (3, 6)
    assert any("own draw is not known" in note for note in found.notes)


def test_a_drawn_split_is_of_all_pairs(folder):
    found = load("wikipedia", "80/20", data_root=folder.parent, seed=2)
    names = set(found.train.image_ids) | set(found.test.image_ids)
    assert len(names) == 13
    assert len(found.test.image_ids) == 3
    assert any("seed 2" in note for note in found.notes)


def test_later_features_have_an_order_of_their_own(folder):
    h5py = pytest.importorskip("h5py")
    with h5py.File(folder / "wiki_deep_doc2vec_data_corr_ae.h5py", "w") as file:
        for part, count in (("train", 8), ("test", 5)):
            file[f"{part}_imgs_deep"] = np.full((count, 7), count)
            file[f"{part}_text"] = np.ones((count, 2))
            file[f"{part}_imgs_labels"] = np.arange(count)[:, None] % 3 + 1
    found = load("wikipedia", "corr-ae", "vgg19+doc2vec", data_root=folder.parent)
    assert found.train.images.shape == (8, 7)
    assert found.val.labels.tolist() == [0, 1]
    assert found.test.labels.tolist() == [2, 0, 1]


def test_what_is_not_there_is_said(folder, tmp_path):
    with pytest.raises(Unavailable, match=r"needs raw_features.mat.*wikipedia_dataset.tar.gz.*TUWEN_DATA"):
        load("wikipedia", data_root=tmp_path / "nowhere")
    with pytest.raises(UnknownName, match="did you mean 'official'"):
        open_dataset("wikipedia", folder.parent).load("offical")
    with pytest.raises(UnknownName, match="no features of wikipedia"):
        load("wikipedia", "", "sift", data_root=folder.parent)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text + "a\tb\t1\n", "has 9 lines, but I_tr has 8 rows"),
        (lambda text: text.replace("\t1\n", "\t9\n"), "classes that categories.list does not name"),
        (lambda text: text.replace("\t", " ", 1), "lines of text, image and class number"),
    ],
)
def test_lists_that_do_not_fit_are_refused(folder, change, said):
    file = folder / "trainset_txt_img_cat.list"
    file.write_text(change(file.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(Damaged, match=said):
        load("wikipedia", data_root=folder.parent)


def test_features_under_other_names_are_refused(folder):
    savemat(folder / "raw_features.mat", {"images": np.ones((8, 2))})
    with pytest.raises(Damaged, match="without I_tr and T_tr, only images"):
        load("wikipedia", data_root=folder.parent)


def test_a_seed_is_checked(folder):
    with pytest.raises(InputError, match="seed is -1"):
        load("wikipedia", "80/20", data_root=folder.parent, seed=-1)


@pytest.fixture(scope="module")
def real(data_folder):
    """The real files, read once."""
    if not (data_folder / "wikipedia" / "raw_features.mat").is_file():
        pytest.skip(f"no Wikipedia in {data_folder}")
    return load("wikipedia", data_root=data_folder)


def test_the_published_files_are_known(real):
    assert real.notes == ()
    assert np.bincount(real.train.labels).tolist() == [138, 272, 244, 248, 202, 178, 186, 144, 214, 347]
    assert np.bincount(real.test.labels).tolist() == [34, 88, 96, 85, 65, 58, 51, 41, 71, 104]
    assert (real.train.images.shape, real.train.texts.shape) == ((2173, 128), (2173, 10))
    assert len({*real.train.image_ids, *real.test.image_ids}) == 2866


def test_chance_on_the_official_split(real):
    labels = real.test.labels
    assert mean_ap(Guessing(693, 693), by_labels(labels, labels)).mean == pytest.approx(0.1184, abs=5e-5)


def test_the_other_splits_of_the_real_files(data_folder, real):
    cut = load("wikipedia", "corr-ae", data_root=data_folder)
    assert [len(part.image_ids) for part in (cut.train, cut.val, cut.test)] == [2173, 231, 462]
    assert cut.val.image_ids + cut.test.image_ids == real.test.image_ids
    drawn = load("wikipedia", "80/20", "sift+tfidf", data_root=data_folder)
    assert [len(part.image_ids) for part in (drawn.train, drawn.test)] == [2293, 573]
    assert drawn.train.texts.shape == (2293, 1000)
