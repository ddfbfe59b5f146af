"""What the documents promise is there: names, links, commands, benchmarks, versions."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import tuwen
from tuwen import demo
from tuwen.cli import _run as run
from tuwen.cli import names as commands

ROOT = Path(__file__).resolve().parents[1]
SETUP = (
    "pip install -c constraints.txt -e '.[demo]' && tuwen demo",
    "pip install -c constraints.txt -e '.[dev]' && pytest",
)
# homes of users and work folders: documents speak of the project alone
OF_A_MACHINE = re.compile(r"(?<![\w.])/(?:home|root|work|Users|tmp|opt|mnt)/\w")


def documents():
    """Every Markdown file of the project."""
    folders = [ROOT, ROOT / "docs", ROOT / "benchmarks", ROOT / "benchmarks" / "mini", ROOT / "tests"]
    return sorted(file for folder in folders for file in folder.glob("*.md"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text):
    """The anchors that headings get: lower case, blanks as dashes, other signs dropped."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_relative_link_leads_somewhere(document):
    text = document.read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)
    lost = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        wanted = {anchor} if anchor and file.suffix == ".md" else set()
        if not file.exists() or not wanted <= anchors(file.read_text(encoding="utf-8") if wanted else ""):
            lost.append(target)
    assert not lost


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_no_document_names_a_path_of_somebodys_machine(document):
    assert not OF_A_MACHINE.search(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_both_set_up_commands_stand_in_the_readme(readme):
    assert all(command in text_of(readme) for command in SETUP)


def test_the_two_readmes_have_the_same_sections():
    shape = [
        re.findall(r"^(#+) ", text_of(name), flags=re.MULTILINE) for name in ("README.md", "README.zh.md")
    ]
    assert shape[0] == shape[1]


def test_every_public_name_is_documented():
    text = text_of("docs/collection.md")
    assert not [name for name in tuwen.__all__ if not re.search(rf"\b{name}\b", text)]


def test_every_public_method_of_a_collection_is_documented():
    text = text_of("docs/collection.md")
    public = [name for name in vars(tuwen.Collection) if not name.startswith("_")]
    inner = {"store", "rows", "hasher", "judge", "with_text_index", "writing", "indexes"}
    assert not [name for name in public if name not in inner and not re.search(rf"\b{name}\b", text)]


def test_every_part_of_the_package_is_in_the_architecture():
    text = text_of("docs/architecture.md")
    parts = {path.stem for path in (ROOT / "src" / "tuwen").iterdir() if path.suffix in ("", ".py")}
    parts -= {"__init__", "__pycache__"}
    assert not [part for part in parts if not re.search(rf"\b{part}\b", text)]


def blocks(name):
    """The Python examples of a document."""
    return re.findall(r"^```python\n(.*?)^```", text_of(name), flags=re.MULTILINE | re.DOTALL)


def test_the_examples_of_the_collection_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, colour in (("harbour", (40, 90, 160)), ("hill", (60, 150, 50))):
        Image.new("RGB", (64, 48), colour).save(f"{name}.jpg")
    Path("captions.csv").write_text("image,text,year\nhill.jpg,a green hill,2012\n", encoding="utf-8")
    names = {}
    for block in blocks("docs/collection.md"):
        exec(compile(block, "docs/collection.md", "exec"), names)
    assert names["report"].added == 2
    assert names["photos"].get("image", "harbour").metadata["tags"] == ["boats", "morning"]
    assert [hit.id for hit in names["hits"]] == ["hill"]


def test_the_example_of_an_encoder_encodes():
    (block,) = blocks("CONTRIBUTING.md")
    names = {}
    exec(
        compile(f"from tuwen.arrays import Array\nfrom tuwen.encoders import Encoder\n{block}", "x", "exec"),
        names,
    )
    vector = names["Colours"]().encode_images([Image.new("RGB", (9, 9), (255, 0, 0))])
    assert vector.tolist() == [[1.0, 0.0, 0.0]]


def test_the_example_of_the_methods_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks("docs/methods.md"):
        exec(compile(block, "docs/methods.md", "exec"), {})
    assert "map" in capsys.readouterr().out.lower()


@pytest.mark.parametrize("name", ["methods", "datasets"])
def test_a_page_is_what_its_parts_say_of_themselves(name):
    path = ROOT / "docs" / f"make_{name}.py"
    script = importlib.util.module_from_spec(importlib.util.spec_from_file_location(path.stem, path))
    script.__spec__.loader.exec_module(script)
    text = text_of(f"docs/{name}.md")
    assert script.page(text) == text, f"run: python docs/make_{name}.py"


def test_the_example_of_the_page_of_data_sets_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("docs/datasets.md")
    exec(compile(block, "docs/datasets.md", "exec"), {})
    said = capsys.readouterr().out
    assert "mAP@all" in said
    assert "cut by seed 1" in said


@pytest.fixture
def walls(tmp_path, monkeypatch):
    """A folder with pictures of eight colours and captions.csv, in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))
    Path("pictures").mkdir()
    rows = ["image,caption"]
    colours = {
        "orange": ("橙", (240, 140, 20)),
        "purple": ("紫", (140, 40, 170)),
        "blue": ("蓝", (30, 60, 220)),
    }
    colours |= {"red": ("红", (220, 30, 30)), "green": ("绿", (30, 170, 60)), "black": ("黑", (15, 15, 15))}
    colours |= {"white": ("白", (245, 245, 245)), "yellow": ("黄", (235, 220, 40))}
    for colour, (word, rgb) in colours.items():
        for number in range(4):
            shade = tuple(max(value - 9 * number, 0) for value in rgb)
            Image.new("RGB", (16, 16), shade).save(f"pictures/{colour}-{number}.png")
            rows += [
                f"pictures/{colour}-{number}.png,{text}" for text in (f"a {colour} wall", f"一面{word}色的墙")
            ]
    Path("captions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def ran(page, capsys, *, skip=0):
    """What the commands of a page print, one after the other."""
    (script,) = re.findall(r"^```sh\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)
    answers = []
    for line in script.splitlines()[skip:]:
        assert run(shlex.split(line)[1:]) == 0, capsys.readouterr().err
        answers.append(capsys.readouterr().out)
    return answers


def test_the_examples_of_the_page_on_reranking_run(walls, capsys):
    orange, blue, _ = ran("docs/rerank.md", capsys)[-3:]
    assert orange.count('"id": "orange-') == 3 and orange.count("rerank_score") == 3
    assert "a blue wall" in blue or "一面蓝色的墙" in blue
    assert Path("matched.csv").read_text(encoding="utf-8").count("\n") == 1 + 2 * 64
    for block in blocks("docs/rerank.md"):
        exec(compile(block, "docs/rerank.md", "exec"), {})
    assert "1 purple-" in capsys.readouterr().out


def test_the_examples_of_the_page_on_fitting_run(walls, capsys):
    answers = ran("docs/fit.md", capsys)
    orange, purple, blue = answers[-3:]
    assert orange.count('"id": "orange-') == 3 and purple.count('"id": "purple-') == 3
    assert "a blue wall" in blue and "一面蓝色的墙" in blue
    names = {}
    for block in blocks("docs/fit.md"):
        exec(compile(block, "docs/fit.md", "exec"), names)
    assert "cmfh(hsv, tfidf,units=characters) 8" in capsys.readouterr().out
    assert names["plain"].count("image") == 50


def test_the_examples_of_the_page_on_resolving_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUWEN_CONFIG", str(tmp_path / "config.toml"))
    demo.prepare(tmp_path / "demo")  # what the first line makes, without the collection
    ran("docs/resolve.md", capsys, skip=1)
    matches = Path("matches.csv").read_text(encoding="utf-8-sig").splitlines()
    assert matches[0] == "left_id,right_id,estimated_probability,similarity,rank,cluster,reason"
    assert "motorcycle_left,motorcycle_right," in Path("copies.csv").read_text(encoding="utf-8-sig")
    for block in blocks("docs/resolve.md"):
        exec(compile(block, "docs/resolve.md", "exec"), {})
    assert "camera camera" in capsys.readouterr().out
    assert Path("matches.parquet").stat().st_size


@pytest.mark.parametrize(
    ("page", "said"), [("classes", "sports"), ("triples", "('育碧', '致歉', '正版用户')")]
)
def test_the_examples_of_classes_and_triples_run(page, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for block in blocks(f"docs/{page}.md"):
        exec(compile(block, f"docs/{page}.md", "exec"), {})
    assert said in capsys.readouterr().out


def test_every_command_is_documented():
    text = text_of("docs/cli.md")
    assert not [name for name in commands() if f"tuwen {name}" not in text]


def test_every_page_is_in_the_index_of_the_documents():
    index = text_of("docs/README.md")
    pages = [file.name for file in (ROOT / "docs").glob("*.md") if file.name != "README.md"]
    assert not [page for page in pages if f"({page})" not in index]


def test_every_benchmark_is_listed():
    text = text_of("benchmarks/README.md")
    shared = {"common.py", "page.py", "webnews.py", "wikipedia.py"}
    scripts = [file.name for file in (ROOT / "benchmarks").glob("*.py") if file.name not in shared]
    assert not [script for script in scripts if f"`{script}`" not in text]


def test_the_changelog_has_this_version():
    assert f"## [{tuwen.__version__}]" in text_of("CHANGELOG.md")


def test_what_git_ignores_is_not_in_git():
    git = ["git", "-C", str(ROOT), "ls-files", "--cached", "--ignored", "--exclude-standard"]
    try:
        done = subprocess.run(git, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode:
        pytest.skip("not a clone")
    assert done.stdout == ""
