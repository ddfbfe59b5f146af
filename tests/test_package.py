"""What is declared about the package: versions, dependencies, extras, files that ship."""

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import tuwen
from tuwen import demo

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tuwen"

# where the import name is not the name of the distribution
DISTRIBUTIONS = {
    "PIL": "pillow",
    "cv2": "opencv-python-headless",
    "cykooz_resizer": "cykooz-resizer",
    "huggingface_hub": "huggingface-hub",
    "faiss": "faiss-cpu",
    "lance": "pylance",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "pillow_heif": "pillow-heif",
}


@pytest.fixture(scope="module")
def project():
    """The [project] table of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins():
    """Distribution and version of each line of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def direct(project):
    """Every direct dependency with its lowest version, core and extras alike."""
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    plain = [line.split(";")[0] for line in wanted if not line.startswith("tuwen[")]  # on some machines only
    return dict(line.split(">=") for line in plain)


def number(version):
    return tuple(int(part) for part in re.findall(r"\d+", version))


@cache
def imported():
    """Distributions that the package imports, anywhere."""
    names = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
                name = node.args[0]
                names |= {name.value.split(".")[0]} if isinstance(name, ast.Constant) else set()
    outside = names - set(sys.stdlib_module_names) - {"tuwen"}
    return {DISTRIBUTIONS.get(name, name) for name in outside}


def test_the_installed_version_is_the_one_in_the_code():
    assert importlib.metadata.version("tuwen") == tuwen.__version__


def test_every_direct_dependency_is_pinned_and_nothing_else(project, pins):
    assert sorted(pins) == sorted(direct(project))


def test_every_pin_is_within_the_range_that_is_declared(project, pins):
    low = {name: line for name, line in direct(project).items() if number(pins[name]) < number(line)}
    assert not low


def test_every_import_is_a_declared_dependency(project):
    assert imported() <= set(direct(project))


def test_every_core_dependency_is_used(project):
    core = {line.split(">=")[0] for line in project["dependencies"]}
    # the demo's photographs are found by the names of the packages that carry them
    named = {DISTRIBUTIONS[package] for package, _ in demo._PLACES}
    assert core <= imported() | named


def test_the_core_installs_without_torch(project):
    core = {line.split(">=")[0] for line in project["dependencies"]}
    assert not core & {"torch", "transformers", "torchvision", "open-clip-torch"}


def test_every_public_name_is_there():
    assert all(getattr(tuwen, name) is not None for name in tuwen.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        _ = tuwen.nothing_of_the_kind


def test_the_package_is_typed_and_carries_its_licence():
    assert (PACKAGE / "py.typed").is_file()
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence and "END OF TERMS AND CONDITIONS" in licence


def test_the_command_and_the_module_are_the_same_program():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="tuwen")
    assert script.value == "tuwen.cli:main"
    programs = [[sys.executable, "-m", "tuwen"], [sys.executable, "-c", "from tuwen.cli import main; main()"]]
    shown = [
        subprocess.run([*program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        for program in programs
    ]
    assert shown == [f"tuwen {tuwen.__version__}"] * 2


def test_continuous_integration_is_one_program_that_can_be_run():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
