"""Small random dual encoders in every format, as files, each with what its vectors must be."""

import json

LETTERS = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
CHINESE = list("一二三红绿蓝黄色的大小车狗猫水山")
#: A vocabulary of a BERT: letters, their continuations, some Chinese characters, some words.
BERT_WORDS = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS),
    *CHINESE,
    *("red", "car", "dog", "running"),
]
TEXTS = [
    "红色的car",
    "a red dog, running!",
    "",
    "“狗” and “cars”",
    "大" * 80,
    "http://x/a.jpg",
    "/etc/passwd",
]
VISION = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
TEXT = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 1}


def write_bert_words(folder):
    (folder / "vocab.txt").write_text("\n".join(BERT_WORDS) + "\n", encoding="utf-8")


def write_clip_words(folder):
    """A byte-pair vocabulary with two merges; how many words it has."""
    from tokenizers import pre_tokenizers

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "re", "red</w>"]
    words += ["<|startoftext|>", "<|endoftext|>"]
    content = {word: at for at, word in enumerate(words)}
    (folder / "vocab.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nr e\nre d</w>\n", encoding="utf-8")
    return len(words)


def chinese_clip_folder(folder, seed=0):
    """A ChineseCLIP of transformers, saved by it; the model."""
    from transformers import ChineseCLIPConfig, ChineseCLIPModel

    from plain_clip import settle

    folder.mkdir(parents=True, exist_ok=True)
    text = TEXT | {"vocab_size": len(BERT_WORDS), "max_position_embeddings": 64}
    config = ChineseCLIPConfig(
        text_config=text, vision_config=VISION | {"image_size": 32, "patch_size": 8}, projection_dim=24
    )
    model = settle(ChineseCLIPModel(config), seed)
    model.save_pretrained(folder)
    write_bert_words(folder)
    return model


def clip_folder(folder, seed=0):
    """A CLIP of transformers, saved by it; the model."""
    from transformers import CLIPConfig, CLIPModel

    from plain_clip import settle

    folder.mkdir(parents=True, exist_ok=True)
    words = write_clip_words(folder)
    text = TEXT | {"vocab_size": words, "max_position_embeddings": 16}
    text |= {"bos_token_id": words - 2, "eos_token_id": words - 1}
    config = CLIPConfig(
        text_config=text, vision_config=VISION | {"image_size": 32, "patch_size": 8}, projection_dim=24
    )
    model = settle(CLIPModel(config), seed)
    model.save_pretrained(folder)
    return model


def chinese_clip_pt(path, *, half=False, seed=0):
    """A checkpoint as Chinese-CLIP's trainer writes it; the network."""
    import torch

    from plain_clip import ChineseClip, Vision, settle

    model = settle(ChineseClip(Vision(), words=len(BERT_WORDS)), seed)
    tensors = {f"module.{name}": values.clone() for name, values in model.state_dict().items()}
    if half:
        tensors = {name: v.half() if v.dim() > 1 else v for name, v in tensors.items()}
        model.load_state_dict({name.removeprefix("module."): v.float() for name, v in tensors.items()})
    torch.save({"epoch": 3, "step": 7, "name": "tiny", "state_dict": tensors}, path)
    write_bert_words(path.parent)
    return model


def altclip_folder(folder, seed=0):
    """An AltCLIP of transformers, saved by it with a tokenizer in the manner of XLM-RoBERTa; the model."""
    from transformers import AltCLIPConfig, AltCLIPModel

    from plain_clip import settle

    folder.mkdir(parents=True, exist_ok=True)
    pieces = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *_pieces(), ("<mask>", 0.0)]
    _unigram(folder, pieces, unknown=3, template="<s> $A </s>", around=[("<s>", 0), ("</s>", 2)])
    text = TEXT | {"vocab_size": len(pieces), "max_position_embeddings": 24, "project_dim": 32}
    config = AltCLIPConfig(
        text_config=text | {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
        vision_config=VISION | {"image_size": 32, "patch_size": 8},
        projection_dim=24,
    )
    model = settle(AltCLIPModel(config), seed)
    model.save_pretrained(folder)
    return model


def siglip_folder(folder, seed=0, *, second=False):
    """A SigLIP of transformers, saved by it; `second` with the kind of tokenizer that SigLIP 2 has."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import SiglipConfig, SiglipModel

    from plain_clip import settle

    folder.mkdir(parents=True, exist_ok=True)
    if second:
        words = {word: at for at, word in enumerate(["<pad>", "<eos>", "<bos>", "<unk>", "\u2581", *LETTERS])}
        made = Tokenizer(models.BPE(words, [], unk_token="<unk>", fuse_unk=True))
        made.normalizer = normalizers.Replace(" ", "\u2581")
        made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        made.save(str(folder / "tokenizer.json"))
        about = {"add_bos_token": False, "add_eos_token": True, "eos_token": "<eos>", "pad_token": "<pad>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(about))
        count = len(words)
    else:
        pieces = [("<unk>", 0.0), ("</s>", 0.0), *_pieces()]
        _unigram(folder, pieces, unknown=0, template="$A </s>", around=[("</s>", 1)])
        count = len(pieces)
    text = TEXT | {"vocab_size": count, "max_position_embeddings": 12, "projection_size": 128}
    config = SiglipConfig(
        text_config=text | {"bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 1},
        vision_config=VISION | {"image_size": 32, "patch_size": 8},
    )
    model = settle(SiglipModel(config), seed)
    model.save_pretrained(folder)
    return model


def without_dropout(folder):
    """The same folder, its configuration without dropout."""
    about = json.loads((folder / "config.json").read_text())
    for side in ("text_config", "vision_config"):
        about[side] |= {name: 0.0 for name in about[side] if "dropout" in name}
    (folder / "config.json").write_text(json.dumps(about))
    return folder


def _pieces():
    """Pieces of a Unigram model with their scores."""
    letters = [*LETTERS, *map(str.upper, "abcdefghijklmnopqrstuvwxyz"), *CHINESE]
    words = ["\u2581red", "\u2581car", "\u2581"]
    return [(piece, -2.0 - at / 100) for at, piece in enumerate([*words, *letters])]


def _unigram(folder, pieces, *, unknown, template, around):
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="always")
    made.post_processor = processors.TemplateProcessing(single=template, special_tokens=around)
    made.save(str(folder / "tokenizer.json"))
