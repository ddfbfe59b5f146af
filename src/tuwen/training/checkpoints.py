"""Where training stood, on disk: tensors in safetensors, the rest as JSON in the header; nothing pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tuwen.errors import Damaged, InputError
from tuwen.files import replacing

LAST, BEST = "last.safetensors", "best.safetensors"
_WEIGHT, _MOMENT = "weight/", "moment/"


def write_last(
    folder: Path, about: dict[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer, course: Any
) -> None:
    """Keep weights, moments of the optimiser and how far training is, in one step."""
    tensors = _weights(module)
    for place, state in optimizer.state_dict()["state"].items():
        tensors |= {f"{_MOMENT}{place}/{name}": _plain(value) for name, value in state.items()}
    _write(folder / LAST, tensors, {"about": about, "course": course})


def read_last(
    folder: Path, about: dict[str, Any], module: nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Put back what `write_last` kept; says how far training was.

    Raises:
        InputError: It was another training.
        Damaged: The file is broken.
    """
    tensors, said = _read(folder / LAST)
    _check(folder, said["about"], about)
    _put(folder / LAST, tensors, module)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(_MOMENT):
            place, _, kind = name.removeprefix(_MOMENT).partition("/")
            moments.setdefault(int(place), {})[kind] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    return dict(said["course"])


def write_best(folder: Path, about: dict[str, Any], module: nn.Module) -> None:
    """Keep the weights that were best so far."""
    _write(folder / BEST, _weights(module), {"about": about})


def read_best(folder: Path, about: dict[str, Any], module: nn.Module) -> None:
    """Put back the weights that were best.

    Raises:
        InputError: They are of another training.
        Damaged: The file is broken.
    """
    tensors, said = _read(folder / BEST)
    _check(folder, said["about"], about)
    _put(folder / BEST, tensors, module)


def _weights(module: nn.Module) -> dict[str, Tensor]:
    return {_WEIGHT + name: _plain(tensor) for name, tensor in module.state_dict().items()}


def _plain(tensor: Tensor) -> Tensor:
    # a copy: tensors that share memory are refused by the format
    return tensor.detach().cpu().contiguous().clone()


def _put(path: Path, tensors: dict[str, Tensor], module: nn.Module) -> None:
    found = {
        name.removeprefix(_WEIGHT): tensor for name, tensor in tensors.items() if name.startswith(_WEIGHT)
    }
    try:
        module.load_state_dict(found)
    except RuntimeError as error:
        line = " ".join(str(error).split())[:160]
        raise InputError(f"{path} holds weights of another architecture ({line}); train anew") from error


def _check(folder: Path, said: dict[str, Any], about: dict[str, Any]) -> None:
    """Refuse a checkpoint of another task or plan, with the first difference."""
    now = json.loads(json.dumps(about))
    for part in now:
        for name in sorted({*now[part], *said.get(part, {})}):
            before, wanted = said.get(part, {}).get(name), now[part].get(name)
            if before != wanted:
                raise InputError(
                    f"the training in {folder} has {name} {before}, but {wanted} is asked for: go on with "
                    "the same options, or leave --resume out to begin anew"
                )


def _write(path: Path, tensors: dict[str, Tensor], said: dict[str, Any]) -> None:
    from safetensors.torch import save_file

    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={"tuwen": json.dumps(said)})


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as stored:
            said = json.loads((stored.metadata() or {})["tuwen"])
            return {name: stored.get_tensor(name) for name in stored.keys()}, said  # noqa: SIM118
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise Damaged(f"{path} is no readable checkpoint ({error}); train anew without --resume") from error
