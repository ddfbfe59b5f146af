"""Word vectors: files of every format, broken lines, weights, and training."""

import gzip
import json
import struct

import numpy as np
import pytest

from tuwen import encoders
from tuwen.encoders.inputs.word_vectors import read_vectors
from tuwen.encoders.word2vec import Word2vec
from tuwen.errors import Damaged, InputError, UnknownName

WORDS = ["the", "dog", "cat", "狗", "new york"]
VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 2, 0.5], [3, 0, 1]], dtype=np.float32)


def lines():
    """The vectors as GloVe writes them."""
    return [f"{word} {' '.join(map(str, row))}" for word, row in zip(WORDS, VECTORS, strict=True)]


def glove(path):
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return path


def word2vec_text(path):
    path.write_text("\n".join(["5 3", *lines()]) + "\n", encoding="utf-8")
    return path


def zipped(path):
    path.write_bytes(gzip.compress("\n".join(["5 3", *lines()]).encode()))
    return path


def binary(path, newline=b"\n"):
    entries = [
        word.encode() + b" " + row.astype("<f4").tobytes() + newline
        for word, row in zip([word.replace(" ", "_") for word in WORDS], VECTORS, strict=True)
    ]
    path.write_bytes(b"5 3\n" + b"".join(entries))
    return path


def arrays(path):
    np.savez(path, vectors=VECTORS, words=np.array(WORDS))
    return path


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("glove.txt", glove),
        ("wiki.vec", word2vec_text),
        ("wiki.vec.gz", zipped),
        ("vectors.bin", binary),
        ("plain.bin", lambda path: binary(path, b"")),
        ("vectors.npz", arrays),
    ],
)
def test_every_format_gives_the_same_vectors(tmp_path, name, write):
    found = read_vectors(write(tmp_path / name))
    assert [word.replace("_", " ") for word in found.words] == WORDS
    np.testing.assert_array_equal(found.vectors, VECTORS)
    assert (found.broken, found.repeated) == (0, 0)
    np.testing.assert_array_equal(read_vectors(tmp_path).vectors, VECTORS)  # the folder will do


@pytest.mark.parametrize("vocabulary", [dict(zip(WORDS, range(5), strict=True)), WORDS])
def test_a_matrix_with_its_vocabulary_beside_it(tmp_path, vocabulary):
    np.save(tmp_path / "chars_200d.npy", VECTORS)
    (tmp_path / "chars_vocab.json").write_text(json.dumps(vocabulary))
    assert read_vectors(tmp_path).words == WORDS
    assert encoders.load(str(tmp_path)).width == 3


def test_a_folder_of_an_npz_needs_no_family(tmp_path):
    arrays(tmp_path / "v.npz")
    assert encoders.load(f"{tmp_path},weighting=mean").encode_texts(["dog"]).tolist() == [[0, 1, 0]]


def test_words_may_stand_in_a_text_file(tmp_path):
    np.savez(tmp_path / "v.npz", embeddings=VECTORS)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    assert read_vectors(tmp_path / "v.npz").words == WORDS


def test_broken_lines_are_left_out_counted_and_listed(tmp_path):
    broken = [
        b"the 1 2",
        b"\xff\xfe 1 2 3",
        b"dog one two three",
        b"",
        b"cat nan 0 0",
        b" 1 2 3",
        b"x 1 2 3 4 5",
    ]
    good = [f"word{place} 1 2 {place}".encode() for place in range(20)]
    (tmp_path / "v.txt").write_bytes(b"\n".join(good[:10] + broken + good[10:]))
    found = read_vectors(tmp_path / "v.txt")
    assert len(found) == 21  # `x 1 2` is a word with spaces in it
    assert found.broken == 6
    assert found.notes[0] == "line 11: not a word and 3 numbers"
    assert found.notes[1] == "line 12: not UTF-8"
    assert found.notes[4] == "line 15: NaN or infinite values"


def test_of_words_that_differ_in_case_the_first_counts(tmp_path):
    (tmp_path / "v.txt").write_text("The 1 2\nTHE 3 4\nthe 5 6\ndog 0 1\n")
    found = read_vectors(tmp_path / "v.txt")
    assert (found.words, found.repeated) == (["the", "dog"], 2)
    assert found.vectors[0].tolist() == [1, 2]


@pytest.mark.parametrize("write", [glove, word2vec_text])
def test_no_more_rows_than_the_limit_are_read(tmp_path, write):
    assert read_vectors(write(tmp_path / "v.txt"), limit=2).words == ["the", "dog"]
    with pytest.raises(InputError, match="limit is 0"):
        read_vectors(tmp_path / "v.txt", limit=0)


def test_a_truncated_binary_file_says_so(tmp_path):
    path = binary(tmp_path / "v.bin")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Damaged, match="ends after 4 of 5 vectors"):
        read_vectors(path)
    assert len(read_vectors(path, limit=4)) == 4


def test_a_truncated_gzip_file_says_so(tmp_path):
    path = zipped(tmp_path / "v.txt.gz")
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(Damaged, match="gzip"):
        read_vectors(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04\x95abc", "pickled"),
        (struct.pack("<ii", 793712314, 12) + b"\0" * 50, "fastText model"),
        (b"", "no word vectors"),
        (b"only some words\nand no numbers\n", "no word vectors"),
        (b"<!doctype html>\n<html>\n", "no word vectors"),
    ],
)
def test_what_is_no_file_of_vectors_is_refused(tmp_path, content, message):
    (tmp_path / "v.bin").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_vectors(tmp_path / "v.bin")


def test_a_folder_with_two_files_or_none_asks_for_one(tmp_path):
    with pytest.raises(InputError, match="has none"):
        read_vectors(tmp_path)
    word2vec_text(tmp_path / "a.vec")
    word2vec_text(tmp_path / "b.vec")
    with pytest.raises(InputError, match=r"a\.vec, b\.vec"):
        read_vectors(tmp_path)
    with pytest.raises(InputError, match="no file of word vectors"):
        read_vectors(tmp_path / "c.vec")


def test_the_mean_of_the_words(tmp_path):
    encoder = Word2vec.open(glove(tmp_path / "glove.txt"), weighting="mean")
    found = encoder.encode_texts(["The dog!", "unknown dog", "unknown"], unit=False)
    assert found.tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    assert (encoder.width, encoder.blank, encoder.name) == (3, 1, str(tmp_path / "glove.txt"))


def test_with_a_file_alone_sif_takes_shares_from_ranks(tmp_path):
    encoder = encoders.load(f"word2vec:{glove(tmp_path / 'glove.txt')},smoothing=0.1")
    shares = 1 / np.arange(1, 6) / (1 / np.arange(1, 6)).sum()
    weights = 0.1 / (0.1 + shares)
    expected = (weights[0] * VECTORS[0] + weights[1] * VECTORS[1]) / 2
    np.testing.assert_allclose(encoder.encode_texts(["the dog"], unit=False)[0], expected, rtol=1e-5)


def test_sif_weighs_by_frequency_and_takes_the_common_direction_away(tmp_path):
    texts = ["the dog", "the cat", "the the dog cat"]
    encoder = Word2vec(vectors=glove(tmp_path / "glove.txt"), smoothing=0.1).fit(texts)
    a = {word: 0.1 / (0.1 + count / 8) for word, count in {"the": 4, "dog": 2, "cat": 2}.items()}
    the, dog, cat = (VECTORS[WORDS.index(word)] * a[word] for word in ("the", "dog", "cat"))
    rows = np.stack([(the + dog) / 2, (the + cat) / 2, (2 * the + dog + cat) / 4])
    direction = np.linalg.svd(rows)[2][0]
    expected = rows - np.outer(rows @ direction, direction)
    np.testing.assert_allclose(encoder.encode_texts(texts, unit=False), expected, atol=1e-6)


def test_tfidf_weighs_by_how_few_texts_have_a_word(tmp_path):
    encoder = Word2vec(vectors=glove(tmp_path / "glove.txt"), weighting="tfidf").fit(["the the dog", "the"])
    expected = (VECTORS[0] * 1 + VECTORS[1] * (np.log(3 / 2) + 1)) / 2
    np.testing.assert_allclose(encoder.encode_texts(["the dog"], unit=False)[0], expected, rtol=1e-5)


def test_tfidf_from_a_file_alone_is_refused(tmp_path):
    with pytest.raises(InputError, match="learned from texts"):
        Word2vec.open(glove(tmp_path / "glove.txt"), weighting="tfidf")


def test_an_unknown_chinese_word_stands_for_its_characters(tmp_path):
    pytest.importorskip("jieba")
    (tmp_path / "v.txt").write_text("草 1 0\n地 0 1\n狗 1 1\n", encoding="utf-8")
    encoder = Word2vec.open(tmp_path / "v.txt", weighting="mean")
    assert encoder.encode_texts(["草地"], unit=False).tolist() == [[0.5, 0.5]]


def test_a_saved_encoder_holds_its_vectors(tmp_path):
    path = glove(tmp_path / "glove.txt")
    encoder = Word2vec(vectors=path).fit(["the dog", "the cat"])
    encoder.save(tmp_path / "saved")
    path.unlink()
    loaded = encoders.load(str(tmp_path / "saved"))
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.encode_texts(["the dog"]).tolist() == encoder.encode_texts(["the dog"]).tolist()
    with pytest.raises(InputError, match="fitted already"):
        Word2vec.open(tmp_path / "saved", weighting="mean")


def test_rows_do_not_depend_on_batch_mates(tmp_path):
    encoder = Word2vec(vectors=glove(tmp_path / "glove.txt")).fit(["the dog", "the cat"])
    texts = ["the dog", "cat", "dog dog cat the", "狗"]
    alone = np.concatenate([encoder.encode_texts([text]) for text in texts])
    np.testing.assert_array_equal(encoder.encode_texts(texts), alone)


ANIMALS = ["dog cat bird", "cat dog fish", "bird fish dog", "fish cat bird dog"]
CITIES = ["street house tower", "tower bridge street", "house bridge tower", "street bridge house tower"]


@pytest.mark.parametrize("variant", ["skipgram", "cbow"])
def test_vectors_are_learned_from_texts(variant, tmp_path):
    pytest.importorskip("gensim")
    settings = {"variant": variant, "width": 8, "epochs": 60, "weighting": "mean"}
    encoder = Word2vec(**settings).fit((ANIMALS + CITIES) * 10)
    rows = encoder.encode_texts(ANIMALS + CITIES)
    cosines = rows @ rows.T
    assert cosines[:4, :4].min() > cosines[:4, 4:].max() + 0.3
    assert Word2vec(**settings).fit((ANIMALS + CITIES) * 10).fingerprint == encoder.fingerprint
    encoder.save(tmp_path / "saved")
    assert Word2vec.open(tmp_path / "saved").encode_texts(ANIMALS).tolist() == rows[:4].tolist()


def test_texts_without_known_words_cannot_be_learned_from(tmp_path):
    with pytest.raises(InputError, match="no word"):
        Word2vec(vectors=glove(tmp_path / "glove.txt")).fit(["unknown"])


@pytest.mark.parametrize("settings", [{"weighting": "tf-idf"}, {"variant": "skip-gram"}])
def test_unknown_names_suggest_known_ones(settings):
    with pytest.raises(UnknownName, match="did you mean"):
        Word2vec(**settings)


def test_the_characters_of_the_shared_data(data_folder):
    if not (data_folder / "wordvec").is_dir():
        pytest.skip("no wordvec in the test data")
    encoder = encoders.load(f"word2vec:{data_folder / 'wordvec'}")
    rows = encoder.encode_texts(["一只狗", "两只猫", "股票市场"])
    assert encoder.width == 200
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
