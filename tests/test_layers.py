"""Who may import whom, as docs/architecture.md draws it, and what the package may never do."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "tuwen"

LEVEL_0 = {"ahead", "errors", "arrays", "files", "records", "pictures", "pixels", "saved", "signatures"}
LEVEL_1 = {
    *("data", "datasets", "encoders", "methods", "index"),
    *("filters", "query", "matching", "rank", "metrics", "results", "classes", "triples"),
    *("head", "tables", "view", "transaction", "store"),
}
STORAGE = {
    "head",
    "tables",
    "view",
    "transaction",
    "store",
}  # one part in five files; they may know each other
LEVEL_3 = {"cli", "serve", "__main__"}

# slow to import or not installed everywhere: only inside the functions that use them
HEAVY = {
    *("torch", "transformers", "onnx", "onnxruntime", "onnxscript", "openvino", "faiss", "lance", "sklearn"),
    *("scipy", "skimage", "rich", "pandas", "simplejpeg", "pillow_heif", "cykooz_resizer", "psutil"),
    *("tokenizers", "huggingface_hub", "safetensors", "sentencepiece", "nncf", "cv2", "gensim", "jieba"),
    *("h5py", "matplotlib", "fastapi", "starlette", "uvicorn", "pydantic", "httpx2"),
}
# networks are subclasses of torch's; who needs one imports these files where it is used
NETWORKS = ("encoders/networks/", "encoders/exporting/")
# found by name and imported alone, so that no other method waits for torch
LEARNED_BY_NETWORKS = (
    *("methods/deep/", "methods/deephash/", "methods/network.py", "methods/layers.py", "methods/sets.py"),
    "methods/towers.py",
    "methods/hash_losses.py",
    *(
        f"methods/pairwise/{name}.py"
        for name in ("scan", "sgraf", "imram", "pvse", "san", "itm", "matching_head")
    ),
    "training/",
)
# the server is made of these; the command imports it when it is run
WEB = {"fastapi", "starlette", "uvicorn", "pydantic"}
UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
UNSAFE_CALLS = {"eval", "exec", "os.system", "os.popen", "yaml.load"}
UNSAFE_KEYWORDS = {"shell", "allow_pickle"}


@dataclass(frozen=True)
class Import:
    """One import of a module of the package, and when it happens."""

    file: Path
    line: int
    target: str  # dotted, such as tuwen.index.base or faiss
    at_top: bool  # runs when the module is imported
    for_types: bool  # only for the type checker

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE)}:{self.line} imports {self.target}"


@cache
def trees():
    """The syntax tree of every file of the package."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports():
    """Every import in the package."""
    return [
        found for file, tree in trees().items() for found in _imports(file, tree, at_top=True, types=False)
    ]


def _imports(file, node, *, at_top, types):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(file, child.lineno, alias.name, at_top, types)
        elif isinstance(child, ast.ImportFrom):
            for alias in child.names:
                yield Import(file, child.lineno, _full_name(file, child, alias.name), at_top, types)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _imports(file, child, at_top=at_top, types=True)
        elif not isinstance(child, ast.expr):  # nothing is imported inside one
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(file, child, at_top=at_top and not inside, types=types)


def _full_name(file, node, name):
    """`from tuwen import tables` is an import of tuwen.tables; `from tuwen.tables import x` too."""
    assert node.level == 0, f"{file}:{node.lineno} has a relative import; write the full name"
    path = f"{node.module}.{name}"
    inside = PACKAGE.parent.joinpath(*path.split("."))
    return path if inside.is_dir() or inside.with_suffix(".py").is_file() else node.module


def part_of(target):
    """The part of the package that a dotted name or a file belongs to; None for tuwen itself and others."""
    if isinstance(target, Path):
        first = target.relative_to(PACKAGE).parts[0].removesuffix(".py")
        return None if first == "__init__" else first
    pieces = target.split(".")
    return pieces[1] if pieces[0] == "tuwen" and len(pieces) > 1 else None


def level(part):
    """The level of a part; whatever is not named above joins the parts and is level 2."""
    return next((place for place, parts in {0: LEVEL_0, 1: LEVEL_1, 3: LEVEL_3}.items() if part in parts), 2)


def inner():
    """The imports of one part by another, with both parts."""
    pairs = [(found, part_of(found.file), part_of(found.target)) for found in imports()]
    return [(found, one, other) for found, one, other in pairs if one and other and one != other]


def _none(faults):
    assert not faults, "\n".join(str(fault) for fault in faults)


def test_the_named_parts_are_there():
    there = {path.stem for path in PACKAGE.iterdir()}
    assert there >= LEVEL_0 - {"signatures"}
    assert there >= {"data", "encoders", "methods", "index", "filters", "store", "cli"}


def test_imports_never_go_up():
    _none([found for found, one, other in inner() if level(other) > level(one)])


def test_level_0_imports_only_the_standard_library_numpy_and_pillow():
    allowed = {"tuwen", "numpy", "PIL", *sys.stdlib_module_names, *HEAVY}
    outside = [
        found
        for found in imports()
        if part_of(found.file) in LEVEL_0 and found.target.split(".")[0] not in allowed
    ]
    _none(outside)


def test_siblings_of_level_1_never_import_each_other():
    _none(
        [
            found
            for found, one, other in inner()
            if level(one) == level(other) == 1 and not {one, other} <= STORAGE
        ]
    )


def test_the_imports_of_levels_0_and_2_make_no_circle():
    after = {}
    for found, one, other in inner():
        if found.at_top and not found.for_types and level(one) == level(other):
            after.setdefault(one, set()).add(other)

    def visit(part, trail):
        assert part not in trail, " -> ".join([*trail, part])
        for other in sorted(after.get(part, ())):
            visit(other, [*trail, part])

    for part in sorted(after):
        visit(part, [])


def test_heavy_modules_are_imported_where_they_are_used():
    _none(
        [
            found
            for found in imports()
            if found.target.split(".")[0] in HEAVY
            and found.at_top
            and not found.for_types
            and not (
                found.target.split(".")[0] == "torch"
                and str(found).startswith((*NETWORKS, *LEARNED_BY_NETWORKS))
            )
            and not (found.target.split(".")[0] in WEB and str(found).startswith("serve/"))
        ]
    )


def test_networks_are_imported_where_they_are_used():
    _none(
        [
            found
            for found in imports()
            if found.target.startswith(("tuwen.encoders.networks", "tuwen.encoders.exporting"))
            and found.at_top
            and not found.for_types
            and not str(found).startswith((*NETWORKS, "training/"))
        ]
    )


def test_the_command_line_loads_nothing_before_it_is_asked():
    light = {"click", *sys.stdlib_module_names}
    allowed = {"tuwen", "tuwen.errors"}
    _none(
        [
            found
            for found in imports()
            if part_of(found.file) == "cli"
            and found.at_top
            and not found.for_types
            and found.target.split(".")[0] not in light
            and found.target not in allowed
            and part_of(found.target) != "cli"
        ]
    )


def test_nothing_is_unpickled_and_no_shell_is_asked():
    faults = [str(found) for found in imports() if found.target.split(".")[0] in UNSAFE_MODULES]
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                words = {
                    keyword.arg
                    for keyword in node.keywords
                    if keyword.arg in UNSAFE_KEYWORDS
                    and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                }
                name = ast.unparse(node.func)
                unpickles = name == "torch.load" and "weights_only=True" not in ast.unparse(node)
                if name in UNSAFE_CALLS or words or unpickles:
                    faults.append(f"{file.relative_to(PACKAGE)}:{node.lineno} calls {ast.unparse(node)[:80]}")
    _none(faults)


def test_users_meet_errors_not_assertions():
    _none(
        [
            f"{file.relative_to(PACKAGE)}:{node.lineno} asserts"
            for file, tree in trees().items()
            for node in ast.walk(tree)
            # what tells the type checker more is fine: the value cannot be wrong
            if isinstance(node, ast.Assert) and not ast.unparse(node.test).startswith("isinstance(")
        ]
    )


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import tuwen", HEAVY | {"numpy", "PIL", "pyarrow"}),
        ("import tuwen; tuwen.Record", HEAVY | {"numpy", "PIL", "pyarrow"}),
        ("import tuwen; tuwen.Collection", HEAVY),
        ("import tuwen.cli", HEAVY | {"numpy", "PIL", "pyarrow"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(code, absent):
    found = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not absent & set(found.stdout.split())
