import numpy as np
import pytest

from tuwen.encoders import runtimes
from tuwen.encoders.mini import WEIGHTS
from tuwen.encoders.runtimes import onnx
from tuwen.encoders.runtimes.onnx import OnnxTower
from tuwen.errors import Damaged

TOWER = WEIGHTS / "image.onnx"


def batches(count, size):
    rng = np.random.default_rng(0)
    side = OnnxTower(TOWER, "fp32")._session.get_inputs()[0].shape[1]
    return [{"pixels": rng.integers(0, 256, (size, side, side, 3), dtype=np.uint8)} for _ in range(count)]


def test_int8_takes_items_one_by_one():
    assert OnnxTower(TOWER, "int8").chunk == 1
    assert OnnxTower(TOWER, "fp32").chunk > 1


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_batches_side_by_side_come_back_in_order(threads):
    given = batches(9, 1)
    found = OnnxTower(TOWER, "int8", threads).run(given)
    plain = [OnnxTower(TOWER, "fp32", 1).run([batch])[0] for batch in given]
    for one, other in zip(found, plain, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_inputs_that_the_graph_does_not_have_are_left_out():
    (batch,) = batches(1, 2)
    found = OnnxTower(TOWER, "fp32").run([{**batch, "mask": np.ones((2, 3))}])
    assert len(found[0]) == 2


def test_what_it_cannot_load_is_damaged(tmp_path):
    (tmp_path / "text.onnx").write_bytes(b"\x08\x0a no model")
    with pytest.raises(Damaged, match=r"text\.onnx cannot be loaded by ONNX Runtime"):
        OnnxTower(tmp_path / "text.onnx", "fp32")


def test_what_is_installed_is_known_without_importing_it():
    assert runtimes.installed("onnx")


@pytest.mark.parametrize(
    ("machine", "flags", "overflows"),
    [
        ("x86_64", "flags : avx2 avx512_vnni", False),
        ("x86_64", "flags : avx2 avx_vnni", False),
        ("x86_64", "flags : avx2", True),
        ("AMD64", ["X86_V3"], True),
        ("AMD64", ["X86_V3", "AVX512_ICL"], False),
        ("aarch64", "Features : asimddp", False),
    ],
)
def test_int8_sums_are_exact_where_fast_ones_overflow(monkeypatch, tmp_path, machine, flags, overflows):
    monkeypatch.setattr(onnx.platform, "machine", lambda: machine)
    if isinstance(flags, str):
        (tmp_path / "cpuinfo").write_text(flags)
    else:
        monkeypatch.setattr(np, "show_config", lambda mode: {"SIMD Extensions": {"found": flags}})
    monkeypatch.setattr(onnx, "_CPUINFO", tmp_path / "cpuinfo")
    assert onnx._overflows() is overflows
