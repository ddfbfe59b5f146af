"""Short names of models that many use, and where they lie.

The ids were looked up in public use of November 2026; licences are those that the models' pages give, and
are the user's to check.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """A model with a short name.

    Attributes:
        name: The short name.
        family: The encoder that opens it, a name of the registry.
        hub: Its id on Hugging Face.
        modelscope: Its id on ModelScope; empty where none is known.
        languages: Of the texts it was trained with.
        licence: Of the weights.
        note: One line for people.
        vocabulary: The repository on Hugging Face whose `vocab.txt` it reads, where its own has none.
    """

    name: str
    family: str
    hub: str
    modelscope: str
    languages: tuple[str, ...]
    licence: str
    note: str
    vocabulary: str = ""


_ZH, _EN, _BOTH = ("zh",), ("en",), ("zh", "en")
_APACHE = "Apache-2.0"

_TABLE = (
    # Chinese-CLIP (Yang et al., 2022)
    Known(
        "cn-clip-rn50", "clip", "OFA-Sys/chinese-clip-rn50", "",
        _ZH, _APACHE, "ResNet-50 + RBT3, 77 M: the smallest Chinese-CLIP",
        vocabulary="OFA-Sys/chinese-clip-vit-base-patch16",
    ),
    Known(
        "cn-clip-vit-b-16", "clip", "OFA-Sys/chinese-clip-vit-base-patch16",
        "AI-ModelScope/chinese-clip-vit-base-patch16",
        _ZH, _APACHE, "ViT-B/16 + RoBERTa-wwm, 188 M: a good first choice for Chinese",
    ),
    Known(
        "cn-clip-vit-l-14", "clip", "OFA-Sys/chinese-clip-vit-large-patch14",
        "AI-ModelScope/chinese-clip-vit-large-patch14",
        _ZH, _APACHE, "ViT-L/14 + RoBERTa-wwm, 406 M",
    ),
    Known(
        "cn-clip-vit-l-14-336", "clip", "OFA-Sys/chinese-clip-vit-large-patch14-336px",
        "AI-ModelScope/chinese-clip-vit-large-patch14-336px",
        _ZH, _APACHE, "the same at 336 pixels, 407 M",
    ),
    Known(
        "cn-clip-vit-h-14", "clip", "OFA-Sys/chinese-clip-vit-huge-patch14",
        "iic/multi-modal_clip-vit-huge-patch14_zh",
        _ZH, _APACHE, "ViT-H/14 + RoBERTa-wwm-large, 958 M: the best Chinese-CLIP",
    ),
    # QA-CLIP: the same networks, trained again on selected pairs
    Known(
        "qa-clip-vit-b-16", "clip", "TencentARC/QA-CLIP-ViT-B-16", "",
        _ZH, _APACHE, "ViT-B/16 + RoBERTa-wwm, 188 M",
    ),
    Known(
        "qa-clip-vit-l-14", "clip", "TencentARC/QA-CLIP-ViT-L-14", "",
        _ZH, _APACHE, "ViT-L/14 + RoBERTa-wwm, 406 M",
    ),
    # CLIP (Radford et al., 2021)
    Known(
        "clip-vit-b-32", "clip", "openai/clip-vit-base-patch32", "AI-ModelScope/clip-vit-base-patch32",
        _EN, "MIT", "ViT-B/32, 151 M: fast",
    ),
    Known(
        "clip-vit-b-16", "clip", "openai/clip-vit-base-patch16", "AI-ModelScope/clip-vit-base-patch16",
        _EN, "MIT", "ViT-B/16, 150 M",
    ),
    Known(
        "clip-vit-l-14", "clip", "openai/clip-vit-large-patch14", "AI-ModelScope/clip-vit-large-patch14",
        _EN, "MIT", "ViT-L/14, 428 M",
    ),
    # AltCLIP (Chen et al., 2022): CLIP's pictures, XLM-R's texts
    Known(
        "altclip", "clip", "BAAI/AltCLIP", "",
        _BOTH, "CreativeML OpenRAIL-M", "ViT-L/14 + XLM-R-large, 864 M: Chinese and English",
    ),
    Known(
        "altclip-m9", "clip", "BAAI/AltCLIP-m9", "",
        (*_BOTH, "ja", "ko", "fr", "es", "ru", "ar", "it"), "CreativeML OpenRAIL-M",
        "the same in nine languages",
    ),
    # SigLIP (Zhai et al., 2023) and SigLIP 2 (Tschannen et al., 2025)
    Known(
        "siglip-base-256-multilingual", "clip", "google/siglip-base-patch16-256-multilingual", "",
        _BOTH, _APACHE, "ViT-B/16 at 256 pixels, 371 M: many languages",
    ),
    Known(
        "siglip-so400m-384", "clip", "google/siglip-so400m-patch14-384", "google/siglip-so400m-patch14-384",
        _EN, _APACHE, "So400m/14 at 384 pixels, 878 M",
    ),
    Known(
        "siglip2-base-224", "clip", "google/siglip2-base-patch16-224", "google/siglip2-base-patch16-224",
        _BOTH, _APACHE, "ViT-B/16, 375 M: many languages, Chinese among them",
    ),
    Known(
        "siglip2-base-512", "clip", "google/siglip2-base-patch16-512", "google/siglip2-base-patch16-512",
        _BOTH, _APACHE, "the same at 512 pixels",
    ),
    Known(
        "siglip2-large-256", "clip", "google/siglip2-large-patch16-256", "google/siglip2-large-patch16-256",
        _BOTH, _APACHE, "ViT-L/16 at 256 pixels, 882 M",
    ),
    Known(
        "siglip2-so400m-384", "clip", "google/siglip2-so400m-patch14-384", "",
        _BOTH, _APACHE, "So400m/14 at 384 pixels, 1.1 B: the most accurate here",
    ),
    # pictures alone
    Known("resnet18", "vision", "microsoft/resnet-18", "", (), _APACHE, "ResNet-18, 512 values"),
    Known("resnet50", "vision", "microsoft/resnet-50", "", (), _APACHE, "ResNet-50, 2,048 values"),
    Known("resnet152", "vision", "microsoft/resnet-152", "", (), _APACHE, "ResNet-152, 2,048 values"),
    Known(
        "vgg16", "vision", "timm/vgg16.tv_in1k", "", (), "BSD-3-Clause",
        "VGG-16, 4,096 values (fc7): the pictures of most papers before 2019",
    ),
    Known(
        "vgg19", "vision", "timm/vgg19.tv_in1k", "timm/vgg19.tv_in1k", (), "BSD-3-Clause",
        "VGG-19, 4,096 values (fc7)",
    ),
    Known(
        "vit-b-16", "vision", "google/vit-base-patch16-224", "", (), _APACHE,
        "ViT-B/16, 768 values, patches on request",
    ),
    # texts alone
    Known(
        "bert-base-chinese", "language", "google-bert/bert-base-chinese", "AI-ModelScope/bert-base-chinese",
        _ZH, _APACHE, "BERT, 102 M, 768 values",
    ),
    Known(
        "bert-base-uncased", "language", "google-bert/bert-base-uncased", "AI-ModelScope/bert-base-uncased",
        _EN, _APACHE, "BERT, 110 M, 768 values",
    ),
    Known(
        "roberta-wwm-ext", "language", "hfl/chinese-roberta-wwm-ext", "dienstag/chinese-roberta-wwm-ext",
        _ZH, _APACHE, "RoBERTa with whole words masked, 102 M, 768 values",
    ),
    Known(
        "ernie-3.0-base-zh", "language", "nghuyong/ernie-3.0-base-zh", "nghuyong/ernie-3.0-base-zh",
        _ZH, _APACHE, "ERNIE 3.0, 118 M, 768 values",
    ),
)  # fmt: skip

_BY_NAME = {model.name: model for model in _TABLE}


def resolve(name: str) -> Known | None:
    """The model of a short name, or None."""
    return _BY_NAME.get(name)


def by_hub(identifier: str) -> Known | None:
    """The model with this id on Hugging Face, or None."""
    return next((model for model in _TABLE if model.hub == identifier), None)


def names() -> tuple[str, ...]:
    """All short names, in the order of the table."""
    return tuple(_BY_NAME)
