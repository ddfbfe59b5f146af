import subprocess
import sys
from importlib.util import find_spec

import pytest

from tuwen.encoders.runtimes.openvino import OpenvinoTower, library
from tuwen.errors import Damaged, MissingExtra

needs_openvino = pytest.mark.skipif(find_spec("openvino") is None, reason="openvino is not installed")


def test_a_missing_openvino_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtra, match=r"pip install 'tuwen\[openvino\]'"):
        library()


@needs_openvino
def test_it_is_imported_without_telemetry():
    code = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from tuwen.encoders.runtimes.openvino import library\n"
        "library().Core()\n"
        "print(sys.modules['openvino_telemetry'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "None\n" and done.returncode == 0, done.stderr


@needs_openvino
def test_what_it_cannot_load_is_damaged(tmp_path):
    (tmp_path / "text.xml").write_text("<net")
    with pytest.raises(Damaged, match="cannot be loaded by OpenVINO"):
        OpenvinoTower(tmp_path / "text.xml", "fp32")
