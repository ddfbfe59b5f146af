"""A place to compute is what the options name, and one that is not there is said."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tuwen.encoders.networks import device  # noqa: E402
from tuwen.errors import InputError, UnknownName  # noqa: E402


@pytest.fixture
def gpus(monkeypatch):
    """As many CUDA devices as are asked for, computing in bf16 or not."""

    def there(count, *, bf16=True):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bf16)

    return there


def test_without_a_gpu_it_is_the_processor_in_fp32(gpus):
    gpus(0)
    assert str(device.choose()) == "torch fp32 on cpu"
    assert device.choose().dtype == torch.float32


def test_a_gpu_is_taken_in_bf16_where_it_computes_in_it(gpus):
    gpus(2)
    assert str(device.choose()) == "torch bf16 on cuda"
    assert str(device.choose("cuda:1", "fp16")) == "torch fp16 on cuda:1"
    assert str(device.choose("cpu")) == "torch fp32 on cpu"
    gpus(1, bf16=False)
    assert str(device.choose()) == "torch fp32 on cuda"


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:0", "cuda:-1", ""])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(UnknownName, match="device"):
        device.choose(name)


def test_an_unknown_precision_suggests_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'fp32'"):
        device.choose("cpu", "fp3")


def test_a_gpu_that_is_not_there_is_said(gpus):
    gpus(1)
    with pytest.raises(InputError, match="torch sees 1 CUDA device"):
        device.choose("cuda:1")


def test_half_precision_is_for_gpus():
    with pytest.raises(InputError, match="precision=bf16"):
        device.choose("cpu", "fp16")


def test_values_arrive_as_they_were():
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(device.choose("cpu").send(values).numpy(), values)
