import os
import re
import subprocess
import sys
import time

import click
import pytest

from tuwen import cli
from tuwen.cli import names

HEAVY = {"numpy", "PIL", "pyarrow", "lance", "faiss", "onnxruntime", "rich", "sklearn", "scipy"}


def commands():
    """Every command with the path of words that names it."""
    root = click.Context(cli.tuwen, info_name="tuwen")
    for name in names():
        command = cli.tuwen.get_command(root, name)
        yield name, command
        if isinstance(command, click.Group):
            for inner, found in command.commands.items():
                yield f"{name} {inner}", found


def python(code, *, text=True, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=text,
        encoding="utf-8" if text else None,
        env=os.environ | environment,
    )


def test_help_loads_nothing_heavy_and_lists_every_command():
    code = "import sys; from tuwen.cli import _run; _run(['--help']); print(*sys.modules, file=sys.stderr)"
    began = time.perf_counter()
    ran = python(code)
    assert time.perf_counter() - began < 3  # 0.1 s on a quiet machine
    assert not HEAVY & set(ran.stderr.split())
    for name in names():
        assert re.search(rf"^  {name} ", ran.stdout, re.MULTILINE)


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=lambda value: str(value))
def test_each_help_begins_with_a_verb_and_has_an_example(path, command):
    first = command.help.split()[0]
    assert first[0].isupper() and first.isalpha() and not first.endswith(("s", "ing"))
    assert command.epilog.startswith(f"Example:  {'' if 'completion' in path else f'tuwen {path}'}"), path
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, f"{path} {option.name} has no help"


def test_every_command_has_a_section():
    listed = [name for section in cli._SECTIONS.values() for name in section]
    assert sorted(listed) == list(names())


def test_a_wrong_command_or_option_gets_a_suggestion_and_code_2(tuwen):
    wrong = tuwen("serch", "photos", "dog")
    assert wrong.code == 2 and "did you mean 'search'" in wrong.err
    wrong = tuwen("search", "photos", "dog", "--formt", "json")
    assert wrong.code == 2 and "--format" in wrong.err and wrong.out == ""


@pytest.mark.parametrize(
    "arguments", [["search"], ["search", "photos"], ["match", "photos"], ["encode", "x"]]
)
def test_too_few_words_are_wrong_usage(tuwen, arguments):
    assert tuwen(*arguments).code == 2


def test_an_error_is_one_line_without_a_traceback(tuwen, tmp_path):
    failed = tuwen("search", tmp_path / "nowhere", "dog")
    assert failed.code == 1
    assert failed.err.startswith("Error: ") and failed.err.count("\n") == 1
    assert "does not exist" in failed.err and "tuwen index" in failed.err


def test_debug_shows_where_an_error_happened(tuwen, tmp_path, monkeypatch):
    monkeypatch.setenv("TUWEN_DEBUG", "1")
    with pytest.raises(Exception, match="does not exist"):
        tuwen("show", tmp_path / "nowhere")


def test_an_unexpected_error_is_called_a_fault_of_ours(tuwen, monkeypatch):
    def fail(**_):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(cli.tuwen.get_command(None, "encoders"), "callback", fail)
    failed = tuwen("encoders")
    assert failed.code == 1 and "ZeroDivisionError: oh" in failed.err and "fault of tuwen" in failed.err


def test_an_error_of_the_system_is_one_line(tuwen, monkeypatch):
    def fail(**_):
        raise PermissionError(13, "Permission denied", "/secret")

    monkeypatch.setattr(cli.tuwen.get_command(None, "encoders"), "callback", fail)
    assert tuwen("encoders").err == "Error: Permission denied: /secret\n"


def test_ctrl_c_ends_with_130(tuwen, monkeypatch):
    def stop(**_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.tuwen.get_command(None, "encoders"), "callback", stop)
    stopped = tuwen("encoders")
    assert stopped.code == 130 and "Stopped." in stopped.err and "Traceback" not in stopped.err


def test_a_reader_that_leaves_early_is_no_error():
    code = "import sys; from tuwen.cli import main; sys.argv[1:] = ['--help']; main()"
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_chinese_on_a_terminal_that_cannot_show_it_does_not_fail():
    code = "import sys; from tuwen.cli import main; sys.argv[1:] = ['search', '-h']; main()"
    ran = python(code, text=False, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.returncode == 0 and b"tuwen search" in ran.stdout


@pytest.mark.parametrize(
    ("shell", "sign"), [("bash", "complete "), ("zsh", "compdef"), ("fish", "complete ")]
)
def test_completion_scripts_name_the_command(tuwen, shell, sign):
    made = tuwen("config", "completion", shell)
    assert made.code == 0 and sign in made.out and "_TUWEN_COMPLETE" in made.out


def test_completion_suggests_commands_and_options():
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli.tuwen, {}, "tuwen", "_TUWEN_COMPLETE")
    assert "search" in [item.value for item in complete.get_completions([], "sea")]
    assert "--format" in [item.value for item in complete.get_completions(["search", "x"], "--fo")]


def test_a_pipe_gets_utf8_whatever_the_system_speaks():
    code = "import sys; from tuwen.cli import main; sys.argv[1:] = ['search', '-h']; main()"
    ran = python(code, text=False, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "海滩 -人".encode() in ran.stdout
