"""In which order frames enter the batches: a pure function of seed, epoch and rank, so that a run can resume."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from assets.errors import InputError
from assets.keyed import rng_for
from train.data.datasets import BatchPlan


@lru_cache(maxsize=4)
def _shuffled(count: int, seed: int, stream: str, cycle: int) -> np.ndarray:
    return rng_for(seed, "order", stream, cycle).permutation(count)


def steps_per_epoch(frames: int, batch: int, world: int, accumulate: int, limit: int = 0) -> int:
    """Return the optimiser steps of one pass over the source; an incomplete last batch is dropped.

    Raises
    ------
    InputError
        If not one whole batch can be filled.
    """
    steps = frames // (batch * world * accumulate)
    if steps == 0:
        what = f"{frames} labelled frames cannot fill one step of {batch} × {world} × {accumulate}"
        raise InputError.one(what, "--batch", f"pass --batch {max(1, frames // (world * accumulate))} or less")
    return min(steps, limit) if limit else steps


def source_plans(
    frames: int, batch: int, epoch: int, first: int, last: int, seed: int, rank: int = 0, world: int = 1
) -> Iterator[BatchPlan]:
    """Yield the micro-batches ``first`` to ``last`` of one pass over the source, for one rank."""
    order = _shuffled(frames, seed, "source", epoch)
    for index in range(first, last):
        start = (index * world + rank) * batch
        yield BatchPlan(order[start : start + batch], (seed, "crop", "source", epoch, index, rank))


def target_plans(
    frames: int, batch: int, first: int, last: int, seed: int, rank: int = 0, world: int = 1
) -> Iterator[BatchPlan]:
    """Yield the micro-batches ``first`` to ``last`` of the endless stream over the target, for one rank.

    Every frame comes once before any comes again.
    """
    for index in range(first, last):
        at = (index * world + rank) * batch + np.arange(batch)
        rows = np.array([_shuffled(frames, seed, "target", int(k // frames))[k % frames] for k in at])
        yield BatchPlan(rows, (seed, "crop", "target", index, rank))


def eval_plans(frames: int, batch: int, rank: int = 0, world: int = 1) -> Iterator[BatchPlan]:
    """Yield every frame once, in order, dealt out to the ranks batch by batch."""
    for start in range(rank * batch, frames, world * batch):
        yield BatchPlan(np.arange(start, min(start + batch, frames)))
