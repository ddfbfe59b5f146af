"""How tests of hashing methods score; the data are those of all methods."""

import pytest

from tuwen.metrics import Codes, by_labels, mean_ap


@pytest.fixture(scope="session")
def scored(wikipedia):
    """A function of a hasher: fitted on Wikipedia, mAP of images asking and of texts asking, by database."""
    (images, texts, labels), (query_images, query_texts, query_labels) = wikipedia

    def score(hasher):
        hasher.fit(images, texts, labels)
        asks = hasher.transform(query_images, "image"), hasher.transform(query_texts, "text")
        bases = {"modality": (hasher.transform(texts, "text"), hasher.transform(images, "image"))}
        if hasher.fuses:
            bases["fused"] = (hasher.database_codes(images, texts),) * 2
        true = by_labels(query_labels, labels)
        return {
            name: [mean_ap(Codes(a, b), true).mean for a, b in zip(asks, pair, strict=True)]
            for name, pair in bases.items()
        }

    return score
