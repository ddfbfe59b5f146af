"""The page of results: a summary of what was promised, then every benchmark's figures as tables."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# what we hold ourselves to: what it is, which benchmark, where in its result, at most or at least, how much
FIGURES = (
    ("`mini`, English text to image, R@1 / R@5 / R@10 in 1,000 pictures", "mini_quality",
     ("en.text_to_image.R@1", "en.text_to_image.R@5", "en.text_to_image.R@10"), "≥", (10, 30, 42)),
    ("`mini`, Chinese text to image, R@1 / R@5 / R@10 in 1,000 pictures", "mini_quality",
     ("zh.text_to_image.R@1", "zh.text_to_image.R@5", "zh.text_to_image.R@10"), "≥", (6, 20, 31)),
    ("`mini`, first answer after the import, s", "mini_speed", ("ours.first_answer_s",), "≤", (1,)),
    ("`mini`, pictures a second from JPEG files", "mini_speed", ("ours.images_per_s",), "≥", (150,)),
    ("`mini`, texts a second", "mini_speed", ("ours.texts_per_s",), "≥", (2000,)),
    ("5,000 × 50,000 × 1,024 top 5 both ways, s", "bulk_match", ("seconds.ours",), "≤", (4,)),
    ("the same, times the product alone", "bulk_match", ("ours_to_product_alone",), "≤", (1.4,)),
    ("one query in 100,000 × 512 at recall ≥ 0.95, p50 ms", "single_query",
     ("sizes.100000.ours.p50_ms",), "≤", (0.5,)),
    ("one query in 1,000,000 × 512 at recall ≥ 0.95, p50 ms", "single_query",
     ("sizes.1000000.ours.p50_ms",), "≤", (2,)),
    ("recall of the two at 10", "single_query",
     ("sizes.100000.ours.recall", "sizes.1000000.ours.recall"), "≥", (0.95, 0.95)),
    ("opening a saved index of 1,000,000, s", "single_query", ("sizes.1000000.ours.open_s",), "≤", (2,)),
    ("a question in words to hits among 1,000,000, p50 ms", "end_to_end",
     ("ours.1000000.end_to_end.p50_ms",), "≤", (8,)),
    ("10,000,000 codes of 64 bits, exact top 10, p50 ms in one thread", "hamming",
     ("ours.binary.p50_ms",), "≤", (9,)),
    ("the same in batches, queries a second", "hamming", ("ours.binary.batch_per_s",), "≥", (200,)),
    ("times faster than exact with lists, and their recall", "hamming",
     ("ratios.exact_over_lists", "ours.binary_ivf.recall"), "≥", (1, 0.99)),
    ("files to searchable, share of the encoder's own rate", "ingest",
     ("pictures.share_of_encoder",), "≥", (0.85,)),
    ("1,000,000 vectors of width 512 stored, s", "ingest", ("precomputed.ours_s",), "≤", (20,)),
    ("kill -9 at random moments, without a fault", "faults", ("without_a_fault",), "≥", (20,)),
    ("the server under 1, 8 and 64 clients: errors, MB that 20,000 requests add", "serve_load",
     ("errors", "grown_mb"), "≤", (0, 30)),
    ("ViT-B/16 from JPEG files, times transformers in float32: default int8, best", "encoder_speed",
     ("ratios.onnx_int8.images", "ratios.openvino_int8.images"), "≥", (3.3, 4.3)),
    ("RoBERTa-base on titles, times transformers in float32: default int8", "encoder_speed",
     ("ratios.onnx_int8.texts",), "≥", (3,)),
    ("least cosine with the source (random weights): bf16, int8", "encoder_speed",
     ("least.cosine_bf16", "least.cosine_int8"), "≥", (0.999, 0.995)),
    ("a query of 12 characters through RoBERTa-base, int8, p50 ms", "encoder_speed",
     ("query.p50_ms",), "≤", (15,)),
    ("the same from the import to the first answer, s", "encoder_speed",
     ("query.first_answer_s",), "≤", (1.5,)),
    ("kinds of bad file listed with the right reason", "bad_files",
     ("files.listed_with_the_right_reason",), "≥", (40,)),
    ("Chinese-CLIP checkpoint and transformers folder: largest difference, pictures / texts", "clip_parity",
     ("vectors.checkpoint_to_folder.image", "vectors.checkpoint_to_folder.text"), "≤", (1e-6, 1e-5)),
    ("Chinese-CLIP's own code on that checkpoint: largest difference, pictures / texts", "clip_parity",
     ("vectors.checkpoint_to_cn_clip.image", "vectors.checkpoint_to_cn_clip.text"), "≤", (1e-6, 1e-5)),
    ("the same for its ResNet-50", "clip_parity",
     ("vectors.resnet_checkpoint_to_cn_clip.image", "vectors.resnet_checkpoint_to_cn_clip.text"),
     "≤", (1e-6, 1e-5)),
    ("values of pixels other than of Chinese-CLIP's transform", "clip_parity",
     ("pixels.plain.other_values",), "≤", (0,)),
    ("titles of 10,000 with the token ids of Chinese-CLIP's tokenizer", "clip_parity",
     ("tokens.equal",), "≥", (10_000,)),
    ("JPEG of 4,000 × 3,000 to 224 pixels, times Pillow's whole decoding", "decoding",
     ("large.ours_times",), "≥", (7,)),
    ("JPEG of 500 × 375, the same, with the extra `fast`", "decoding",
     ("small.ours_fast_times",), "≥", (2,)),
    ("mean difference of the two from decoding all, of 255", "decoding",
     ("difference.large.ours", "difference.small.ours_fast"), "≤", (0.2, 0.2)),
    ("memory that grows after 500 pictures: `mini` to 20,000, ViT-B/16 to 2,000, MB", "encoder_memory",
     ("mini.growth_mb", "vit_b_16.growth_mb"), "≤", (20, 20)),
    ("the core installed, without torch, MB", "install_size", ("core_mb",), "≤", (900,)),
    ("`import tuwen`, s", "install_size", ("import_s",), "≤", (0.2,)),
    ("VGG16, ResNet-50, ViT-B/16: largest difference from their libraries, relative", "vision_parity",
     ("largest_difference",), "≤", (1e-5,)),
    ("Wikipedia, official split: rows of shallow methods that reach their figure, of 19", "shallow_fit",
     ("rows_reached",), "≥", (19,)),
    ("times faster than the authors' code, fit and score: HSNN, JRL, JFSSL", "shallow_fit",
     ("times_faster.HSNN", "times_faster.JRL", "times_faster.JFSSL"), "≥", (20, 20, 20)),
    ("SePH of 16 bits fitted, s", "shallow_fit", ("seph_16_fit_s",), "≤", (15,)),
    ("resolving 1,000 Flickr8k pictures to captions: true pairs that blocking keeps at 5 % of all, en / zh",
     "resolve", ("flickr8k.en.both_side_by_side.blocking.true_pairs_kept",
                 "flickr8k.zh.both_side_by_side.blocking.true_pairs_kept"), "≥", (0.95, 0.95)),
    ("the same of product pairs, embeddings of a large dual encoder", "resolve",
     ("products.blocking.true_pairs_kept",), "≥", (0.95,)),
    ("Wikipedia, best subspace method chosen on held-out pairs: mAP of images / texts asking",
     "shallow_best", ("subspace.i2t", "subspace.t2i"), "≥", (0.330, 0.250)),
    ("the same, best hashing method, 16 bits, database of one modality", "shallow_best",
     ("hashing.test.modality 16.i2t", "hashing.test.modality 16.t2i"), "≥", (0.278, 0.4056)),
    ("the same, 16 bits, fused database", "shallow_best",
     ("hashing.test.fused 16.i2t", "hashing.test.fused 16.t2i"), "≥", (0.2905, 0.6517)),
    ("shallow methods that fail or take over 300 s at 100,000 pairs × 512", "shallow_scale",
     ("fails",), "≤", (0,)),
    ("most memory of one of them, GiB", "shallow_scale", ("largest_peak_gib",), "≤", (8,)),
    ("Flickr8k val, best method on frozen features: hit@10 of captions asking, English / Chinese",
     "flickr8k", ("best.en", "best.zh"), "≥", (50, 37)),
    ("the same, a matching head on the first 100 of 64-bit codes: points of hit@1 gained, texts / images ask",
     "rerank", ("stages.cvh.t2i.gain hit@1", "stages.cvh.i2t.gain hit@1"), "≥", (3, 3)),
    ("the same on the first 100 of CCA", "rerank",
     ("stages.cca.t2i.gain hit@1", "stages.cca.i2t.gain hit@1"), "≥", (3, 3)),
    ("ResNet18 and BERT to 64 bits, words to hits: questions a second", "train_hash",
     ("questions_per_second",), "≥", (94.57,)),
    ("THUCNews titles, classes from runs of characters: accuracy on test", "titles",
     ("titles.test.accuracy",), "≥", (0.88,)),
    ("the same, learned from 33,462 titles on one thread, s", "titles", ("titles.fit_s",), "≤", (60,)),
    ("a headline's own picture among 497, one network's features: MRR of all rankings fused", "illustrate",
     ("mrr.fused",), "≥", (0.22,)),
)  # fmt: skip
WIDE = 7  # so many plain values stand in one row, more in one column
HEAD = """# Benchmarks

Written by `benchmarks/run` from [benchmarks.json](benchmarks.json); what each script measures, and what data it needs, is in [benchmarks/README.md](../benchmarks/README.md). Figures stand beside their peers, measured in the same run, where there is a peer; the quality of `mini` has none. Repeat one with the command that stands with it.
"""  # noqa: E501


def page(results: dict[str, Any]) -> str:
    """The whole page, Markdown."""
    sections = [section(name, found) for name, found in sorted(results.items())]
    return "\n".join([HEAD, *summary(results), *sections])


def summary(results: dict[str, Any]) -> list[str]:
    """What we hold ourselves to and what was measured, one line a figure."""
    body = []
    for what, name, places, sign, limits in FIGURES:
        values = [at(results.get(name, {}).get("result", {}), place) for place in places]
        if None in values:
            continue
        good = all(v <= n if sign == "≤" else v >= n for v, n in zip(values, limits, strict=True))
        body.append(
            [
                what,
                " / ".join(map(shown, values)),
                f"{sign} {' / '.join(map(shown, limits))}",
                "yes" if good else "**no**",
                f"[{words(name)}](#{name.replace('_', '-')})",
            ]
        )
    return grid(["figure", "measured", "limit", "met", "from"], body) if body else []


def at(result: dict[str, Any], place: str) -> Any:
    """A value by its dotted place in a result, or None."""
    found: Any = result
    for key in place.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def section(name: str, found: dict[str, Any]) -> str:
    """One benchmark: what it is, how it was run, and its tables."""
    result = {
        key: value
        for key, value in found["result"].items()
        if key not in ("machine", "date", "name", "benchmark")
    }
    machine = found["result"].get("machine", {})
    about = [
        f"## {name.replace('_', ' ')}",
        "",
        title(name),
        "",
        f"`{found['command']}`, {result_date(found)}, {found['seconds']} s. {machine_line(machine)}",
        "",
    ]
    return "\n".join([*about, *tables(result)])


def result_date(found: dict[str, Any]) -> str:
    """When it was measured."""
    return str(found["result"].get("date", "no date"))


def title(name: str) -> str:
    """The first paragraph of a script's docstring."""
    text = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def machine_line(machine: dict[str, Any]) -> str:
    """The machine in one sentence."""
    if not machine:
        return ""
    versions = ", ".join(f"{name} {version}" for name, version in machine.get("versions", {}).items())
    load = f", load {machine['load_1min']} at the end" if machine.get("load_1min") is not None else ""
    return (
        f"{machine.get('processor')}, {machine.get('cores')} cores, {machine.get('memory_gb')} GB, "
        f"{machine.get('system')}, Python {machine.get('python')}{load}; {versions}."
    )


def tables(values: dict[str, Any], heading: str = "") -> list[str]:
    """A dict as tables: plain values in one, equal-shaped dicts as the rows of one, others below."""
    lines: list[str] = []
    plain = {key: value for key, value in values.items() if not isinstance(value, dict | list) or not value}
    lists = {key: value for key, value in values.items() if isinstance(value, list) and value}
    inner = {key: value for key, value in values.items() if isinstance(value, dict) and value}
    plain |= {key: ", ".join(map(shown, value)) for key, value in lists.items() if not _are_dicts(value)}
    if heading:
        lines += [f"**{heading}**", ""]
    if plain:
        if len(plain) <= WIDE and max(len(shown(value)) for value in plain.values()) < 40:
            lines += rows([(None, plain)])
        else:
            lines += grid(["", "value"], [[words(key), shown(value)] for key, value in plain.items()])
    for key, listed in lists.items():
        if _are_dicts(listed):
            lines += [f"**{_under(heading, key)}**", "", *rows([(None, row) for row in listed])]
    flat = {
        key: value for key, value in inner.items() if not any(isinstance(v, dict) for v in value.values())
    }
    if len(flat) > 1 and len(flat) == len(inner) and _alike(list(flat.values())):
        return lines + rows(list(flat.items()))
    for key, value in inner.items():
        lines += tables(value, _under(heading, key))
    return lines


def rows(named: list[tuple[str | None, dict[str, Any]]]) -> list[str]:
    """Dicts as the rows of one table, their keys as columns."""
    columns = list(dict.fromkeys(key for _, row in named for key in row))
    first = [""] if any(name is not None for name, _ in named) else []
    body = [
        [*([words(name)] if name is not None else []), *(shown(row.get(column)) for column in columns)]
        for name, row in named
    ]
    return grid([*first, *(words(column) for column in columns)], body)


def grid(head: list[str], body: list[list[str]]) -> list[str]:
    """A Markdown table."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in body),
        "",
    ]


def words(key: str) -> str:
    """`recall_at_10` as `recall at 10`."""
    return str(key).replace("_", " ")


def shown(value: Any) -> str:
    """A value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, dict | list):
        return ", ".join(map(shown, value)) if isinstance(value, list) else ""
    return str(value)


def _are_dicts(value: list[Any]) -> bool:
    return all(isinstance(entry, dict) for entry in value)


def _alike(dicts: list[dict[str, Any]]) -> bool:
    shared = set.intersection(*(set(one) for one in dicts))
    return len(shared) >= 0.5 * max(len(one) for one in dicts)


def _under(heading: str, key: str) -> str:
    return f"{heading}: {words(key)}" if heading else words(key)
