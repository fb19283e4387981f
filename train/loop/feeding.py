"""Batches for the loop: from loaders to model input on the device."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from train.data.datasets import PairedDataset, TargetDataset
from train.data.loading import batches
from train.data.order import source_plans, target_plans
from train.methods.method import Views
from train.models.encoder import to_input

if TYPE_CHECKING:
    from train.loop.run import Run


def loader_workers(asked: int, cuda: bool) -> int:
    """Return the number of loader processes: as asked, or one beside a CPU run and up to six beside a GPU."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if asked >= 0:
        return asked
    return max(1, min(6, cores - 1)) if cuda else int(cores > 1)


def micro_batches(run: Run, epoch: int, first: int, last: int) -> Iterator[tuple[Any, Any]]:
    """Yield pairs of a source batch and a target batch, or None where the method sees no target."""
    settings, data, fabric = run.settings, run.data, run.fabric
    facts, rank, world = run.system.encoder.facts, fabric.global_rank, fabric.world_size
    pin = fabric.device.type == "cuda"
    kind = type(run.method)
    source = PairedDataset(
        data.source, data.labels, facts.crop_ratio, kind.needs_twins(settings), run.system.encoder.needs_landmarks,
        facts.side_px,
    )  # fmt: skip
    plans = source_plans(len(source), settings.batch, epoch, first, last, settings.seed, rank, world)
    stream = batches(source, plans, run.workers, pin)
    if not kind.needs_target(settings) or data.target is None:
        yield from ((batch, None) for batch in stream)
        return
    target = TargetDataset(data.target, facts.crop_ratio, facts.side_px)
    offset = epoch * run.steps * settings.accumulate
    plans = target_plans(len(target), settings.batch, offset + first, offset + last, settings.seed, rank, world)
    yield from zip(stream, batches(target, plans, run.workers, pin), strict=True)


def views_of(run: Run, pair: tuple[Any, Any], step: int) -> Views:
    """Move a micro-batch to the device and turn its pictures into model input."""
    batch, target = pair
    batch, facts = batch.to(run.fabric.device), run.system.encoder.facts
    twins = tuple(to_input(batch.twins[:, i], facts) for i in range(batch.twins.shape[1]))
    unlabelled = to_input(target.to(run.fabric.device).images, facts) if target is not None else None
    return Views(batch, to_input(batch.real, facts), twins, unlabelled, step)
