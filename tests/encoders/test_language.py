"""Text networks from folders: pooling, formats, what does not fit, and no batch mates."""

import json
import shutil
import socket

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tuwen import encoders  # noqa: E402
from tuwen.encoders.language import Language  # noqa: E402
from tuwen.errors import Damaged, InputError, UnknownName  # noqa: E402

WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "a",
    "red",
    "dog",
    "##s",
    "狗",
    "草",
    "地",
    "runs",
    ".",
]
TEXTS = ["a dog", "狗 runs", "", "a red dogs runs 草地 . a red dog 狗", "unknownword"]
SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 5,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}


def bert(folder, *, kind="Bert", head="Model", seed=0, save=True, **settings):
    """A tiny random model in a folder, with its vocabulary."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    config = getattr(transformers, f"{kind}Config")(vocab_size=len(WORDS), **SMALL, **settings)
    torch.manual_seed(seed)
    model = getattr(transformers, f"{kind}{head}")(config).eval()
    if save:
        with _quiet():
            model.save_pretrained(folder)
    return model


def _quiet():
    from tuwen.encoders.networks.building import quiet

    return quiet()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a tiny BERT."""
    path = tmp_path_factory.mktemp("bert")
    bert(path)
    return path


@pytest.fixture(scope="module")
def reference(folder):
    """Hidden states and pooler output of transformers itself, a text at a time."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    with _quiet():
        model = transformers.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    found = []
    with torch.inference_mode():
        for text in TEXTS:
            output = model(**tokenizer([text], return_tensors="pt"), output_hidden_states=True)
            states = [layer[0].numpy() for layer in output.hidden_states]
            found.append((states, output.pooler_output[0].numpy()))
    return found


POOLED = {
    "cls": lambda states, pooler: states[-1][0],
    "mean": lambda states, pooler: states[-1].mean(axis=0),
    "max": lambda states, pooler: states[-1].max(axis=0),
    "last": lambda states, pooler: states[-1][-1],
    "pooler": lambda states, pooler: pooler,
    "first_last": lambda states, pooler: ((states[1] + states[-1]) / 2).mean(axis=0),
    "last4": lambda states, pooler: np.mean(states[-4:], axis=0).mean(axis=0),
}


@pytest.mark.parametrize("pooling", POOLED)
def test_pooling_is_what_its_name_says(folder, reference, pooling):
    encoder = Language.open(folder, pooling=pooling)
    expected = np.stack([POOLED[pooling](*one) for one in reference])
    np.testing.assert_allclose(encoder.encode_texts(TEXTS, unit=False), expected, atol=2e-6)


def test_batch_mates_do_not_matter(folder):
    encoder = Language.open(folder)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), alone, atol=1e-6)
    np.testing.assert_allclose(
        encoder._encode_texts(TEXTS), encoder.encode_texts(TEXTS, unit=False), atol=1e-6
    )


def test_batch_mates_do_not_matter_where_positions_follow_the_padding(tmp_path):
    bert(tmp_path, kind="Roberta", pad_token_id=0, bos_token_id=2, eos_token_id=3)
    _wordpiece(tmp_path)
    encoder = Language.open(tmp_path)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), alone, atol=1e-6)
    assert encoder.recipe.context == 39  # RoBERTa's positions begin behind that of the padding


def _wordpiece(folder):
    """A tokenizer.json with the words of vocab.txt."""
    tokenizer = transformers.BertTokenizer.from_pretrained(folder, local_files_only=True)
    (folder / "tokenizer.json").write_text(tokenizer.backend_tokenizer.to_str(), encoding="utf-8")


def test_byte_pairs_are_read_as_transformers_reads_them(tmp_path):
    from tokenizers import ByteLevelBPETokenizer

    pairs = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    pairs.train_from_iterator(["a dog runs", "草地 dogs"] * 20, vocab_size=280, special_tokens=special)
    pairs.save_model(str(tmp_path))
    ids = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    config = transformers.RobertaConfig(vocab_size=pairs.get_vocab_size(), **SMALL, **ids)
    with _quiet():
        transformers.RobertaModel(config).save_pretrained(tmp_path)
    encoder = Language.open(tmp_path)
    peer = transformers.AutoTokenizer.from_pretrained(tmp_path, local_files_only=True)
    for text in TEXTS:
        assert encoder.tokens([text])[0][0].tolist() == peer(text)["input_ids"]


def test_one_long_text_does_not_pad_the_others(folder):
    encoder = Language.open(folder)
    shapes = []
    run = encoder._run
    encoder._run = lambda ids, mask, states: shapes.append(ids.shape) or run(ids, mask, states=states)
    texts = ["a dog", "a dog runs", "dog " * 60]
    found = encoder._encode_texts(texts)
    assert shapes == [(2, 5), (1, 40)]
    np.testing.assert_allclose(found[0], encoder._encode_texts(texts[:1])[0], atol=1e-6)


def test_the_registry_opens_a_folder_and_names_it_by_its_path(folder):
    encoder = encoders.load(f"language:{folder},pooling=cls")
    assert (encoder.name, encoder.width) == (f"language:{folder},pooling=cls", 16)
    assert encoder.runtime.startswith("torch fp32")
    assert encoder.languages == ("en",)
    assert encoders.load(str(folder)).fingerprint == Language.open(folder).fingerprint


@pytest.mark.parametrize("kind", ["Bert", "Ernie", "Electra", "DistilBert"])
def test_kin_of_bert_open_alike(tmp_path, kind):
    model = bert(tmp_path, kind=kind, save=False)
    settings = {"DistilBert": {"dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32}}.get(kind, {})
    if settings:
        config = transformers.DistilBertConfig(vocab_size=len(WORDS), **settings)
        model = transformers.DistilBertModel(config)
    with _quiet():
        model.save_pretrained(tmp_path)
    assert Language.open(tmp_path).encode_texts(TEXTS).shape == (5, 16)


def test_the_same_weights_in_any_file_are_the_same_space(tmp_path, folder):
    model = bert(tmp_path, head="ForMaskedLM")  # names begin with `bert.`, and a head follows
    whole = Language.open(tmp_path)
    inner = tmp_path / "inner"
    shutil.copytree(tmp_path, inner)
    (inner / "model.safetensors").unlink()
    torch.save(
        {f"module.{name}": value for name, value in model.state_dict().items()}, inner / "pytorch_model.bin"
    )
    assert Language.open(inner).fingerprint == whole.fingerprint
    assert Language.open(inner / "pytorch_model.bin").fingerprint == whole.fingerprint
    assert Language.open(inner).encode_texts(TEXTS).tolist() == whole.encode_texts(TEXTS).tolist()
    assert whole.fingerprint != Language.open(folder).fingerprint
    assert whole.fingerprint != Language.open(tmp_path, pooling="cls").fingerprint


def test_the_oldest_names_of_norms_are_known(tmp_path):
    model = bert(tmp_path)
    expected = Language.open(tmp_path).fingerprint
    (tmp_path / "model.safetensors").unlink()
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): value
        for name, value in model.state_dict().items()
    }
    torch.save(old | {"embeddings.position_ids": torch.arange(40)[None]}, tmp_path / "pytorch_model.bin")
    assert Language.open(tmp_path).fingerprint == expected


def test_a_missing_pooler_matters_only_when_asked_for(tmp_path):
    bert(tmp_path, head="ForMaskedLM")
    assert Language.open(tmp_path, pooling="mean").width == 16
    with pytest.raises(InputError, match="saved without its pooler"):
        Language.open(tmp_path, pooling="pooler")


def _rewritten(folder, change):
    """The folder with its tensors changed."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def test_missing_tensors_are_named(tmp_path):
    bert(tmp_path)
    _rewritten(tmp_path, lambda tensors: tensors.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(InputError, match=r"encoder\.layer\.1\.output\.dense\.weight are missing"):
        Language.open(tmp_path)


def test_a_configuration_with_fewer_layers_is_refused(tmp_path):
    bert(tmp_path)
    _configured(tmp_path, num_hidden_layers=3)
    with pytest.raises(InputError, match="no place for"):
        Language.open(tmp_path)


def test_a_configuration_of_another_width_is_refused(tmp_path):
    bert(tmp_path)
    _configured(tmp_path, intermediate_size=64)
    with pytest.raises(InputError, match="belongs to another checkpoint"):
        Language.open(tmp_path)


def _configured(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_a_truncated_file_is_said_to_be_one(tmp_path):
    bert(tmp_path)
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:-100])
    with pytest.raises(Damaged, match="ends too early"):
        Language.open(tmp_path)


def test_a_tokenizer_of_another_model_is_refused(tmp_path):
    bert(tmp_path)
    with (tmp_path / "vocab.txt").open("a", encoding="utf-8") as stream:
        stream.write("猫\n")
    with pytest.raises(InputError, match="a tokenizer of 15 tokens, but weights for 14"):
        Language.open(tmp_path)


def test_a_tokenizer_that_knows_next_to_nothing_is_refused(tmp_path):
    bert(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(WORDS[:5]), encoding="utf-8")
    with pytest.raises(InputError, match="a tokenizer of 5 tokens, but weights for 14"):
        Language.open(tmp_path)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    bert(tmp_path)
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(InputError, match="tokenizer"):
        Language.open(tmp_path)


def test_a_folder_without_a_configuration_is_refused(tmp_path):
    bert(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(InputError, match=r"no config\.json"):
        Language.open(tmp_path)


@pytest.mark.parametrize("kind", ["no-such-model", None, 3])
def test_an_unknown_model_type_is_refused(tmp_path, kind):
    bert(tmp_path)
    _configured(tmp_path, model_type=kind)
    with pytest.raises(InputError, match="model type"):
        Language.open(tmp_path)


@pytest.mark.parametrize("kind", ["vit", "chinese_clip"])
def test_a_network_that_reads_no_texts_alone_is_refused(tmp_path, kind):
    bert(tmp_path)
    _configured(tmp_path, model_type=kind)
    with pytest.raises(InputError, match=f"is a {kind} model, which does not encode texts alone"):
        Language.open(tmp_path)


def test_an_encoder_with_a_decoder_is_refused(tmp_path):
    bert(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bart", "vocab_size": 14}))
    with pytest.raises(InputError, match="encoder and decoder"):
        Language.open(tmp_path)


def test_texts_are_cut_at_the_length_and_counted(folder):
    encoder = Language.open(folder, length=4)
    vectors = encoder.encode_texts(["a dog", "a dog runs", "a dog runs . ."])
    assert encoder.cut == 2
    np.testing.assert_allclose(vectors[1], vectors[2], atol=1e-6)


@pytest.mark.parametrize("length", [2, 41, -1])
def test_a_length_the_network_cannot_read_is_refused(folder, length):
    with pytest.raises(InputError, match="reads 3 to 40 tokens"):
        Language.open(folder, length=length)


def test_an_unknown_pooling_is_refused(folder):
    with pytest.raises(UnknownName, match="'mean'"):
        Language.open(folder, pooling="mena")


def test_token_states_are_those_of_the_last_layer_with_zeros_behind(folder, reference):
    encoder = Language.open(folder)
    encoder.batch_size = 2
    states, mask = encoder.token_states(TEXTS)
    assert states.shape == (5, int(mask.sum(axis=1).max()), 16)
    for row, (layers, _) in enumerate(reference):
        length = int(mask[row].sum())
        assert length == len(layers[-1])
        np.testing.assert_allclose(states[row, :length], layers[-1], atol=2e-6)
        assert not states[row, length:].any()
    assert [part.shape for part in encoder.token_states([])] == [(0, 0, 16), (0, 0)]


def test_towers_give_unit_rows_of_ids_and_mask(folder):
    encoder = Language.open(folder)
    image, text = encoder.towers()
    ids, mask = encoder.tokens(TEXTS)
    found = text(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    assert image is None
    np.testing.assert_allclose(found, encoder.encode_texts(TEXTS), atol=1e-6)


def test_a_text_is_never_a_path_or_a_special_token(folder, tmp_path):
    (tmp_path / "dog").write_text("secret")
    encoder = Language.open(folder)
    ids, _ = encoder.tokens([str(tmp_path / "dog"), "[SEP]"])
    assert (ids[1] == 3).sum() == 1  # only the closing one


def test_no_socket_is_opened(folder, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a socket was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    assert Language.open(folder).encode_texts(["a dog"]).shape == (1, 16)


def sentence_folder(path, modules, pooling=None, length=None):
    """A folder as sentence-transformers saves it, around a tiny BERT."""
    bert(path)
    names = {"Transformer": "", "Pooling": "1_Pooling", "Dense": "2_Dense", "Normalize": "3_Normalize"}
    entries = [
        {
            "idx": place,
            "name": str(place),
            "path": names.get(kind, kind),
            "type": f"sentence_transformers.models.{kind}",
        }
        for place, kind in enumerate(modules)
    ]
    (path / "modules.json").write_text(json.dumps(entries))
    if pooling is not None:
        (path / "1_Pooling").mkdir()
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    if length:
        (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": length}))


def test_a_folder_of_sentence_transformers_says_its_pooling_length_and_unit(tmp_path):
    sentence_folder(
        tmp_path,
        ["Transformer", "Pooling", "Normalize"],
        {"word_embedding_dimension": 16, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False},
        length=6,
    )
    encoder = Language.open(tmp_path)
    plain = Language.open(tmp_path, pooling="cls", length=6)
    assert encoder.recipe.context == 6
    assert encoder.fingerprint == plain.fingerprint
    np.testing.assert_allclose(np.linalg.norm(encoder.encode_texts(TEXTS, unit=False), axis=1), 1, atol=1e-5)


def test_a_dense_layer_follows_the_pooling(tmp_path):
    sentence_folder(tmp_path, ["Transformer", "Pooling", "Dense"], {"pooling_mode": "mean"})
    dense = tmp_path / "2_Dense"
    dense.mkdir()
    (dense / "config.json").write_text(
        json.dumps({"activation_function": "torch.nn.modules.activation.Tanh"})
    )
    weight = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    torch.save({"linear.weight": weight, "linear.bias": torch.ones(3)}, dense / "pytorch_model.bin")
    encoder = Language.open(tmp_path)
    (tmp_path / "modules.json").unlink()
    before = Language.open(tmp_path, pooling="mean").encode_texts(TEXTS, unit=False)
    expected = np.tanh(before @ weight.numpy().T + 1)
    assert encoder.width == 3
    np.testing.assert_allclose(encoder.encode_texts(TEXTS, unit=False), expected, atol=1e-5)


def test_two_poolings_at_once_are_refused_unless_one_is_named(tmp_path):
    both = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}
    sentence_folder(tmp_path, ["Transformer", "Pooling"], both)
    with pytest.raises(InputError, match="option pooling="):
        Language.open(tmp_path)
    assert Language.open(tmp_path, pooling="cls").width == 16


def test_an_unknown_module_is_refused(tmp_path):
    sentence_folder(tmp_path, ["Transformer", "WeightedLayerPooling"])
    with pytest.raises(InputError, match="WeightedLayerPooling"):
        Language.open(tmp_path)


def test_a_module_outside_the_folder_is_refused(tmp_path):
    sentence_folder(tmp_path / "model", ["Transformer", "../elsewhere"])
    with pytest.raises(Damaged, match="outside"):
        Language.open(tmp_path / "model")


def test_bf16_is_near_fp32(folder):
    plain, half = Language.open(folder), Language.open(folder, precision="bf16", device="cpu")
    assert half.fingerprint == plain.fingerprint
    assert half.runtime == "torch bf16 on cpu"
    assert (plain.encode_texts(TEXTS) * half.encode_texts(TEXTS)).sum(axis=1).min() > 0.999


def test_pictures_are_refused(folder):
    with pytest.raises(InputError, match="does not encode images"):
        Language.open(folder).encode_images([])
