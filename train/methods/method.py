"""What an adaptation method is: phases, each with a loss and the modules it may change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from train.data.batches import PairedBatch
from train.loop.system import System
from train.settings import TrainSettings

Losses = dict[str, Tensor]
"""``total`` is differentiated; the other entries are logged."""

ENCODER, HEADS, DISCRIMINATOR = "encoder", "heads", "discriminator"


@dataclass(frozen=True)
class Views:
    """One micro-batch as the losses see it: model input on the device.

    Attributes
    ----------
    batch : PairedBatch
        Labels and bookkeeping; its uint8 pictures have already become ``real`` and ``twins``.
    real : (B, 3, side, side) float32
    twins : tuple of (P, 3, side, side) float32
        One entry per twin of the tuple.
    target : (C, 3, side, side) float32 or None
        There are no target labels anywhere in this record.
    step : int
        Optimiser steps made so far.
    """

    batch: PairedBatch
    real: Tensor
    twins: tuple[Tensor, ...]
    target: Tensor | None
    step: int


@dataclass(frozen=True)
class Phase:
    """One optimiser step: the loss of every micro-batch, then an update of ``updates`` and of nothing else."""

    name: str
    updates: tuple[str, ...]
    loss: Callable[[Views], Losses]


class Method:
    """Base of all methods.

    Parameters
    ----------
    settings : TrainSettings
    system : System
        Gives features and logits; modules outside a phase's ``updates`` are frozen there.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    two_heads: ClassVar[bool] = False

    def __init__(self, settings: TrainSettings, system: System) -> None:
        self.settings, self.system = settings, system

    @classmethod
    def needs_twins(cls, settings: TrainSettings) -> bool:
        """Whether the loader must decode twins."""
        return False

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Whether the loader must decode target frames."""
        return False

    @classmethod
    def discriminator(cls, feature_size: int, au_count: int) -> nn.Module | None:
        """Return the domain discriminator, if the method has one."""
        return None

    def phases(self) -> Sequence[Phase]:
        """Return the optimiser steps of one iteration, in order."""
        raise TypeError(f"{type(self).__name__} has no phases")


class Aligned(Method):
    """Methods of one step on everything: L_AU + trade-off · a distance between source and target features.

    A method says what the distance is (``distance``), under which name it is logged, and what else learns.
    """

    logged: ClassVar[str]
    updates: ClassVar[tuple[str, ...]] = (ENCODER, HEADS)

    @classmethod
    def needs_target(cls, settings: TrainSettings) -> bool:
        """Always."""
        return True

    def phases(self) -> Sequence[Phase]:
        """One step on everything."""
        return [Phase("align", self.updates, self.align)]

    def align(self, views: Views) -> Losses:
        """Return the losses of a micro-batch; features of both domains come from one pass."""
        source, target = self.system.features(views.real, target_of(views))
        supervised = self.system.au_loss(source, views.batch)
        apart = self.distance(source, target, views.step)
        return {"total": supervised + self.settings.trade_off * apart, "L_AU": supervised, self.logged: apart}

    def distance(self, source: Tensor, target: Tensor, step: int) -> Tensor:
        """Return the alignment loss of features (B, D) and (C, D) at an optimiser step."""
        raise TypeError(f"{type(self).__name__} has no distance")


def target_of(views: Views) -> Tensor:
    """Return the target pictures of a method that needs them."""
    if views.target is None:
        raise TypeError("this method was given no target")
    return views.target
