"""Loaders: workers that decode whole batches ahead of the loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader

from assets.errors import InputError
from train.data.datasets import BatchPlan, Failed, FrameDataset


def batches(
    dataset: FrameDataset, plans: Iterable[BatchPlan], workers: int = 0, pin: bool = False, ahead: int = 4
) -> Iterator[Any]:
    """Yield the batches of ``plans`` in their order.

    The result does not depend on the number of workers, and no global random state is touched. Pictures that all fit
    into the table's store are decoded by this process, once.

    Raises
    ------
    InputError
        What a worker found wrong with a shard.
    """
    workers = 0 if dataset.in_memory else workers
    loader = DataLoader(
        dataset,
        batch_size=None,
        sampler=_Plans(plans),
        num_workers=workers,
        pin_memory=pin,
        prefetch_factor=ahead if workers else None,
        generator=torch.Generator(),
        collate_fn=_same,
        worker_init_fn=_one_thread,
    )
    for batch in loader:
        if isinstance(batch, Failed):
            raise InputError(batch.problems)
        yield batch


class _Plans:
    """An iterable that the loader takes for a sampler."""

    def __init__(self, plans: Iterable[BatchPlan]) -> None:
        self.plans = plans

    def __iter__(self) -> Iterator[BatchPlan]:
        return iter(self.plans)


def _same(batch: Any) -> Any:
    return batch


def _one_thread(_: int) -> None:
    torch.set_num_threads(1)
