"""Tag the pictures of a collection: what is known, what is learned of it, and what every picture gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tuwen.arrays import Array
from tuwen.errors import InputError
from tuwen.items import condition
from tuwen.records import Refusal
from tuwen.tag.classified import Classified
from tuwen.tag.evaluating import Evaluation, evaluate
from tuwen.tag.job import METHODS, Job, Method, Progress, taken
from tuwen.tag.known import Known, read_known
from tuwen.tag.prompts import TEMPLATES
from tuwen.tag.taggers import Tagger, Truth
from tuwen.tag.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tuwen.collection import Collection

_SHOWN = 5


@dataclass(kw_only=True)
class Tagged:
    """What every picture got.

    Attributes:
        ids: (n,) pictures.
        paths: Their files.
        tags: Of each, names and probabilities, lowest label first, those above a label after it; none where
            nothing was probable enough.
        vocabulary: The labels.
        method: How they were found.
        many: Whether several labels were allowed.
        threshold: Probability that was needed.
        learned: How many labelled items were learned from.
        calibrated: Whether probabilities come from labelled items; otherwise they only rank.
        tagger: What gives the probabilities.
        evaluation: On items held out; None when none were.
        refusals: What was left out, and why.
        notes: What else one should know.
    """

    ids: list[str]
    paths: list[str]
    tags: list[list[tuple[str, float]]]
    vocabulary: Vocabulary
    method: Method
    many: bool
    threshold: float
    learned: int
    calibrated: bool
    tagger: Tagger
    evaluation: Evaluation | None = None
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tag(
    collection: Collection,
    labels: Vocabulary | Sequence[str] | None = None,
    *,
    examples: str | None = None,
    method: Method | None = None,
    classifier: str | Path | None = None,
    templates: Sequence[str] = TEMPLATES,
    threshold: float | None = None,
    most: int = 1,
    where: str | None = None,
    held_out: float = 0.0,
    seed: int = 0,
    progress: Progress = lambda done, total: None,
) -> Tagged:
    """Give the pictures of a collection labels.

    Args:
        collection: With the pictures' vectors.
        labels: What to choose from; None takes the labels of the examples, or of the classifier.
        examples: Labelled items, as `known.read_known` takes them.
        method: `zero-shot` compares pictures with the labels' words, and examples only calibrate; `probe` and
            `neighbours` learn from the examples; `both` joins a probe with the words. None is `probe` with
            examples, else `zero-shot`.
        classifier: A folder that `classes.load` opens, used as it is: of vectors, or of the texts that
            belong to the pictures. Examples then only measure it.
        templates: What the words are put into.
        threshold: Probability that a label needs; None is none for one label, and for several what gives
            the highest F1 on the examples.
        most: Labels a picture may have, without those above them; 1 chooses one.
        where: A filter on the pictures that are tagged; examples may be any.
        held_out: Share of the examples that is measured and not learned from, before all are learned; with 1
            nothing is learned from any.
        seed: Of what is held out and of cross-validations.
        progress: Follows the pictures.

    Raises:
        InputError: There are no pictures, labels or examples, the encoder cannot encode texts, or an
            argument is out of range.
    """
    _check(collection, labels, examples, method, classifier, threshold, most, held_out)
    condition(collection.store.view, "images", where)  # says what is wrong with it before anything is done
    method = method or ("classifier" if classifier else "probe" if examples else "zero-shot")
    classified = Classified(classifier, collection) if classifier else None
    known = read_known(collection, examples) if examples is not None else Known({})
    vocabulary = _vocabulary(labels, known, classified)
    truth_of = known.within(vocabulary, many=most > 1)
    if examples is not None and not truth_of:
        raise InputError(f"no example has a usable label; the first left out: {known.refusals[0].reason}")
    job = Job(collection, vocabulary, method, templates, threshold, most, seed, classified)
    ids, truth = list(truth_of), list(truth_of.values())
    vectors = job.inputs(ids)
    held = _held(vocabulary, ids, truth, 1.0 if classified else held_out, seed)
    evaluation = _measured(job, ids, truth, vectors, held) if held.any() else None
    learned = len(ids) if held_out < 1 and classified is None else 0
    job.fit(vectors[:learned], truth[:learned])
    done = Tagged(
        ids=[],
        paths=[],
        tags=[],
        vocabulary=vocabulary,
        method=method,
        many=job.many,
        threshold=job.threshold,
        learned=learned,
        calibrated=learned > 0 or classified is not None,
        tagger=job.tagger,
        evaluation=evaluation,
        refusals=[*vocabulary.refusals, *known.refusals],
        notes=_notes(vocabulary, truth[:learned], method),
    )
    for some, paths, found in job.all(where, progress):
        done.ids += some
        done.paths += paths
        done.tags += found
    return done


def _measured(job: Job, ids: list[str], truth: Truth, vectors: Array, held: Array) -> Evaluation:
    """Learn from what is not held out, and compare on what is."""
    job.fit(vectors[~held], taken(truth, ~held))
    asked = [ids[row] for row in np.flatnonzero(held)]
    chosen, _ = job.decide(vectors[held])
    return evaluate(job.vocabulary, asked, taken(truth, held), chosen, many=job.many)


def _check(
    collection: Collection,
    labels: Vocabulary | Sequence[str] | None,
    examples: str | None,
    method: str | None,
    classifier: str | Path | None,
    threshold: float | None,
    most: int,
    held_out: float,
) -> None:
    if not collection.count("image"):
        raise InputError(f"{collection.path} has no pictures to tag; add some with tuwen index")
    if method is not None and method not in METHODS:
        raise InputError(f"method is {method!r}; it is one of {', '.join(METHODS)}")
    if classifier is not None and (method is not None or most > 1):
        raise InputError("a classifier gives one label by its own method; leave method and most out")
    if classifier is not None and examples is not None and not held_out:
        raise InputError("examples only measure a classifier; ask to evaluate, or leave them out")
    if labels is None and examples is None and classifier is None:
        raise InputError("there is nothing to choose from; give labels, or labelled examples")
    if method in ("probe", "neighbours", "both") and examples is None:
        raise InputError(f"{method} learns from labelled examples; give them, or take zero-shot")
    if most < 1:
        raise InputError(f"most is {most}; it must be 1 or more")
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold is {threshold}; it is a probability from 0 to 1")
    if not 0 <= held_out <= 1:
        raise InputError(f"held_out is {held_out}; it is a share from 0 to 1")
    if held_out and examples is None:
        raise InputError("there is nothing to evaluate with; give labelled examples")
    if held_out == 1 and method != "zero-shot" and classifier is None:
        raise InputError("held_out is 1, so nothing is left to learn from; take less, or zero-shot")


def _vocabulary(
    labels: Vocabulary | Sequence[str] | None, known: Known, classified: Classified | None
) -> Vocabulary:
    if isinstance(labels, Vocabulary):
        found = labels
    elif labels is not None:
        found = Vocabulary.of(labels)
    elif classified is not None:
        found = Vocabulary.known(classified.names)
    else:
        found = Vocabulary.known(name for names in known.labels.values() for name in names)
    if len(found.leaves) < 2:
        raise InputError(f"{found.names[0]!r} is the only label; to choose, give two or more")
    return found


def _held(vocabulary: Vocabulary, ids: Sequence[str], truth: Truth, share: float, seed: int) -> Array:
    """Which items are held out, (n,) bool: the share of each label, of which one is always learned from."""
    held = np.zeros(len(truth), dtype=bool)
    if share in (0, 1) or not len(truth):
        return held | (share == 1)
    random = np.random.default_rng(seed)
    # by names and ids, so that it depends neither on the order of labels nor on that of examples
    rows_of: dict[str, list[int]] = {}
    for row in sorted(range(len(ids)), key=ids.__getitem__):
        rows_of.setdefault(vocabulary.labels[truth[row][0]].name, []).append(row)
    for _, rows in sorted(rows_of.items()):
        held[random.permutation(rows)[: min(round(share * len(rows)), len(rows) - 1)]] = True
    if not held.any():
        raise InputError(
            f"of {len(truth)} examples a share of {share:g} holds none out; give more, or a larger share"
        )
    return held


def _notes(vocabulary: Vocabulary, truth: Truth, method: Method) -> list[str]:
    counts = np.bincount(
        [place for places in truth for place in places], minlength=len(vocabulary.labels)
    ).tolist()
    names = vocabulary.names
    notes = []
    if method == "classifier":
        return []
    if not truth:
        return ["No labelled items: probabilities rank the labels and are not calibrated."]
    if single := [name for name, count in zip(names, counts, strict=True) if count == 1]:
        notes.append(f"With one example only, learned from but never measured: {_listed(single)}.")
    absent = [
        names[place]
        for place in vocabulary.leaves.tolist()
        if not sum(counts[one] for one in vocabulary.chain(place))
    ]
    if absent and method != "zero-shot":
        notes.append(f"Without an example, so never given: {_listed(absent)}.")
    return notes


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
