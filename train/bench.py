"""Speed of loader and steps on this machine, as ratios within one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count, cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from train.data.assemble import assemble
from train.data.datasets import PairedDataset
from train.data.loading import batches
from train.data.order import source_plans
from train.data.pictures import decode
from train.loop.checkpoint import Progress
from train.loop.fabric import make_fabric, precision_name
from train.loop.feeding import loader_workers, micro_batches, views_of
from train.loop.reporter import Silent
from train.loop.run import Run
from train.loop.system import System
from train.methods.registry import method_named
from train.models.build import Heads, build_encoder
from train.settings import TrainSettings

SAMPLE = 256
"""Frames whose encoded pictures the bare decoder is given."""


def bench_loader(settings: TrainSettings, pictures: int = 3000) -> dict[str, Any]:
    """Decode pictures of the source with their twins in this process, at full size, keeping none.

    Loader and bare decoder take turns, batch by batch, so that other work on the machine slows both alike.

    Returns
    -------
    dict
        ``images_per_cpu_s`` decoded, cropped and mirrored images per second of one core, ``decoded_per_cpu_s`` what
        the decoder alone does with encoded pictures of the same shards in memory, ``of_decoder`` the ratio of the two,
        ``images_per_s`` of the loader on the wall clock, ``kilobytes`` of an encoded picture, ``size_px``.
    """
    data = assemble(replace(settings, cache_gb=0))
    dataset = PairedDataset(data.source, data.labels, 0.875, with_twins=True)
    blobs = cycle(_sample(dataset))
    picture = np.empty((dataset.size_px, dataset.size_px, 3), np.uint8)
    stream = _endless(dataset, min(32, len(dataset)), settings.seed)
    made, loading, decoding = 0, np.zeros(2), np.zeros(2)
    while made < pictures:
        start = _clocks()
        part = next(stream)
        between = _clocks()
        number = len(part.real) + part.twins.shape[0] * part.twins.shape[1]
        for encoded in islice(blobs, number):
            decode(encoded, "bench", into=picture)
        made, loading, decoding = made + number, loading + between - start, decoding + _clocks() - between
    lengths = [shard.offsets["real"][:, 1] for shard in data.source.shards]
    return {
        "images_per_cpu_s": float(made / loading[0]),
        "decoded_per_cpu_s": float(made / decoding[0]),
        "of_decoder": float(decoding[0] / loading[0]),
        "images_per_s": float(made / loading[1]),
        "kilobytes": float(sum(part.sum() for part in lengths) / sum((part > 0).sum() for part in lengths)) / 1000,
        "size_px": data.source.size_px,
    }


def _clocks() -> np.ndarray:
    """Return the CPU seconds of this process and the seconds of the wall clock."""
    return np.array([time.process_time(), time.perf_counter()])


def _endless(dataset: PairedDataset, batch: int, seed: int) -> Iterator[Any]:
    """Yield batches of random order without end, one pass after the other."""
    for epoch in count():
        yield from batches(dataset, source_plans(len(dataset), batch, epoch, 0, len(dataset) // batch, seed))


def _sample(dataset: PairedDataset) -> list[np.ndarray]:
    """Return encoded pictures of frames spread over the dataset, as many of each image as the loader decodes."""
    table = dataset.table
    rows = np.unique(np.linspace(0, len(table) - 1, SAMPLE).astype(int))
    return [
        data
        for row in rows.tolist()
        for shard, inside in [table.place(row)]
        for image in (dataset.images if table.paired[row] else dataset.images[:1])
        if (data := shard.read_bytes(image, inside)) is not None
    ]


def bench_step(settings: TrainSettings, method: str, steps: int = 20) -> dict[str, Any]:
    """Time the steps of a method with the real loader and with one batch kept on the device.

    Returns
    -------
    dict
        ``loader_s`` and ``memory_s`` per iteration, their ratio ``efficiency`` (1 means that the loader costs
        nothing), ``frames_per_s``, seconds of each phase, peak GPU memory, device, and ``steps_per_pass``, after which
        the loader's processes begin anew: with fewer than ``steps`` that is part of ``loader_s``.
    """
    settings = replace(settings, weights="none")
    data, kind = assemble(settings), method_named(method)
    fabric = make_fabric(settings)
    cuda = fabric.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats(fabric.device)
    encoder = build_encoder(settings.backbone, "none", data.columns, settings.input_px, settings.depth)
    heads = Heads([encoder.make_head(len(data.columns), settings.hidden, settings.dropout) for _ in range(2)])
    extra = kind.discriminator(encoder.feature_size, len(data.columns))
    system = System(fabric, encoder, heads, extra, settings)
    workers = loader_workers(settings.workers, cuda)
    per_epoch = max(1, len(data.source) // settings.batch)
    run = Run(
        settings, kind(settings, system), system, data, fabric, Path(), {}, Silent(), per_epoch, workers, Progress()
    )  # fmt: skip

    def iterate(views: Any) -> None:
        for phase in run.method.phases():
            system.run_phase(phase, [views])

    def endless() -> Any:
        epoch = 0
        while True:
            yield from micro_batches(run, epoch, 0, per_epoch)
            epoch += 1

    stream = endless()
    kept = views_of(run, next(stream), 0)
    for _ in range(3):
        iterate(kept)
        iterate(views_of(run, next(stream), 0))
    loaded = _seconds(fabric, steps, lambda: iterate(views_of(run, next(stream), 0)))
    memory = _seconds(fabric, steps, lambda: iterate(kept))
    phases = {
        f"{number} {phase.name}": _seconds(fabric, max(3, steps // 4), partial(system.run_phase, phase, [kept]))
        for number, phase in enumerate(run.method.phases(), 1)
    }
    return {
        "method": method,
        "backbone": settings.backbone,
        "device": torch.cuda.get_device_name(fabric.device) if cuda else f"CPU, {torch.get_num_threads()} threads",
        "precision": precision_name(fabric),
        "batch": settings.batch,
        "workers": workers,
        "steps_per_pass": per_epoch,
        "loader_s": loaded,
        "memory_s": memory,
        "efficiency": memory / loaded,
        "frames_per_s": settings.batch / loaded,
        "phase_s": phases,
        "peak_gigabytes": torch.cuda.max_memory_allocated(fabric.device) / 1e9 if cuda else None,
    }


def _seconds(fabric: Any, count: int, action: Callable[[], object]) -> float:
    """Return the median seconds of one call."""
    times = []
    for _ in range(count):
        start = time.perf_counter()
        action()
        if fabric.device.type == "cuda":
            torch.cuda.synchronize(fabric.device)
        times.append(time.perf_counter() - start)
    return sorted(times)[len(times) // 2]
