"""Lightning Fabric: devices, precision and processes. The one module that imports it."""

from __future__ import annotations

import logging
import os
import warnings
from typing import Any, Literal

import torch
from lightning.fabric import Fabric

from assets.errors import InputError
from assets.keyed import seed_words
from train.settings import TrainSettings

PRECISIONS: dict[str, Literal["bf16-mixed", "32-true"]] = {"bf16": "bf16-mixed", "32": "32-true"}
"""Fabric's names of the precisions of a run."""


def on_cuda(settings: TrainSettings) -> bool:
    """Return whether a run with these settings goes to a GPU."""
    return settings.accelerator == "cuda" or (settings.accelerator == "auto" and torch.cuda.is_available())


def make_fabric(settings: TrainSettings) -> Fabric:
    """Start the processes of a run.

    Parameters
    ----------
    settings : TrainSettings
        ``accelerator``, ``devices``, ``nodes``, ``precision``, ``deterministic``.

    Raises
    ------
    InputError
        If CUDA is asked for and absent, or has fewer devices.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    cuda = on_cuda(settings)
    if cuda and found < settings.devices:
        what = f"{settings.devices} CUDA devices were asked for, {found} are here"
        raise InputError.one(what, "--accelerator", "pass --accelerator cpu or --devices with what there is")
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if cuda else "32"
    several = settings.devices * settings.nodes > 1
    if cuda and settings.deterministic:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS starts; without it sums may vary
    if cuda:
        torch.backends.cudnn.allow_tf32 = precision != "32"  # otherwise convolutions round 32-bit factors to ten bits
    warnings.filterwarnings("ignore", module="lightning")
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)  # its hints name settings that are ours to choose
    fabric = Fabric(
        accelerator="cuda" if cuda else "cpu",
        devices=settings.devices,
        num_nodes=settings.nodes,
        strategy="ddp" if several else "auto",
        precision=PRECISIONS[precision],
    )
    fabric.launch()
    if settings.deterministic:
        torch.use_deterministic_algorithms(True, warn_only=True)
        # Filling costs a tenth of a step. The module gets this property when it is imported, unseen by type checkers.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        torch.backends.cudnn.benchmark = False
    return fabric


def seed_torch(seed: int, *keys: int | str) -> None:
    """Seed torch's generators on every device from keys; 0 is a seed like every other."""
    high, low, *_ = seed_words(seed, "torch", *keys)
    torch.manual_seed((high << 31) ^ low)


def precision_name(fabric: Any) -> str:
    """Return ``bf16`` or ``32``."""
    return "bf16" if "bf16" in str(fabric._precision.precision) else "32"
